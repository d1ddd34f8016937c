# what is imported further down needs a package that may not be installed
from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("scipy", reason="training needs scipy: pip install hemocam[export]")

from engines.crop import Cropping
from export.datasets.sample import Box, DatasetError, Sample
from export.training.palettes import Palettes, palettes, white_cells
from tests.export.datasets import trees

CROPPING = Cropping(32, 2.0)


def lab(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    shades = cv2.cvtColor(pixels, cv2.COLOR_RGB2LAB).astype(np.float32)
    return shades.mean(axis=(0, 1)), shades.std(axis=(0, 1))


def test_a_crop_goes_some_of_the_way_to_other_colours() -> None:
    rng = np.random.default_rng(0)
    crop = np.clip(rng.normal((180, 120, 160), 20, (32, 32, 3)), 0, 255).astype(np.uint8)
    target = np.array([[[150, 110, 150], [30, 10, 10]]], np.float32)
    shown = [Palettes(target).shown(np.random.default_rng(seed), crop) for seed in range(12)]
    start, ways = lab(crop)[0], [lab(one)[0] for one in shown]
    span = target[0, 0] - start
    shares = np.array([((way - start) @ span) / (span @ span) for way in ways])
    assert (shares > -0.05).all()
    assert (shares < 1.1).all()
    assert np.ptp(shares) > 0.4, "some far, some near"


def picture(path: Path) -> Sample:
    pixels = np.full((90, 120, 3), 230, np.uint8)
    pixels[30:50, 50:70] = (90, 60, 140)
    cv2.imwrite(str(path), pixels[..., ::-1])
    red = tuple(Box("rbc", x, 5, x + 20, 25) for x in (5, 35, 75))
    return Sample("drawn", "train", "one", path, boxes=(*red, Box("wbc", 50, 30, 70, 50)))


def test_white_cells_are_cut_at_the_scale_of_the_red_ones(tmp_path: Path) -> None:
    sample = picture(tmp_path / "one.png")
    (crop,) = white_cells(sample, CROPPING)
    assert crop.shape == (32, 32, 3)
    assert (crop[..., 1] < 145).mean() == pytest.approx(0.25, abs=0.05)
    assert white_cells(Sample("drawn", "train", "two", sample.path, boxes=sample.boxes[2:]), CROPPING) == [], "no scale"


def test_corpora_without_white_cells_are_refused(tmp_path: Path) -> None:
    trees.txl(tmp_path / "txl")
    with pytest.raises(DatasetError, match="no white cell to take colours from"):
        palettes(["txl"], tmp_path, CROPPING)


@pytest.mark.skipif(not (trees.DATA / "cbc").is_dir(), reason=trees.NO_DATA)
def test_the_real_corpora_have_many() -> None:
    assert len(palettes(["cbc"], trees.DATA, CROPPING).of) > 100
