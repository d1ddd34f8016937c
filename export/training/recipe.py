"""What all training recipes have in common: YAML, checked as a whole."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class RecipeError(Exception):
    """A recipe cannot be used; the message names the file and the keys."""


class Strict(BaseModel):
    """Frozen; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)
