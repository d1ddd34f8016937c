from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from edge.cli import app as hemocam
from export.cli import app
from tests.export.training.test_recipe import recipe

HAS_EXPORT = all(importlib.util.find_spec(name) for name in ("torch", "onnx", "scipy"))
needs_export = pytest.mark.skipif(not HAS_EXPORT, reason="the commands need pip install hemocam[export]")


def invoke(*words: object) -> Result:
    return CliRunner(env={"COLUMNS": "400", "TERM": "dumb", "NO_COLOR": "1"}).invoke(app, [str(word) for word in words])


def written(folder: Path, **changed: object) -> Path:
    path = folder / "tiny.yaml"
    path.write_text(yaml.safe_dump(recipe(**changed)), encoding="utf-8")
    return path


def test_help_names_the_commands() -> None:
    result = CliRunner().invoke(hemocam, ["export", "--help"])
    assert result.exit_code == 0
    assert "train" in result.output
    assert "publish" in result.output


@pytest.mark.parametrize("command", ["train", "publish"])
def test_commands_explain_themselves(command: str) -> None:
    result = invoke(command, "--help")
    assert result.exit_code == 0
    assert "recipe" in result.output.lower()


def test_what_is_not_installed_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "torch" else object())
    result = invoke("train", written(tmp_path), "--data", tmp_path)
    assert result.exit_code == 2
    assert (
        'torch not installed: export needs PyTorch and ONNX; install them with: pip install "hemocam[export]"' in result.output
    )


@needs_export
@pytest.mark.parametrize("command", ["train", "publish"])
def test_a_bad_recipe_is_a_clear_error(tmp_path: Path, command: str) -> None:
    path = written(tmp_path, steps=0)
    if command == "publish":
        path.rename(tmp_path / "recipe.yaml")
    result = invoke(command, path if command == "train" else tmp_path, "--data", tmp_path)
    assert result.exit_code == 2
    assert f"{'tiny' if command == 'train' else 'recipe'}.yaml: steps: " in result.output
    assert "Traceback" not in result.output


@needs_export
def test_a_missing_corpus_is_a_clear_error(tmp_path: Path) -> None:
    path = written(tmp_path, shares={"chula": 1.0})
    result = invoke("train", path, "--data", tmp_path / "none", "--run", tmp_path / "runs" / "tiny")
    assert result.exit_code == 2
    assert "cells.csv" in result.output


@needs_export
def test_weights_to_go_on_from_that_are_not_there_are_a_clear_error(tmp_path: Path) -> None:
    result = invoke("train", written(tmp_path, init_from=str(tmp_path / "none.pt")), "--data", tmp_path)
    assert result.exit_code == 2
    assert "none.pt" in result.output


@needs_export
def test_publishing_without_weights_is_a_clear_error(tmp_path: Path) -> None:
    written(tmp_path).rename(tmp_path / "recipe.yaml")
    result = invoke("publish", tmp_path, "--data", tmp_path, "--models", tmp_path / "m")
    assert result.exit_code == 2
    assert "weights.pt" in result.output
    assert not (tmp_path / "m").exists()


@needs_export
def test_training_prints_where_the_weights_are(tmp_path: Path) -> None:
    run = tmp_path / "runs" / "tiny"
    result = invoke("train", written(tmp_path, steps=1), "--data", tmp_path, "--run", run)
    assert result.exit_code == 0, result.output
    assert "weights.pt" in result.output
    assert (run / "weights.pt").is_file()
