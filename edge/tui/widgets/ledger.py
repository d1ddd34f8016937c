"""The ledger of frames in one line: what was captured is the sum of how it ended."""

from __future__ import annotations

from rich.text import Text
from textual.widget import Widget

from edge.session import FrameState, Ledger

_SHORT = {FrameState.DUPLICATE: "dup.", FrameState.REJECTED: "rej.", FrameState.DROPPED: "drop.", FrameState.FAILED: "fail."}


class LedgerLine(Widget):
    """Whole words where they fit, shorter ones where they do not."""

    def __init__(self) -> None:
        super().__init__()
        self._ledger = Ledger()

    def show(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.refresh()

    def render(self) -> Text:
        whole = _sum(self._ledger, {state: state.value for state in FrameState})
        short = _sum(self._ledger, {state: _SHORT.get(state, state.value) for state in FrameState})
        return Text(whole if len(whole) <= self.size.width else short, "dim", no_wrap=True)


def _sum(ledger: Ledger, names: dict[FrameState, str]) -> str:
    return f" {ledger.captured} frames = " + " + ".join(
        f"{getattr(ledger, state.value)} {names[state]}" for state in FrameState
    )
