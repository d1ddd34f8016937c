# ruff: noqa: E402  # what is imported further down needs a package that may not be installed
"""Phases, levels and the middle of a crop: what one step changes and what it must not."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="training needs PyTorch: pip install hemocam[export]")
pytest.importorskip("scipy", reason="labelling needs scipy: pip install hemocam[export]")

from export.training.fit_segmentation import SegmentationLearner
from export.training.loop import seed_everything
from tests.export.training import tiny

CPU = torch.device("cpu")


def batch(channels: int, side_px: int, seed: int = 0) -> tuple[torch.Tensor, ...]:
    generator = torch.Generator().manual_seed(seed)
    pixels = torch.randint(0, 256, (2, 3, side_px, side_px), generator=generator, dtype=torch.uint8)
    targets = 255 * torch.randint(0, 2, (2, channels, side_px, side_px), generator=generator, dtype=torch.uint8)
    return pixels, targets, torch.ones_like(targets)


def learner(phase: int = 0, validation: Any = None, **changed: Any) -> SegmentationLearner:
    recipe = tiny.segmentation(**changed)
    seed_everything(recipe.seed)
    made = SegmentationLearner(recipe, validation or [[] for _ in recipe.phases], CPU)
    made.begin(phase)
    return made


def changed_by_a_step(made: SegmentationLearner, seen: tuple[torch.Tensor, ...]) -> set[str]:
    """Names of the parameters that a step moved."""
    before = {name: one.detach().clone() for name, one in made.network.named_parameters()}
    made.step(seen)
    return {name for name, one in made.network.named_parameters() if not torch.equal(before[name], one)}


TWO_PHASES = {
    "architecture": "do-unet", "channels": ["rbc", "rbc_outline"], "side_px": 92,
    "phases": [{"epochs": 1, "targets": ["rbc", "rbc"]}, {"epochs": 1, "freeze_mask": True, "learning_rate": 0.002}],
}  # fmt: skip


@pytest.mark.parametrize(("architecture", "side_px"), [("do-unet", 92), ("segnet", 64)])
def test_the_second_phase_freezes_the_mask_head_and_nothing_else(architecture: str, side_px: int) -> None:
    made = learner(**{**TWO_PHASES, "architecture": architecture, "side_px": side_px})
    every = {name for name, _ in made.network.named_parameters()}
    edges = {id(one) for one in made.network.edge_parameters()}
    heads = {name for name, _ in made.network.named_parameters() if name.startswith("head.")}
    mask = {name for name, one in made.network.named_parameters() if name in heads and id(one) not in edges}
    assert mask
    assert heads - mask
    assert mask <= changed_by_a_step(made, batch(2, side_px)), "in the first phase it learns"
    made.begin(1)
    assert made.base_rates == {"network": 0.002}
    moved = set()
    for seed in range(3):
        moved |= changed_by_a_step(made, batch(2, side_px, seed))
    assert not moved & mask
    assert heads - mask <= moved
    assert len(moved) > 0.8 * len(every), "the rest goes on learning"
    made.begin(0)
    assert mask <= changed_by_a_step(made, batch(2, side_px)), "a phase that freezes nothing thaws it"


def test_an_unpadded_network_learns_from_the_middle_alone() -> None:
    """What lies within the context may be labelled as it likes."""
    pixels, targets, known = batch(2, 100)
    other = targets.clone()
    other[..., :44, :], other[..., -44:, :] = 255 - other[..., :44, :], 255 - other[..., -44:, :]
    losses = [learner(**{**TWO_PHASES, "side_px": 100}).step((pixels, one, known))["loss"] for one in (targets, other)]
    assert losses[0] == losses[1]
    other[..., 48, 48] = 255 - other[..., 48, 48]
    assert learner(**{**TWO_PHASES, "side_px": 100}).step((pixels, other, known))["loss"] != losses[0]


GATED = {"architecture": "dced-net", "levels": "gated", "loss": "mse"}


def level_of(name: str) -> int:
    return int(name.split(".")[1])


def test_levels_take_their_turns_at_50_80_and_95_percent() -> None:
    """By hand: 49 % is not enough, 50 % is; each next level must reach its own; after the third the fourth stays."""
    made = learner(**GATED)
    levels = []
    for agreement in (0.49, 0.50, 0.79, 0.95, 0.949, 0.95, 0.99, 0.1):
        made.end_epoch({"agreement": agreement})
        levels.append(made.state()["passed"])
    assert [len(passed) for passed in levels] == [0, 1, 1, 2, 2, 3, 3, 3]
    assert levels[-1] == [0.50, 0.95, 0.95]


def test_only_the_level_whose_turn_it_is_learns() -> None:
    made = learner(**GATED)
    for level in range(4):
        moved = changed_by_a_step(made, batch(1, 32))
        assert {level_of(name) for name in moved} == {level}
        made.end_epoch({"agreement": 0.96})


def test_the_gate_goes_on_from_its_state() -> None:
    first, second = learner(**GATED), learner(**GATED)
    first.end_epoch({"agreement": 0.6})
    second.restore(first.state())
    assert {level_of(name) for name in changed_by_a_step(second, batch(1, 32))} == {1}


def test_agreement_is_the_share_of_known_pixels_with_the_right_label() -> None:
    made = learner(**GATED)
    pixels, targets, known = batch(1, 32)
    with torch.no_grad():
        made.network.train()
        said = made.network.levels(pixels.float() / 255.0, 1)[0] > 0
    right = (said == (targets > 127)).float()
    assert made.step((pixels, targets, known))["agreement"] == pytest.approx(float(right.mean()), abs=0.08)
    known[right == 0] = 0
    assert made.step((pixels, targets, known))["agreement"] > float(right.mean())


def test_all_levels_learn_at_once() -> None:
    made = learner(architecture="dced-net", levels="all")
    assert {level_of(name) for name in changed_by_a_step(made, batch(1, 32))} == {0, 1, 2, 3}


def test_validation_changes_nothing_and_takes_no_random_number() -> None:
    made = learner(architecture="dced-net", validation=[[batch(1, 32, 8), batch(1, 32, 9)]])
    before, state = {k: v.clone() for k, v in made.network.state_dict().items()}, torch.get_rng_state()
    first, again = made.validate(), made.validate()
    assert first == again
    assert set(first) == {"val_loss", "val_iou"}
    assert torch.equal(state, torch.get_rng_state())
    assert all(torch.equal(before[name], value) for name, value in made.network.state_dict().items())


def test_unknown_pixels_teach_nothing() -> None:
    pixels, targets, known = batch(1, 32)
    assert changed_by_a_step(learner(optimiser="sgd"), (pixels, targets, torch.zeros_like(known))) == set()
