"""What becomes of the field in the picture, in one line: counted, or why not and what to do."""

from __future__ import annotations

from rich.text import Text
from textual.widget import Widget

from edge.counting.field_count import FieldCount
from edge.optics.verdict import Rejected
from edge.session import FieldSeen, FrameState, RunState, Status
from edge.tui.signs import SIGNS

GOOD, LOOK, BAD, CALM = "bold #6cc5a1", "bold #f0e442", "bold #ff8f70", "bold"

# The share of a field already counted above which accepting it would mostly repeat.
_LARGE_OVERLAP = 0.25

_ENDS = {
    FrameState.COUNTED: ("✓", "COUNTED", "into the slide", GOOD),
    FrameState.REJECTED: ("×", "NOT COUNTED", "rejected", BAD),
    FrameState.DROPPED: ("·", "PASSED OVER", "not in the slide", CALM),
    FrameState.FAILED: ("?", "UNKNOWN", "the model failed on this frame; its cells are not known", BAD),
}


class VerdictLine(Widget):
    """Sign, word and advice, each enough without the colour; the methods' disagreement to the right where it is large."""

    def __init__(self) -> None:
        super().__init__()
        self._text = Text()

    def show(self, field: FieldSeen | None, status: Status) -> None:
        """`field` is the one in the picture, None before the first."""
        self._text = _run(status) or (
            Text(" · waiting for the first frame", "dim") if field is None else _verdict(field, status)
        )
        doubt = None if field is None else disagreement(field.count)
        if doubt is not None:
            self._text.append("   ").append(f"! {doubt}", LOOK)
        self.refresh()

    def render(self) -> Text:
        line = self._text.copy()
        line.truncate(self.size.width, overflow="ellipsis")
        return line


def _run(status: Status) -> Text | None:
    """What to say where no frames come."""
    match status.run_state:
        case RunState.PAUSED:
            return _line("=", "PAUSED", "p goes on; nothing is counted meanwhile", LOOK)
        case RunState.LOST:
            return _line("!", "CAMERA LOST", "check its cable; what was counted is kept", BAD)
        case RunState.FINISHED:
            reason = status.finish_reason.value if status.finish_reason else "ended"
            return _line("■", "FINISHED", f"{reason}; q leaves", CALM)
        case _:
            return None


def _verdict(field: FieldSeen, status: Status) -> Text:
    if isinstance(field.verdict, Rejected):
        return _line("×", f"NOT COUNTED, {field.verdict.reason.value}", field.verdict.advice, BAD)
    if field.state is not None and field.state in _ENDS:
        return _line(*_ENDS[field.state])
    if field.state is FrameState.DUPLICATE or status.overlap >= _LARGE_OVERLAP:
        share = f"{100 * status.overlap:.0f} % of this field" if status.overlap >= _LARGE_OVERLAP else "this field"
        return _line("≡", "SEEN ALREADY", f"{share} is already counted: move on", LOOK)
    if field.count is None:
        return _line("?", "UNKNOWN", "not counted yet", CALM)
    return _line("◌", "READY", "auto accepts it if it is new" if status.auto else "a accepts this field", CALM)


def _line(sign: str, word: str, advice: str, style: str) -> Text:
    return Text.assemble((f" {sign} {word}", style), f"  {advice}", no_wrap=True)


def disagreement(count: FieldCount | None) -> str | None:
    """The class on which the methods differ most, in words, where that is much; None where it is not."""
    if count is None:
        return None
    large = count.doubtful
    if not large:
        return None
    worst = max(large, key=lambda kind: large[kind])
    return f"{SIGNS[worst].name}: methods differ by {100 * large[worst]:.0f} %: look again"
