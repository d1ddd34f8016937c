"""From pixels to cells with a network that knows the answer."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.counting.border import touches_border
from edge.counting.cell import CellClass, Method
from edge.counting.counter import LOOKS, RED_CELL_UM, CountingSettings, FieldCounter, Seen
from edge.counting.errors import MethodUnavailable, ScaleContradicted, ScaleUnknown
from edge.counting.field_count import BorderRule, FieldCount, Scale, ScaleSource
from edge.counting.marks import Reason
from edge.counting.seen import Inferred
from edge.frame import Pixels
from engines.contract import Engine, InferenceFailed, Tensor
from tests.edge.counting.rendered import frame_of, scattered
from tests.edge.drawn import CHANNELS, MODEL_DIAMETER_PX, SIZED, Disc, drawn_logits, knowing, opened, red

FEW = settings(max_examples=8, deadline=None)
GREY: Pixels = frame_of([], (240, 320), 20.0)


def counter_of(
    discs: list[Disc], plan: CountingSettings, width_px: int = 320, channels: tuple[str, ...] = CHANNELS
) -> FieldCounter:
    model = opened(knowing(discs, width_px, channels), channels)
    return FieldCounter(model.engine, model.manifest, plan)


def field(seed: int, number: int, diameter_px: float, shape: tuple[int, int] = (240, 320)) -> tuple[list[Disc], Pixels]:
    centres = scattered(seed, number, shape, diameter_px, 1.25)
    return red(centres, diameter_px), frame_of(centres, shape, diameter_px, seed=seed)


def nearest_px(count: FieldCount, disc: Disc) -> float:
    return min(float(np.hypot(cell.x - disc.x, cell.y - disc.y)) for cell in count.cells if cell.cell_class is disc.kind)


@FEW
@given(seed=st.integers(0, 10_000), number=st.integers(1, 30), diameter_px=st.sampled_from([13.0, 20.0, 27.5, 36.0]))
def test_n_cells_in_are_n_out_at_their_places(seed: int, number: int, diameter_px: float) -> None:
    discs, pixels = field(seed, number, diameter_px)
    count = counter_of(discs, CountingSettings(cell_diameter_px=diameter_px)).count(pixels)
    assert count.counts == {CellClass.RBC: len(discs), CellClass.WBC: 0, CellClass.PLT: 0}
    assert max(nearest_px(count, disc) for disc in discs) < 0.08 * diameter_px
    assert all(cell.diameter_px == pytest.approx(diameter_px, rel=0.08) for cell in count.cells)


def test_every_class_is_counted_as_itself() -> None:
    discs = [
        Disc(CellClass.RBC, 60, 60, 24), Disc(CellClass.RBC, 100, 60, 24), Disc(CellClass.WBC, 200, 120, 36),
        Disc(CellClass.PLT, 60, 180, 8.4), Disc(CellClass.PLT, 120, 180, 8.4), Disc(CellClass.PLT, 250, 40, 8.4),
    ]  # fmt: skip
    count = counter_of(discs, CountingSettings(cell_diameter_px=24.0)).count(GREY)
    assert count.counts == {CellClass.RBC: 2, CellClass.WBC: 1, CellClass.PLT: 3}
    assert all(nearest_px(count, disc) < 1.5 for disc in discs)


def test_a_class_the_model_does_not_see_is_absent() -> None:
    discs, pixels = field(1, 12, 20.0)
    count = counter_of(discs, CountingSettings(cell_diameter_px=20.0), channels=CHANNELS[:3]).count(pixels)
    assert count.counts == {CellClass.RBC: 12}


@pytest.mark.parametrize(
    ("given_px", "um_per_px", "source", "tolerance"),
    [
        (30.0, None, ScaleSource.GIVEN, 0.0),
        (30.0, 0.19, ScaleSource.GIVEN, 0.0),
        (None, 0.25, ScaleSource.CALIBRATED, 0.0),
        (None, None, ScaleSource.ESTIMATED, 0.1),
    ],
    ids=["given", "given before calibrated", "calibrated", "estimated"],
)
def test_where_the_scale_comes_from(
    given_px: float | None, um_per_px: float | None, source: ScaleSource, tolerance: float
) -> None:
    discs, pixels = field(2, 20, 30.0)
    count = counter_of(discs, CountingSettings(cell_diameter_px=given_px)).count(pixels, um_per_px)
    assert count.scale.source is source
    assert count.scale.cell_diameter_px == pytest.approx(30.0, rel=tolerance or 1e-9)
    assert count.counts[CellClass.RBC] == len(discs)
    sizes = [cell.diameter_um for cell in count.cells]
    if um_per_px is None:
        assert sizes == [None] * len(discs)
    else:
        assert sizes == pytest.approx([30.0 * um_per_px] * len(discs), rel=0.08)


@pytest.mark.parametrize("wrong", [0.6, 0.75, 1.5])
def test_a_second_look_corrects_a_wrong_estimate(wrong: float, monkeypatch: pytest.MonkeyPatch) -> None:
    from edge.counting import frame_scale as module

    monkeypatch.setattr(module, "estimate_cell_diameter", lambda _: Scale(24.0 * wrong, 0.1, ScaleSource.ESTIMATED))
    discs, pixels = field(3, 24, 24.0)
    count = counter_of(discs, CountingSettings()).count(pixels)
    assert count.scale.source is ScaleSource.MEASURED
    assert count.scale.cell_diameter_px == pytest.approx(24.0, rel=0.05)
    assert count.counts[CellClass.RBC] == len(discs)


def test_a_correction_of_a_live_estimate_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    from edge.counting import frame_scale as module

    monkeypatch.setattr(module, "estimate_cell_diameter", lambda _: Scale(15.0, 0.1, ScaleSource.ESTIMATED))
    discs, pixels = field(3, 24, 24.0)
    runs: list[int] = []
    knows = knowing(discs, 320)

    def answer(tensor: Tensor) -> Tensor:
        runs.append(1)
        return knows(tensor)

    model = opened(answer)
    counter = FieldCounter(model.engine, model.manifest, CountingSettings(live_frames=5))
    first, second = counter.count(pixels), counter.count(pixels)
    assert len(runs) == 3  # twice for the first frame, once for the next
    assert first.scale.cell_diameter_px == pytest.approx(24.0, rel=0.05)
    assert second.scale.cell_diameter_px == pytest.approx(24.0, rel=0.05)


def estimating(monkeypatch: pytest.MonkeyPatch, diameter_px: float) -> None:
    from edge.counting import frame_scale as module

    monkeypatch.setattr(module, "estimate_cell_diameter", lambda _: Scale(diameter_px, 0.1, ScaleSource.ESTIMATED))


@pytest.mark.parametrize("wrong", [0.36, 0.6, 1.05, 1.5, 2.7])
def test_a_network_that_says_sizes_finds_the_scale_from_far_off(wrong: float, monkeypatch: pytest.MonkeyPatch) -> None:
    estimating(monkeypatch, 24.0 * wrong)
    discs, pixels = field(3, 24, 24.0)
    count = counter_of(discs, CountingSettings(), channels=SIZED).count(pixels)
    assert count.scale.cell_diameter_px == pytest.approx(24.0, rel=0.03)
    assert count.counts[CellClass.RBC] == len(discs)
    assert max(nearest_px(count, disc) for disc in discs) < 2.0


def test_a_scale_that_never_settles_is_counted_at_last_and_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    estimating(monkeypatch, 24.0)
    discs, pixels = field(3, 24, 24.0)
    knows = knowing(discs, 320, SIZED)
    runs: list[int] = []

    def answer(tensor: Tensor) -> Tensor:
        runs.append(1)
        logits = knows(tensor)
        logits[:, SIZED.index("rbc_size")] = 0.323  # each time the cells are as much too large
        return logits

    model = opened(answer, SIZED)
    count = FieldCounter(model.engine, model.manifest, CountingSettings()).count(pixels)
    assert len(runs) == LOOKS
    assert Reason.SCALE in {mark.reason for mark in count.marks}


@pytest.mark.parametrize("plan", [CountingSettings(cell_diameter_px=48.0), CountingSettings()], ids=["px", "um"])
def test_a_scale_that_the_picture_contradicts_is_refused_with_both_figures(plan: CountingSettings) -> None:
    discs, pixels = field(3, 24, 24.0)
    um_per_px = None if plan.cell_diameter_px else RED_CELL_UM / 48.0
    with pytest.raises(ScaleContradicted, match=r"48 px.*24 px.*--insist-on-scale"):
        counter_of(discs, plan, channels=SIZED).count(pixels, um_per_px)
    insists = replace(plan, insist_on_scale=True)
    count = counter_of(discs, insists, channels=SIZED).count(pixels, um_per_px)
    assert count.scale.cell_diameter_px == pytest.approx(48.0)
    assert Reason.SCALE in {mark.reason for mark in count.marks}


def test_a_scale_that_is_a_little_off_is_marked_alone() -> None:
    discs, pixels = field(3, 24, 24.0)
    counts = [
        counter_of(discs, CountingSettings(cell_diameter_px=24.0 * off), channels=SIZED).count(pixels) for off in (1.1, 1.22)
    ]
    assert [[mark.reason for mark in count.marks if mark.reason is Reason.SCALE] for count in counts] == [[], [Reason.SCALE]]


def test_the_counting_frame_stands_beside_every_rule() -> None:
    discs, pixels = field(3, 24, 24.0)
    counts = [counter_of(discs, CountingSettings(border_rule=rule, cell_diameter_px=24.0)).count(pixels) for rule in BorderRule]
    framed = {count.border_rule: count.in_frame[CellClass.RBC] for count in counts}
    assert len(set(framed.values())) == 1
    two_edge = next(count for count in counts if count.border_rule is BorderRule.TWO_EDGE)
    assert two_edge.counts[CellClass.RBC] == framed[BorderRule.TWO_EDGE] <= len(discs)
    assert two_edge.frame_area_px == (320 - 24.0) * (240 - 24.0)
    area_mm2 = two_edge.frame_area_px * 1e-6 * 0.25
    assert two_edge.per_mm2(0.5)[CellClass.RBC] == pytest.approx(framed[BorderRule.ALL] / area_mm2)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_a_failure_and_no_empty_field(value: float) -> None:
    def answer(tensor: Tensor) -> Tensor:
        logits = drawn_logits([], tensor.shape, 1.0)
        logits[0, 0, 5, 5] = value
        return logits

    model = opened(answer)
    with pytest.raises(InferenceFailed, match="not finite"):
        FieldCounter(model.engine, model.manifest, CountingSettings(cell_diameter_px=20.0)).count(GREY)


def test_an_output_of_another_shape_is_a_failure() -> None:
    model = opened(lambda tensor: np.zeros((1, 3, *tensor.shape[1:3]), np.float32))
    with pytest.raises(InferenceFailed, match="ask for"):
        FieldCounter(model.engine, model.manifest, CountingSettings(cell_diameter_px=20.0)).count(GREY)


@pytest.mark.parametrize("noise", [0.0, 3.0])
@pytest.mark.parametrize("level", [0, 210])
def test_empty_glass_counts_nothing_and_is_no_error(noise: float, level: int) -> None:
    """A black frame too: to refuse it is the gate's business, not the counter's."""
    rng = np.random.default_rng(4)
    pixels = np.clip(level + rng.normal(0.0, 1.0, (240, 320, 3)) * noise, 0, 255).astype(np.uint8)
    count = counter_of([], CountingSettings()).count(pixels)
    assert count.counts == {CellClass.RBC: 0, CellClass.WBC: 0, CellClass.PLT: 0}
    assert count.scale.source is ScaleSource.ASSUMED
    assert count.disagreement == dict.fromkeys(CellClass, 0.0)


def test_cells_that_cannot_be_measured_have_no_count() -> None:
    with pytest.raises(ScaleUnknown, match="cell-diameter-px"):
        counter_of([Disc(CellClass.RBC, 100, 100, 20)], CountingSettings()).count(GREY)


@pytest.mark.parametrize("cell_diameter_px", [0.05, 100_000.0])
def test_an_absurd_scale_says_what_to_check(cell_diameter_px: float) -> None:
    with pytest.raises(ScaleUnknown, match="--cell-diameter-px"):
        counter_of([], CountingSettings(cell_diameter_px=cell_diameter_px)).count(GREY)


def test_border_rules() -> None:
    whole = [Disc(CellClass.RBC, 160, 120, 24)]
    sides = {
        "left": Disc(CellClass.RBC, 2, 120, 24), "top": Disc(CellClass.RBC, 160, 2, 24),
        "right": Disc(CellClass.RBC, 317, 60, 24), "bottom": Disc(CellClass.RBC, 60, 237, 24),
    }  # fmt: skip
    discs = [*whole, *sides.values()]
    counts = {
        rule: counter_of(discs, CountingSettings(border_rule=rule, cell_diameter_px=24.0)).count(GREY) for rule in BorderRule
    }
    assert len(counts[BorderRule.ALL].cells) == 5
    assert sum(cell.border for cell in counts[BorderRule.ALL].cells) == 4
    assert [(round(cell.x), round(cell.y)) for cell in counts[BorderRule.CENTRE_INSIDE].cells] == [(160, 120)]
    assert len(counts[BorderRule.TWO_EDGE].cells) == 3
    for side, is_counted in (("left", True), ("top", True), ("right", False), ("bottom", False)):
        assert (nearest_px(counts[BorderRule.TWO_EDGE], sides[side]) < 6.0) is is_counted, side


def test_the_border_of_the_frame_is_told_apart_from_its_padding() -> None:
    """At a zoom whose size is no multiple of 16, a cell at the right border still is cut by it, and its middle in place."""
    discs = [Disc(CellClass.RBC, 326, 100, 24), Disc(CellClass.RBC, 100, 100, 24)]
    pixels = frame_of([(disc.x, disc.y) for disc in discs], (243, 331), 24.0)
    count = counter_of(discs, CountingSettings(cell_diameter_px=24.0), 331).count(pixels)
    assert [cell.border for cell in sorted(count.cells, key=lambda cell: cell.x)] == [False, True]
    assert max(cell.outline[:, 0].max() for cell in count.cells) <= 331


def test_the_same_frame_gives_the_same_cells_in_reading_order() -> None:
    discs, pixels = field(7, 25, 20.0)
    counter = counter_of(discs, CountingSettings(cell_diameter_px=20.0))
    first, second = counter.count(pixels), counter.count(pixels)
    assert [(c.x, c.y, c.area_px, c.confidence) for c in first.cells] == [
        (c.x, c.y, c.area_px, c.confidence) for c in second.cells
    ]
    assert first.by_method == second.by_method
    assert all(round(a.y) <= round(b.y) for a, b in pairwise(first.cells))


def test_compared_adds_all_methods_and_changes_no_cell() -> None:
    discs, pixels = field(8, 20, 20.0)
    counter = counter_of(discs, CountingSettings(cell_diameter_px=20.0))
    seen = counter.see(pixels)
    count = counter.counted(seen)
    assert count.by_method[CellClass.RBC] == {Method.CENTRES: 20}
    compared = counter.compared(seen, count)
    assert compared.cells == count.cells
    assert set(compared.by_method[CellClass.RBC]) == set(Method)
    assert set(compared.by_method[CellClass.PLT]) == set(Method) - {Method.CENTRES}  # it has no centre map
    assert set(compared.by_method[CellClass.RBC].values()) == {20}
    assert set(compared.ms) >= {"scale", "prepare", "infer", "decode", "count", "compare"}


def test_next_method_goes_round_and_holds_from_the_next_field() -> None:
    discs, pixels = field(9, 10, 20.0)
    counter = counter_of(discs, CountingSettings(cell_diameter_px=20.0))
    begun = counter.methods[CellClass.RBC]
    before = counter.count(pixels)
    gone = [counter.next_method(CellClass.RBC) for _ in Method]
    assert set(gone) == set(Method)
    assert gone[-1] is begun
    method = counter.next_method(CellClass.RBC)
    assert counter.count(pixels).methods[CellClass.RBC] is method
    assert before.methods[CellClass.RBC] is begun


def test_the_plan_chooses_the_method() -> None:
    discs, pixels = field(9, 10, 20.0)
    plan = CountingSettings({CellClass.RBC: Method.HOUGH}, cell_diameter_px=20.0)
    assert counter_of(discs, plan).count(pixels).methods == {
        CellClass.RBC: Method.HOUGH, CellClass.WBC: Method.CENTRES, CellClass.PLT: Method.COMPONENTS
    }  # fmt: skip


def test_a_method_without_its_map_says_which_others_there_are() -> None:
    discs, pixels = field(9, 10, 20.0)
    with pytest.raises(MethodUnavailable, match=r"available: .*components"):
        counter_of(discs, CountingSettings({CellClass.PLT: Method.CENTRES}, cell_diameter_px=20.0)).count(pixels)


def inferred_by(counter: FieldCounter, engine: Engine, pixels: Pixels, scale: Scale) -> Inferred:
    return counter.infer(engine, counter.prepared(pixels, scale), scale)


def step_by_step(counter: FieldCounter, engine: Engine, pixels: Pixels) -> tuple[FieldCount, int]:
    """As the loop counts, and how often it had to infer."""
    scale, times = counter.scale(pixels), 0
    while True:
        times += 1
        read = counter.read(inferred_by(counter, engine, pixels, scale))
        if isinstance(read, Seen):
            return counter.compared(read, counter.counted(read)), times
        scale = read


@FEW
@given(seed=st.integers(0, 10_000), wrong=st.sampled_from([0.6, 1.0, 1.4]))
def test_steps_count_what_the_whole_counts(seed: int, wrong: float) -> None:
    from edge.counting import frame_scale as module

    discs, pixels = field(seed, 20, 24.0)
    model = opened(knowing(discs, 320))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "estimate_cell_diameter", lambda _: Scale(24.0 * wrong, 0.1, ScaleSource.ESTIMATED))
        whole = FieldCounter(model.engine, model.manifest, CountingSettings()).count(pixels)
        steps, times = step_by_step(FieldCounter(model.engine, model.manifest, CountingSettings()), model.engine, pixels)
    assert [(c.x, c.y, c.area_px, c.border) for c in steps.cells] == [(c.x, c.y, c.area_px, c.border) for c in whole.cells]
    assert steps.by_method == whole.by_method
    assert steps.scale == whole.scale
    assert times == (1 if wrong == 1.0 else 2)


def test_what_was_inferred_is_not_the_engines_memory() -> None:
    """FakeEngine writes over its output at the next run; the frame before is read only then, as the loop does."""
    discs, pixels = field(5, 18, 20.0)
    model = opened(knowing(discs, 320))
    counter = FieldCounter(model.engine, model.manifest, CountingSettings(cell_diameter_px=20.0))
    inferred = inferred_by(counter, model.engine, pixels, counter.scale(pixels))
    inferred_by(counter, model.engine, GREY, counter.scale(GREY))
    read = counter.read(inferred)
    assert isinstance(read, Seen)
    assert counter.counted(read).counts[CellClass.RBC] == len(discs)


def test_two_frames_on_the_way_correct_the_scale_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second was measured before the first was looked at: both say the same of one wrong estimate."""
    from edge.counting import frame_scale as module

    monkeypatch.setattr(module, "estimate_cell_diameter", lambda _: Scale(15.0, 0.1, ScaleSource.ESTIMATED))
    discs, pixels = field(3, 24, 24.0)
    model = opened(knowing(discs, 320))
    counter = FieldCounter(model.engine, model.manifest, CountingSettings(live_frames=15))
    first, second = (inferred_by(counter, model.engine, pixels, counter.scale(pixels)) for _ in range(2))
    better = counter.read(first), counter.read(second)
    assert [one.source for one in better if isinstance(one, Scale)] == [ScaleSource.MEASURED] * 2
    for _ in range(30):  # also where the estimates, corrected, have taken over from what was measured
        assert counter.scale(pixels).cell_diameter_px == pytest.approx(24.0, rel=0.05)


