"""What becomes of the field in the picture, in one line: counted, or why not and what to do."""

from __future__ import annotations

from dataclasses import dataclass, replace

from rich.text import Text

from edge.counting.field_count import FieldCount
from edge.counting.marks import Reason
from edge.counting.signs import SIGNS
from edge.optics.verdict import Rejected
from edge.session.events import FieldSeen, Status
from edge.session.ledger import FrameState
from edge.session.run_state import RunState
from edge.tui.widgets.rows import Rows

GOOD, LOOK, BAD, CALM = "bold #6cc5a1", "bold #f0e442", "bold #ff8f70", "bold"


@dataclass(frozen=True, slots=True)
class Said:
    """A sign and a word that say the same as the style, and what to do about it."""

    sign: str
    word: str
    advice: str
    style: str = CALM


# The share of a field already counted above which accepting it would mostly repeat.
_LARGE_OVERLAP = 0.25

_ENDS = {
    FrameState.COUNTED: Said("✓", "COUNTED", "into the slide", GOOD),
    FrameState.REJECTED: Said("×", "NOT COUNTED", "rejected", BAD),
    FrameState.DROPPED: Said("·", "PASSED OVER", "not in the slide", CALM),
    FrameState.FAILED: Said("?", "UNKNOWN", "the model failed on this frame; its cells are not known", BAD),
}


_RUNS = {
    RunState.OPENING: Said("◌", "OPENING", "the camera, the model and the record", CALM),
    RunState.PAUSED: Said("=", "PAUSED", "p goes on; nothing is counted meanwhile", LOOK),
    RunState.LOST: Said("!", "CAMERA LOST", "check its cable; what was counted is kept", BAD),
    RunState.RECOVERING: Said("↻", "RECOVERING", "nothing is counted meanwhile; what was counted is kept", LOOK),
    RunState.FINISHING: Said("…", "FINISHING", "the last fields are being stored", CALM),
    RunState.FINISHED: Said("■", "FINISHED", "q leaves, 1 begins another", CALM),
}


class VerdictLine(Rows):
    """Sign, word and advice, each enough without the colour; to the right what else must not be missed: why the session is
    slow, or what speaks against the count of this field."""

    def __init__(self) -> None:
        super().__init__()
        self._said, self._aside = Said("·", "", ""), ""

    def show(self, field: FieldSeen | None, status: Status) -> None:
        """`field` is the one in the picture, None before the first."""
        run = _run(status)
        self.say(run or _verdict(field, status), "" if run else _aside(field, status))

    def say(self, said: Said, aside: str = "") -> None:
        if (said, aside) != (self._said, self._aside):
            self._said, self._aside = said, aside
            self.update_rows()

    @property
    def wraps(self) -> bool:
        """Whether what there is to say needs a second line."""
        return not self._aside and len(self._said.sign + self._said.word + self._said.advice) + 4 > self.size.width > 0

    def rows(self) -> list[Text]:
        """The word always stands, then the aside; the advice gives way to both, and without an aside goes on below."""
        word = Text.assemble((f" {self._said.sign} {self._said.word} ", self._said.style))
        room = self.size.width - len(word)
        if self.wraps:
            return list(word.append(f" {self._said.advice}").wrap(self.app.console, self.size.width))
        right = Text(f" ! {self._aside} ", LOOK) if self._aside else Text()
        right.truncate(room, overflow="ellipsis")
        advice = Text(f" {self._said.advice} ")
        advice.truncate(room - len(right), overflow="ellipsis", pad=True)
        return [word.append_text(advice).append_text(right)]


def _aside(field: FieldSeen | None, status: Status) -> str:
    return status.detail or ("" if field is None else doubt(field.count) or "")


def _run(status: Status) -> Said | None:
    """What to say where no frames come: the session's own words where it has some."""
    if status.run_state not in _RUNS:
        return None
    said = _RUNS[status.run_state]
    if status.run_state is RunState.FINISHED:
        reason = status.finish_reason.value if status.finish_reason else "ended"
        return replace(said, advice=f"{reason}{': ' if status.detail else ''}{status.detail}; {said.advice}")
    return replace(said, advice=status.detail or said.advice)


def _verdict(field: FieldSeen | None, status: Status) -> Said:
    if field is None:
        return Said("·", "WAITING", "for the first frame")
    if isinstance(field.verdict, Rejected):
        return Said("×", f"NOT COUNTED, {field.verdict.reason.value}", field.verdict.advice, BAD)
    if field.state is not None and field.state in _ENDS:
        return _ENDS[field.state]
    if field.state is FrameState.DUPLICATE or status.overlap >= _LARGE_OVERLAP:
        share = f"{100 * status.overlap:.0f} % of this field" if status.overlap >= _LARGE_OVERLAP else "this field"
        return Said("≡", "SEEN ALREADY", f"{share} is already counted: move on", LOOK)
    if field.count is None:
        return Said("?", "UNKNOWN", "not counted yet")
    return Said("◌", "READY", "auto accepts it if it is new" if status.auto else "a accepts this field")


def doubt(count: FieldCount | None) -> str | None:
    """What speaks most against the field's count, in words; None where nothing does."""
    if count is None or not count.marks:
        return None
    if count.doubtful and count.marks[0].reason is Reason.METHODS:
        worst = max(count.doubtful, key=lambda kind: count.doubtful[kind])
        return f"{SIGNS[worst].name}: methods differ by {100 * count.doubtful[worst]:.0f} %: look again"
    return f"{count.marks[0].reason.value}: look again"
