# ruff: noqa: E402  # what is imported further down needs a package that may not be installed
from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="bringing needs PyTorch: pip install hemocam[export]")
onnx = pytest.importorskip("onnx", reason="bringing needs ONNX: pip install hemocam[export]")

from engines.onnxrt import OnnxRuntime
from export.bringing import BringingSpec, Brought, ConversionError, bring, converting
from export.bringing.rewrites.opset import opset_of
from export.normalisation import NORMALISATIONS
from export.zoo import architecture
from tests.export.bringing.networks import Blocks, Classifier, Scripted, trained
from tests.export.bringing.sources import FIELD, SAVED, NotChannelsFirst, program_file, segnets, to_onnx_file, traced_file

PIXELS = np.random.default_rng(5).integers(0, 256, (2, 64, 96, 3), dtype=np.uint8)


def logits(brought: Brought, pixels: np.ndarray = PIXELS) -> np.ndarray:
    with OnnxRuntime(brought.onnx, "brought", 1) as engine:
        assert (engine.input.name, engine.input.dtype, engine.output.name) == ("pixels", "uint8", "logits")
        return np.asarray(engine.run(pixels))


def said(network: torch.nn.Module, pixels: np.ndarray = PIXELS, normalisation: str = "unit") -> np.ndarray:
    """The probabilities of the lab's own network."""
    floats = torch.from_numpy(NORMALISATIONS[normalisation].apply(pixels)).permute(0, 3, 1, 2)
    with torch.no_grad():
        return np.asarray(network(floats))


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


NETWORKS = {"script": "scripted", "onnx-opset-9": "scripted", "program-segnet": "segnet", "onnx-segnet": "segnet",
            "onnx-dynamo-segnet": "segnet"}  # fmt: skip


@pytest.mark.parametrize("kind", SAVED)
def test_each_kind_says_what_the_network_says(kind: str, tmp_path: Path) -> None:
    brought = bring(SAVED[kind](tmp_path), FIELD)
    network = {"scripted": lambda: trained(Scripted()), "segnet": lambda: segnets()[1]}.get(
        NETWORKS.get(kind, ""), lambda: trained(Blocks())
    )()
    expected = said(network)
    assert expected.std() > 0.01
    assert np.abs(sigmoid(logits(brought)) - expected).max() <= 1e-4
    assert brought.sides.side_px is None
    assert brought.sides.multiple_px == (4 if "segnet" in kind else 2)
    model = onnx.load_from_string(brought.onnx)
    onnx.checker.check_model(model, full_check=True)
    assert opset_of(model) == 17
    assert model.graph.node[0].op_type == "Cast"
    assert not {"MaxUnpool", "ScatterND", "Sigmoid"} & {node.op_type for node in model.graph.node}
    facts = {one.key: one.value for one in model.metadata_props}
    assert facts["hemocam.channels"] == "rbc,rbc_outline"
    assert facts["hemocam.source_sha256"] == brought.source_sha256 != ""
    assert facts["hemocam.cell_diameter_px"] == "30"


def test_weights_with_the_name_of_their_architecture(tmp_path: Path) -> None:
    network = architecture("unet").build(2, width=4)
    network = trained(network)
    wrapped = {"epoch": 3, "state_dict": {f"module.{key}": value for key, value in network.state_dict().items()}}
    torch.save(wrapped, tmp_path / "checkpoint.ckpt")
    brought = bring(tmp_path / "checkpoint.ckpt", replace(FIELD, architecture="unet", width=4))
    assert np.abs(logits(brought) - said(network)).max() <= 1e-4 * max(1.0, np.abs(said(network)).max())
    assert brought.sides.multiple_px == 16
    assert brought.parameters == sum(one.numel() for one in network.parameters())


def test_an_unpadded_network_is_tiled(tmp_path: Path) -> None:
    kind = architecture("do-unet")
    network = trained(kind.build(2, width=2), side=kind.fitting_px(92))
    torch.save(network.state_dict(), tmp_path / "weights.pt")
    brought = bring(tmp_path / "weights.pt", replace(FIELD, architecture="do-unet", width=2, side_px=108))
    assert (brought.sides.side_px, brought.sides.context_px, brought.sides.unpadded) == (108, 44, True)
    assert logits(brought, PIXELS[:, :1, :1].repeat(108, 1).repeat(108, 2)).shape == (2, 2, 20, 20)


@pytest.mark.parametrize("layout", ["nchw", "nhwc"])
def test_a_fixed_size_and_batch_become_a_tile_and_any_batch(layout: str, tmp_path: Path) -> None:
    network = trained(Blocks())
    inner = network if layout == "nchw" else NotChannelsFirst(network)
    shape = (1, 3, 64, 64) if layout == "nchw" else (1, 64, 64, 3)
    brought = bring(to_onnx_file(inner, tmp_path / "net.onnx", shape, free=False), FIELD)
    assert (brought.sides.side_px, brought.sides.context_px, brought.sides.unpadded) == (64, 8, False)
    assert any("batch" in one for one in brought.notices)
    pixels = PIXELS[:, :, :64]
    assert np.abs(sigmoid(logits(brought, pixels)) - said(network, pixels)).max() <= 1e-4


