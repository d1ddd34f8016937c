from __future__ import annotations

import numpy as np
import pytest

from edge.frame import Pixels
from edge.optics.stillness import Stillness
from edge.optics.verdict import Accepted, Quality, Rejected, RejectionReason
from tests.edge.counting.rendered import frame_of, scattered

ACCEPTED = Accepted(Quality(6.0, 0.8, 0.2, 0.0))


@pytest.fixture(scope="module")
def glass() -> Pixels:
    return frame_of(scattered(3, 60, (400, 520), 24.0, 1.2), (400, 520), 24.0, seed=3)


def window(glass: Pixels, x: int, y: int = 20) -> Pixels:
    return np.ascontiguousarray(glass[y : y + 300, x : x + 400])


def test_a_slide_that_stands_still_passes_and_one_that_moves_does_not(glass: Pixels) -> None:
    stillness = Stillness(most_diameters=0.15)
    assert stillness.judge(window(glass, 40), ACCEPTED, 24.0) is ACCEPTED, "nothing to compare the first frame with"
    assert stillness.judge(window(glass, 41), ACCEPTED, 24.0) is ACCEPTED
    moved = stillness.judge(window(glass, 60), ACCEPTED, 24.0)
    assert isinstance(moved, Rejected)
    assert moved.reason is RejectionReason.MOVING
    assert stillness.judge(window(glass, 60), ACCEPTED, 24.0) is ACCEPTED, "it rests again"


def test_how_far_is_too_far_goes_by_the_cells(glass: Pixels) -> None:
    for diameter_px, passes in ((24.0, False), (100.0, True)):
        stillness = Stillness(most_diameters=0.15)
        stillness.judge(window(glass, 40), ACCEPTED, diameter_px)
        assert (stillness.judge(window(glass, 48), ACCEPTED, diameter_px) is ACCEPTED) is passes
