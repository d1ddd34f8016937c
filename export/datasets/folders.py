"""Folders whose names differ between copies of a corpus, and the pictures in them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from export.datasets.errors import DatasetError
from export.datasets.pictures import SUFFIXES


def plain(name: str) -> str:
    """A name without case, spaces, dots, hyphens and underscores: copies of a corpus differ in these."""
    return re.sub(r"[\s_.\-]+", "", name).lower()


def natural(name: str) -> tuple[tuple[int, int, str], ...]:
    """A key that sorts 2 before 10."""
    parts = re.findall(r"[0-9]+|[^0-9]+", name.lower())
    return tuple((0, int(part), "") if part[0].isdigit() else (1, 0, part) for part in parts)


def subfolders(folder: Path) -> list[Path]:
    """The folders in it, in natural order, without hidden ones. Raises DatasetError where it is none."""
    try:
        found = [path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")]
    except OSError as error:
        raise DatasetError(f"{folder} is no folder to read; give the folder that the corpus was unpacked into") from error
    return sorted(found, key=lambda path: natural(path.name))


def find_folder(folder: Path, names: Sequence[str]) -> Path | None:
    """The first of these folders that is in it, however it is spelt; None where none is. Raises DatasetError."""
    there = {plain(path.name): path for path in subfolders(folder)}
    return next((there[plain(name)] for name in names if plain(name) in there), None)


def folder_in(folder: Path, names: Sequence[str]) -> Path:
    """As `find_folder`, and DatasetError where none is."""
    found = find_folder(folder, names)
    if found is None:
        raise DatasetError(f"{folder} has no folder {' or '.join(names)}; lay the corpus out as its paper does")
    return found


def pictures_in(folder: Path) -> list[Path]:
    """The pictures in a folder, in natural order, without hidden ones. Raises DatasetError where two share a name."""
    try:
        found = sorted(filter(is_picture, folder.iterdir()), key=lambda path: natural(path.name))
    except OSError as error:
        raise DatasetError(f"{folder} is no folder to read; give the folder that the corpus was unpacked into") from error
    by_stem(found)
    return found


def is_picture(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()


def by_stem(files: Iterable[Path]) -> dict[str, Path]:
    """The files by their name without suffix. Raises DatasetError where two share one."""
    found: dict[str, Path] = {}
    for file in files:
        other = found.setdefault(file.stem, file)
        if other is not file:
            raise DatasetError(f"{file} and {other} have the same name; which one is meant? Keep one")
    return found
