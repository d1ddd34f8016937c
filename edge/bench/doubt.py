"""`hemocam bench doubt`: how often a count that should be doubted says so, and one that is good does not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from edge.bench.options import ModelName, RuntimeName, needs_export, note
from edge.counting.logits import counts_of
from edge.frame import Pixels
from engines.model_names import DEFAULT_MODEL
from engines.opening import Runtime, open_model

if TYPE_CHECKING:
    from export.evaluation.strange_fields import DoubtRow


def doubt(
    data: Annotated[Path, typer.Option(help="Folder of the labelled sets, laid out as README says.")],
    model: ModelName = DEFAULT_MODEL,
    runtime: RuntimeName = Runtime.CPU,
    split: Annotated[str, typer.Option(help="Of which split.")] = "test",
    worst: Annotated[
        int, typer.Option(help="So many of the worst counted fields of `val` are a kind of their own.", min=0)
    ] = 20,
) -> None:
    """Count labelled fields, spoiled ones and strange pictures; print how many were refused, marked or passed silently."""
    from edge.counting.counter import CountingSettings, FieldCounter
    from edge.optics.gate import Gate, GateSettings
    from edge.optics.verdict import Rejected
    from export.datasets.sample import DatasetError
    from export.evaluate import questions

    with needs_export():
        from export.evaluation.asking import ask_and_match
        from export.evaluation.matched_fields import worst as worst_of
        from export.evaluation.strange_fields import doubt_row, strange

    opened = open_model(model, runtime, counting=counts_of, tell=note)

    def counter(plan: CountingSettings) -> FieldCounter:
        return FieldCounter(opened.engine, opened.manifest, plan)

    gate = Gate(GateSettings())

    def fit(pixels: Pixels, cell_diameter_px: float | None) -> bool:
        return not isinstance(gate.judge(pixels, cell_diameter_px), Rejected)

    try:
        asked = list(questions(data))
    except DatasetError as error:
        raise typer.BadParameter(str(error)) from error
    plain = CountingSettings()
    rows: list[DoubtRow] = []
    with opened.engine:
        of_split = [one for one in asked if one.split == split]
        for corpus in dict.fromkeys(one.corpus for one in of_split):
            good = ((one.pixels(), plain) for one in of_split if one.corpus == corpus)
            rows.append(doubt_row(f"as it is: {corpus} {split}", good, counter, fit))
        if worst:
            found = (
                ask_and_match(one, counter(plain)).matched for one in asked if one.split == "val" and one.cells is not None
            )
            fields = worst_of((field for field in found if field is not None), worst)
            rows.append(
                doubt_row(f"the {worst} worst of val", ((one.question.pixels(), plain) for one in fields), counter, fit)
            )
        rows += [doubt_row(kind, pictures, counter, fit) for kind, pictures in strange(of_split)]
    Console().print(_table(rows, f"{opened.manifest.name} {opened.file.precision} on {opened.stamp}"))


def _table(rows: Sequence[DoubtRow], title: str) -> Table:
    table = Table("pictures", title=title, box=None)
    for name in ("n", "refused", "marked", "silent", "silent %"):
        table.add_column(name, justify="right")
    table.add_column("marks")
    for row in rows:
        share = f"{100.0 * row.silent / max(1, row.fields):.1f}"
        reasons = ", ".join(f"{reason} {number}" for reason, number in row.reasons.items())
        table.add_row(row.kind, str(row.fields), str(row.refused), str(row.marked), str(row.silent), share, reasons)
    return table
