"""From trained weights to a model folder: ONNX files, manifest, measured accuracy."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import torch
import yaml
from numpy.typing import NDArray
from pydantic import ValidationError

from edge.counting.counter import CountingSettings, FieldCounter
from edge.counting.logits import counts_of
from engines.acceptance import accept, open_reference, reference_frames
from engines.contract import EngineError
from engines.manifest import Manifest, checked_bytes, load_manifest
from engines.onnxrt import OnnxRuntime
from engines.opening import Runtime, open_model
from engines.prepare import Preparation, prepare
from export.calibration import counted_fields, familiarity, field_features, uncertainty
from export.conversion_error import ConversionError
from export.evaluate import Question, ask, questions, table
from export.model_folder import FolderError, add_form, staged, write_manifest
from export.publishing_error import PublishingError
from export.sealing import seal
from export.to_half import to_half
from export.to_int8 import to_int8
from export.to_onnx import to_onnx
from export.training.augmentation import reimaged
from export.training.field_recipe import FieldRecipe
from export.training.packing import pack
from export.training.targets import CHANNELS
from export.zoo.field import FieldNet

PARITY = 1e-3
"""The largest difference of logits between PyTorch and the ONNX file that is rounding and not a mistake."""
EQUAL_ACCURACY = 0.5
"""int8 becomes the default file where its count accuracy on `val` is within this many points of FP32's."""
CALIBRATION_FIELDS = 60
FAMILIAR_FIELDS = 600
MARGIN_PX = 8
"""Mirrored border. Rendered `val` fields, all pieces: 90.0 without it, 96.1 with 8 px, 96.2 with 16, 96.3 with 24."""


