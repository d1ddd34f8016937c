"""One class against all others: how often it was right and wrong, and every ratio of these."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import isnan, nan


def ratio(part: float, whole: float) -> float:
    """`part / whole`, nan where `whole` is 0."""
    return part / whole if whole else nan


def mean(values: Iterable[float]) -> float:
    """The mean of the values that are defined; nan where none is."""
    defined = [value for value in values if not isnan(value)]
    return sum(defined) / len(defined) if defined else nan


@dataclass(frozen=True, slots=True)
class Outcomes:
    """True and false positives and negatives of one class, in pixels or samples.

    Formulae and their numbers: Elsafty et al., section 4.5 (equations 2 to 9). Each is in 0..1, or nan where nothing of the
    kind that it speaks of was there.
    """

    true_positives: int
    false_positives: int
    false_negatives: int
    true_negatives: int

    def __add__(self, other: Outcomes) -> Outcomes:
        return Outcomes(
            self.true_positives + other.true_positives,
            self.false_positives + other.false_positives,
            self.false_negatives + other.false_negatives,
            self.true_negatives + other.true_negatives,
        )

    @property
    def total(self) -> int:
        return self.true_positives + self.false_positives + self.false_negatives + self.true_negatives

    @property
    def true(self) -> int:
        """How many really are of the class: its pixels or samples by the labels."""
        return self.true_positives + self.false_negatives

    @property
    def predicted(self) -> int:
        """How many were said to be of the class."""
        return self.true_positives + self.false_positives

    @property
    def recall(self) -> float:
        """SN, sensitivity (2): nan where none are of the class."""
        return ratio(self.true_positives, self.true)

    @property
    def specificity(self) -> float:
        """SP (3): nan where all are of the class."""
        return ratio(self.true_negatives, self.true_negatives + self.false_positives)

    @property
    def accuracy(self) -> float:
        """ACC (4)."""
        return ratio(self.true_positives + self.true_negatives, self.total)

    @property
    def precision(self) -> float:
        """PPV (5): nan where nothing was said to be of the class."""
        return ratio(self.true_positives, self.predicted)

    @property
    def iou(self) -> float:
        """Intersection over union (6): nan where the class is neither there nor found."""
        return ratio(self.true_positives, self.true_positives + self.false_positives + self.false_negatives)

    @property
    def f1(self) -> float:
        """F1 (7), in its last form, which has a value also where nothing was found. Of pixels it is the Dice coefficient."""
        return ratio(2 * self.true_positives, self.true + self.predicted)

    @property
    def dice(self) -> float:
        """2 |A ∩ B| / (|A| + |B|): the same number as F1."""
        return self.f1

    @property
    def false_positive_rate(self) -> float:
        """FPR (8)."""
        return ratio(self.false_positives, self.true_negatives + self.false_positives)

    @property
    def negative_predictive_value(self) -> float:
        """NPV (9)."""
        return ratio(self.true_negatives, self.true_negatives + self.false_negatives)

    def tversky(self, missed: float = 0.7, invented: float = 0.3) -> float:
        """TP / (TP + missed FN + invented FP): Tversky, Psychological Review 84(4), 1977. Weights of Salehi et al., MLMI 2017
        (their beta and alpha); 0.5 and 0.5 give Dice, 1 and 1 IoU."""
        wrong = missed * self.false_negatives + invented * self.false_positives
        return ratio(self.true_positives, self.true_positives + wrong)
