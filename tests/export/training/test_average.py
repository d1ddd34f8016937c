# ruff: noqa: E402  # what is imported further down needs a package that may not be installed
from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="training needs PyTorch: pip install hemocam[export]")
from torch import nn

from export.training.average import Average, averaged


def network(value: float) -> nn.BatchNorm1d:
    made = nn.BatchNorm1d(2)
    nn.init.constant_(made.weight, value)
    return made


def test_an_average_by_hand() -> None:
    """The decay is 1/10, then 2/11, and so on until 0.5: 0 -> 0.9 -> 2/11 * 0.9 + 9/11 * 3."""
    made = network(0.0)
    average = Average(made, 0.5)
    nn.init.constant_(made.weight, 1.0)
    average.update(made)
    assert average.state_dict()["weight"].tolist() == pytest.approx([0.9] * 2)
    nn.init.constant_(made.weight, 3.0)
    average.update(made)
    assert average.state_dict()["weight"].tolist() == pytest.approx([2 / 11 * 0.9 + 9 / 11 * 3.0] * 2)
    for _ in range(20):
        average.update(made)
    before = float(average.state_dict()["weight"][0])
    nn.init.constant_(made.weight, 5.0)
    average.update(made)
    assert float(average.state_dict()["weight"][0]) == pytest.approx(0.5 * before + 0.5 * 5.0)


def test_whole_numbers_are_copied_and_running_means_averaged() -> None:
    made = network(1.0).train()
    average = Average(made, 0.9)
    made(torch.tensor([[4.0, 4.0], [6.0, 6.0]]))
    average.update(made)
    state = average.state_dict()
    assert int(state["num_batches_tracked"]) == 1
    assert float(state["running_mean"][0]) == pytest.approx(0.9 * 0.5)


def test_inside_the_network_has_its_averaged_weights() -> None:
    made = network(1.0)
    average = Average(made, 0.5)
    nn.init.constant_(made.weight, 2.0)
    with averaged(made, average):
        assert made.weight.tolist() == [1.0, 1.0]
    assert made.weight.tolist() == [2.0, 2.0]
    with pytest.raises(RuntimeError), averaged(made, average):
        raise RuntimeError
    assert made.weight.tolist() == [2.0, 2.0]
    with averaged(made, None):
        assert made.weight.tolist() == [2.0, 2.0]


def test_an_average_goes_on_from_its_state() -> None:
    made = network(1.0)
    first, second = Average(made, 0.9), Average(network(7.0), 0.9)
    nn.init.constant_(made.weight, 2.0)
    first.update(made)
    second.restore(first.state())
    for one in (first, second):
        one.update(made)
    assert torch.equal(first.state_dict()["weight"], second.state_dict()["weight"])
