"""A model's card: what the file is, how to feed it and how to read it."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from engines.contract import ManifestInvalid, ModelCorrupt
from engines.prepare import Preparation

FILE_NAME = "manifest.yaml"
CHANNELS = tuple(f"{kind}{map_}" for kind in ("rbc", "wbc", "plt") for map_ in ("", "_outline", "_centre"))
# What PyYAML raises besides its own error for a date such as 2026-13-45, a number such as 0x_, tags such as !!int "" and
# a thousand brackets.
_UNREADABLE = (yaml.YAMLError, ValueError, OverflowError, TypeError, LookupError, AttributeError, RecursionError)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class PreparationCard(_Strict):
    """See engines.prepare.Preparation."""

    cell_diameter_px: float = Field(gt=0)
    white_percentile: float = Field(gt=0, le=100)
    white_level: int = Field(ge=1, le=255)
    most_gain: float = Field(ge=1)
    multiple_px: int = Field(ge=1)
    margin_px: int = Field(default=0, ge=0, le=1024)


class ClassDecoding(_Strict):
    """How one class is read: above which probability a pixel is the cell, its rim, its centre; which method counts.

    Ratios are of the class' expected diameter, which is `diameter_ratio` red cell diameters; areas are of its disc.
    """

    method: Literal["centres", "watershed", "hough", "components", "distance-peaks"]
    foreground_threshold: float = Field(gt=0, lt=1)
    outline_threshold: float = Field(default=0.5, gt=0, lt=1)
    centre_threshold: float = Field(default=0.35, gt=0, lt=1)
    min_area_ratio: float = Field(gt=0, lt=1)
    diameter_ratio: float = Field(gt=0)
    min_separation_ratio: float = Field(gt=0, lt=1)
    merge_valley_ratio: float = Field(gt=0, lt=1)


class ModelFile(_Strict):
    """One form of the model beside the manifest."""

    file: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    precision: Literal["fp32", "int8"]


class Accuracy(_Strict):
    """A figure that `hemocam bench accuracy` printed for this file; percent."""

    data: str
    split: str
    cell_class: str
    method: str
    fields: int
    count_accuracy: float


class Manifest(_Strict):
    """A model's card. `channels` names the output's channels in order, out of CHANNELS, with the plain one of every class in
    `decoding`; `files` are in order of preference, the default first."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    version: str
    description: str
    licence: str
    research_only: bool
    data: tuple[str, ...]
    sources: tuple[str, ...]
    seed: int
    recipe: str
    parameters: int = Field(gt=0)
    files: tuple[ModelFile, ...] = Field(min_length=1)
    channels: tuple[str, ...] = Field(min_length=1)
    preparation: PreparationCard
    decoding: dict[Literal["rbc", "wbc", "plt"], ClassDecoding]
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
        return self

    def preparing(self) -> Preparation:
        return Preparation(**self.preparation.model_dump())

    def file_of(self, precision: str | None) -> ModelFile:
        """The file of this precision, or the default one for None. Raises ManifestInvalid where there is none."""
        for file in self.files:
            if precision is None or file.precision == precision:
                return file
        have = ", ".join(file.precision for file in self.files)
        raise ManifestInvalid(f"model {self.name} has no {precision} file; it has {have}")


def load_manifest(folder: Path) -> Manifest:
    """Read and check the manifest in a model's folder. Raises ManifestInvalid naming the file and every wrong key."""
    path = folder / FILE_NAME
    try:
        return Manifest.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise ManifestInvalid(f"{path} does not exist; a model is a folder with a {FILE_NAME} and its ONNX file") from error
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise ManifestInvalid(f"{path}: {problems}") from error
    except (OSError, *_UNREADABLE) as error:
        raise ManifestInvalid(f"{path} cannot be read: {error}") from error


def checked_bytes(folder: Path, file: ModelFile) -> bytes:
    """The model file's bytes. Raises ModelCorrupt where it is missing or its hash is not the manifest's."""
    path = folder / file.file
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelCorrupt(f"{path} cannot be read ({error.strerror}); install hemocam again or name another model") from error
    found = hashlib.sha256(content).hexdigest()
    if found != file.sha256:
        raise ModelCorrupt(f"{path} has sha256 {found[:12]}…, its manifest says {file.sha256[:12]}…; install hemocam again")
    return content
