"""A field model on labelled fields: its maps against the masks, its counts against the true ones, field by field."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import nan
from types import MappingProxyType

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.counting.cell import CellClass
from edge.counting.counter import FieldCounter, Seen
from edge.counting.errors import CountingError
from edge.counting.methods import METHODS, NEEDS
from engines.contract import InferenceFailed
from export.datasets.sample import Sample
from export.evaluate import Answer, Question, answers, question
from export.metrics.boundary import boundary_f1, match_boundaries
from export.metrics.outcomes import Outcomes
from export.metrics.pixels import compare, mean_squared_error
from export.metrics.ranking import Tally, tally

MASKS: Mapping[str, str] = MappingProxyType({"rbc": "rbc", "rbc_outline": "edge", "wbc": "wbc", "plt": "plt"})
"""The mask of a Sample that holds a channel's truth."""

CLOSE = 0.05
"""A second tolerance for outlines, as a share of the red cell's diameter: 0.75 % of the diagonal is a third of a cell in a
field of ALL-IDB1, which forgives too much to tell networks apart."""


@dataclass(frozen=True, slots=True, eq=False)
class ChannelScore:
    """One map of one field against its mask, in the field's own pixels. `close_f1` is the boundary F1 within CLOSE."""

    channel: str
    outcomes: Outcomes
    boundary_f1: float
    close_f1: float
    squared_error: float
    tally: Tally


@dataclass(frozen=True, slots=True, eq=False)
class FieldResult:
    """All that was measured on one field. `failed` says why the model could not see it: such a field has no scores, and each
    count that was asked for is a miss."""

    corpus: str
    split: str
    name: str
    group: str
    scanner: str
    scores: tuple[ChannelScore, ...]
    counts: tuple[Answer, ...]
    failed: str = ""

    def score(self, channel: str) -> ChannelScore | None:
        return next((one for one in self.scores if one.channel == channel), None)


def measure(samples: Iterable[Sample], counter: FieldCounter, channels: Sequence[str]) -> Iterator[FieldResult]:
    """Each sample in turn, seen as the device sees it: at a scale measured on the picture unless the counter's plan gives one.

    `channels` are the model's. Raises DatasetError.
    """
    for sample in samples:
        yield measure_field(sample, counter, channels)


def measure_field(sample: Sample, counter: FieldCounter, channels: Sequence[str]) -> FieldResult:
    """One field: masks at the model's own thresholds, counts by every method. Raises DatasetError."""
    asked = question(sample)
    names = (sample.corpus, sample.split, sample.name, sample.group, sample.scanner)
    pixels = sample.pixels()
    try:
        seen = counter.see(pixels)
    except (CountingError, InferenceFailed) as error:
        return FieldResult(*names, (), tuple(_missed(asked, counter, channels)), str(error))
    scores = []
    for channel, mask in MASKS.items():
        found = _map(seen, channel)
        if mask in sample.masks and found is not None:
            close_px = CLOSE * seen.scale.cell_diameter_px
            scores.append(_score(channel, sample.mask(mask), found, _threshold(counter, channel), close_px))
    return FieldResult(*names, tuple(scores), tuple(answers(asked, counter, seen)))


def _missed(asked: Question, counter: FieldCounter, channels: Sequence[str]) -> Iterator[Answer]:
    """A miss for every method that would have counted, so that no method is spared a field that another answers for."""
    for kind, true in asked.true.items():
        if kind not in counter.methods:
            continue
        for method in METHODS:
            if all(f"{kind.value}_{need}" in channels for need in NEEDS.get(method, ())):
                default = method is counter.methods[kind]
                yield Answer(asked.corpus, asked.split, asked.name, kind, method, default, true, None)


def _map(seen: Seen, channel: str) -> NDArray[np.float32] | None:
    """A channel's probabilities in the frame's pixels."""
    kind, _, part = channel.partition("_")
    maps = seen.maps.get(CellClass(kind))
    if maps is None:
        return None
    at_scale = maps.outline if part == "outline" else maps.foreground
    if at_scale is None:
        return None
    shrinks = at_scale.shape[1] > seen.width_px
    way = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(at_scale, (seen.width_px, seen.height_px), interpolation=way), np.float32)


def _threshold(counter: FieldCounter, channel: str) -> float:
    kind, _, part = channel.partition("_")
    settings = counter.settings[CellClass(kind)]
    return settings.outline_threshold if part == "outline" else settings.foreground_threshold


def _score(
    channel: str, true: NDArray[np.bool_], found: NDArray[np.float32], threshold: float, close_px: float
) -> ChannelScore:
    called = found > threshold
    # An outline is a line already: the outline of that line says nothing new.
    wide, close = nan, nan
    if not channel.endswith("_outline"):
        wide, close = boundary_f1(true, called), match_boundaries(true, called, close_px).f1
    return ChannelScore(channel, compare(true, called), wide, close, mean_squared_error(true, found), tally(true, found))
