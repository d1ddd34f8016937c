"""A pathologist's morphology report as AneRBC stores it (Database 2025 baae120, figure 4).

    Test: RBC Morphology
    Specimen: Peripheral smear
    RBC MORPHOLOGY / PERIPHERAL SMEAR:
    Peripheral smear shows microcytic hypochromic picture of RBCs with anisocytosis, target cell.
    WBCs MORPHOLOGY:
    WBCs increased with lymphocytosis.
    PLATELETS:
    Platelets increased.

The paper prints two reports; others may word things differently, so the sentences are kept whole beside what is found in them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from export.datasets.errors import DatasetError
from export.datasets.report_text import read_text

_FINDINGS = {
    "normocytic": r"normo[- ]?cytic|normocytosis",
    "microcytic": r"micro[- ]?cytic|microcytosis|microcytes?",
    "macrocytic": r"macro[- ]?cytic|macrocytosis|macrocytes?",
    "normochromic": r"normo[- ]?chromic|normochromia",
    "hypochromic": r"hypo[- ]?chromic|hypochromia",
    "polychromasia": r"polychromasia|polychromatic|polychromatophilia",
    "anisocytosis": r"anisocytosis|anisopoikilocytosis",
    "poikilocytosis": r"poikilocytosis|anisopoikilocytosis",
    "target cells": r"target (?:red )?cells?|codocytes?",
    "elliptocytes": r"ell?iptocytes?|elliptocytosis|pencil cells?",
    "ovalocytes": r"ovalocytes?",
    "teardrop cells": r"tear[- ]?drops?(?: cells?)?|dacrocytes?|dacryocytes?",
    "schistocytes": r"schistocytes?|fragmented (?:rbcs?|red cells?)|helmet cells?|(?:rbc|red cell) fragments?",
    "spherocytes": r"(?:micro)?spherocytes?|spherocytosis",
    "burr cells": r"burr cells?|echinocytes?|crenated (?:rbcs?|red cells?|cells?)",
    "stomatocytes": r"stomatocytes?",
    "sickle cells": r"sickle[d]? (?:rbcs?|cells?)",
    "nucleated red cells": r"nucleated (?:rbcs?|red (?:blood )?cells?)|nrbcs?",
    "rouleaux": r"rouleaux",
}
_PATTERNS = {name: re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE) for name, pattern in _FINDINGS.items()}
_DENIED = re.compile(r"\b(?:no|not|without|absent|absence)\b", re.IGNORECASE)
_CLAUSE = re.compile(r"[.;:\n]|\b(?:but|with|and shows?)\b", re.IGNORECASE)
_HEADING = re.compile(
    r"^[ \t]*(?P<name>test|specimen"
    r"|(?:rbcs?|red (?:blood )?cells?|erythrocytes?)(?:[ \t]*morphology)?(?:[ \t]*/[ \t]*peripheral smear)?"
    r"|peripheral smear"
    r"|(?:wbcs?|white (?:blood )?cells?|leu[ck]ocytes?)(?:[ \t]*morphology)?"
    r"|(?:platelets?|plts?|thrombocytes?)(?:[ \t]*morphology)?"
    r"|comments?|impression|interpretation|conclusion|notes?)[ \t]*:[ \t]*",
    re.IGNORECASE | re.MULTILINE,
)
_KINDS = {
    "rbc": "red", "red": "red", "ery": "red", "per": "red", "wbc": "white", "whi": "white", "leu": "white",
    "pla": "platelets", "plt": "platelets", "thr": "platelets", "tes": "test", "spe": "specimen",
}  # fmt: skip
_CHANGES = (
    ("normal", re.compile(r"\b(?:normal|adequate|unremarkable|within (?:the )?normal)\b", re.IGNORECASE)),
    ("decreased", re.compile(r"\b(?:decreased?|reduced|low|leu[ck]openia|thrombocytopenia)\b", re.IGNORECASE)),
    ("increased", re.compile(r"\b(?:increased?|raised|high|elevated|leu[ck]ocytosis|thrombocytosis)\b", re.IGNORECASE)),
)


class Change(Enum):
    """How many there are of a kind of cell, in the pathologist's words; unknown where nothing is said."""

    DECREASED = "decreased"
    NORMAL = "normal"
    INCREASED = "increased"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Morphology:
    """The pathologist's words about red cells, white cells and platelets, and what was found in them.

    `findings` are of the red cells (`microcytic`, `target cells`, ...), in one spelling; what is denied is not among them.
    """

    test: str
    specimen: str
    red_cells: str
    white_cells: str
    platelets: str
    other: str
    findings: frozenset[str]
    white_cell_count: Change
    platelet_count: Change


def read_morphology(path: Path) -> Morphology:
    """The report in a text file. Raises DatasetError naming the file."""
    return parse_morphology(read_text(path), str(path))


def parse_morphology(text: str, source: str) -> Morphology:
    """The report in `text`; `source` is what errors name. Raises DatasetError where nothing is said of red cells."""
    parts = {"test": "", "specimen": "", "red": "", "white": "", "platelets": "", "other": ""}
    headings = [*_HEADING.finditer(text)]
    parts["other"] = text[: headings[0].start()].strip() if headings else text.strip()
    ends = [heading.start() for heading in headings[1:]] + [len(text)]
    for heading, end in zip(headings, ends, strict=False):  # without a heading there is one end too many
        kind = _KINDS.get(heading["name"][:3].lower(), "other")
        words = " ".join(text[heading.end() : end].split())
        parts[kind] = f"{parts[kind]} {words}".strip()
    if not parts["red"]:
        raise DatasetError(f"{source} has no part about red cells (`RBC MORPHOLOGY / PERIPHERAL SMEAR:`); correct the report")
    return Morphology(
        parts["test"], parts["specimen"], parts["red"], parts["white"], parts["platelets"], parts["other"],
        findings_in(parts["red"]), change_in(parts["white"]), change_in(parts["platelets"]),
    )  # fmt: skip


def findings_in(words: str) -> frozenset[str]:
    """The findings that a sentence about red cells names and does not deny."""
    return frozenset(name for name, pattern in _PATTERNS.items() if any(_affirmed(words, m) for m in pattern.finditer(words)))


def _affirmed(words: str, match: re.Match[str]) -> bool:
    clause = _CLAUSE.split(words[: match.start()])[-1]
    return _DENIED.search(clause) is None


def change_in(words: str) -> Change:
    """The first change that the words name; `adequate` and `normal` are normal."""
    found = [(match.start(), name) for name, pattern in _CHANGES if (match := pattern.search(words))]
    return Change(min(found)[1]) if found else Change.UNKNOWN
