from __future__ import annotations

import numpy as np
import pytest

from edge.counting.labelled import label_stats, regions_of, regions_with_mean


def two_labels() -> np.ndarray:
    labels = np.zeros((12, 20), dtype=np.uint16)
    labels[0:4, 0:5] = 1
    labels[5:12, 8:20] = 2
    return labels


def test_stats_are_those_of_the_pixels() -> None:
    labels = two_labels()
    stats = label_stats(labels, 3)
    assert stats.area_px.tolist() == [20, 84, 0]
    for index in (0, 1):
        y, x = np.nonzero(labels == index + 1)
        assert (stats.x[index], stats.y[index]) == pytest.approx((x.mean(), y.mean()))
        assert (stats.left[index], stats.right[index]) == (x.min(), x.max())
        assert (stats.top[index], stats.bottom[index]) == (y.min(), y.max())


def test_confidence_is_the_mean_over_the_label() -> None:
    labels = two_labels()
    surface = np.random.default_rng(0).random(labels.shape).astype(np.float32)
    found = regions_with_mean(labels, 3, surface, 1.0)
    assert [one.confidence for one in found] == pytest.approx([float(surface[labels == k].mean()) for k in (1, 2)], abs=1e-5)


def test_outlines_reach_the_border_and_specks_have_one() -> None:
    labels = two_labels()
    labels[10, 3] = 3
    found = regions_of(labels, np.ones(3, dtype=np.float32), 1.0, (np.zeros(3, np.float32), np.zeros(3, np.float32)))
    assert found[0].outline.min(axis=0).tolist() == [-0.5, -0.5]
    assert found[1].outline.max(axis=0).tolist() == [19.5, 11.5]
    assert sorted(map(tuple, found[2].outline.tolist())) == [(2.5, 9.5), (2.5, 10.5), (3.5, 9.5), (3.5, 10.5)]
