"""Training of the network that counts: crops of several corpora by their shares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import nn

from export.training.augmentation import Views, augmented
from export.training.field_recipe import Corpus, FieldRecipe
from export.training.loop import Batch
from export.training.losses import field_loss
from export.training.optimisers import clipped
from export.training.published_weights import load_weights
from export.training.targets import CHANNELS, Patch
from export.zoo.field import FieldNet

LARGEST_GRADIENT = 2.0


class FieldBatches:
    """Augmented crops of the patches of each corpus; see loop.Batches."""

    def __init__(self, patches: Mapping[Corpus, list[Patch]], recipe: FieldRecipe) -> None:
        self._recipe, self._corpora = recipe, sorted(recipe.shares)
        self._patches = [patches[name] for name in self._corpora]
        shares = np.array([recipe.shares[name] for name in self._corpora])
        self._shares = shares / shares.sum()
        shrink = recipe.cell_diameter_px / recipe.packed_diameter_px
        self._views = Views(recipe.crop_px, shrink, recipe.cell_diameter_px, recipe.wide_share, recipe.litter)

    @property
    def epoch_steps(self) -> int:
        """See Batches."""
        return -(-self._recipe.steps // self._recipe.epochs)

    def batch(self, step: int) -> Batch:
        """Pixels, targets and what of them is known, each (batch, channels, crop, crop) uint8."""
        rng = np.random.default_rng((self._recipe.seed, step))
        chosen = [self._patches[i] for i in rng.choice(len(self._corpora), self._recipe.batch, p=self._shares)]
        crops = [augmented(rng, group[int(rng.integers(len(group)))], self._views) for group in chosen]
        return tuple(
            torch.from_numpy(np.stack([getattr(crop, name) for crop in crops])).permute(0, 3, 1, 2).contiguous()
            for name in ("pixels", "targets", "known")
        )


class FieldLearner:
    """The field network under its loss; see loop.Learner. On a CPU one thread in bfloat16 was nearly twice as fast as two in
    float32."""

    def __init__(self, recipe: FieldRecipe, first: Batch, device: torch.device) -> None:
        """`first` is a batch, from whose pixels a published model's normalisation is made anew. Raises RecipeError."""
        self._recipe, self._device = recipe, device
        self.network: nn.Module = FieldNet(len(CHANNELS), recipe.widths).to(device)
        if recipe.init_from is not None:
            load_weights(self.network, recipe.init_from, first[0].to(device, torch.float32) / 255.0)
        self.modules: Mapping[str, nn.Module] = {"network": self.network}
        self.optimisers: dict[str, torch.optim.Optimizer] = {}
        self.base_rates = {"network": recipe.learning_rate}

    def begin(self, phase: int) -> None:
        """See Learner."""
        del phase
        rate, decay = self._recipe.learning_rate, self._recipe.weight_decay
        self.optimisers = {"network": torch.optim.AdamW(self.network.parameters(), lr=rate, weight_decay=decay)}

    def step(self, batch: Batch) -> dict[str, float]:
        """See Learner."""
        pixels, targets, known = (tensor.to(self._device, torch.float32) for tensor in batch)
        self.network.train()
        with torch.autocast(self._device.type, torch.bfloat16):
            logits = self.network((pixels / 255.0).contiguous(memory_format=torch.channels_last))
        loss = field_loss(logits.float(), targets / 255.0, known)
        (optimiser,) = self.optimisers.values()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]  # torch's own
        clipped(self.network, LARGEST_GRADIENT)
        optimiser.step()
        return {"loss": float(loss.detach())}

    def validate(self) -> dict[str, float]:
        """Nothing: counts on `val` judge it (`hemocam bench accuracy`), and the last weights are kept."""
        return {}

    def end_epoch(self, figures: Mapping[str, float]) -> None:
        """Nothing of its own."""

    def state(self) -> dict[str, Any]:
        """Nothing of its own."""
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Nothing of its own."""
