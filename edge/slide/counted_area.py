"""What of the slide was counted already, as the loop needs to know it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edge.frame import Pixels
from edge.slide.coverage import Coverage


@dataclass(frozen=True, slots=True)
class Known:
    """`fraction` of a frame's area (0..1) was accepted before; `undone` is the number of the field that covers most of it,
    where that was taken out of the totals again, else None."""

    fraction: float
    undone: int | None = None


class CountedArea:
    """The fields of one slide that were accepted, by the token of their commit.

    A field that is lost is forgotten, so that it may be counted again. One that a person took out again stays known: it is
    still in view, and counting by itself would count it at once.
    """

    def __init__(self, coverage: Coverage) -> None:
        self._coverage = coverage
        self._numbers: dict[int, int] = {}
        self._restored: list[int | None] = []
        self._undone: set[int] = set()
        self._unchanged = False

    def known(self, pixels: Pixels) -> Known:
        """How much of a frame was accepted before."""
        self._unchanged = True
        overlap = self._coverage.overlap(pixels)
        return Known(overlap.fraction, overlap.field if overlap.field in self._undone else None)

    def still(self, pixels: Pixels) -> bool:
        """Whether a frame shows the very place that `known` was asked about last, and its answer holds."""
        return self._unchanged and self._coverage.still(pixels)

    def add(self, token: int, pixels: Pixels, instead_of: int | None) -> bytes:
        """An accepted field, `instead_of` one that was undone where it is that again; gives what is needed to know it in
        another run of the program."""
        self._unchanged = False
        if instead_of in self._undone:
            self._undone.remove(instead_of)
            self._coverage.remove(instead_of)
        self._numbers[token] = self._coverage.add(pixels)
        return self._coverage.view(pixels)

    def lost(self, token: int) -> None:
        """It is not in the record."""
        self._unchanged = False
        number = self._numbers.pop(token, None)
        if number is not None:  # None: it was of a slide before
            self._coverage.remove(number)

    def undone(self, token: int | None) -> None:
        """The slide's last field was taken out again; `token` is None where it was accepted before the session resumed."""
        self._unchanged = False
        last = self._restored.pop() if token is None and self._restored else None
        number = last if token is None else self._numbers.pop(token, None)
        if number is not None:
            self._undone.add(number)

    def restore(self, views: Sequence[bytes | None]) -> None:
        """The fields of a session that goes on, in order; None where the record has no view of one."""
        numbers = iter(self._coverage.restore([view for view in views if view is not None]))
        self._restored = [None if view is None else next(numbers) for view in views]

    def clear(self) -> None:
        """A new slide begins."""
        self._unchanged = False
        self._coverage.clear()
        self._numbers.clear()
        self._restored.clear()
        self._undone.clear()
