"""Training of the zoo's segmentation networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from export.training.loop import Batch
from export.training.optimisers import clipped, network_for, optimiser
from export.training.pixel_losses import overlap, pixel_loss
from export.training.recipe import RecipeError
from export.training.recipes import SegmentationRecipe
from export.zoo import architecture
from export.zoo.dced_net import level_to_train


class SegmentationLearner:
    """One network under a pixel loss, phase by phase; see Learner."""

    def __init__(self, recipe: SegmentationRecipe, validation: Sequence[Sequence[Batch]], device: torch.device) -> None:
        self._recipe, self._validation, self._device = recipe, validation, device
        known = architecture(recipe.architecture)
        self._context_px = known.context_px
        self.network: nn.Module = network_for(recipe, lambda: known.build(len(recipe.channels), recipe.width), device)
        if recipe.levels != "last" and not hasattr(self.network, "levels"):
            raise RecipeError(f"{recipe.name}: levels: {recipe.architecture} has one level alone")
        self.modules: Mapping[str, nn.Module] = {"network": self.network}
        self.optimisers: dict[str, torch.optim.Optimizer] = {}
        self.base_rates: dict[str, float] = {}
        self._loss = pixel_loss(recipe.loss, recipe.channel_weights)
        self._phase = 0
        self._passed: list[float] = []

    def begin(self, phase: int) -> None:
        """See Learner."""
        self._phase = min(phase, len(self._recipe.phases) - 1)
        chosen = self._recipe.phases[self._phase]
        self.network.requires_grad_(True)
        if chosen.freeze_mask:
            freeze = getattr(self.network, "freeze_mask_head", None)
            if freeze is None:
                raise RecipeError(f"{self._recipe.name}: phases: {self._recipe.architecture} has no mask head to freeze")
            freeze()
        self._learn_level()
        rate = chosen.learning_rate or self._recipe.learning_rate
        # All parameters, frozen ones too: they have no gradient, and a level's turn may still come.
        self.optimisers = {"network": optimiser(self._recipe, self.network, rate)}
        self.base_rates = {"network": rate}

    @property
    def _level(self) -> int:
        return len(self._passed)

    def _learn_level(self) -> None:
        if self._recipe.levels == "gated":
            self.network.learn_only(self._level)  # type: ignore[operator]  # DCED-Net's own

    def _logits(self, pixels: Tensor) -> list[Tensor]:
        """What the loss looks at: the output, or those of all levels, or that of the level whose turn it is."""
        if self._recipe.levels == "last":
            return [self.network(pixels)]
        levels = self.network.levels  # DCED-Net's own
        if self._recipe.levels == "all":
            return list(levels(pixels))  # type: ignore[operator]
        return [levels(pixels, self._level + 1)[-1]]  # type: ignore[operator]

    def _seen(self, batch: Batch) -> tuple[list[Tensor], Tensor, Tensor]:
        """Logits, and what they should be: targets in 0..1 and known, on the network's own middle of the crop."""
        pixels, targets, known = (tensor.to(self._device, torch.float32) for tensor in batch)
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self._recipe.bfloat16):
            logits = self._logits((pixels / 255.0).contiguous(memory_format=torch.channels_last))
        edge = self._context_px
        if edge:
            targets, known = (tensor[..., edge:-edge, edge:-edge] for tensor in (targets, known))
        return [one.float() for one in logits], targets / 255.0, known

    def step(self, batch: Batch) -> dict[str, float]:
        """See Learner."""
        self.network.train()
        logits, targets, known = self._seen(batch)
        loss = torch.stack([self._loss(one, targets, known) for one in logits]).mean()
        for one in self.optimisers.values():
            one.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]  # torch's own
        clipped(self.network, self._recipe.clip_norm)
        for one in self.optimisers.values():
            one.step()
        with torch.no_grad():
            figures = {"loss": float(loss), "iou": overlap(logits[-1], targets, known)}
            if self._recipe.levels == "gated":
                right = ((logits[-1] > 0) == (targets > 0.5)).float()
                figures["agreement"] = float((right * known).sum() / known.sum().clamp(min=1.0))
                figures["level"] = float(self._level + 1)
        return figures

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        """See Learner."""
        batches = self._validation[self._phase]
        if not batches:
            return {}
        self.network.eval()
        losses, ious = [], []
        for batch in batches:
            logits, targets, known = self._seen(batch)
            losses.append(float(self._loss(logits[-1], targets, known)))
            ious.append(overlap(logits[-1], targets, known))
        return {"val_loss": sum(losses) / len(losses), "val_iou": sum(ious) / len(ious)}

    def end_epoch(self, figures: Mapping[str, float]) -> None:
        """The rule between levels: the next one's turn comes when this one's agreement reaches its threshold."""
        if self._recipe.levels == "gated" and level_to_train([*self._passed, figures["agreement"]]) > self._level:
            self._passed.append(figures["agreement"])
            self._learn_level()

    def state(self) -> dict[str, Any]:
        """See Learner."""
        return {"passed": list(self._passed)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """See Learner."""
        self._passed = [float(one) for one in state["passed"]]
        self._learn_level()
