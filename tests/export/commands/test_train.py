from __future__ import annotations

from pathlib import Path

import pytest
import typer
import yaml
from typer.testing import CliRunner, Result

pytest.importorskip("torch", reason="training needs PyTorch: pip install hemocam[export]")
pytest.importorskip("scipy", reason="labelling needs scipy: pip install hemocam[export]")
pytest.importorskip("matplotlib", reason="curves need matplotlib: pip install hemocam[export]")

from pydantic import BaseModel

from export.commands.train import train
from tests.export.training import tiny


def invoke(*words: object) -> Result:
    app = typer.Typer()
    app.command("train")(train)
    return CliRunner(env={"COLUMNS": "400", "TERM": "dumb", "NO_COLOR": "1"}).invoke(app, [str(word) for word in words])


def written(into: Path, recipe: BaseModel, **changed: object) -> Path:
    path = into / "tiny.yaml"
    path.write_text(yaml.safe_dump({**recipe.model_dump(mode="json"), **changed}), encoding="utf-8")
    return path


@pytest.mark.parametrize("task", ["segmentation", "adversarial", "classification"])
def test_training_prints_where_the_weights_are(tmp_path: Path, task: str) -> None:
    data = tiny.crops(tmp_path / "data") if task == "classification" else tiny.masks(tmp_path / "data")
    recipe, run = getattr(tiny, task)(), tmp_path / "runs" / "tiny"
    short = {"epochs": 1} if task == "classification" else {"phases": [{"epochs": 1}]}
    result = invoke(written(tmp_path, recipe, **short), "--data", data, "--run", run)
    assert result.exit_code == 0, result.output
    assert str(run / "weights.pt") in result.output
    assert (run / "weights.pt").is_file()
    assert "5/5" in result.output or "3/3" in result.output, "progress is shown"


def test_one_fold_alone(tmp_path: Path) -> None:
    folds = {"splits": {"by": "folds", "folds": 2}, "phases": [{"epochs": 1}]}
    path, data, run = written(tmp_path, tiny.segmentation(), **folds), tiny.masks(tmp_path / "data"), tmp_path / "runs" / "tiny"
    assert invoke(path, "--data", data, "--run", run, "--fold", 2).exit_code == 0
    assert sorted(one.name for one in run.iterdir()) == ["folds.csv", "repeat1-fold2"]
    assert "2 folds, there is no fold 3" in invoke(path, "--data", data, "--run", run, "--fold", 3).output


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"phases": []}, "tiny.yaml: phases: "), ({"task": "detection"}, "tiny.yaml: task: "),
        ({"architecture": "u-net"}, "there is no network 'u-net'"), ({"init_from": "none.pt"}, "there is no file none.pt"),
        ({"folder": "elsewhere"}, "elsewhere is no folder"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_one_clear_error(tmp_path: Path, changed: dict[str, object], said: str) -> None:
    result = invoke(
        written(tmp_path, tiny.segmentation(), **changed), "--data", tiny.masks(tmp_path / "data"), "--run", tmp_path / "run"
    )
    assert result.exit_code == 2
    assert said in result.output
    assert "Traceback" not in result.output
    assert not (tmp_path / "run").exists()


def test_only_a_counters_recipe_leaves_a_corpus_out(tmp_path: Path) -> None:
    recipe = written(tmp_path, tiny.classification())
    result = invoke(recipe, "--data", tmp_path, "--without", "cbc")
    assert result.exit_code == 2
    assert "--without is for the recipes of a counter" in result.output
