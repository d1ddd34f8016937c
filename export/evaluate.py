"""How well a model counts on labelled fields: the figures of README."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge.counting.cell import Cell, CellClass, Method
from edge.counting.counter import FieldCounter, Seen
from edge.counting.errors import CountingError
from edge.counting.methods import available
from edge.smear.imaging import Imaging, expose
from edge.smear.slide import SmearRecipe, make_smear
from edge.smear.staining import Stain, stain_window
from edge.smear.truth import true_cells
from engines.contract import InferenceFailed
from export.datasets import allidb1, cbc, chula, txl
from export.datasets.sample import Sample
from export.evaluation.labelled_cells import PIECE, LabelledCells, labelled_cells, rendered_cells
from export.metrics.bootstrap import interval

CHULA_MARGIN_PX = 20.0
"""Chula labels some 40 % of the cells that the border cuts: centres nearer to it than this count on neither side."""
SIMULATED_SEEDS = {"test": 990_000, "val": 980_000}
"""Training takes its fields from the recipe's seed times a million on: far from these."""
SIMULATED_DIAMETER_PX = 40.0


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """One field with the true counts by class; a class that nobody counted is absent. Centres within `margin_px` of the
    border count neither as true nor as found. `cells` is where each labelled cell lies, None where the labels do not say;
    `scanner` is the microscope of a set that has several."""

    corpus: str
    split: str
    name: str
    pixels: Callable[[], np.ndarray]
    true: Mapping[CellClass, int]
    margin_px: float = 0.0
    cells: LabelledCells | None = None
    scanner: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one method found in one field; `counted` is None where the field could not be counted."""

    corpus: str
    split: str
    name: str
    kind: CellClass
    method: Method
    default: bool
    true: int
    counted: int | None
    scanner: str = ""

    @property
    def accuracy(self) -> float:
        """See count_accuracy; a field that could not be counted scores 0."""
        return 0.0 if self.counted is None else count_accuracy(self.counted, self.true)


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table. `accuracy` is the mean over fields with its 95 % interval over other fields of the kind (bootstrap),
    `total_error` (sum counted - sum true) / sum true, percent."""

    corpus: str
    split: str
    kind: CellClass
    method: Method
    default: bool
    fields: int
    accuracy: float
    low: float
    high: float
    total_error: float


def count_accuracy(counted: int, true: int) -> float:
    """100 * max(0, 1 - |counted - true| / true); 100 if both are 0, 0 if only the truth is 0."""
    if true == 0:
        return 100.0 if counted == 0 else 0.0
    return 100.0 * max(0.0, 1.0 - abs(counted - true) / true)


def inside_margin(x: float, y: float, width_px: int, height_px: int, margin_px: float) -> bool:
    """Whether a centre lies at least `margin_px` from every border of a frame of this size."""
    return margin_px <= x <= width_px - 1 - margin_px and margin_px <= y <= height_px - 1 - margin_px


def _chula(sample: Sample) -> Question:
    true = sum(inside_margin(x, y, 640, 480, CHULA_MARGIN_PX) for x, y in sample.points)
    cells = labelled_cells(sample)
    return Question(sample.corpus, sample.split, sample.name, sample.pixels, {CellClass.RBC: true}, CHULA_MARGIN_PX, cells)


def _counted_by_hand(sample: Sample) -> Question:
    true = {CellClass(kind): number for kind, number in sample.counts.items()}
    scanner = sample.scanner if sample.corpus == txl.CORPUS else ""
    return Question(
        sample.corpus, sample.split, sample.name, sample.pixels, true, cells=labelled_cells(sample), scanner=scanner
    )  # fmt: skip


def question(sample: Sample) -> Question:
    """A labelled field as a question, with its corpus' border rule; nothing is asked of a class that nobody counted."""
    if sample.corpus == chula.CORPUS and sample.complete:
        return _chula(sample)
    return _counted_by_hand(sample)


