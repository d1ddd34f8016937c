from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest
import typer
from typer.testing import CliRunner, Result

pytest.importorskip("torch", reason="pip install hemocam[export]")
pytest.importorskip("onnx", reason="pip install hemocam[export]")
pytest.importorskip("sklearn", reason="pip install hemocam[export]")

from export.commands.compare import compare
from tests.export.datasets.trees import text
from tests.export.evaluation import fields, runs

app = typer.Typer()
app.command()(compare)


def invoke(*words: object) -> Result:
    return CliRunner(env={"COLUMNS": "400", "TERM": "dumb", "NO_COLOR": "1"}).invoke(app, [str(word) for word in words])


def test_one_table_of_all_networks(tmp_path: Path) -> None:
    fields.corpus(tmp_path / "data" / "allidb1")
    network = runs.field_run(tmp_path / "runs" / "u", "unet", width=2)
    runs.field_run(tmp_path / "runs" / "f", "field", width=4)
    runs.field_run(tmp_path / "runs" / "unfinished", "linknet")
    (tmp_path / "runs" / "unfinished" / "weights.pt").unlink()
    table = tmp_path / "new" / "table.csv"
    result = invoke("--data", tmp_path / "data", "--runs", tmp_path / "runs", "--markdown", "--csv", table)
    assert result.exit_code == 0, result.output
    assert "unfinished has no weights yet" in result.output
    rows = {row["network"]: row for row in csv.DictReader(table.open(encoding="utf-8"))}
    assert list(rows) == ["field", "unet"]
    assert rows["unet"]["parameters"] == str(sum(one.numel() for one in network.parameters()))
    for row in rows.values():
        assert float(row["ms"]) > 0.0
        assert 0.0 <= float(row["test IoU"]) <= float(row["test Dice"]) <= 1.0
        assert all(0.0 <= float(row[f"13 {way} %"]) <= 100.0 for way in ("hough", "watershed", "components", "distance-peaks"))
    assert "| unet |" in result.output
    assert "3 val, 1 test fields" in result.output
    assert "ten of which were trained on" in result.output


def test_a_network_that_was_trained_twice_is_called_by_its_folders(tmp_path: Path) -> None:
    fields.corpus(tmp_path / "data" / "allidb1", ("val", "test"))
    for name in ("one", "two"):
        runs.field_run(tmp_path / "runs" / name, "unet", width=2)
    result = invoke("--data", tmp_path / "data", "--runs", tmp_path / "runs", "--markdown")
    assert result.exit_code == 0, result.output
    assert "| one |" in result.output
    assert "| two |" in result.output


def chula(root: Path) -> Path:
    """Two test fields with labelled cells of two types."""
    (root / "images").mkdir(parents=True)
    for name in (40, 41):
        pixels = np.random.default_rng(name).integers(0, 256, (100, 120, 3), dtype=np.uint8)
        cv2.imwrite(str(root / "images" / f"{name}.jpg"), pixels)
    text(root / "images.csv", "image,split,labels,complete", "40,test,3,no", "41,test,2,no")
    text(root / "cells.csv", "image,x,y,type", "40,30,30,0", "40,60,50,8", "40,90,60,0", "41,30,40,8", "41,70,40,0")
    return root


def test_one_table_of_all_classifiers(tmp_path: Path) -> None:
    chula(tmp_path / "data" / "chula")
    network = runs.crop_run(tmp_path / "runs" / "c", ["normal", "burr cell", "teardrop"])
    runs.field_run(tmp_path / "runs" / "u", "unet")
    table = tmp_path / "table.csv"
    result = invoke("--classifiers", "--data", tmp_path / "data", "--runs", tmp_path / "runs", "--csv", table)
    assert result.exit_code == 0, result.output
    rows = {row["figure"]: row for row in csv.DictReader(table.open(encoding="utf-8"))}
    assert rows["parameters"]["compact"] == str(sum(one.numel() for one in network.parameters()))
    assert int(rows["cells/s"]["compact"]) > 0
    assert (rows["recall normal"]["crops"], rows["recall burr cell"]["crops"], rows["recall teardrop"]["crops"]) == (
        "3",
        "2",
        "0",
    )
    assert rows["recall teardrop"]["compact"] == "", "no teardrop was there to be found"
    right = 3 * float(rows["recall normal"]["compact"]) + 2 * float(rows["recall burr cell"]["compact"])
    assert float(rows["accuracy"]["compact"]) == pytest.approx(right / 5)


@pytest.mark.parametrize("words", [(), ("--classifiers",)])
def test_no_runs_are_a_clear_error(tmp_path: Path, words: tuple[str, ...]) -> None:
    result = invoke("--data", tmp_path, "--runs", tmp_path / "none", *words)
    assert result.exit_code == 2
    assert "holds no trained run" in result.output
    assert "Traceback" not in result.output
