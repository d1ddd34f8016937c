from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from edge.config import Config, load_config
from edge.config.example import example
from edge.config.keys import all_keys, kinds_of, sections_at

SHIPPED = Path(__file__).parents[3] / "systemd" / "hemocam.yaml"
KINDS = tuple(kind for section in sections_at(Config, ("camera",), None) for kind in kinds_of(section))
UNITS = {
    "_px": "pixel", "_um": "micrometre", "_mb": "megabyte", "_s": "second", "_minutes": "minute", "um_per_px": "micrometre",
    "frames_per_s": "frames per second",
}  # fmt: skip


def load(tmp_path: Path, text: str) -> Config:
    (tmp_path / "c.yaml").write_text(text)
    return load_config(tmp_path / "c.yaml", {})


def block_of(kind: str) -> str:
    """The example's section of that kind of camera, without the comment marks that put it aside."""
    blocks = [block for block in example().split("\n\n") if f"  kind: {kind}\n" in block]
    assert len(blocks) == 1
    lines = [line for line in blocks[0].splitlines() if "Or, in place of" not in line]
    return "\n".join(line[2:] if all(each.startswith("# ") for each in lines) else line for line in lines)


def test_the_shipped_file_is_the_example() -> None:
    assert SHIPPED.read_text() == example(), "write it anew: hemocam config example > systemd/hemocam.yaml"


def test_the_example_says_what_holds_without_it(tmp_path: Path) -> None:
    bare = load(tmp_path, "camera: {kind: v4l2}")
    assert load(tmp_path, example()) == bare
    without_comments = "\n".join(line for line in example().splitlines() if not line.lstrip().startswith("#"))
    assert load(tmp_path, without_comments) == bare


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_camera_in_it_is_right_and_whole(tmp_path: Path, kind: str) -> None:
    block = block_of(kind)
    assert load(tmp_path, block).camera.kind == kind
    (section,) = sections_at(Config, ("camera",), {"camera": {"kind": kind}})
    assert set(yaml.safe_load(block)["camera"]) == set(section.model_fields)


def test_every_key_is_in_it_and_described() -> None:
    lines = example().splitlines()
    for key in all_keys(Config):
        spelt = re.compile(rf"[# ]*{key.path[-1]}:")
        found = [at for at, line in enumerate(lines) if spelt.match(line)]
        assert found, key.path
        assert all(lines[at - 1].lstrip("# ") and "#" in lines[at - 1] for at in found), key.path


@pytest.mark.parametrize("key", all_keys(Config), ids=lambda key: ".".join(key.path))
def test_a_description_names_the_unit(key: object) -> None:
    name, field = key.path[-1], key.field  # type: ignore[attr-defined]
    unit = UNITS.get(name) or next((word for suffix, word in UNITS.items() if name.endswith(suffix)), None)
    if unit is not None:
        assert unit in (field.description or "").lower()


def test_it_says_what_is_allowed() -> None:
    text = " ".join(line.strip("# ") for line in example().splitlines())
    for words in (
        "[a number from 0.1 to 600]", "[a whole number from 64 to 8192 or null]", "[all, centre-inside or two-edge]",
        "[a number greater than 0 or null]", "[a whole number, 1 or more, or null]",
    ):  # fmt: skip
        assert words in text
