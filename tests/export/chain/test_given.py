"""What the recipe beside a checkpoint says, and what the user says over it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

pytest.importorskip("torch", reason="bringing models in needs PyTorch: pip install hemocam[export]")
pytest.importorskip("onnx", reason="bringing models in needs ONNX: pip install hemocam[export]")

from export.chain.given import MARGIN_PX, Said, given, weights_of
from export.conversion_error import ConversionError
from tests.export.training.test_recipe import recipe as field_recipe

SEGMENTATION = {
    "name": "Table_UNet", "task": "segmentation", "seed": 3, "architecture": "unet", "width": 8, "channels": ["rbc"],
    "corpus": "allidb1", "splits": {"by": "corpus"}, "cell_diameter_px": 36, "crop_px": 64, "batch": 4,
    "phases": [{"epochs": 1}], "learning_rate": 0.01, "licence": "research only", "data": ["allidb1"],
}  # fmt: skip
CLASSIFICATION = {
    "name": "chula", "task": "classification", "seed": 3, "architecture": "compact", "side_px": 80,
    "classes": ["normal", "target"], "corpus": "chula-crops", "splits": {"by": "corpus"}, "batch": 4, "epochs": 1,
    "learning_rate": 0.01, "licence": "MIT", "data": ["chula"],
}  # fmt: skip


def beside(folder: Path, content: dict[str, object]) -> Path:
    (folder / "recipe.yaml").write_text(yaml.safe_dump(content))
    return folder / "weights.pt"


def test_a_recipe_says_it_all(tmp_path: Path) -> None:
    spec, manifest = given(beside(tmp_path, SEGMENTATION), Said())
    assert (spec.architecture, spec.channels, spec.width, spec.cell_diameter_px) == ("unet", ("rbc",), 8, 36)
    assert (manifest.name, manifest.licence, manifest.white_balance, manifest.margin_px) == (
        "table-unet",
        "research only",
        True,
        MARGIN_PX,
    )
    assert manifest.more == {"seed": 3, "recipe": "recipe.yaml", "data": ["allidb1"]}


def test_an_unpadded_network_is_run_in_squares_of_its_crops(tmp_path: Path) -> None:
    spec, _ = given(beside(tmp_path, SEGMENTATION | {"architecture": "do-unet", "crop_px": 188}), Said())
    assert spec.side_px == 188


def test_a_classifiers_recipe(tmp_path: Path) -> None:
    spec, manifest = given(beside(tmp_path, CLASSIFICATION), Said())
    assert (spec.architecture, spec.classes, spec.side_px, spec.channels) == ("compact", ("normal", "target"), 80, ())
    assert not manifest.white_balance


def test_the_field_networks_own_recipe(tmp_path: Path) -> None:
    spec, _ = given(beside(tmp_path, field_recipe(widths=[8, 16, 32, 32])), Said())
    assert (spec.architecture, spec.width) == ("field", 8)
    assert "rbc_centre" in spec.channels
    with pytest.raises(ConversionError, match=r"widths \[6, 8\].*hemocam export publish"):
        given(beside(tmp_path, field_recipe(widths=[6, 8])), Said())


def test_what_the_user_says_goes_before(tmp_path: Path) -> None:
    said = Said("linknet", classes=("a", "b"), side_px=64, name="mine", licence="CC0")
    spec, manifest = given(beside(tmp_path, SEGMENTATION), said)
    assert (spec.architecture, spec.classes, spec.channels) == ("linknet", ("a", "b"), ())
    assert (manifest.name, manifest.licence) == ("mine", "CC0")


def test_without_a_recipe_the_user_must_say_it(tmp_path: Path) -> None:
    spec, manifest = given(tmp_path / "Lab Net_3.onnx", Said(channels=("rbc",), cell_diameter_px=30.0))
    assert (spec.architecture, manifest.name, manifest.licence) == (None, "lab-net-3", "not stated")
    with pytest.raises(ConversionError, match=r"channels .* or the classes"):
        given(tmp_path / "net.onnx", Said())


def test_a_recipe_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match=r"recipe\.yaml.*batch"):
        given(beside(tmp_path, SEGMENTATION | {"batch": 0}), Said())


def test_a_runs_folder_stands_for_its_weights(tmp_path: Path) -> None:
    weights = beside(tmp_path, SEGMENTATION)
    assert weights_of(tmp_path) == weights
    assert weights_of(weights) == weights
