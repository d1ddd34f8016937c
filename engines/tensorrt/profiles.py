"""The sizes that a plan is built for."""

from __future__ import annotations

import re
from dataclasses import dataclass

from engines.tensorrt.errors import OptionMissing

Size = tuple[int, int, int]
_FORM = re.compile(r"^(\d{1,4})x(\d{1,5})x(\d{1,5})$")


class ProfileInvalid(OptionMissing):
    """Sizes that are no profile, or that the network does not take."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Smallest, most usual and largest input as (batch, height_px, width_px): the engine runs all between the smallest and the
    largest, and is fastest at `opt`. Raises ProfileInvalid where they are not in this order."""

    min: Size = (1, 256, 256)
    opt: Size = (1, 480, 640)
    max: Size = (2, 1200, 1600)

    def __post_init__(self) -> None:
        for axis, low, usual, high in zip(("batch", "height", "width"), self.min, self.opt, self.max, strict=True):
            if not 1 <= low <= usual <= high:
                raise ProfileInvalid(
                    f"profile {self}: its {axis} must be 1 <= min <= opt <= max, and is {low}, {usual}, {high}"
                )

    def __str__(self) -> str:
        return "..".join("x".join(map(str, size)) for size in (self.min, self.opt, self.max))

    @property
    def is_one_size(self) -> bool:
        return self.min == self.opt == self.max

    def takes(self, batch: int, height_px: int, width_px: int) -> bool:
        """Whether an engine of this profile runs such an input."""
        return all(
            low <= size <= high for low, size, high in zip(self.min, (batch, height_px, width_px), self.max, strict=True)
        )


def one_size(batch: int, height_px: int, width_px: int) -> Profile:
    """The profile of a network that only ever sees this."""
    size = (batch, height_px, width_px)
    return Profile(size, size, size)


def parse_size(text: str) -> Size:
    """`1x480x640` as (batch, height_px, width_px). Raises ProfileInvalid."""
    found = _FORM.match(text.strip().lower())
    if not found:
        raise ProfileInvalid(f"{text!r} is no size; write batch x height x width, e.g. 1x480x640")
    batch, height, width = (int(part) for part in found.groups())
    return batch, height, width
