"""What is known of a source: said by the user, else by the recipe that lies beside it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from export.bringing.model_folder import ManifestFacts
from export.bringing.spec import BringingSpec
from export.conversion_error import ConversionError
from export.normalisation import Normalisation
from export.training.field_recipe import FieldRecipe
from export.training.recipe import RecipeError
from export.training.recipes import ClassificationRecipe, ZooRecipe, load_recipe
from export.training.run_folder import RunFolder
from export.training.targets import CHANNELS
from export.zoo import ARCHITECTURES

RECIPE = "recipe.yaml"
MARGIN_PX = 8
"""As the field network's: without a mirrored border cells that it cuts are missed (export.publishing)."""


@dataclass(frozen=True, slots=True)
class Said:
    """What the user says of a network; None and () leave it to the recipe beside the source."""

    architecture: str | None = None
    channels: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    width: int | None = None
    side_px: int | None = None
    cell_diameter_px: float | None = None
    normalisation: Normalisation = field(default_factory=Normalisation)
    layout: Literal["nchw", "nhwc"] | None = None
    outputs: tuple[str, ...] = ()
    name: str | None = None
    licence: str | None = None


def given(source: Path, said: Said) -> tuple[BringingSpec, ManifestFacts]:
    """How to bring `source` in, and its manifest. A run's folder stands for its weights (`weights_of`).

    Raises ConversionError where the recipe cannot be read or too little is known.
    """
    path = source.parent / RECIPE
    name = said.name or _plain(source.stem)
    if not path.is_file():
        return _spec(said), ManifestFacts(name, said.licence or "not stated")
    try:
        recipe = load_recipe(path)
    except RecipeError as error:
        raise ConversionError(str(error)) from error
    known = _field(recipe) if isinstance(recipe, FieldRecipe) else _zoo(recipe)
    if known.channels and (said.cell_diameter_px or known.cell_diameter_px) is None:
        known = replace(known, cell_diameter_px=_learnt(source.parent))
    named = said.channels or said.classes
    said = replace(
        said, architecture=said.architecture or known.architecture, width=said.width or known.width,
        channels=said.channels if named else known.channels, classes=said.classes if named else known.classes,
        side_px=said.side_px or known.side_px, cell_diameter_px=said.cell_diameter_px or known.cell_diameter_px,
    )  # fmt: skip
    manifest = ManifestFacts(
        said.name or _plain(recipe.name), said.licence or recipe.licence,
        white_balance=getattr(recipe, "cell_diameter_px", None) is not None, margin_px=MARGIN_PX * bool(known.channels),
        filters=getattr(recipe, "filters", ()), masked=getattr(recipe, "masked", False),
        more={"seed": recipe.seed, "recipe": path.name, "data": list(recipe.data)},
    )  # fmt: skip
    return _spec(said), manifest


def weights_of(source: Path) -> Path:
    """The file to bring in: of a run's folder its weights."""
    return source / "weights.pt" if (source / RECIPE).is_file() else source


def _spec(said: Said) -> BringingSpec:
    return BringingSpec(
        channels=said.channels, classes=said.classes, architecture=said.architecture, width=said.width, side_px=said.side_px,
        cell_diameter_px=said.cell_diameter_px, normalisation=said.normalisation, layout=said.layout, outputs=said.outputs,
    )  # fmt: skip


def _field(recipe: FieldRecipe) -> Said:
    first, *others = recipe.widths
    if others != [2 * first, 4 * first, 4 * first]:
        raise ConversionError(
            f"the recipe's widths {list(recipe.widths)} are not {first} times 1, 2, 4, 4; use hemocam export publish"
        )
    return Said("field", tuple(CHANNELS), width=first, cell_diameter_px=recipe.cell_diameter_px)


def _zoo(recipe: ZooRecipe) -> Said:
    if isinstance(recipe, ClassificationRecipe):
        return Said(recipe.architecture, classes=recipe.classes, side_px=recipe.side_px)
    # An unpadded network is run in squares as large as it learnt on; a padded one takes whole fields, whatever it learnt on.
    unpadded = recipe.architecture in ARCHITECTURES and ARCHITECTURES[recipe.architecture].context_px > 0
    side_px = (recipe.crop_px or recipe.side_px) if unpadded else None
    return Said(
        recipe.architecture, recipe.channels, width=recipe.width, side_px=side_px, cell_diameter_px=recipe.cell_diameter_px
    )  # fmt: skip


def _learnt(run: Path) -> float | None:
    try:
        return RunFolder(run).read_scale()
    except RecipeError as error:
        raise ConversionError(str(error)) from error


def _plain(name: str) -> str:
    """`name` as a manifest allows it."""
    return "-".join("".join(c if c.isascii() and c.isalnum() else " " for c in name.lower()).split()) or "model"
