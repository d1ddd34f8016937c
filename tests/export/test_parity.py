"""Two forms of one model, told apart by what differs."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from engines.contract import Tensor
from engines.manifest import ClassifierManifest, Manifest
from export.parity import QUANTISED, SAME, Gate, ParityError, parity
from tests.engines.onnx_models import manifest

CARD = Manifest.model_validate(manifest())
CLASSES = ClassifierManifest.model_validate(
    {k: v for k, v in manifest().items() if k not in ("channels", "preparation", "decoding")}
    | {"task": "classification", "classes": ["normal", "target"], "side_px": 80}
)
SIDE = 64
FRAMES = [np.full((1, SIDE, SIDE, 3), value, np.uint8) for value in (0, 100)]


def says(tensor: NDArray[np.uint8], cells: int = 2) -> Tensor:
    """Logits of two channels: so many discs of 20 px in the first, nothing in the second."""
    rows, columns = np.mgrid[:SIDE, :SIDE]
    logits = np.full((1, 2, SIDE, SIDE), -6.0, np.float32)
    for index in range(cells):
        logits[0, 0, (columns - 14 - 30 * index) ** 2 + (rows - 20) ** 2 <= 100] = 6.0
    return logits


def test_a_form_that_says_the_same() -> None:
    found = parity(says, says, FRAMES, CARD)
    assert (found.frames, found.logits, found.probabilities, found.equal_labels) == (2, 0.0, 0.0, 100.0)
    assert found.counts == ({"rbc": 2}, {"rbc": 2})
    assert found.text() == "max |Δlogit| 0, max |Δp| 0, 100.000 % equal labels, counts identical over 2 frames"
    found.require("it", SAME)


def test_differences_that_move_no_label() -> None:
    found = parity(lambda t: says(t) * 0.5, says, FRAMES, CARD)
    assert found.logits == pytest.approx(3.0)
    assert found.probabilities == pytest.approx(1 / (1 + np.exp(-6)) - 1 / (1 + np.exp(-3)), abs=1e-6)
    assert found.equal_labels == 100.0
    found.require("it", SAME)


def test_labels_that_differ_are_counted_over_pixels_and_channels() -> None:
    def other(tensor: NDArray[np.uint8]) -> Tensor:
        logits = says(tensor)
        logits[0, 1, :4] = 6.0
        return logits

    found = parity(other, says, FRAMES, CARD)
    assert found.equal_labels == pytest.approx(100 * (1 - 4 / (2 * SIDE)))
    assert found.counts_equal
    with pytest.raises(ParityError, match=r"96\.875 % equal labels, counts identical.*at least 99\.95 % equal labels"):
        found.require("it", SAME)


def test_labels_are_by_the_manifests_own_threshold() -> None:
    """A probability of 0.6 is a cell at a threshold of 0.5 and none at 0.7."""
    strict = manifest()
    strict["decoding"]["rbc"]["foreground_threshold"] = 0.7

    def unsure(tensor: NDArray[np.uint8]) -> Tensor:
        return np.where(says(tensor) > 0, np.log(0.6 / 0.4), -6.0).astype(np.float32)

    assert parity(unsure, says, FRAMES, CARD).equal_labels == 100.0
    assert parity(unsure, says, FRAMES, Manifest.model_validate(strict)).equal_labels < 95.0


def test_one_cell_more_fails_the_gate_though_labels_agree() -> None:
    found = parity(lambda t: says(t, 2 if t.max() == 0 else 1), says, FRAMES, CARD)
    assert not found.counts_equal
    assert found.counts_text() == "differ (frame 1 rbc 1 instead of 2)"
    assert Gate(90.0, counts=False).passes(found)
    with pytest.raises(ParityError, match="frame 1 rbc 1 instead of 2"):
        found.require("it", Gate(90.0, counts=True))


def test_a_share_is_rounded_down() -> None:
    def one_off(tensor: NDArray[np.uint8]) -> Tensor:
        logits = np.broadcast_to(says(tensor), (1, 2, SIDE, SIDE)).copy()
        logits[0, 1, 0, 0] = 6.0 if tensor.max() else -6.0
        return logits

    frames = [np.zeros((1, SIDE, SIDE, 3), np.uint8)] * 40 + FRAMES[1:]
    found = parity(one_off, says, frames, CARD)
    assert found.labels - found.equal == 1
    assert found.share() == "99.999"


def test_an_engine_that_uses_its_output_again() -> None:
    memory = np.empty((1, 2, SIDE, SIDE), np.float32)

    def reused(tensor: NDArray[np.uint8], cells: int) -> Tensor:
        memory[:] = says(tensor, cells)
        return memory

    found = parity(lambda t: reused(t, 1), lambda t: reused(t, 2), FRAMES, CARD)
    assert found.counts == ({"rbc": 1}, {"rbc": 1})
    assert found.reference_counts == ({"rbc": 2}, {"rbc": 2})


def test_crops_are_labelled_by_their_largest_logit() -> None:
    def one(tensor: NDArray[np.uint8]) -> Tensor:
        return np.float32([[1.0, 0.0], [0.0, 1.0], [2.0, 0.0]])

    def other(tensor: NDArray[np.uint8]) -> Tensor:
        return np.float32([[5.0, 0.0], [1.0, 0.0], [2.0, 0.0]])

    found = parity(other, one, [np.zeros((3, 80, 80, 3), np.uint8)], CLASSES)
    assert found.equal_labels == pytest.approx(200 / 3)
    assert found.counts == ({"normal": 3},)
    assert found.reference_counts == ({"normal": 2, "target": 1},)
    assert found.probabilities == pytest.approx(1 / (1 + np.exp(-1)) - 1 / (1 + np.exp(1)), abs=1e-6)
    assert not QUANTISED.passes(found)


def test_what_cannot_be_compared() -> None:
    with pytest.raises(ParityError, match="no frame"):
        parity(says, says, [], CARD)
    with pytest.raises(ParityError, match="not forms of one model"):
        parity(lambda t: says(t)[:, :, :32], says, FRAMES, CARD)
    with pytest.raises(ParityError, match="this form gives values that are not finite"):
        parity(lambda t: np.full_like(says(t), np.nan), says, FRAMES, CARD)
    with pytest.raises(ParityError, match="the reference gives values that are not finite"):
        parity(says, lambda t: np.full_like(says(t), np.inf), FRAMES, CARD)
