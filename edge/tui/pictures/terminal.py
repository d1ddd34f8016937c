"""What pictures this terminal can show."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from rich.console import Console

from edge.tui.pictures.brightness_ramp import BrightnessRamp
from edge.tui.pictures.half_blocks import EIGHT_BIT, HalfBlocks
from edge.tui.pictures.scene import PictureKind, Rendering

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
    """The rendering of the wanted kind. AUTO: text where NO_COLOR is set or the terminal has fewer than 256 colours, else half
    blocks, which every terminal draws, in tmux and over ssh too."""
    depth = Console(file=sys.__stdout__).color_system
    if wanted is PictureKind.TEXT:
        return BrightnessRamp()
    if wanted is PictureKind.AUTO and ("NO_COLOR" in environment or depth not in ("256", "truecolor")):
        return BrightnessRamp()
    return HalfBlocks(EIGHT_BIT) if depth == "256" else HalfBlocks()
