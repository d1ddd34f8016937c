from __future__ import annotations

import logging
from functools import lru_cache
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.frame import Pixels
from edge.slide.coverage import Coverage, Overlap
from edge.slide.shift import Shift
from edge.slide.thumbnail import Field

DATA = Path(__file__).parents[4] / "shared" / "data"
NOTHING = Overlap(0.0, None)


@lru_cache(maxsize=16)
def slide(seed: int, cells: int = 700) -> Pixels:
    """1920x1440 with cells of 39 px, no two alike."""
    rng = np.random.default_rng(seed)
    canvas = np.full((1440, 1920), 200, np.float32)
    for _ in range(cells):
        box = (rng.uniform((0, 0), (1920, 1440)), rng.normal(39, 4, 2), rng.uniform(0, 180))
        cv2.ellipse(canvas, box, float(rng.uniform(110, 160)), -1, cv2.LINE_AA)
    return np.dstack([cv2.GaussianBlur(canvas, (0, 0), 1.5)] * 3).astype(np.uint8)


SLIDE = slide(0)


def view(x: int, y: int, of: Pixels = SLIDE, *, exposure: float = 1.0, blur_px: float = 0.0, noise: float = 3.0) -> Pixels:
    pixels = of[y : y + 480, x : x + 640].astype(np.float32) * exposure
    if blur_px:
        pixels = np.asarray(cv2.GaussianBlur(pixels, (0, 0), blur_px))
    rng = np.random.default_rng(x * 7919 + y)
    return np.clip(pixels + rng.normal(0, noise, pixels.shape), 0, 255).astype(np.uint8)


def test_the_same_field_is_covered_whatever_the_exposure() -> None:
    coverage = Coverage()
    coverage.add(view(600, 400))
    again = coverage.overlap(view(600, 400, exposure=0.6, blur_px=1.5, noise=8.0))
    assert again.field == 0
    assert again.fraction > 0.98


def test_only_the_place_that_was_asked_about_last_is_still() -> None:
    coverage = Coverage()
    assert not coverage.still(view(600, 400)), "nothing was asked about"
    coverage.add(view(600, 400))
    coverage.overlap(view(600, 400, noise=4.0))
    assert coverage.still(view(600, 400, exposure=0.95, noise=8.0))
    assert not coverage.still(view(612, 400))
    coverage.overlap(view(1200, 700))
    assert coverage.still(view(1200, 700, noise=8.0)), "also a place that is not in the record"
    assert not coverage.still(view(600, 400))


@settings(max_examples=25, deadline=None)
@given(dx=st.integers(-450, 450), dy=st.integers(-330, 330))
def test_the_fraction_is_that_of_the_shared_area(dx: int, dy: int) -> None:
    shared = (1 - abs(dx) / 640) * (1 - abs(dy) / 480)
    coverage = Coverage()
    coverage.add(view(640, 480))
    seen = coverage.overlap(view(640 + dx, 480 + dy, exposure=0.8, blur_px=1.0))
    if shared > 0.2:
        assert seen.field == 0
    if seen.field is not None:
        assert seen.fraction == pytest.approx(shared, abs=0.02)
    else:
        assert seen == NOTHING


def test_other_fields_and_other_slides_share_nothing() -> None:
    coverage = Coverage()
    coverage.add(view(0, 0))
    coverage.add(view(640, 480))
    assert coverage.overlap(view(1280, 0)) == NOTHING
    assert coverage.overlap(view(0, 0, of=slide(1))) == NOTHING


def test_several_fields_cover_together_and_the_largest_is_named() -> None:
    coverage = Coverage()
    coverage.add(view(0, 0, of=slide(2)))
    coverage.add(view(400, 480))
    coverage.add(view(960, 480))
    coverage.add(view(400, 480))
    seen = coverage.overlap(view(640, 480))
    assert seen.fraction == pytest.approx(1.0, abs=0.02)  # 0.625 and 0.5, 0.125 of them twice; the second 0.625 adds nothing
    assert seen.field == 1


def test_a_field_without_cells_matches_nothing_but_takes_a_number() -> None:
    empty = np.full_like(SLIDE, 200)
    coverage = Coverage()
    coverage.add(view(0, 0, of=empty, noise=8.0))
    coverage.add(view(0, 0))
    assert coverage.overlap(view(0, 0, of=empty, noise=8.0)) == NOTHING
    assert coverage.overlap(view(0, 0)).field == 1


