"""Looking at a part of a map finds what looking at all of it does."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.counting import components, distance_peaks, watershed
from edge.counting.cell import CellClass, ClassMaps, Region
from edge.counting.foreground_box import Find, within_foreground
from edge.counting.settings import DEFAULT_SETTINGS
from tests.edge.drawn import Disc, drawn_logits

SETTINGS = DEFAULT_SETTINGS[CellClass.RBC]
FINDS = pytest.mark.parametrize("find", [watershed.find, components.find, distance_peaks.find])
places = st.tuples(st.floats(0.0, 319.0), st.floats(0.0, 239.0), st.floats(12.0, 30.0))


def maps_of(discs: list[tuple[float, float, float]], outline: bool = True) -> ClassMaps:
    drawn = drawn_logits([Disc(CellClass.RBC, *disc) for disc in discs], (1, 240, 320, 3), 1.0)[0]
    maps = (1.0 / (1.0 + np.exp(-drawn))).astype(np.float32)
    return ClassMaps(maps[0], maps[1] if outline else None)


def described(regions: list[Region]) -> list[tuple[float, ...]]:
    return [(r.x, r.y, r.area_px, r.confidence, r.border, float(r.outline.sum())) for r in regions]


def apart(discs: list[tuple[float, float, float]]) -> bool:
    """Of discs in one place a flood has no one answer: which of two equal neighbours it comes from is chance."""
    return all(np.hypot(one[0] - other[0], one[1] - other[1]) >= 8.0 for one, other in combinations(discs, 2))


@FINDS
@settings(max_examples=25, deadline=None)
@given(discs=st.lists(places, max_size=4).filter(apart), outline=st.booleans())
def test_the_same_regions_are_found(find: Find, discs: list[tuple[float, float, float]], outline: bool) -> None:
    maps = maps_of(discs, outline)
    whole, part = find(maps, 20.0, SETTINGS), within_foreground(find)(maps, 20.0, SETTINGS)
    assert len(part) == len(whole)
    assert [one.border for one in part] == [one.border for one in whole]
    if whole:
        np.testing.assert_allclose(described(part), described(whole), rtol=1e-5, atol=1e-3)


@FINDS
def test_little_is_looked_at_where_little_is(find: Find) -> None:
    seen: list[int] = []

    def noted(maps: ClassMaps, cell_diameter_px: float, settings: object) -> list[Region]:
        seen.append(maps.foreground.size)
        return find(maps, cell_diameter_px, SETTINGS)

    look = within_foreground(noted)
    assert look(maps_of([]), 20.0, SETTINGS) == []
    assert seen == []
    assert len(look(maps_of([(160.0, 120.0, 20.0)]), 20.0, SETTINGS)) == 1
    assert seen[0] < 240 * 320 / 10
