"""A camera that repeats its last picture."""

from __future__ import annotations

import numpy as np
import pytest

from edge.frame import Pixels
from edge.optics.freshness import Freshness
from edge.optics.gate import Gate, GateSettings
from edge.optics.verdict import Accepted, Quality, Rejected, RejectionReason, Verdict

QUALITY = Quality(5.0, 0.8, 0.5, 0.0)
FIT = Accepted(QUALITY)


def picture(seed: int) -> Pixels:
    return np.random.default_rng(seed).integers(60, 200, (120, 160, 3), np.uint8)


def reasons(freshness: Freshness, pictures: list[Pixels], period_s: float, verdict: Verdict = FIT) -> list[str]:
    judged = [freshness.judge(pixels, number * period_s, verdict) for number, pixels in enumerate(pictures)]
    return [verdict.reason.value if isinstance(verdict, Rejected) else "" for verdict in judged]


def test_live_pictures_pass() -> None:
    freshness = Freshness()
    assert reasons(freshness, [picture(number) for number in range(30)], 0.2) == [""] * 30
    assert freshness.frozen_s == 0.0


def test_the_tenth_same_picture_is_frozen_once_a_second_has_passed() -> None:
    slow, fast = Freshness(), Freshness()
    assert reasons(slow, [picture(1)] * 12, 0.5) == [""] * 9 + ["frozen"] * 3
    assert slow.frozen_s == pytest.approx(11 * 0.5)
    assert reasons(fast, [picture(1)] * 34, 1 / 32) == [""] * 32 + ["frozen"] * 2


def test_one_other_pixel_anywhere_is_life() -> None:
    """Also one that lies between those compared first."""
    pictures = []
    for number in range(40):
        pixels = picture(1)
        pixels[101, 77, 1] = number
        pictures.append(pixels)
    assert reasons(Freshness(), pictures, 0.5) == [""] * 40


def test_it_lives_again_with_the_next_picture() -> None:
    freshness = Freshness()
    reasons(freshness, [picture(1)] * 30, 0.1)
    assert freshness.frozen_s > 2.0
    assert freshness.judge(picture(2), 3.0, FIT) is FIT
    assert freshness.frozen_s == 0.0


def test_what_the_gate_refused_for_lack_of_light_stays_what_it_is_and_is_no_reason_to_reopen() -> None:
    """A dark sensor's pictures are all the same without being frozen: the lamp may be off for a night."""
    dark = np.zeros((120, 160, 3), np.uint8)
    verdict = Gate(GateSettings()).judge(dark, None)
    freshness = Freshness()
    assert set(reasons(freshness, [dark] * 40, 0.5, verdict)) == {"black"}
    assert freshness.frozen_s == 0.0
    blurred = Rejected(QUALITY, RejectionReason.DEFOCUSED, "turn")
    assert reasons(Freshness(), [picture(1)] * 12, 0.5, blurred)[-1] == "frozen"
    for reason in (RejectionReason.SATURATED, RejectionReason.BLANK):
        assert reasons(Freshness(), [picture(1)] * 12, 0.5, Rejected(QUALITY, reason, ""))[-1] == reason.value


def test_a_frozen_verdict_keeps_what_was_measured_and_says_what_to_do() -> None:
    freshness = Freshness(least_frames=2, least_s=0.0)
    freshness.judge(picture(1), 0.0, FIT)
    verdict = freshness.judge(picture(1), 1.0, FIT)
    assert isinstance(verdict, Rejected)
    assert verdict.reason is RejectionReason.FROZEN
    assert verdict.quality is QUALITY
    assert "plug" in verdict.advice


def test_a_buffer_that_is_filled_again_is_seen_to_change() -> None:
    freshness, buffer = Freshness(least_frames=2, least_s=0.0), picture(1)
    freshness.judge(buffer, 0.0, FIT)
    buffer[:] = picture(2)
    assert freshness.judge(buffer, 1.0, FIT) is FIT


def test_another_size_is_another_picture_and_forgetting_begins_anew() -> None:
    freshness = Freshness(least_frames=2, least_s=0.0)
    assert freshness.judge(picture(1), 0.0, FIT) is FIT
    assert freshness.judge(picture(1)[:100], 1.0, FIT) is FIT
    freshness.forget()
    assert freshness.judge(picture(1)[:100], 2.0, FIT) is FIT
