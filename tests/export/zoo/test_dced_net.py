# ruff: noqa: E402  # what is imported further down needs a package that may not be installed
from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="the networks need PyTorch: pip install hemocam[export]")

from torch import nn

from export.zoo import ZooError
from export.zoo.dced_net import LEVELS, THRESHOLDS, DCEDNet, agreement, level_to_train


def test_four_levels_and_the_last_is_the_answer() -> None:
    torch.manual_seed(0)
    network = DCEDNet(2, 2).eval()
    pixels = torch.rand(2, 3, 32, 64)
    with torch.inference_mode():
        levels = network.levels(pixels)
        assert [one.shape for one in levels] == [(2, 2, 32, 64)] * 4
        assert torch.equal(network(pixels), levels[-1])
        assert torch.equal(network.levels(pixels, 2)[1], levels[1])
        assert len(network.levels(pixels, 2)) == 2
    assert not torch.equal(levels[0], levels[1])


def test_sizes_are_those_of_figure_5() -> None:
    """320 x 320 x 3 becomes 10 x 10 x 512 in five pools: 160 x 160 x 32 first, 40 x 40 x 128 third."""
    found: list[tuple[int, ...]] = []
    level = DCEDNet(1).level[0].eval()
    level.shrink.register_forward_hook(lambda _, __, out: found.append(tuple(out.shape[1:])))
    with torch.inference_mode():
        level(torch.rand(1, 3, 320, 320))
    assert found == [(32, 160, 160), (64, 80, 80), (128, 40, 40), (256, 20, 20), (512, 10, 10)]


def test_average_down_transposed_up_dropout_where_the_paper_has_it() -> None:
    network = DCEDNet(1, 2)
    assert not any(isinstance(layer, nn.MaxPool2d | nn.Upsample) for layer in network.modules())
    assert sum(isinstance(layer, nn.ConvTranspose2d) for layer in network.modules()) == 5 * LEVELS
    assert {layer.p for layer in network.modules() if isinstance(layer, nn.Dropout)} == {0.2}
    sizes: list[tuple[int, int]] = []
    network.level[0].dropout.register_forward_hook(lambda _, __, out: sizes.append((out.shape[1], out.shape[2])))
    network.level[0](torch.rand(1, 3, 32, 32))
    assert sizes == [(16, 2), (32, 1), (32, 2), (16, 4)]  # encoder pools 4 and 5, decoder pools 1 and 2


@pytest.mark.parametrize("earlier", range(LEVELS - 1))
def test_every_level_feeds_all_later_ones(earlier: int) -> None:
    """Dense links: another result of one level changes each level after it, and none before."""
    torch.manual_seed(0)
    network = DCEDNet(1, 2).eval()
    pixels = torch.rand(1, 3, 32, 32)
    with torch.no_grad():
        before = network.levels(pixels)
        network.level[earlier].head.bias.add_(3.0)
        after = network.levels(pixels)
    changed = [not torch.equal(one, other) for one, other in zip(before, after, strict=True)]
    assert changed == [number >= earlier for number in range(LEVELS)]
    insides = [level.down[0].first[0].in_channels for level in network.level]
    assert insides == [3, 6, 9, 12]  # the picture, and two features and a probability of every level before


def test_the_threshold_rule() -> None:
    assert THRESHOLDS == (0.50, 0.80, 0.95)
    assert level_to_train([]) == 0
    assert level_to_train([0.4999]) == 0
    assert level_to_train([0.50]) == 1  # "greater than or equal"
    assert level_to_train([0.9, 0.79]) == 1
    assert level_to_train([0.9, 0.80]) == 2
    assert level_to_train([0.9, 0.9, 0.94, 0.99]) == 2
    assert level_to_train([0.9, 0.9, 0.95]) == 3
    assert level_to_train([0.9, 0.9, 0.95, 0.2]) == 3
    assert level_to_train([0.4, 0.99, 0.99]) == 0  # "sent back to the appropriate level"


def test_agreement_by_hand() -> None:
    logits = torch.tensor([[[[2.0, -1.0], [0.5, -0.1]]]])
    assert agreement(logits, torch.tensor([[[[1.0, 0.0], [0.0, 1.0]]]])) == 0.5
    assert agreement(logits, torch.tensor([[[[1.0, 0.0], [1.0, 0.0]]]])) == 1.0


def test_one_level_learns() -> None:
    torch.manual_seed(0)
    network = DCEDNet(1, 2).train()
    network.learn_only(1)
    network.levels(torch.rand(2, 3, 64, 64), 2)[-1].square().mean().backward()
    learning = [any(one.grad is not None for one in level.parameters()) for level in network.level]
    assert learning == [False, True, False, False]
    with pytest.raises(ZooError, match="levels 0 to 3, not 4"):
        network.learn_only(4)
