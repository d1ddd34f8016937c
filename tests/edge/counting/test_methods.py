"""What every counting method must do, on rendered maps."""

from __future__ import annotations

from math import pi

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.counting.cell import ClassMaps, Method, Region
from edge.counting.errors import MethodUnavailable
from edge.counting.methods import METHODS, available, find
from edge.counting.settings import DEFAULT_SETTINGS, ClassSettings
from tests.edge.counting.rendered import DIAMETER_PX, maps_of, scattered

ALL = pytest.mark.parametrize("method", list(METHODS), ids=lambda method: method.value)
SPLITTERS = pytest.mark.parametrize("method", [Method.CENTRES, Method.WATERSHED, Method.COMPONENTS], ids=lambda one: one.value)
FEW = settings(max_examples=8, deadline=None)


def regions(method: Method, maps: ClassMaps) -> list[Region]:
    return find(method, maps, DIAMETER_PX, ClassSettings())


def turned(maps: ClassMaps, turn: object) -> ClassMaps:
    assert callable(turn)
    return ClassMaps(*(np.ascontiguousarray(turn(one)) for one in (maps.foreground, maps.outline, maps.centre)))


@ALL
@FEW
@given(seed=st.integers(0, 10_000), count=st.integers(1, 14))
def test_n_discs_apart_are_n_cells(method: Method, seed: int, count: int) -> None:
    centres = scattered(seed, count, (160, 200), DIAMETER_PX, 1.3)
    found = regions(method, maps_of(centres))
    assert len(found) == len(centres)
    truth = np.array(centres)
    for region in found:
        assert np.hypot(*(truth - [region.x, region.y]).T).min() < 1.5
        assert region.area_px == pytest.approx(pi / 4 * DIAMETER_PX**2, rel=0.08)
        assert len(region.outline) >= 3
        assert region.outline.dtype == np.float32
        assert cv2.contourArea(region.outline) == pytest.approx(region.area_px, rel=0.06)
        assert 0.0 <= region.confidence <= 1.0


@ALL
@FEW
@given(seed=st.integers(0, 10_000), dx=st.integers(-4, 4), dy=st.integers(-4, 4))
def test_flips_and_shifts_do_not_change_the_count(method: Method, seed: int, dx: int, dy: int) -> None:
    centres = scattered(seed, 12, (160, 200), DIAMETER_PX, 1.1, margin_ratio=0.75)
    maps = maps_of(centres)
    count = len(regions(method, maps))
    for turn in (np.fliplr, np.flipud, np.transpose):
        assert len(regions(method, turned(maps, turn))) == count
    assert len(regions(method, turned(maps, lambda one: np.roll(one, (dy, dx), axis=(0, 1))))) == count


@SPLITTERS
@FEW
@given(angle=st.floats(0.0, 3.1), apart=st.floats(0.75, 1.0))
def test_a_touching_pair_is_two(method: Method, angle: float, apart: float) -> None:
    dx, dy = apart * DIAMETER_PX / 2 * np.cos(angle), apart * DIAMETER_PX / 2 * np.sin(angle)
    assert len(regions(method, maps_of([(100 - dx, 80 - dy), (100 + dx, 80 + dy)]))) == 2


@ALL
@FEW
@given(seed=st.integers(0, 10_000))
def test_no_cell_is_found_twice(method: Method, seed: int) -> None:
    found = regions(method, maps_of(scattered(seed, 60, (160, 200), DIAMETER_PX, 0.55, margin_ratio=0.0)))
    places = np.array([(one.x, one.y) for one in found])
    distance = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1)) + 1e9 * np.eye(len(places))
    assert distance.min() > 0.2 * DIAMETER_PX
    painted = [cv2.fillPoly(np.zeros((160, 200), np.uint8), [np.rint(one.outline).astype(np.int32)], 1) for one in found]
    for first, second in np.argwhere(np.triu(distance < DIAMETER_PX, k=1)):
        both, either = (painted[first] & painted[second]).sum(), (painted[first] | painted[second]).sum()
        assert both < 0.6 * either


@ALL
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_flat_maps_are_survived(method: Method, value: float) -> None:
    flat = np.full((60, 80), value, dtype=np.float32)
    for maps in (ClassMaps(flat, flat, flat), ClassMaps(flat, None, flat), ClassMaps(flat, 0 * flat, flat)):
        found = regions(method, maps)
        assert len(found) <= 1
        assert value > 0.0 or found == []


@ALL
def test_the_border_cuts_cells_but_does_not_hide_them(method: Method) -> None:
    found = regions(method, maps_of([(4.0, 40.0), (100.0, 155.0), (199.0, 80.0), (60.0, 70.0)]))
    assert len(found) == 4
    assert sum(float(one.outline.min()) <= -0.5 for one in found) == 1


@ALL
def test_counting_twice_gives_the_same(method: Method) -> None:
    maps = maps_of(scattered(3, 40, (160, 200), DIAMETER_PX, 0.7, margin_ratio=0.0))
    first, second = regions(method, maps), regions(method, maps)
    assert [(one.x, one.y, one.area_px) for one in first] == [(one.x, one.y, one.area_px) for one in second]


@ALL
def test_maps_are_not_written_to(method: Method) -> None:
    maps = maps_of([(60.0, 70.0), (80.0, 75.0)])
    for array in (maps.foreground, maps.outline, maps.centre):
        assert array is not None
        array.flags.writeable = False
    regions(method, maps)


def test_two_shallow_peaks_in_one_round_cell_are_one() -> None:
    maps = maps_of([(60.0, 70.0)])
    y, x = np.mgrid[:160, :200].astype(np.float32)
    double = sum(np.exp(-((x - 60.0 - side) ** 2 + (y - 70.0) ** 2) / 22.6) for side in (-5.0, 5.0))
    for outline in (maps.outline, None):
        assert len(regions(Method.CENTRES, ClassMaps(maps.foreground, outline, np.clip(double, 0, 1).astype(np.float32)))) == 1


def test_a_method_without_its_map_says_so() -> None:
    maps = maps_of([(60.0, 70.0)], plain=True)
    assert Method.CENTRES not in available(maps)
    with pytest.raises(MethodUnavailable, match=r"centres.*centre map.*watershed"):
        find(Method.CENTRES, maps, DIAMETER_PX, ClassSettings())
    for method in available(maps):
        assert len(find(method, maps, DIAMETER_PX, ClassSettings())) == 1


@ALL
def test_a_diameter_of_nothing_is_refused(method: Method) -> None:
    with pytest.raises(ValueError, match="cell_diameter_px"):
        find(method, maps_of([(60.0, 70.0)]), 0.0, ClassSettings())


@ALL
@pytest.mark.parametrize("kind", list(DEFAULT_SETTINGS), ids=lambda kind: kind.value)
def test_every_class_is_found_at_its_own_size(method: Method, kind: object) -> None:
    chosen = DEFAULT_SETTINGS[kind]  # type: ignore[index]  # pytest's parameters are untyped
    diameter = chosen.diameter_px(DIAMETER_PX)
    maps = maps_of([(50.0, 60.0), (120.0, 90.0)], diameter_px=diameter)
    assert len(find(method, maps, DIAMETER_PX, chosen)) == 2
