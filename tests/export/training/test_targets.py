from __future__ import annotations

import numpy as np
import pytest

from edge.smear.cells import Kind, Shape
from edge.smear.staining import Plate
from edge.smear.truth import TrueCell
from engines.cell_size import ratio_of
from export.training.targets import (
    CENTRE,
    CENTRE_SIGMA,
    CHANNELS,
    OUTLINE,
    PLT,
    PLT_CENTRE,
    RBC,
    SIZE,
    WBC,
    WBC_CENTRE,
    Patch,
    blank,
    draw_centres,
    from_truth,
    rims,
)  # fmt: skip

DIAMETER_PX = 20.0


def field(*cells: tuple[Kind, float, float, float], side_px: int = 96) -> Patch:
    """The patch of discs (kind, x, y, diameter) in their order from the lowest to the uppermost."""
    top = np.zeros((side_px, side_px), np.int32)
    y, x = np.mgrid[:side_px, :side_px]
    for index, (_, cx, cy, diameter) in enumerate(cells):
        top[np.hypot(x - cx, y - cy) < diameter / 2] = index + 1
    true = []
    for index, (kind, cx, cy, diameter) in enumerate(cells):
        ys, xs = np.nonzero(top == index + 1)
        border = bool(cx < diameter / 2 or cy < diameter / 2)
        turn = np.linspace(0.0, 2.0 * np.pi, 60, endpoint=False)
        outline = np.stack([cx + diameter / 2 * np.cos(turn), cy + diameter / 2 * np.sin(turn)], axis=1)
        area = np.pi / 4 * diameter**2
        true.append(
            TrueCell(index, kind, Shape.DISCOCYTE, cx, cy, float(xs.mean()), float(ys.mean()), outline, area, 1.0, 1.0, border)
        )
    plate = Plate(np.zeros((side_px, side_px, 3), np.float32), top)
    return from_truth(np.zeros((side_px, side_px, 3), np.uint8), plate, true, DIAMETER_PX)


def test_nothing_is_nothing_and_known() -> None:
    patch = field()
    assert patch.targets.shape == (96, 96, len(CHANNELS))
    assert not patch.targets.any()
    assert (patch.known[..., :SIZE] == 1).all()
    assert not patch.known[..., SIZE].any(), "of no cell nobody knows a size"


def test_a_red_cell() -> None:
    patch = field((Kind.RBC, 48, 40, DIAMETER_PX))
    y, x = np.mgrid[:96, :96]
    far = np.hypot(x - 48, y - 40)
    red, outline, centre = (patch.targets[..., channel] for channel in (RBC, OUTLINE, CENTRE))
    assert np.array_equal(red > 0, far < 10)
    assert np.unravel_index(centre.argmax(), centre.shape) == (40, 48)
    assert centre[40, 48] == 255
    assert centre[40, 48 + 5] == pytest.approx(255 * np.exp(-(5**2) / (2 * (CENTRE_SIGMA * DIAMETER_PX) ** 2)), abs=1)
    assert np.mean(outline[(far > 8.9) & (far < 10)] == 255) > 0.85
    assert not outline[(far < 7.5) | (far >= 10)].any()
    assert not patch.targets[..., [WBC, WBC_CENTRE, PLT, PLT_CENTRE]].any()
    assert (patch.known[..., :SIZE] == 1).all()
    assert np.array_equal(patch.known[..., SIZE] == 1, patch.targets[..., SIZE] > 0)
    assert patch.known[40, 48, SIZE] == 1
    assert not patch.known[..., SIZE][far > 0.5 * DIAMETER_PX].any(), "a cell says its size in its middle"


@pytest.mark.parametrize("ratio", [0.5, 1.0, 1.6])
def test_a_cell_says_its_size(ratio: float) -> None:
    patch = field((Kind.RBC, 48, 48, ratio * DIAMETER_PX))
    said = np.array([patch.targets[48, 48, SIZE] / 255.0], np.float32)
    assert float(ratio_of(said)[0]) == pytest.approx(ratio, rel=0.01)


def test_a_cut_cell_says_no_size() -> None:
    assert not field((Kind.RBC, 2, 48, DIAMETER_PX)).known[..., SIZE].any()


@pytest.mark.parametrize(("kind", "channel"), [(Kind.WBC, WBC), (Kind.PLT, PLT)])
def test_other_cells_have_their_own_channels_and_no_red(kind: Kind, channel: int) -> None:
    patch = field((kind, 48, 40, 16.0))
    assert patch.targets[40, 48, channel] == 255
    assert not patch.targets[..., [RBC, OUTLINE, CENTRE]].any()
    assert bool(patch.targets[40, 48, WBC_CENTRE] == 255) is (kind is Kind.WBC)
    assert bool(patch.targets[40, 48, PLT_CENTRE] == 255) is (kind is Kind.PLT)


def test_the_edge_between_two_cells_is_outlined_and_the_hidden_one_has_its_centre_half_way_to_what_shows() -> None:
    patch = field((Kind.RBC, 40, 48, DIAMETER_PX), (Kind.RBC, 54, 48, DIAMETER_PX))
    red, outline, centre = (patch.targets[..., channel] for channel in (RBC, OUTLINE, CENTRE))
    assert red[48, 31:64].all()
    assert outline[48, 44] == 255, "the upper cell's left rim, inside the pair"
    assert centre[48, 54] == 255
    # What shows of the lower cell has its middle at 38.4.
    assert int(centre[48, 30:48].argmax()) + 30 == 39
    assert centre[48, 46] < 60


def test_a_cell_that_the_border_cuts_has_its_blob_where_it_shows() -> None:
    patch = field((Kind.RBC, -4, 48, DIAMETER_PX))
    y, x = np.unravel_index(patch.targets[..., CENTRE].argmax(), (96, 96))
    assert (int(y), int(x)) in ((48, 2), (48, 3))
    assert not patch.targets[48, 0, OUTLINE], "the frame's border is no rim"


def test_where_blobs_meet_the_larger_value_stands() -> None:
    together, first, second = (np.zeros((40, 40), np.uint8) for _ in range(3))
    draw_centres(together, [(18, 20), (23, 20)], 3.0)
    draw_centres(first, [(18, 20)], 3.0)
    draw_centres(second, [(23, 20)], 3.0)
    assert np.array_equal(together, np.maximum(first, second))


@pytest.mark.parametrize("at", [(-200.0, 5.0), (5.0, 900.0), (0.0, 0.0), (39.9, 39.9)])
def test_blobs_at_and_beyond_the_border(at: tuple[float, float]) -> None:
    target = np.zeros((40, 40), np.uint8)
    draw_centres(target, [at], 2.0)
    assert target.any() == (0 <= at[0] < 40 and 0 <= at[1] < 40)


def test_rims_have_the_width_asked_for() -> None:
    labels = np.zeros((40, 60), np.int32)
    labels[10:30, 10:30], labels[10:30, 30:50] = 1, 2
    found = rims(labels, 4.0)
    assert found[20, 10:50].nonzero()[0].tolist() == [0, 1, 18, 19, 20, 21, 38, 39]
    assert not found[labels == 0].any()


def test_blank_is_known() -> None:
    targets, known = blank(np.zeros((3, 5, 3), np.uint8))
    assert targets.shape == known.shape == (3, 5, len(CHANNELS))
    assert not targets.any()
    assert known[..., :SIZE].all() and not known[..., SIZE].any()
