from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import typer
from typer.testing import CliRunner, Result

pytest.importorskip("onnx", reason="pip install hemocam[export]")
pytest.importorskip("sklearn", reason="pip install hemocam[export]")
pytest.importorskip("matplotlib", reason="pip install hemocam[export]")

from export.commands.evaluate import evaluate
from tests.export.evaluation import crops, fields

app = typer.Typer()
app.command()(evaluate)


def invoke(*words: object) -> Result:
    return CliRunner(env={"COLUMNS": "400", "TERM": "dumb", "NO_COLOR": "1"}).invoke(app, [str(word) for word in words])


def test_two_field_models_with_files_and_a_figure(tmp_path: Path) -> None:
    fields.corpus(tmp_path / "data" / "allidb1")
    one, other = fields.model(tmp_path / "full", "full"), fields.model(tmp_path / "thin", "thin", level=0.45)
    result = invoke(
        one,
        "--against",
        other,
        "--data",
        tmp_path / "data",
        "--cell-diameter-px",
        fields.DIAMETER_PX,
        "--out",
        tmp_path / "out",
    )
    assert result.exit_code == 0, result.output
    assert "Maps against masks" in result.output
    assert "full minus thin" in result.output
    made = {path.name for path in (tmp_path / "out").iterdir()}
    assert made == {"maps-against-masks.csv", "counts.csv", "full-minus-thin.csv", "figure.png"}
    assert "fields,3,3" in (tmp_path / "out" / "maps-against-masks.csv").read_text(encoding="utf-8")


def test_the_scale_is_measured_where_it_is_not_given(tmp_path: Path) -> None:
    fields.corpus(tmp_path / "data" / "allidb1", ("test", "test"))
    result = invoke(fields.model(tmp_path / "model"), "--data", tmp_path / "data", "--split", "test")
    assert result.exit_code == 0, result.output
    assert "IoU" in result.output


def test_a_classifier_on_a_folder_a_class(tmp_path: Path) -> None:
    for name, colour in (("red", 2), ("green", 1), ("debris", 0)):
        (tmp_path / "data" / "cells" / name).mkdir(parents=True)
        pixels = np.full((16, 16, 3), 60, np.uint8)
        pixels[..., colour] = 220
        cv2.imwrite(str(tmp_path / "data" / "cells" / name / "1.png"), pixels)
    words = (crops.model(tmp_path / "model"), "--data", tmp_path / "data", "--corpus", "folder-classes", "--folder", "cells")
    refused = invoke(*words, "--split", "all")
    assert refused.exit_code == 2
    assert "the data also has debris: leave those out with --ignore" in refused.output
    result = invoke(*words, "--split", "all", "--ignore", "debris", "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "macro F1" in result.output
    assert (tmp_path / "out" / "figure.png").is_file()
    assert "accuracy,1.0" in (tmp_path / "out" / "all-classes.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("none",), "there is no model 'none'"),
        (("field", "--corpus", "none"), "there is no set 'none': name allidb1"),
        (("field", "--split", "none"), "allidb1 has no sample in none; it has bench_train, test, val"),
        (("field", "--folder", "none"), "none is no folder"),
    ],
)
def test_what_cannot_be_measured_is_a_clear_error(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    fields.corpus(tmp_path / "data" / "allidb1")
    result = invoke(*words, "--data", tmp_path / "data")
    assert result.exit_code == 2
    assert said in result.output
    assert "Traceback" not in result.output
