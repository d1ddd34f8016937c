"""Folders as training leaves them, of tiny networks that learnt nothing."""

from __future__ import annotations

from pathlib import Path

import torch
import yaml
from torch import nn

from export.zoo import architecture


def network(architecture_name: str, channels: int, width: int) -> nn.Module:
    torch.manual_seed(3)
    return architecture(architecture_name).build(channels, width).eval()


def field_run(folder: Path, architecture_name: str, width: int = 4, **changed: object) -> nn.Module:
    recipe: dict[str, object] = {
        "name": f"table-{architecture_name}", "task": "segmentation", "seed": 1, "architecture": architecture_name,
        "width": width, "channels": ["rbc", "rbc_outline"], "corpus": "allidb1", "splits": {"by": "corpus"},
        "batch": 2, "learning_rate": 0.001, "licence": "research only", "data": ["allidb1"],
        "phases": [{"epochs": 1}], "cell_diameter_px": 20, "crop_px": 188, **changed,
    }  # fmt: skip
    made = network(architecture_name, 2, width)
    written(folder, {key: value for key, value in recipe.items() if value is not None}, made)
    return made


def crop_run(folder: Path, classes: list[str], side_px: int = 32) -> nn.Module:
    recipe = {
        "name": "table-compact", "task": "classification", "seed": 1, "architecture": "compact", "classes": classes,
        "corpus": "chula-crops", "folder": "chula", "splits": {"by": "corpus"}, "batch": 2, "learning_rate": 0.001,
        "licence": "MIT", "data": ["chula"], "side_px": side_px, "epochs": 1,
    }  # fmt: skip
    torch.manual_seed(3)
    made = architecture("compact").build(len(classes), side_px).eval()
    written(folder, recipe, made)
    return made


def written(folder: Path, recipe: dict[str, object], made: nn.Module) -> None:
    folder.mkdir(parents=True)
    (folder / "recipe.yaml").write_text(yaml.safe_dump(recipe), encoding="utf-8")
    torch.save(made.state_dict(), folder / "weights.pt")
