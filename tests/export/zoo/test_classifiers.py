# ruff: noqa: E402  # what is imported further down needs a package that may not be installed
from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the zoo needs PyTorch: pip install hemocam[export]")
onnx = pytest.importorskip("onnx", reason="conversion needs ONNX: pip install hemocam[export]")
pytest.importorskip("keras", reason="the papers' classifiers need Keras: pip install hemocam[keras]")

from engines.onnxrt import OnnxRuntime
from export.to_onnx import OPSET, onnx_bytes
from export.zoo.architecture import ZooError
from export.zoo.classifiers import CLASSIFIERS
from export.zoo.keras_backend import data_format, keras_on_torch

SIDE = 80
PAPERS = {
    "mobilenet-v2", "resnet152-v2", "vgg16", "inception-v3", "efficientnet-b0", "mobilenetv3-small", "mobilenetv3-large",
    "resnet50", "resnet50-v2", "densenet121", "xception", "convnext-tiny", "efficientnetv2-b0",
}  # fmt: skip


def test_all_of_the_papers_are_there() -> None:
    assert set(CLASSIFIERS) == PAPERS | {"compact"}
    assert {name for name, one in CLASSIFIERS.items() if one.keras} == PAPERS


@pytest.fixture(scope="module", params=sorted(CLASSIFIERS))
def named(request: pytest.FixtureRequest) -> tuple[str, torch.nn.Module]:
    torch.manual_seed(0)
    return request.param, CLASSIFIERS[request.param].build(5, SIDE)


def test_gradients_reach_every_parameter(named: tuple[str, torch.nn.Module]) -> None:
    _, network = named
    network.train()
    logits = network(torch.rand(3, 3, SIDE, SIDE))
    assert logits.shape == (3, 5)
    torch.nn.functional.cross_entropy(logits, torch.tensor([0, 1, 4])).backward()
    learnt = [(name, one) for name, one in network.named_parameters() if one.requires_grad]
    assert len(learnt) > 10
    assert [name for name, one in learnt if one.grad is None] == []


def test_onnx_says_the_same(named: tuple[str, torch.nn.Module]) -> None:
    name, network = named
    content = onnx_bytes(name, network.eval(), list("abcde"), side_px=SIDE)
    model = onnx.load_from_string(content)
    assert model.graph.node[0].op_type == "Cast"
    assert [one.version for one in model.opset_import] == [OPSET]
    assert [node.op_type for node in model.graph.node].count("Cast") <= 2, "casts of float to float would keep FP16 away"
    assert {one.key: one.value for one in model.metadata_props}["hemocam.classes"] == "a,b,c,d,e"
    pixels = np.random.default_rng(0).integers(0, 256, (3, SIDE, SIDE, 3), dtype=np.uint8)
    pixels[1] //= 4
    with OnnxRuntime(content, name, 1) as engine:
        assert engine.input.shape == (None, SIDE, SIDE, 3)
        found = engine.run(pixels)
    with torch.inference_mode():
        expected = network(torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255.0).numpy()
    # Fresh networks give small logits: the difference is measured by how much they differ from picture to picture.
    spread = float(np.ptp(expected, axis=0).max())
    assert spread > 0
    assert np.abs(found - expected).max() <= 1e-3 * spread + 1e-7
    assert np.abs(found - expected).max() <= 1e-4 * max(1.0, np.abs(expected).max())


@pytest.mark.parametrize("name", ["mobilenetv3-small", "densenet121", "vgg16", "compact"])
def test_other_sides_and_numbers_of_classes(name: str) -> None:
    with torch.inference_mode():
        assert CLASSIFIERS[name].build(2, 224).eval()(torch.rand(1, 3, 224, 224)).shape == (1, 2)


@pytest.mark.parametrize(
    ("name", "darkest", "brightest"),
    [("mobilenet-v2", -1.0, 1.0), ("vgg16", -123.68, 151.061), ("densenet121", -2.1179, 2.64), ("efficientnet-b0", 0.0, 255.0)],
)
def test_each_has_its_own_scaling_inside(name: str, darkest: float, brightest: float) -> None:
    """keras.applications' modes `tf`, `caffe`, `torch`, and none at all."""
    network = CLASSIFIERS[name].build(2, SIDE).eval()
    seen: list[torch.Tensor] = []
    network.network.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    picture = torch.zeros(1, 3, SIDE, SIDE)
    picture[..., 40:] = 1.0
    with torch.inference_mode():
        network(picture)
    assert (float(seen[0].min()), float(seen[0].max())) == pytest.approx((darkest, brightest), abs=0.01)


@pytest.mark.parametrize(
    ("name", "classes", "side", "message"),
    [("inception-v3", 3, 74, "75 px or more"), ("xception", 3, 70, "71 px or more"), ("vgg16", 1, 80, "two classes"),
     ("compact", 1, 80, "two classes"), ("compact", 3, 8, "16 px or more")],
)  # fmt: skip
def test_what_cannot_be_is_refused(name: str, classes: int, side: int, message: str) -> None:
    with pytest.raises(ZooError, match=message):
        CLASSIFIERS[name].build(classes, side)


def test_keras_on_something_else_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    keras = keras_on_torch()
    monkeypatch.setattr(keras.config, "backend", lambda: "jax")
    with pytest.raises(ZooError, match="already runs on jax"):
        keras_on_torch()


def test_the_order_of_channels_comes_back() -> None:
    keras = keras_on_torch()
    before = keras.config.image_data_format()
    with pytest.raises(RuntimeError, match="inside"), data_format(keras, "channels_first"):
        assert keras.config.image_data_format() == "channels_first"
        raise RuntimeError("inside")
    assert keras.config.image_data_format() == before


def test_compact_is_small() -> None:
    parameters = sum(one.numel() for one in CLASSIFIERS["compact"].build(12, 80).parameters())
    assert 100_000 < parameters < 300_000
