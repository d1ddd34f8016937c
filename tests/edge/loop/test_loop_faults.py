"""Whatever fails, and whenever: each frame ends once, and the screen says what the record says."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.record.news import Resumed
from edge.session.events import DiskLevel
from edge.session.ledger import Ledger
from edge.session.wishes import AddNote, NewSlide, Request
from tests.edge.loop.loop_world import Row, Shot, Step, World
from tests.edge.played import steps

GOOD = st.builds(Shot, spot=st.integers(0, 5)).map(steps.give)
SHOTS = st.one_of(
    st.builds(Shot, st.integers(0, 5), st.booleans(), st.integers(0, 2), st.booleans(), st.booleans()),
    st.none(),
).map(steps.give)
WISHES = st.sampled_from(
    [
        *(request for request in Request if request is not Request.STOP), Request.ACCEPT_FIELD, Request.UNDO_FIELD,
        NewSlide(), NewSlide("S-2"), AddNote("a fold"),
    ]
).map(steps.ask)  # fmt: skip
WORK = st.sampled_from([steps.infer, steps.infer, steps.record, steps.engine, steps.opened, steps.nothing, steps.second])
FAULTS = st.sampled_from(
    [
        steps.miss, steps.repair, steps.passed_over, steps.loses, steps.waits, steps.clock,
        lambda world: world.camera.lose() if world.live else None, *(steps.disk(level) for level in DiskLevel),
    ]
)  # fmt: skip
LAST = st.sampled_from(
    [
        steps.ask(Request.STOP), steps.gone, steps.fails, steps.unplugged, steps.ends, lambda world: world.loop.close(),
    ]
)  # fmt: skip
STEPS = st.lists(st.one_of(GOOD, GOOD, SHOTS, WORK, WORK, WISHES, FAULTS), min_size=8, max_size=60)
BEGIN = st.sampled_from([[], steps.READY, [steps.engine, steps.give(Shot(1)), steps.opened]])
PLANS = st.fixed_dictionaries(
    {},
    optional={
        "stop_after_fields": st.integers(1, 4),
        "interval_s": st.sampled_from([0.0, 0.05]),
        "stop_after_s": st.sampled_from([0.0, 0.3]),
    },
)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    begin=BEGIN, script=STEPS, last=st.lists(LAST, max_size=1), more=STEPS, live=st.booleans(), auto=st.booleans(), plan=PLANS
)
def test_every_frame_ends_once_and_the_record_is_what_the_screen_says(
    begin: list[Step], script: list[Step], last: list[Step], more: list[Step], live: bool, auto: bool, plan: dict[str, object]
) -> None:
    World([*begin, *script, *last, *more], live=live, auto=auto, plan=dict(plan)).run()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(script=STEPS, fields=st.integers(0, 3), other=st.integers(0, 5))
def test_a_resumed_session_goes_on_with_its_books(script: list[Step], fields: int, other: int) -> None:
    ledger = Ledger(fields + other, counted=fields, dropped=other)
    resumed = Resumed(ledger, {}, tuple(bytes([spot]) if spot else None for spot in range(fields)))
    world = World(script, resumed=resumed, rows=[Row(0, 1, spot) for spot in range(fields)])
    world.run()
    assert world.books.ledger.captured >= ledger.captured
