"""The fit: from a recipe to a checkpoint, restartable at any moment."""

from __future__ import annotations

import csv
import logging
import math
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import torch
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from torch import Tensor, nn
from torch.utils.data import DataLoader, IterableDataset

from export.training.augmentation import Views, augmented
from export.training.losses import field_loss
from export.training.packing import pack
from export.training.published_weights import load_weights
from export.training.recipe import Corpus, Recipe
from export.training.targets import CHANNELS, Patch
from export.zoo.field import FieldNet

log = logging.getLogger(__name__)
Batch = tuple[Tensor, Tensor, Tensor]


class Crops(IterableDataset[Batch]):
    """Endless batches of augmented crops. Each step has its own seed, so that a resumed run sees what it would have."""

    def __init__(self, patches: Mapping[Corpus, list[Patch]], recipe: Recipe, first_step: int) -> None:
        self._patches, self._recipe, self._first_step = patches, recipe, first_step

    def __iter__(self) -> Iterator[Batch]:
        recipe = self._recipe
        corpora = sorted(recipe.shares)
        shares = np.array([recipe.shares[name] for name in corpora])
        views = Views(
            recipe.crop_px, recipe.cell_diameter_px / recipe.packed_diameter_px, recipe.cell_diameter_px, recipe.wide_share,
            recipe.litter,
        )  # fmt: skip
        for step in range(self._first_step, recipe.steps):
            rng = np.random.default_rng((recipe.seed, step))
            chosen = [self._patches[corpora[i]] for i in rng.choice(len(corpora), recipe.batch, p=shares / shares.sum())]
            crops = [augmented(rng, group[int(rng.integers(len(group)))], views) for group in chosen]
            yield tuple(  # type: ignore[misc]  # three of them
                torch.from_numpy(np.stack([getattr(crop, name) for crop in crops])).permute(0, 3, 1, 2).contiguous()
                for name in ("pixels", "targets", "known")
            )


def _learning_rate(step: int, recipe: Recipe) -> float:
    """A linear start over 3 % of the steps, then a half cosine to a hundredth (Loshchilov and Hutter, ICLR 2017)."""
    start = max(1, recipe.steps * 3 // 100)
    if step < start:
        return recipe.learning_rate * (step + 1) / start
    done = (step - start) / max(1, recipe.steps - start)
    return recipe.learning_rate * (0.01 + 0.99 * 0.5 * (1.0 + math.cos(math.pi * done)))


def _averaged(network: nn.Module, decay: float) -> torch.optim.swa_utils.AveragedModel:
    average = torch.optim.swa_utils.get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]  # torch's own
    return torch.optim.swa_utils.AveragedModel(network, multi_avg_fn=average, use_buffers=True)


def fit(recipe: Recipe, data: Path, run: Path, threads: int = 1) -> Path:
    """Train by `recipe` on the corpora under `data`; all that comes out lies in the folder `run`.

    A run that was interrupted goes on from its last checkpoint. Gives the path of the averaged weights. On a CPU one thread
    in bfloat16 was nearly twice as fast as two in float32. Raises DatasetError.
    """
    torch.manual_seed(recipe.seed)
    torch.set_num_threads(threads)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    patches = {corpus: pack(corpus, recipe, data, run.parent / "packed") for corpus in recipe.shares}
    network = FieldNet(len(CHANNELS), recipe.widths).to(device)
    if recipe.init_from is not None:
        pixels, _, _ = next(iter(Crops(patches, recipe, 0)))
        load_weights(network, recipe.init_from, pixels.to(device, torch.float32) / 255.0)
    average = _averaged(network, recipe.ema)
    optimiser = torch.optim.AdamW(network.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay)
    run.mkdir(parents=True, exist_ok=True)
    (run / "recipe.json").write_text(recipe.model_dump_json(indent=2), encoding="utf-8")
    checkpoint, weights, curve = run / "checkpoint.pt", run / "weights.pt", run / "loss.csv"
    first_step = 0
    if checkpoint.exists():
        state = torch.load(checkpoint, map_location=device, weights_only=True)
        network.load_state_dict(state["network"])
        average.load_state_dict(state["average"])
        optimiser.load_state_dict(state["optimiser"])
        first_step = int(state["step"])
        log.info("going on from step %d", first_step)
    loader = DataLoader(Crops(patches, recipe, first_step), batch_size=None, num_workers=1, prefetch_factor=6)
    recent: list[float] = []
    with _progress() as progress, curve.open("a", newline="", encoding="utf-8") as table:
        bar = progress.add_task(recipe.name, total=recipe.steps, completed=first_step, loss=float("nan"))
        for step, batch in enumerate(loader, start=first_step):
            recent.append(_step(network, average, optimiser, batch, _learning_rate(step, recipe), device))
            progress.update(bar, advance=1, loss=recent[-1])
            if (step + 1) % 50 == 0:
                csv.writer(table).writerow([step + 1, f"{np.mean(recent):.5f}"])
                table.flush()
                recent.clear()
            if (step + 1) % recipe.checkpoint_every == 0 or step + 1 == recipe.steps:
                # The weights first: a kill between the two is mended by the steps that the older checkpoint repeats.
                _save(average.module.state_dict(), weights)
                _save({"step": step + 1, "network": network.state_dict(), "average": average.state_dict(),
                       "optimiser": optimiser.state_dict()}, checkpoint)  # fmt: skip
    return weights


def _step(
    network: nn.Module, average: torch.optim.swa_utils.AveragedModel, optimiser: torch.optim.Optimizer, batch: Batch,
    learning_rate: float, device: torch.device,
) -> float:  # fmt: skip
    """One batch: forward, loss, backward, average. The loss as a number."""
    pixels, targets, known = (tensor.to(device, torch.float32) for tensor in batch)
    for group in optimiser.param_groups:
        group["lr"] = learning_rate
    network.train()
    with torch.autocast(device.type, torch.bfloat16):
        logits = network((pixels / 255.0).contiguous(memory_format=torch.channels_last))
    loss = field_loss(logits.float(), targets / 255.0, known)
    optimiser.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]  # torch's own
    torch.nn.utils.clip_grad_norm_(network.parameters(), 2.0)
    optimiser.step()
    average.update_parameters(network)
    return float(loss.detach())


def _save(state: object, path: Path) -> None:
    """Write beside, then replace: a kill leaves the old file or the new one."""
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    partial.replace(path)


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn(),
        TextColumn("loss {task.fields[loss]:.4f}"),
    )  # fmt: skip
