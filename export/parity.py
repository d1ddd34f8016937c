"""How far two forms of one model say the same: in tensors, in labels, in counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.counting.logits import counts_of
from engines.contract import Tensor
from engines.decode import label_logits
from engines.manifest import ClassifierManifest, Manifest
from export.conversion_error import ConversionError
from export.steady import steady_counts

Run = Callable[[NDArray[np.uint8]], Tensor]
"""A model at work: (batch, height, width, 3) uint8 to logits."""


class ParityError(ConversionError):
    """Two forms of one model do not say the same; the message holds the figures."""


@dataclass(frozen=True, slots=True)
class Gate:
    """What is asked of a form: the least share of equal labels, in percent, and whether every count must be the same."""

    equal_labels: float
    counts: bool

    def passes(self, parity: Parity) -> bool:
        return parity.equal_labels >= self.equal_labels and (parity.counts_equal or not self.counts)

    def text(self) -> str:
        """As a person reads it."""
        return f"at least {self.equal_labels:g} % equal labels" + " and identical counts in steady frames" * self.counts


SAME = Gate(99.95, counts=True)
"""Two forms that are one model: FP16 of a U-Net was seen at 99.999 % (../shared/tensorrt.md)."""
QUANTISED = Gate(99.0, counts=False)
"""int8 rounds to 1 part in 255 and moves some counts by a cell (99.9 % was seen); what is far below was calibrated wrongly."""


@dataclass(frozen=True, slots=True)
class Parity:
    """What one form says against its reference, over all frames.

    `logits` and `probabilities` are the largest absolute differences; a label is a pixel of a channel above its threshold,
    or a crop's class; counts are one mapping a frame (of a classifier: crops by class). A frame is steady where a disturbance
    as small as rounding leaves the reference's counts as they are (export.steady): on others counts tell nothing.
    """

    frames: int
    logits: float
    probabilities: float
    labels: int
    equal: int
    counts: tuple[Mapping[str, int], ...]
    reference_counts: tuple[Mapping[str, int], ...]
    steady: tuple[bool, ...]

    @property
    def equal_labels(self) -> float:
        """Share of equal labels, in percent."""
        return 100.0 * self.equal / self.labels

    @property
    def counts_equal(self) -> bool:
        """Whether all counts of steady frames are the same; without a steady frame, whether all are."""
        return not self._differing(steady=True) and (any(self.steady) or not self._differing(steady=False))

    def text(self) -> str:
        """The figures in one line."""
        return (
            f"max |Δlogit| {self.logits:.2g}, max |Δp| {self.probabilities:.2g}, {self.share()} % equal labels, "
            f"counts {self.counts_text()} over {self.frames} frame{'s' * (self.frames != 1)}"
        )

    def share(self) -> str:
        """The share of equal labels with three decimals, rounded down: 100.000 only where all are equal."""
        return f"{np.floor(self.equal_labels * 1000.0) / 1000.0:.3f}"

    def counts_text(self) -> str:
        """`identical`, in how many frames if not in all, or the frames and classes that differ."""
        if not self._differing(steady=True) and not self._differing(steady=False):
            return "identical"
        if not any(self.steady):
            return f"unsteady in every frame ({_first(self._differing(steady=False))})"
        if not self.counts_equal:
            return f"differ ({_first(self._differing(steady=True))})"
        return f"identical in {sum(self.steady)} steady of {self.frames} frames"

    def unsteady_text(self) -> str:
        """Where unsteady frames are counted otherwise; empty where they are not."""
        return _first(self._differing(steady=False))

    def _differing(self, *, steady: bool) -> list[str]:
        frames = enumerate(zip(self.counts, self.reference_counts, self.steady, strict=True))
        return [
            f"frame {index} {kind} {found.get(kind, 0)} instead of {wanted.get(kind, 0)}"
            for index, (found, wanted, held) in frames
            for kind in sorted({*found, *wanted})
            if held is steady and found.get(kind, 0) != wanted.get(kind, 0)
        ]

    def require(self, what: str, gate: Gate = SAME) -> None:
        """Raises ParityError with the figures unless `gate` lets it through."""
        if not gate.passes(self):
            raise ParityError(f"{what} does not say what its reference says: {self.text()}; asked for are {gate.text()}")


def parity(run: Run, reference: Run, tensors: Iterable[NDArray[np.uint8]], manifest: Manifest | ClassifierManifest) -> Parity:
    """Compare over prepared tensors (batch, height, width, 3) uint8, one run each.

    Raises ParityError where outputs differ in shape, are not finite, or there is no frame; InferenceFailed from the runs.
    """
    limit = None if isinstance(manifest, ClassifierManifest) else label_logits(manifest)
    logits = probabilities = 0.0
    frames = labels = equal = 0
    counts: list[Mapping[str, int]] = []
    reference_counts: list[Mapping[str, int]] = []
    steady: list[bool] = []
    for tensor in tensors:
        # Copied: an engine may use its output's memory again.
        wanted = np.array(reference(tensor), np.float32)
        found = np.array(run(tensor), np.float32)
        if found.shape != wanted.shape:
            raise ParityError(f"one gives {found.shape}, its reference {wanted.shape}; they are not forms of one model")
        for values, whose in ((found, "this form"), (wanted, "the reference")):
            if not np.isfinite(values).all():
                raise ParityError(f"{whose} gives values that are not finite; a value left the range of its precision")
        same = (found.argmax(1) == wanted.argmax(1)) if limit is None else ((found > limit) == (wanted > limit))
        logits = max(logits, float(np.abs(found - wanted).max()))
        probabilities = max(probabilities, float(np.abs(_probable(found, manifest) - _probable(wanted, manifest)).max()))
        frames, labels, equal = frames + 1, labels + same.size, equal + int(np.count_nonzero(same))
        counts.append(_counted(found, manifest))
        reference_counts.append(_counted(wanted, manifest))
        steady.append(isinstance(manifest, ClassifierManifest) or steady_counts(wanted, manifest) is not None)
    if frames == 0:
        raise ParityError("there is no frame to compare on")
    return Parity(frames, logits, probabilities, labels, equal, tuple(counts), tuple(reference_counts), tuple(steady))


def _first(differing: list[str]) -> str:
    return ", ".join(differing[:4]) + (", …" if len(differing) > 4 else "")


def _probable(logits: NDArray[np.float32], manifest: Manifest | ClassifierManifest) -> NDArray[np.float64]:
    if isinstance(manifest, ClassifierManifest):
        raised = np.exp(logits.astype(np.float64) - logits.max(1, keepdims=True))
        return np.asarray(raised / raised.sum(1, keepdims=True))
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logits.astype(np.float64), -30.0, 30.0))))


def _counted(logits: NDArray[np.float32], manifest: Manifest | ClassifierManifest) -> Mapping[str, int]:
    if isinstance(manifest, ClassifierManifest):
        return dict(Counter(manifest.classes[index] for index in logits.argmax(1).tolist()))
    return counts_of(logits, manifest)
