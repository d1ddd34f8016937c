"""Healthy-RBC and Anaemic-RBC (Shahzad et al., IEEE Access 9, 2021, 3131768: the DCED-Net paper): 490x480 fields.

1000 pictures each of 50 patients, twenty of a patient, with a mask and both reports each. The paper gives neither folders nor
file names; the set was not published under its own address. Read is, however the names are spelt,

    Healthy-RBCs/{Original_images,Ground_truth,CBC_reports,Morphology_reports}/<name>.{png,txt}      Anaemic-RBCs/...

with a picture and its mask of one name, or with `_mask` or `_gt` behind the mask's. The reports may be left out. Its text gives
mask value 0 to red cells and 1 to the background: white is background, as in the same authors' AneRBC.

Patients: a name of two numbers (`07_13`) is patient and picture. A single counter is cut into twenties (1 to 20 are the first
patient), which supposes that pictures were numbered patient by patient; where that is not so, patients leak between splits.
"""

from __future__ import annotations

import re
from pathlib import Path

from export.datasets.blood_report import read_blood_report
from export.datasets.errors import DatasetError
from export.datasets.folders import by_stem, find_folder, folder_in, pictures_in
from export.datasets.sample import MaskFile, Sample

CORPUS = "anaemic-rbc"
SCANNER = "Olympus DP27"
PICTURES_A_PATIENT = 20
COHORTS = {
    "healthy": ("Healthy-RBCs", "Healthy-RBC", "Healthy RBCs dataset", "Healthy-RBC dataset", "Healthy"),
    "anaemic": ("Anaemic-RBCs", "Anaemic-RBC", "Anemic-RBCs", "Anemic-RBC", "Anaemic-RBC dataset", "Anaemic", "Anemic"),
}
ORIGINALS = ("Original_images", "Original", "Originals", "images")
MASKS = ("Ground_truth", "Ground_truths", "GroundTruth_masks", "GT", "Masks", "masked", "segmented", "Binary_segmented")
COUNTS = ("CBC_reports", "CBC_report", "CBC")
WORDS = ("Morphology_reports", "Morphology_report", "Morphology")
_MASK_ENDINGS = ("", "_mask", "_gt", "_GT", "-mask")


def read(root: Path) -> list[Sample]:
    """The fields under `root`, healthy ones first; `label` is `healthy` or `anaemic`, `split` "all". Raises DatasetError."""
    samples = []
    for label, spellings in COHORTS.items():
        cohort = folder_in(root, spellings)
        masks = by_stem(pictures_in(folder_in(cohort, MASKS)))
        counts, words = find_folder(cohort, COUNTS), find_folder(cohort, WORDS)
        for path in pictures_in(folder_in(cohort, ORIGINALS)):
            mask = next((masks[path.stem + ending] for ending in _MASK_ENDINGS if path.stem + ending in masks), None)
            if mask is None:
                raise DatasetError(f"{path} has no mask of its name in {folder_in(cohort, MASKS)}; copy it from the corpus")
            samples.append(
                Sample(
                    CORPUS,
                    "all",
                    path.stem,
                    path,
                    masks={"rbc": MaskFile(mask, "background")},
                    group=f"{label} {patient_of(path)}",
                    scanner=SCANNER,
                    label=label,
                    report=read_blood_report(_report(counts, path), _report(words, path)),
                )
            )
    return samples


def patient_of(path: Path) -> int:
    """The patient by a picture's name, see above. Raises DatasetError where it holds no number."""
    numbers = [int(number) for number in re.findall(r"[0-9]{1,9}", path.stem)]
    if not numbers:
        raise DatasetError(f"{path} has no number in its name, so its patient is unknown; name it <patient>_<picture>")
    return numbers[0] if len(numbers) > 1 else (numbers[0] - 1) // PICTURES_A_PATIENT + 1


def _report(folder: Path | None, path: Path) -> Path | None:
    if folder is None:
        return None
    file = folder / f"{path.stem}.txt"
    if not file.is_file():
        raise DatasetError(f"{file} is missing, the report of {path}; copy it from the corpus")
    return file
