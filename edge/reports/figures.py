"""The numbers of a report: means over fields, their uncertainty, ratios."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist, fmean, stdev

# Student's t, 97.5th percentile by degrees of freedom 1..30 (Student 1908; any table since).
_T_975 = (
    *(12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131),
    *(2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042),
)
INTERVAL_NOTE = (
    "95 % interval of the mean per field: Student's t across fields, mean ± t·SD/√n, which takes in that fields of one "
    "smear differ by more than chance alone; with a single field, the Poisson interval of its count by Byar's "
    "approximation (Breslow and Day 1987, p. 69), which cannot."
)


@dataclass(frozen=True, slots=True)
class PerField:
    """Cells of one class over fields. `sd` is None with one field; `low` and `high` bound the mean with 95 %."""

    fields: int
    cells: int
    mean: float
    sd: float | None
    low: float
    high: float


def per_field(counts: Sequence[int]) -> PerField | None:
    """The figures of the fields' counts; None where no field looked for the class: unknown, not zero."""
    if not counts:
        return None
    if len(counts) == 1:
        low, high = poisson_interval(counts[0])
        return PerField(1, counts[0], float(counts[0]), None, low, high)
    mean, sd = fmean(counts), stdev(counts)
    reach = t_quantile(len(counts) - 1) * sd / sqrt(len(counts))
    return PerField(len(counts), sum(counts), mean, sd, max(0.0, mean - reach), mean + reach)


def t_quantile(degrees: int) -> float:
    """Student's t, 97.5th percentile. Beyond the table Abramowitz and Stegun 26.7.5, there right to 4 digits."""
    if degrees <= len(_T_975):
        return _T_975[degrees - 1]
    z = NormalDist().inv_cdf(0.975)
    return z + (z**3 + z) / (4 * degrees) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * degrees**2)


def poisson_interval(count: int) -> tuple[float, float]:
    """95 % for a Poisson mean after `count` events: Byar's approximation (Breslow and Day 1987, p. 69)."""
    z = NormalDist().inv_cdf(0.975)
    upper = count + 1
    high = upper * (1 - 1 / (9 * upper) + z / (3 * sqrt(upper))) ** 3
    low = count * max(0.0, 1 - 1 / (9 * count) - z / (3 * sqrt(count))) ** 3 if count else 0.0
    return low, high


def ratio(part: int | None, whole: int | None) -> str:
    """How many `part` there are to how many `whole`, such as `1 : 612` or `3.4 per 1000`; a dash where unknown."""
    if part is None or not whole:
        return "–"
    per_thousand = f"{1000 * part / whole:.1f} per 1000"
    return f"1 : {whole / part:,.0f} ({per_thousand})" if part else f"0 in {whole:,}"
