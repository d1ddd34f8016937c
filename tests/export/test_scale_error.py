from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.counting.counter import CountingSettings, FieldCounter
from edge.counting.errors import ScaleUnknown
from engines.opening import open_model
from export.datasets.sample import Box, MaskFile, Sample
from export.scale_error import reference_diameter_px, scale_table


def boxes(*sides: int) -> tuple[Box, ...]:
    return tuple(Box("rbc", 50, 60, 50 + side, 60 + side) for side in sides)


def test_the_median_box_is_the_reference_but_for_those_at_the_border(tmp_path: Path) -> None:
    picture = tmp_path / "one.png"
    cv2.imwrite(str(picture), np.zeros((480, 640, 3), np.uint8))
    cut = Box("rbc", 0, 60, 300, 360)
    sample = Sample("cbc", "test", "one", picture, boxes=(*boxes(90, 100, 110), cut, Box("wbc", 50, 60, 350, 360)))
    assert reference_diameter_px(sample) == 100.0
    assert reference_diameter_px(Sample("cbc", "test", "one", picture, boxes=boxes(90, 100))) is None


def masked(folder: Path, *, outlined: bool) -> Sample:
    """Twelve cells of 60 px, drawn as ALL-IDB1 has them; with outlines the mask minus the outline is 5 px smaller."""
    red, edge = np.zeros((400, 2592), np.uint8), np.zeros((400, 2592), np.uint8)
    picture = np.full((400, 2592, 3), 225, np.uint8)
    for index in range(12):
        at = (120 + 200 * index, 200)
        cv2.circle(red, at, 30, 255, -1)
        cv2.circle(edge, at, 29, 255, 2)
        cv2.circle(picture, at, 30, (120, 130, 190), -1)
    for name, plane in {"rbc": red, "edge": edge}.items():
        cv2.imwrite(str(folder / f"{name}.png"), plane)
    cv2.imwrite(str(folder / "one.png"), picture)
    names = ("rbc", "edge") if outlined else ("rbc",)
    return Sample(
        "allidb1", "train", "one", folder / "one.png", masks={name: MaskFile(folder / f"{name}.png") for name in names}
    )


@pytest.mark.parametrize("outlined", [False, True])
def test_the_median_round_piece_of_a_mask_is_the_reference(tmp_path: Path, outlined: bool) -> None:
    assert reference_diameter_px(masked(tmp_path, outlined=outlined)) == pytest.approx(60.0, abs=1.5)


def test_errors_are_told_by_set_and_split(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sample = masked(tmp_path, outlined=False)
    monkeypatch.setattr("export.scale_error.allidb1.read", lambda _: [sample])
    monkeypatch.setattr("export.scale_error.cbc.read", lambda _: [])
    opened = open_model("field")
    (row,) = scale_table(tmp_path, FieldCounter(opened.engine, opened.manifest, CountingSettings()))
    assert (row.corpus, row.split, row.fields, row.unknown) == ("allidb1", "train", 1, 0)
    assert row.median == pytest.approx(abs(row.bias))
    assert row.median < 10.0
    assert row.far == 0.0


def test_a_field_that_cannot_be_counted_is_unknown_and_far_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sample = masked(tmp_path, outlined=False)
    monkeypatch.setattr("export.scale_error.allidb1.read", lambda _: [sample])
    monkeypatch.setattr("export.scale_error.cbc.read", lambda _: [])

    class Blind:
        def see(self, pixels: object) -> None:
            raise ScaleUnknown("nothing to measure")

    (row,) = scale_table(tmp_path, Blind())  # type: ignore[arg-type]
    assert (row.unknown, row.far) == (1, 100.0)
