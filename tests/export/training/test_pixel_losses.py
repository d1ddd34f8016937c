# ruff: noqa: E402  # what is imported further down needs a package that may not be installed
from __future__ import annotations

import math
from typing import Any, get_args

import pytest

torch = pytest.importorskip("torch", reason="training needs PyTorch: pip install hemocam[export]")

from export.training.pixel_losses import SMOOTH_PX, LossName, bce, dice, l1, mse, overlap, pixel_loss, tversky

NAMES: tuple[Any, ...] = get_args(LossName)


def column(*values: float) -> torch.Tensor:
    """One picture of one channel."""
    return torch.tensor(values, dtype=torch.float32).reshape(1, 1, 1, -1)


def logit(p: float) -> float:
    return math.log(p / (1 - p))


def test_losses_by_hand() -> None:
    """Two known pixels: a cell said to be one at 0.8, glass said to be a cell at 0.4; one unknown, said wrongly."""
    logits, targets, known = column(logit(0.8), logit(0.4), logit(0.999)), column(1, 0, 0), column(1, 1, 0)
    assert float(bce(logits, targets, known)) == pytest.approx(-(math.log(0.8) + math.log(0.6)) / 2)
    assert float(mse(logits, targets, known)) == pytest.approx((0.2**2 + 0.4**2) / 2)
    assert float(l1(logits, targets, known)) == pytest.approx((0.2 + 0.4) / 2)
    half = SMOOTH_PX / 2
    # Both 0.8, only said 0.4, only true 0.2.
    assert float(dice(logits, targets, known)) == pytest.approx(
        1 - (0.8 + half) / (0.8 + 0.5 * 0.4 + 0.5 * 0.2 + half), abs=1e-6
    )
    assert float(tversky(logits, targets, known)) == pytest.approx(
        1 - (0.8 + half) / (0.8 + 0.3 * 0.4 + 0.7 * 0.2 + half), abs=1e-6
    )


def test_tversky_dislikes_a_missed_cell_more_than_an_invented_one() -> None:
    everywhere = torch.ones(1, 1, 8, 8)
    true = torch.zeros(1, 1, 8, 8)
    true[..., :4] = 1
    missed, invented = (
        tversky(torch.full_like(true, -9.0), true, everywhere),
        tversky(torch.full_like(true, 9.0), true, everywhere),
    )
    assert float(missed) > float(invented)


@pytest.mark.parametrize("name", NAMES)
def test_perfect_costs_nothing_and_worse_costs_more(name: Any) -> None:
    generator = torch.Generator().manual_seed(0)
    targets = (torch.rand(2, 2, 8, 8, generator=generator) > 0.5).float()
    known = torch.ones_like(targets)
    loss = pixel_loss(name)
    perfect, halfway, wrong = (float(loss(sign * (2 * targets - 1), targets, known)) for sign in (30.0, 0.0, -30.0))
    assert perfect == pytest.approx(0.0, abs=1e-5)
    assert perfect < halfway < wrong


@pytest.mark.parametrize("name", NAMES)
def test_unknown_pixels_have_no_gradient(name: Any) -> None:
    generator = torch.Generator().manual_seed(1)
    logits = torch.randn(2, 2, 8, 8, generator=generator, requires_grad=True)
    targets = (torch.rand(2, 2, 8, 8, generator=generator) > 0.5).float()
    known = (torch.rand(2, 2, 8, 8, generator=generator) > 0.4).float()
    pixel_loss(name)(logits, targets, known).backward()
    assert (logits.grad[known == 0] == 0).all()
    assert (logits.grad[known == 1] != 0).all()
    empty = pixel_loss(name)(logits, targets, torch.zeros_like(known))
    assert float(empty.detach()) == 0.0, "nothing known costs nothing"


def test_channel_weights_are_shares() -> None:
    logits, targets, known = torch.zeros(1, 2, 4, 4), torch.ones(1, 2, 4, 4), torch.ones(1, 2, 4, 4)
    logits[:, 1] = 30.0
    assert float(pixel_loss("bce")(logits, targets, known)) == pytest.approx(math.log(2) / 2)
    assert float(pixel_loss("bce", (3.0, 1.0))(logits, targets, known)) == pytest.approx(0.75 * math.log(2))


def test_overlap_by_hand() -> None:
    said, true = column(1, 1, 1, -1, 1), column(1, 1, 0, 1, 0)
    assert overlap(said, true, column(1, 1, 1, 1, 0)) == pytest.approx(2 / 4)
    assert overlap(column(-1.0, -1.0), column(0, 0), column(1, 1)) == 1.0
