# ruff: noqa: E402  # what is imported further down needs packages that may not be installed
"""Every network of the zoo, by the same questions. None is left out: what is missing fails, unless a whole extra is."""

from __future__ import annotations

import importlib.util
import math
import subprocess
import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the networks need PyTorch: pip install hemocam[export]")
onnx = pytest.importorskip("onnx", reason="the networks are exported with onnx: pip install hemocam[export]")

from engines.tensorrt.building import BuildOptions, Profile, build
from export.zoo import ARCHITECTURES, ZooError, architecture
from tests.export.zoo.examples import CHANNELS, CLASSES, CROP_PX, as_input, built, halved, made, pictures, run, sides

SEGMENTATION = [name for name, kind in ARCHITECTURES.items() if kind.task == "segmentation"]
CLASSIFICATION = [name for name, kind in ARCHITECTURES.items() if kind.task == "classification"]
LARGEST_DIFFERENCE = 1e-4
_FP32, _FP16 = onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16

# Asked without importing: Keras fails to import where no backend was chosen for it, which `importorskip` takes for missing.
_NO_KERAS = pytest.mark.skipif(
    importlib.util.find_spec("keras") is None, reason="the classifiers are Keras's: pip install hemocam[keras]"
)


def _named(names: list[str]) -> list[object]:
    return [pytest.param(name, marks=[_NO_KERAS] if ARCHITECTURES[name].keras else []) for name in names]


# Of the whole module: pytest then runs all tests of a network one after the other, and it is made once.
@pytest.fixture(scope="module", params=_named(list(ARCHITECTURES)))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_the_whole_zoo_is_here() -> None:
    assert {
        "unet", "unet-elsafty", "linknet", "attention-unet", "conditional-gan", "dced-net", "do-unet", "segnet", "field",
    } == set(SEGMENTATION)  # fmt: skip
    assert {
        "mobilenet-v2", "resnet152-v2", "vgg16", "inception-v3", "efficientnet-b0", "mobilenetv3-small", "mobilenetv3-large",
        "resnet50", "resnet50-v2", "densenet121", "xception", "convnext-tiny", "efficientnetv2-b0", "compact",
    } == set(CLASSIFICATION)  # fmt: skip
    assert all(name == kind.name and kind.paper for name, kind in ARCHITECTURES.items())


def test_shapes(name: str) -> None:
    kind, network = made(name).kind, made(name).network
    with torch.inference_mode():
        if kind.task == "classification":
            logits = network(torch.rand(3, 3, CROP_PX, CROP_PX))
            assert logits.shape == (3, CLASSES)
        else:
            height_px, width_px = sides(kind)
            logits = network(torch.rand(2, 3, height_px, width_px))
            assert logits.shape == (2, CHANNELS, kind.output_px(height_px), kind.output_px(width_px))
    assert logits.dtype == torch.float32
    assert torch.isfinite(logits).all()


def test_logits_are_no_probabilities(name: str) -> None:
    """A sigmoid or softmax left at the end would be applied twice on the device."""
    graph = onnx.load_model_from_string(made(name).fp32).graph
    assert [one.name for one in graph.output] == ["logits"]
    last = next(node.op_type for node in graph.node if "logits" in node.output)
    assert last not in {"Sigmoid", "HardSigmoid", "Softmax", "LogSoftmax", "Tanh", "Relu"}


def test_gradients_reach_every_parameter(name: str) -> None:
    kind = ARCHITECTURES[name]
    network = built(kind).train()
    side_px = sides(kind)[1]
    for seed in range(3):  # stochastic depth leaves whole blocks out of one pass or another
        logits = network(as_input(pictures(4, side_px, side_px, seed)))
        (logits * torch.randn_like(logits)).sum().backward()
    parameters = [(which, one) for which, one in network.named_parameters() if one.requires_grad]
    assert parameters
    assert [which for which, one in parameters if one.grad is None or not one.grad.any()] == []


