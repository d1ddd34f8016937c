"""What the chain made, as a person and a program read it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from export.parity import Parity


@dataclass(frozen=True, slots=True)
class Step:
    """One form of the model. `made_s` is how long making it took, `frame_ms` a frame's time on this machine (None: not run
    here, and `note` says why); `parity` is against the step named `against`, None for the first and for what was not run.
    """

    name: str
    made_s: float
    file: str | None = None
    file_bytes: int | None = None
    frame_ms: float | None = None
    against: str | None = None
    parity: Parity | None = None
    note: str = ""


HEADINGS = (
    "step", "file", "MB", "made in s", "ms a frame", "against",
    "max |Δlogit|", "max |Δp|", "equal labels %", "counts", "note",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ChainReport:
    """`frames` and `machine` say what it was measured on; `counts` are the reference's, one mapping a frame."""

    model: str
    source: str
    source_sha256: str
    parameters: int
    frames: str
    machine: str
    notices: tuple[str, ...]
    steps: tuple[Step, ...]

    def rows(self) -> list[tuple[str, ...]]:
        """The steps as cells of a table under HEADINGS."""
        return [
            (
                step.name,
                step.file or "–",
                "–" if step.file_bytes is None else f"{step.file_bytes / 1e6:.2f}",
                f"{step.made_s:.1f}",
                "–" if step.frame_ms is None else f"{step.frame_ms:.0f}",
                step.against or "–",
                *_figures(step.parity),
                _note(step),
            )
            for step in self.steps
        ]

    def heading(self) -> tuple[str, ...]:
        """The lines above the table."""
        return (
            f"{self.model}: {self.parameters:,} parameters, from {self.source} (sha256 {self.source_sha256[:12]}…)",
            f"compared on {self.frames}, on {self.machine}",
        )

    def markdown(self) -> str:
        """A section of a Markdown page."""
        lines = [
            f"# {self.model}",
            "",
            *(f"{line}  " for line in self.heading()),
            "",
            _row(HEADINGS),
            _row(["---"] * len(HEADINGS)),
        ]
        lines += [_row(row) for row in self.rows()]
        counted = next((step.parity.reference_counts for step in self.steps if step.parity is not None), ())
        lines += ["", "Counts of the first form, frame by frame: " + "; ".join(_counted(one) for one in counted) + "."]
        lines += [f"\n{notice}." for notice in self.notices]
        return "\n".join(lines) + "\n"

    def json(self) -> str:
        """Everything, with the shares of equal labels worked out."""
        content = asdict(self)
        for step, told in zip(self.steps, content["steps"], strict=True):
            if step.parity is not None:
                told["parity"] |= {"equal_labels_percent": step.parity.equal_labels, "counts_equal": step.parity.counts_equal}
        return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _figures(parity: Parity | None) -> tuple[str, str, str, str]:
    if parity is None:
        return "–", "–", "–", "–"
    return f"{parity.logits:.2g}", f"{parity.probabilities:.2g}", parity.share(), parity.counts_text()


def _counted(counts: Mapping[str, int]) -> str:
    return " ".join(f"{kind} {number}" for kind, number in counts.items())


def _note(step: Step) -> str:
    unsteady = "" if step.parity is None else step.parity.unsteady_text()
    told = f"in frames whose counts rounding alone changes: {unsteady}" if unsteady else ""
    return "; ".join(part for part in (step.note, told) if part)


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
