"""The commonest radius of round things in a mask, clumps included: a Hough transform over sizes."""

from __future__ import annotations

from math import pi
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.counting.masks import Mask, above, below, both

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

LONG_SIDE_PX = 400
SMALLEST_RADIUS_PX = 3.0
LARGEST_RADIUS_RATIO = 0.4
"""Of the shorter side: a larger cell would not lie in the frame as a whole."""
RADIUS_STEP = 1.12
BIN_RATIO = 0.2
"""Width of a bin of votes, in radii; a bin and its eight neighbours vote together."""
MOST_POINTS = 1500
LEAST_POINTS = 40
RIM_STRENGTH = 0.15


class Agreement(NamedTuple):
    """A radius in pixels, and how well the rims agree on it: about 0.5 for lone cells, 0.15 for clumps."""

    radius_px: float
    score: float


def commonest_radius(filled: Mask, ignored: Mask) -> Agreement | None:
    """The radius that the rims of `filled` agree on, both (H, W) uint8; None where there are too few rims.

    Every rim point votes for the centre at each radius along its inward normal (Yuen, Princen, Illingworth, Kittler
    1990). At the cells' own radius votes meet: the score is the mean share of a full circle that a vote finds in its
    bin, less what chance gives. Rims in `ignored` do not vote. Fill pale middles: their rims point the wrong way.
    """
    factor = min(1.0, LONG_SIDE_PX / max(filled.shape))
    size = (max(1, round(filled.shape[1] * factor)), max(1, round(filled.shape[0] * factor)))
    small = np.asarray(cv2.resize(filled, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    unseen = np.asarray(cv2.resize(ignored, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    solid = cv2.GaussianBlur(small.astype(np.float32) / np.float32(255.0), (7, 7), 1.2)
    dx = cv2.Scharr(solid, cv2.CV_32F, 1, 0, scale=1 / 32)
    dy = cv2.Scharr(solid, cv2.CV_32F, 0, 1, scale=1 / 32)
    strength = np.asarray(cv2.magnitude(dx, dy), dtype=np.float32)
    rim = np.flatnonzero(both(above(strength, RIM_STRENGTH), below(unseen, 1)))
    largest = LARGEST_RADIUS_RATIO * min(size)
    if len(rim) < LEAST_POINTS or largest <= SMALLEST_RADIUS_PX:
        return None
    thinning = -(-len(rim) // MOST_POINTS)
    y, x = np.divmod(rim[::thinning], size[0])
    weight = np.asarray(strength[y, x], dtype=np.float32)
    unit_x, unit_y = dx[y, x] / weight, dy[y, x] / weight
    steps = int(np.log(largest / SMALLEST_RADIUS_PX) / np.log(RADIUS_STEP)) + 1
    radii = (SMALLEST_RADIUS_PX * RADIUS_STEP ** np.arange(steps)).astype(np.float32)
    bins = _bins(float(radii[0]), size)
    room = np.zeros(bins[0] * bins[1], dtype=np.float64)
    heavy = weight.astype(np.float64)  # np.add.at is thirty times as fast where types agree
    scores = np.array([_score(x + r * unit_x, y + r * unit_y, heavy, float(r), size, room) for r in radii])
    best = int(np.argmax(scores))
    return Agreement(float(radii[best]) * RADIUS_STEP ** _top(scores, best) / factor, float(scores[best]) * thinning)


def _top(scores: Doubles, best: int) -> float:
    """Where the parabola through the best score and its neighbours is highest, in steps from the best, -0.5..0.5."""
    if best in (0, len(scores) - 1):
        return 0.0
    before, here, after = scores[best - 1 : best + 2].tolist()
    curvature = before - 2.0 * here + after
    return 0.5 * (before - after) / curvature if curvature < 0.0 else 0.0


def _bins(radius: float, size: tuple[int, int]) -> tuple[int, int]:
    """Columns and rows of bins for votes at `radius`, with one around them that is beside the map."""
    bin_px = BIN_RATIO * radius
    return int(size[0] / bin_px) + 3, int(size[1] / bin_px) + 3


def _score(x: Floats, y: Floats, weight: Doubles, radius: float, size: tuple[int, int], room: Doubles) -> float:
    """Mean share of a full rim of `radius` that lands in a vote's own neighbourhood, above chance.

    `room` is all 0, before and after, and holds the bins. They are looked at where votes are: of a small radius there are
    hundreds of thousands, for some thousand votes.
    """
    width, height = size
    bin_px = BIN_RATIO * radius
    columns, _ = _bins(radius, size)
    seen = np.flatnonzero((x >= 0) & (x < width) & (y >= 0) & (y < height))
    own = weight[seen]
    index = ((y[seen] / bin_px).astype(np.intp) + 1) * columns + (x[seen] / bin_px).astype(np.intp) + 1
    np.add.at(room, index, own)
    around = np.array([row + column for row in (-columns, 0, columns) for column in (-1, 0, 1)])
    near = room.take(index + around[:, None]).sum(axis=0)
    room[index] = 0.0
    total = float(weight.sum())
    # A vote does not meet itself: thinned rims would favour the smallest radius.
    met = float((own * (near - own)).sum()) / total
    chance = total * (3.0 * bin_px) ** 2 / (height * width)
    return (met - chance) / (2.0 * pi * radius)
