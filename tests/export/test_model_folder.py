"""A model's folder is whole at every moment."""

from __future__ import annotations

from pathlib import Path

import pytest

from engines import manifest
from engines.manifest import FILE_NAME, Manifest, checked_bytes, load_any_manifest
from export import model_folder
from export.model_folder import FolderError, add_form, staged
from tests.engines.onnx_models import model_in

ACCURACY = {"data": "chula", "split": "val", "cell_class": "rbc", "method": "components", "fields": 3, "count_accuracy": 90.0}


def names(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir())


def whole(folder: Path) -> dict[str, bytes]:
    """The files that the manifest names, each with the manifest's hash."""
    manifest = load_any_manifest(folder)
    return {file.precision: checked_bytes(folder, file) for file in manifest.files}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return model_in(tmp_path / "tiny", b"fp32", accuracy=[ACCURACY])


def test_a_form_comes_last_and_the_default_stays(folder: Path) -> None:
    manifest = add_form(folder, load_any_manifest(folder), "fp16", b"half")
    assert load_any_manifest(folder) == manifest
    assert [file.precision for file in manifest.files] == ["fp32", "fp16"]
    assert whole(folder) == {"fp32": b"fp32", "fp16": b"half"}
    assert names(folder) == [FILE_NAME, "model-fp16.onnx", "model.onnx"]
    assert (folder / "model-fp16.onnx").stat().st_mode & 0o044 == 0o044, "another user's service reads it"


def test_one_that_is_there_is_replaced_only_if_that_was_said(folder: Path) -> None:
    manifest = add_form(folder, load_any_manifest(folder), "int8", b"first")
    manifest = add_form(folder, manifest, "fp16", b"half")
    with pytest.raises(FolderError, match="int8 file already; say --replace"):
        add_form(folder, manifest, "int8", b"second")
    assert whole(folder)["int8"] == b"first"
    replaced = add_form(folder, manifest, "int8", b"second", replace=True)
    assert [file.precision for file in replaced.files] == ["fp32", "int8", "fp16"]
    assert whole(folder)["int8"] == b"second"
    assert isinstance(replaced, Manifest)
    assert replaced.accuracy, "they are the default file's, which is the same"


def test_figures_of_a_default_that_is_replaced_go_with_it(folder: Path) -> None:
    replaced = add_form(folder, load_any_manifest(folder), "fp32", b"other", replace=True)
    assert isinstance(replaced, Manifest)
    assert replaced.accuracy == ()
    assert whole(folder) == {"fp32": b"other"}


@pytest.mark.parametrize("written", [0, 1, 2])
def test_a_disk_that_refuses_leaves_a_whole_model(folder: Path, monkeypatch: pytest.MonkeyPatch, written: int) -> None:
    """Whichever write of a replacement fails, every file that the manifest names is there with its hash."""
    manifest = add_form(folder, load_any_manifest(folder), "fp16", b"half")
    real, done = model_folder.write_whole, []

    def refusing(path: Path, content: bytes) -> None:
        if len(done) == written:
            raise OSError(28, "No space left on device")
        done.append(path)
        real(path, content)

    monkeypatch.setattr(model_folder, "write_whole", refusing)
    with pytest.raises(FolderError, match="No space left"):
        add_form(folder, manifest, "fp16", b"anew", replace=True)
    assert whole(folder)["fp32"] == b"fp32"
    assert not [name for name in names(folder) if "part" in name]


def test_a_file_of_another_precision_is_not_written_over(tmp_path: Path) -> None:
    folder = model_in(tmp_path / "tiny", b"fp32")
    path = folder / FILE_NAME
    path.write_text(path.read_text().replace("model.onnx", "model-fp16.onnx"))
    (folder / "model.onnx").rename(folder / "model-fp16.onnx")
    with pytest.raises(FolderError, match="is its fp32 file"):
        add_form(folder, load_any_manifest(folder), "fp16", b"half")
    assert whole(folder) == {"fp32": b"fp32"}


def test_a_staged_folder_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    with staged(tmp_path / "models" / "new") as new:
        model_in(new, b"fp32")
        assert not (tmp_path / "models" / "new").exists()
    assert whole(tmp_path / "models" / "new") == {"fp32": b"fp32"}
    assert names(tmp_path / "models") == ["new"]
    with pytest.raises(ZeroDivisionError), staged(tmp_path / "models" / "new") as new:
        model_in(new, b"other")
        raise ZeroDivisionError
    assert whole(tmp_path / "models" / "new") == {"fp32": b"fp32"}
    assert names(tmp_path / "models") == ["new"]
    with staged(tmp_path / "models" / "new") as new:
        model_in(new, b"other")
    assert whole(tmp_path / "models" / "new") == {"fp32": b"other"}


def test_what_is_no_model_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter1.txt").write_text("years of work")
    with pytest.raises(FolderError, match="holds no model"), staged(tmp_path / "thesis"):
        pass
    assert names(tmp_path / "thesis") == ["chapter1.txt"]
    (tmp_path / "file").write_text("")
    with pytest.raises(FolderError, match="holds no model"), staged(tmp_path / "file"):
        pass
    with pytest.raises(FolderError, match="cannot be made"), staged(tmp_path / "file" / "new"):
        pass
    assert manifest.FILE_NAME not in names(tmp_path)
