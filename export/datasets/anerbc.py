"""AneRBC-I and AneRBC-II (Shahzad et al., Database 2025, baae120; Mendeley Data hms3sjzt7f): healthy and anaemic fields.

The paper names the pictures (`xxx_a.png`, `xxx_h.png`; of the second part `xxxx_yy_a.png`, `xxxx_yy_h.png` with yy from 01 to
12), their sizes, and says that the binary masks are white where the background is. It gives the directories in a figure alone,
and says in the text that segmented pictures lie in a folder `segmented`. The published set has

    AneRBC-I/Anemic_individuals/{Original_images,Binary_segmented,RGB_segmented,CBC_reports,Morphology_reports}/001_a.{png,txt}
    AneRBC-I/Healthy_individuals/...   AneRBC-II/...

as the scripts of others who use it show. Both are read, whatever the case and the separators. Neither says what is behind the
cells of the RGB masks (white and black are both understood), nor how the tiles of AneRBC-II are numbered (nothing here depends
on it) or whether its reports are named for the tile or for its field (both are looked for). One picture is one patient
(1000 of each), and xxxx of a tile is taken for its field's counter: `group` is the same in both parts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from export.datasets.blood_report import BloodReport, read_blood_report
from export.datasets.errors import DatasetError
from export.datasets.folders import find_folder, folder_in, pictures_in
from export.datasets.pictures import size_of
from export.datasets.sample import MaskFile, Region, Sample

CORPUS = "anerbc"
SCANNER = "Olympus DP27"
LABELS = {"h": "healthy", "a": "anaemic"}
FIELD_PX = (1224, 960)
TILE_PX = (306, 320)
FIRST = ("AneRBC-I", "AneRBC_I", "AneRBC-1")
SECOND = ("AneRBC-II", "AneRBC_II", "AneRBC-2")
COHORTS = {
    "a": ("Anemic_individuals", "Anaemic_individuals", "Anemic", "Anaemic"),
    "h": ("Healthy_individuals", "Healthy"),
}
ORIGINALS = ("Original_images", "Original", "Originals", "images")
BINARY = ("Binary_segmented", "Binary_segmented_images", "Binary", "segmented")
COLOURED = ("RGB_segmented", "RGB_segmented_images", "RGB")
COUNTS = ("CBC_reports", "CBC_report", "CBC")
WORDS = ("Morphology_reports", "Morphology_report", "Morphology")
_FIELD = re.compile(r"(?P<field>[0-9]{3})_(?P<cohort>[ah])", re.IGNORECASE)
_TILE = re.compile(r"(?P<field>[0-9]{3,4})_(?P<tile>[0-9]{2})_(?P<cohort>[ah])", re.IGNORECASE)


def read(root: Path) -> list[Sample]:
    """The whole 1224x960 fields of AneRBC-I under `root` (the part's own folder, or one that holds it). Raises DatasetError.

    `masks` are `rbc` (binary) and, where the folder is there, `rbc_colour` (RGB); `label` is `healthy` or `anaemic`; `split`
    is "all", as the corpus gives none.
    """
    return _part(root, FIRST, _FIELD)


def read_second(root: Path) -> list[Sample]:
    """The 306x320 tiles of AneRBC-II, as `read`. Raises DatasetError."""
    return _part(root, SECOND, _TILE)


def tiles(root: Path) -> list[Sample]:
    """The fields of AneRBC-I as twelve 306x320 regions each, row by row, named as AneRBC-II's are (`0001_01_a`).

    Raises DatasetError, also where a field is not 1224x960.
    """
    return [tile for sample in read(root) for tile in cut(sample)]


def cut(sample: Sample) -> list[Sample]:
    """The twelve tiles of a 1224x960 field, four across and three down. Raises DatasetError where it has another size."""
    if size_of(sample.path) != FIELD_PX:
        width, height = size_of(sample.path)
        raise DatasetError(f"{sample.path} is {width}x{height} pixels; fields of AneRBC-I are {FIELD_PX[0]}x{FIELD_PX[1]}")
    (width, height), (across, down) = TILE_PX, (FIELD_PX[0] // TILE_PX[0], FIELD_PX[1] // TILE_PX[1])
    field, cohort = sample.group.split("_")
    return [
        replace(
            sample,
            name=f"{field}_{row * across + column + 1:02d}_{cohort}",
            region=Region(column * width, row * height, width, height),
        )
        for row in range(down)
        for column in range(across)
    ]


@dataclass(frozen=True, slots=True)
class _Cohort:
    """The folders of the healthy or of the anaemic; None is one that was not downloaded."""

    letter: str
    originals: Path
    binary: Path
    coloured: Path | None
    counts: Path | None
    words: Path | None


def _part(root: Path, names: tuple[str, ...], pattern: re.Pattern[str]) -> list[Sample]:
    part = _part_folder(root, names)
    samples = []
    for letter, spellings in COHORTS.items():
        folder = folder_in(part, spellings)
        cohort = _Cohort(
            letter, folder_in(folder, ORIGINALS), folder_in(folder, BINARY), find_folder(folder, COLOURED),
            find_folder(folder, COUNTS), find_folder(folder, WORDS),
        )  # fmt: skip
        reports: dict[tuple[Path | None, Path | None], BloodReport | None] = {}
        samples += [_sample(path, cohort, pattern, reports) for path in pictures_in(cohort.originals)]
    return samples


def _part_folder(root: Path, names: tuple[str, ...]) -> Path:
    """`root` itself where the cohorts lie in it, else the part's folder in it or in its `AneRBC_dataset`."""
    if find_folder(root, COHORTS["a"]) or find_folder(root, COHORTS["h"]):
        return root
    return folder_in(find_folder(root, ("AneRBC_dataset", "AneRBC dataset")) or root, names)


def _sample(
    path: Path, cohort: _Cohort, pattern: re.Pattern[str], reports: dict[tuple[Path | None, Path | None], BloodReport | None]
) -> Sample:
    match = pattern.fullmatch(path.stem)
    if match is None or match["cohort"].lower() != cohort.letter:
        form = "xxxx_yy" if pattern is _TILE else "xxx"
        raise DatasetError(f"{path} is not named {form}_{cohort.letter}.png, as pictures of this folder are; move it away")
    group = f"{int(match['field']):04d}_{cohort.letter}"
    masks = {"rbc": MaskFile(_beside(path, cohort.binary), "background")}
    if cohort.coloured:
        masks["rbc_colour"] = MaskFile(_beside(path, cohort.coloured), "background")
    stems = (path.stem, group, f"{match['field']}_{cohort.letter}", f"{int(match['field']):03d}_{cohort.letter}")
    files = (_report(cohort.counts, stems, path), _report(cohort.words, stems, path))
    if files not in reports:  # the tiles of a field may share one
        reports[files] = read_blood_report(*files)
    return Sample(
        CORPUS, "all", path.stem, path, masks=masks, group=group, scanner=SCANNER, label=LABELS[cohort.letter],
        report=reports[files],
    )  # fmt: skip


def _beside(path: Path, folder: Path) -> Path:
    mask = folder / path.name
    if not mask.is_file():
        raise DatasetError(f"{mask} is missing, the mask of {path}; copy it from the corpus")
    return mask


def _report(folder: Path | None, stems: tuple[str, ...], path: Path) -> Path | None:
    if folder is None:
        return None
    for stem in stems:
        file = folder / f"{stem}.txt"
        if file.is_file():
            return file
    raise DatasetError(f"{folder / path.stem}.txt is missing, the report of {path}; copy it from the corpus")
