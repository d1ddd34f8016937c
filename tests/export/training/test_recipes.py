# ruff: noqa: E402  # what is imported further down needs a package that may not be installed
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

torch = pytest.importorskip("torch", reason="training needs PyTorch: pip install hemocam[export]")
pytest.importorskip("scipy", reason="training needs scipy: pip install hemocam[export]")

from export.datasets import CORPORA
from export.training.field_recipe import FieldRecipe
from export.training.pixel_data import planes
from export.training.recipe import RecipeError
from export.training.recipes import ClassificationRecipe, SegmentationRecipe, load_recipe
from export.training.training import _check
from export.zoo import ARCHITECTURES, architecture
from tests.export.training import tiny
from tests.export.training.test_recipe import recipe as field

RECIPES = Path(__file__).parents[3] / "export" / "recipes"
PATHS = sorted(path for path in RECIPES.rglob("*.yaml") if not path.name.endswith(".manifest.yaml"))
ZOO = [path for path in PATHS if path.parent.name in ("table", "papers")]
TABLE = [path for path in ZOO if path.parent.name == "table"]


def write(folder: Path, content: object) -> Path:
    path = folder / "tiny.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


@pytest.mark.parametrize("path", PATHS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_recipe_that_comes_along_is_valid(path: Path) -> None:
    found = load_recipe(path)
    assert found.name == (f"table-{path.stem}" if path.parent.name == "table" else path.stem)
    if isinstance(found, FieldRecipe):
        return
    _check(found)
    assert found.corpus in CORPORA
    if not isinstance(found, ClassificationRecipe):
        for phase in found.phases:
            assert len(planes(found, phase)) == len(found.channels)


@pytest.mark.parametrize("path", ZOO, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_recipes_network_can_be_built(path: Path) -> None:
    """Built without its numbers, as some have a hundred million. Those of Keras are built by tests/export/zoo."""
    found = load_recipe(path)
    assert not isinstance(found, FieldRecipe)
    known = architecture(found.architecture)
    if known.keras:
        return
    with torch.device("meta"):
        if isinstance(found, ClassificationRecipe):
            network = known.build(len(found.classes), found.side_px)
        else:
            network = known.build(len(found.channels), found.width)
        network.eval()
    if not isinstance(found, ClassificationRecipe):
        side_px = found.crop_px or found.side_px or 0
        out = network(torch.empty(1, 3, side_px, side_px, device="meta"))
        assert out.shape == (1, len(found.channels), side_px - 2 * known.context_px, side_px - 2 * known.context_px)
        assert all(hasattr(network, "freeze_mask_head") for phase in found.phases if phase.freeze_mask)


def test_every_network_of_the_papers_has_a_recipe() -> None:
    trained = {load_recipe(path).architecture for path in ZOO}  # type: ignore[union-attr]
    assert trained == set(ARCHITECTURES)


def test_the_table_has_one_budget() -> None:
    """Of each task every recipe shows as many crops in the same order; only what its comment says may differ."""
    found = [load_recipe(path) for path in TABLE]
    pixels = [one for one in found if not isinstance(one, (FieldRecipe, ClassificationRecipe))]
    cells = [one for one in found if isinstance(one, ClassificationRecipe)]
    assert {one.architecture for one in pixels} == {
        "unet", "linknet", "attention-unet", "conditional-gan", "dced-net", "do-unet", "segnet", "field",
    }  # fmt: skip
    assert {one.architecture for one in cells} == {"efficientnet-b0", "mobilenetv3-small", "compact"}
    for group, free in ((pixels, {"width", "crop_px", "loss", "levels"}), (cells, set[str]())):
        shared = [
            {
                key: value
                for key, value in one.model_dump().items()
                if key not in {"name", "architecture", "task", *free} and key in group[0].model_dump()
            }
            for one in group
        ]
        first = shared[0]
        for one in shared[1:]:
            assert {key: value for key, value in one.items() if key in first and first[key] != value} == {}
    assert {one.crop_px for one in pixels} == {192, 188}


def test_elsaftys_settings() -> None:
    for name in ("elsafty-unet", "elsafty-efficientnet-b0", "elsafty-efficientnet-b0-weighted"):
        found = load_recipe(RECIPES / "papers" / f"{name}.yaml")
        assert not isinstance(found, FieldRecipe)
        assert (found.optimiser, found.learning_rate, found.batch) == ("adam", 4e-4, 32)
        rule = found.schedule
        assert (rule.kind, rule.factor, rule.patience_epochs, rule.min_delta, rule.stop_after_epochs) == (
            "plateau",
            0.1,
            4,
            1e-4,
            10,
        )
    assert found.augmentation.rotation_degrees == 36
    assert isinstance(found, ClassificationRecipe)
    assert found.class_weights == "balanced"
    assert found.splits.model_dump() == {"by": "folds", "repeats": 5, "folds": 2, "test": 0.0}


def test_dced_nets_settings() -> None:
    found = load_recipe(RECIPES / "papers" / "dced-net.yaml")
    assert isinstance(found, SegmentationRecipe)
    assert (found.loss, found.levels, found.side_px, found.batch, found.learning_rate) == ("mse", "gated", 320, 2, 1e-4)
    assert found.filters == ("wiener", "laplace")
    assert (found.phases[0].epochs, found.epoch_steps) == (400, 150)


def test_a_recipe_without_a_task_is_the_field_networks(tmp_path: Path) -> None:
    assert isinstance(load_recipe(write(tmp_path, field())), FieldRecipe)


@pytest.mark.parametrize(
    ("kind", "key", "changed"),
    [
        ("segmentation", "task", {"task": "detection"}), ("segmentation", "loss", {"loss": "focal"}),
        ("segmentation", "phases", {"phases": []}), ("segmentation", "phases.0.epochs", {"phases": [{"epochs": 0}]}),
        ("segmentation", "channel", {"channel": ["rbc"]}), ("segmentation", "filters.0", {"filters": ["gauss"]}),
        ("segmentation", "splits.folds.folds", {"splits": {"by": "folds", "folds": 1}}),
        ("segmentation", "schedule.factor", {"schedule": {"kind": "plateau", "factor": 2}}),
        ("segmentation", "augmentation.kind", {"augmentation": {"kind": "mixup"}}),
        ("adversarial", "l1_weight", {"l1_weight": -1}), ("classification", "classes", {"classes": ["one"]}),
        ("classification", "class_weights", {"class_weights": "inverse"}), ("classification", "epochs", {"epochs": None}),
        ("segmentation", "give either cell_diameter_px", {"cell_diameter_px": 36.0, "crop_px": 32}),
        ("segmentation", "cell_diameter_px and crop_px belong together", {"crop_px": 32}),
        ("segmentation", "must be as many as the channels", {"phases": [{"epochs": 1, "targets": ["rbc", "wbc"]}]}),
    ],
)  # fmt: skip
def test_a_wrong_key_is_named_with_its_file(tmp_path: Path, kind: str, key: str, changed: dict[str, Any]) -> None:
    content = {**getattr(tiny, kind)().model_dump(mode="json"), **changed}
    with pytest.raises(RecipeError) as caught:
        load_recipe(write(tmp_path, content))
    assert "tiny.yaml: " in str(caught.value)
    assert key in str(caught.value)
    assert "tagged-union" not in str(caught.value)


@pytest.mark.parametrize("content", [b"a: [", b"\xff\xfe", b"", b"- 1", b"task: [1]"])
def test_what_is_no_recipe_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "broken.yaml").write_bytes(content)
    with pytest.raises(RecipeError, match=r"broken\.yaml"):
        load_recipe(tmp_path / "broken.yaml")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"none\.yaml cannot be read"):
        load_recipe(tmp_path / "none.yaml")
