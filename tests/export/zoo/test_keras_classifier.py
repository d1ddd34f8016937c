# ruff: noqa: E402  # what is imported further down needs a package that may not be installed
from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="the networks need PyTorch: pip install hemocam[export]")
pytest.importorskip("keras", reason="the classifiers need Keras: pip install hemocam[keras]")

from export.zoo import architecture


def test_weights_fit_whatever_was_built_before() -> None:
    names = "mobilenetv3-small"
    first = architecture(names).build(4, 80)
    architecture("mobilenet-v2").build(3, 80)
    second = architecture(names).build(4, 80)
    assert list(first.state_dict()) == list(second.state_dict())
    second.load_state_dict(first.state_dict())
    crops = torch.rand(2, 3, 80, 80)
    with torch.inference_mode():
        assert torch.equal(first.eval()(crops), second.eval()(crops))


def test_the_papers_input_scaling_is_inside() -> None:
    """MobileNetV2 learnt on -1..1 (keras.applications.mobilenet_v2.preprocess_input)."""
    network = architecture("mobilenet-v2").build(3, 80).eval()
    crops = torch.rand(2, 3, 80, 80)
    with torch.inference_mode():
        assert torch.allclose(network(crops), network.network(crops * 2.0 - 1.0, training=False), atol=1e-5)