def _simulated(split: str, index: int) -> Question:
    """A rendered field of mixed difficulty, with seeds that training never sees."""
    seed = SIMULATED_SEEDS[split] + index
    rng = np.random.default_rng(seed)
    recipe, stain, imaging = SmearRecipe.random(rng), Stain.random(rng), Imaging.random(rng)
    um_per_px = recipe.red_diameter_um / SIMULATED_DIAMETER_PX
    width_px, height_px, margin_um = 640, 480, 10.0
    smear = make_smear(seed, width_px * um_per_px + 2 * margin_um, height_px * um_per_px + 2 * margin_um, recipe)
    plate = stain_window(smear, stain, margin_um, margin_um, width_px, height_px, um_per_px, seed)
    pixels = expose(plate.density, imaging, um_per_px, rng)
    cells = true_cells(smear, plate, margin_um, margin_um, um_per_px)
    pieces = [cell for cell in cells if cell.seen_px >= PIECE * cell.area_px]
    true = {kind: sum(cell.kind.value == kind.value for cell in pieces) for kind in CellClass}
    labelled = rendered_cells(cells, SIMULATED_DIAMETER_PX)
    return Question("simulated", split, str(index), lambda: pixels, true, cells=labelled)


def questions(data: Path | None, simulated_fields: int = 50) -> Iterator[Question]:
    """Every field under `data` with a count that can be trusted, and rendered ones. Raises DatasetError."""
    if data is not None:
        for sample in allidb1.read(data / "allidb1"):
            yield _counted_by_hand(sample)
        for sample in chula.read(data / "chula"):
            if sample.complete:
                yield _chula(sample)
        for sample in cbc.read(data / "cbc"):
            yield _counted_by_hand(sample)
        if (data / "txl").exists():
            for sample in txl.read(data / "txl"):
                yield _counted_by_hand(sample)
    for split in SIMULATED_SEEDS:
        for index in range(simulated_fields):
            yield _simulated(split, index)


def ask(question: Question, counter: FieldCounter) -> list[Answer]:
    """Count one field by every method that the model allows."""
    pixels = question.pixels()
    try:
        seen: Seen = counter.see(pixels)
    except (CountingError, InferenceFailed):
        return unanswered(question, counter)
    return answers(question, counter, seen)


def unanswered(question: Question, counter: FieldCounter) -> list[Answer]:
    """A field that could not be counted."""
    kinds = [kind for kind in question.true if kind in counter.methods]
    return [_answer(question, counter, kind, counter.methods[kind], None) for kind in kinds]


def answers(question: Question, counter: FieldCounter, seen: Seen) -> list[Answer]:
    """Count a field that was seen by every method that its maps allow."""

    def number(cells: Iterable[Cell]) -> int:
        return sum(inside_margin(cell.x, cell.y, seen.width_px, seen.height_px, question.margin_px) for cell in cells)

    return [
        _answer(question, counter, kind, method, number(counter.cells(seen, kind, method)))
        for kind in question.true
        if kind in counter.methods
        for method in available(seen.maps[kind])
    ]


def _answer(question: Question, counter: FieldCounter, kind: CellClass, method: Method, counted: int | None) -> Answer:
    default = method is counter.methods[kind]
    true = question.true[kind]
    return Answer(question.corpus, question.split, question.name, kind, method, default, true, counted, question.scanner)


def table(answers: Iterable[Answer]) -> list[Row]:
    """Answers by corpus, split, class and method. ALL-IDB1's 13 fields of the paper are a split of their own, `bench`; each
    microscope of a set that has several is one, too."""
    groups: dict[tuple[str, str, CellClass, Method, bool], list[Answer]] = {}
    for one in answers:
        splits = [one.split]
        if one.corpus == allidb1.CORPUS:
            splits += ["bench"] * (one.split in allidb1.BENCH_SPLITS) + ["all"]
        splits += [f"{one.split} {one.scanner}"] if one.scanner else []
        for split in splits:
            groups.setdefault((one.corpus, split, one.kind, one.method, one.default), []).append(one)
    rows = []
    for (corpus, split, kind, method, default), group in sorted(groups.items(), key=lambda item: _order(item[0])):
        true = sum(one.true for one in group)
        counted = sum(one.counted or 0 for one in group)
        error = 100.0 * (counted - true) / true if true else 0.0
        low, high = interval([one.accuracy for one in group], mean)
        rows.append(Row(corpus, split, kind, method, default, len(group), mean([a.accuracy for a in group]), low, high, error))
    return rows


def mean(values: Sequence[float]) -> float:
    """The arithmetic mean."""
    return float(np.mean(values))


def _order(key: tuple[str, str, CellClass, Method, bool]) -> tuple[str, str, int, int]:
    corpus, split, kind, method, _ = key
    return corpus, split, list(CellClass).index(kind), list(Method).index(method)
