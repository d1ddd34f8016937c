"""How far a figure would move with other fields of the same kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

Field = TypeVar("Field")

RESAMPLES = 1000


def interval(fields: Sequence[Field], figure: Callable[[Sequence[Field]], float], seed: int = 0) -> tuple[float, float]:
    """The 95 % percentile interval (Efron 1979) of `figure` over resampled `fields`; of one field the figure twice."""
    if len(fields) < 2:
        value = figure(fields)
        return value, value
    rng = np.random.default_rng(seed)
    values = [figure([fields[i] for i in rng.integers(len(fields), size=len(fields))]) for _ in range(RESAMPLES)]
    low, high = np.percentile(values, (2.5, 97.5))
    return float(low), float(high)
