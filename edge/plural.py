"""Numbers of things, as one says them."""

from __future__ import annotations


def plural(number: int, noun: str, nouns: str | None = None) -> str:
    """`1 field`, `2310 fields`; `nouns` is the plural where an s does not make it."""
    return f"{number} {noun if number == 1 else nouns or noun + 's'}"
