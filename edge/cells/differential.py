"""The differential: white cells by their kinds, with what it is worth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from edge.cells.binomial import exact_interval
from edge.counting.cell import Cell, CellType

WANTED = 200
"""White cells of a routine differential (CLSI H20-A2: two readers, 200 each)."""
UNSURE = "unsure"
BAND, SEGMENTED, IMMATURE = "band neutrophil", "segmented neutrophil", "immature granulocyte"
ERYTHROBLAST = "erythroblast"
SHORT = {
    SEGMENTED: "seg", BAND: "band", "eosinophil": "eos", "basophil": "bas", "lymphocyte": "lym", "monocyte": "mon",
    IMMATURE: "ig", UNSURE: "?",
}  # fmt: skip
"""For a narrow line."""
NOT_WHITE = (ERYTHROBLAST, "platelet", "artefact")
"""Given apart: they are in no share."""
MOST_UNSURE = 0.1
"""With a larger share that could not be named a person must look."""
NO_BLASTS = "Blasts and reactive lymphocytes are not among the types: they come out unsure, or wrong."
PERSON = "A person must look at this slide"


@dataclass(frozen=True, slots=True)
class Row:
    """One type: `cells` of them, their `share` of the white cells with its exact 95 % interval, all 0..1."""

    name: str
    cells: int
    share: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Differential:
    """`cells` by the names of their types, `UNSURE` among them."""

    cells: Mapping[str, int]

    @classmethod
    def of(cls, types: Iterable[CellType]) -> Differential:
        """That of these types."""
        return cls(Counter(UNSURE if one.name is None else one.name for one in types))

    @property
    def white(self) -> int:
        """The white cells that the shares are of; those that could not be named are among them."""
        return sum(number for name, number in self.cells.items() if name not in NOT_WHITE)

    @property
    def rows(self) -> list[Row]:
        """The most frequent first, what could not be named last."""
        named = sorted((name for name in self.cells if name not in (*NOT_WHITE, UNSURE)), key=lambda name: -self.cells[name])
        return [self._row(name) for name in (*named, *([UNSURE] if self.cells.get(UNSURE) else []))]

    @property
    def left_shift(self) -> Row | None:
        """Band and immature forms among all neutrophil granulocytes; None where there is none of these."""
        shifted = self.cells.get(BAND, 0) + self.cells.get(IMMATURE, 0)
        number = shifted + self.cells.get(SEGMENTED, 0)
        if number == 0:
            return None
        return Row("left shift", shifted, shifted / number, *exact_interval(shifted, number))

    @property
    def erythroblasts_per_100(self) -> float | None:
        """For 100 white cells; None without any."""
        return 100.0 * self.cells.get(ERYTHROBLAST, 0) / self.white if self.white else None

    @property
    def asks(self) -> list[str]:
        """Why a person must look; empty where nothing asks for it."""
        said = []
        unsure, immature = self.cells.get(UNSURE, 0), self.cells.get(IMMATURE, 0) + self.cells.get(ERYTHROBLAST, 0)
        if self.white and unsure > MOST_UNSURE * self.white:
            said.append(f"{unsure} of {self.white} white cells could not be named")
        if immature:
            said.append(f"{immature} immature cell{'s' if immature > 1 else ''}")
        return said

    def _row(self, name: str) -> Row:
        number = self.cells[name]
        return Row(name, number, number / self.white, *exact_interval(number, self.white))


def short(name: str) -> str:
    """A type in a few letters, for a narrow line; as it is where it has no short name."""
    return SHORT.get(name, name)


def types_of(cells: Iterable[Cell]) -> list[CellType]:
    """Of those that a classifier looked at."""
    return [cell.type for cell in cells if cell.type is not None]
