"""How each class of cell is marked: a letter, a shape and a colour, so that no one of them is needed."""

from __future__ import annotations

from dataclasses import dataclass

from edge.counting.cell import CellClass


@dataclass(frozen=True, slots=True)
class Sign:
    """Colours are from Okabe and Ito's palette for colour-blind readers (https://jfly.uni-koeln.de/color): `rgb` on the dark
    panels, `ink_rgb`, of the same family, on the bright smear.
    """

    letter: str
    shape: str
    name: str
    rgb: tuple[int, int, int]
    ink_rgb: tuple[int, int, int]

    @property
    def colour(self) -> str:
        """The colour as Rich and Textual write it."""
        return "#{:02x}{:02x}{:02x}".format(*self.rgb)


SIGNS = {
    CellClass.RBC: Sign("R", "●", "red cells", (86, 180, 233), (0, 114, 178)),
    CellClass.WBC: Sign("W", "◆", "white cells", (230, 159, 0), (213, 94, 0)),
    CellClass.PLT: Sign("P", "▲", "platelets", (0, 158, 115), (0, 158, 115)),
}
