"""One labelled field, the same for every corpus."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray


class DatasetError(Exception):
    """A corpus is not laid out as it should be; the message names the file and what to do."""


@dataclass(frozen=True, slots=True)
class Box:
    """A labelled rectangle in pixels, right and bottom excluded."""

    label: str
    left: int
    top: int
    right: int
    bottom: int


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """A field and what is known of it.

    `counts` holds what somebody counted, by class (`rbc`, `wbc`, `plt`): an absent class was not counted. `points` is (n, 2)
    float32 x, y of labelled red cells, `types` their corpus' own numbers; `complete` says whether every cell has one. `boxes`
    and `masks` (paths of 1-bit pictures: `rbc`, `wbc`, `plt`, and `edge` for the red cells' outlines) are what other corpora
    give.
    """

    corpus: str
    split: str
    name: str
    path: Path
    counts: Mapping[str, int] = field(default_factory=dict)
    points: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 2), np.float32))
    types: tuple[int, ...] = ()
    complete: bool = False
    boxes: tuple[Box, ...] = ()
    masks: Mapping[str, Path] = field(default_factory=dict)

    def pixels(self) -> NDArray[np.uint8]:
        """The picture, (height, width, 3) uint8 RGB. Raises DatasetError where it is missing or cannot be read."""
        picture = cv2.imread(str(self.path), cv2.IMREAD_COLOR)
        if picture is None:
            raise DatasetError(f"{self.path} is missing or no picture; lay the corpus out as README says")
        return np.ascontiguousarray(picture[..., ::-1])

    def mask(self, name: str) -> NDArray[np.bool_]:
        """A mask as (height, width) bool. Raises DatasetError where it is missing or cannot be read."""
        path = self.masks[name]
        picture = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        if picture is None:
            raise DatasetError(f"{path} is missing or no picture; lay the corpus out as README says")
        return np.asarray(picture > 127)


def read_rows(path: Path, columns: tuple[str, ...]) -> list[dict[str, str]]:
    """The rows of a CSV table that must have these columns. Raises DatasetError naming the file and what is missing."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            missing = [name for name in columns if name not in (reader.fieldnames or ())]
            if missing:
                raise DatasetError(f"{path} lacks the column {', '.join(missing)}")
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"{path} cannot be read ({error}); lay the corpus out as README says") from error
    short = next((number for number, row in enumerate(rows, start=2) if None in row.values()), None)
    if short is not None:
        raise DatasetError(f"{path} has too few values in row {short}")
    return rows


@contextmanager
def values_of(path: Path) -> Iterator[None]:
    """A table's values are read in here. What is no number, or no name that the corpus knows, becomes a DatasetError."""
    try:
        yield
    except (KeyError, ValueError) as error:
        raise DatasetError(f"{path} holds a value that does not belong there: {error}") from error
