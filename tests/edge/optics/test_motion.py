from __future__ import annotations

from math import inf

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.frame import Pixels
from edge.optics.motion import MotionMeter


def slide(seed: int = 0, cells: int = 300) -> Pixels:
    rng = np.random.default_rng(seed)
    canvas = np.full((960, 1280), 200, np.float32)
    for x, y in zip(rng.uniform(0, 1280, cells), rng.uniform(0, 960, cells), strict=True):
        cv2.circle(canvas, (round(x), round(y)), 19, 130, -1, cv2.LINE_AA)
    return np.dstack([cv2.GaussianBlur(canvas, (0, 0), 1.5)] * 3).astype(np.uint8)


SLIDE = slide()


def view(x: int, y: int, of: Pixels = SLIDE, noise: float = 3.0) -> Pixels:
    rng = np.random.default_rng(x * 1000 + y)
    return np.clip(of[y : y + 480, x : x + 640] + rng.normal(0, noise, (480, 640, 3)), 0, 255).astype(np.uint8)


@settings(max_examples=20, deadline=None)
@given(dx=st.integers(-150, 150), dy=st.integers(-100, 100))
def test_a_shift_is_measured_in_frame_pixels(dx: int, dy: int) -> None:
    meter = MotionMeter()
    meter.measure(view(300, 200))
    motion = meter.measure(view(300 - dx, 200 - dy))
    assert motion is not None
    assert (motion.dx_px, motion.dy_px) == pytest.approx((dx, dy), abs=1.5)
    assert motion.distance_px == pytest.approx(np.hypot(dx, dy), abs=2)


def test_standing_still_is_no_distance() -> None:
    meter = MotionMeter()
    meter.measure(view(300, 200, noise=8.0))
    motion = meter.measure(np.roll(view(300, 200, noise=8.0), 1, axis=2))
    assert motion is not None
    assert motion.distance_px < 0.5


def test_another_field_is_infinitely_far() -> None:
    meter = MotionMeter()
    meter.measure(view(0, 0))
    motion = meter.measure(view(640, 480))
    assert motion is not None
    assert motion.distance_px == inf


def test_moving_on_to_an_empty_place_is_a_movement() -> None:
    meter = MotionMeter()
    meter.measure(view(0, 0))
    motion = meter.measure(view(5, 5, of=np.full_like(SLIDE, 200)))
    assert motion is not None
    assert motion.distance_px == inf


def test_nothing_to_compare_is_none() -> None:
    meter = MotionMeter()
    assert meter.measure(view(0, 0)) is None
    assert meter.measure(view(0, 0)[:240]) is None
    empty = np.full_like(SLIDE, 200)
    meter.measure(view(0, 0, of=empty, noise=8.0))
    assert meter.measure(view(9, 9, of=empty, noise=8.0)) is None


def test_uneven_light_does_not_hold_the_picture() -> None:
    shade = np.linspace(0.6, 1.0, 640)[None, :, None]
    meter = MotionMeter()
    meter.measure((view(300, 200) * shade).astype(np.uint8))
    motion = meter.measure((view(340, 200) * shade).astype(np.uint8))
    assert motion is not None
    assert motion.dx_px == pytest.approx(-40, abs=2)
