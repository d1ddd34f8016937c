"""A lab's own pictures with masks: a plain folder.

    images/<name>.png    masks/<name>.png or <name>_mask.png    masks_<kind>/... (edge, wbc, plt: further masks, all or none)
    groups.csv           image, group: the slide or patient of each picture; without it every picture stands for itself

or the same once more in each of `train`, `val` and `test`.
"""

from __future__ import annotations

from pathlib import Path

from export.datasets.errors import DatasetError
from export.datasets.folders import by_stem, find_folder, folder_in, pictures_in, subfolders
from export.datasets.groups import group_in, read_groups
from export.datasets.pictures import WhiteIs
from export.datasets.sample import MaskFile, Sample

CORPUS = "folder-masks"
SPLITS = ("train", "val", "test")
_PLAIN = "masks"
_ENDINGS = ("", "_mask", "-mask", "_masks")


def read(root: Path, white_is: WhiteIs = "cells") -> list[Sample]:
    """The pictures under `root`; the masks of `masks/` are `rbc`'s. `split` is "all" where there is one folder. Raises
    DatasetError where a picture has no mask, or a mask no picture."""
    if find_folder(root, ("images",)):
        return _split(root, "all", root, read_groups(root), white_is)
    found = {split: folder for split in SPLITS if (folder := find_folder(root, (split,)))}
    if not found:
        raise DatasetError(f"{root} has neither a folder images nor folders {', '.join(SPLITS)} that hold one")
    groups = read_groups(root)
    return [sample for split, folder in found.items() for sample in _split(folder, split, root, groups, white_is)]


def _split(folder: Path, split: str, root: Path, groups: dict[str, str], white_is: WhiteIs) -> list[Sample]:
    pictures = pictures_in(folder_in(folder, ("images",)))
    masks = {_name(path): _paired(pictures, path) for path in subfolders(folder) if path.name.lower().startswith(_PLAIN)}
    if "rbc" not in masks:
        raise DatasetError(f"{folder} has no folder {_PLAIN} beside images")
    return [
        Sample(
            CORPUS,
            split,
            path.stem,
            path,
            group=group_in(groups, path, root),
            masks={name: MaskFile(files[path.stem], white_is) for name, files in masks.items()},
        )
        for path in pictures
    ]


def _name(folder: Path) -> str:
    rest = folder.name.lower().removeprefix(_PLAIN).strip("_- ")
    return rest or "rbc"


def _paired(pictures: list[Path], folder: Path) -> dict[str, Path]:
    masks = by_stem(pictures_in(folder))
    found = {}
    for path in pictures:
        stem = next((path.stem + ending for ending in _ENDINGS if path.stem + ending in masks), None)
        if stem is None:
            raise DatasetError(f"{path} has no mask of its name in {folder}; put it there, or move the picture away")
        found[path.stem] = masks.pop(stem)
    if masks:
        raise DatasetError(f"{next(iter(masks.values()))} is the mask of no picture; put its picture there, or move it away")
    return found
