"""How much each class counts where some are rare."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from export.datasets.sample import DatasetError


def class_weights(
    labels: NDArray[np.int64], classes: tuple[str, ...], kind: Literal["none", "balanced", "root"]
) -> NDArray[np.float32]:
    """(classes,) float32. `balanced`: total number of samples / (number of the class * number of classes), equation 1 of
    Elsafty et al., 2024; `root`: its square root, for classes a hundred times rarer than others. Raises DatasetError for a
    class without a sample, for which there is no such weight."""
    if kind == "none":
        return np.ones(len(classes), np.float32)
    counts = np.bincount(labels, minlength=len(classes))
    missing = [name for name, count in zip(classes, counts, strict=True) if count == 0]
    if missing:
        raise DatasetError(
            f"no sample to learn {', '.join(missing)} from; name them under `ignore`, or leave class_weights out"
        )
    weights = len(labels) / (counts * len(classes))
    return np.asarray(weights if kind == "balanced" else np.sqrt(weights), np.float32)
