"""A model's ONNX file. Its hash is made to fit, so that onnxruntime parses the bytes, and one field is counted with it."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Sequence
from pathlib import Path
from random import Random

import numpy as np

from edge.counting.counter import CountingSettings, FieldCounter
from edge.counting.errors import CountingError
from engines.contract import EngineError, InferenceFailed
from engines.manifest import FILE_NAME, load_manifest
from engines.model_names import DEFAULT_MODEL, MODELS
from engines.opening import Runtime, open_model
from tests.campaigns.fuzzing.mutation import mutate
from tests.campaigns.fuzzing.wire import message, mutate_message

_FILE = "model.onnx"
_FLOAT, _UINT8 = 1, 2  # onnx.proto3: TensorProto.DataType
_INTS, _INT = 7, 2  # onnx.proto3: AttributeProto.AttributeType
_CHANNELS = 8
"""As many as the shipped model's manifest names, which the small one goes under."""
_SHIPPED_IN = 3
"""A shipped model, of up to 2.7 MB, is the base of every so manieth input; the others are of the small one."""


class OnnxTarget:
    """See the module."""

    name = "onnx"
    share = 0.1
    refusals: tuple[type[Exception], ...] = (EngineError, CountingError)

    def __init__(self) -> None:
        self._manifest: dict[str, object] | None = None

    def seeds(self) -> list[bytes]:
        shipped = [path.read_bytes() for path in sorted((MODELS / DEFAULT_MODEL).glob("*.onnx"))]
        return [small_model(), *sorted(shipped, key=len)]

    def mutated(self, random: Random, seeds: Sequence[bytes]) -> bytes:
        small, *shipped = seeds
        content = random.choice(shipped) if shipped and random.randrange(_SHIPPED_IN) == 0 else small
        for _ in range(random.choice((1, 1, 2, 3))):
            content = mutate(random, content, (small,)) if random.random() < 0.2 else mutate_message(random, content)
        return content

    def attempt(self, content: bytes, folder: Path) -> None:
        if self._manifest is None:
            manifest = load_manifest(MODELS / DEFAULT_MODEL)
            self._manifest = manifest.model_dump(
                mode="json", exclude={"reference", "accuracy", "recipe", "seed"}, exclude_none=True
            )
        file = {"file": _FILE, "sha256": hashlib.sha256(content).hexdigest(), "precision": "fp32"}
        (folder / _FILE).write_bytes(content)
        (folder / FILE_NAME).write_text(json.dumps({**self._manifest, "files": [file]}), encoding="utf-8")
        opened = open_model(str(folder), Runtime.CPU, 1)
        pixels = np.full((96, 128, 3), 220, np.uint8)
        pixels[30:60, 40:70] = (200, 120, 140)
        with opened.engine:
            try:
                FieldCounter(opened.engine, opened.manifest, CountingSettings(cell_diameter_px=30.0)).count(pixels)
            except (InferenceFailed, CountingError) as error:
                # As `hemocam count` does: these are about a field, and who counts it knows its file.
                raise type(error)(f"{folder}: {error}") from error


def small_model() -> bytes:
    """(1, height, width, 3) uint8 → float32 → (1, 3, height, width) → eight channels by a 1x1 convolution."""
    nodes = (
        message((1, "pixels"), (2, "float"), (4, "Cast"), (5, message((1, "to"), (3, _FLOAT), (20, _INT)))),
        message((1, "float"), (2, "planes"), (4, "Transpose"), (5, _ints("perm", (0, 3, 1, 2)))),
        message((1, "planes"), (1, "weight"), (2, "logits"), (4, "Conv"), (5, _ints("kernel_shape", (1, 1)))),
    )
    weights = struct.pack(f"<{3 * _CHANNELS}f", *(0.01 * (index - 8) for index in range(3 * _CHANNELS)))
    weight = message((1, _CHANNELS), (1, 3), (1, 1), (1, 1), (2, _FLOAT), (8, "weight"), (9, weights))
    graph = message(
        *((1, node) for node in nodes), (2, "small"), (5, weight),
        (11, _value("pixels", _UINT8, (1, "height", "width", 3))),
        (12, _value("logits", _FLOAT, (1, _CHANNELS, "height", "width"))),
    )  # fmt: skip
    return message((1, 8), (2, "hemocam"), (7, graph), (8, message((1, ""), (2, 17))))


def _ints(name: str, values: Sequence[int]) -> bytes:
    return message((1, name), *((8, value) for value in values), (20, _INTS))


def _value(name: str, dtype: int, shape: Sequence[int | str]) -> bytes:
    sizes = message(*((1, message((1, size) if isinstance(size, int) else (2, size))) for size in shape))
    return message((1, name), (2, message((1, message((1, dtype), (2, sizes))))))
