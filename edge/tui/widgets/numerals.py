"""Numbers three lines high."""

from __future__ import annotations

_GLYPHS = {
    "0": ("┏━┓", "┃ ┃", "┗━┛"),
    "1": ("╺┓ ", " ┃ ", "╺┻╸"),
    "2": ("╺━┓", "┏━┛", "┗━╸"),
    "3": ("╺━┓", " ━┫", "╺━┛"),
    "4": ("╻ ╻", "┗━┫", "  ╹"),
    "5": ("┏━╸", "┗━┓", "╺━┛"),
    "6": ("┏━╸", "┣━┓", "┗━┛"),
    "7": ("╺━┓", "  ┃", "  ╹"),
    "8": ("┏━┓", "┣━┫", "┗━┛"),
    "9": ("┏━┓", "┗━┫", "╺━┛"),
    "—": ("   ", "╺━╸", "   "),
}


def tall(number: str) -> tuple[str, str, str]:
    """The three lines of a number written in digits or of "—", each 3 columns per character."""
    top, middle, bottom = ("".join(_GLYPHS[digit][line] for digit in number) for line in range(3))
    return top, middle, bottom
