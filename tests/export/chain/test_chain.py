# ruff: noqa: E402  # what is imported further down needs a package that may not be installed
"""From a checkpoint to an engine, in one go."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="the chain needs PyTorch: pip install hemocam[export]")
onnx = pytest.importorskip("onnx", reason="the chain needs ONNX: pip install hemocam[export]")
pytest.importorskip("tensorrt_rtx", reason="building needs TensorRT-RTX: pip install hemocam[rtx]")

from engines.contract import RuntimeMissing
from engines.manifest import Manifest, checked_bytes, load_any_manifest
from export.chain import steps
from export.chain.chain import Request, run_chain
from export.chain.given import Said, given, weights_of
from export.chain.report import ChainReport
from export.conversion_error import ConversionError
from export.forms import Pictures
from export.parity import ParityError
from tests.export.chain.trained import run_folder

TRAINED = {"unet": (4, 100), "segnet": (4, 100), "field": (8, 100)}
"""Width and steps by network."""


def names(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir())


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("runs")
    return {name: run_folder(folder / name, name, width, steps) for name, (width, steps) in TRAINED.items()}


def gone_through(run: Path, out: Path) -> ChainReport:
    source = weights_of(run)
    spec, manifest = given(source, Said())
    return run_chain(Request(source, spec, manifest, out, Pictures(most=2)), lambda what, done, steps: None)


@pytest.mark.parametrize("name", list(TRAINED))
def test_every_form_says_what_the_checkpoint_says(runs: dict[str, Path], tmp_path: Path, name: str) -> None:
    out = tmp_path / "models" / name
    report = gone_through(runs[name], out)
    source, fp32, fp16, engine = report.steps
    assert source.name.startswith("PyTorch")
    assert (fp32.against, fp16.against) == (source.name, "ONNX FP32")
    for step in (fp32, fp16):
        assert step.parity is not None
        assert step.parity.equal_labels >= 99.95
        assert step.parity.counts_equal
        assert sum(sum(counts.values()) for counts in step.parity.reference_counts) > 5, "there was something to count"
    assert fp16.parity is not None
    assert fp16.parity.logits > 0, "it was really computed in FP16"
    assert "built, not run here: " in engine.note
    assert engine.parity is None
    manifest = load_any_manifest(out)
    assert [file.precision for file in manifest.files] == ["fp32", "fp16"]
    assert isinstance(manifest, Manifest)
    assert (manifest.recipe, manifest.seed, manifest.licence) == ("recipe.yaml", 3, "MIT")
    for file in manifest.files:
        assert len(checked_bytes(out, file)) == (fp32 if file.precision == "fp32" else fp16).file_bytes
    assert (out / "model-fp16.tensorrt_rtx.plan").stat().st_size == engine.file_bytes
    assert names(out.parent) == [name]
    told = json.loads((out / "report.json").read_text())
    assert told["steps"][2]["parity"]["equal_labels_percent"] >= 99.95
    page = (out / "report.md").read_text()
    assert all(step.name in page for step in report.steps)


def test_a_form_that_says_otherwise_ends_it_and_nothing_is_written(
    runs: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = steps.to_half

    def damaged(fp32: bytes) -> bytes:
        model = onnx.load_model_from_string(real(fp32))
        for weight in model.graph.initializer:
            if weight.data_type == onnx.TensorProto.FLOAT16 and len(weight.dims) == 4:
                weight.raw_data = bytes(len(weight.raw_data))
        return bytes(model.SerializeToString())

    monkeypatch.setattr(steps, "to_half", damaged)
    with pytest.raises(ParityError, match=r"FP16 ONNX file of tiny-unet .*% equal labels"):
        gone_through(runs["unet"], tmp_path / "models" / "unet")
    assert names(tmp_path / "models") == []


def test_without_tensorrt_the_report_says_that_nothing_was_built(
    runs: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> None:
        raise RuntimeMissing("TensorRT is not installed; install it")

    monkeypatch.setattr(steps, "find_tensorrt", missing)
    report = gone_through(runs["unet"], tmp_path / "unet")
    assert report.steps[-1].note == "not built: TensorRT is not installed; install it"
    assert not list((tmp_path / "unet").glob("*.plan"))


@pytest.mark.parametrize("content", [None, b"", b"no weights", b"PK\x03\x04 cut"], ids=["missing", "empty", "text", "cut"])
def test_a_bad_checkpoint_is_one_error_that_names_it(tmp_path: Path, content: bytes | None) -> None:
    source = tmp_path / "weights.pt"
    if content is not None:
        source.write_bytes(content)
    spec, manifest = given(source, Said("unet", ("rbc",), width=4, cell_diameter_px=20.0))
    with pytest.raises(ConversionError, match=r"weights\.pt"):
        run_chain(Request(source, spec, manifest, tmp_path / "out"), lambda what, done, steps: None)
    assert names(tmp_path) == ([] if content is None else ["weights.pt"])
