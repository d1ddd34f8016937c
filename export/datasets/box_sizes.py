"""How large the boxed red cells of a field are."""

from __future__ import annotations

import numpy as np

from export.datasets.pictures import size_of
from export.datasets.sample import Box, Sample

AT_BORDER_PX = 2.0


def cut_by_border(box: Box, width: int, height: int) -> bool:
    """Whether the border of a picture of this size cuts the boxed cell, for all that the box tells."""
    near = min(box.left, box.top) <= AT_BORDER_PX
    return near or box.right >= width - AT_BORDER_PX or box.bottom >= height - AT_BORDER_PX


def boxed_diameter_px(sample: Sample, least: int = 1) -> float | None:
    """The median of the square root of width times height of the red cells that no border cuts; None of fewer than `least`."""
    width, height = size_of(sample.path)
    whole = [box for box in sample.boxes if box.label == "rbc" and not cut_by_border(box, width, height)]
    sizes = [((box.right - box.left) * (box.bottom - box.top)) ** 0.5 for box in whole]
    return float(np.median(sizes)) if len(sizes) >= max(1, least) else None
