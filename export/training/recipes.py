"""Recipes of every task: the field network's own, and those of the zoo's segmentation networks and classifiers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import Discriminator, Field, Tag, TypeAdapter, ValidationError, model_validator

from engines.filters import Filter
from export.training.field_recipe import FieldRecipe
from export.training.recipe import RecipeError, Strict


class Schedule(Strict):
    """How the learning rate goes on, epoch by epoch, and when training ends early.

    `plateau`: times `factor` when the loss did not fall by `min_delta` for `patience_epochs`. `cosine`: a linear start over
    3 % of the steps, then a half cosine to a hundredth. `stop_after_epochs` without a fall ends the phase, with any kind.
    """

    kind: Literal["constant", "cosine", "plateau"] = "constant"
    factor: float = Field(default=0.1, gt=0, lt=1)
    patience_epochs: int = Field(default=4, ge=1)
    min_delta: float = Field(default=1e-4, ge=0)
    stop_after_epochs: int | None = Field(default=None, ge=1)


class Augmentation(Strict):
    """`field`: any turn, zoom, colour and noise, as HemoCam's own network learns. `turns`: flips, and rotation within +-
    `rotation_degrees`. `do-unet`: the eight steps of that paper."""

    kind: Literal["none", "field", "turns", "do-unet"] = "none"
    rotation_degrees: float = Field(default=0.0, ge=0, le=180)
    colours: bool = False
    """Another exposure, white balance and saturation too, as of another slide (`turns` alone)."""
    with_originals: bool = False
    """Each epoch shows every picture twice, as it is and changed (`turns` alone)."""


class CorpusSplits(Strict):
    """The corpus says which sample is for what."""

    by: Literal["corpus"]
    train: tuple[str, ...] = ("train",)
    val: tuple[str, ...] = ("val",)


class GroupSplits(Strict):
    """Whole slides or patients are drawn for each side; these are their shares."""

    by: Literal["group"]
    train: float = Field(gt=0, lt=1)
    val: float = Field(gt=0, lt=1)
    test: float = Field(ge=0, lt=1)


class FoldSplits(Strict):
    """Cross-validation by slide or patient: `repeats` times `folds` runs. `test` is held back from all of them, as the
    corpus' own split `test` or, if that share is above 0, drawn by slide."""

    by: Literal["folds"]
    repeats: int = Field(default=1, ge=1)
    folds: int = Field(ge=2)
    test: float = Field(default=0.0, ge=0, lt=1)


Splits = Annotated[CorpusSplits | GroupSplits | FoldSplits, Field(discriminator="by")]


class _Training(Strict):
    name: str
    seed: int
    architecture: str
    corpus: str
    folder: str | None = None
    """The corpus' folder under --data; its own name if not given."""
    splits: Splits
    batch: int = Field(ge=1)
    epoch_steps: int | None = Field(default=None, ge=1)
    """Steps that are called an epoch; one pass over the data if not given."""
    optimiser: Literal["adam", "adamw", "sgd"] = "adam"
    learning_rate: float = Field(gt=0)
    weight_decay: float = Field(default=0.0, ge=0)
    clip_norm: float | None = Field(default=None, gt=0)
    schedule: Schedule = Schedule()
    augmentation: Augmentation = Augmentation()
    ema: float | None = Field(default=None, gt=0, lt=1)
    """Decay of the running average of the weights, which is then what is kept."""
    keep: Literal["best", "last"] = "best"
    """Which epoch's weights come out: that of the smallest validation loss, or the last."""
    norm_momentum: float | None = Field(default=None, gt=0, lt=1)
    """How much of its running mean and variance a batch normalisation keeps at each step; each network's own if not given.
    Keras' 0.99 and 0.999 are for long trainings: after 1000 steps 0.999 still holds a third of what it began with."""
    bfloat16: bool = True
    init_from: Path | None = None
    licence: str
    data: tuple[str, ...]


class Phase(Strict):
    """A part of the training with targets of its own. `targets` names what each output channel learns (the recipe's channels
    if not given), `only_with` leaves out fields that have no such label, `freeze_mask` keeps the mask head as it is."""

    epochs: int = Field(ge=1)
    targets: tuple[str, ...] | None = None
    only_with: str | None = None
    freeze_mask: bool = False
    learning_rate: float | None = Field(default=None, gt=0)


