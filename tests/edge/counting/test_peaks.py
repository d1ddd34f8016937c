from __future__ import annotations

import numpy as np
import pytest

from edge.counting.peaks import Peaks, find_peaks, merge_shallow, near_pairs


def blobs(*places: tuple[float, float, float], sigma: float = 3.0) -> np.ndarray:
    y, x = np.mgrid[:60, :80].astype(np.float32)
    parts = [h * np.exp(-((x - a) ** 2 + (y - b) ** 2) / (2 * sigma**2)) for a, b, h in places]
    return np.asarray(np.maximum.reduce(parts), dtype=np.float32)


def test_peaks_are_subpixel_and_by_falling_value() -> None:
    peaks = find_peaks(blobs((20.3, 30.4, 0.6), (50.7, 22.0, 0.9)), 0.3, 8.0)
    assert peaks.value.tolist() == pytest.approx([0.9, 0.6], abs=0.03)
    assert peaks.x.tolist() == pytest.approx([50.7, 20.3], abs=0.1)
    assert peaks.y.tolist() == pytest.approx([22.0, 30.4], abs=0.1)


def test_a_plateau_is_one_peak_in_its_middle() -> None:
    flat = np.zeros((40, 40), dtype=np.float32)
    flat[10:21, 10:31] = 0.8
    peaks = find_peaks(flat, 0.5, 6.0)
    assert (len(peaks), float(peaks.x[0]), float(peaks.y[0])) == (1, 20.0, 15.0)


def test_only_a_valley_keeps_two_peaks_apart() -> None:
    deep, shallow = blobs((20, 30, 0.9), (32, 30, 0.8)), blobs((20, 30, 0.9), (23, 30, 0.85))
    for surface, count in ((deep, 2), (shallow, 1)):
        peaks = find_peaks(surface, 0.3, 2.0)
        assert len(peaks) == 2
        assert len(merge_shallow(peaks, surface, 0.85, 20.0)) == count


def test_near_pairs_are_all_pairs_within_reach() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.uniform(0, 50, (2, 80)).astype(np.float32)
    first, second, distance = near_pairs(x, y, 9.0)
    full = np.hypot(x[:, None] - x, y[:, None] - y)
    assert set(zip(first.tolist(), second.tolist(), strict=True)) == set(
        map(tuple, np.argwhere(np.triu(full < 9.0, 1)).tolist())
    )
    assert distance.tolist() == pytest.approx(full[first, second].tolist())


def test_no_peak_is_no_peak() -> None:
    empty = find_peaks(np.zeros((20, 30), dtype=np.float32), 0.3, 5.0)
    assert isinstance(empty, Peaks)
    assert len(merge_shallow(empty, np.zeros((20, 30), dtype=np.float32), 0.8, 9.0)) == 0
