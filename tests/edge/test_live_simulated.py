"""The whole program on the simulated slide: keys in, counts out, against the truth."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.cameras.simulated_slide import SimulatedSlideSettings, Stage
from edge.commands.assembly import SessionSettings, session
from edge.counting.cell import CellClass
from edge.counting.counter import CountingSettings
from edge.loop.loop import Loop
from edge.loop.settings import LoopSettings
from edge.optics.gate import GateSettings
from edge.session.events import Status
from edge.smear.slide import SmearRecipe
from edge.tui.app import HemoCamApp
from edge.tui.pictures.scene import PictureKind
from edge.tui.widgets.counts import Counts
from edge.tui.widgets.numerals import tall
from engines.model_names import model_names
from engines.opening import Opened, open_model
from tests.edge.oracle import OneEngine, WatchedSlide, oracle, recorded, true_numbers

APART = SmearRecipe(red_spacing=1.2, stacked=0.0, poikilocytosis=0.0, debris_density=0.0)
GLASS_UM = (560.0, 210.0)
SLIDE = SimulatedSlideSettings(glass_um=GLASS_UM, frames_per_s=None, smear=APART, stage=Stage(rest_frames=2, move_frames=0))
FIELDS = 4


async def until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    """Not by Pilot.pause, which waits a second for a processor that is idle, and the loop leaves it none."""
    for _ in range(int(seconds / 0.02)):
        if condition():
            return
        await asyncio.sleep(0.02)
    pytest.fail("what was waited for did not come")


def opened_session(settings: SimulatedSlideSettings, store: Path, model: Opened | None, *, auto: bool) -> Loop:
    slide = WatchedSlide(settings)
    used = model or oracle(slide, settings.um_per_px)
    # The time is only so that a test that fails does not hang.
    limits = LoopSettings(auto, used.manifest.name, used.engine.runtime, stop_after_fields=FIELDS, stop_after_s=120.0)
    plan = SessionSettings(store, CountingSettings(), limits, GateSettings())
    return session(lambda: slide, OneEngine(used), plan)


def app_on(loop: Loop) -> HemoCamApp:
    return HemoCamApp(["Simulated slide"], lambda _: loop, open_errors=(OSError,), picture=PictureKind.HALF_BLOCKS)


async def counted_by_keys(loop: Loop, key: str) -> Status:
    """Press `key` until the session has its fields, and leave; gives the last status."""
    app = app_on(loop)
    async with app.run_test(size=(160, 48)) as pilot:
        await until(lambda: bool(loop.status.ledger.captured))
        assert loop.status.totals.fields == 0
        await pilot.press(key)
        while key == "a" and loop.status.finish_reason is None:  # a field seen again is not accepted again
            await pilot.press(key)
        await until(lambda: loop.status.finish_reason is not None)
        shown = tall(str(loop.status.totals.cells[CellClass.RBC]))
        counts = pilot.app.screen.query_one(Counts)
        await until(lambda: all(row in counts.render().plain for row in shown))  # type: ignore[union-attr]
        # Until the screen has heard of the end, it asks whether to stop counting.
        await until(lambda: app.screen.check_action("ask", ()) is None)
        await pilot.press("q")
        await until(lambda: app.return_value is not None)
    status = app.return_value
    assert status is not None
    return status


@pytest.mark.parametrize("key", ["t", "a"], ids=["auto", "accept"])
async def test_the_slides_totals_are_the_truth_of_the_fields_counted(key: str, tmp_path: Path) -> None:
    """With a network that knows the answer the rest of the program adds and loses nothing."""
    status = await counted_by_keys(opened_session(SLIDE, tmp_path, None, auto=False), key)
    sequences, cells = recorded(tmp_path)
    assert len(sequences) == status.totals.fields == FIELDS
    assert {kind.value: number for kind, number in status.totals.cells.items()} == cells
    truth = true_numbers(SLIDE, sequences)
    # A white cell's or a platelet's sliver at the border may be too small to be one; a red one's now and then.
    assert cells["rbc"] == pytest.approx(truth["rbc"], rel=0.02)
    assert cells["wbc"] == pytest.approx(truth["wbc"], abs=1)
    assert cells["plt"] == pytest.approx(truth["plt"], abs=2)
    assert status.simulated
    assert status.ledger.captured == sum(
        (status.ledger.counted, status.ledger.duplicate, status.ledger.rejected, status.ledger.dropped, status.ledger.failed)
    )


@pytest.mark.skipif("field" not in model_names(), reason="no model ships yet: engines/models/field is not there")
async def test_the_shipped_model_counts_red_cells_within_a_twentieth(tmp_path: Path) -> None:
    settings = SimulatedSlideSettings(seed=7, glass_um=GLASS_UM, frames_per_s=None, stage=Stage(rest_frames=2, move_frames=0))
    status = await counted_by_keys(opened_session(settings, tmp_path, open_model("field"), auto=False), "t")
    sequences, cells = recorded(tmp_path)
    assert len(sequences) == status.totals.fields == FIELDS
    assert cells["rbc"] == pytest.approx(true_numbers(settings, sequences)["rbc"], rel=0.05)


def test_a_live_slide_that_moves_is_counted_field_by_field(tmp_path: Path) -> None:
    """Frames of a live camera are dropped openly, and those taken on the way refused."""
    stage = Stage(rest_frames=25, move_frames=4)
    settings = SimulatedSlideSettings(glass_um=GLASS_UM, frames_per_s=25.0, smear=APART, stage=stage)
    loop = opened_session(settings, tmp_path, None, auto=True)
    loop.run(lambda event: None)
    sequences, cells = recorded(tmp_path)
    assert len(sequences) == FIELDS
    assert cells["rbc"] == pytest.approx(true_numbers(settings, sequences)["rbc"], rel=0.03)
    ledger = loop.status.ledger
    assert ledger.captured >= max(sequences) + 1
    assert ledger.counted == FIELDS
