"""The recipe of the network that counts: HemoCam's own."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from export.training.recipe import RecipeError, Strict

Corpus = Literal["simulated", "chula", "cbc", "txl-pbc", "txl-raabin", "allidb1", "allidb1-outlined"]


class Simulated(Strict):
    """Rendered fields: `fields` of `side_px` pixels to learn from."""

    fields: int = Field(ge=0)
    side_px: int = Field(ge=64, le=1024)


class FieldRecipe(Strict):
    """How one model is trained. `shares` says how often a crop comes from each corpus; `init_from` names a checkpoint, or the
    FP32 ONNX file of a published model. `wide_share` of the crops are shown at any scale, so that the network can tell it."""

    task: Literal["field"] = "field"
    name: str
    seed: int
    widths: tuple[int, ...]
    cell_diameter_px: float = Field(gt=8, lt=128)
    packed_diameter_px: float = Field(gt=8, lt=128)
    crop_px: int = Field(ge=32, multiple_of=16)
    batch: int = Field(ge=2)
    steps: int = Field(ge=1)
    learning_rate: float = Field(gt=0)
    weight_decay: float = Field(ge=0)
    ema: float = Field(ge=0, lt=1)
    shares: dict[Corpus, float]
    simulated: Simulated
    wide_share: float = Field(default=0.0, ge=0, lt=1)
    litter: float = Field(default=0.0, ge=0, le=1)
    """How often dirt, writing and other things that are no cells lie on a crop's empty glass."""
    init_from: Path | None = None
    checkpoint_every: int = Field(default=500, ge=1)
    """Steps between two checkpoints, at most; a run ends with a whole number of such epochs, up to a few steps more."""
    left_out: Corpus | None = None
    """A microscope that this model neither learns from nor is calibrated on, so that its pictures can tell what a microscope
    does that nobody trained on."""
    licence: str
    data: tuple[str, ...]

    @property
    def epochs(self) -> int:
        return -(-self.steps // self.checkpoint_every)

    def without(self, corpus: str) -> FieldRecipe:
        """This recipe with one of its corpora left out. Raises RecipeError where it has no such corpus."""
        if corpus not in self.shares:
            raise RecipeError(f"{self.name} does not learn from {corpus}; it learns from {', '.join(sorted(self.shares))}")
        shares = {name: share for name, share in self.shares.items() if name != corpus}
        return self.model_copy(update={"name": f"{self.name}-without-{corpus}", "shares": shares, "left_out": corpus})
