from __future__ import annotations

from itertools import pairwise

import pytest

pytest.importorskip("scipy", reason="training needs scipy: pip install hemocam[export]")

from export.training.plateau import Plateau, cosine
from export.training.recipes import Schedule

ELSAFTY = Schedule(kind="plateau", factor=0.1, patience_epochs=4, min_delta=1e-4, stop_after_epochs=10)


def run(schedule: Schedule, losses: list[float]) -> tuple[list[float], int | None]:
    """The scale after each epoch, and the epoch (from 1) that ended it."""
    plateau, scales = Plateau(schedule), []
    for epoch, loss in enumerate(losses, start=1):
        stop = plateau.seen(loss)
        scales.append(plateau.scale)
        if stop:
            return scales, epoch
    return scales, None


def test_elsaftys_rule_by_hand() -> None:
    """Best at epoch 2. Epochs 3 to 6 are four without a fall: a tenth. 7 to 10: a hundredth. 12 is the tenth: the end."""
    scales, end = run(ELSAFTY, [1.0, 0.5, *[0.5] * 20])
    assert scales == pytest.approx([1, 1, 1, 1, 1, 0.1, 0.1, 0.1, 0.1, 0.01, 0.01, 0.01])
    assert end == 12


@pytest.mark.parametrize(("fall", "counts"), [(0.99e-4, False), (1.01e-4, True)])
def test_a_fall_of_less_than_the_least_is_none(fall: float, counts: bool) -> None:
    scales, _ = run(ELSAFTY, [1.0, 1.0, 1.0, 1.0, 1.0 - fall])
    assert (scales[-1] == 1.0) is counts


def test_a_fall_starts_both_counts_anew() -> None:
    _, end = run(ELSAFTY, [1.0, *[1.0] * 9, 0.5, *[0.5] * 9])
    assert end is None
    _, end = run(ELSAFTY, [1.0, *[1.0] * 9, 0.5, *[0.5] * 10])
    assert end == 21


def test_the_slow_fall_of_many_epochs_is_measured_from_the_best_not_from_the_last() -> None:
    scales, _ = run(ELSAFTY, [1.0, 0.99995, 0.99985])
    assert scales == [1, 1, 1]
    slow = [1.0 - 0.00005 * index for index in range(9)]
    assert run(ELSAFTY, slow)[0][-1] == 1.0, "two small falls are one that counts"


def test_other_kinds_never_cut_but_may_stop() -> None:
    assert run(Schedule(), [1.0] * 30) == ([1.0] * 30, None)
    assert run(Schedule(stop_after_epochs=3), [1.0] * 30) == ([1.0] * 4, 4)


def test_a_plateau_goes_on_from_its_state() -> None:
    losses = [1.0, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5]
    whole = Plateau(ELSAFTY)
    for loss in losses:
        whole.seen(loss)
    first, second = Plateau(ELSAFTY), Plateau(ELSAFTY)
    for loss in losses[:4]:
        first.seen(loss)
    second.restore(first.state())
    for loss in losses[4:]:
        second.seen(loss)
    assert second.state() == whole.state()


def test_a_half_cosine_after_a_linear_start() -> None:
    scales = [cosine(step, 1000) for step in range(1000)]
    assert scales[0] == pytest.approx(1 / 30)
    assert max(scales) == pytest.approx(1.0)
    assert scales[515] == pytest.approx(0.505, abs=0.002)
    assert scales[-1] == pytest.approx(0.01, rel=0.01)
    assert all(later < earlier for earlier, later in pairwise(scales[31:]))
