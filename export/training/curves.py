"""Loss and metrics of a run, epoch by epoch: a table and a picture."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from engines.whole_file import whole_file

Row = Mapping[str, float]


def write_table(rows: Sequence[Row], path: Path) -> None:
    """All epochs as CSV; columns are the figures that any row has, in their order."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with whole_file(path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows({name: f"{value:.6g}" for name, value in row.items()} for row in rows)


def draw(rows: Sequence[Row], path: Path, title: str) -> None:
    """Losses above, every other figure below, against the epoch, as a PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415  # half a second; once a run needs it
    from matplotlib.figure import Figure  # noqa: PLC0415

    names = [name for name in dict.fromkeys(name for row in rows for name in row) if name not in ("epoch", "phase", "step")]
    groups = [[name for name in names if "loss" in name], [n for n in names if "loss" not in n and n != "learning_rate"]]
    shown = [group for group in groups if group] or [[]]
    figure = Figure(figsize=(7, 3 * len(shown)), layout="constrained")
    FigureCanvasAgg(figure)
    for axes, group in zip(figure.subplots(len(shown), 1, squeeze=False)[:, 0], shown, strict=True):
        for name in group:
            points = [(row["epoch"], row[name]) for row in rows if name in row]
            axes.plot([x for x, _ in points], [y for _, y in points], marker=".", label=name.replace("_", " "))
        axes.set_xlabel("epoch")
        axes.grid(alpha=0.3)
        if group:
            axes.legend(fontsize=8)
    figure.suptitle(title)
    with whole_file(path) as partial:
        figure.savefig(partial, format="png", dpi=100)
