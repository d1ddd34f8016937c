from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.counting.border import admitted, touched_edges, touches_border
from edge.counting.cell import Cell, CellClass
from edge.counting.field_count import BorderRule

SIDE = 200


def disc(x: float, y: float, radius: float, *, left: float = 0.0, top: float = 0.0, side: float = SIDE) -> Cell | None:
    """The part of a disc that a square view from (left, top) shows, in the view's pixels; None where it shows nothing."""
    angle = np.linspace(0.0, 2 * np.pi, 40, endpoint=False)
    px, py = x - left + radius * np.cos(angle), y - top + radius * np.sin(angle)
    if px.max() <= -0.5 or py.max() <= -0.5 or px.min() >= side - 0.5 or py.min() >= side - 0.5:
        return None
    outline = np.stack([np.clip(px, -0.5, side - 0.5), np.clip(py, -0.5, side - 0.5)], axis=1).astype(np.float32)
    where = outline.mean(axis=0)
    return Cell(
        CellClass.RBC, float(where[0]), float(where[1]), 1.0, outline, 1.0, touches_border(outline, (int(side), int(side)))
    )


def counted(cells: list[Cell | None], rule: BorderRule, side: int = SIDE) -> int:
    return len(admitted([one for one in cells if one is not None], rule, side, side, 20.0))


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_counting_frames_side_by_side_count_as_one(seed: int) -> None:
    places = np.random.default_rng(seed).uniform(-9, SIDE + 9, (60, 2))
    # A rim within a pixel of a line reaches it for all that pixels tell: such cells are left out.
    # Pictures overlap by a cell, so that their frames, half a cell inside, share a line.
    lines = np.array([9.5, SIDE / 2 - 0.5, SIDE - 10.5])
    clear = (np.abs(np.abs(places[:, :, None] - lines) - 10.0) > 1.0).all(axis=(1, 2))
    places = places[clear]
    # Seen by its box, a disc beside a corner would lie in the view: keep the corners of all views free.
    corner = (np.abs(places[:, :, None] - lines).min(axis=2) < 11.0).all(axis=1)
    places = places[~corner]
    whole = counted([disc(x, y, 10.0) for x, y in places], BorderRule.TWO_EDGE)
    half, step = SIDE // 2 + 10, SIDE // 2 - 10
    parts = [
        counted([disc(x, y, 10.0, left=a, top=b, side=half) for x, y in places], BorderRule.TWO_EDGE, half)
        for a in (0, step)
        for b in (0, step)
    ]
    assert sum(parts) == whole


def test_each_rule_on_each_edge() -> None:
    cells = {
        "inside": disc(100, 100, 10),
        "left": disc(0, 100, 10),
        "top": disc(100, 0, 10),
        "right": disc(199, 100, 10),
        "bottom": disc(100, 199, 10),
        "top right": disc(198, 1, 10),
        "bottom left": disc(1, 198, 10),
        "near": disc(12, 100, 8),
        "nearer": disc(8.5, 100, 7),
    }
    present = {name: cell for name, cell in cells.items() if cell is not None}

    def names(rule: BorderRule) -> set[str]:
        kept = {id(cell) for cell in admitted(present.values(), rule, SIDE, SIDE, 20.0)}
        return {name for name, cell in present.items() if id(cell) in kept}

    assert names(BorderRule.ALL) == set(cells)
    assert names(BorderRule.TWO_EDGE) == {"inside", "left", "top", "near", "nearer"}
    assert names(BorderRule.CENTRE_INSIDE) == {"inside", "near"}
    assert {name for name, cell in present.items() if not cell.border} == {"inside", "near", "nearer"}


def test_touched_edges_are_named() -> None:
    outline = np.array([[-0.5, 4.0], [9.0, 4.0], [9.0, 49.5]], dtype=np.float32)
    assert touched_edges(outline, (50, 60)) == (True, False, False, True)
