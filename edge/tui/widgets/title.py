"""The head of every screen: the modes, the program's limit, the state of the run, and whether it is simulated."""

from __future__ import annotations

from rich.text import Text
from textual.widget import Widget

from edge.session.events import Status
from edge.session.run_state import RunState
from edge.tui.modes import Mode
from edge.tui.widgets.rows import Rows
from edge.tui.widgets.verdict import BAD, CALM, GOOD, LOOK

LIMIT = "for research; not a diagnostic device"
_SHORT_LIMIT = "for research, not diagnosis"
_STATES = {
    RunState.OPENING: ("◌ OPENING", CALM),
    RunState.STREAMING: ("● LIVE", GOOD),
    RunState.PAUSED: ("= PAUSED", LOOK),
    RunState.LOST: ("! CAMERA LOST", BAD),
    RunState.RECOVERING: ("↻ RECOVERING", LOOK),
    RunState.FINISHING: ("… FINISHING", CALM),
    RunState.FINISHED: ("■ FINISHED", CALM),
}


class TitleBar(Rows):
    """Left the modes, the one that is looked at in brackets; right the running session's state and its mode of counting."""

    def __init__(self, mode: Mode) -> None:
        super().__init__()
        self._mode = mode
        self._right = Text()

    def show(self, status: Status | None) -> None:
        right = Text(" no session ", "dim")
        if status is not None:
            right = Text.assemble(_STATES[status.run_state], " ", ("AUTO" if status.auto else "MANUAL", CALM), " ")
        if right != self._right:
            self._right = right
            self.update_rows()

    def rows(self) -> list[Text]:
        line = Text(no_wrap=True)
        for mode in Mode:
            name = f"{mode.key} {mode.value.title()}"
            line.append(*((f"[{name}]", "bold") if mode is self._mode else (f" {name} ", "dim")))
        for part in (f"   HemoCam  {LIMIT}", f" {LIMIT}", f" {_SHORT_LIMIT}"):
            if len(line) + len(part) + 1 + len(self._right) <= self.size.width:
                line.append(part, "dim")
                break
        line.append(" " * max(1, self.size.width - len(line) - len(self._right)))
        return [line.append_text(self._right)]


class SimulatedBanner(Widget):
    """Across the whole width, on every screen that shows a simulated slide; taller where there is room."""

    def show(self, simulated: bool) -> None:
        self.display = simulated

    def render(self) -> Text:
        across = Text("S I M U L A T E D      no patient: a rendered slide      S I M U L A T E D", no_wrap=True)
        return Text("\n" * (self.size.height // 2)).append_text(across)
