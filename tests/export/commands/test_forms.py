# ruff: noqa: E402  # what is imported further down needs packages that may not be installed
"""`hemocam export half` and `hemocam export int8`, as they are typed."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import typer
from typer.testing import CliRunner, Result

for name in ("torch", "onnx", "sympy"):
    pytest.importorskip(name, reason=f"conversion needs {name}: pip install hemocam[export]")

from engines.manifest import load_any_manifest
from export.commands.half import half
from export.commands.int8 import int8
from export.commands.run import run
from export.to_onnx import to_onnx
from tests.engines.onnx_models import model_in
from tests.export.networks import UNIT_PX, network
from tests.export.test_forms import CHANNELS, DULL

app = typer.Typer()
for command in (half, int8, run):
    app.command()(command)


def invoke(*words: object) -> Result:
    return CliRunner(env={"COLUMNS": "400", "TERM": "dumb", "NO_COLOR": "1"}).invoke(app, [str(word) for word in words])


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return model_in(tmp_path / "tiny", to_onnx(network(), UNIT_PX), channels=CHANNELS, decoding={"rbc": DULL})


@pytest.fixture
def frames(tmp_path: Path) -> Path:
    folder = tmp_path / "frames"
    folder.mkdir()
    for index in range(4):
        pixels = np.random.default_rng(index).integers(0, 256, (64, 64, 3), dtype=np.uint8)
        cv2.imwrite(str(folder / f"{index}.png"), pixels)
    return folder


def test_half_adds_a_file_and_tells_what_was_measured(model: Path, frames: Path) -> None:
    result = invoke("half", model, "--frames", frames, "--cell-diameter-px", 20)
    assert result.exit_code == 0, result.output
    assert "model-fp16.onnx: 0.0" in result.output
    assert "FP16 against FP32 on 4 frames of " in result.output
    assert "% equal labels, counts identical over " in result.output
    again = invoke("half", model, "--frames", frames, "--cell-diameter-px", 20)
    assert again.exit_code == 2
    assert "say --replace" in again.output


@pytest.mark.parametrize(
    ("target", "precision", "told"), [("cpu", "int8", "times as fast"), ("tensorrt", "int8-symmetric", "bench")]
)
def test_int8_adds_the_form_that_was_asked_for(model: Path, frames: Path, target: str, precision: str, told: str) -> None:
    result = invoke("int8", model, "--for", target, "--frames", frames, "--cell-diameter-px", 20)
    assert result.exit_code == 0, result.output
    assert told in result.output
    assert load_any_manifest(model).files[-1].precision == precision


@pytest.mark.parametrize("command", ["half", "int8"])
@pytest.mark.parametrize("broken", ["no folder", "no manifest", "damaged model", "no picture", "bad picture"])
def test_a_bad_file_is_one_clear_error_and_nothing_is_written(model: Path, frames: Path, command: str, broken: str) -> None:
    words = {"no folder": str(model / "nowhere"), "no manifest": "manifest.yaml", "damaged model": "model.onnx",
             "no picture": "holds no picture", "bad picture": "1.png is no picture"}  # fmt: skip
    if broken == "no manifest":
        (model / "manifest.yaml").unlink()
    if broken == "damaged model":
        (model / "model.onnx").write_bytes(b"cut")
    if broken == "no picture":
        for path in frames.iterdir():
            path.unlink()
    if broken == "bad picture":
        (frames / "1.png").write_bytes(b"\x89PNG cut")
    before = sorted(path.name for path in model.iterdir())
    target = model / "nowhere" if broken == "no folder" else model
    result = invoke(command, target, "--frames", frames, "--cell-diameter-px", 20)
    assert result.exit_code == 2
    assert words[broken] in result.output
    assert "Traceback" not in result.output
    assert sorted(path.name for path in model.iterdir()) == before


def test_run_on_a_bad_source_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(b"no model")
    result = invoke("run", tmp_path / "net.onnx", "--out", tmp_path / "out", "--channels", "rbc", "--cell-diameter-px", 20)
    assert result.exit_code == 2
    assert "net.onnx: " in result.output
    assert [path.name for path in tmp_path.iterdir()] == ["net.onnx"]


def test_run_asks_for_what_it_must_know(tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(b"no model")
    result = invoke("run", tmp_path / "net.onnx", "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "channels of a network for fields or the classes" in result.output
