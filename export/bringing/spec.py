"""What a file does not say of itself, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from export.conversion_error import ConversionError
from export.normalisation import UNIT, Normalisation

if TYPE_CHECKING:
    import onnx

Layout = Literal["nchw", "nhwc"]
Task = Literal["segmentation", "classification"]

BACKGROUND = "background"
"""A channel of this name is left out of the result."""


@dataclass(frozen=True, slots=True)
class BringingSpec:
    """What the lab knows of its model. Exactly one of `channels` (of a network for fields) and `classes` (for crops) is given.

    `channels` and `classes` are in the order of the network's outputs. `architecture` and `width` are needed for a state dict
    alone. `side_px` is the side that the network was made for, where it takes only one or the file does not say. `context_px`
    is how wide a border of such a square is not to be trusted. `layout` is needed where the file leaves it open. `outputs`
    chooses some of several outputs by name. `python` is a file with the lab's own Keras layers, which is executed.
    """

    channels: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    architecture: str | None = None
    width: int | None = None
    side_px: int | None = None
    context_px: int | None = None
    cell_diameter_px: float | None = None
    normalisation: Normalisation = UNIT
    layout: Layout | None = None
    outputs: tuple[str, ...] = ()
    python: Path | None = None

    def __post_init__(self) -> None:
        if bool(self.channels) == bool(self.classes):
            raise ConversionError("say either the channels of a network for fields or the classes of one for crops")
        if self.channels and self.cell_diameter_px is None:
            raise ConversionError(
                "a network for fields needs the diameter of the red cells that it learnt on: --cell-diameter-px"
            )

    @property
    def task(self) -> Task:
        return "segmentation" if self.channels else "classification"

    @property
    def labels(self) -> tuple[str, ...]:
        return self.channels or self.classes


Reference = Callable[[NDArray[np.uint8]], list[NDArray[np.float32]]]
"""What the source itself says of (batch, height, width, 3) uint8 RGB: its outputs, in the order of the graph's."""


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """A file that was read: a graph of one image input in `layout`, float or uint8, and the source as its own reference."""

    kind: str
    model: onnx.ModelProto
    layout: Layout
    reference: Reference
    parameters: int
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sides:
    """Which input sides a graph takes: multiples of `multiple_px`, or `side_px` alone; what is lost on each side of it."""

    multiple_px: int
    side_px: int | None = None
    context_px: int = 0
    unpadded: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Brought:
    """The result: the ONNX file and what its manifest says of it. `worst` is the largest difference from the source."""

    onnx: bytes
    kind: str
    parameters: int
    sides: Sides
    labels: tuple[str, ...]
    source_sha256: str
    worst: float
    notices: tuple[str, ...] = ()
