from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.counting.errors import ScaleUnknown
from edge.counting.field_count import ScaleSource
from edge.counting.scale import estimate_cell_diameter
from tests.edge.counting.rendered import frame_of, scattered

DATA = Path(__file__).parents[4] / "shared" / "data"


@pytest.mark.parametrize("diameter_px", [15.0, 22.0, 38.0, 70.0, 95.0])
def test_discs_apart(diameter_px: float) -> None:
    centres = scattered(1, 60, (480, 640), diameter_px, 1.2, margin_ratio=-0.3)
    scale = estimate_cell_diameter(frame_of(centres, (480, 640), diameter_px))
    assert scale.cell_diameter_px == pytest.approx(diameter_px, rel=0.05)
    assert scale.source is ScaleSource.ESTIMATED
    assert 0.0 <= scale.spread < 0.2


@pytest.mark.parametrize("diameter_px", [15.0, 40.0, 120.0, 200.0])
def test_any_magnification_in_a_large_frame(diameter_px: float) -> None:
    shape = (1464, 1952)
    frame = frame_of(scattered(2, 150, shape, diameter_px, 1.15, margin_ratio=-0.3), shape, diameter_px)
    assert estimate_cell_diameter(frame).cell_diameter_px == pytest.approx(diameter_px, rel=0.05)


@pytest.mark.parametrize("diameter_px", [24.0, 45.0])
@pytest.mark.parametrize("gap_ratio", [0.75, 0.9])
def test_overlaps(diameter_px: float, gap_ratio: float) -> None:
    frame = frame_of(scattered(3, 140, (480, 640), diameter_px, gap_ratio, margin_ratio=-0.3), (480, 640), diameter_px)
    assert estimate_cell_diameter(frame).cell_diameter_px == pytest.approx(diameter_px, rel=0.05)


def test_white_cells_are_not_measured() -> None:
    white = [(100.0, 100.0), (300.0, 120.0), (520.0, 90.0), (180.0, 350.0), (420.0, 370.0), (570.0, 300.0)]
    far = [
        one for one in scattered(4, 60, (480, 640), 36.0, 1.2) if all(np.hypot(one[0] - x, one[1] - y) > 60 for x, y in white)
    ]
    frame = frame_of(far[:14], (480, 640), 36.0, white)
    assert estimate_cell_diameter(frame).cell_diameter_px == pytest.approx(36.0, rel=0.05)


@pytest.mark.parametrize("noise", [0.0, 2.0, 5.0, 10.0])
def test_a_blank_field_is_unknown(noise: float) -> None:
    blank = np.clip(np.random.default_rng(0).normal(205.0, noise, (480, 640, 3)), 0, 255).astype(np.uint8)
    with pytest.raises(ScaleUnknown, match="--cell-diameter-px"):
        estimate_cell_diameter(blank)


@pytest.mark.parametrize("level", [0, 255])
def test_black_and_saturated_frames_are_unknown(level: int) -> None:
    with pytest.raises(ScaleUnknown):
        estimate_cell_diameter(np.full((480, 640, 3), level, dtype=np.uint8))


def test_other_arrays_are_refused() -> None:
    with pytest.raises(ValueError, match="uint8"):
        estimate_cell_diameter(np.zeros((480, 640), dtype=np.uint8))
    with pytest.raises(ScaleUnknown, match="too small"):
        estimate_cell_diameter(np.zeros((20, 30, 3), dtype=np.uint8))


@pytest.mark.skipif(not (DATA / "cbc" / "boxes.csv").is_file(), reason=f"real frames are not at {DATA}")
def test_real_frames_of_three_microscopes() -> None:
    """Medians of the collections' training frames; CBC's boxes are about 1.17 times as wide as their cells."""

    def middle(names: list[Path]) -> float:
        frames = [np.asarray(cv2.imread(str(name), cv2.IMREAD_COLOR_RGB), dtype=np.uint8) for name in names]
        return float(np.median([estimate_cell_diameter(frame).cell_diameter_px for frame in frames]))

    with (DATA / "chula" / "images.csv").open() as file:
        chula = [DATA / "chula" / "images" / f"{row['image']}.jpg" for row in csv.DictReader(file) if row["split"] == "train"]
    assert middle(chula[:6]) == pytest.approx(38.0, rel=0.08)
    cbc = sorted((DATA / "cbc" / "images").glob("BloodImage_002*"))[:6]
    assert middle(cbc) == pytest.approx(90.0, rel=0.1)
    assert middle([DATA / "allidb1" / "images" / "Im003_1.jpg"]) == pytest.approx(36.0, rel=0.08)
