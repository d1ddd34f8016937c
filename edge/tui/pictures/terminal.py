"""What pictures this terminal can show. Asked once, before Textual takes the terminal: afterwards the answers go to it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping

from rich.console import Console

from edge.tui.pictures.brightness_ramp import BrightnessRamp
from edge.tui.pictures.half_blocks import EIGHT_BIT, HalfBlocks
from edge.tui.pictures.kitty import KittyPixels
from edge.tui.pictures.scene import PictureKind, Rendering
from edge.tui.pictures.size import CellSize

VARIABLE = "HEMOCAM_PICTURE"


def wanted_kind(environment: Mapping[str, str] = os.environ) -> PictureKind:
    """The kind that HEMOCAM_PICTURE asks for, AUTO where it is not set.

    Raises ValueError, which names the variable and what it may be.
    """
    value = environment.get(VARIABLE) or PictureKind.AUTO.value
    if value not in {kind.value for kind in PictureKind}:
        raise ValueError(f"{VARIABLE} is {value!r}; it may be {', '.join(kind.value for kind in PictureKind)}")
    return PictureKind(value)


def rendering(wanted: PictureKind, environment: Mapping[str, str] = os.environ) -> Rendering:
    """The best rendering of the wanted kind; where the terminal has no true pixels, half blocks stand in for them.

    AUTO: text where NO_COLOR is set or the terminal has fewer than 256 colours, else true pixels, else half blocks.
    """
    depth = Console(file=sys.__stdout__).color_system
    if wanted is PictureKind.TEXT:
        return BrightnessRamp()
    if wanted is PictureKind.AUTO and ("NO_COLOR" in environment or depth not in ("256", "truecolor")):
        return BrightnessRamp()
    pixels = None if wanted is PictureKind.HALF_BLOCKS else _true_pixels()
    if pixels is not None:
        return pixels
    return HalfBlocks(EIGHT_BIT) if depth == "256" else HalfBlocks()


def _true_pixels() -> Rendering | None:
    """Kitty's protocol or Sixel, whichever the terminal says it speaks; inside tmux and over a plain line, neither."""
    if not (sys.__stdin__ and sys.__stdin__.isatty() and sys.__stdout__ and sys.__stdout__.isatty()):
        return None
    # textual-image asks the terminal while it is imported, and only once: not at the head of this file.
    from textual_image._terminal import get_cell_size  # noqa: PLC0415
    from textual_image.renderable import Image  # noqa: PLC0415

    from edge.tui.pictures.sixel import SixelPixels  # noqa: PLC0415

    cell = CellSize(*get_cell_size())
    kinds: dict[str, Callable[[CellSize], Rendering]] = {"tgp": KittyPixels, "sixel": SixelPixels}
    found = kinds.get(Image.__module__.rpartition(".")[2])
    return None if found is None else found(cell)
