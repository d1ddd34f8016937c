"""The table of the zoo's segmentation networks under one budget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge.counting.cell import CellClass, Method
from engines.opening import Runtime, open_model
from export.datasets.allidb1 import BENCH_SPLITS
from export.datasets.sample import Sample
from export.evaluation import field_sheets
from export.evaluation.models import Asked, Tell, measure_fields
from export.evaluation.samples import chosen
from export.evaluation.segmentation import FieldResult
from export.evaluation.sheet import Sheet, Value
from export.evaluation.trained import TrainedModel
from export.timing import median_ms

METHODS = (Method.HOUGH, Method.WATERSHED, Method.COMPONENTS, Method.DISTANCE_PEAKS)
SPLITS = ("val", "test")
FIGURES = ("IoU", "Dice", "boundary F1", "close boundary F1")
FIELD_PX = (480, 640)
RUNS = 9
NOTE = (
    "ALL-IDB1 red cells; {val} val, {test} test fields; means over fields. Masks of val fields are threshold-like (pale cells "
    "are open rings, clumps are merged): their IoU says how well a network follows a threshold; those of test fields are not. "
    "Boundary F1 within 0.75 % of the diagonal, a third of a cell (Csurka et al. 2013), the close one within 5 % of a cell. "
    "Count accuracy in percent by each method at the same default settings, the cell's size estimated on each field as the "
    "device does, every piece counted, a field that cannot be seen scores 0; `13` are the paper's 13 fields, ten of which were "
    "trained on. Thresholds are 0.5 throughout: nothing was chosen by a test field. ms: a 640x480 tensor on onnxruntime's CPU "
    "provider, FP32, {threads} threads, median of {runs}."
)


@dataclass(frozen=True, slots=True, eq=False)
class MeasuredNetwork:
    """One network of the table: its model, all its fields, and its time on a 640x480 tensor."""

    model: TrainedModel
    results: tuple[FieldResult, ...]
    frame_ms: float


def measure_network(
    model: TrainedModel, samples: Sequence[Sample], threads: int, tell: Tell, runs: int = RUNS
) -> MeasuredNetwork:
    """Run it over the fields of all splits, then time it alone. Raises EngineError, DatasetError, EvaluationError."""
    opened = open_model(str(model.folder), Runtime.CPU, threads)
    results = measure_fields(model.title, opened, Asked(samples, threads=threads), tell)
    frame = np.random.default_rng(0).integers(0, 256, (1, *FIELD_PX, 3), dtype=np.uint8)
    with open_model(str(model.folder), Runtime.CPU, threads).engine as engine:
        return MeasuredNetwork(model, tuple(results), median_ms(engine.run, frame, runs))


def network_sheet(measured: Sequence[MeasuredNetwork], threads: int, runs: int = RUNS) -> Sheet:
    """A line a network."""
    columns = ["network", "parameters", "ONNX MB"]
    columns += [f"{split} {figure}" for split in SPLITS for figure in FIGURES]
    columns += [f"{fields} {method.value} %" for fields in ("test", "13") for method in METHODS]
    columns.append("ms")
    digits = {name: 1 for name in columns if name.endswith("%")} | {"ONNX MB": 1, "ms": 0}
    rows = tuple(_row(one) for one in measured)
    fields = {split: max((len(_of(one, (split,))) for one in measured), default=0) for split in SPLITS}
    note = NOTE.format(**fields, threads=threads, runs=runs)
    return Sheet("Networks", tuple(columns), rows, digits=3, column_digits=digits, note=note)


def _row(one: MeasuredNetwork) -> tuple[Value, ...]:
    row: list[Value] = [one.model.title, one.model.manifest.parameters, one.model.file_bytes / 1e6]
    for split in SPLITS:
        row += [field_sheets.field_mean(_of(one, (split,)), "rbc", figure) for figure in FIGURES]
    for splits in (("test",), BENCH_SPLITS):
        answers = [answer for field in _of(one, splits) for answer in field.counts if answer.kind is CellClass.RBC]
        row += [field_sheets.count_accuracy([a for a in answers if a.method is method]) for method in METHODS]
    return (*row, one.frame_ms)


def _of(one: MeasuredNetwork, splits: Sequence[str]) -> list[FieldResult]:
    return [field for field in one.results if field.split in splits]


def field_samples(data: Path) -> list[Sample]:
    """The fields of the table. Raises DatasetError, EvaluationError."""

    return chosen(data, "allidb1", None, tuple(dict.fromkeys((*SPLITS, *BENCH_SPLITS))))
