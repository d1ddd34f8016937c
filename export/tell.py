"""How long work says how far it is."""

from __future__ import annotations

from collections.abc import Callable

Tell = Callable[[str, int, int], None]
"""(what is being done, steps done, steps in all or 0)."""


def silent(what: str, done: int, steps: int) -> None:
    """To nobody."""
