"""`hemocam export engine`, built by the real TensorRT for RTX."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

pytest.importorskip("tensorrt_rtx", reason="builds the engines")
pytest.importorskip("onnx", reason="the graphs are made on the spot")

from engines.tensorrt import binding
from export.commands.engine import engine
from tests.engines.onnx_models import model_bytes, model_in

app = typer.Typer()
app.command()(engine)


def run(*arguments: object) -> tuple[int, str]:
    found = CliRunner().invoke(app, [str(each) for each in arguments], env={"COLUMNS": "400", "NO_COLOR": "1", "TERM": "dumb"})
    if found.exception is not None and not isinstance(found.exception, SystemExit):
        raise found.exception
    return found.exit_code, re.sub(r"\s+", " ", re.sub(r"[│╭╮╰╯─]", " ", found.output))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_an_onnx_file_becomes_a_plan(here: Path) -> None:
    (here / "tiny.onnx").write_bytes(model_bytes())
    code, said = run(
        "tiny.onnx", "--out", "tiny.plan", "--precision", "fp32", "--min", "1x64x64", "--opt", "1x64x96", "--max", "2x96x96"
    )
    assert code == 0, said
    assert "tiny.plan" in said and "strongly typed" in said and "layers" in said
    assert "TensorRT-RTX 1." in said and "for 1x64x64..1x64x96..2x96x96" in said
    assert (here / "tiny.plan").stat().st_size > 1000
    assert sorted(path.name for path in here.iterdir()) == ["tiny.onnx", "tiny.plan"]


def test_a_folder_gives_the_file_of_the_precision_and_its_usual_sizes(here: Path) -> None:
    model_in(here / "model", model_bytes())
    code, said = run("model", "--precision", "fp32")
    assert code == 0, said
    assert "tiny-fp32.plan" in said and "for 1x64x64..1x480x640..1x1536x2048" in said


def test_a_model_that_ships_is_found_by_its_name(here: Path) -> None:
    code, said = run("field", "--precision", "fp32", "--max", "1x512x640")
    assert code == 0, said
    assert (here / "field-fp32.plan").stat().st_size > 1_000_000


def test_an_fp16_file_gives_a_smaller_plan(here: Path) -> None:
    from engines.model_names import model_folder
    from export.to_half import to_half

    fp32 = (model_folder("field") / "model-fp32.onnx").read_bytes()
    (here / "field.onnx").write_bytes(fp32)
    (here / "field-half.onnx").write_bytes(to_half(fp32))
    assert run("field.onnx", "--precision", "fp32")[0] == run("field-half.onnx")[0] == 0
    assert (here / "field-half-fp16.plan").stat().st_size < 0.7 * (here / "field-fp32.plan").stat().st_size


def test_a_folder_without_the_file_says_how_to_make_it(here: Path) -> None:
    model_in(here / "model", model_bytes())
    for precision, cure in (("fp16", "hemocam export half model"), ("int8", "hemocam export int8 --for tensorrt model")):
        code, said = run("model", "--precision", precision)
        assert code == 2 and cure in said
    assert [path.name for path in here.iterdir()] == ["model"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["tiny.onnx"], "hemocam export half"),
        (["tiny.onnx", "--precision", "fp32", "--min", "480x640"], "write batch x height x width"),
        (["tiny.onnx", "--precision", "fp32", "--min", "4x480x640"], "batch must be 1 <= min <= opt <= max"),
        (["tiny.onnx", "--precision", "fp32", "--timing-cache", "t"], "does not offer a timing cache"),
        (["tiny.onnx", "--precision", "fp32", "--out", "none/x.plan"], "is no folder to write in"),
        (["tiny.onnx", "--precision", "fp32", "--out", "tiny.onnx"], "is the model itself"),
        (["tiny.onnx", "--precision", "fp32", "--out", "."], "is a folder"),
        (["tiny.onnx", "--precision", "fp32", "--workspace-gib", "0"], "workspace-gib"),
        (["tiny.onnx", "--package", "tensorflow"], "no TensorRT package"),
        (["bad.onnx", "--precision", "fp32"], "Failed to parse the ONNX model"),
        (["nothing"], "there is no model 'nothing'"),
    ],
)
def test_what_does_not_fit_is_one_error_and_leaves_no_file(here: Path, arguments: list[str], expected: str) -> None:
    (here / "tiny.onnx").write_bytes(model_bytes())
    (here / "bad.onnx").write_bytes(b"no onnx")
    code, said = run(*arguments)
    assert code == 2 and expected in said, said
    assert sorted(path.name for path in here.iterdir()) == ["bad.onnx", "tiny.onnx"]


def test_an_old_plan_outlives_a_failed_build(here: Path) -> None:
    (here / "bad.onnx").write_bytes(b"no onnx")
    (here / "x.plan").write_bytes(b"old")
    assert run("bad.onnx", "--precision", "fp32", "--out", "x.plan")[0] == 2
    assert (here / "x.plan").read_bytes() == b"old"


def test_without_tensorrt_it_says_how_to_install_it(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "tiny.onnx").write_bytes(model_bytes())

    def missing(package: str) -> None:
        raise ImportError(f"No module named {package!r}")

    monkeypatch.setattr(binding, "_imported", missing)
    code, said = run("tiny.onnx")
    assert code == 2 and "hemocam[rtx]" in said and "libnvinfer" in said
