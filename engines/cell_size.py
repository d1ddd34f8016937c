"""How a network says the size of a cell: as the octaves between it and the canonical red cell, on a channel like any other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

OCTAVES = 4.0
"""What a probability of 0 to 1 spans: from a quarter of the canonical diameter to four times it."""

Floats = NDArray[np.float32]


def probability_of(ratio: float) -> float:
    """What the channel should say of a cell `ratio` canonical diameters across, held within 0..1."""
    return float(np.clip(0.5 + np.log2(ratio) / OCTAVES, 0.0, 1.0))


def ratio_of(probability: Floats) -> Floats:
    """Canonical diameters across, of what the channel says: the inverse of `probability_of`."""
    return np.asarray(np.exp2(OCTAVES * (probability - np.float32(0.5))), np.float32)
