from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge.counting.cell import CellClass, Method
from edge.counting.counter import CountingSettings, FieldCounter
from engines.contract import InferenceFailed, Tensor
from engines.fake import FakeEngine
from engines.manifest import Manifest
from export.evaluate import Answer, Question, ask, count_accuracy, inside_margin, questions, table
from tests.export.datasets import trees

CHANNELS = ("rbc", "rbc_centre", "wbc")
DIAMETER_PX = 20.0
CENTRES = ((40, 40), (90, 40), (40, 90), (90, 90), (12, 64))


@pytest.mark.parametrize(
    ("counted", "true", "expected"),
    [(10, 10, 100.0), (9, 10, 90.0), (11, 10, 90.0), (0, 10, 0.0), (20, 10, 0.0), (50, 10, 0.0), (0, 0, 100.0), (1, 0, 0.0),
     (3, 4, 75.0)],
)  # fmt: skip
def test_count_accuracy(counted: int, true: int, expected: float) -> None:
    assert count_accuracy(counted, true) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("x", "y", "margin_px", "inside"),
    [(0, 0, 0, True), (639, 479, 0, True), (639.5, 10, 0, False), (20, 20, 20, True), (19.9, 20, 20, False),
     (619, 459, 20, True), (619.1, 459, 20, False), (320, 459.5, 20, False)],
)  # fmt: skip
def test_margin(x: float, y: float, margin_px: float, inside: bool) -> None:
    assert inside_margin(x, y, 640, 480, margin_px) is inside


def answer(split: str, true: int, counted: int | None, corpus: str = "allidb1", method: Method = Method.CENTRES) -> Answer:
    return Answer(corpus, split, "one", CellClass.RBC, method, method is Method.CENTRES, true, counted)


def test_a_field_that_could_not_be_counted_scores_nothing_even_without_cells() -> None:
    assert answer("test", 10, None).accuracy == 0.0
    assert answer("test", 0, None).accuracy == 0.0


def test_the_papers_fields_are_a_group_of_their_own() -> None:
    rows = {row.split: row for row in table([answer("bench_train", 10, 9), answer("test", 20, 10), answer("train", 10, 10)])}
    assert list(rows) == ["all", "bench", "bench_train", "test", "train"]
    assert (rows["bench"].fields, rows["bench"].accuracy) == (2, pytest.approx(70.0))
    assert rows["bench"].total_error == pytest.approx(100.0 * (19 - 30) / 30)
    assert (rows["all"].fields, rows["all"].accuracy) == (3, pytest.approx(80.0))
    assert rows["test"].total_error == pytest.approx(-50.0)


def test_other_corpora_have_their_own_splits_alone() -> None:
    rows = table([answer("test", 10, 10, "chula"), answer("val", 10, None, "chula")])
    assert [(row.split, row.accuracy, row.total_error) for row in rows] == [("test", 100.0, 0.0), ("val", 0.0, -100.0)]


def test_no_truth_leaves_no_total_error_to_divide() -> None:
    (row,) = table([answer("test", 0, 3, "cbc")])
    assert (row.accuracy, row.total_error) == (0.0, 0.0)


def test_rows_are_in_the_order_of_classes_and_methods() -> None:
    given = [answer("val", 1, 1, "cbc", method) for method in (Method.COMPONENTS, Method.HOUGH, Method.CENTRES)]
    assert [row.method for row in table(given)] == [Method.CENTRES, Method.HOUGH, Method.COMPONENTS]


def test_questions_ask_only_what_somebody_counted(tmp_path: Path) -> None:
    asked = {(one.corpus, one.split, one.name): one for one in questions(trees.all_of(tmp_path), simulated_fields=0)}
    assert asked["allidb1", "train", "Im002_1"].true == {CellClass.WBC: 2}
    assert asked["allidb1", "bench_train", "Im001_1"].true == {CellClass.RBC: 3, CellClass.WBC: 1, CellClass.PLT: 0}
    assert asked["cbc", "train", "BloodImage_00000"].true == {CellClass.WBC: 1, CellClass.PLT: 2}
    chula = {name: one for (corpus, _, name), one in asked.items() if corpus == "chula"}
    assert set(chula) == {"1", "40"}, "fields that are not labelled completely are left out"
    assert chula["40"].true == {CellClass.RBC: 1}
    assert chula["1"].true == {CellClass.RBC: 1}, "of (5, 6) and (30.5, 20) one lies within 20 px of the border"
    assert chula["1"].margin_px == 20.0


