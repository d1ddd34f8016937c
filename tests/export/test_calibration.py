# what is imported further down needs a package that may not be installed
from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("scipy", reason="calibration needs scipy: pip install hemocam[export]")

from edge.counting.cell import CellClass
from edge.counting.counter import CountingSettings, FieldCounter
from edge.counting.familiarity import FEATURES, Familiarity
from edge.counting.interval import Tally
from export.calibration import Counted, counted_fields, coverage, familiarity, field_features, uncertainty
from tests.edge.drawn import opened
from tests.edge.fields import discs_of, pixels_of
from tests.export.test_evaluate import counter, question


def fields(seed: int, number: int = 400, share: float = 0.05, bias: float = 0.0) -> list[Counted]:
    """Counts whose errors come from the border, from unsure cells and from a share of the count."""
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(number):
        count, border, unsure = int(rng.integers(5, 120)), int(rng.integers(0, 15)), int(rng.integers(0, 6))
        deviation = np.sqrt(0.2 + 0.3 * border + 0.5 * unsure + (share * count) ** 2)
        true = max(0, round(count + bias * count + rng.normal(0.0, deviation)))
        made.append(Counted(Tally(count, border, unsure, 0), true))
    return made


@pytest.mark.parametrize("seed", range(3))
def test_the_truth_of_other_fields_lies_inside_as_often_as_is_said(seed: int) -> None:
    known = uncertainty(fields(seed))
    found = coverage("any", "test", CellClass.RBC, fields(100 + seed, 2000), known)
    assert 0.925 <= found.covered <= 0.985
    assert found.half_width < 0.2
    assert (found.fields, found.least, found.most) == (2000, pytest.approx(0.94, abs=0.005), pytest.approx(0.96, abs=0.005))


def test_a_count_that_is_too_low_reaches_further_up_than_down() -> None:
    known = uncertainty(fields(0, bias=0.1))
    assert known.above > known.below + 0.5


def test_wider_where_the_model_errs_more() -> None:
    narrow, wide = (
        coverage("any", "test", CellClass.RBC, fields(5, share=share), uncertainty(fields(0, share=share)))
        for share in (0.02, 0.15)
    )
    assert narrow.half_width < wide.half_width


def test_fields_are_counted_beside_their_truth() -> None:
    found = counted_fields([question({CellClass.RBC: 5, CellClass.WBC: 0})], counter())
    assert [(one.tally.count, one.true) for one in found[CellClass.RBC]] == [(5, 5)]
    assert [(one.tally.count, one.true) for one in found[CellClass.WBC]] == [(0, 0)]


def test_a_picture_like_those_of_training_is_familiar_and_a_strange_one_is_not() -> None:
    rng = np.random.default_rng(0)
    mixing = rng.normal(0.0, 1.0, (len(FEATURES), len(FEATURES)))
    learnt, unseen = (rng.normal(0.0, 1.0, (number, len(FEATURES))) @ mixing for number in (600, 300))
    manifest = familiarity(learnt, unseen)
    known = Familiarity(np.array(manifest.mean), np.array(manifest.precision), manifest.limit)
    others = rng.normal(0.0, 1.0, (1000, len(FEATURES))) @ mixing
    assert np.mean([known.distance(one) > known.limit for one in others]) < 0.03
    strange = others + 8.0 * np.sqrt(np.diag(np.cov(learnt.T)))
    assert np.mean([known.distance(one) > known.limit for one in strange]) > 0.97


def test_features_of_pictures_that_can_be_counted() -> None:
    model = opened(lambda tensor: np.full((1, 7, *tensor.shape[1:3]), -9.0, np.float32))
    blind = FieldCounter(model.engine, model.manifest, CountingSettings(cell_diameter_px=20.0))
    assert len(field_features([pixels_of(1)], blind)) == 0, "it has no red cells"
    assert len(discs_of(1)) > 0
