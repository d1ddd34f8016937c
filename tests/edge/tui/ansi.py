"""Escape sequences read back into cells, as a terminal would."""

from __future__ import annotations

import re
from dataclasses import dataclass

_SEQUENCE = re.compile(r"\x1b\[([\d;]*)m|([^\x1b])")


@dataclass(frozen=True, slots=True)
class Drawn:
    """One cell: colours as their SGR words, "" the terminal's own."""

    character: str
    upper: str
    lower: str
    bold: bool

    @property
    def seen(self) -> tuple[str, str, str, bool]:
        """The same for cells that look the same: on a blank, and where both halves have one colour, only that is seen."""
        blank = self.character == " " or (self.character == "▀" and self.upper == self.lower)
        return (" ", "", self.lower, False) if blank else (self.character, self.upper, self.lower, self.bold)


def cells_of(text: str) -> list[Drawn]:
    cells: list[Drawn] = []
    upper = lower = ""
    bold = False
    for codes, character in _SEQUENCE.findall(text):
        if character:
            cells.append(Drawn(character, upper, lower, bold))
            continue
        words = (codes or "0").split(";")
        while words:
            word = words.pop(0)
            if word in ("38", "48"):
                taken = 4 if words[0] == "2" else 2
                colour, words = ";".join(words[:taken]), words[taken:]
                upper, lower = (colour, lower) if word == "38" else (upper, colour)
            elif word == "0":
                upper = lower = ""
                bold = False
            elif word in ("1", "22"):
                bold = word == "1"
            else:
                raise AssertionError(f"a code that is not expected: {word} in {codes}")
    return cells
