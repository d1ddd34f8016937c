from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from edge.commands.config import app
from edge.config import ConfigError
from edge.config.example import example

run = CliRunner().invoke


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "c.yaml"
    path.write_text("camera: {kind: video, address: 'rtsp://me:secret@host/1'}")
    return path


def test_show(config: Path) -> None:
    result = run(app, ["show", "-c", str(config)], env={"HEMOCAM__STORE__FOLDER": "/record"})
    assert result.exit_code == 0
    lines = {line.split("#")[0].strip(): line.partition("#")[2].strip() for line in result.stdout.splitlines()}
    assert lines["folder: /record"] == "HEMOCAM__STORE__FOLDER"
    assert lines["kind: video"] == "line 1"
    assert lines["resume: true"] == "default"
    assert "secret" not in result.stdout


def test_check(config: Path) -> None:
    result = run(app, ["check", "-c", str(config)], env={"HEMOCAM__STORE__FOLDER": "/record"})
    assert result.exit_code == 0
    assert result.stdout.replace("\n", " ").strip() == (
        f"{config} is valid: 3 values are given, of which HEMOCAM__STORE__FOLDER in place of the file, the others are defaults"
    )
    config.write_text("camera: {}")
    result = run(app, ["check", "-c", str(config)])
    assert isinstance(result.exception, ConfigError)  # `hemocam` prints it and exits with 2


def test_example(tmp_path: Path) -> None:
    assert run(app, ["example"]).stdout == example()
    out = tmp_path / "new.yaml"
    assert run(app, ["example", "--out", str(out)]).exit_code == 0
    assert out.read_text() == example()
    out.write_text("mine")
    result = run(app, ["example", "--out", str(out)])
    assert isinstance(result.exception, ConfigError)
    assert "not there yet" in str(result.exception)
    assert out.read_text() == "mine"
