"""A model's folder, changed so that whoever opens it meanwhile finds a whole model."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from engines.manifest import FILE_NAME, ClassifierManifest, Manifest, ModelFile, Precision
from engines.whole_file import write_whole
from export.conversion_error import ConversionError

AnyManifest = Manifest | ClassifierManifest


class FolderError(ConversionError):
    """A model's folder cannot be written; the message names it."""


def write_manifest(folder: Path, manifest: AnyManifest) -> None:
    """Put `manifest` as the folder's manifest. Raises FolderError."""
    text = yaml.safe_dump(manifest.model_dump(mode="json", exclude_none=True), sort_keys=False, allow_unicode=True, width=120)
    _write(folder / FILE_NAME, text.encode())


def require_place(folder: Path, manifest: AnyManifest, precision: Precision, *, replace: bool) -> None:
    """Raises FolderError where add_form would refuse for what is in the folder."""
    for file in manifest.files:
        if file.precision == precision and not replace:
            raise FolderError(f"{folder} has its {precision} file already; say --replace to make it anew")
        if file.precision != precision and file.file == f"model-{precision}.onnx":
            raise FolderError(f"{folder}: {file.file} is its {file.precision} file; give that another name first")


def add_form(
    folder: Path, manifest: AnyManifest, precision: Precision, content: bytes, *, replace: bool = False
) -> AnyManifest:
    """Put `content` beside the manifest as the model's file of this precision, and give the new manifest.

    It comes last, so that the default file stays what it was; one that replaces another takes its place. Raises FolderError
    where there is one and `replace` was not said, or the disk refuses; the folder then is as it was.
    """
    require_place(folder, manifest, precision, replace=replace)
    new = ModelFile(file=f"model-{precision}.onnx", sha256=hashlib.sha256(content).hexdigest(), precision=precision)
    listed = [file.precision for file in manifest.files]
    if precision not in listed:
        _write(folder / new.file, content)
        manifest = manifest.model_copy(update={"files": (*manifest.files, new)})
        write_manifest(folder, manifest)
        return manifest
    place = listed.index(precision)
    if place == 0 and isinstance(manifest, Manifest):
        # The figures were measured with the file that goes.
        manifest = manifest.model_copy(update={"accuracy": ()})
    others = tuple(file for file in manifest.files if file.precision != precision)
    if others:
        # At no moment does a manifest name a file with another hash.
        write_manifest(folder, manifest.model_copy(update={"files": others}))
    _write(folder / new.file, content)
    manifest = manifest.model_copy(update={"files": (*others[:place], new, *others[place:])})
    write_manifest(folder, manifest)
    return manifest


@contextmanager
def staged(folder: Path) -> Iterator[Path]:
    """A new folder that becomes `folder` if the block ends well; else nothing is left of it, and `folder` is as it was.

    Raises FolderError where `folder` holds something else than a model.
    """
    if folder.exists() and not (folder / FILE_NAME).is_file() and (not folder.is_dir() or any(folder.iterdir())):
        raise FolderError(f"{folder} is there and holds no model; give the name of a new folder")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise FolderError(f"{folder} cannot be made ({error.strerror})") from error
    try:
        new = beside / folder.name
        new.mkdir()
        yield new
        _swap(folder, new, beside / "before")
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _swap(folder: Path, new: Path, before: Path) -> None:
    try:
        if folder.exists():
            folder.rename(before)
        new.rename(folder)
    except OSError as error:
        if before.exists():
            before.rename(folder)
        raise FolderError(f"{folder} cannot be written ({error.strerror})") from error


def _write(path: Path, content: bytes) -> None:
    try:
        write_whole(path, content)
        path.chmod(0o644)  # it was written as a temporary file, which its owner alone may read
    except OSError as error:
        raise FolderError(f"{path} cannot be written ({error.strerror})") from error
