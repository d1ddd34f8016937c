"""From a trained classifier to a model folder: ONNX files, calibrated probabilities, measured accuracy."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np
import onnx
import torch
import yaml
from numpy.typing import NDArray
from pydantic import ValidationError

from engines.classifier import Classifier, opened
from engines.manifest import ClassifierManifest
from export.evaluation.classification import shown
from export.evaluation.typed_cells import (
    Named,
    TypeRow,
    labelled,
    named_crops,
    places_by_eye,
    places_named,
    shifted_crops,
    type_row,
)
from export.model_folder import FolderError, add_form, staged, write_manifest
from export.publishing_error import PublishingError
from export.to_half import to_half
from export.to_int8 import to_int8
from export.to_onnx import ExampleSize, to_onnx
from export.training.recipes import ClassificationRecipe
from export.zoo import architecture

EQUAL_ACCURACY = 0.005
"""int8 becomes the default file where its accuracy on `val` is within this of FP32's."""
CALIBRATION_CROPS = 300
THRESHOLDS = np.arange(0.3, 0.96, 0.01)
TEMPERATURES = np.geomspace(0.5, 4.0, 43)
RIGHT_OF_SURE = 0.85
MOST_UNSURE = 0.1
"""A cell is unsure below the smallest probability above which so many of the cells of other microscopes are right, and no more
than this share of PBC's `val` is."""
PARITY = 1e-3


def publish_classifier(recipe: ClassificationRecipe, weights: Path, manifest: Path, data: Path, folder: Path) -> Path:
    """Make the classifier's folder, all of it or nothing. `val` decides between int8 and FP32, the temperature, and who is
    unsure; `test` is measured. Raises PublishingError, DatasetError."""
    if recipe.cropping is None:
        raise PublishingError(f"{recipe.name} has no `cropping`: a device would not know how to cut its cells")
    try:
        network = architecture(recipe.architecture).build(len(recipe.classes), recipe.side_px)
        network.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
        fixed = yaml.safe_load(manifest.read_text(encoding="utf-8"))
    except (OSError, EOFError, RuntimeError, UnpicklingError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise PublishingError(f"{weights} and {manifest} must be this recipe's weights and manifest: {error}") from error
    network.eval()
    fp32 = to_onnx(network, 1, size=ExampleSize(recipe.side_px, fixed=True))
    content = {
        "task": "classification", "name": recipe.name, **fixed, "licence": recipe.licence, "data": list(recipe.data),
        "seed": recipe.seed, "recipe": f"{recipe.name}.yaml", "parameters": sum(p.numel() for p in network.parameters()),
        "classes": list(recipe.classes), "side_px": recipe.side_px, "masked": recipe.masked,
        "diameters": recipe.cropping.diameters,
    }  # fmt: skip
    try:
        with staged(folder) as new:
            _write(new, content, fp32, data)
    except (ValidationError, FolderError) as error:
        raise PublishingError(f"{manifest} does not make a manifest: {error}") from error
    return folder


def _write(folder: Path, content: Mapping[str, Any], fp32: bytes, data: Path) -> None:
    first = _manifest(content, {"fp32": fp32}, ("fp32",))
    head = [node.name for node in onnx.load_model_from_string(fp32).graph.node if node.op_type in ("Gemm", "MatMul")][-1]
    int8 = to_int8(fp32, _crops(data, first), (head,))
    files = {"fp32": fp32, "int8": int8}
    for precision, model in files.items():
        (folder / f"model-{precision}.onnx").write_bytes(model)
    val = labelled(data, "val")
    accuracy = {}
    for precision in files:
        manifest = _manifest(content, files, (precision,))
        with opened(folder, manifest) as classifier:
            accuracy[precision] = type_row("pbc", "val", named_crops(val, classifier), manifest).accuracy
    order = ("int8", "fp32") if accuracy["int8"] >= accuracy["fp32"] - EQUAL_ACCURACY else ("fp32", "int8")
    manifest = _manifest(content, files, order)
    with opened(folder, manifest) as classifier:
        calibrated = {**content, "temperature": _temperature(shifted_crops(val, classifier, data), manifest)}
    with opened(folder, _manifest(calibrated, files, order)) as classifier:
        here, elsewhere = named_crops(val, classifier), _elsewhere(classifier, data)
        known = {**calibrated, "unsure_below": _threshold(here, elsewhere, classifier.manifest)}
    with opened(folder, _manifest(known, files, order)) as classifier:
        known["accuracy"] = [_figures(row) for row in type_rows(classifier, data)]
    manifest = _manifest(known, files, order)
    write_manifest(folder, manifest)
    add_form(folder, manifest, "fp16", to_half(fp32))


def _manifest(content: Mapping[str, Any], files: Mapping[str, bytes], order: Sequence[str]) -> ClassifierManifest:
    listed = [
        {"file": f"model-{name}.onnx", "sha256": hashlib.sha256(files[name]).hexdigest(), "precision": name} for name in order
    ]
    return ClassifierManifest.model_validate({**content, "files": listed})


def _crops(data: Path, manifest: ClassifierManifest) -> Iterator[NDArray[np.uint8]]:
    """Training cells, as the device cuts them."""
    train = labelled(data, "train")
    for index in np.random.default_rng(manifest.seed).choice(len(train), min(len(train), CALIBRATION_CROPS), replace=False):
        yield shown(train[index], manifest)[None]


def _temperature(found: Sequence[Named], manifest: ClassifierManifest) -> float:
    """Under which these cells' own types are the most probable."""
    truth = np.array([manifest.classes.index(one.true) for one in found])
    logits = np.log(np.maximum(np.stack([one.probabilities for one in found if one.probabilities is not None]), 1e-12))

    def loss(temperature: float) -> float:
        raised = logits / temperature
        return float((np.log(np.exp(raised).sum(axis=1)) - raised[np.arange(len(truth)), truth]).mean())

    return round(float(min(TEMPERATURES, key=loss)), 3)


def _threshold(here: Sequence[Named], elsewhere: Sequence[Named], manifest: ClassifierManifest) -> float:
    def rows(threshold: float) -> tuple[TypeRow, TypeRow]:
        asked = manifest.model_copy(update={"unsure_below": threshold})
        return type_row("", "", here, asked), type_row("", "", elsewhere, asked)

    allowed = [one for one in THRESHOLDS.tolist() if rows(one)[0].unsure <= MOST_UNSURE]
    enough = (one for one in allowed if rows(one)[1].sure >= RIGHT_OF_SURE)
    return round(float(next(enough, allowed[-1])), 2)


def _elsewhere(classifier: Classifier, data: Path) -> list[Named]:
    return [named for places in places_by_eye(data).values() for named in places_named(places, classifier)]


def type_rows(classifier: Classifier, data: Path) -> Iterator[TypeRow]:
    """Every set there is, by the default file. Raises DatasetError."""
    for split in ("val", "test"):
        samples = labelled(data, split)
        yield type_row("pbc", split, named_crops(samples, classifier), classifier.manifest)
        yield type_row("pbc, other palettes", split, shifted_crops(samples, classifier, data), classifier.manifest)
    for corpus, places in places_by_eye(data).items():
        yield type_row(f"{corpus}, named by eye", "val", places_named(places, classifier), classifier.manifest)


def _figures(row: TypeRow) -> dict[str, object]:
    return {
        "data": row.data, "split": row.split, "cells": row.cells,
        **{name: round(getattr(row, name), 3) for name in ("accuracy", "balanced", "unsure", "sure")},
    }  # fmt: skip
