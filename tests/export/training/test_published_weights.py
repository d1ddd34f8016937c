# ruff: noqa: E402  # what is imported further down needs a package that may not be installed
from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="training needs PyTorch: pip install hemocam[export]")
pytest.importorskip("onnx", reason="training from a published model needs onnx: pip install hemocam[export]")

from export.to_onnx import to_onnx
from export.training.published_weights import load_weights
from export.training.recipe import RecipeError
from export.zoo.field import FieldNet
from tests.export.networks import WIDTHS

PIXELS = torch.rand(4, 3, 32, 32, generator=torch.Generator().manual_seed(2))


def learnt(channels: int) -> FieldNet:
    """A network whose batch normalisations have seen something."""
    torch.manual_seed(7)
    made = FieldNet(channels, WIDTHS)
    for _ in range(3):
        made(PIXELS)
    for module in made.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.uniform_(module.bias, -0.2, 0.2)
    return made.eval()


def published(path: Path, channels: int = 6) -> FieldNet:
    made = learnt(channels)
    path.write_bytes(to_onnx(made, 2 ** len(WIDTHS)))
    return made


def test_a_network_begins_where_the_published_one_ended(tmp_path: Path) -> None:
    before = published(tmp_path / "model.onnx")
    network = FieldNet(8, WIDTHS)
    load_weights(network, tmp_path / "model.onnx", PIXELS)
    with torch.no_grad():
        expected = before(PIXELS)
        assert torch.allclose(network.eval()(PIXELS)[:, :6], expected, atol=1e-3)
        assert torch.allclose(network.train()(PIXELS)[:, :6], expected, atol=0.05), "its first step sees the same, too"


def test_a_checkpoint_is_taken_as_it_is(tmp_path: Path) -> None:
    before = learnt(8)
    torch.save(before.state_dict(), tmp_path / "weights.pt")
    network = FieldNet(8, WIDTHS)
    load_weights(network, tmp_path / "weights.pt", PIXELS)
    assert all(
        torch.equal(one, other) for one, other in zip(network.state_dict().values(), before.state_dict().values(), strict=True)
    )


def test_another_network_and_a_broken_file_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    published(path)
    with pytest.raises(RecipeError, match=r"model\.onnx"):
        load_weights(FieldNet(6, (*WIDTHS, WIDTHS[-1])), path, PIXELS)
    wider = tuple(2 * width for width in WIDTHS)
    with pytest.raises(RecipeError, match="not the same network"):
        load_weights(FieldNet(6, wider), path, PIXELS)
    path.write_bytes(b"no model")
    with pytest.raises(RecipeError, match="cannot be read"):
        load_weights(FieldNet(6, WIDTHS), path, PIXELS)
