from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from export.training.field_recipe import FieldRecipe
from export.training.recipe import RecipeError
from export.training.recipes import load_recipe

RECIPES = Path(__file__).parents[3] / "export" / "recipes"


def recipe(**changed: Any) -> dict[str, Any]:
    return {
        "name": "tiny", "seed": 3, "widths": [4, 6], "cell_diameter_px": 14.0, "packed_diameter_px": 16.0, "crop_px": 32,
        "batch": 2, "steps": 4, "learning_rate": 0.01, "weight_decay": 0.01, "ema": 0.5, "shares": {"simulated": 1.0},
        "simulated": {"fields": 2, "side_px": 64}, "licence": "MIT", "data": ["simulated"], **changed,
    }  # fmt: skip


def write(folder: Path, content: object) -> Path:
    path = folder / "tiny.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def test_a_valid_recipe(tmp_path: Path) -> None:
    found = load_recipe(write(tmp_path, recipe()))
    assert (found.widths, found.init_from, found.checkpoint_every) == ((4, 6), None, 500)
    assert found.simulated.side_px == 64


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.yaml")), ids=lambda path: path.name)
def test_the_recipes_that_come_along_are_valid(path: Path) -> None:
    if path.name.endswith(".manifest.yaml"):
        assert isinstance(yaml.safe_load(path.read_text(encoding="utf-8"))["research_only"], bool)
        return
    found = load_recipe(path)
    assert found.name == path.stem
    if isinstance(found, FieldRecipe):  # a classifier's corpus is looked at in test_recipes
        assert {share.partition("-")[0] for share in found.shares} == set(found.data)


@pytest.mark.parametrize(
    ("key", "changed"),
    [
        ("epochs", {"epochs": 3}), ("steps", {"steps": 0}), ("batch", {"batch": 1}), ("crop_px", {"crop_px": 40}),
        ("cell_diameter_px", {"cell_diameter_px": 4}), ("ema", {"ema": 1.0}), ("learning_rate", {"learning_rate": 0}),
        ("shares.bccd", {"shares": {"bccd": 1.0}}), ("simulated.side_px", {"simulated": {"fields": 1, "side_px": 10}}),
        ("simulated.fields", {"simulated": {"side_px": 64}}), ("widths", {"widths": "wide"}), ("seed", {"seed": None}),
        ("checkpoint_every", {"checkpoint_every": 0}),
    ],
)  # fmt: skip
def test_a_wrong_key_is_named_with_its_file(tmp_path: Path, key: str, changed: dict[str, Any]) -> None:
    with pytest.raises(RecipeError) as caught:
        load_recipe(write(tmp_path, recipe(**changed)))
    assert f"tiny.yaml: {key}" in str(caught.value)


@pytest.mark.parametrize("content", [b"a: [", b"\xff\xfe", b"a: b: c"])
def test_what_is_no_yaml_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.yaml"
    path.write_bytes(content)
    with pytest.raises(RecipeError, match=r"broken\.yaml cannot be read"):
        load_recipe(path)


def test_an_empty_file_is_no_recipe(tmp_path: Path) -> None:
    (tmp_path / "empty.yaml").write_bytes(b"")
    with pytest.raises(RecipeError, match=r"empty\.yaml"):
        load_recipe(tmp_path / "empty.yaml")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"none\.yaml cannot be read"):
        load_recipe(tmp_path / "none.yaml")


def test_a_corpus_can_be_left_out_by_name(tmp_path: Path) -> None:
    found = load_recipe(write(tmp_path, recipe(shares={"simulated": 0.5, "cbc": 0.3, "chula": 0.2})))
    assert isinstance(found, FieldRecipe)
    without = found.without("cbc")
    assert (without.name, without.left_out, without.shares) == ("tiny-without-cbc", "cbc", {"simulated": 0.5, "chula": 0.2})
    assert found.left_out is None
    with pytest.raises(RecipeError, match="tiny does not learn from txl-pbc; it learns from cbc, chula, simulated"):
        found.without("txl-pbc")
