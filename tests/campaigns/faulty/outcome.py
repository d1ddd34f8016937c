"""What a round of a fault showed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from statistics import median

from edge.record.repair.checking import check
from edge.record.repair.findings import HARMLESS, FindingKind
from edge.record.store.reader import StoreReader
from edge.session.ledger import FrameState, Ledger
from tests.campaigns.faulty.switchboard import Fault

LEFT_BEHIND = HARMLESS | {FindingKind.ORPHAN_PICTURE}
"""What a process that was killed may leave beside a record that is in order; `hemocam store repair` puts it away."""


@dataclass(frozen=True, slots=True)
class Round:
    """`recovered_s` is the time from the fault's end to the next counted frame, None where none came. `lost` are fields that
    were told as counted and are not in the record, `corrupt` findings of `hemocam store check` but for what a killed process
    leaves behind, `mismatches` ledgers that did not add up or differ from the rows. `why` says what went wrong."""

    fault: Fault
    recovered_s: float | None
    lost: int = 0
    corrupt: int = 0
    mismatches: int = 0
    why: str = ""


@dataclass(frozen=True, slots=True)
class Tally:
    """All rounds of one fault."""

    fault: Fault
    rounds: int
    recovered: int
    median_s: float
    worst_s: float
    lost: int
    corrupt: int
    mismatches: int

    @property
    def passed(self) -> bool:
        return self.recovered == self.rounds and not (self.lost or self.corrupt or self.mismatches)


def tally(rounds: list[Round]) -> Tally:
    """Of rounds of the same fault, one at least."""
    times = [each.recovered_s for each in rounds if each.recovered_s is not None]
    return Tally(
        rounds[0].fault, len(rounds), len(times), median(times) if times else float("nan"), max(times, default=float("nan")),
        sum(each.lost for each in rounds), sum(each.corrupt for each in rounds), sum(each.mismatches for each in rounds),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class RecordTold:
    """The record in `folder` against what was told of its session: fields lost, findings, and whether its ledger is wrong."""

    lost: int
    corrupt: tuple[str, ...]
    mismatches: int


def record_against(folder: Path, session_id: str, told_counted: int, ledger: Ledger | None) -> RecordTold:
    """Compare; `ledger` is the last that a session which finished has told, None where it was killed."""
    corrupt = tuple(f"{each.where}: {each.text}" for each in check(folder) if each.kind not in LEFT_BEHIND)
    with StoreReader(folder) as reader:
        record = reader.session(session_id)
        fields = len(reader.session_fields(session_id))
    mismatches = int(record.ledger.counted != fields)
    if ledger is not None:
        same = all(getattr(record.ledger, state.value) == getattr(ledger, state.value) for state in FrameState)
        mismatches += not same or ledger.in_hand != 0
    return RecordTold(max(0, told_counted - fields), corrupt, mismatches)
