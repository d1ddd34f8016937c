"""Runs that training left, as model folders that the device's own code opens."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError

import torch

from engines.manifest import (
    ClassDecoding,
    ClassifierManifest,
    Manifest,
    ModelFile,
    PreparationCard,
    Tiling,
)
from export.evaluation.errors import EvaluationError
from export.model_folder import Card, write_card
from export.publishing import MARGIN_PX
from export.to_onnx import onnx_bytes
from export.training.recipes import AdversarialRecipe, ClassificationRecipe, SegmentationRecipe, load_any_recipe
from export.zoo import architecture

PixelRecipe = SegmentationRecipe | AdversarialRecipe
DECODING = ClassDecoding(
    method="watershed", foreground_threshold=0.5, min_area_ratio=0.1, diameter_ratio=1.0, min_separation_ratio=0.3,
    merge_valley_ratio=0.85,
)  # fmt: skip
"""The defaults of edge.counting.settings for every network: nothing was tuned for one of them."""
TILE_PX = 380
"""Squares of an unpadded network: 4 + 8 n, and a 640x480 field takes six of them instead of the 35 of the paper's 188 px."""


@dataclass(frozen=True, slots=True)
class TrainedRun:
    """The folder of a run that came to its end, and what it was trained by."""

    folder: Path
    recipe: PixelRecipe | ClassificationRecipe

    @property
    def weights(self) -> Path:
        return self.folder / "weights.pt"


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """A run as a model folder; `title` is what a table calls it."""

    title: str
    run: TrainedRun
    folder: Path
    card: Card
    file_bytes: int


def trained_runs(runs: Path) -> tuple[list[TrainedRun], list[Path]]:
    """The zoo's runs under `runs`, by name, and the folders that have a recipe but no weights yet. Raises RecipeError, or
    EvaluationError where there is none at all."""
    found, unfinished = [], []
    for path in sorted(runs.glob("*/recipe.yaml")):
        recipe = load_any_recipe(path)
        if not isinstance(recipe, SegmentationRecipe | AdversarialRecipe | ClassificationRecipe):
            continue
        if (path.parent / "weights.pt").is_file():
            found.append(TrainedRun(path.parent, recipe))
        else:
            unfinished.append(path.parent)
    if not found:
        raise EvaluationError(
            f"{runs} holds no trained run; train its recipes first: hemocam export train RECIPE --run {runs}/…"
        )
    return found, unfinished


def as_model(run: TrainedRun, folder: Path, title: str = "") -> TrainedModel:
    """Write the run's FP32 ONNX file and a card into the new `folder`. Raises EvaluationError, ConversionError, ZooError."""
    recipe = run.recipe
    kind = architecture(recipe.architecture)
    if isinstance(recipe, ClassificationRecipe):
        labels, side_px = recipe.classes, recipe.side_px
        network = kind.build(len(labels), side_px)
    else:
        if recipe.cell_diameter_px is None or recipe.preprocessing:
            raise EvaluationError(
                f"{run.folder}: {recipe.name} learnt on pictures that the device does not make (side_px or preprocessing); "
                "the table is of networks for whole fields: train one with cell_diameter_px alone"
            )
        labels, side_px = recipe.channels, None
        network = kind.build(len(labels), recipe.width)
    try:
        network.load_state_dict(torch.load(run.weights, map_location="cpu", weights_only=True))
        source = hashlib.sha256(run.weights.read_bytes()).hexdigest()
    except (OSError, EOFError, RuntimeError, UnpicklingError) as error:
        raise EvaluationError(f"{run.weights} does not fit {recipe.architecture}: {error}") from error
    network.eval()
    diameter_px = None if isinstance(recipe, ClassificationRecipe) else recipe.cell_diameter_px
    content = onnx_bytes(
        recipe.architecture, network, labels, side_px=side_px, cell_diameter_px=diameter_px, source_sha256=source
    )
    card = _card(recipe, sum(one.numel() for one in network.parameters()), hashlib.sha256(content).hexdigest())
    folder.mkdir(parents=True)
    (folder / card.files[0].file).write_bytes(content)
    write_card(folder, card)
    return TrainedModel(title or recipe.architecture, run, folder, card, len(content))


def _card(recipe: PixelRecipe | ClassificationRecipe, parameters: int, sha256: str) -> Card:
    kind = architecture(recipe.architecture)
    common = {
        "name": recipe.name, "version": "0", "description": f"{recipe.architecture}, as it came from training.",
        "licence": recipe.licence, "research_only": True, "data": recipe.data, "sources": (kind.paper or "unknown",),
        "seed": recipe.seed, "recipe": f"{recipe.name}.yaml", "parameters": parameters,
        "files": (ModelFile(file="model-fp32.onnx", sha256=sha256, precision="fp32"),),
    }  # fmt: skip
    if isinstance(recipe, ClassificationRecipe):
        content = {**common, "task": "classification", "classes": recipe.classes, "side_px": recipe.side_px}
        return ClassifierManifest.model_validate(content)
    preparation = PreparationCard(
        cell_diameter_px=recipe.cell_diameter_px or 0.0, white_percentile=95.0, white_level=235, most_gain=4.0,
        multiple_px=kind.multiple_px, margin_px=MARGIN_PX,
    )  # fmt: skip
    tiling = Tiling(side_px=TILE_PX, context_px=kind.context_px, unpadded=True) if kind.context_px else None
    decoding = {"rbc": DECODING}
    return Manifest.model_validate(
        {**common, "channels": recipe.channels, "preparation": preparation, "decoding": decoding, "tiling": tiling}
    )
