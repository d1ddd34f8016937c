"""Text from outside as a terminal may be given it."""

from __future__ import annotations


def printable(text: str) -> str:
    r"""`text` with what is no printable character as its escape: a file's names and values may hold what a terminal obeys
    (\x1b), what turns the line around (\u202e), or halves of characters that cannot be encoded. Newlines and tabs stay."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() or letter in "\n\t" else ascii(letter)[1:-1] for letter in text)
