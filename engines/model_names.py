"""Which models there are by name: those that ship, and those that were added on this machine."""

from __future__ import annotations

import shutil
from pathlib import Path

import platformdirs

from engines.contract import ManifestInvalid
from engines.manifest import FILE_NAME, checked_bytes, load_any_manifest

MODELS = Path(__file__).parent / "models"
DEFAULT_MODEL = "field"
DEFAULT_TYPES = "white-types"


def added_models() -> Path:
    """Where `hemocam engines add` puts models, beside the user's record."""
    return Path(platformdirs.user_data_dir("hemocam")) / "models"


def model_names() -> list[str]:
    """The models that ship with HemoCam or were added here, the default first."""
    found = {path.parent.name for folder in (MODELS, added_models()) for path in folder.glob(f"*/{FILE_NAME}")}
    return sorted(found, key=lambda name: (name != DEFAULT_MODEL, name))


def model_folder(model: str) -> Path:
    """The folder of a model's name, or of a path. Raises ManifestInvalid where there is neither."""
    if model and "/" not in model:
        for folder in (MODELS, added_models()):
            if (folder / model / FILE_NAME).is_file():
                return folder / model
    folder = Path(model)
    if (folder / FILE_NAME).is_file():
        return folder
    raise ManifestInvalid(f"there is no model {model!r}: name {', '.join(model_names())} or a folder with a {FILE_NAME}")


def add_model(source: Path) -> Path:
    """Copy the model folder `source` to where models are found by name; gives the new folder.

    The old one of this name stays until the new one is whole. Raises ManifestInvalid where it is none, or bears the name of a
    model that ships, ModelCorrupt where a file is not what its manifest says.
    """
    manifest = load_any_manifest(source)
    if (MODELS / manifest.name / FILE_NAME).is_file():
        raise ManifestInvalid(f"{source}: a model named {manifest.name} ships with HemoCam; name this one otherwise")
    for file in manifest.files:
        checked_bytes(source, file)
    target = added_models() / manifest.name
    partial, old = (target.with_name(f".{manifest.name}.{word}") for word in ("new", "old"))
    for left in (partial, old):
        shutil.rmtree(left, ignore_errors=True)
    shutil.copytree(source, partial)
    if target.exists():
        target.rename(old)
    partial.rename(target)
    shutil.rmtree(old, ignore_errors=True)
    return target
