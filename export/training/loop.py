"""The loop that every training shares: steps, epochs, checkpoints, and going on after a kill."""

from __future__ import annotations

import logging
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from torch import Tensor, nn
from torch.utils.data import DataLoader, IterableDataset

from export.training.average import Average, averaged
from export.training.curves import draw, write_table
from export.training.plateau import Plateau, cosine
from export.training.recipes import Schedule
from export.training.run_folder import RunFolder, save

log = logging.getLogger(__name__)
Batch = tuple[Tensor, ...]


class Batches(Protocol):
    """The data of one phase. A step's batch follows from the step alone, so that a resumed run sees what it would have."""

    @property
    def epoch_steps(self) -> int:
        """Steps that are called an epoch."""

    def batch(self, step: int) -> Batch:
        """Batch number `step` of the phase, from 0."""


class Learner(Protocol):
    """What is trained, and how one step of it goes."""

    @property
    def network(self) -> nn.Module:
        """Whose weights come out."""

    @property
    def modules(self) -> Mapping[str, nn.Module]:
        """All that learns, the network too."""

    @property
    def optimisers(self) -> Mapping[str, torch.optim.Optimizer]:
        """By the module that each teaches."""

    @property
    def base_rates(self) -> Mapping[str, float]:
        """Each optimiser's learning rate before any schedule."""

    def begin(self, phase: int) -> None:
        """Make a phase' optimisers, freeze what it keeps."""

    def step(self, batch: Batch) -> dict[str, float]:
        """One batch; its figures, `loss` among them."""

    def validate(self) -> dict[str, float]:
        """Figures on what is not learnt from, `val_loss` among them; empty where there is nothing to ask."""

    def end_epoch(self, figures: Mapping[str, float]) -> None:
        """See the epoch's mean figures: rules of the learner's own."""

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps beside modules and optimisers."""

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from `state`."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What the loop does: for each phase so many epochs of these batches."""

    name: str
    phases: Sequence[tuple[int, Batches]]
    schedule: Schedule
    ema: float | None = None
    keep_best: bool = True
    workers: int = 1


class _Steps(IterableDataset[Batch]):
    def __init__(self, batches: Batches, first: int, last: int) -> None:
        self._batches, self._first, self._last = batches, first, last

    def __iter__(self) -> Iterator[Batch]:
        return (self._batches.batch(step) for step in range(self._first, self._last))


@dataclass(slots=True)
class _Place:
    """How far a run is: all epochs before `epoch` of `phase` are done."""

    phase: int = 0
    epoch: int = 0
    best: float = float("inf")


def seed_everything(seed: int) -> None:
    """Torch for the weights and dropout; Python's and numpy's too, from which Keras takes the seeds of its layers."""
    torch.manual_seed(seed)
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002  # the global state is what Keras reads


