"""Tiny corpora and recipes for whole trainings that take a second."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from export.training.recipes import AdversarialRecipe, ClassificationRecipe, SegmentationRecipe

BASE: dict[str, Any] = {
    "name": "tiny", "seed": 3, "splits": {"by": "corpus", "train": ["train"], "val": ["val"]}, "batch": 2,
    "learning_rate": 0.01, "licence": "MIT", "data": ["drawn"], "bfloat16": False,
}  # fmt: skip


def segmentation(**changed: Any) -> SegmentationRecipe:
    content = {
        **BASE, "task": "segmentation", "architecture": "unet", "width": 2, "channels": ["rbc"], "corpus": "folder-masks",
        "side_px": 32, "phases": [{"epochs": 3}], "augmentation": {"kind": "turns", "rotation_degrees": 20}, "val_crops": 2,
    }  # fmt: skip
    return SegmentationRecipe.model_validate({**content, **changed})


def adversarial(**changed: Any) -> AdversarialRecipe:
    content = {
        **BASE, "task": "adversarial", "architecture": "conditional-gan", "width": 2, "channels": ["rbc"],
        "corpus": "folder-masks", "side_px": 32, "phases": [{"epochs": 2}], "val_crops": 2,
    }  # fmt: skip
    return AdversarialRecipe.model_validate({**content, **changed})


def classification(**changed: Any) -> ClassificationRecipe:
    content = {
        **BASE, "task": "classification", "architecture": "compact", "classes": ["dark", "pale"], "corpus": "folder-classes",
        "side_px": 32, "epochs": 3, "augmentation": {"kind": "turns"},
    }  # fmt: skip
    return ClassificationRecipe.model_validate({**content, **changed})


def masks(data: Path, edges: bool = False) -> Path:
    """`folder-masks` under `data`: discs on pale glass, five to learn from and two to judge by, with outlines if wanted."""
    rng = np.random.default_rng(0)
    for split, number in (("train", 5), ("val", 2)):
        for index in range(number):
            mask = np.zeros((32, 32), np.uint8)
            x, y, radius = (int(one) for one in rng.integers((10, 10, 5), (22, 22, 9)))
            cv2.circle(mask, (x, y), radius, 255, -1)
            pixels = np.where(mask[..., None] > 0, np.uint8(90), np.uint8(220)).repeat(3, axis=2)
            _write(data / "folder-masks" / split / "images" / f"{index}.png", pixels)
            _write(data / "folder-masks" / split / "masks" / f"{index}.png", mask)
            if edges:
                rim = np.zeros((32, 32), np.uint8)
                cv2.circle(rim, (x, y), radius, 255, 1)
                _write(data / "folder-masks" / split / "masks_edge" / f"{index}.png", rim)
    return data


def crops(data: Path) -> Path:
    """`folder-classes` under `data`: five crops a class to learn from, two to judge by."""
    rng = np.random.default_rng(1)
    for split, number in (("train", 5), ("val", 2)):
        for name, grey in (("dark", 60), ("pale", 190)):
            for index in range(number):
                pixels = np.clip(rng.normal(grey, 12, (32, 32, 3)), 0, 255).astype(np.uint8)
                _write(data / "folder-classes" / split / name / f"{index}.png", pixels)
    return data


def _write(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), pixels)
