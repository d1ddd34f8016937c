"""What keeps the screen cheap: its pace, its line, rows that go out as they are."""

from __future__ import annotations

import os
import pty
import sys
from collections.abc import Iterator
from time import sleep

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from edge.tui.line import line_is_full
from edge.tui.pace import Pace
from edge.tui.pictures.half_blocks import EIGHT_BIT, HalfBlocks
from edge.tui.pictures.painted import PaintedStrip
from edge.tui.pictures.scene import Scene
from edge.tui.widgets.gauge import gauge, sparkline, spread

from . import fake_session as fake
from .ansi import cells_of

FRAME, CELLS = fake.rendered(0)
GROUND = Style(color="#ffffff", bgcolor="#000000")


@given(st.lists(st.floats(0.0, 5.0), min_size=1, max_size=60))
def test_pace_stays_between_its_bounds(costs_s: list[float]) -> None:
    pace = Pace(0.1)
    assert all(0.1 <= pace.after(cost_s) <= 1.0 for cost_s in costs_s)


@given(st.floats(0.0, 0.1), st.floats(0.05, 0.5))
def test_pace_settles_at_its_share_of_a_core(cost_s: float, share: float) -> None:
    pace = Pace(0.1, share)
    for _ in range(40):
        interval_s = pace.after(cost_s)
    assert cost_s / interval_s <= share * 1.001 or interval_s == 1.0
    assert interval_s == pytest.approx(min(1.0, max(0.1, cost_s / share)), rel=1e-3)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[int, int]]:
    master, slave = pty.openpty()
    with open(slave, "w", closefd=False) as stream:
        monkeypatch.setattr(sys, "__stderr__", stream)
        yield master, slave
    os.close(slave)
    os.close(master)


def _written(slave: int) -> int:
    """Bytes until the terminal takes no more."""
    written = 0
    while True:
        try:
            written += os.write(slave, b"x" * 4096)
        except BlockingIOError:
            return written


def test_line_is_full_until_the_terminal_reads(terminal: tuple[int, int]) -> None:
    master, slave = terminal
    assert not line_is_full()
    os.set_blocking(slave, False)
    quiet = 0
    while quiet < 3:  # the kernel moves what was written on from one buffer to the next a little later
        quiet = 0 if _written(slave) else quiet + 1
        sleep(0.02)
    assert line_is_full()
    os.set_blocking(master, False)
    with pytest.raises(BlockingIOError):
        while True:
            os.read(master, 65536)
    assert not line_is_full()


@pytest.mark.parametrize("made", [HalfBlocks(), HalfBlocks(EIGHT_BIT)])
@pytest.mark.parametrize("size", [(40, 17), (60, 15), (7, 9)])
def test_painted_rows_are_what_rich_would_have_drawn(made: HalfBlocks, size: tuple[int, int]) -> None:
    """Character by character with its colours, read back from the escape sequences of both."""
    scene = Scene(FRAME.pixels, CELLS, "SIMULATED", "PAUSED")
    eight_bit = made._steps is EIGHT_BIT
    console = Console(color_system="256" if eight_bit else "truecolor", force_terminal=True)
    for strip in made.strips(scene, *size, GROUND):
        if not isinstance(strip, PaintedStrip):
            continue
        styled = [(segment.text, segment.style) for segment in strip if segment.style]
        by_rich = "".join(style.render(text, color_system=console._color_system) for text, style in styled)
        painted, drawn = cells_of(strip.render(console)), cells_of(by_rich)
        assert len(painted) == size[0]
        if not eight_bit:  # of the marks' colours Rich takes other neighbours among the 256
            assert [cell.seen for cell in painted] == [cell.seen for cell in drawn]
        assert [cell.character for cell in painted] == [cell.character for cell in drawn]


def test_painted_row_is_cut_like_any_other() -> None:
    """By what lies over it, and into a screenshot: Textual reads a strip's segments for both."""
    strip = next(each for each in HalfBlocks().strips(Scene(FRAME.pixels), 40, 15, GROUND) if isinstance(each, PaintedStrip))
    assert strip.crop(0, 40) is strip
    assert strip.crop(3, 11).cell_length == 8
    left, right = strip.divide([13, 40])
    assert (left.cell_length, right.cell_length) == (13, 27)
    assert Strip.join([left, right]).simplify() == Strip(list(strip)).simplify()
    assert strip.text == left.text + right.text


def test_painted_rows_are_equal_where_they_paint_the_same() -> None:
    made = HalfBlocks()
    first, again = (made.strips(Scene(FRAME.pixels, CELLS), 40, 15, GROUND) for _ in range(2))
    assert first == again
    assert PaintedStrip("a", lambda: [Segment("a")], 1) != PaintedStrip("b", lambda: [Segment("a")], 1)


@given(st.lists(st.one_of(st.none(), st.integers(0, 5000)), max_size=90), st.integers(0, 80))
def test_sparkline_has_a_step_a_number(numbers: list[int | None], columns: int) -> None:
    line = sparkline(numbers, columns)
    assert len(line) == min(len(numbers), columns)
    shown = numbers[len(numbers) - len(line) :]
    assert [step == "·" for step in line] == [number is None for number in shown]
    known = [(number, step) for number, step in zip(shown, line, strict=True) if number is not None]
    assert all(a[1] <= b[1] for a in known for b in known if a[0] <= b[0])


@pytest.mark.parametrize(("numbers", "said"), [([], ""), ([None], ""), ([3, None, 3], "3"), ([9, 4, None], "4–9")])
def test_spread_is_of_what_is_known(numbers: list[int | None], said: str) -> None:
    assert spread(numbers) == said


@pytest.mark.parametrize(("share", "full"), [(0.0, 0), (0.5, 5), (1.0, 10), (1.7, 10), (-1.0, 0)])
def test_gauge_is_ten_signs(share: float, full: int) -> None:
    assert gauge(share) == "▰" * full + "▱" * (10 - full)
