from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.cameras.images import expand, read_picture
from edge.frame import Pixels
from edge.optics.focus import focus_score, measure_focus

DATA = Path(__file__).parents[4] / "shared" / "data"
REAL_DIAMETER_PX = {"chula": 39.0, "cbc": 95.0}


def discs(
    diameter_px: float, cells: int = 20, blur_diameters: float = 0.03, contrast: float = 70.0, light: float = 200.0
) -> Pixels:
    """Stained discs at random on an even background, as a microscope of `blur_diameters` would show them."""
    rng = np.random.default_rng(cells)
    canvas = np.full((480, 640), light, np.float32)
    for x, y in zip(rng.uniform(0, 640, cells), rng.uniform(0, 480, cells), strict=True):
        cv2.circle(canvas, (round(x), round(y)), round(diameter_px / 2), light - contrast, -1, cv2.LINE_AA)
    canvas = cv2.GaussianBlur(canvas, (0, 0), blur_diameters * diameter_px)
    return np.dstack([canvas] * 3).astype(np.uint8)


def blurred(pixels: Pixels, sigma_px: float) -> Pixels:
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), sigma_px))


def noisy(pixels: Pixels, deviation: float) -> Pixels:
    noise = np.random.default_rng(5).normal(0, deviation, pixels.shape)
    return np.clip(pixels + noise, 0, 255).astype(np.uint8)


def jpeg(pixels: Pixels, quality: int) -> Pixels:
    return np.asarray(cv2.imdecode(cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR))


def real(corpus: str) -> list[Pixels]:
    folder = DATA / corpus / "images"
    if not folder.is_dir():
        pytest.skip(f"the frames in {folder} are not on this machine")
    return [read_picture(path) for path in expand([folder])[:40:8]]


def falls(scores: list[float]) -> bool:
    return all(later < earlier for earlier, later in pairwise(scores))


@pytest.mark.parametrize("diameter_px", [20, 39, 95])
def test_score_falls_with_blur_on_discs(diameter_px: float) -> None:
    sharp = discs(diameter_px)
    assert falls([focus_score(blurred(sharp, share * diameter_px), diameter_px) for share in (0.03, 0.06, 0.1, 0.15, 0.2, 0.3)])


@pytest.mark.parametrize("corpus", ["chula", "cbc"])
def test_score_falls_with_blur_on_real_frames(corpus: str) -> None:
    diameter_px = REAL_DIAMETER_PX[corpus]
    for sharp in real(corpus):
        scores = [focus_score(blurred(sharp, share * diameter_px), diameter_px) for share in (0.03, 0.06, 0.1, 0.15, 0.2, 0.3)]
        assert falls([focus_score(sharp, diameter_px), *scores])


@pytest.mark.parametrize("corpus", ["chula", "cbc"])
def test_noise_and_jpeg_hardly_raise_it_on_real_frames(corpus: str) -> None:
    diameter_px = REAL_DIAMETER_PX[corpus]
    for sharp in real(corpus):
        soft = blurred(sharp, 0.15 * diameter_px)
        score = focus_score(soft, diameter_px)
        assert focus_score(noisy(soft, 8.0), diameter_px) < 1.1 * score
        assert focus_score(jpeg(soft, 50), diameter_px) < 1.1 * score


def test_it_is_the_edges_steepness_in_cell_diameters() -> None:
    """The formula: d / (sqrt(2 pi) s), s the blur of the cell and that of the measurement (0.05 d) together."""
    for share in (0.1, 0.12, 0.15):
        expected = 1 / np.sqrt(2 * np.pi * (share**2 + 0.05**2))
        assert focus_score(discs(60, cells=8, blur_diameters=share), 60) == pytest.approx(expected, rel=0.2)


@settings(max_examples=25, deadline=None)
@given(cells=st.integers(3, 60), contrast=st.floats(30, 110), light=st.floats(150, 240))
def test_it_does_not_depend_on_density_stain_or_light(cells: int, contrast: float, light: float) -> None:
    reference = focus_score(discs(39, cells=12, blur_diameters=0.06), 39)
    assert focus_score(discs(39, cells=cells, blur_diameters=0.06, contrast=contrast, light=light), 39) == pytest.approx(
        reference, rel=0.15
    )


def test_it_does_not_depend_on_magnification() -> None:
    scores = [focus_score(discs(diameter_px, cells=8, blur_diameters=0.08), diameter_px) for diameter_px in (24, 40, 95)]
    assert max(scores) < 1.15 * min(scores)


def test_contrast_and_noise_are_told_apart() -> None:
    even = np.full((480, 640, 3), 200, np.uint8)
    assert measure_focus(even, 39).contrast == 0
    empty = measure_focus(noisy(even, 6.0), 39)
    assert 0 < empty.contrast < 9 * empty.noise
    cells = measure_focus(noisy(discs(39, contrast=60), 6.0), 39)
    assert cells.contrast == pytest.approx(0.3, abs=0.06)
    assert cells.contrast > 9 * cells.noise


@pytest.mark.parametrize("diameter_px", [0.0, -3.0, float("nan")])
def test_a_diameter_that_is_none_is_refused(diameter_px: float) -> None:
    with pytest.raises(ValueError, match="cell_diameter_px must be positive"):
        focus_score(np.zeros((40, 40, 3), np.uint8), diameter_px)


@pytest.mark.parametrize("shape", [(1, 1, 3), (2, 300, 3), (3000, 40, 3)])
def test_odd_frames_are_measured(shape: tuple[int, int, int]) -> None:
    assert np.isfinite(focus_score(np.full(shape, 90, np.uint8), 500.0))
    assert np.isfinite(focus_score(np.full(shape, 90, np.uint8), 0.5))
