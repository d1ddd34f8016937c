# ruff: noqa: E402  # what is imported further down needs a package that may not be installed
from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="bringing needs PyTorch: pip install hemocam[export]")
onnx = pytest.importorskip("onnx", reason="bringing needs ONNX: pip install hemocam[export]")
typer_testing = pytest.importorskip("typer.testing")

from onnx import TensorProto, helper

from export.bringing import BringingSpec, ConversionError, bring
from export.commands.onnx import onnx_
from tests.export.bringing.networks import Blocks, Scripted, trained
from tests.export.bringing.sources import FIELD, program_file, scripted_file, to_onnx_file


def state(folder: Path) -> Path:
    torch.save(trained(Blocks()).state_dict(), folder / "net.pt")
    return folder / "net.pt"


def keras_file(suffix: str) -> Callable[[Path], Path]:
    def save(folder: Path) -> Path:
        pytest.importorskip("h5py", reason="Keras models need Keras: pip install hemocam[keras]")
        pytest.importorskip("keras", reason="Keras models need Keras: pip install hemocam[keras]")
        from tests.export.bringing import keras_networks

        keras_networks.segnet(False).save(folder / f"net{suffix}")
        return folder / f"net{suffix}"

    return save


GOOD: dict[str, Callable[[Path], Path]] = {
    "state": state,
    "script": lambda folder: scripted_file(trained(Scripted()), folder / "net.pt"),
    "program": lambda folder: program_file(trained(Blocks()), folder / "net.pt2", 2),
    "onnx": lambda folder: to_onnx_file(trained(Blocks()), folder / "net.onnx"),
    "keras": keras_file(".keras"),
    "h5": keras_file(".h5"),
}
SPEC = BringingSpec(channels=("rbc", "rbc_outline"), cell_diameter_px=30.0, architecture="unet")


@pytest.mark.parametrize("damage", ["cut", "garbled", "empty", "missing", "text"])
@pytest.mark.parametrize("kind", GOOD)
def test_a_bad_file_of_each_kind_gives_one_error_and_leaves_nothing(kind: str, damage: str, tmp_path: Path) -> None:
    path = GOOD[kind](tmp_path)
    content = path.read_bytes()
    middle = len(content) // 2
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(
            {"cut": content[:middle], "garbled": content[:8] + bytes(255 - one for one in content[8:]), "empty": b"",
             "text": b"<html>404 not found</html>"}[damage]
        )  # fmt: skip
    app = typer_testing.CliRunner()
    import typer

    command = typer.Typer()
    command.command()(onnx_)
    out = tmp_path / "models" / "mine"
    result = app.invoke(
        command,
        [str(path), "--out", str(out), "--channels", "rbc,rbc_outline", "--cell-diameter-px", "30", "--architecture", "unet"],
    )
    assert result.exit_code == 2, result.output
    said = " ".join(result.output.replace("│", " ").split())
    assert path.name in said.replace(" ", "") or path.name in said
    assert "Traceback" not in said
    assert not out.exists()
    assert not out.parent.exists() or not any(out.parent.iterdir())


def test_a_pickled_module_is_not_opened(tmp_path: Path) -> None:
    ran = tmp_path / "ran"

    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return Path.touch, (ran,)  # type: ignore[return-value]

    torch.save({"state_dict": Evil()}, tmp_path / "evil.pt")
    with pytest.raises(ConversionError, match=r"evil\.pt: it holds more than weights.*state_dict\(\)"):
        bring(tmp_path / "evil.pt", SPEC)
    torch.save(trained(Blocks()), tmp_path / "whole.pt")
    with pytest.raises(ConversionError, match="Blocks"):
        bring(tmp_path / "whole.pt", SPEC)
    assert not ran.exists()


def test_a_program_with_pickles_is_not_opened(tmp_path: Path) -> None:
    path = program_file(trained(Blocks()), tmp_path / "net.pt2", 2)
    changed = tmp_path / "pickled.pt2"
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(changed, "w") as target:
        for name in source.namelist():
            target.writestr(name, source.read(name).replace(b'"use_pickle": false', b'"use_pickle": true'))
    with pytest.raises(ConversionError, match="would run a pickle"):
        bring(changed, FIELD)


def test_what_is_said_of_weights(tmp_path: Path) -> None:
    path = state(tmp_path)
    with pytest.raises(ConversionError, match="say whose with --architecture"):
        bring(path, FIELD)
    with pytest.raises(ConversionError, match="not unet's"):
        bring(path, SPEC)
    with pytest.raises(ConversionError, match="a network for segmentation; name its outputs with --channels"):
        bring(path, BringingSpec(classes=("a", "b"), architecture="unet", side_px=80))
    with pytest.raises(ConversionError, match="no network 'resnet'"):
        bring(path, BringingSpec(channels=("rbc",), cell_diameter_px=30.0, architecture="resnet"))


def graph(
    *nodes: onnx.NodeProto,
    shape: tuple[object, ...] = ("b", 3, "h", "w"),
    inputs: int = 1,
    domain: str = "",
    kind: int = TensorProto.FLOAT,
) -> onnx.ModelProto:
    given = [helper.make_tensor_value_info(f"x{at or ''}", kind, list(shape)) for at in range(inputs)]
    made = helper.make_graph(
        list(nodes), "g", given, [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", "c", "h2", "w2"])]
    )
    domains = [helper.make_opsetid("", 17)] + ([helper.make_opsetid(domain, 1)] if domain else [])
    return helper.make_model(made, opset_imports=domains, ir_version=8)


RELU = helper.make_node("Relu", ["x"], ["y"], name="the_relu")


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (graph(helper.make_node("Swish2", ["x"], ["y"], name="mine", domain="lab"), domain="lab"), r"node mine is lab\.Swish2"),
        (graph(helper.make_node("Add", ["x", "x1"], ["y"]), inputs=2), r"2 inputs \(x, x1\)"),
        (graph(RELU, shape=("b", 3)), "has 2 dimensions"),
        (graph(RELU, shape=("b", 4, "h", 5)), "no axis has 3 channels"),
        (graph(RELU, shape=("b", 3, "h", 3)), "--layout nchw or --layout nhwc"),
        (graph(RELU, kind=TensorProto.FLOAT16), "export half"),
        (graph(RELU, shape=(4, 3, "h", "w")), "4 images at a time"),
        (graph(RELU, shape=("b", 3, 32, 64)), "cuts squares"),
        (
            graph(
                helper.make_node("MaxPool", ["x"], ["p", "i"], name="pool", kernel_shape=[2, 2], strides=[2, 2]),
                helper.make_node("Cast", ["i"], ["y"], to=TensorProto.FLOAT),
            ),
            r"node pool \(MaxPool\) gives indices",
        ),
        (
            graph(
                helper.make_node("MaxPool", ["x"], ["p", "i"], name="pool", kernel_shape=[3, 3], strides=[2, 2]),
                helper.make_node("MaxUnpool", ["p", "i"], ["y"], kernel_shape=[3, 3], strides=[2, 2]),
            ),
            r"node pool \(MaxPool\) cannot be rewritten.*overlap",
        ),
    ],
)  # fmt: skip
def test_a_graph_that_cannot_be_is_refused_by_name(model: onnx.ModelProto, message: str, tmp_path: Path) -> None:
    onnx.save(model, tmp_path / "net.onnx")
    with pytest.raises(ConversionError, match=rf"net\.onnx: .*{message}"):
        bring(tmp_path / "net.onnx", FIELD)


def test_a_folder_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match="SavedModel"):
        bring(tmp_path, FIELD)
