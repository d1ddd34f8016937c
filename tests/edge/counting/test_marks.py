from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edge.counting.cell import CellClass, ClassMaps
from edge.counting.familiarity import FEATURES, Familiarity, features_of
from edge.counting.marks import MOST_WHITE, OFF_SCALE, SIZES_SPREAD, Reason, marks_of
from edge.counting.said_size import SaidSize
from engines.prepare import Prepared

SHAPE = (64, 96)
RIGHT = SaidSize(1.0, 0.1, 20.0)
USUAL = {CellClass.RBC: 20, CellClass.WBC: 1, CellClass.PLT: 2}


def prepared(shade: int = 120) -> Prepared:
    tensor = np.full((1, *SHAPE, 3), 230, np.uint8)
    tensor[:, 16:48, 16:48] = shade
    return Prepared(tensor, 1.0, 0, *SHAPE)


def maps() -> dict[CellClass, ClassMaps]:
    red = np.zeros(SHAPE, np.float32)
    red[16:48, 16:48] = 0.95
    nothing = np.zeros(SHAPE, np.float32)
    return {CellClass.RBC: ClassMaps(red), CellClass.WBC: ClassMaps(nothing), CellClass.PLT: ClassMaps(nothing)}


def reasons(counts: dict[CellClass, int], said: SaidSize | None = RIGHT, known: Familiarity | None = None) -> list[Reason]:
    return [mark.reason for mark in marks_of(maps(), counts, prepared(), said, known)]


def familiar(limit: float, shade: int = 120) -> Familiarity:
    """Training fields that look just like `prepared`, and each feature with a deviation of a tenth."""
    features = features_of(prepared(shade).tensor, maps(), 0)
    assert features is not None
    return Familiarity(features, 100.0 * np.eye(len(FEATURES)), limit)


def test_a_usual_field_has_no_mark() -> None:
    assert reasons(USUAL) == []
    assert reasons(USUAL, None) == []
    assert reasons(USUAL, RIGHT, familiar(3.0)) == []


def test_a_field_without_red_cells_is_marked_and_counted() -> None:
    assert reasons({**USUAL, CellClass.RBC: 0}) == [Reason.EMPTY]
    assert reasons({CellClass.WBC: 2}) == [], "of a class that the model does not see nothing is said"


def test_a_picture_that_is_clipped_is_marked() -> None:
    for share, marked in ((0.0, False), (0.04, False), (0.2, True)):
        seen = replace(prepared(), clipped=share)
        found = [mark.reason for mark in marks_of(maps(), {CellClass.RBC: 5}, seen, RIGHT, None)]
        assert (Reason.OVEREXPOSED in found) is marked


@pytest.mark.parametrize(("spread", "marked"), [(SIZES_SPREAD - 0.01, False), (SIZES_SPREAD + 0.01, True)])
def test_sizes_that_scatter_are_marked(spread: float, marked: bool) -> None:
    assert (Reason.SIZES in reasons(USUAL, SaidSize(1.0, spread, 20.0))) is marked


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_a_scale_that_the_cells_contradict_is_marked(side: float) -> None:
    near, far = (float((1.0 + OFF_SCALE * share) ** side) for share in (0.9, 1.1))
    assert reasons(USUAL, SaidSize(near, 0.1, 20.0)) == []
    assert reasons(USUAL, SaidSize(far, 0.1, 20.0)) == [Reason.SCALE]


def test_more_white_cells_than_could_be() -> None:
    assert reasons({CellClass.RBC: 5, CellClass.WBC: 6}) == [Reason.WHITE]
    assert reasons({CellClass.RBC: 5, CellClass.WBC: 5}) == []
    assert reasons({CellClass.RBC: 1, CellClass.WBC: MOST_WHITE}) == []


def test_an_unfamiliar_picture_is_marked_with_what_is_strange() -> None:
    (mark,) = marks_of(maps(), USUAL, prepared(), RIGHT, familiar(3.0, shade=20))
    assert mark.reason is Reason.UNFAMILIAR
    assert any(name in mark.text for name in ("edge", "cell"))


def test_features_are_finite_for_any_picture() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        tensor = rng.integers(0, 256, (1, *SHAPE, 3), dtype=np.uint8)
        said = {kind: ClassMaps(*(rng.random(SHAPE, dtype=np.float32) for _ in range(4))) for kind in CellClass}
        features = features_of(tensor, said, 0)
        assert features is not None
        assert features.shape == (len(FEATURES),)
        assert np.isfinite(features).all()


def test_a_picture_without_red_cells_has_no_features() -> None:
    nothing = {kind: ClassMaps(np.zeros(SHAPE, np.float32)) for kind in CellClass}
    assert features_of(prepared().tensor, nothing, 0) is None


def test_distance_counts_in_standard_deviations() -> None:
    known = familiar(3.0)
    moved = known.mean.copy()
    moved[3] += 0.4
    assert known.distance(moved) == pytest.approx(4.0)
    assert known.strangest(moved) == FEATURES[3]
