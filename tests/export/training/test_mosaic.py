# what is imported further down needs a package that may not be installed
from __future__ import annotations

import numpy as np
import pytest

from export.training.mosaic import MARGIN_PX, mosaics
from export.training.targets import RBC, Patch, blank


def picture(shade: int, height: int = 40, width: int = 50) -> Patch:
    pixels = np.full((height, width, 3), shade, np.uint8)
    targets, known = blank(pixels)
    targets[10, 10, RBC] = shade
    return Patch(pixels, targets, known)


@pytest.mark.parametrize("number", [1, 3, 4, 9])
def test_each_picture_is_shown_and_knows_what_it_knew(number: int) -> None:
    shades = [10 + 20 * index for index in range(number)]
    made = list(mosaics((picture(shade) for shade in shades), 0))
    assert made
    seen = {int(shade) for one in made for shade in np.unique(one.targets[..., RBC])} - {0}
    assert seen <= set(shades)
    if number > 3:
        assert len(seen) >= number - 3
    for one in made:
        marked = np.argwhere(one.targets[..., RBC] > 0)
        assert all(one.known[row, column, RBC] == 1 for row, column in marked)
        assert all(one.pixels[row, column, 0] == one.targets[row, column, RBC] for row, column in marked)


def test_nothing_is_known_in_the_mirrored_border_and_beside_smaller_pictures() -> None:
    (made, *_) = mosaics([picture(50), picture(60, 30, 30), picture(70), picture(80)], 1)
    assert made.pixels.shape == (2 * (40 + 2 * MARGIN_PX), 2 * (50 + 2 * MARGIN_PX), 3)
    assert not made.known[:MARGIN_PX].any() and not made.known[:, :MARGIN_PX].any()
    assert set(np.unique(made.known)) == {0, 1}


def test_none_make_none() -> None:
    assert list(mosaics([], 0)) == []
