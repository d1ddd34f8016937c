"""From a folder of runs to a table of them."""

from __future__ import annotations

from pathlib import Path

from export.evaluation.classifier_sheet import classifier_sheet, measure_classifier
from export.evaluation.errors import EvaluationError
from export.evaluation.models import Tell
from export.evaluation.network_sheet import field_samples, measure_network, network_sheet
from export.evaluation.sheet import Sheet
from export.evaluation.trained import TrainedRun, as_model, trained_runs
from export.training.recipes import ClassificationRecipe

Table = tuple[Sheet, list[Path]]
"""The table, and the folders whose training has not ended."""


def network_table(runs: Path, data: Path, threads: int, workplace: Path, tell: Tell) -> Table:
    """Every network for fields among the runs; ONNX files are made in `workplace`."""
    chosen, unfinished = _of_kind(runs, classifiers=False)
    samples = field_samples(data)
    models = (as_model(run, workplace / title, title) for title, run in chosen.items())
    measured = [measure_network(model, samples, threads, tell) for model in models]
    return network_sheet(measured, threads), unfinished


def classifier_table(runs: Path, data: Path, split: str, threads: int, workplace: Path, tell: Tell) -> Table:
    """Every classifier among the runs."""
    chosen, unfinished = _of_kind(runs, classifiers=True)
    models = (as_model(run, workplace / title, title) for title, run in chosen.items())
    measured = [measure_classifier(model, data, split, threads, tell) for model in models]
    return classifier_sheet(measured, split, threads), unfinished


def _of_kind(runs: Path, *, classifiers: bool) -> tuple[dict[str, TrainedRun], list[Path]]:
    """The runs by what the table calls them: the network, or the folder where a network was trained more than once."""
    found, unfinished = trained_runs(runs)
    chosen = [run for run in found if isinstance(run.recipe, ClassificationRecipe) is classifiers]
    if not chosen:
        raise EvaluationError(f"{runs} holds no trained {'classifier' if classifiers else 'network for fields'}")
    names = [run.recipe.architecture for run in chosen]
    return {
        name if names.count(name) == 1 else run.folder.name: run for name, run in zip(names, chosen, strict=True)
    }, unfinished
