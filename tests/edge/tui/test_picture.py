"""The picture's widget, alone on a screen."""

from __future__ import annotations

import asyncio
from threading import Event as Flag

from rich.style import Style
from textual.app import App, ComposeResult
from textual.strip import Strip

from edge.tui.pictures.half_blocks import HalfBlocks
from edge.tui.pictures.scene import Scene
from edge.tui.widgets.picture import Picture

from . import fake_session as fake

FRAME, CELLS = fake.rendered(0)


class SlowRendering:
    """The first picture takes until `go`; those after it are quick."""

    def __init__(self) -> None:
        self.started, self.go = Flag(), Flag()
        self._made = HalfBlocks()

    def strips(self, scene: Scene, columns: int, rows: int, ground: Style) -> list[Strip]:
        if not self.started.is_set():
            self.started.set()
            assert self.go.wait(5)
        return self._made.strips(scene, columns, rows, ground)


class OnePicture(App[None]):
    def __init__(self, rendering: SlowRendering) -> None:
        super().__init__()
        self.picture = Picture(rendering)

    def compose(self) -> ComposeResult:
        yield self.picture


async def test_picture_that_was_drawn_for_a_size_that_is_no_more_is_drawn_again() -> None:
    rendering = SlowRendering()
    app = OnePicture(rendering)
    async with app.run_test() as pilot:
        await pilot.pause()
        shown = asyncio.create_task(app.picture.show(Scene(FRAME.pixels, CELLS)))
        assert await asyncio.to_thread(rendering.started.wait, 5)
        resized = asyncio.create_task(pilot.resize_terminal(100, 40))
        await asyncio.sleep(0.2)
        rendering.go.set()
        await asyncio.gather(shown, resized)
        await fake.settle(pilot)
        assert app.picture.size == (100, 40)
        assert len(app.picture._strips) == 40
        assert {strip.cell_length for strip in app.picture._strips} == {100}