class _Pixels(_Training):
    """What segmentation by any loss has in common. One of `cell_diameter_px` (fields are scaled to it and white-balanced as on
    the device, crops of `crop_px` are cut) and `side_px` (each picture is resized to a square) must be given."""

    width: int | None = Field(default=None, ge=1)
    channels: tuple[str, ...] = Field(min_length=1)
    cell_diameter_px: float | None = Field(default=None, gt=8, lt=128)
    crop_px: int | None = Field(default=None, ge=32)
    side_px: int | None = Field(default=None, ge=32)
    filters: tuple[Filter, ...] = ()
    phases: tuple[Phase, ...] = Field(min_length=1)
    val_crops: int = Field(default=24, ge=1)

    @model_validator(mode="after")
    def _one_size(self) -> _Pixels:
        if (self.cell_diameter_px is None) == (self.side_px is None):
            raise ValueError("give either cell_diameter_px with crop_px, or side_px")
        if (self.cell_diameter_px is None) != (self.crop_px is None):
            raise ValueError("cell_diameter_px and crop_px belong together")
        for phase in self.phases:
            if phase.targets is not None and len(phase.targets) != len(self.channels):
                raise ValueError(f"phases: targets {list(phase.targets)} must be as many as the channels {list(self.channels)}")
        return self


class SegmentationRecipe(_Pixels):
    """A segmentation network and its loss. `levels` is for networks of several levels: learn from the `last` alone, from `all`,
    or one after the other as each passes its threshold (`gated`, DCED-Net's rule: export.zoo.dced_net.level_to_train)."""

    task: Literal["segmentation"]
    loss: Literal["bce", "bce-dice", "dice", "mse", "tversky", "l1"] = "bce"
    channel_weights: tuple[float, ...] | None = None
    levels: Literal["last", "all", "gated"] = "last"


class AdversarialRecipe(_Pixels):
    """A generator against a discriminator of patches: adversarial loss plus `l1_weight` times L1."""

    task: Literal["adversarial"]
    l1_weight: float = Field(default=100.0, ge=0)
    discriminator_learning_rate: float | None = Field(default=None, gt=0)
    beta1: float = Field(default=0.5, ge=0, lt=1)


class CellCropping(Strict):
    """Crops are cut as the device cuts them (engines.crop): `diameters` red cell diameters wide. Training shifts, enlarges and
    turns them as a field's centres and scale may be off, shows `empty_share` of them beside the cell as the class `empty`, and
    `palette_share` of them in the colours of the white cells of other corpora, `palettes`."""

    diameters: float = Field(gt=0.5, le=12)
    shift: float = Field(default=0.15, ge=0, le=1)
    """Standard deviation, in red cell diameters."""
    zoom: float = Field(default=0.12, ge=0, le=0.5)
    """Standard deviation of its logarithm."""
    empty: str | None = None
    empty_share: float = Field(default=0.0, ge=0, lt=0.5)
    palettes: tuple[Literal["txl", "cbc"], ...] = ()
    palette_share: float = Field(default=0.5, ge=0, le=1)
    smoothed: float = Field(default=0.0, ge=0, le=1)
    """How often a cell is shown without its chromatin's texture, as phones and denoising cameras do."""
    rehued: float = Field(default=0.0, ge=0, le=1)
    """How often all its hues are turned: one laboratory's purple is another's magenta or blue."""


class ClassificationRecipe(_Training):
    """A classifier of single cells. `class_weights`: `balanced` is total / (count * classes), `root` its square root."""

    task: Literal["classification"]
    side_px: int = Field(ge=32)
    classes: tuple[str, ...] = Field(min_length=2)
    ignore: tuple[str, ...] = ()
    """Labels of the corpus that are left out."""
    epochs: int = Field(ge=1)
    class_weights: Literal["none", "balanced", "root"] = "none"
    masked: bool = False
    """What lies outside of the crop's mask `rbc` is black: the cell alone is judged."""
    cropping: CellCropping | None = None
    """How cells are cut from pictures at their own scale; else the corpus' crops are squares of `side_px` as they are."""
    smoothing: float = Field(default=0.0, ge=0, lt=1)
    """Of the labels, in the loss (Szegedy et al., 2016)."""


def _task(content: Any) -> str:
    task = content.get("task", "field") if isinstance(content, dict) else getattr(content, "task", "field")
    return str(task)


ZooRecipe = SegmentationRecipe | AdversarialRecipe | ClassificationRecipe
AnyRecipe = FieldRecipe | ZooRecipe
_ANY: TypeAdapter[AnyRecipe] = TypeAdapter(
    Annotated[
        Annotated[FieldRecipe, Tag("field")]
        | Annotated[SegmentationRecipe, Tag("segmentation")]
        | Annotated[AdversarialRecipe, Tag("adversarial")]
        | Annotated[ClassificationRecipe, Tag("classification")],
        Discriminator(_task),
    ]
)


def load_recipe(path: Path) -> AnyRecipe:
    """Read and check a recipe of any task. Raises RecipeError, which names the file and the keys."""
    try:
        return _ANY.validate_python(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise RecipeError(f"{path} cannot be read: {error}") from error
    except ValidationError as error:
        tasks = ("field", "segmentation", "adversarial", "classification")
        problems = []
        for found in error.errors():
            place = [str(part) for part in found["loc"]]
            keys = place[1:] if place and place[0] in tasks else place
            problems.append(f"{'.'.join(keys) or 'task'}: {found['msg']}")
        raise RecipeError(f"{path}: {'; '.join(problems)}") from error
