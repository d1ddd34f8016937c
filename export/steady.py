"""Frames whose counts say something: rounding does not change them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from edge.counting.logits import counts_of
from engines.contract import Tensor
from engines.manifest import Manifest

NOISE_LOGIT = 0.05
"""FP16 moves 99.9 % of the field network's logits near a decision by less than 0.04 . A field whose counts change
under this much says nothing about an engine."""
DISTURBED = 6
PIECE_CELLS = 4
"""The side of a piece in red cell diameters: some ten cells of a dense field. A network that is unsure everywhere (a SegNet
after 700 steps: 1 % of its logits within NOISE_LOGIT) has no steady field, but every third such piece is."""
LEAST_CELLS = 3
PIECES = 16


def steady_counts(logits: Tensor, manifest: Manifest) -> Mapping[str, int] | None:
    """The counts of one frame, or None where a disturbance of the logits within NOISE_LOGIT changes them."""
    exact = np.array(logits, np.float32)
    found = counts_of(exact, manifest)
    rng = np.random.default_rng(exact.shape[2] * exact.shape[3])
    for _ in range(DISTURBED):
        noise = rng.uniform(-NOISE_LOGIT, NOISE_LOGIT, exact.shape).astype(np.float32)
        if counts_of(exact + noise, manifest) != found:
            return None
    return found


def steady_pieces(
    tensors: Sequence[NDArray[np.uint8]], run: Callable[[NDArray[np.uint8]], Tensor], manifest: Manifest
) -> list[NDArray[np.uint8]]:
    """At most PIECES squares of the frames with some cells in each and steady counts, by the reference `run`."""
    preparation = manifest.preparation
    side = PIECE_CELLS * preparation.cell_diameter_px + 2 * preparation.margin_px
    side_px = -(-int(side) // preparation.multiple_px) * preparation.multiple_px
    found: list[NDArray[np.uint8]] = []
    for tensor in tensors:
        for top in range(0, tensor.shape[1] - side_px + 1, side_px):
            for left in range(0, tensor.shape[2] - side_px + 1, side_px):
                piece = np.ascontiguousarray(tensor[:, top : top + side_px, left : left + side_px])
                counts = steady_counts(run(piece), manifest)
                if counts is not None and sum(counts.values()) >= LEAST_CELLS:
                    found.append(piece)
                if len(found) == PIECES:
                    return found
    return found
