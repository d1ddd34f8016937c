"""What keys hold: the kinds of values that several sections share."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, Strict, ValidationInfo
from pydantic_core import PydanticCustomError

FOLDER = "folder"
"""Under this name the validation context has the folder that relative paths count from."""


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


AnchoredPath = Annotated[Path, Strict(False), AfterValidator(_no_null), AfterValidator(_anchored)]
Text = Annotated[str, Field(max_length=500)]
Name = Annotated[str, Field(min_length=1, max_length=500)]
Positive = Annotated[float, Field(gt=0)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1)]
WidthPx = Annotated[int, Field(ge=64, le=8192)]


class Section(BaseModel):
    """Frozen; unknown keys are errors; `yes` is no number and `3` is no text."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class LogStyle(str, Enum):
    TEXT = "text"
    JSON = "json"


class LogLevel(str, Enum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
