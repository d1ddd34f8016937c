"""The folder of one run: its recipe, checkpoint, weights and curves, each written whole or not at all."""

from __future__ import annotations

import json
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import yaml
from pydantic import BaseModel, ValidationError

from engines.whole_file import whole_file, write_whole
from export.training.recipe import RecipeError
from export.training.recipes import AnyRecipe, load_recipe


@dataclass(frozen=True, slots=True)
class RunFolder:
    """`recipe.yaml` (what was really trained by), `checkpoint.pt`, `weights.pt` (a state dict), `curves.csv`, `curves.png`,
    and `scale.json` where the pictures had to be measured."""

    path: Path

    @property
    def recipe(self) -> Path:
        return self.path / "recipe.yaml"

    @property
    def scale(self) -> Path:
        return self.path / "scale.json"

    @property
    def checkpoint(self) -> Path:
        return self.path / "checkpoint.pt"

    @property
    def weights(self) -> Path:
        return self.path / "weights.pt"

    @property
    def curves(self) -> Path:
        return self.path / "curves.csv"

    @property
    def picture(self) -> Path:
        return self.path / "curves.png"

    def open(self, recipe: BaseModel) -> None:
        """Make the folder and note the recipe. Raises RecipeError where a run by another recipe lies there."""
        self.path.mkdir(parents=True, exist_ok=True)
        if self.recipe.exists() and not self._same(recipe):
            raise RecipeError(f"{self.recipe} is another recipe than this one: give another --run, or remove {self.path}")
        content = yaml.safe_dump(recipe.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
        write_whole(self.recipe, content.encode())

    def read(self) -> AnyRecipe:
        """The recipe that was trained by. Raises RecipeError where there is none."""
        return load_recipe(self.recipe)

    def note_scale(self, cell_diameter_px: float) -> None:
        """Keep how large red cells were in the pictures that were learnt from, where the recipe does not say: the device brings
        its own to that."""
        self.scale.write_text(json.dumps({"cell_diameter_px": round(cell_diameter_px, 2)}) + "\n", encoding="utf-8")

    def read_scale(self) -> float | None:
        """What `note_scale` kept. Raises RecipeError where it cannot be read."""
        if not self.scale.exists():
            return None
        try:
            return float(json.loads(self.scale.read_text(encoding="utf-8"))["cell_diameter_px"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise RecipeError(f"{self.scale} cannot be read ({error}); train again, or give --cell-diameter-px") from error

    def _same(self, recipe: BaseModel) -> bool:
        """Whether the recipe that lies here says the same; what it leaves out, as an older one may, is the default."""
        try:
            return type(recipe).model_validate(yaml.safe_load(self.recipe.read_text(encoding="utf-8"))) == recipe
        except (OSError, UnicodeDecodeError, yaml.YAMLError, ValidationError):
            return False

    def resume(self) -> dict[str, Any] | None:
        """The state of the last epoch that was finished, on the CPU. Raises RecipeError where it cannot be read."""
        if not self.checkpoint.exists():
            return None
        try:
            state = torch.load(self.checkpoint, map_location="cpu", weights_only=True)
        except (OSError, RuntimeError, EOFError, ValueError, KeyError, pickle.UnpicklingError) as error:
            raise RecipeError(f"{self.checkpoint} cannot be read ({error}); remove it to start again") from error
        return dict(state)


def save(state: object, path: Path) -> None:
    """Write beside, then replace: a kill leaves the old file or the new one."""
    with whole_file(path) as partial:
        torch.save(state, partial)
