"""The sections of a configuration. Every key's description, bounds and default stand here and in `cameras`, and nowhere else:
the checks, the error messages and the commented example are all made of them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import platformdirs
from pydantic import BeforeValidator, Field, Strict, model_validator
from pydantic_core import PydanticCustomError

from edge.config.values import AnchoredPath, Count, Fraction, LogLevel, LogStyle, Name, Positive, Section, Text
from edge.counting.cell import Method
from edge.counting.field_count import BorderRule
from edge.record.settings import SaveImages
from engines.opening import Runtime


def default_store_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """$STATE_DIRECTORY, which systemd sets from StateDirectory= (the first, where it is several), or the user's data."""
    given = environment.get("STATE_DIRECTORY", "").split(":")[0]
    return Path(given) if given else Path(platformdirs.user_data_dir("hemocam"))


def _any_method(value: object) -> object:
    """One word stands for all classes."""
    if not isinstance(value, str):
        return value
    if value not in {method.value for method in Method}:
        allowed = ", ".join(method.value for method in Method)
        raise PydanticCustomError(
            "method", "should be {allowed}, or one of these for each of rbc, wbc, plt", {"allowed": allowed}
        )
    return {"rbc": value, "wbc": value, "plt": value}


class Optics(Section):
    """The scale: at most one of the two; with neither it is estimated from each picture."""

    um_per_px: Positive | None = Field(
        default=None, description="Micrometres per pixel, from a stage micrometer. null: unknown."
    )
    cell_diameter_px: Positive | None = Field(default=None, description="A red cell's diameter in pixels. null: unknown.")
    insist_on_scale: bool = Field(
        default=False, description="Count also where the cells contradict the scale above by more than 30 %; else it fails."
    )

    @model_validator(mode="after")
    def _one_scale(self) -> Optics:
        if self.um_per_px is not None and self.cell_diameter_px is not None:
            raise PydanticCustomError("scale", "has both um_per_px and cell_diameter_px; keep one of them")
        return self


class Methods(Section):
    """How each class is told apart."""

    rbc: Annotated[Method | None, Strict(False)] = Field(default=None, description="Red cells. null: the model's own choice.")
    wbc: Annotated[Method | None, Strict(False)] = Field(default=None, description="White cells. null: the model's own choice.")
    plt: Annotated[Method | None, Strict(False)] = Field(default=None, description="Platelets. null: the model's own choice.")


class Counting(Section):
    """How cells are told apart and which of them count."""

    method: Annotated[Methods, BeforeValidator(_any_method)] = Field(
        default=Methods(), description="By class, or one word for all three classes."
    )
    border_rule: Annotated[BorderRule, Strict(False)] = Field(
        default=BorderRule.ALL,
        description="Which cells at the picture's border count; two-edge is the counting chamber's rule.",
    )
    classifier: Name | None = Field(
        default="white-types",
        description="What names the kind of each white cell: a classifier that ships with HemoCam, or a folder. null: nothing.",
    )


class Model(Section):
    """What finds the cells."""

    name: Name = Field(default="field", description="A model that ships with HemoCam, or the folder of one.")
    runtime: Annotated[Runtime, Strict(False)] = Field(
        default=Runtime.CPU,
        description="What computes it; cpu takes the model's default file. A runtime that fails gives way to the next.",
    )
    threads: Annotated[int, Field(ge=1, le=256)] | None = Field(
        default=None, description="Threads of the CPU to compute with. null: every core that the process has."
    )
    deadline_s: Annotated[float, Field(ge=1, le=3600)] = Field(
        default=30.0,
        description="Seconds after which a field that is not yet computed is given up as failed, and the runtime repaired.",
    )


class Gate(Section):
    """When a frame is refused."""

    min_brightness: Fraction | None = Field(
        default=None, description="Least brightness of the background, of 1. null: the gate's own."
    )
    max_saturated: Fraction | None = Field(
        default=None, description="Largest share of clipped pixels, of 1. null: the gate's own."
    )
    min_deviation: Annotated[float, Field(ge=0)] | None = Field(
        default=None, description="Least standard deviation of green, in 8-bit levels. null: the gate's own."
    )
    min_focus: Annotated[float, Field(ge=0)] | None = Field(
        default=None, description="Least focus, as `hemocam live` shows it. null: the gate's own."
    )


class StoreSection(Section):
    """Where the record lies."""

    folder: AnchoredPath = Field(
        default_factory=default_store_folder,
        description="The record's folder. Without this key: systemd's StateDirectory, or the user's data folder.",
        examples=["/var/lib/hemocam"],
    )
    save_images: Annotated[SaveImages, Strict(False)] = Field(
        default=SaveImages.COUNTED, description="Which pictures are kept beside the record."
    )
    soft_free_mb: Annotated[int, Field(ge=0, le=100_000_000)] = Field(
        default=2000, description="Free megabytes on the disk below which the oldest pictures are dropped, rejected ones first."
    )
    hard_free_mb: Annotated[int, Field(ge=0, le=100_000_000)] = Field(
        default=200, description="Free megabytes on the disk below which no picture is written; must be less than soft_free_mb."
    )

    daily_backups: Annotated[int, Field(ge=0, le=1000)] = Field(
        default=7, description="Copies of the database, one a day, that are kept in the folder backups beside it. 0: none."
    )

    @model_validator(mode="after")
    def _soft_before_hard(self) -> StoreSection:
        if self.hard_free_mb >= self.soft_free_mb:
            raise PydanticCustomError(
                "free", "has hard_free_mb {hard}, which must be less than soft_free_mb {soft}",
                {"hard": self.hard_free_mb, "soft": self.soft_free_mb},
            )  # fmt: skip
        return self


class SessionSection(Section):
    """What is recorded, and until when."""

    specimen: Text = Field(default="", description="The specimen's name, for the record.")
    operator: Text = Field(default="", description="Who is responsible, for the record.")
    note: Text = Field(default="", description="Anything else, for the record.")
    stop_after_fields: Count | None = Field(default=None, description="Stop after so many fields. null: go on.")
    stop_after_minutes: Positive | None = Field(default=None, description="Stop after so many minutes. null: go on.")
    interval_s: Annotated[float, Field(ge=0, le=86_400)] = Field(default=0.0, description="Seconds to wait between fields.")
    overlap_max: Fraction = Field(
        default=0.05, description="Share of a field, of 1, that may have been counted already; with more it is a duplicate."
    )
    resume: bool = Field(
        default=True,
        description="Whether a session that was interrupted (power, kill) goes on, with the same camera, model and specimen.",
    )


class Log(Section):
    """The lines on standard error."""

    level: Annotated[LogLevel, Strict(False)] = Field(
        default=LogLevel.INFO, description="The least important line that is written."
    )
    format: Annotated[LogStyle, Strict(False)] = Field(
        default=LogStyle.TEXT, description="For people, or one JSON object a line for programs."
    )