def test_a_correction_of_no_estimate_corrects_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """A field that had to be taken on an assumption says nothing of how far estimates are off."""
    from edge.counting import frame_scale as module

    def unknown(_: Pixels) -> Scale:
        raise ScaleUnknown("nothing stands out")

    discs, pixels = field(3, 24, 27.0)
    model = opened(knowing(discs, 320))
    counter = FieldCounter(model.engine, model.manifest, CountingSettings(live_frames=15))
    monkeypatch.setattr(module, "estimate_cell_diameter", unknown)
    assert counter.count(pixels).scale.source is ScaleSource.MEASURED
    monkeypatch.setattr(module, "estimate_cell_diameter", lambda _: Scale(27.0, 0.1, ScaleSource.ESTIMATED))
    assert counter.scale(pixels).cell_diameter_px == 27.0


def test_no_method_looks_twice_at_one_field(monkeypatch: pytest.MonkeyPatch) -> None:
    from edge.counting import counter as module

    looked: list[Method] = []
    find = module.find

    def noted(method: Method, *rest: Any) -> Any:
        looked.append(method)
        return find(method, *rest)

    monkeypatch.setattr(module, "find", noted)
    discs, pixels = field(6, 24, 24.0)
    counter_of(discs, CountingSettings()).count(pixels)
    assert len(looked) == 3 * len(Method) - 1  # platelets have no centre map


def test_milliseconds_of_a_count_do_not_change_behind_it() -> None:
    discs, pixels = field(8, 20, 20.0)
    counter = counter_of(discs, CountingSettings(cell_diameter_px=20.0))
    seen = counter.see(pixels)
    count = counter.counted(seen)
    before = dict(count.ms)
    counter.compared(seen, count)  # on another thread, while a screen reads the first
    assert count.ms == before


def test_the_border_is_known_without_drawing() -> None:
    shape = (240, 320)
    discs = [Disc(CellClass.RBC, x, y, 24) for x in (3, 80, 160, 240, 316) for y in (3, 80, 160, 236)]
    pixels = frame_of([(disc.x, disc.y) for disc in discs], shape, 24.0)
    counter = counter_of(discs, CountingSettings(cell_diameter_px=24.0))
    seen = counter.see(pixels)
    for method in Method:
        cells = counter.cells(seen, CellClass.RBC, method)
        assert {cell.border for cell in cells} == {True, False}
        zoom_px = 24.0 / MODEL_DIAMETER_PX  # frame pixels a pixel of the map
        assert [cell.border for cell in cells] == [touches_border(cell.outline, shape, 0.51 * zoom_px) for cell in cells]
