"""Training of a conditional GAN: a generator of masks against a discriminator of patches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from export.training.loop import Batch
from export.training.optimisers import clipped, network_for, optimiser
from export.training.pixel_losses import l1, overlap
from export.training.recipes import AdversarialRecipe
from export.zoo import architecture
from export.zoo.conditional_gan import PatchDiscriminator


class AdversarialLearner:
    """Generator and discriminator in turns (Isola et al., CVPR 2017, equation 4); see Learner. `network` is the generator."""

    def __init__(self, recipe: AdversarialRecipe, validation: Sequence[Sequence[Batch]], device: torch.device) -> None:
        self._recipe, self._validation, self._device = recipe, validation, device
        known = architecture(recipe.architecture)
        self._context_px = known.context_px
        self.network: nn.Module = network_for(recipe, lambda: known.build(len(recipe.channels), recipe.width), device)
        self._discriminator = PatchDiscriminator(len(recipe.channels), recipe.width).to(device)
        self.modules: Mapping[str, nn.Module] = {"network": self.network, "discriminator": self._discriminator}
        self.optimisers: dict[str, torch.optim.Optimizer] = {}
        self.base_rates: dict[str, float] = {}
        self._phase = 0

    def begin(self, phase: int) -> None:
        """See Learner."""
        recipe, self._phase = self._recipe, min(phase, len(self._recipe.phases) - 1)
        rate = recipe.phases[self._phase].learning_rate or recipe.learning_rate
        other = recipe.discriminator_learning_rate or rate
        self.base_rates = {"network": rate, "discriminator": other}
        self.optimisers = {
            "network": optimiser(recipe, self.network, rate, recipe.beta1),
            "discriminator": optimiser(recipe, self._discriminator, other, recipe.beta1),
        }

    def _seen(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Pixels in 0..1, logits, targets in 0..1, known, all of one size."""
        pixels, targets, known = (tensor.to(self._device, torch.float32) for tensor in batch)
        pixels = (pixels / 255.0).contiguous(memory_format=torch.channels_last)
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self._recipe.bfloat16):
            logits = self.network(pixels).float()
        edge = self._context_px
        if edge:
            pixels, targets, known = (tensor[..., edge:-edge, edge:-edge] for tensor in (pixels, targets, known))
        return pixels, logits, targets / 255.0, known

    def _judged(self, pixels: Tensor, masks: Tensor) -> Tensor:
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self._recipe.bfloat16):
            verdict: Tensor = self._discriminator(pixels, masks)
        return verdict.float()

    def step(self, batch: Batch) -> dict[str, float]:
        """See Learner. What nobody labelled is blank in the true and in the drawn mask, so that it gives neither away."""
        self.network.train()
        self._discriminator.train()
        pixels, logits, targets, known = self._seen(batch)
        drawn, true = logits.sigmoid() * known, targets * known
        real, fake = self._judged(pixels, true), self._judged(pixels, drawn.detach())
        # Halved, which slows the discriminator down against the generator (Isola et al., section 3.3).
        against = 0.5 * (_called(real, 1.0) + _called(fake, 0.0))
        self._learn("discriminator", self._discriminator, against)
        # The generator's gradient goes through the discriminator, which has none of its own here.
        self._discriminator.requires_grad_(False)
        fooled = _called(self._judged(pixels, drawn), 1.0)
        self._discriminator.requires_grad_(True)
        distance = l1(logits, targets, known).mean()
        loss = fooled + self._recipe.l1_weight * distance
        self._learn("network", self.network, loss)
        return {
            "loss": float(loss.detach()), "adversarial_loss": float(fooled.detach()), "l1_loss": float(distance.detach()),
            "discriminator_loss": float(against.detach()), "iou": overlap(logits.detach(), targets, known),
        }  # fmt: skip

    def _learn(self, name: str, module: nn.Module, loss: Tensor) -> None:
        self.optimisers[name].zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]  # torch's own
        clipped(module, self._recipe.clip_norm)
        self.optimisers[name].step()

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        """L1 and mean square error, by which the epoch is chosen and which AneRBC draws; the adversarial loss says neither."""
        if not self._validation[self._phase]:
            return {}
        self.network.eval()
        losses, squares, ious = [], [], []
        for batch in self._validation[self._phase]:
            _, logits, targets, known = self._seen(batch)
            losses.append(float(l1(logits, targets, known).mean()))
            squares.append(float(((logits.sigmoid() - targets) ** 2 * known).sum() / known.sum().clamp(min=1.0)))
            ious.append(overlap(logits, targets, known))
        number = len(losses)
        return {"val_loss": sum(losses) / number, "val_mse": sum(squares) / number, "val_iou": sum(ious) / number}

    def end_epoch(self, figures: Mapping[str, float]) -> None:
        """Nothing of its own."""

    def state(self) -> dict[str, Any]:
        """Nothing of its own."""
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Nothing of its own."""


def _called(verdict: Tensor, truth: float) -> Tensor:
    """Cross-entropy of the discriminator's verdict, 1 real and 0 drawn."""
    return F.binary_cross_entropy_with_logits(verdict, torch.full_like(verdict, truth))
