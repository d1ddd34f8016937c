"""A lab's own crops, a plain folder a class.

<class>/<name>.png    or    train|val|test/<class>/<name>.png
groups.csv            image, group: the slide or patient of each crop; without it every crop stands for itself
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from export.datasets.errors import DatasetError
from export.datasets.folders import is_picture, pictures_in, plain, subfolders
from export.datasets.groups import group_in, read_groups
from export.datasets.sample import Sample

CORPUS = "folder-classes"
SPLITS = ("train", "val", "test")


def read(root: Path, classes: Sequence[str] | None = None) -> list[Sample]:
    """The crops under `root`; `label` is the folder's name. `split` is "all" where there are no split folders.

    Raises DatasetError for a picture outside of the class folders, and, where `classes` are given, for a folder that is none
    of them.
    """
    folders = subfolders(root)
    splits = [folder for folder in folders if plain(folder.name) in SPLITS]
    if splits and len(splits) != len(folders):
        odd = next(folder for folder in folders if folder not in splits)
        raise DatasetError(f"{odd} lies beside {splits[0].name}; have either folders of splits or of classes")
    groups = read_groups(root)
    samples = []
    for parent in splits or [root]:
        split = plain(parent.name) if splits else "all"
        samples += [sample for folder in subfolders(parent) for sample in _class(folder, split, root, groups, classes)]
    loose = next((path for parent in [root, *splits] for path in sorted(parent.iterdir()) if is_picture(path)), None)
    if loose is not None:
        raise DatasetError(f"{loose} lies in no class folder; move it into its class")
    if not samples:
        raise DatasetError(f"{root} holds no class folders with pictures")
    return samples


def _class(folder: Path, split: str, root: Path, groups: dict[str, str], classes: Sequence[str] | None) -> list[Sample]:
    if classes is not None and folder.name not in classes:
        raise DatasetError(f"{folder} is none of the classes {', '.join(classes)}; rename it or move it away")
    return [
        Sample(CORPUS, split, f"{folder.name}/{path.stem}", path, label=folder.name, group=group_in(groups, path, root))
        for path in pictures_in(folder)
    ]
