"""A stage that pans over one rendered smear."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edge.cameras.simulated_slide import SimulatedSlide, SimulatedSlideSettings, Stage
from edge.frame import Frame
from edge.smear.imaging import Imaging
from edge.smear.truth import TrueCell

EXACT = Imaging(shading=0.0, vignetting=0.0, defocus_um=0.0, noise=0.0, jpeg_quality=None)
SETTINGS = SimulatedSlideSettings(
    width_px=240, height_px=180, glass_um=(160.0, 110.0), frames_per_s=None, imaging=EXACT, stage=Stage(2, 3)
)


def shown(settings: SimulatedSlideSettings, number: int) -> tuple[list[Frame], list[tuple[TrueCell, ...]]]:
    with SimulatedSlide(settings) as slide:
        return [slide.read() for _ in range(number)], [slide.truth(sequence) for sequence in range(number)]


@pytest.fixture(scope="module")
def panned() -> tuple[list[Frame], list[tuple[TrueCell, ...]]]:
    return shown(SETTINGS, 12)


def shift_px(before: tuple[TrueCell, ...], now: tuple[TrueCell, ...]) -> tuple[int, int] | None:
    """By how much the cells that both frames show have moved; None where they show none together."""
    there = {cell.index: cell for cell in before}
    shifts = {(round(cell.x - there[cell.index].x), round(cell.y - there[cell.index].y)) for cell in now if cell.index in there}
    assert len(shifts) <= 1, "the cells of one slide move together"
    return shifts.pop() if shifts else None


def test_frames_say_that_they_are_simulated(panned: tuple[list[Frame], list[tuple[TrueCell, ...]]]) -> None:
    for frame in panned[0]:
        assert frame.simulated
        assert frame.um_per_px == 0.19
        assert (frame.width_px, frame.height_px) == (240, 180)


def test_the_same_settings_give_the_same_frames(panned: tuple[list[Frame], list[tuple[TrueCell, ...]]]) -> None:
    again, _ = shown(SETTINGS, 12)
    for one, other in zip(panned[0], again, strict=True):
        np.testing.assert_array_equal(one.pixels, other.pixels)
    other_seed, _ = shown(replace(SETTINGS, seed=2), 1)
    assert bool((other_seed[0].pixels != panned[0][0].pixels).any())


def test_a_resting_stage_shows_the_same_field(panned: tuple[list[Frame], list[tuple[TrueCell, ...]]]) -> None:
    frames, truths = panned
    np.testing.assert_array_equal(frames[0].pixels, frames[1].pixels)
    assert shift_px(truths[0], truths[1]) == (0, 0)


def test_neighbouring_frames_on_the_way_overlap(panned: tuple[list[Frame], list[tuple[TrueCell, ...]]]) -> None:
    """The same cells, shifted, in the truth and, but for the blur of the motion, in the pixels."""
    frames, truths = shown(replace(SETTINGS, stage=Stage(1, 3, 0.4)), 4)
    for sequence in (1, 2, 3):
        moved = shift_px(truths[sequence - 1], truths[sequence])
        assert moved is not None
        dx, dy = moved
        assert (dx, dy) == (-24, 0)
        before, now = frames[sequence - 1].pixels[:, -dx:], frames[sequence].pixels[:, :dx]
        unshifted = np.abs(frames[sequence - 1].pixels[:, :dx].astype(int) - now).mean()
        assert np.abs(before.astype(int) - now).mean() < 0.35 * unshifted


def test_what_two_resting_fields_share_is_the_same_pixels() -> None:
    frames, truths = shown(replace(SETTINGS, stage=Stage(1, 0, 0.5)), 2)
    assert shift_px(*truths) == (-120, 0)
    np.testing.assert_array_equal(frames[0].pixels[:, 120:], frames[1].pixels[:, :120])


def test_next_fields_share_nothing_where_the_step_is_above_one() -> None:
    _, truths = shown(replace(SETTINGS, stage=Stage(1, 0)), 9)
    whole = [{cell.index for cell in cells if not cell.border} for cells in truths]
    spots = 3 * 3  # 160 x 110 µm hold three fields of 49 x 37 µm each way
    assert sum(map(len, whole)) == len(set().union(*whole))
    assert len(whole) == spots


def test_after_the_last_field_it_goes_back_the_same_way() -> None:
    frames, _ = shown(replace(SETTINGS, stage=Stage(1, 0)), 18)
    for there, back in zip(range(9), reversed(range(9, 18)), strict=True):
        np.testing.assert_array_equal(frames[there].pixels, frames[back].pixels)


def test_a_moving_stage_blurs(panned: tuple[list[Frame], list[tuple[TrueCell, ...]]]) -> None:
    def sharpness(frame: Frame) -> float:
        return float(np.abs(np.diff(frame.pixels[..., 1].astype(int), axis=1)).mean())

    frames = panned[0]
    assert sharpness(frames[3]) < 0.8 * sharpness(frames[0])


def test_truth_is_of_the_frame(panned: tuple[list[Frame], list[tuple[TrueCell, ...]]]) -> None:
    """A cell's middle is darker in green than the empty glass, in every resting frame."""
    frames, truths = panned
    for sequence in (0, 1, 5, 6):
        green, cells = frames[sequence].pixels[..., 1], truths[sequence]
        assert len(cells) > 5
        for cell in cells:
            x, y = int(np.clip(round(cell.seen_x), 0, 239)), int(np.clip(round(cell.seen_y), 0, 179))
            if cell.visible > 0.9 and not cell.border:
                assert int(green[max(0, y - 1) : y + 2, max(0, x - 1) : x + 2].min()) < 0.97 * int(green.max())


def test_a_slow_reader_of_a_live_slide_gets_the_newest_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr("edge.cameras.simulated_slide.monotonic", lambda: clock[0])
    monkeypatch.setattr("edge.cameras.simulated_slide.sleep", lambda s: clock.__setitem__(0, clock[0] + s))
    with SimulatedSlide(replace(SETTINGS, frames_per_s=10.0)) as slide:
        assert slide.read().sequence == 0
        assert slide.read().sequence == 1  # it waits for it
        assert clock[0] == pytest.approx(100.1)
        clock[0] += 1.05
        frame = slide.read()
        assert frame.sequence == 11
        assert slide.info.live
