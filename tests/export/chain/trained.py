"""Runs that `hemocam export train` made in seconds: what is darker than the glass is a cell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from export.frames import rendered
from export.training.field_recipe import FieldRecipe
from export.training.recipes import AdversarialRecipe, SegmentationRecipe
from export.training.training import train
from tests.export.training.test_recipe import recipe as field_content

CHANNELS = ("rbc", "rbc_outline")
DIAMETER_PX = 20.0
COMMON: dict[str, Any] = {
    "seed": 3, "corpus": "folder-masks", "splits": {"by": "corpus"}, "batch": 4, "learning_rate": 0.01, "licence": "MIT",
    "data": ["simulated"], "keep": "last",
}  # fmt: skip
FIELDS = (2, 10)
"""Rendered fields in which many cells lie alone, so that the reader can tell how large they are."""


def corpus(data: Path) -> Path:
    """`folder-masks` under `data`: rendered fields at half their size, what is darker than the glass, and its rims."""
    for split in ("train", "val"):
        for index in FIELDS:
            pixels = rendered(index)[0][::2, ::2]
            dark = cv2.morphologyEx((pixels[..., 1] < 150).astype(np.uint8) * 255, cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
            rim = cv2.morphologyEx(dark, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
            for kind, picture in (("images", pixels[..., ::-1]), ("masks", dark), ("masks_edge", rim)):
                path = data / "folder-masks" / split / kind / f"{index}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                cv2.imwrite(str(path), picture)
    return data


def run_folder(folder: Path, name: str, width: int, steps: int, **changed: Any) -> Path:
    """The folder of a real run of the network `name`."""
    data = folder.parent / "data"
    if not data.exists():
        corpus(data)
    content = {
        **COMMON, "name": f"tiny-{name}", "task": "segmentation", "architecture": name, "width": width, "channels": CHANNELS,
        "cell_diameter_px": DIAMETER_PX, "crop_px": 64, "epoch_steps": steps, "phases": [{"epochs": 1}], **changed,
    }  # fmt: skip
    train(SegmentationRecipe.model_validate({k: v for k, v in content.items() if v is not None}), data, folder, workers=0)
    return folder


def adversarial_run(folder: Path, steps: int) -> Path:
    """A generator's, at a fixed side."""
    data = folder.parent / "data"
    if not data.exists():
        corpus(data)
    content = {
        **COMMON, "name": "tiny-gan", "task": "adversarial", "architecture": "conditional-gan", "width": 4,
        "channels": CHANNELS, "side_px": 64, "epoch_steps": steps, "phases": [{"epochs": 1}],
    }  # fmt: skip
    train(AdversarialRecipe.model_validate(content), data, folder, workers=0)
    return folder


def field_run(folder: Path, steps: int) -> Path:
    """HemoCam's own network, narrow."""
    content = field_content(
        name="tiny-field", widths=[4, 8, 16, 16], steps=steps, checkpoint_every=steps, crop_px=64, batch=4,
        simulated={"fields": 4, "side_px": 128}, cell_diameter_px=20.0, packed_diameter_px=24.0, ema=0.9,
    )  # fmt: skip
    train(FieldRecipe.model_validate(content), folder, folder, workers=0)
    return folder
