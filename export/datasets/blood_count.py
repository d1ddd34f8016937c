"""A complete blood count as SKMCH's laboratory prints it into AneRBC's text files (AneRBC, Database 2025 baae120, figure 4).

    Test,Result/Units,Norm. Range
    WBC,* 19.31 x10.e 3/µl,5 --- 15
    HGB,* 8.3 g/dL,9.4 --- 13
    MPV,10.6 FL,7.2 --- 11

A star marks what the laboratory calls abnormal. The paper's own examples have a star inside the range (MCHC 34.6 of 32-36),
a unit that belongs to another test (MCV in `L`) and one cut short (`x10.e`): the star, the range and the unit are all kept as
written, and `flag` is worked out from the value and the range alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from export.datasets.errors import DatasetError
from export.datasets.report_text import read_text

EXPECTED_UNITS = {
    "WBC": "10^3/µl", "RBC": "10^6/µl", "HGB": "g/dL", "HCT": "%", "MCV": "fL", "MCH": "pg", "MCHC": "g/dL", "PLT": "10^3/µl",
    "MPV": "fL", "RDW-CV": "%", "RDW-SD": "fL",
}  # fmt: skip
_NAMES = {"HB": "HGB", "HEMOGLOBIN": "HGB", "HAEMOGLOBIN": "HGB", "HEMATOCRIT": "HCT", "PLATELETS": "PLT", "RDW": "RDW-CV"}
_UNITS = {unit.lower(): unit for unit in EXPECTED_UNITS.values()}
_POWER = re.compile(r"x?\s*10\s*(?:\.?\s*e|\^|\*\*?)?\s*\+?([0-9]{1,2})\s*/\s*[uµ]l", re.IGNORECASE)
_NUMBER = r"[0-9]{1,9}(?:\.[0-9]{0,9})?|\.[0-9]{1,9}"
_RESULT = re.compile(rf"(?P<star>\*?)\s*(?P<value>{_NUMBER})\s*(?P<unit>.*)")
_RANGE = re.compile(rf"({_NUMBER})\s*(?:-+|–|—|to)\s*({_NUMBER})")
_NOT_MEASURED = frozenset({"", "-", "--", "---", "pending", "n/a", "na", "nil"})


class Flag(Enum):
    """Where a value lies against the laboratory's normal range; unknown without one."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Measurement:
    """One test's result.

    `unit` is as written, known ones in one spelling (`10^3/µl`, `fL`). `value` is None where nothing was measured.
    `normal` is the laboratory's range, both ends included; `starred` its own mark of an abnormal value.
    """

    test: str
    value: float | None
    unit: str
    normal: tuple[float, float] | None
    starred: bool

    @property
    def flag(self) -> Flag:
        if self.value is None or self.normal is None:
            return Flag.UNKNOWN
        low, high = self.normal
        return Flag.LOW if self.value < low else Flag.HIGH if self.value > high else Flag.NORMAL

    @property
    def unit_expected(self) -> bool:
        """Whether the unit is the one that this test has; False for a test that is not known here."""
        return EXPECTED_UNITS.get(self.test) == self.unit


@dataclass(frozen=True, slots=True)
class BloodCount:
    """The measurements by test (`WBC`, `RBC`, `HGB`, `HCT`, `MCV`, `MCH`, `MCHC`, `PLT`, `MPV`, ...), and other lines."""

    measurements: Mapping[str, Measurement] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def read_blood_count(path: Path) -> BloodCount:
    """The report in a text file. Raises DatasetError naming the file and the line."""
    return parse_blood_count(read_text(path), str(path))


def parse_blood_count(text: str, source: str) -> BloodCount:
    """The report in `text`; `source` is what errors name. Lines without a comma are notes. Raises DatasetError."""
    found: dict[str, Measurement] = {}
    notes = []
    for number, line in _lines(text):
        if "," not in line:
            notes.append(line)
            continue
        measurement = _measurement(line, f"{source}, line {number}")
        if measurement.test in found:
            raise DatasetError(f"{source}, line {number}: {measurement.test} is there twice; keep the right one")
        found[measurement.test] = measurement
    if not found:
        raise DatasetError(f"{source} holds no result (lines of `test,result and unit,normal range`)")
    return BloodCount(found, tuple(notes))


def _lines(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.splitlines(), start=1):
        bare = line.strip()
        if bare.strip(", ") and not re.match(r"test\s*,", bare, re.IGNORECASE):
            yield number, bare


def _measurement(line: str, where: str) -> Measurement:
    name, result, *rest = (part.strip() for part in line.split(",", 2))
    test = re.sub(r"-{2,}", "-", name.upper().replace(" ", ""))
    if not test:
        raise DatasetError(f"{where}: the test has no name in {line!r}")
    normal = _normal(rest[0], where) if rest else None
    if result.strip("* ").lower() in _NOT_MEASURED:
        return Measurement(_NAMES.get(test, test), None, "", normal, result.startswith("*"))
    match = _RESULT.fullmatch(result)
    if match is None:
        raise DatasetError(f"{where}: {result!r} is no result of {name} (a number and its unit); correct the report")
    return Measurement(
        _NAMES.get(test, test), float(match["value"]), spelled(match["unit"]), normal, starred=match["star"] == "*"
    )


def _normal(written: str, where: str) -> tuple[float, float] | None:
    if written.lower() in _NOT_MEASURED:
        return None
    match = _RANGE.match(written)
    if match is None:
        raise DatasetError(f"{where}: {written!r} is no normal range (low --- high); correct the report")
    low, high = float(match[1]), float(match[2])
    if low > high:
        raise DatasetError(f"{where}: the normal range {written!r} runs backwards; correct the report")
    return low, high


def spelled(unit: str) -> str:
    """A unit in this package's spelling where it is known, else as it is written."""
    bare = unit.strip().replace("μ", "µ")
    power = _POWER.fullmatch(bare)
    return f"10^{int(power[1])}/µl" if power else _UNITS.get(bare.lower(), bare)