def test_one_network_in_several_heads(tmp_path: Path) -> None:
    network = trained(Blocks(channels=1, heads=2))
    brought = bring(traced_file(network, tmp_path / "net.pt"), FIELD)
    with torch.no_grad():
        mask, edge = network(torch.from_numpy(NORMALISATIONS["unit"].apply(PIXELS)).permute(0, 3, 1, 2))
    assert np.abs(sigmoid(logits(brought)) - np.concatenate([mask, edge], axis=1)).max() <= 1e-4
    only = bring(tmp_path / "net.pt", BringingSpec(channels=("rbc",), cell_diameter_px=30.0, outputs=("output1",)))
    assert np.abs(sigmoid(logits(only)) - edge.numpy()).max() <= 1e-4


@pytest.mark.parametrize("normalisation", NORMALISATIONS)
def test_the_preparation_is_in_the_graph(normalisation: str, tmp_path: Path) -> None:
    inside = 1 if normalisation == "grey" else 3
    network = trained(Blocks(inside=inside), inside=inside)
    path = to_onnx_file(network, tmp_path / "net.onnx", (2, inside, 32, 32))
    brought = bring(path, replace(FIELD, normalisation=NORMALISATIONS[normalisation]))
    assert np.abs(sigmoid(logits(brought)) - said(network, PIXELS, normalisation)).max() <= 1e-3


@pytest.mark.parametrize("softmax", [True, False])
def test_a_classifier(softmax: bool, tmp_path: Path) -> None:
    network = trained(Classifier(softmax=softmax))
    spec = BringingSpec(classes=("round", "sickle", "target"), side_px=48)
    brought = bring(traced_file(network, tmp_path / "net.pt"), spec)
    assert (brought.sides.side_px, brought.labels) == (48, ("round", "sickle", "target"))
    pixels = PIXELS[:, :48, :48]
    found, expected = logits(brought, pixels), said(network, pixels)
    if softmax:
        found = np.exp(found) / np.exp(found).sum(axis=1, keepdims=True)
    assert np.abs(found - expected).max() <= 1e-5


def test_sizes_that_tracing_wrote_into_the_graph(tmp_path: Path) -> None:
    class Traced(Blocks):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            found = super().forward(x)
            return torch.nn.functional.interpolate(found, size=[int(x.shape[2]), int(x.shape[3])])

    path = traced_file(trained(Traced()), tmp_path / "net.pt")
    with pytest.raises(ConversionError, match=r"net\.pt: .*(--side-px|no map)"):
        bring(path, FIELD)
    brought = bring(path, replace(FIELD, side_px=32, context_px=4))
    assert (brought.sides.side_px, brought.sides.context_px) == (32, 4)


def test_a_program_of_one_size(tmp_path: Path) -> None:
    brought = bring(program_file(trained(Blocks()), tmp_path / "net.pt2", 0), FIELD)
    assert brought.sides.side_px == 32
    assert np.abs(sigmoid(logits(brought, PIXELS[:, :32, :32])) - said(trained(Blocks()), PIXELS[:, :32, :32])).max() <= 1e-4


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (replace(FIELD, channels=("rbc",)), "have y 2 channels, 1 are named"),
        (replace(FIELD, outputs=("mask",)), "no output mask; it has y"),
        (BringingSpec(classes=("a", "b"), side_px=32), "take the output after pooling"),
        (replace(FIELD, normalisation=NORMALISATIONS["grey"]), "no axis has 1 channel"),
    ],
)
def test_what_was_said_must_fit_the_file(spec: BringingSpec, message: str, tmp_path: Path) -> None:
    path = to_onnx_file(trained(Blocks()), tmp_path / "net.onnx")
    with pytest.raises(ConversionError, match=message):
        bring(path, spec)


def test_a_wrong_conversion_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = converting.joined

    def shifted(model: onnx.ModelProto, *rest: object) -> None:
        before(model, *rest)
        weights = next(one for one in model.graph.initializer if len(one.dims) == 4)
        values = onnx.numpy_helper.to_array(weights) * 1.1
        weights.CopyFrom(onnx.numpy_helper.from_array(values.astype(np.float32), weights.name))

    monkeypatch.setattr(converting, "joined", shifted)
    with pytest.raises(ConversionError, match="differs from its source"):
        bring(to_onnx_file(trained(Blocks()), tmp_path / "net.onnx"), FIELD)
