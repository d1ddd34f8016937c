# ruff: noqa: E402  # what is imported further down needs a package that may not be installed
from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="training needs PyTorch: pip install hemocam[export]")

from export.training.losses import CHANNEL_WEIGHTS, DICE_CHANNELS, INSIDE_WHITE, POSITIVE_WEIGHTS, field_loss
from export.training.targets import CENTRE, CHANNELS, WBC

SHAPE = (2, len(CHANNELS), 16, 24)


def targets(seed: int = 0) -> torch.Tensor:
    return (torch.rand(SHAPE, generator=torch.Generator().manual_seed(seed)) > 0.6).float()


def known() -> torch.Tensor:
    return (torch.rand(SHAPE, generator=torch.Generator().manual_seed(9)) > 0.3).float()


def test_there_is_a_weight_for_every_channel() -> None:
    assert len(CHANNEL_WEIGHTS) == len(POSITIVE_WEIGHTS) == len(CHANNELS)
    assert set(DICE_CHANNELS) <= set(range(len(CHANNELS)))


def test_perfect_logits_cost_nothing_and_worse_ones_ever_more() -> None:
    true, everywhere = targets(), torch.ones(SHAPE)
    perfect, halfway, wrong = (float(field_loss(sign * (2 * true - 1), true, everywhere)) for sign in (30.0, 0.0, -30.0))
    assert perfect == pytest.approx(0.0, abs=1e-4)
    assert perfect < halfway < wrong


def test_unknown_pixels_have_no_gradient_and_no_say() -> None:
    true, mask = targets(), known()
    logits = torch.randn(SHAPE, generator=torch.Generator().manual_seed(1), requires_grad=True)
    loss = field_loss(logits, true, mask)
    loss.backward()
    assert (logits.grad[mask == 0] == 0).all()
    assert (logits.grad[mask == 1] != 0).all()
    elsewhere = torch.where(mask == 1, logits.detach(), torch.full(SHAPE, 25.0))
    otherwise = torch.where(mask == 1, true, 1.0 - true)
    assert float(field_loss(elsewhere, otherwise, mask)) == pytest.approx(float(loss.detach()), rel=1e-6)


def test_nothing_known_costs_nothing_and_is_finite() -> None:
    logits = torch.randn(SHAPE, requires_grad=True)
    loss = field_loss(logits, targets(), torch.zeros(SHAPE))
    loss.backward()
    assert float(loss.detach()) == 0.0
    assert not logits.grad.any()


def test_it_costs_most_to_see_a_red_cell_in_a_white_one() -> None:
    everywhere, glass, white = torch.ones(SHAPE), torch.zeros(SHAPE), torch.zeros(SHAPE)
    white[:, WBC, :8] = 1.0

    def extra(true: torch.Tensor) -> float:
        """What a false red cell in the upper half adds."""
        calm = torch.where(true > 0, 8.0, -8.0)
        excited = calm.clone()
        excited[:, CENTRE, :8] = 2.0
        return float(field_loss(excited, true, everywhere) - field_loss(calm, true, everywhere))

    assert extra(white) == pytest.approx((1.0 + INSIDE_WHITE) * extra(glass), rel=1e-3)


def test_the_gradient_leads_downhill() -> None:
    true, mask = targets(), known()
    logits = torch.zeros(SHAPE, requires_grad=True)
    before = field_loss(logits, true, mask)
    before.backward()
    assert float(field_loss(logits.detach() - 50.0 * logits.grad, true, mask)) < float(before.detach())


@pytest.mark.parametrize("channel", range(len(CHANNELS)))
def test_a_missed_cell_costs_no_less_than_an_invented_one(channel: int) -> None:
    """Half of the pixels are cell, so that only the weights tell the two apart."""
    true = torch.zeros(SHAPE)
    true[:, channel, :8] = 1.0
    mask = torch.zeros(SHAPE)
    mask[:, channel] = 1.0
    missed = field_loss(torch.full(SHAPE, -4.0), true, mask)
    invented = field_loss(torch.full(SHAPE, 4.0), true, mask)
    assert torch.isfinite(missed)
    if POSITIVE_WEIGHTS[channel] == 1.0:
        assert float(missed) > float(invented) - 1e-3
    else:
        assert float(missed) > float(invented)
