# ruff: noqa: E402  # what is imported further down needs a package that may not be installed
from __future__ import annotations

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

torch = pytest.importorskip("torch", reason="bringing needs PyTorch: pip install hemocam[export]")
pytest.importorskip("onnx", reason="bringing needs ONNX: pip install hemocam[export]")

from engines.manifest import ClassifierManifest, Manifest, load_any_manifest
from export.commands.onnx import onnx_
from export.zoo import architecture
from tests.export.bringing.networks import Blocks, trained
from tests.export.bringing.sources import to_onnx_file


def run(*words: str | Path) -> Result:
    app = typer.Typer()
    app.command()(onnx_)
    return CliRunner().invoke(app, [str(one) for one in words])


def test_a_foreign_file_becomes_a_model(tmp_path: Path) -> None:
    path = to_onnx_file(trained(Blocks()), tmp_path / "net.onnx", opset=13)
    result = run(path, "--out", tmp_path / "mine", "--channels", "rbc, rbc_outline", "--cell-diameter-px", "30", "--bgr")
    assert result.exit_code == 0, result.output
    assert "opset 13 was rewritten as 17" in result.output
    manifest = load_any_manifest(tmp_path / "mine")
    assert isinstance(manifest, Manifest)
    assert (manifest.name, manifest.preparation.most_gain) == ("mine", 1.0)


def test_weights_of_the_zoo_become_a_model(tmp_path: Path) -> None:
    torch.save(architecture("compact").build(3, 32).state_dict(), tmp_path / "weights.pt")
    result = run(
        tmp_path / "weights.pt",
        "--out",
        tmp_path / "crops",
        "--classes",
        "a,b,c",
        "--architecture",
        "compact",
        "--side-px",
        "32",
    )
    assert result.exit_code == 0, result.output
    manifest = load_any_manifest(tmp_path / "crops")
    assert isinstance(manifest, ClassifierManifest)
    assert (manifest.classes, manifest.side_px) == (("a", "b", "c"), 32)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "either the channels"),
        (("--channels", "rbc", "--classes", "a,b"), "either the channels"),
        (("--channels", "rbc"), "--cell-diameter-px"),
        (("--classes", "a,b", "--normalisation", "odd"), "no normalisation"),
        (("--classes", "a,b", "--layout", "hwc"), "nchw or nhwc"),
        (("--classes", "a,b", "--normalisation", "grey", "--bgr"), "leave --bgr out"),
        (("--classes", "a,b", "--manifest", "nowhere.yaml"), "nowhere.yaml"),
    ],
)
def test_what_was_not_said_right(words: tuple[str, ...], message: str, tmp_path: Path) -> None:
    result = run(tmp_path / "net.onnx", "--out", tmp_path / "mine", *words)
    assert result.exit_code == 2
    assert message in " ".join(result.output.replace("│", " ").split())
    assert not (tmp_path / "mine").exists()
