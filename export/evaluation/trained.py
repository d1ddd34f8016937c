"""Runs that training left, as model folders that the device's own code opens."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from engines.manifest import ClassDecoding, load_any_manifest
from export.bringing import bring, write_model_folder
from export.chain.given import Said, given
from export.conversion_error import ConversionError
from export.evaluation.errors import EvaluationError
from export.model_folder import AnyManifest
from export.training.recipes import AdversarialRecipe, ClassificationRecipe, SegmentationRecipe, load_recipe
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
    manifest: AnyManifest
    file_bytes: int


def trained_runs(runs: Path) -> tuple[list[TrainedRun], list[Path]]:
    """The zoo's runs under `runs`, by name, and the folders that have a recipe but no weights yet. Raises RecipeError, or
    EvaluationError where there is none at all."""
    found, unfinished = [], []
    for path in sorted(runs.glob("*/recipe.yaml")):
        recipe = load_recipe(path)
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
    """The run as the new model folder that `hemocam export run` would begin with. Raises EvaluationError, ConversionError."""
    recipe = run.recipe
    pixels = not isinstance(recipe, ClassificationRecipe)
    unpadded = pixels and architecture(recipe.architecture).context_px > 0
    try:
        spec, manifest = given(run.weights, Said(side_px=TILE_PX if unpadded else None))
        more = {**manifest.more, "decoding": {"rbc": DECODING.model_dump()}} if pixels else manifest.more
        write_model_folder(folder, bring(run.weights, spec), spec, replace(manifest, more=more))
    except ConversionError as error:
        raise EvaluationError(f"{run.folder}: {error}") from error
    made = load_any_manifest(folder)
    size = (folder / made.files[0].file).stat().st_size
    return TrainedModel(title or recipe.architecture, run, folder, made, size)
