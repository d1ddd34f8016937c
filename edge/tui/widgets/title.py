"""The head of the live screen: the program and its limit, the state of the run, and whether it is simulated."""

from __future__ import annotations

from rich.text import Text
from textual.widget import Widget

from edge.session import RunState, Status
from edge.tui.widgets.verdict import BAD, CALM, GOOD, LOOK

LIMIT = "for research; not a diagnostic device"
_STATES = {
    RunState.OPENING: ("◌ OPENING", CALM),
    RunState.STREAMING: ("● LIVE", GOOD),
    RunState.PAUSED: ("= PAUSED", LOOK),
    RunState.LOST: ("! CAMERA LOST", BAD),
    RunState.FINISHED: ("■ FINISHED", CALM),
}


class TitleBar(Widget):
    """Left the program, right the state and the mode."""

    def __init__(self) -> None:
        super().__init__()
        self._right = Text()

    def show(self, status: Status) -> None:
        self._right = Text.assemble(_STATES[status.run_state], "  ", ("AUTO" if status.auto else "MANUAL", CALM), " ")
        self.refresh()

    def render(self) -> Text:
        line = Text.assemble((" HemoCam", "bold"), (f"  {LIMIT}", "dim"), no_wrap=True)
        line.append(" " * max(1, self.size.width - len(line) - len(self._right)))
        return line.append_text(self._right)


class SimulatedBanner(Widget):
    """Across the whole width, on every screen that shows a simulated slide; taller where there is room."""

    def show(self, simulated: bool) -> None:
        self.display = simulated

    def render(self) -> Text:
        across = Text("S I M U L A T E D      no patient: a rendered slide      S I M U L A T E D", no_wrap=True)
        return Text("\n" * (self.size.height // 2)).append_text(across)
