"""How long a run takes."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

WARM_UPS = 2
RUNS = 7


def median_ms(run: Callable[[NDArray[np.uint8]], object], tensor: NDArray[np.uint8], runs: int = RUNS) -> float:
    """The median of `runs` runs after WARM_UPS more, in milliseconds."""
    for _ in range(WARM_UPS):
        run(tensor)
    taken = []
    for _ in range(runs):
        start = perf_counter()
        run(tensor)
        taken.append(1000.0 * (perf_counter() - start))
    return median(taken)
