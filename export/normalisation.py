"""From a camera's 0..255 to what a network learnt on: the part of the preparation that stands in the graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import NDArray

ChannelOrder = Literal["rgb", "bgr", "grey"]

GREY_WEIGHTS = (0.299, 0.587, 0.114)
"""Luma of ITU-R BT.601, what OpenCV, Pillow and TensorFlow call grey."""


@dataclass(frozen=True, slots=True)
class Normalisation:
    """`(pixels / divisor - mean) / std`, channel by channel, after the channels were put in `order`.

    `mean` and `std` are in the network's own order. `grey` makes one channel of three; its mean and std are the first ones.
    """

    divisor: float = 255.0
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)
    order: ChannelOrder = "rgb"

    def __post_init__(self) -> None:
        values = (self.divisor, *self.mean, *self.std)
        if not np.isfinite(values).all() or not all(value > 0 for value in (self.divisor, *self.std)):
            raise ValueError(f"divisor and std must be above 0 and all must be finite, not {self}")

    @property
    def channels(self) -> int:
        """How many channels the network takes."""
        return 1 if self.order == "grey" else 3

    def apply(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(batch, height, width, 3) uint8 RGB to (batch, height, width, channels) float32, as the graph does it."""
        floats = pixels.astype(np.float32)
        if self.order == "bgr":
            floats = floats[..., ::-1]
        if self.order == "grey":
            floats = (floats * np.asarray(GREY_WEIGHTS, np.float32)).sum(axis=-1, keepdims=True)
        mean, std = (np.asarray(values[: self.channels], np.float32) for values in (self.mean, self.std))
        return np.ascontiguousarray((floats / np.float32(self.divisor) - mean) / std, np.float32)


UNIT = Normalisation()

NORMALISATIONS: Mapping[str, Normalisation] = MappingProxyType(
    {
        "unit": UNIT,
        "raw": Normalisation(divisor=1.0),
        "signed": Normalisation(divisor=127.5, mean=(1.0, 1.0, 1.0)),
        "imagenet": Normalisation(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225)),
        "caffe": Normalisation(divisor=1.0, mean=(103.939, 116.779, 123.68), order="bgr"),
        "grey": Normalisation(order="grey"),
    }
)
"""The common ones by name: 0..1, 0..255, -1..1, torchvision's, Keras' `caffe` mode, one grey channel 0..1."""
