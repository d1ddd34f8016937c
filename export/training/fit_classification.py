"""Training of the zoo's classifiers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from export.training.class_weights import class_weights
from export.training.crop_data import Crops, batches_in_order
from export.training.loop import Batch
from export.training.optimisers import clipped, network_for, optimiser
from export.training.recipes import ClassificationRecipe
from export.zoo import architecture

_JUDGED_AT_ONCE = 64


class ClassificationLearner:
    """One classifier under (weighted) cross-entropy; see Learner."""

    def __init__(self, recipe: ClassificationRecipe, train: Crops, val: Crops | None, device: torch.device) -> None:
        self._recipe, self._val, self._device = recipe, val, device
        known = architecture(recipe.architecture)
        self.network: nn.Module = network_for(recipe, lambda: known.build(len(recipe.classes), recipe.side_px), device)
        self.modules: Mapping[str, nn.Module] = {"network": self.network}
        self.optimisers: dict[str, torch.optim.Optimizer] = {}
        self.base_rates = {"network": recipe.learning_rate}
        self._weights = torch.from_numpy(class_weights(train.labels, recipe.classes, recipe.class_weights)).to(device)

    def begin(self, phase: int) -> None:
        """See Learner."""
        self.optimisers = {"network": optimiser(self._recipe, self.network, self._recipe.learning_rate)}

    def _logits(self, pixels: Tensor) -> Tensor:
        seen = pixels.to(self._device, torch.float32) / 255.0
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self._recipe.bfloat16):
            logits: Tensor = self.network(seen.contiguous(memory_format=torch.channels_last))
        return logits.float()

    def step(self, batch: Batch) -> dict[str, float]:
        """See Learner."""
        pixels, labels = batch[0], batch[1].to(self._device)
        self.network.train()
        logits = self._logits(pixels)
        # Each sample's loss times its class' weight, then the plain mean over the batch: what Keras' class_weight does.
        losses = F.cross_entropy(logits, labels, reduction="none", label_smoothing=self._recipe.smoothing)
        loss = (losses * self._weights[labels]).mean()
        self.optimisers["network"].zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]  # torch's own
        clipped(self.network, self._recipe.clip_norm)
        self.optimisers["network"].step()
        return {"loss": float(loss.detach()), "accuracy": float((logits.detach().argmax(1) == labels).float().mean())}

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        """Unweighted loss, accuracy, and recall as the mean of the classes there are."""
        if self._val is None:
            return {}
        self.network.eval()
        losses, right, true = [], [], []
        for pixels, labels in batches_in_order(self._val, _JUDGED_AT_ONCE, self._recipe):
            logits = self._logits(pixels)
            there = labels.to(self._device)
            losses.append(F.cross_entropy(logits, there, reduction="none").cpu().numpy())
            right.append((logits.argmax(1) == there).cpu().numpy())
            true.append(labels.numpy())
        hits, classes = np.concatenate(right), np.concatenate(true)
        recall = [float(hits[classes == one].mean()) for one in np.unique(classes)]
        return {
            "val_loss": float(np.concatenate(losses).mean()), "val_accuracy": float(hits.mean()),
            "val_recall": float(np.mean(recall)),
        }  # fmt: skip

    def end_epoch(self, figures: Mapping[str, float]) -> None:
        """Nothing of its own."""

    def state(self) -> dict[str, Any]:
        """Nothing of its own."""
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Nothing of its own."""
