"""A model's manifest: what its files are, how to feed them and how to read them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from engines.contract import ManifestInvalid, ModelCorrupt
from engines.filters import Filter
from engines.prepare import Preparation

FILE_NAME = "manifest.yaml"
CHANNELS = (*(f"{kind}{map_}" for kind in ("rbc", "wbc", "plt") for map_ in ("", "_outline", "_centre")), "rbc_size")
# What PyYAML raises besides its own error for a date such as 2026-13-45, a number such as 0x_, tags such as !!int "" and
# a thousand brackets.
_UNREADABLE = (yaml.YAMLError, ValueError, OverflowError, TypeError, LookupError, AttributeError, RecursionError)
MOST_SHOWN = 25
"""A message names so many wrong keys: a file that is no manifest at all may have hundreds."""
LARGEST_BYTES = 1_000_000
"""A manifest is some 4 kB; a larger file is another one, and PyYAML would read it for minutes."""


_FILE = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
_SHA256 = r"^[0-9a-f]{64}$"
Precision = Literal["fp32", "fp16", "int8", "int8-symmetric"]
"""What a file computes in. `int8` is for onnxruntime's CPU kernels, `int8-symmetric` for TensorRT, `fp16` for a strongly typed
TensorRT; a CPU gains nothing from it."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class PreparationSection(_Strict):
    """See engines.prepare.Preparation."""

    cell_diameter_px: float = Field(ge=1, le=1000)
    white_percentile: float = Field(gt=0, le=100)
    white_level: int = Field(ge=1, le=255)
    most_gain: float = Field(ge=1, le=255)
    multiple_px: int = Field(ge=1, le=4096)
    margin_px: int = Field(default=0, ge=0, le=1024)
    filters: tuple[Filter, ...] = ()


class ClassDecoding(_Strict):
    """How one class is read: above which probability a pixel is the cell, its rim, its centre; which method counts.

    Ratios are of the class' expected diameter, which is `diameter_ratio` red cell diameters; areas are of its disc.
    """

    method: Literal["centres", "watershed", "hough", "components", "distance-peaks"]
    foreground_threshold: float = Field(gt=0, lt=1)
    outline_threshold: float = Field(default=0.5, gt=0, lt=1)
    centre_threshold: float = Field(default=0.35, gt=0, lt=1)
    min_area_ratio: float = Field(gt=0, lt=1)
    diameter_ratio: float = Field(ge=0.01, le=20)
    min_separation_ratio: float = Field(gt=0, lt=1)
    merge_valley_ratio: float = Field(gt=0, lt=1)


class UncertaintySection(_Strict):
    """See edge.counting.interval.Uncertainty."""

    constant: float = Field(ge=0)
    border: float = Field(ge=0)
    unsure: float = Field(ge=0)
    share: float = Field(ge=0)
    crowded: float = Field(ge=0)
    below: float = Field(ge=0)
    above: float = Field(ge=0)


class FamiliaritySection(_Strict):
    """See edge.counting.familiarity.Familiarity."""

    mean: tuple[float, ...]
    precision: tuple[tuple[float, ...], ...]
    limit: float = Field(gt=0)

    @model_validator(mode="after")
    def _square(self) -> FamiliaritySection:
        if any(len(row) != len(self.mean) for row in (*self.precision, self.precision)):
            raise ValueError(f"precision must be {len(self.mean)} rows of as many numbers, as mean has")
        return self


class ModelFile(_Strict):
    """One form of the model beside the manifest."""

    file: str = Field(pattern=_FILE)
    sha256: str = Field(pattern=_SHA256)
    precision: Precision


class Accuracy(_Strict):
    """A figure that `hemocam bench accuracy` printed for this file; percent."""

    data: str
    split: str
    cell_class: str
    method: str
    fields: int
    count_accuracy: float


class TypeAccuracy(_Strict):
    """A figure that `hemocam bench types` printed for the default file: shares, 0..1. `unsure` is wrong in `accuracy` and in
    `balanced`, the mean of the classes' recall; `sure` is the share that is right of those that were named."""

    data: str
    split: str
    cells: int
    accuracy: float
    balanced: float
    unsure: float
    sure: float


