# ruff: noqa: E402  # what is imported further down needs a package that may not be installed
from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the networks need PyTorch: pip install hemocam[export]")

from torch import nn

from export.zoo import ARCHITECTURES, ZooError
from export.zoo.do_unet import CONTEXT_PX, DOUNet, mirrored, tiled, with_context


def test_188_becomes_100() -> None:
    network = DOUNet(2, 2).eval()
    with torch.inference_mode():
        assert network(torch.rand(1, 3, 188, 188)).shape == (1, 2, 100, 100)
        assert network(torch.rand(1, 3, 92, 188)).shape == (1, 2, 4, 100)
    assert (188 - 100) / 2 == CONTEXT_PX == ARCHITECTURES["do-unet"].context_px


def test_sizes_inside_are_those_of_its_figure() -> None:
    """186, 184, 92, 88, 44, 40, 20, 16 down; 32, 28, 56, 52, 104, 100 up."""
    network = DOUNet(2, 2).eval()
    found: list[int] = []
    for part in (*network.down, *network.grow, *network.up):
        part.register_forward_hook(lambda _, __, out: found.append(out.shape[-1]))
    with torch.inference_mode():
        network(torch.rand(1, 3, 188, 188))
    assert found == [184, 88, 40, 16, 32, 28, 56, 52, 104, 100]


def test_filters_are_its_authors() -> None:
    convolutions = [layer.out_channels for layer in DOUNet(2).down.modules() if isinstance(layer, nn.Conv2d)]
    assert convolutions == [96, 32, 32, 64, 64, 128, 128, 256, 256]


def _whole_numbers(channels: int = 2) -> DOUNet:
    """A network whose every sum is a whole number under 2 ** 53: float64 then adds it exactly in any order."""
    torch.manual_seed(0)
    network = DOUNet(channels, 2).double().eval()
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            layer.weight.data = torch.randint(-1, 2, layer.weight.shape).double()
            if layer.bias is not None:
                layer.bias.data.fill_(1.0)
        elif isinstance(layer, nn.BatchNorm2d):
            layer.eps = 0.0
    return network


def _largest_inside(network: DOUNet, pixels: torch.Tensor) -> float:
    largest = 0.0

    def look(_: nn.Module, __: object, out: torch.Tensor) -> None:
        nonlocal largest
        largest = max(largest, float(out.abs().max()))

    hooks = [layer.register_forward_hook(look) for layer in network.modules() if not list(layer.children())]
    network(pixels)
    for hook in hooks:
        hook.remove()
    return largest


@pytest.mark.parametrize(
    ("tile_px", "height_px", "width_px"),
    [(188, 100, 100), (188, 101, 213), (188, 37, 5), (116, 28, 28), (116, 29, 70), (100, 12, 31)],
)
def test_tiles_are_the_whole_field_exactly(tile_px: int, height_px: int, width_px: int) -> None:
    """No seam: bit by bit what one pass over the whole field gives."""
    network = _whole_numbers()
    pixels = torch.randint(0, 4, (2, 3, height_px, width_px)).double()
    out_px = [-(-max(one, 4) // 8) * 8 + 4 for one in (height_px, width_px)]  # 4 more than a multiple of 8
    with torch.inference_mode():
        field = with_context(pixels, *out_px)
        assert 0 < _largest_inside(network, field) < 2**53
        whole = network(field)[..., :height_px, :width_px]
        stitched = tiled(network, pixels, tile_px, batch=3)
    assert stitched.shape == (2, 2, height_px, width_px)
    assert torch.equal(stitched, whole)
    assert whole.std() > 0


def test_tiles_100_px_apart_would_show() -> None:
    """What the stride of 96 px is for: a tile out of phase pools other pixels together."""
    network = _whole_numbers()
    pixels = torch.randint(0, 4, (1, 3, 292, 292)).double()
    with torch.inference_mode():
        whole = network(pixels)
        assert torch.equal(network(pixels[..., 96:284, 96:284]), whole[..., 96:196, 96:196])
        assert not torch.equal(network(pixels[..., 100:288, 100:288]), whole[..., 100:200, 100:200])


def test_a_trained_like_network_has_no_seam_either() -> None:
    torch.manual_seed(0)
    network = DOUNet(2, 4).train()
    with torch.no_grad():
        for _ in range(3):
            network(torch.rand(2, 3, 116, 116))
        network.eval()
        pixels = torch.rand(1, 3, 150, 110)
        whole = network(with_context(pixels, 156, 116))[..., :150, :110]
        assert (tiled(network, pixels) - whole).abs().max() <= 1e-5


def test_the_border_is_mirrored() -> None:
    """As numpy mirrors: the outermost pixel is not repeated, and a small field is mirrored again and again."""
    for length_px in (1, 2, 5, 60, 200):
        expected = np.pad(np.arange(length_px), (44, 51), mode="reflect")
        np.testing.assert_array_equal(mirrored(length_px, 44, 51).numpy(), expected)
    pixels = torch.rand(1, 3, 20, 30)
    grown = with_context(pixels, 20, 36)
    assert grown.shape == (1, 3, 108, 124)
    assert torch.equal(grown[..., 44:64, 44:74], pixels)
    assert torch.equal(grown[..., 43, 44:74], pixels[..., 1, :])
    assert torch.equal(grown[..., 44:64, 74], pixels[..., :, -2])


@pytest.mark.parametrize("tile_px", [92, 184, 190])
def test_tiles_out_of_phase_are_refused(tile_px: int) -> None:
    with pytest.raises(ZooError, match=rf"4 more than a multiple of 8\), not {tile_px}"):
        tiled(DOUNet(2, 2), torch.rand(1, 3, 100, 100), tile_px)


def test_the_edge_learns_while_the_mask_is_kept() -> None:
    torch.manual_seed(0)
    network = DOUNet(2, 4).train()
    network.freeze_mask_head()
    network(torch.rand(2, 3, 100, 100)).square().mean().backward()
    mask, edge = network.head.heads
    assert all(one.grad is None for one in mask.parameters())
    assert all(one.grad is not None and one.grad.any() for one in edge.parameters())
    assert {id(one) for one in network.edge_parameters()} == {id(one) for one in edge.parameters()}
    assert DOUNet(1, 4).edge_parameters() == []
