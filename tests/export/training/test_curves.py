from __future__ import annotations

import csv
from pathlib import Path

import cv2
import pytest

from export.training.curves import draw, write_table

ROWS = [
    {"epoch": 1.0, "loss": 0.5, "val_loss": 0.6, "iou": 0.2, "learning_rate": 0.0004},
    {"epoch": 2.0, "loss": 0.25, "iou": 0.4, "learning_rate": 0.00004, "level": 2.0},
]


def test_the_table_has_every_figure_and_blanks_where_there_is_none(tmp_path: Path) -> None:
    write_table(ROWS, tmp_path / "curves.csv")
    with (tmp_path / "curves.csv").open(newline="") as file:
        first, second = csv.DictReader(file)
    assert list(first) == ["epoch", "loss", "val_loss", "iou", "learning_rate", "level"]
    assert (first["epoch"], first["loss"], first["level"], second["val_loss"]) == ("1", "0.5", "", "")
    assert float(second["learning_rate"]) == 4e-5
    write_table(ROWS[:1], tmp_path / "curves.csv")
    assert len((tmp_path / "curves.csv").read_text().splitlines()) == 2, "the whole table is written anew"
    assert [path.name for path in tmp_path.iterdir()] == ["curves.csv"]


@pytest.mark.parametrize("rows", [ROWS, ROWS[:1], [{"epoch": 1.0, "loss": 1.0}]])
def test_the_picture_shows_curves(tmp_path: Path, rows: list[dict[str, float]]) -> None:
    pytest.importorskip("matplotlib", reason="curves need matplotlib: pip install hemocam[export]")
    draw(rows, tmp_path / "curves.png", "tiny")
    picture = cv2.imread(str(tmp_path / "curves.png"))
    assert picture is not None
    height, width = picture.shape[:2]
    assert (width, height) == (700, 300 * (2 if any("iou" in row for row in rows) else 1))
    assert (picture != 255).any(axis=2).mean() > 0.01
    assert [path.name for path in tmp_path.iterdir()] == ["curves.png"]
