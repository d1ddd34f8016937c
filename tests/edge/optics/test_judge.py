"""Which of the three has the word."""

from __future__ import annotations

import numpy as np

from edge.frame import Frame
from edge.optics.freshness import Freshness
from edge.optics.gate import Gate, GateSettings
from edge.optics.judge import FROZEN_S, Judge
from edge.optics.stillness import Stillness
from edge.optics.verdict import Accepted, Rejected, RejectionReason
from tests.edge.fields import SHAPE, pixels_of
from tests.edge.loop.loop_world import World
from tests.edge.played.steps import READY, nothing, spot

BLACK = np.zeros((*SHAPE, 3), np.uint8)


def reasons(judge: Judge, *frames: Frame) -> list[RejectionReason | None]:
    verdicts = [judge.verdict(frame, 20.0) for frame in frames]
    return [verdict.reason if isinstance(verdict, Rejected) else None for verdict in verdicts]


def frames(*pixels: np.ndarray, every_s: float = 0.1) -> list[Frame]:
    return [Frame(one, n, "test", monotonic_s=n * every_s) for n, one in enumerate(pixels)]


def test_stills_are_judged_by_the_gate_alone() -> None:
    judge = Judge(Gate(GateSettings()), None, None)
    assert reasons(judge, *frames(*[pixels_of(1)] * 30, BLACK, pixels_of(2))) == [None] * 30 + [RejectionReason.BLACK, None]
    assert not judge.frozen


def test_a_frozen_picture_is_told_from_a_moving_and_from_a_black_one() -> None:
    judge = Judge(Gate(GateSettings()), Freshness(), Stillness())
    found = reasons(judge, *frames(*[pixels_of(1)] * 12, pixels_of(2), *[BLACK] * 30))
    assert found == [None] * 10 + [RejectionReason.FROZEN] * 2 + [RejectionReason.MOVING] + [RejectionReason.BLACK] * 30


def test_a_picture_that_stays_frozen_calls_for_another_opening_once_in_a_while() -> None:
    judge = Judge(Gate(GateSettings()), Freshness(), None)
    frozen = []
    for frame in frames(*[pixels_of(1)] * 230):
        judge.verdict(frame, 20.0)
        frozen.append(judge.frozen)
        if judge.frozen:
            judge.forget()
    assert [n for n, one in enumerate(frozen) if one] == [round(10 * FROZEN_S), round(20 * FROZEN_S) + 1]


def test_the_loop_has_a_frozen_camera_opened_again() -> None:
    world = World([*READY, *spot(1), nothing, *spot(2), nothing, *spot(3)])

    class Frozen:
        """Stands for Freshness."""

        frozen_s = 0.0
        forgot = 0

        def judge(self, pixels: object, monotonic_s: float, verdict: Accepted) -> Accepted:
            self.frozen_s = 11.0 if world.camera.sequence == 2 else 0.0
            return verdict

        def forget(self) -> None:
            self.frozen_s, self.forgot = 0.0, self.forgot + 1

    frozen = Frozen()
    world.loop._judge._freshness = frozen  # type: ignore[assignment]
    world.run()
    assert world.camera.reopened == ["its picture is frozen"]
    assert "recovering" in world.states()
    assert frozen.forgot == 3  # at each opening, and when it was frozen
