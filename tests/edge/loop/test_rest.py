"""The engine rests while the stage does, and no longer."""

from __future__ import annotations

import pytest

from edge.counting.cell import CellClass, Method
from edge.session.ledger import FrameState, Ledger
from tests.edge.loop.loop_world import Step, World, played, spots
from tests.edge.played.counting import Shot
from tests.edge.played.steps import UNDO, give, infer, nothing, record


def shown(*shots: Shot) -> list[Step]:
    """Each frame is given, inferred if it is asked for, and recorded."""
    return [step for shot in shots for step in (give(shot), infer, nothing, record)]


def test_a_field_in_the_record_that_rests_is_inferred_once_more_and_then_no_longer() -> None:
    world = played(*shown(*[Shot(1)] * 6))
    assert len(world.engine.begun) == 2
    assert world.books.ledger == Ledger(6, counted=1, duplicate=5)
    counts = [event.count for event in world.seen(FrameState.DUPLICATE)]
    assert all(count is counts[0] for count in counts), "the count that is shown is that of the place"


def test_another_place_is_inferred_and_so_is_the_first_again() -> None:
    world = played(*shown(Shot(1), Shot(1), Shot(1), Shot(2), Shot(1), Shot(1)))
    assert len(world.engine.begun) == 4
    assert spots(world) == [1, 2]


def test_while_focus_improves_the_engine_works() -> None:
    shots = [Shot(1, focus=focus) for focus in (5, 5, 6, 7, 7, 7)]
    assert len(played(*shown(*shots)).engine.begun) == 4


def test_with_another_method_the_field_is_counted_anew() -> None:
    def choose(world: World) -> None:
        world.counter.methods = world.counter.methods | {CellClass.RBC: Method.HOUGH}

    world = played(*shown(Shot(1), Shot(1), Shot(1)), choose, *shown(Shot(1)))
    assert len(world.engine.begun) == 3


def test_an_undone_field_is_shown_for_a_person_to_accept() -> None:
    world = played(*shown(Shot(1), Shot(1), Shot(1)), UNDO, record, *shown(Shot(1)))
    assert len(world.engine.begun) == 3
    assert len(world.seen(None)) == 1


@pytest.mark.parametrize("rests", [True, False])
def test_the_ledger_is_the_same_whether_or_not_it_rests(rests: bool) -> None:
    world = played(*shown(*[Shot(spot) for spot in (1, 1, 1, 2, 2, 1)]), plan={"rests": rests})
    assert world.books.ledger == Ledger(6, counted=2, duplicate=4)
    assert len(world.engine.begun) == (5 if rests else 6)