def test_dust_and_shade_that_stay_do_not_make_fields_alike() -> None:
    shade = np.linspace(0.6, 1.0, 640)[None, :, None]
    dust = np.ones((480, 640, 1))
    cv2.circle(dust, (300, 200), 12, 0.5, -1)
    coverage = Coverage()
    coverage.add((view(0, 0) * shade * dust).astype(np.uint8))
    assert coverage.overlap((view(1280, 900) * shade * dust).astype(np.uint8)) == NOTHING


def test_few_cells_on_few_cells_prove_nothing() -> None:
    fields = [view(0, 0, of=slide(seed, cells=30)) for seed in range(12)]
    matches = 0
    for first, second in combinations(fields, 2):
        coverage = Coverage()
        coverage.add(first)
        matches += coverage.overlap(second) != NOTHING
    assert matches <= 1


def test_clear_begins_a_new_slide() -> None:
    coverage = Coverage()
    coverage.add(view(0, 0))
    coverage.clear()
    assert coverage.overlap(view(0, 0)) == NOTHING
    coverage.add(view(640, 480))
    assert coverage.overlap(view(640, 480)).field == 0


def test_memory_is_bounded_and_forgetting_is_said(caplog: pytest.LogCaptureFixture) -> None:
    coverage = Coverage(most_fields=2)
    places = [(0, 0), (640, 0), (1280, 0), (0, 480)]
    with caplog.at_level(logging.WARNING):
        for place in places:
            coverage.add(view(*place))
    assert [coverage.overlap(view(*place)).field for place in places] == [None, None, 2, 3]
    assert caplog.text.count("more than 2 fields") == 1


def test_frames_of_another_size_are_not_compared() -> None:
    coverage = Coverage()
    coverage.add(view(0, 0))
    assert coverage.overlap(np.ascontiguousarray(view(0, 0)[::2, ::2])) == NOTHING


def test_a_large_frame_is_recognised() -> None:
    large = np.asarray(cv2.resize(SLIDE, (3840, 2880)))
    coverage = Coverage()
    coverage.add(large[:1944, :2592])
    seen = coverage.overlap(large[500:2444, 800:3392])
    assert seen.fraction == pytest.approx((1 - 800 / 2592) * (1 - 500 / 1944), abs=0.02)


def windows(picture: Pixels, share: float) -> tuple[Pixels, Pixels]:
    """Two windows of half the picture's width that share `share` of their area, side by side; the second re-exposed."""
    width = picture.shape[1] // 2
    height, step = width * 3 // 4, round(width * (1 - share))
    first, second = (
        cv2.resize(picture[9 : 9 + height, x : x + width], (640, 480), interpolation=cv2.INTER_AREA) for x in (0, step)
    )
    return np.asarray(first), np.asarray(cv2.GaussianBlur(cv2.convertScaleAbs(second, alpha=0.8), (0, 0), 1.0))


def test_real_windows_are_recognised_and_real_fields_are_not_confused() -> None:
    folder = DATA / "allidb1" / "images"
    if not folder.is_dir():
        pytest.skip(f"the frames in {folder} are not on this machine")
    pictures = [cv2.imread(str(folder / f"{name}.jpg")) for name in ("Im001_1", "Im003_1", "Im045_0", "Im006_1", "Im065_0")]
    pictures = [picture for picture in pictures if picture is not None]
    pairs = [windows(picture, 0.25) for picture in pictures]
    found = 0
    for first, second in pairs:
        coverage = Coverage()
        coverage.add(first)
        found += coverage.overlap(second).fraction == pytest.approx(0.25, abs=0.02)
    assert found >= len(pairs) - 1
    for (first, _), (other, _) in combinations(pairs, 2):
        coverage = Coverage()
        coverage.add(first)
        assert coverage.overlap(other) == NOTHING


def test_a_field_that_was_removed_is_new_again_and_its_number_is_gone() -> None:
    coverage = Coverage()
    numbers = [coverage.add(view(x, 0)) for x in (0, 640, 1280)]
    assert numbers == [0, 1, 2]
    assert coverage.overlap(view(640, 0)).field == 1
    coverage.remove(1)
    assert coverage.overlap(view(640, 0)) == NOTHING  # also right after it was asked for
    assert coverage.overlap(view(1280, 0)).field == 2
    assert coverage.add(view(640, 0)) == 3
    coverage.remove(1)
    assert coverage.overlap(view(640, 0)).field == 3


