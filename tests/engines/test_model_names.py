"""Models by name, those added here among them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from engines import model_names as names
from engines.contract import ManifestInvalid, ModelCorrupt
from engines.manifest import FILE_NAME


@pytest.fixture(autouse=True)
def _own_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platformdirs.user_data_dir", lambda name: str(tmp_path / "data" / name))


def another(tmp_path: Path, name: str = "mine") -> Path:
    folder = shutil.copytree(names.MODELS / "field", tmp_path / "source")
    manifest = folder / FILE_NAME
    manifest.write_text(yaml.safe_dump({**yaml.safe_load(manifest.read_text()), "name": name}))
    return folder


def test_an_added_model_is_found_by_its_name(tmp_path: Path) -> None:
    source = another(tmp_path)
    assert "mine" not in names.model_names()
    target = names.add_model(source)
    assert names.model_names()[0] == "field"
    assert "mine" in names.model_names()
    assert names.model_folder("mine") == target
    assert {file.name for file in target.iterdir()} == {file.name for file in source.iterdir()}


def test_the_newer_one_takes_the_place_of_the_older(tmp_path: Path) -> None:
    source = another(tmp_path)
    names.add_model(source)
    (source / "more.txt").write_text("new")
    target = names.add_model(source)
    assert (target / "more.txt").read_text() == "new"
    assert [path.name for path in target.parent.iterdir()] == ["mine"]


def test_a_model_that_ships_is_not_hidden_by_another(tmp_path: Path) -> None:
    with pytest.raises(ManifestInvalid, match="ships with HemoCam"):
        names.add_model(another(tmp_path, "field"))


def test_a_damaged_model_is_not_added(tmp_path: Path) -> None:
    source = another(tmp_path)
    (source / "model-int8.onnx").write_bytes(b"half")
    with pytest.raises(ModelCorrupt, match=r"model-int8\.onnx"):
        names.add_model(source)
    assert "mine" not in names.model_names()