def publish_model(recipe: FieldRecipe, weights: Path, manifest: Path, data: Path, folder: Path) -> Path:
    """Make the model's folder, all of it or nothing: it is built beside and takes the place of one that was there.
    Raises PublishingError, DatasetError.

    `val` decides whether int8 or FP32 is the default file; `val` and `test` figures of the default are put in the manifest.
    """
    network = FieldNet(len(CHANNELS), recipe.widths)
    try:
        network.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
        fixed = yaml.safe_load(manifest.read_text(encoding="utf-8"))
    except (OSError, EOFError, RuntimeError, UnpicklingError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise PublishingError(f"{weights} and {manifest} must be this recipe's weights and manifest: {error}") from error
    if not isinstance(fixed, dict):
        raise PublishingError(f"{manifest} must hold the manifest's fixed parts by their names")
    network.eval()
    preparation = Preparation(recipe.cell_diameter_px, multiple_px=2 ** len(recipe.widths), margin_px=MARGIN_PX)
    fp32 = to_onnx(network, preparation.multiple_px)
    _check_parity(network, fp32, preparation.multiple_px)
    int8 = to_int8(fp32, _calibration(recipe, data, weights.parent.parent / "packed", preparation), (_head(fp32),))
    parameters = sum(p.numel() for p in network.parameters())
    content = {**_manifest(recipe, fixed, preparation), "recipe": f"{recipe.name}.yaml", "parameters": parameters}
    try:
        with staged(folder) as new:
            _write_measured(new, content, {"fp32": fp32, "int8": int8}, recipe, data, weights.parent.parent / "packed")
            seal_with_half(new)
    except ValidationError as error:
        raise PublishingError(f"{manifest} does not make a manifest: {error}") from error
    except FolderError as error:
        raise PublishingError(str(error)) from error
    return folder


def seal_with_half(folder: Path) -> None:
    """Seal reference frames with the model in `folder`, and add the FP16 file that TensorRT is built from, as its last.

    Raises PublishingError where FP16 does not count the sealed frames as FP32 does, or no frames can be sealed.
    """
    try:
        seal(folder)
        manifest = load_manifest(folder)
        half = to_half(checked_bytes(folder, manifest.file_of("fp32")))
        with OnnxRuntime(half, f"{folder.name} in FP16") as engine, open_reference(folder, manifest) as reference:
            result = accept(engine, reference, manifest, reference_frames(folder, manifest), counts_of)
    except (ConversionError, EngineError) as error:
        raise PublishingError(f"{folder.name} cannot be sealed: {error}") from error
    if not result.passed:
        raise PublishingError(f"{folder.name} in FP16 is {result.text}; nothing was published")
    add_form(folder, manifest, "fp16", half)


def _manifest(recipe: FieldRecipe, fixed: Mapping[str, Any], preparation: Preparation) -> dict[str, Any]:
    """The manifest's content that is known before anything is measured."""
    return {
        "name": recipe.name, **fixed, "licence": recipe.licence, "data": list(recipe.data), "seed": recipe.seed,
        "channels": list(CHANNELS), "preparation": asdict(preparation),
    }  # fmt: skip


def _head(fp32: bytes) -> str:
    """The name of the last convolution, which gives the logits: int8 would cut sizes and probabilities into steps that show in
    the count, and it takes a hundredth of the time."""
    return str([node.name for node in onnx.load_model_from_string(fp32).graph.node if node.op_type == "Conv"][-1])


def _write_measured(
    folder: Path, content: Mapping[str, Any], files: Mapping[str, bytes], recipe: FieldRecipe, data: Path, packed: Path
) -> None:
    """Write the files and the manifest, with the order of the files that `val` asks for, what the first of them knows of its
    errors, and its figures."""
    for precision, model in files.items():
        (folder / f"model-{precision}.onnx").write_bytes(model)
    _write_manifest(folder, content, files, ("int8", "fp32"), [])
    on_val = {name: _accuracy(folder, Runtime(f"cpu-{name}"), data, ("val",)) for name in files}
    mean = {name: float(np.mean([float(str(row["count_accuracy"])) for row in rows])) for name, rows in on_val.items()}
    order = ("int8", "fp32") if mean["int8"] >= mean["fp32"] - EQUAL_ACCURACY else ("fp32", "int8")
    runtime = Runtime(f"cpu-{order[0]}")
    known = {**content, **_calibrated(folder, runtime, recipe, data, packed)}
    _write_manifest(folder, known, files, order, on_val[order[0]] + _accuracy(folder, runtime, data, ("test", "bench")))


def _calibrated(folder: Path, runtime: Runtime, recipe: FieldRecipe, data: Path, packed: Path) -> dict[str, Any]:
    """The manifest's `uncertainty` and `familiarity`: errors by the fields of `val`, familiar looks by those of training."""
    opened = open_model(str(folder), runtime)
    with opened.engine:
        counter = FieldCounter(opened.engine, opened.manifest, CountingSettings())
        val = [question for question in questions(data) if question.split == "val" and _of(question) != recipe.left_out]
        errors = {kind: uncertainty(fields) for kind, fields in counted_fields(val, counter).items() if fields}
        learnt = field_features(_learnt(recipe, data, packed), counter)
        unseen = field_features((question.pixels() for question in val), counter)
    return {
        "uncertainty": {kind.value: asdict(one) for kind, one in errors.items()},
        "familiarity": familiarity(learnt, unseen).model_dump(),
    }


def _of(question: Question) -> str:
    """The microscope of a question, as a recipe's shares name it."""
    return "-".join(part for part in (question.corpus, question.scanner) if part)


def _learnt(recipe: FieldRecipe, data: Path, packed: Path) -> Iterator[NDArray[np.uint8]]:
    """Training fields as training showed them: in other colours and through another lens."""
    rng = np.random.default_rng(recipe.seed)
    for corpus in sorted(recipe.shares):
        patches = pack(corpus, recipe, data, packed)
        for index in rng.choice(len(patches), FAMILIAR_FIELDS // len(recipe.shares)):
            yield reimaged(rng, patches[index].pixels)


def _check_parity(network: torch.nn.Module, fp32: bytes, multiple_px: int) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (1, 6 * multiple_px, 9 * multiple_px, 3), dtype=np.uint8)
    (found,) = ort.InferenceSession(fp32, providers=["CPUExecutionProvider"]).run(None, {"pixels": pixels})
    with torch.inference_mode():
        expected = network(torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255.0).numpy()
    worst = float(np.abs(found - expected).max())
    if not worst <= PARITY:  # so that nan is refused too
        raise PublishingError(
            f"the ONNX file's logits differ from PyTorch's by {worst:.2g}, more than {PARITY}; nothing was published"
        )


def _calibration(recipe: FieldRecipe, data: Path, packed: Path, preparation: Preparation) -> Iterator[NDArray[np.uint8]]:
    """Training fields of every corpus, prepared as the device does it."""
    rng = np.random.default_rng(recipe.seed)
    for corpus in sorted(recipe.shares):
        patches = pack(corpus, recipe, data, packed)
        for index in rng.choice(len(patches), min(len(patches), CALIBRATION_FIELDS // len(recipe.shares)), replace=False):
            yield prepare(patches[index].pixels, recipe.packed_diameter_px, preparation).tensor


def _write_manifest(
    folder: Path,
    content: Mapping[str, Any],
    files: Mapping[str, bytes],
    order: Sequence[str],
    accuracy: list[dict[str, object]],
) -> None:
    listed = [
        {"file": f"model-{name}.onnx", "sha256": hashlib.sha256(files[name]).hexdigest(), "precision": name} for name in order
    ]
    write_manifest(folder, Manifest.model_validate({**content, "files": listed, "accuracy": accuracy}))
    load_manifest(folder)


def _accuracy(folder: Path, runtime: Runtime, data: Path, splits: tuple[str, ...]) -> list[dict[str, object]]:
    """The default methods' figures on these splits, as the manifest keeps them."""
    opened = open_model(str(folder), runtime)
    counter = FieldCounter(opened.engine, opened.manifest, CountingSettings())
    wanted = {"test", "bench_train"} if "bench" in splits else set(splits)
    asked = [one for one in questions(data) if one.split in wanted]
    rows = table(answer for one in asked for answer in ask(one, counter))
    return [
        {"data": row.corpus, "split": row.split, "cell_class": row.kind.value, "method": row.method.value, "fields": row.fields,
         "count_accuracy": round(row.accuracy, 1)}
        for row in rows if row.default and row.split in splits
    ]  # fmt: skip