def test_simulated_questions_are_the_same_every_time_and_differ_by_split() -> None:
    first, again = list(questions(None, 2)), list(questions(None, 2))
    assert [(one.split, one.name) for one in first] == [("test", "0"), ("test", "1"), ("val", "0"), ("val", "1")]
    for one, other in zip(first, again, strict=True):
        assert np.array_equal(one.pixels(), other.pixels())
        assert one.true == other.true
        assert one.pixels().shape == (480, 640, 3)
        assert set(one.true) == set(CellClass)
        assert one.true[CellClass.RBC] > 0
    assert not np.array_equal(first[0].pixels(), first[2].pixels())


def manifest() -> Manifest:
    common = {"foreground_threshold": 0.5, "min_area_ratio": 0.1, "min_separation_ratio": 0.3, "merge_valley_ratio": 0.85}
    return Manifest.model_validate({
        "name": "discs", "version": "1", "description": "", "licence": "MIT", "research_only": False, "data": [], "sources": [],
        "seed": 0, "recipe": "", "parameters": 1, "channels": CHANNELS,
        "files": [{"file": "none.onnx", "sha256": "0" * 64, "precision": "fp32"}],
        "preparation": {
            "cell_diameter_px": DIAMETER_PX, "white_percentile": 95, "white_level": 235, "most_gain": 4, "multiple_px": 16
        },
        "decoding": {
            "rbc": {"method": "centres", "diameter_ratio": 1.0, **common},
            "wbc": {"method": "components", "diameter_ratio": 1.5, **common},
        },
    })  # fmt: skip


def discs(tensor: Tensor) -> Tensor:
    """Five red cells and no white one, whatever the picture."""
    y, x = np.mgrid[: tensor.shape[1], : tensor.shape[2]]
    far = np.min([np.hypot(x - cx, y - cy) for cx, cy in CENTRES], axis=0)
    centre = np.exp(-(far**2) / (2 * (0.12 * DIAMETER_PX) ** 2))
    logits = np.stack([np.where(far < DIAMETER_PX / 2, 6.0, -6.0), 12.0 * centre - 6.0, np.full(far.shape, -6.0)])
    return logits[None].astype(np.float32)


def counter(answers: object = discs, plan: CountingSettings | None = None) -> FieldCounter:
    engine = FakeEngine(answers, len(CHANNELS))  # type: ignore[arg-type]
    return FieldCounter(engine, manifest(), plan or CountingSettings(cell_diameter_px=DIAMETER_PX))


def question(true: dict[CellClass, int], margin_px: float = 0.0) -> Question:
    pixels = np.full((128, 128, 3), 220, np.uint8)
    return Question("chula", "test", "one", lambda: pixels, true, margin_px)


def test_every_class_is_asked_by_every_method_that_the_maps_allow() -> None:
    answers = ask(question({CellClass.RBC: 5, CellClass.WBC: 0, CellClass.PLT: 7}), counter())
    assert {(one.kind, one.method) for one in answers} == {
        *((CellClass.RBC, method) for method in Method),
        *((CellClass.WBC, method) for method in Method if method is not Method.CENTRES),
    }
    assert {(one.kind, one.method) for one in answers if one.default} == {
        (CellClass.RBC, Method.CENTRES), (CellClass.WBC, Method.COMPONENTS),
    }  # fmt: skip
    assert all(one.counted == one.true for one in answers), answers


def test_cells_in_the_margin_are_not_counted() -> None:
    by_method = {one.method: one.counted for one in ask(question({CellClass.RBC: 4}, 20.0), counter())}
    assert by_method == dict.fromkeys(Method, 4)


@pytest.mark.parametrize(
    "failing",
    [lambda tensor: np.full((1, 3, *tensor.shape[1:3]), np.nan, np.float32), lambda tensor: np.zeros((1, 1, 1, 1), np.float32)],
    ids=["nan", "wrong shape"],
)
def test_a_question_that_cannot_be_counted_scores_nothing(failing: object) -> None:
    answers = ask(question({CellClass.RBC: 5, CellClass.WBC: 0}), counter(failing))
    assert [(one.kind, one.counted, one.accuracy, one.default) for one in answers] == [
        (CellClass.RBC, None, 0.0, True), (CellClass.WBC, None, 0.0, True),
    ]  # fmt: skip


def test_a_runtime_that_fails_scores_nothing() -> None:
    def fail(_: Tensor) -> Tensor:
        raise InferenceFailed("no memory")

    assert [one.counted for one in ask(question({CellClass.RBC: 5}), counter(fail))] == [None]
