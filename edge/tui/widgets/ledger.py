"""The ledger of frames in one line: what was captured is the sum of how it ended."""

from __future__ import annotations

from rich.text import Text

from edge.plural import plural
from edge.session.ledger import FrameState, Ledger
from edge.tui.widgets.rows import Rows

_WHOLE = {state: state.value for state in FrameState}
_SHORT = {
    FrameState.COUNTED: "counted",
    FrameState.DUPLICATE: "dupl.",
    FrameState.REJECTED: "rej.",
    FrameState.DROPPED: "drop",
    FrameState.FAILED: "fail",
}
# As the first letters, but for duplicate and dropped, which share theirs.
_LETTERS = {
    FrameState.COUNTED: "cou",
    FrameState.DUPLICATE: "dup",
    FrameState.REJECTED: "rej",
    FrameState.DROPPED: "dro",
    FrameState.FAILED: "fai",
}


class LedgerLine(Rows):
    """Whole words where they fit, shorter ones where they do not."""

    def __init__(self) -> None:
        super().__init__()
        self._ledger = Ledger()

    def show(self, ledger: Ledger) -> None:
        if ledger != self._ledger:
            self._ledger = ledger
            self.update_rows()

    def rows(self) -> list[Text]:
        lines = [_sum(self._ledger, names) for names in (_WHOLE, _SHORT, _LETTERS)]
        return [Text(next((line for line in lines if len(line) <= self.size.width), lines[-1]), "dim")]


def _sum(ledger: Ledger, names: dict[FrameState, str]) -> str:
    """Frames in hand are named only where there are any, so that the sum always stands."""
    parts = [f"{getattr(ledger, state.value)} {names[state]}" for state in FrameState]
    parts += [f"{ledger.in_hand} in hand"] * (ledger.in_hand > 0)
    return f" {plural(ledger.captured, 'frame')} = " + " + ".join(parts)
