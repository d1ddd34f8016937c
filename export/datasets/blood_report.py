"""What the laboratory wrote about a patient's blood: the counted values and the pathologist's words."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from export.datasets.blood_count import BloodCount, read_blood_count
from export.datasets.morphology import Morphology, read_morphology


@dataclass(frozen=True, slots=True)
class BloodReport:
    """A complete blood count and a morphology report; None is one that the corpus does not have."""

    counts: BloodCount | None = None
    morphology: Morphology | None = None


def read_blood_report(counts: Path | None, morphology: Path | None) -> BloodReport | None:
    """The reports in these files, None where there is neither. Raises DatasetError naming the file and the line."""
    if counts is None and morphology is None:
        return None
    return BloodReport(
        None if counts is None else read_blood_count(counts), None if morphology is None else read_morphology(morphology)
    )
