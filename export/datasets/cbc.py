"""Complete Blood Count set (Alam and Islam, Healthcare Technology Letters 6(4), 2019; MIT): boxes of cells, 640x480.

Three layouts are read: `boxes.csv` beside `images/`; the set as published (`Training`, `Testing` and `Validation`, each with
`Images` and `Annotations`); and BCCD, which it was made from (`JPEGImages`, `Annotations` and `ImageSets/Main/*.txt`, or these
in a folder `BCCD`; github.com/Shenggan/BCCD_Dataset).
"""

from __future__ import annotations

from pathlib import Path

from export.datasets.box_table import LABELS, read_boxes_table
from export.datasets.errors import DatasetError
from export.datasets.folders import by_stem, find_folder, folder_in, pictures_in
from export.datasets.pascal_voc import read_boxes
from export.datasets.pictures import size_of
from export.datasets.report_text import read_text
from export.datasets.sample import Box, Sample
from export.datasets.tables import values_of

CORPUS = "cbc"
HELD_OUT = range(280, 339)
"""Fields of the corpus' `train` split that tune and choose (`val`)."""
PUBLISHED = {"Training": "train", "Testing": "test", "Validation": "val"}
IMAGE_SETS = ("train", "val", "test")


def read(root: Path) -> list[Sample]:
    """The fields under `root`, all splits. Raises DatasetError.

    Fields that `boxes_complete.csv` (of TXL-PBC) labels anew are `complete`. In the others about half of the visible red cells
    carry a box, so `counts` holds white cells and platelets alone. Whose blood a field
    shows is not given: `group` is the field itself, so that one that two splits share stays on one side.
    """
    if (root / "boxes.csv").exists():
        return _read_table(root)
    if any((published := {split: find_folder(root, (name,)) for name, split in PUBLISHED.items()}).values()):
        return [
            _annotated(path, folder_in(folder, ("Annotations",)), split)
            for split, folder in published.items()
            if folder is not None
            for path in pictures_in(folder_in(folder, ("Images", "JPEGImages")))
        ]
    voc = find_folder(root, ("BCCD",)) or root
    if find_folder(voc, ("Annotations",)) is not None:
        return _read_voc(voc)
    raise DatasetError(f"{root / 'boxes.csv'} cannot be read, and {root} has no Annotations; lay the corpus out as README says")


def _read_table(root: Path) -> list[Sample]:
    anew = root / "boxes_complete.csv"
    complete = {name: boxes for name, _, boxes in read_boxes_table(anew)} if anew.exists() else {}
    samples = []
    with values_of(root / "boxes.csv"):
        for name, split, boxes in read_boxes_table(root / "boxes.csv"):
            held_out = split == "train" and int(name.rpartition("_")[2]) in HELD_OUT
            picture = root / "images" / f"{name}.jpg"
            samples.append(_sample(picture, "val" if held_out else split, complete.get(name, boxes), name in complete))
    return samples


def _read_voc(root: Path) -> list[Sample]:
    """The lists of `ImageSets/Main` say the split; a picture in none of them is in "all"."""
    annotations, pictures = folder_in(root, ("Annotations",)), pictures_in(folder_in(root, ("JPEGImages", "Images")))
    lists = find_folder(root, ("ImageSets",))
    split_of: dict[str, str] = {}
    for split in IMAGE_SETS if lists else ():
        file = folder_in(lists, ("Main",)) / f"{split}.txt" if lists else root
        for name in read_text(file).split() if file.exists() else ():
            if split_of.setdefault(name, split) != split:
                raise DatasetError(f"{file} lists {name}, which {split_of[name]}.txt has too; keep it in one")
    absent = split_of.keys() - by_stem(pictures).keys()
    if absent:
        raise DatasetError(f"{lists} lists {min(absent)}, of which {root} has no picture; copy it from the corpus")
    return [_annotated(path, annotations, split_of.get(path.stem, "all")) for path in pictures]


def _annotated(path: Path, annotations: Path, split: str) -> Sample:
    return _sample(path, split, read_boxes(annotations / f"{path.stem}.xml", LABELS, size_of(path)))


def _sample(path: Path, split: str, boxes: tuple[Box, ...], complete: bool = False) -> Sample:
    counted = ("rbc", "wbc", "plt") if complete else ("wbc", "plt")
    counts = {kind: sum(box.label == kind for box in boxes) for kind in counted}
    return Sample(CORPUS, split, path.stem, path, counts=counts, boxes=boxes, complete=complete, group=path.stem)
