"""CSV tables beside the pictures."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from export.datasets.errors import DatasetError


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
