"""Which slide or patient a lab's own pictures are of: `groups.csv` beside them."""

from __future__ import annotations

from pathlib import Path

from export.datasets.errors import DatasetError
from export.datasets.pictures import SUFFIXES
from export.datasets.tables import read_rows

FILE = "groups.csv"


def read_groups(root: Path) -> dict[str, str]:
    """Picture name without suffix to slide or patient, from `groups.csv` (columns image, group); empty without the file.

    Raises DatasetError, also for a picture that is there twice.
    """
    path = root / FILE
    if not path.exists():
        return {}
    found: dict[str, str] = {}
    for row in read_rows(path, ("image", "group")):
        image = Path(row["image"])
        name = image.stem if image.suffix.lower() in SUFFIXES else row["image"]
        if found.setdefault(name, row["group"]) != row["group"]:
            raise DatasetError(f"{path} gives {name} two groups, {found[name]} and {row['group']}; keep the right one")
    return found


def group_in(groups: dict[str, str], path: Path, root: Path) -> str:
    """A picture's group; "" where the lab gives none at all. Raises DatasetError where it gives some, but not this one."""
    if not groups:
        return ""
    if path.stem not in groups:
        raise DatasetError(f"{root / FILE} has no row for {path}; add its slide or patient")
    return groups[path.stem]
