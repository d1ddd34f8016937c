"""The configuration of `hemocam log`: one YAML file, checked as a whole, into frozen values."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import platformdirs
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
    ValidationError,
    ValidationInfo,
    model_validator,
)
from pydantic_core import PydanticCustomError

from edge.config_errors import SECRET, ConfigError, Problem, explain
from edge.counting.cells import Method
from edge.counting.field_count import BorderRule
from edge.log_lines import LogLevel, LogStyle
from edge.recorder import SaveImages
from edge.yaml_document import parse_document
from engines.opening import Runtime

__all__ = ["Config", "ConfigError", "Problem", "default_store_folder", "load_config"]

FOLDER = "folder"


def _anchored(path: Path, info: ValidationInfo) -> Path:
    """Relative paths count from the configuration's own folder, so that a service's working folder does not matter."""
    folder = (info.context or {}).get(FOLDER, Path())
    try:
        return Path(folder, path.expanduser())
    except RuntimeError as error:
        raise PydanticCustomError("home", "names a home folder that is not known; write it out") from error


def _no_null(path: Path) -> Path:
    if not str(path) or "\0" in str(path):
        raise PydanticCustomError("path", "should be a path")
    return path


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


AnchoredPath = Annotated[Path, Strict(False), AfterValidator(_no_null), AfterValidator(_anchored)]
Text = Annotated[str, Field(max_length=500)]
Name = Annotated[str, Field(min_length=1, max_length=500)]
Positive = Annotated[float, Field(gt=0)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1)]


class Section(BaseModel):
    """Frozen; unknown keys are errors; `yes` is no number and `3` is no text."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class ImagesCamera(Section):
    """Stills: files, folders and globs."""

    kind: Literal["images"]
    paths: Annotated[tuple[AnchoredPath, ...], Strict(False), Field(min_length=1)]


class VideoCamera(Section):
    """A video file, or the address of a stream."""

    kind: Literal["video"]
    address: Name


class V4l2Camera(Section):
    """A USB microscope."""

    kind: Literal["v4l2"]
    device: Name = "/dev/video0"


class SimulatedSlideCamera(Section):
    """A rendered smear; what is recorded from it says SIMULATED."""

    kind: Literal["simulated_slide"]
    seed: Annotated[int, Field(ge=0)] = 1
    um_per_px: Positive = 0.19
    width_px: Annotated[int, Field(ge=64, le=8192)] = 640
    height_px: Annotated[int, Field(ge=64, le=8192)] = 480
    frames_per_s: Positive = 15.0


Camera = Annotated[ImagesCamera | VideoCamera | V4l2Camera | SimulatedSlideCamera, Field(discriminator="kind")]


class Optics(Section):
    """The scale: micrometres per pixel, or a red cell's diameter in pixels; neither: estimated from the picture."""

    um_per_px: Positive | None = None
    cell_diameter_px: Positive | None = None

    @model_validator(mode="after")
    def _one_scale(self) -> Optics:
        if self.um_per_px is not None and self.cell_diameter_px is not None:
            raise PydanticCustomError("scale", "has both um_per_px and cell_diameter_px; keep one of them")
        return self


class Methods(Section):
    """How each class is told apart; None is the model's own choice."""

    rbc: Annotated[Method | None, Strict(False)] = None
    wbc: Annotated[Method | None, Strict(False)] = None
    plt: Annotated[Method | None, Strict(False)] = None


class Counting(Section):
    method: Annotated[Methods, BeforeValidator(_any_method)] = Methods()
    border_rule: Annotated[BorderRule, Strict(False)] = BorderRule.ALL


class Model(Section):
    """`threads` None takes every core that the process has."""

    name: Name = "field"
    runtime: Annotated[Runtime, Strict(False)] = Runtime.CPU
    threads: Annotated[int, Field(ge=1, le=256)] | None = None


class Gate(Section):
    """When a frame is refused; None is the gate's own threshold. See optics.gate.GateSettings for units."""

    min_brightness: Fraction | None = None
    max_saturated: Fraction | None = None
    min_deviation: Annotated[float, Field(ge=0)] | None = None
    min_focus: Annotated[float, Field(ge=0)] | None = None


class StoreSection(Section):
    folder: AnchoredPath = Field(default_factory=default_store_folder)
    save_images: Annotated[SaveImages, Strict(False)] = SaveImages.COUNTED


class SessionSection(Section):
    """`overlap_max` is the share of a field already counted above which it is a duplicate."""

    specimen: Text = ""
    operator: Text = ""
    note: Text = ""
    stop_after_fields: Count | None = None
    stop_after_minutes: Positive | None = None
    interval_s: Annotated[float, Field(ge=0, le=86_400)] = 0.0
    overlap_max: Fraction = 0.05


class Log(Section):
    level: Annotated[LogLevel, Strict(False)] = LogLevel.INFO
    format: Annotated[LogStyle, Strict(False)] = LogStyle.TEXT


class Config(Section):
    """All of it. Only `camera` must be given."""

    camera: Camera
    optics: Optics = Optics()
    counting: Counting = Counting()
    model: Model = Model()
    gate: Gate = Gate()
    store: StoreSection = Field(default_factory=StoreSection)
    session: SessionSection = SessionSection()
    log: Log = Log()

    def as_settings(self) -> dict[str, object]:
        """As JSON holds it, for a session's record; what stands before @ in an address is left out."""
        settings: dict[str, object] = json.loads(SECRET.sub("***", self.model_dump_json()))
        return settings


def load_config(path: Path) -> Config:
    """Read and check a configuration. Raises ConfigError with all that is wrong, each with its line."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(path, (Problem(what=f"cannot be read: {error.strerror}; check the path"),)) from error
    except ValueError as error:
        raise ConfigError(path, (Problem(what=f"cannot be read: {error}"),)) from error
    document = parse_document(content)
    try:
        config = Config.model_validate(document.value, context={FOLDER: path.absolute().parent})
    except ValidationError as error:
        raise ConfigError(path, explain(document, error, Config)) from None
    if document.faults:
        raise ConfigError(path, explain(document, None, Config))
    return config
