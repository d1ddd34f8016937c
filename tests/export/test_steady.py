"""Frames whose counts say something."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engines.contract import Tensor
from engines.manifest import Manifest
from export.parity import SAME, parity
from export.steady import LEAST_CELLS, PIECES, steady_counts, steady_pieces
from tests.engines.onnx_models import manifest

CARD = Manifest.model_validate(manifest(channels=["rbc"]))


def discs(sure: float, side: int = 80, cells: int = 4) -> Tensor:
    """Cells of 20 px, the last of them with a logit of `sure` above the threshold."""
    rows, columns = np.mgrid[:side, :side]
    logits = np.full((1, 1, side, side), -4.0, np.float32)
    for index in range(cells):
        x, y = 20 + 40 * (index % 2), 20 + 40 * (index // 2)
        logits[0, 0, (columns - x) ** 2 + (rows - y) ** 2 <= 100] = sure if index == cells - 1 else 4.0
    return logits


def test_counts_that_a_disturbance_leaves_are_steady() -> None:
    assert steady_counts(discs(4.0), CARD) == {"rbc": 4}
    assert steady_counts(discs(0.2), CARD) == {"rbc": 4}
    assert steady_counts(discs(0.005), CARD) is None


def test_a_count_of_an_unsteady_frame_decides_nothing_and_is_told() -> None:
    frames = [np.full((1, 80, 80, 3), value, np.uint8) for value in (1, 2)]

    def reference(tensor: NDArray[np.uint8]) -> Tensor:
        return discs(4.0 if tensor.max() == 1 else 0.0001)

    def other(tensor: NDArray[np.uint8]) -> Tensor:
        return discs(4.0 if tensor.max() == 1 else -0.0001)

    found = parity(other, reference, frames, CARD)
    assert found.steady == (True, False)
    assert found.counts_equal
    assert found.counts_text() == "identical in 1 steady of 2 frames"
    assert found.unsteady_text() == "frame 1 rbc 3 instead of 4"
    alone = parity(other, reference, frames[1:], CARD)
    assert not alone.counts_equal, "nothing was shown"
    assert not SAME.passes(alone)
    assert alone.counts_text() == "unsteady in every frame (frame 0 rbc 3 instead of 4)"


def test_pieces_hold_cells_and_are_steady() -> None:
    """The left half of the field is sure, the right half is noise about the threshold."""

    tensor = np.zeros((1, 80, 240, 3), np.uint8)
    tensor[:, :, 80:] = 1

    def seen(piece: NDArray[np.uint8]) -> Tensor:
        sure = piece.max() == 0
        noise = np.random.default_rng(0).uniform(-0.02, 0.02, (1, 1, *piece.shape[1:3]))
        return discs(4.0) if sure else noise.astype(np.float32)

    pieces = steady_pieces([tensor], seen, CARD)
    assert [piece.shape for piece in pieces] == [(1, 80, 80, 3)]
    assert pieces[0].max() == 0


def test_pieces_without_cells_are_left_out_and_they_are_not_more_than_asked_for() -> None:
    many = [np.zeros((1, 240, 800, 3), np.uint8)]
    assert len(steady_pieces(many, lambda piece: discs(4.0), CARD)) == PIECES
    assert not steady_pieces(many, lambda piece: discs(4.0, cells=LEAST_CELLS - 1), CARD)
