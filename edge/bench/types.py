"""`hemocam bench types`: how well cells are named."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from edge.bench.options import ModelName, needs_export, note
from edge.counting.field_count import FieldCount
from edge.counting.logits import counts_of
from edge.frame import Pixels
from engines.classifier import Classifier, open_classifier
from engines.model_names import DEFAULT_MODEL, DEFAULT_TYPES
from engines.opening import Runtime, open_model

ROUNDS = 5

if TYPE_CHECKING:
    from export.evaluation.typed_cells import TypeRow, WholeWay


def types(
    data: Annotated[Path, typer.Option(help="Folder of the labelled sets, laid out as README says.")],
    classifier: Annotated[str, typer.Option(help="What names the cells.")] = DEFAULT_TYPES,
    model: ModelName = DEFAULT_MODEL,
) -> None:
    """Name labelled cells: PBC's as they are and as other microscopes might show them, and cells of two other microscopes
    that a developer named by eye, at their labelled places and the whole way from the picture."""
    from edge.cells.namer import Namer
    from edge.counting.counter import CountingSettings, FieldCounter

    with needs_export():
        from export.classifier_publishing import type_rows
        from export.datasets import allidb1
        from export.datasets.sample import DatasetError
        from export.evaluation.typed_cells import places_by_eye, strangers, whole_way

    console = Console()
    with open_classifier(classifier) as named:
        opened = open_model(model, Runtime.CPU, counting=counts_of, tell=note)
        with opened.engine:
            counter, namer = FieldCounter(opened.engine, opened.manifest, CountingSettings()), Namer(named)

            def count(pixels: Pixels) -> FieldCount:
                return namer.typed(pixels, counter.count(pixels))

            try:
                rows = list(type_rows(named, data))
                places = places_by_eye(data).items()
                ways = [whole_way(corpus, each, count, named.manifest.group_of) for corpus, each in places]
                blasts = strangers(allidb1.read(data / allidb1.CORPUS), count)
            except DatasetError as error:
                raise typer.BadParameter(str(error)) from error
        per_s = _cells_per_s(named)
    console.print(_crops(rows, named.stamp), _ways(ways), sep="\n")
    console.print(
        f"ALL-IDB1, mostly blasts: {blasts.cells} white cells of {blasts.fields} fields, {blasts.unsure:.1%} unsure, "
        f"{blasts.asked:.1%} in fields that ask for a person"
    )
    console.print(f"{per_s:.0f} cells/s, from crops to types")


def _cells_per_s(classifier: Classifier) -> float:
    side_px = classifier.manifest.side_px
    crops = np.random.default_rng(0).integers(0, 256, (512, side_px, side_px, 3), dtype=np.uint8)
    took_s = []
    for _ in range(ROUNDS + 1):  # the first warms up
        start = perf_counter()
        classifier.probabilities(crops)
        took_s.append(perf_counter() - start)
    return len(crops) / median(took_s[1:])


def _crops(rows: Sequence[TypeRow], stamp: str) -> Table:
    table = Table("cells at their labelled places", "split", title=stamp, box=None)
    table.caption = "Unsure is wrong in accuracy and balanced; sure: right of those that were named; ECE: calibration error."
    for name in ("n", "accuracy", "balanced", "unsure", "sure", "ECE"):
        table.add_column(name, justify="right")
    for row in rows:
        shares = (row.accuracy, row.balanced, row.unsure, row.sure, row.error)
        table.add_row(row.data, row.split, str(row.cells), *(f"{share:.3f}" for share in shares))
    return table


def _ways(rows: Sequence[WholeWay]) -> Table:
    table = Table("the whole way from the picture", box=None)
    table.caption = "Named by eye by a developer, no hematologist: for tuning."
    for name in ("n", "found", "named", "balanced", "sure"):
        table.add_column(name, justify="right")
    for row in rows:
        shares = (row.found, row.named, row.balanced, row.sure)
        table.add_row(row.data, str(row.cells), *(f"{share:.3f}" for share in shares))
    return table
