from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="pip install hemocam[export]")
pytest.importorskip("onnx", reason="pip install hemocam[export]")

from edge.counting.cell import CellClass, Method
from edge.counting.counter import CountingSettings, FieldCounter
from engines.contract import InferenceFailed, Tensor
from engines.fake import FakeEngine
from engines.opening import open_model
from export.datasets import allidb1
from export.datasets.sample import Sample
from export.evaluation.field_sheets import channels_of, counts_sheet, field_sheets, paired_sheet, pixels_sheet, pooled
from export.evaluation.models import Asked, manifests, measure_model, titles
from export.evaluation.segmentation import FieldResult, measure, measure_field
from tests.export.evaluation import fields


def quiet(name: str, done: int, total: int) -> None:
    """Nobody is told."""


def results(tmp_path: Path, level: float = 0.6) -> list[FieldResult]:
    samples = allidb1.read(fields.corpus(tmp_path / f"corpus{level}"))
    folder = fields.model(tmp_path / f"model{level}", level=level)
    return measure_model("dark", str(folder), Asked(samples, fields.DIAMETER_PX), quiet)


def test_a_field_that_is_seen_has_its_masks_and_counts(tmp_path: Path) -> None:
    first, *others = results(tmp_path)
    assert [one.name for one in (first, *others)] == [f"Im{index:03d}_1" for index in range(5)]
    for one in others:
        (score,) = one.scores
        assert score.channel == "rbc"
        assert score.outcomes.iou > 0.9
        assert score.boundary_f1 == 1.0, "0.75 % of 200 px is 1.5 px"
        assert score.squared_error < 0.02
        assert score.tally.roc().area > 0.99
        counted = {answer.method: answer.counted for answer in one.counts}
        assert counted == dict.fromkeys((Method.WATERSHED, Method.HOUGH, Method.COMPONENTS, Method.DISTANCE_PEAKS), 6)
    missed = first.scores[0].outcomes
    assert missed.recall == pytest.approx(5 / 6, abs=0.03)
    assert missed.precision > 0.95
    assert {answer.counted for answer in first.counts} == {5}


def test_tables(tmp_path: Path) -> None:
    found = results(tmp_path)
    sheet = pixels_sheet({"dark": found})
    figures = {str(row[0]): row[1] for row in sheet.rows}
    assert sheet.columns == ("figure", "rbc")
    assert figures["fields"] == 5
    assert figures["pixels in all"] == 5 * fields.HEIGHT * fields.WIDTH
    assert figures["IoU"] == pooled(found, "rbc").iou
    assert figures["field: IoU"] == pytest.approx(np.mean([one.scores[0].outcomes.iou for one in found]))
    rows = counts_sheet({"dark": found}).rows
    assert [row[:4] for row in rows if row[2]] == [("rbc", "components", "dark", 5)]
    assert all(row[4] == pytest.approx((5 / 6 * 100 + 400) / 5) for row in rows)
    assert all(row[5] == pytest.approx(-100 / 30) for row in rows)
    assert channels_of({"dark": found}) == ["rbc"]


def test_two_models_are_tested_field_by_field(tmp_path: Path) -> None:
    both = {"full": results(tmp_path, 0.6), "thin": results(tmp_path, 0.45)}
    assert [sheet.title for sheet in field_sheets(both)] == ["Maps against masks", "Counts", "full minus thin"]
    rows = {str(row[0]): row[1:] for row in paired_sheet(both).rows}
    pairs, difference, low, high, _, p = rows["rbc IoU"]
    assert pairs == 5
    ious = [[one.scores[0].outcomes.iou for one in found] for found in both.values()]
    assert difference == pytest.approx(np.mean(ious[0]) - np.mean(ious[1]))
    assert isinstance(low, float) and isinstance(high, float) and isinstance(p, float)
    assert 0.0 < low < difference < high
    assert p < 0.05


def broken(fault: str) -> Callable[[Tensor], Tensor]:
    def answer(tensor: Tensor) -> Tensor:
        raise InferenceFailed(fault)

    return answer


def test_a_field_that_is_not_seen_is_a_miss_for_every_method_and_has_no_masks(tmp_path: Path) -> None:
    manifest = open_model(str(fields.model(tmp_path / "model"))).manifest
    counter = FieldCounter(FakeEngine(broken("no power"), 2), manifest, CountingSettings(cell_diameter_px=fields.DIAMETER_PX))
    sample, *_ = allidb1.read(fields.corpus(tmp_path / "corpus"))
    one = measure_field(sample, counter, manifest.channels)
    assert one.scores == ()
    assert "no power" in one.failed
    assert {answer.method for answer in one.counts} == {
        Method.WATERSHED, Method.HOUGH, Method.COMPONENTS, Method.DISTANCE_PEAKS
    }  # fmt: skip
    assert {(answer.counted, answer.accuracy, answer.kind) for answer in one.counts} == {(None, 0.0, CellClass.RBC)}
    unseen, counts = field_sheets({"dark": [one]})
    assert unseen.rows == (("dark", "Im000_1", one.failed),)
    assert {row[4] for row in counts.rows} == {0.0}


def test_a_class_without_a_mask_or_a_count_is_not_asked_for(tmp_path: Path) -> None:
    opened = open_model(str(fields.model(tmp_path / "model")))
    counter = FieldCounter(opened.engine, opened.manifest, CountingSettings(cell_diameter_px=fields.DIAMETER_PX))
    sample = allidb1.read(fields.corpus(tmp_path / "corpus"))[1]
    bare = Sample(sample.corpus, sample.split, sample.name, sample.path)
    (one,) = measure([bare], counter, opened.manifest.channels)
    assert (one.scores, one.counts, one.failed) == ((), (), "")


def test_models_are_called_by_their_manifests_or_by_their_folders(tmp_path: Path) -> None:
    one, other = (str(fields.model(tmp_path / name)) for name in ("a", "b"))
    assert titles([one], manifests([one])) == ["dark"]
    assert titles([one, other], manifests([one, other])) == ["a", "b"]
