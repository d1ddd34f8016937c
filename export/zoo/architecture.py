"""One network of the zoo: its name, how it is built, and what it asks of its input."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from torch import nn


class ZooError(Exception):
    """No network of that name, or not in that form."""


@dataclass(frozen=True, slots=True)
class Architecture:
    """One network. `build` makes it anew, with random weights.

    Segmentation: `build(channels, width=None)` gives a module (N, 3, H, W) float32 in 0..1 -> logits (N, channels, H - 2 *
    context_px, W - 2 * context_px). `width` is the number of filters of the first layers, all others follow; None is the
    paper's. Classification: `build(classes, side_px)` gives (N, 3, side_px, side_px) float32 in 0..1 -> logits (N, classes);
    its own scaling of the input is inside.
    """

    name: str
    task: Literal["segmentation", "classification"]
    build: Callable[..., nn.Module]
    multiple_px: int
    """H and W are `offset_px` plus a multiple of this."""
    context_px: int = 0
    """What an unpadded network loses on each of the four sides."""
    paper: str = ""
    """Where it is described."""
    keras: bool = False
    offset_px: int = 0
    """0, but for unpadded networks: DO-U-Net takes 92, 100, ... 188, ...: 4 + 8 n."""
    smallest_px: int = 0
    """Smaller sides have no output. 0: one multiple is enough."""

    def fitting_px(self, at_least_px: int) -> int:
        """The smallest allowed input side that is not under `at_least_px`."""
        needed = max(at_least_px, self.smallest_px, 1)
        return self.offset_px + -(-(needed - self.offset_px) // self.multiple_px) * self.multiple_px

    def output_px(self, side_px: int) -> int:
        """The side of the logits of an input of `side_px`."""
        return side_px - 2 * self.context_px