def test_onnx_is_torch(name: str) -> None:
    """Batch and, where the network allows it, size are not those of the example that the graph was traced with."""
    one = made(name)
    height_px, width_px = sides(one.kind)
    pixels = pictures(3, height_px, width_px, seed=7)
    with torch.inference_mode():
        expected = one.network(as_input(pixels)).numpy()
    found = run(one.fp32, pixels)
    assert found.shape == expected.shape
    assert np.abs(expected).max() > 100 * LARGEST_DIFFERENCE  # else anything would be near
    assert np.abs(found - expected).max() <= LARGEST_DIFFERENCE


def test_half_answers_alike(name: str) -> None:
    one = made(name)
    height_px, width_px = sides(one.kind)
    pixels = pictures(2, height_px, width_px, seed=9)
    expected, found = run(one.fp32, pixels), run(halved(name), pixels)
    graph = onnx.load_model_from_string(halved(name)).graph
    sizes = {kind: sum(math.prod(one.dims) for one in graph.initializer if one.data_type == kind) for kind in (_FP32, _FP16)}
    # SegNet's encoder stays FP32: to_half keeps what the places of its maxima are computed from.
    assert sizes[_FP16] > (0.45 if name == "segnet" else 0.99) * sum(sizes.values())
    assert found.dtype == np.float32
    # FP16 has 11 bits, and a random deep network spreads what they lose: 5 % of the logits' own spread are still all theirs.
    assert np.sqrt(np.mean((found - expected) ** 2)) <= 0.05 * expected.std()
    if one.kind.task == "classification":
        assert (found.argmax(axis=1) == expected.argmax(axis=1)).all()
    else:
        assert np.mean((found > 0) == (expected > 0)) >= 0.99


def test_an_fp16_engine_is_built(name: str) -> None:
    pytest.importorskip("tensorrt_rtx", reason="the engines are built by TensorRT-RTX: pip install hemocam[rtx]")
    kind = ARCHITECTURES[name]
    least_px, more_px = sides(kind)
    profile = Profile((1, least_px, least_px), (1, least_px, more_px), (4, more_px, more_px))
    done = build(halved(name), BuildOptions(profile))
    assert len(done.plan) > 10_000
    assert done.typing.value == "strong"


@pytest.mark.parametrize("name", _named(CLASSIFICATION))
def test_classifiers_take_224_px(name: str) -> None:
    network = built(ARCHITECTURES[name], 224).eval()
    with torch.inference_mode():
        assert network(torch.rand(1, 3, 224, 224)).shape == (1, CLASSES)


@pytest.mark.parametrize("name", SEGMENTATION)
def test_a_size_between_is_no_silent_crop(name: str) -> None:
    kind = ARCHITECTURES[name]
    network = built(kind).eval()
    side_px = kind.fitting_px(128)
    for wrong_px in (side_px + 1, side_px + kind.multiple_px // 2):
        with pytest.raises((RuntimeError, ZooError)), torch.inference_mode():
            network(torch.rand(1, 3, wrong_px, side_px))


@pytest.mark.parametrize("name", SEGMENTATION)
def test_channels_and_width(name: str) -> None:
    kind = ARCHITECTURES[name]
    side_px = kind.fitting_px(1)
    counts = []
    for channels, width in ((1, 2), (3, 4)):
        network = kind.build(channels, width=width).eval()
        with torch.inference_mode():
            assert network(torch.rand(1, 3, side_px, side_px)).shape[1] == channels
        counts.append(sum(one.numel() for one in network.parameters()))
    assert counts[1] > 3 * counts[0]  # twice the filters: about four times the weights


def test_an_unknown_name_says_what_there_is() -> None:
    with pytest.raises(ZooError, match=r"no network 'unett'.*segnet.*vgg16"):
        architecture("unett")
    assert architecture("unet").name == "unet"


def test_importing_the_zoo_imports_no_keras() -> None:
    code = "import sys, export.zoo; sys.exit('keras' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_sides_that_fit() -> None:
    unet, do_unet = architecture("unet"), architecture("do-unet")
    assert [unet.fitting_px(one) for one in (1, 16, 17, 480)] == [16, 16, 32, 480]
    assert [do_unet.fitting_px(one) for one in (1, 92, 93, 188, 189)] == [92, 92, 100, 188, 196]
    assert (unet.output_px(480), do_unet.output_px(188)) == (480, 100)
