# ruff: noqa: E402  # what is imported further down needs a package that may not be installed
from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the networks need PyTorch: pip install hemocam[export]")

from torch.nn import functional

from export.zoo.unpooling import Unpooling, maxima, pool, unpool


def _both(x: torch.Tensor, deep: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    found = []
    for form in (Unpooling.INDICES, Unpooling.MASK):
        pooled, where = pool(x, form)
        assert torch.equal(pooled, functional.max_pool2d(x, 2))
        found.append(unpool(deep, where, form))
    return found[0], found[1]


@pytest.mark.parametrize("values", ["all different", "after a relu", "few values", "all equal"])
def test_the_two_forms_are_equal(values: str) -> None:
    """Bit by bit, also where the maximum stands more than once: torch's index is the first by rows, and so is the mask's."""
    torch.manual_seed(0)
    x = {
        "all different": torch.randn(3, 5, 24, 32),
        "after a relu": torch.randn(3, 5, 24, 32).relu(),
        "few values": torch.randint(-1, 2, (3, 5, 24, 32)).float(),
        "all equal": torch.full((3, 5, 24, 32), -0.5),
    }[values]
    true, masked = _both(x, torch.randn(3, 5, 12, 16))
    assert torch.equal(true, masked)
    assert (masked != 0).sum() == 3 * 5 * 12 * 16


def test_the_plain_mask_would_not_be_equal() -> None:
    """Why the first maximum is sought: after a ReLU one window in sixteen is four equal zeros."""
    torch.manual_seed(0)
    x = torch.randn(1, 8, 64, 64).relu()
    plain = x == functional.interpolate(functional.max_pool2d(x, 2), scale_factor=2.0, mode="nearest")
    ours = maxima(x, functional.max_pool2d(x, 2))
    assert ours.sum() == 8 * 32 * 32
    assert 1.1 < plain.sum() / ours.sum() < 1.3  # 1 + 3 / 16
    assert (plain | ours).equal(plain)


def test_half_precision_spreads_alike() -> None:
    """FP16 rounds, so that more maxima tie; still each value comes back once."""
    torch.manual_seed(0)
    x = torch.randn(2, 3, 16, 16).half()
    pooled, where = pool(x, Unpooling.MASK)
    assert where.float().sum() == pooled.numel()


def test_gradients_are_equal() -> None:
    torch.manual_seed(0)
    grads = []
    for form in Unpooling:
        x = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(1)).relu().requires_grad_()
        deep = torch.randn(2, 3, 4, 4, generator=torch.Generator().manual_seed(2)).requires_grad_()
        pooled, where = pool(x, form)
        (unpool(deep * pooled, where, form) * torch.arange(64.0).reshape(8, 8)).sum().backward()
        assert x.grad is not None and deep.grad is not None
        grads.append((x.grad, deep.grad))
    assert torch.equal(grads[0][1], grads[1][1])
    assert torch.equal(grads[0][0], grads[1][0])


def test_by_hand() -> None:
    x = torch.tensor([[[[1.0, 3.0, 0.0, 0.0], [2.0, 3.0, 0.0, 0.0]]]])
    pooled, where = pool(x, Unpooling.MASK)
    assert pooled.tolist() == [[[[3.0, 0.0]]]]
    np.testing.assert_array_equal(
        unpool(torch.tensor([[[[5.0, 7.0]]]]), where, Unpooling.MASK).numpy()[0, 0], [[0, 5, 7, 0], [0, 0, 0, 0]]
    )
