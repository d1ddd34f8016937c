from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.cameras.images import expand, read_picture
from edge.frame import Pixels
from edge.optics.gate import Gate, GateSettings
from edge.optics.verdict import Accepted, Rejected, RejectionReason, Verdict

DATA = Path(__file__).parents[4] / "shared" / "data"
DIAMETER_PX = 39.0


def field(cells: int = 20, blur_px: float = 1.5, light: float = 200.0, noise: float = 3.0) -> Pixels:
    rng = np.random.default_rng(cells)
    canvas = np.full((480, 640), light, np.float32)
    for x, y in zip(rng.uniform(0, 640, cells), rng.uniform(0, 480, cells), strict=True):
        cv2.circle(canvas, (round(x), round(y)), round(DIAMETER_PX / 2), 0.65 * light, -1, cv2.LINE_AA)
    canvas = cv2.GaussianBlur(canvas, (0, 0), blur_px)
    return np.clip(canvas[..., None] + rng.normal(0, noise, (480, 640, 3)), 0, 255).astype(np.uint8)


def judged(pixels: Pixels, diameter_px: float | None = DIAMETER_PX) -> RejectionReason | None:
    verdict = Gate(GateSettings()).judge(pixels, diameter_px)
    return verdict.reason if isinstance(verdict, Rejected) else None


@pytest.mark.parametrize("cells", [1, 3, 20, 150])
def test_sharp_cells_are_accepted_and_blurred_ones_refused(cells: int) -> None:
    assert judged(field(cells)) is None
    assert judged(field(cells, blur_px=0.2 * DIAMETER_PX)) is RejectionReason.DEFOCUSED


def test_an_empty_evenly_lit_field_is_accepted() -> None:
    assert judged(field(cells=0)) is None
    assert judged(field(cells=0, noise=1.0)) is None
    shaded = field(cells=0) * np.linspace(0.7, 1.0, 640)[None, :, None]
    assert judged(shaded.astype(np.uint8)) is None


@pytest.mark.parametrize("exposure", [0.5, 1.2])
def test_exposure_within_reason_is_accepted(exposure: float) -> None:
    assert judged(field(light=200 * exposure)) is None


def test_black_saturated_and_constant_frames_are_refused() -> None:
    assert judged(field(light=8.0)) is RejectionReason.BLACK
    assert judged(np.zeros((48, 64, 3), np.uint8)) is RejectionReason.BLACK
    assert judged(np.full((480, 640, 3), 255, np.uint8)) is RejectionReason.SATURATED
    assert judged(field(light=500.0)) is RejectionReason.SATURATED
    assert judged(np.full((480, 640, 3), 128, np.uint8)) is RejectionReason.BLANK


def test_one_clipped_channel_is_no_saturation() -> None:
    yellow = field()
    yellow[..., 0] = 255
    assert judged(yellow) is None


def test_focus_waits_for_the_diameter() -> None:
    soft = field(blur_px=0.3 * DIAMETER_PX)
    assert judged(soft, None) is None
    assert judged(soft) is RejectionReason.DEFOCUSED


def test_quality_says_what_was_measured() -> None:
    verdict = Gate(GateSettings()).judge(field(cells=60, light=204.0), DIAMETER_PX)
    assert isinstance(verdict, Accepted)
    assert verdict.quality.brightness == pytest.approx(0.8, abs=0.03)
    assert verdict.quality.contrast == pytest.approx(0.28, abs=0.04)
    assert verdict.quality.saturated == 0.0
    assert verdict.quality.focus > 4
    half = field()
    half[:240] = 255
    verdict = Gate(GateSettings()).judge(half, DIAMETER_PX)
    assert verdict.quality.saturated == pytest.approx(0.5, abs=0.01)


def test_each_refusal_advises_in_a_sentence() -> None:
    for pixels in (field(light=8.0), field(light=500.0), np.full((48, 64, 3), 99, np.uint8), field(blur_px=8.0)):
        verdict = Gate(GateSettings()).judge(pixels, DIAMETER_PX)
        assert isinstance(verdict, Rejected)
        assert verdict.advice.endswith(".")
        assert ": " in verdict.advice


@pytest.mark.parametrize(
    ("settings_", "reason"),
    [
        (replace(GateSettings(), min_brightness=0.9), RejectionReason.BLACK),
        (replace(GateSettings(), max_saturated=-0.1), RejectionReason.SATURATED),
        (replace(GateSettings(), min_deviation=200.0), RejectionReason.BLANK),
        (replace(GateSettings(), min_focus=50.0), RejectionReason.DEFOCUSED),
    ],
)
def test_each_threshold_is_used(settings_: GateSettings, reason: RejectionReason) -> None:
    verdict: Verdict = Gate(settings_).judge(field(), DIAMETER_PX)
    assert isinstance(verdict, Rejected)
    assert verdict.reason is reason


@settings(max_examples=20, deadline=None)
@given(level=st.integers(0, 255), height=st.integers(1, 60), width=st.integers(1, 60))
def test_a_constant_frame_is_never_accepted(level: int, height: int, width: int) -> None:
    assert judged(np.full((height, width, 3), level, np.uint8)) is not None


@pytest.mark.parametrize(("corpus", "diameter_px"), [("chula", 39.0), ("cbc", 95.0)])
def test_real_frames_pass_and_blurred_ones_do_not(corpus: str, diameter_px: float) -> None:
    folder = DATA / corpus / "images"
    if not folder.is_dir():
        pytest.skip(f"the frames in {folder} are not on this machine")
    for path in expand([folder])[:60:6]:
        pixels = read_picture(path)
        assert judged(pixels, diameter_px) is None, path
        assert judged(pixels // 2, diameter_px) is None, path
        assert (
            judged(np.asarray(cv2.GaussianBlur(pixels, (0, 0), 0.15 * diameter_px)), diameter_px) is RejectionReason.DEFOCUSED
        ), path
        assert judged(pixels // 20, diameter_px) is RejectionReason.BLACK, path
