"""From a map of labels to regions: areas, centroids and outlines."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.counting.cell import Outline, Region
from edge.counting.masks import Labels

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]
Ints = NDArray[np.intp]
Places = tuple[Floats32, Floats32] | tuple[Floats, Floats]


@dataclass(frozen=True, slots=True, eq=False)
class LabelStats:
    """Of labels 1..n, each (n,): area in pixels (0 where a label has none), centroid, and the box with inclusive ends."""

    area_px: Floats
    x: Floats
    y: Floats
    left: Ints
    top: Ints
    right: Ints
    bottom: Ints


@dataclass(frozen=True, slots=True, eq=False)
class _Runs:
    """Runs of equal label along rows, each field (runs,): label - 1, row, first and last column."""

    label: Ints
    y: Ints
    left: Ints
    right: Ints


def label_stats(labels: Labels, count: int) -> LabelStats:
    """Measures labels 1..count of a (H, W) map."""
    return _stats(_runs(labels), count, labels.shape)


def regions_of(labels: Labels, confidence: Floats32, min_area_px: float, centres: tuple[Floats32, Floats32]) -> list[Region]:
    """Regions of labels 1..n with at least `min_area_px`, in label order.

    `confidence` is (n,), `centres` are x, y (n,). Outlines run around the pixels, half a pixel outside their centres
    (so at -0.5 where the map's border cuts a region).
    """
    return _regions(labels, label_stats(labels, len(confidence)), confidence, min_area_px, centres)


def regions_with_mean(labels: Labels, count: int, surface: Floats32, min_area_px: float) -> list[Region]:
    """As `regions_of` for labels 1..count, with centroids as centres and the mean of `surface` (H, W) as confidence."""
    runs = _runs(labels)
    stats = _stats(runs, count, labels.shape)
    width = labels.shape[1]
    ends = np.stack([runs.y * width + runs.left, runs.y * width + runs.right + 1], axis=1).ravel()
    # reduceat takes no index past the end: the last run may be the map's last.
    sums = np.add.reduceat(np.append(surface.ravel(), np.float32(0.0)), ends)[::2] if len(ends) else np.zeros(0)
    confidence = np.bincount(runs.label, sums, minlength=count) / np.maximum(stats.area_px, 1.0)
    return _regions(labels, stats, confidence.astype(np.float32), min_area_px, (stats.x, stats.y))


def _runs(labels: Labels) -> _Runs:
    """Finds the runs: thousands of them stand for 100,000 pixels."""
    height, width = labels.shape
    padded = np.zeros((height, width + 2), dtype=labels.dtype)
    padded[:, 1:-1] = labels
    changes = np.flatnonzero(padded[:, 1:] != padded[:, :-1])
    row, start = np.divmod(changes, width + 1)
    value = padded[row, start + 1]
    # A row ends with a change to the padding's 0, so the change after a run's start is always its end.
    run = np.flatnonzero(value)
    return _Runs(value[run].astype(np.intp) - 1, row[run], start[run], start[run + 1] - 1)


def _stats(runs: _Runs, count: int, shape: tuple[int, ...]) -> LabelStats:
    label, y, left, right = runs.label, runs.y, runs.left, runs.right
    length = (right - left + 1).astype(np.float64)
    area = np.bincount(label, length, minlength=count).astype(np.float64)
    some = np.maximum(area, 1.0)
    lows, highs = np.full((2, count), max(shape), dtype=np.intp), np.full((2, count), -1, dtype=np.intp)
    np.minimum.at(lows[0], label, left)
    np.minimum.at(lows[1], label, y)
    np.maximum.at(highs[0], label, right)
    np.maximum.at(highs[1], label, y)
    return LabelStats(
        area_px=area,
        x=np.bincount(label, length * (left + right) / 2.0, minlength=count) / some,
        y=np.bincount(label, length * y, minlength=count) / some,
        left=lows[0],
        top=lows[1],
        right=highs[0],
        bottom=highs[1],
    )


def _regions(labels: Labels, stats: LabelStats, confidence: Floats32, min_area_px: float, centres: Places) -> list[Region]:
    kept = np.flatnonzero(stats.area_px >= max(min_area_px, 1.0))
    drawing = _Drawing(labels, stats, kept)
    height, width = labels.shape
    border = (stats.left == 0) | (stats.top == 0) | (stats.right == width - 1) | (stats.bottom == height - 1)
    columns = (*centres, stats.area_px, np.clip(confidence, 0.0, 1.0), border, stats.right + 0.5, stats.bottom + 0.5)
    return [
        Region(x, y, area_px, partial(drawing.of, number), sure, cut, (right, bottom))
        for number, (x, y, area_px, sure, cut, right, bottom) in enumerate(
            zip(*(each[kept].tolist() for each in columns), strict=True)
        )
    ]


class _Drawing:
    """The outlines of labels `kept` + 1, all drawn when the first is asked for."""

    def __init__(self, labels: Labels, stats: LabelStats, kept: Ints) -> None:
        self._labels, self._stats, self._kept = labels, stats, kept
        self._outlines: list[Outline] | None = None

    def of(self, number: int) -> Outline:
        """That of the label `number` of those kept. From two threads at once it is drawn twice, and the same."""
        if self._outlines is None:
            stats, kept = self._stats, self._kept
            contours = _contours(self._labels, stats, kept)
            self._outlines = _widened(contours, stats.x[kept], stats.y[kept], self._labels.shape)
        return self._outlines[number]


def _contours(labels: Labels, stats: LabelStats, kept: Ints) -> list[NDArray[np.int32]]:
    """Pixel centres around labels `kept` + 1, each (n >= 1, 2)."""
    edges = (stats.left[kept], stats.top[kept], stats.right[kept] + 1, stats.bottom[kept] + 1)
    contours = []
    for label, left, top, right, bottom in zip(*((kept + 1).tolist(), *(edge.tolist() for edge in edges)), strict=True):
        crop = (labels[top:bottom, left:right] == label).view(np.uint8)
        found, _ = cv2.findContours(crop, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE, offset=(left, top))
        contours.append(np.asarray(found[0] if len(found) == 1 else max(found, key=len), dtype=np.int32).reshape(-1, 2))
    return contours


def _widened(contours: list[NDArray[np.int32]], x: Floats, y: Floats, shape: tuple[int, ...]) -> list[Outline]:
    """Contours through pixel centres moved half a pixel away from their centroids; a speck becomes its pixels' box."""
    if not contours:
        return []
    lengths = [len(contour) for contour in contours]
    points = np.concatenate(contours).astype(np.float32)
    away = points - np.repeat(np.stack([x, y], axis=1), lengths, axis=0).astype(np.float32)
    norm = np.maximum(np.hypot(away[:, 0], away[:, 1]), 1e-6)
    moved = points + 0.5 * away / norm[:, None]
    last = np.array([shape[1] - 1, shape[0] - 1], dtype=np.float32)
    moved = np.where(points <= 0.0, -0.5, np.where(points >= last, last + 0.5, moved))
    outlines = np.asarray(moved, dtype=np.float32)
    ends = np.cumsum(lengths).tolist()
    pieces = [outlines[end - length : end] for end, length in zip(ends, lengths, strict=True)]
    return [_box(contour) if len(contour) < 3 else piece for contour, piece in zip(contours, pieces, strict=True)]


def _box(points: NDArray[np.int32]) -> Outline:
    (left, top), (right, bottom) = points.min(axis=0) - 0.5, points.max(axis=0) + 0.5
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], dtype=np.float32)