def test_what_was_just_added_is_known_at_once() -> None:
    coverage = Coverage()
    coverage.add(view(0, 0))
    assert coverage.overlap(view(640, 480)) == NOTHING
    coverage.add(view(640, 480))
    assert coverage.overlap(view(640, 480)).field == 1


def test_a_stage_that_creeps_is_followed() -> None:
    """Each picture is like the one before; the answer is for the one at hand."""
    coverage = Coverage()
    coverage.add(view(400, 400))
    for x in (*range(400, 440, 2), *range(440, 1000, 40)):
        seen = coverage.overlap(view(x, 400, noise=1.0))
        assert seen.fraction == pytest.approx(max(0.0, 1 - (x - 400) / 640), abs=0.03) or seen.fraction == 0.0
        if x < 850:
            assert seen.field == 0


def test_views_bring_back_the_fields_of_another_run() -> None:
    before, after = Coverage(), Coverage()
    places = [(0, 0), (640, 0), (300, 900)]
    views = [before.view(view(*place)) for place in places]
    for place in places:
        before.add(view(*place))
    assert max(map(len, views)) < 40_000
    assert after.restore(views) == [0, 1, 2]
    for x, y in [*places, (320, 0), (640, 480)]:
        assert after.overlap(view(x, y, exposure=0.9)) == before.overlap(view(x, y, exposure=0.9))
    assert after.add(view(1280, 900)) == 3


@pytest.mark.parametrize("damage", [b"", b"not a picture", None, "cut"], ids=["empty", "text", "zeros", "cut"])
def test_a_view_that_cannot_be_read_takes_a_number_and_is_told(
    damage: bytes | str | None, caplog: pytest.LogCaptureFixture
) -> None:
    whole = Coverage().view(view(0, 0))
    bad = {None: whole[:60] + bytes(len(whole) - 60), "cut": whole[:50]}.get(damage, damage)  # type: ignore[call-overload]
    coverage = Coverage()
    with caplog.at_level(logging.WARNING):
        assert coverage.restore([bad, Coverage().view(view(640, 480))]) == [0, 1]
    assert "field 0" in caplog.text
    assert coverage.overlap(view(640, 480)).field == 1


def test_among_many_fields_the_right_ones_are_compared() -> None:
    coverage = Coverage()
    for seed in range(6):
        there = slide(100 + seed)
        for x, y in [(x, y) for x in (0, 640, 1280) for y in (0, 480, 960)]:
            coverage.add(view(x, y, of=there))
    number = coverage.add(view(600, 400))
    for seed in range(2):
        there = slide(200 + seed)
        for x, y in [(x, y) for x in (0, 640, 1280) for y in (0, 480, 960)]:
            coverage.add(view(x, y, of=there))
    found = [coverage.overlap(view(600 + dx, 400 + dy, exposure=0.8, blur_px=1.0)).field for dx, dy in SIXTHS]
    assert found.count(number) >= len(SIXTHS) - 1
    assert coverage.overlap(view(0, 0, of=slide(300))) == NOTHING


SIXTHS = [(dx, dy) for dx in (-440, 0, 440) for dy in (-300, 0, 300) if (640 - abs(dx)) * (480 - abs(dy)) > 640 * 480 / 6]


def test_a_known_field_is_found_at_once_and_a_new_one_is_compared_with_all(monkeypatch: pytest.MonkeyPatch) -> None:
    from edge.slide import coverage as module

    compared = 0
    shift_of = module.shift_of

    def noted(field: Field, seen: Field) -> Shift | None:
        nonlocal compared
        compared += 1
        return shift_of(field, seen)

    monkeypatch.setattr(module, "shift_of", noted)
    coverage = Coverage()
    for seed in range(4):
        for x, y in [(x, y) for x in (0, 640, 1280) for y in (0, 480, 960)]:
            coverage.add(view(x, y, of=slide(seed)))
    assert coverage.overlap(view(300, 200, of=slide(9))) == NOTHING
    assert compared == 36
    compared = 0
    coverage.overlap(view(300, 200, of=slide(9), noise=2.0))  # the stage rests
    assert compared == 0
    assert coverage.overlap(view(640, 480, of=slide(1), noise=2.0)).fraction > 0.9
    assert compared == 1
