"""A model's manifest."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from random import Random

import numpy as np

from edge.counting.logits import counts_of
from engines.contract import EngineError, InferenceFailed, ModelCorrupt
from engines.manifest import FILE_NAME, checked_bytes, load_manifest
from engines.model_names import MODELS
from engines.prepare import prepare
from tests.campaigns.fuzzing.text_mutation import mutate_text

_CLASSIFIER = """name: cells
version: '1'
description: names single cells
licence: MIT
research_only: true
data: [simulated]
sources: []
parameters: 12
task: classification
classes: [a, b]
side_px: 64
files:
- {file: model.onnx, sha256: %s, precision: fp32}
"""


class ManifestTarget:
    """See the module."""

    name = "manifest"
    share = 0.27
    refusals: tuple[type[Exception], ...] = (EngineError,)

    def seeds(self) -> list[bytes]:
        manifests = [path.read_bytes() for path in sorted(MODELS.glob(f"*/{FILE_NAME}"))]
        # Without its accuracy figures and reference a manifest is half as long, and as much is checked in half the time.
        short = [manifest.split(b"\naccuracy:")[0].split(b"\nreference:")[0] + b"\n" for manifest in manifests]
        return [*manifests, *short, *short, *short, (_CLASSIFIER % ("a" * 64)).encode()]

    def mutated(self, random: Random, seeds: Sequence[bytes]) -> bytes:
        return mutate_text(random, random.choice(seeds), seeds)

    def attempt(self, content: bytes, folder: Path) -> None:
        (folder / FILE_NAME).write_bytes(content)
        manifest = load_manifest(folder)
        with suppress(ModelCorrupt):  # there is no such file
            checked_bytes(folder, manifest.file_of(None))
        preparation = manifest.preparing()
        # A frame whose cells have the model's own size keeps its size: what a manifest asks for must fit a computer.
        prepare(np.full((48, 64, 3), 200, np.uint8), preparation.cell_diameter_px, preparation)
        logits = np.full((1, len(manifest.channels), 64, 64), -4.0, np.float32)
        logits[:, :, 20:40, 20:40] = 4.0
        logits[:, :, 29:31, 10:50] = 2.0
        try:
            counts_of(logits, manifest)
        except InferenceFailed as error:
            raise InferenceFailed(f"{folder}: {error}") from error  # who counts a field knows its file