class Tiling(_Strict):
    """A network that takes squares of `side_px` alone; of its output `context_px` on every side are not to be trusted or, where
    `unpadded`, not there. Squares overlap by twice the context, so that no seam shows."""

    side_px: int = Field(ge=16, le=4096)
    context_px: int = Field(ge=0, le=1024)
    unpadded: bool = False

    @model_validator(mode="after")
    def _something_is_left(self) -> Tiling:
        if self.side_px <= 2 * self.context_px:
            raise ValueError("side_px must be larger than twice context_px")
        return self


class Reference(_Strict):
    """The sealed frames that every built engine must count as the FP32 file on onnxruntime does.

    `file` is an NPZ beside the manifest: prepared tensors `frame0`, `frame1`, … of (1, height, width, 3) uint8; `counts` are
    what the FP32 file gave when the model was published, one mapping a frame.
    """

    file: str = Field(pattern=_FILE)
    sha256: str = Field(pattern=_SHA256)
    counts: tuple[dict[Literal["rbc", "wbc", "plt"], int], ...] = Field(min_length=1)


class ModelManifest(_Strict):
    """What every model's manifest says; `files` are in order of preference, the default first. A model that was brought in
    knows neither seed nor recipe."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    version: str
    description: str
    licence: str
    research_only: bool
    data: tuple[str, ...]
    sources: tuple[str, ...]
    seed: int | None = None
    recipe: str | None = None
    parameters: int = Field(gt=0)
    files: tuple[ModelFile, ...] = Field(min_length=1)

    def file_of(self, precision: Precision | None) -> ModelFile:
        """The file of this precision, or the default one for None. Raises ManifestInvalid where there is none."""
        for file in self.files:
            if precision is None or file.precision == precision:
                return file
        have = ", ".join(file.precision for file in self.files)
        raise ManifestInvalid(f"model {self.name} has no {precision} file; it has {have}")


class ClassifierManifest(ModelManifest):
    """Of a network that names single cells: logits (batch, classes) of (batch, side_px, side_px, 3) uint8 crops."""

    task: Literal["classification"]
    classes: tuple[str, ...] = Field(min_length=2)
    side_px: int = Field(ge=16, le=1024)
    masked: bool = False
    """Whether it learnt on crops that are black outside of the cell's own outline."""
    names: Literal["rbc", "wbc"] | None = None
    """The class whose cells it names; None of one that was brought in and does not say."""
    diameters: float | None = Field(default=None, gt=0.5, le=12)
    """How wide its crops are, in red cell diameters: see engines.crop."""
    temperature: float = Field(default=1.0, gt=0, le=20)
    """By which its logits are divided, so that its probabilities are what they say."""
    prior: dict[str, float] = Field(default_factory=dict)
    """How often a type occurs on smears, against how often it was learnt: of what is rare more must speak for it (Saerens et
    al., Neural Computation 14, 2002). 1 of those that are not named."""
    unsure_below: float = Field(default=0.0, ge=0, le=1)
    """A cell whose best type, or the group that it is of, is less probable has none."""
    groups: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Types that are kinds of one: who is unsure whether a neutrophil is segmented is sure of the neutrophil."""
    accuracy: tuple[TypeAccuracy, ...] = ()

    @field_validator("classes")
    @classmethod
    def _once(cls, classes: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(classes)) != len(classes):
            raise ValueError("must not name a class twice")
        return classes

    @model_validator(mode="after")
    def _priors_are_of_classes(self) -> ClassifierManifest:
        if not set(self.prior) <= set(self.classes) or not all(0 < share <= 100 for share in self.prior.values()):
            raise ValueError("prior must give classes a number above 0, at most 100")
        return self

    @model_validator(mode="after")
    def _groups_are_of_classes(self) -> ClassifierManifest:
        members = [name for group in self.groups.values() for name in group]
        if len(set(members)) != len(members) or not set(members) <= set(self.classes):
            raise ValueError("groups must name classes, and none twice")
        return self

    def named(self, probabilities: Sequence[float]) -> tuple[str | None, float]:
        """The type of a cell with these probabilities by class, None where it is unsure, and how probable its group is."""
        groups: dict[str, float] = {}
        for name, probability in zip(self.classes, probabilities, strict=True):
            groups[self.group_of(name)] = groups.get(self.group_of(name), 0.0) + probability
        group = max(groups, key=groups.__getitem__)
        if groups[group] < self.unsure_below:
            return None, groups[group]
        members = self.groups.get(group, (group,))
        return max(members, key=lambda name: probabilities[self.classes.index(name)]), groups[group]

    def group_of(self, name: str) -> str:
        """What a class is a kind of: its group, or itself."""
        return next((group for group, members in self.groups.items() if name in members), name)


class Manifest(ModelManifest):
    """Of a network that sees cells in a field. `channels` names the output's channels in order, out of CHANNELS, with the plain
    one of every class in `decoding`."""

    task: Literal["field"] = "field"
    channels: tuple[str, ...] = Field(min_length=1)
    preparation: PreparationSection
    decoding: dict[Literal["rbc", "wbc", "plt"], ClassDecoding]
    tiling: Tiling | None = None
    uncertainty: dict[Literal["rbc", "wbc", "plt"], UncertaintySection] = Field(default_factory=dict)
    familiarity: FamiliaritySection | None = None
    reference: Reference | None = None
    accuracy: tuple[Accuracy, ...] = ()

    @field_validator("channels")
    @classmethod
    def _known_once(cls, channels: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(channels)) != len(channels) or not set(channels) <= set(CHANNELS):
            raise ValueError(f"must each be one of {', '.join(CHANNELS)}, and none twice")
        return channels

    @model_validator(mode="after")
    def _decoded_are_given(self) -> Manifest:
        without = [kind for kind in self.decoding if kind not in self.channels]
        if without:
            raise ValueError(f"decoding names {', '.join(without)}, which channels do not give")
        blind = [
            kind for kind, one in self.decoding.items() if one.method == "centres" and f"{kind}_centre" not in self.channels
        ]
        if blind:
            raise ValueError(f"decoding counts {', '.join(blind)} by centres, which channels do not give; name another method")
        return self

    def preparing(self) -> Preparation:
        return Preparation(**self.preparation.model_dump())


def load_any_manifest(folder: Path) -> Manifest | ClassifierManifest:
    """Read and check the manifest in a model's folder. Raises ManifestInvalid naming the file and every wrong key."""
    path = folder / FILE_NAME
    try:
        if (size := path.stat().st_size) > LARGEST_BYTES:
            raise ManifestInvalid(
                f"{path} is {size} bytes, and a manifest has at most {LARGEST_BYTES}; name another model's folder"
            )
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        if isinstance(content, dict) and content.get("task") == "classification":
            return ClassifierManifest.model_validate(content)
        return Manifest.model_validate(content)
    except FileNotFoundError as error:
        raise ManifestInvalid(f"{path} does not exist; a model is a folder with a {FILE_NAME} and its ONNX file") from error
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        more = [f"and {len(problems) - MOST_SHOWN} more"] if len(problems) > MOST_SHOWN else []
        raise ManifestInvalid(f"{path}: {'; '.join(problems[:MOST_SHOWN] + more)}") from error
    except (OSError, *_UNREADABLE) as error:
        raise ManifestInvalid(f"{path} cannot be read: {error}") from error


def load_manifest(folder: Path) -> Manifest:
    """The manifest of a network that sees cells in a field. Raises ManifestInvalid, also where it is a classifier's."""
    manifest = load_any_manifest(folder)
    if isinstance(manifest, ClassifierManifest):
        raise ManifestInvalid(
            f"{folder / FILE_NAME}: {manifest.name} names single cells; counting needs a model of task `field`"
        )
    return manifest


def checked_bytes(folder: Path, file: ModelFile | Reference) -> bytes:
    """The file's bytes. Raises ModelCorrupt where it is missing or its hash is not the manifest's."""
    path = folder / file.file
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelCorrupt(f"{path} cannot be read ({error.strerror}); install hemocam again or name another model") from error
    found = hashlib.sha256(content).hexdigest()
    if found != file.sha256:
        raise ModelCorrupt(f"{path} has sha256 {found[:12]}…, its manifest says {file.sha256[:12]}…; install hemocam again")
    return content