class Loop:
    """One run from its recipe to its weights. A run that was interrupted goes on from the last finished epoch: on the CPU it
    ends with the very weights of one that was not."""

    def __init__(self, learner: Learner, plan: Plan, folder: RunFolder) -> None:
        self._learner, self._plan, self._folder = learner, plan, folder
        self._average = Average(learner.network, plan.ema) if plan.ema is not None else None
        self._plateau = Plateau(plan.schedule)
        self._place = _Place()
        self._rows: list[dict[str, float]] = []

    def run(self) -> None:
        """Train to the end."""
        state = self._folder.resume()
        self._learner.begin(0 if state is None else int(state["phase"]))
        if state is not None:
            self._restore(state)
        with _progress() as progress:
            total = sum(epochs * batches.epoch_steps for epochs, batches in self._plan.phases)
            bar = progress.add_task(self._plan.name, total=total, completed=self._done(), loss=float("nan"))
            while self._place.phase < len(self._plan.phases):
                self._phase(progress, bar)
        if self._rows:
            draw(self._rows, self._folder.picture, self._plan.name)

    def _done(self) -> int:
        before = sum(epochs * batches.epoch_steps for epochs, batches in self._plan.phases[: self._place.phase])
        if self._place.phase == len(self._plan.phases):
            return before
        return before + self._place.epoch * self._plan.phases[self._place.phase][1].epoch_steps

    def _phase(self, progress: Progress, bar: Any) -> None:
        """What is left of the phase, then the start of the next."""
        place = self._place
        epochs, batches = self._plan.phases[place.phase]
        steps = _Steps(batches, place.epoch * batches.epoch_steps, epochs * batches.epoch_steps)
        # The loader draws a seed for its workers: from a generator of its own, not from the one that dropout goes on with.
        loader = iter(
            DataLoader(
                steps, batch_size=None, num_workers=self._plan.workers, generator=torch.Generator().manual_seed(0),
                prefetch_factor=4 if self._plan.workers else None,
            )
        )  # fmt: skip
        stop = False
        while place.epoch < epochs and not stop:
            figures: list[dict[str, float]] = []
            for index in range(batches.epoch_steps):
                self._set_rates(place.epoch * batches.epoch_steps + index, epochs * batches.epoch_steps)
                figures.append(self._learner.step(next(loader)))
                if self._average is not None:
                    self._average.update(self._learner.network)
                progress.update(bar, advance=1, loss=figures[-1]["loss"])
            stop = self._end_epoch({name: float(np.mean([one[name] for one in figures])) for name in figures[0]}, epochs)
        del loader
        progress.update(bar, completed=self._done())

    def _set_rates(self, step: int, steps: int) -> None:
        scale = cosine(step, steps) if self._plan.schedule.kind == "cosine" else self._plateau.scale
        for name, optimiser in self._learner.optimisers.items():
            for group in optimiser.param_groups:
                group["lr"] = self._learner.base_rates[name] * scale

    def _end_epoch(self, trained: dict[str, float], epochs: int) -> bool:
        """Validate, keep what is best, write all down. True where the phase ends here."""
        place, plan = self._place, self._plan
        with averaged(self._learner.network, self._average):
            figures = {**trained, **self._learner.validate()}
        rate = float(next(iter(self._learner.optimisers.values())).param_groups[0]["lr"])
        self._rows.append(
            {"epoch": float(len(self._rows) + 1), "phase": float(place.phase + 1), "learning_rate": rate, **figures}
        )
        self._learner.end_epoch(figures)
        judged = figures.get("val_loss", figures["loss"])
        stop = self._plateau.seen(judged)
        place.epoch += 1
        over = stop or place.epoch == epochs
        if not plan.keep_best or judged < place.best:
            place.best = min(place.best, judged)
            # The weights first: a kill between the two is mended by the epoch that the older checkpoint repeats.
            save(self._weights(), self._folder.weights)
        if over:
            # The best of an earlier phase learnt something else: each phase finds its own, and starts with the last weights.
            place.phase, place.epoch, place.best = place.phase + 1, 0, float("inf")
            self._plateau = Plateau(plan.schedule)
            if place.phase < len(plan.phases):
                self._learner.begin(place.phase)
        self._save()
        return over

    def _weights(self) -> dict[str, Tensor]:
        state = self._learner.network.state_dict() if self._average is None else self._average.state_dict()
        return {name: value.detach().clone() for name, value in state.items()}

    def _save(self) -> None:
        learner, place = self._learner, self._place
        cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
        save(
            {
                "phase": place.phase, "epoch": place.epoch, "best": place.best, "rows": self._rows,
                "plateau": self._plateau.state(), "learner": learner.state(),
                "average": None if self._average is None else self._average.state(),
                "modules": {name: module.state_dict() for name, module in learner.modules.items()},
                "optimisers": {name: optimiser.state_dict() for name, optimiser in learner.optimisers.items()},
                "rng": torch.get_rng_state(), "cuda_rng": cuda,
            },
            self._folder.checkpoint,
        )  # fmt: skip
        write_table(self._rows, self._folder.curves)

    def _restore(self, state: Mapping[str, Any]) -> None:
        learner = self._learner
        self._place = _Place(int(state["phase"]), int(state["epoch"]), float(state["best"]))
        self._rows = [dict(row) for row in state["rows"]]
        self._plateau.restore(state["plateau"])
        learner.restore(state["learner"])
        for name, module in learner.modules.items():
            module.load_state_dict(state["modules"][name])
        for name, optimiser in learner.optimisers.items():
            optimiser.load_state_dict(state["optimisers"][name])
        if self._average is not None:
            self._average.restore(state["average"])
        torch.set_rng_state(state["rng"])
        if state["cuda_rng"] and torch.cuda.is_available():
            torch.cuda.set_rng_state_all(state["cuda_rng"])
        log.info("going on after %d epochs", len(self._rows))


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn(),
        TextColumn("loss {task.fields[loss]:.4f}"),
    )  # fmt: skip
