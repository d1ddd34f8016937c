"""Whether one model is better than another on the same fields: Student's paired t-test. SciPy computes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan, nan

import numpy as np
from scipy import stats


@dataclass(frozen=True, slots=True)
class PairedTest:
    """`pairs` that both models have a value for; the mean of first minus second with its 95 % interval; t and two-sided p.

    Without two pairs there is nothing to test, and without any difference t is 0 / 0: these are nan.
    """

    pairs: int
    difference: float
    low: float
    high: float
    t: float
    p: float


def paired_test(first: Sequence[float], second: Sequence[float]) -> PairedTest:
    """Compare two models' figures of the same fields, in the same order; a pair with a nan is left out.

    The test takes the pairs as independent: fields of one slide are not, so pass one value a slide where there are several.
    Raises ValueError where the lengths differ.
    """
    if len(first) != len(second):
        raise ValueError(f"{len(first)} figures cannot be paired with {len(second)}")
    pairs = [(a, b) for a, b in zip(first, second, strict=True) if not (isnan(a) or isnan(b))]
    if not pairs:
        return PairedTest(0, nan, nan, nan, nan, nan)
    a, b = np.array(pairs, np.float64).T
    difference = float((a - b).mean())
    # A constant difference is certain and has no spread to test with: rounding alone would give t of 1e16.
    if len(pairs) < 2 or np.ptp(a - b) <= 1e-12 * max(1.0, float(np.abs([a, b]).max())):
        return PairedTest(len(pairs), difference, nan, nan, nan, nan)
    found = stats.ttest_rel(a, b)
    interval = found.confidence_interval(0.95)
    return PairedTest(
        len(pairs), difference, float(interval.low), float(interval.high), float(found.statistic), float(found.pvalue)
    )
