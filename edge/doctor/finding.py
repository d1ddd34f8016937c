"""One thing that the doctor looked at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import Enum


class Level(str, Enum):
    """WARNING: it counts, but not as it should. ERROR: it does not count, or not what it is asked to."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"

    @property
    def exit_code(self) -> int:
        return (Level.OK, Level.WARNING, Level.ERROR).index(self)


@dataclass(frozen=True, slots=True)
class Finding:
    """`check` is the name of what was looked at, `text` what it is like, `cure` what to do now.

    Raises ValueError for a trouble without a cure.
    """

    check: str
    level: Level
    text: str
    cure: str = ""

    def __post_init__(self) -> None:
        if self.level is not Level.OK and not self.cure:
            raise ValueError(f"no cure is told for: {self.text}")

    def as_json(self) -> dict[str, str]:
        return {**asdict(self), "level": self.level.value}


def worst(findings: Iterable[Finding]) -> Level:
    """The gravest level among them; OK where there is none."""
    return max((finding.level for finding in findings), key=lambda level: level.exit_code, default=Level.OK)
