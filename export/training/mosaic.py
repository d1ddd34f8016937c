"""Small pictures laid together, so that a crop is full of cells."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from export.training.targets import Patch

MARGIN_PX = 8
"""Each picture is mirrored over its border as the device does it, so that a cut cell looks here as it does there."""
ACROSS = 2


def mosaics(patches: Iterable[Patch], seed: int) -> Iterator[Patch]:
    """Squares of 2 x 2 pictures, each picture in two of them."""
    pictures = [_mirrored(patch) for patch in patches]
    rng = np.random.default_rng(seed)
    many = ACROSS * ACROSS
    if not pictures:
        return
    order = np.concatenate([rng.permutation(len(pictures)) for _ in range(max(2, many // len(pictures)))])
    for start in range(0, len(order) - many + 1, many):
        yield _joined([pictures[i] for i in order[start : start + many]])


def _mirrored(patch: Patch) -> Patch:
    """The picture with its border; nothing is known there."""
    edge = (MARGIN_PX,) * 4
    pixels = np.asarray(cv2.copyMakeBorder(patch.pixels, *edge, cv2.BORDER_REFLECT), np.uint8)
    around = ((MARGIN_PX, MARGIN_PX), (MARGIN_PX, MARGIN_PX), (0, 0))
    return Patch(pixels, np.pad(patch.targets, around), np.pad(patch.known, around))


def _joined(pictures: list[Patch]) -> Patch:
    height = max(one.pixels.shape[0] for one in pictures)
    width = max(one.pixels.shape[1] for one in pictures)

    def grid(planes: list[NDArray[np.uint8]], fill: int) -> NDArray[np.uint8]:
        cells = [
            np.pad(one, ((0, height - one.shape[0]), (0, width - one.shape[1]), (0, 0)), constant_values=fill) for one in planes
        ]
        return np.vstack([np.hstack(cells[row * ACROSS : (row + 1) * ACROSS]) for row in range(ACROSS)])

    return Patch(
        grid([one.pixels for one in pictures], 235),
        grid([one.targets for one in pictures], 0),
        grid([one.known for one in pictures], 0),
    )
