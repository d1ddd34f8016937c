"""A network that names single cells, ready to be asked."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from engines.contract import Engine, InferenceFailed, ManifestInvalid
from engines.manifest import ClassifierManifest, ModelFile, Precision, checked_bytes, load_any_manifest
from engines.model_names import model_folder
from engines.onnxrt import OnnxRuntime
from engines.prepare import Pixels

BATCH = 64


class Classifier:
    """A classifier on onnxruntime's CPU provider, used in `with`; one call at a time, from any thread."""

    def __init__(self, engine: Engine, manifest: ClassifierManifest, file: ModelFile) -> None:
        self._engine, self.manifest, self.file = engine, manifest, file

    def __enter__(self) -> Classifier:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._engine.__exit__(kind, error, trace)

    @property
    def stamp(self) -> str:
        """As records and reports name it."""
        return f"{self.manifest.name} {self.manifest.version} ({self.file.precision})"

    def probabilities(self, crops: Pixels) -> NDArray[np.float32]:
        """(n, classes) float32, calibrated, of (n, side, side, 3) uint8 RGB `crops`. Raises InferenceFailed."""
        parts = [
            probabilities(self._engine, crops[first : first + BATCH], self.manifest.temperature)
            for first in range(0, len(crops), BATCH)
        ]
        learnt = np.concatenate(parts) if parts else np.zeros((0, len(self.manifest.classes)), np.float32)
        weighted = learnt * np.array([self.manifest.prior.get(name, 1.0) for name in self.manifest.classes], np.float32)
        return np.asarray(weighted / weighted.sum(axis=1, keepdims=True), np.float32)


def open_classifier(model: str, threads: int | None = None, precision: Precision | None = None) -> Classifier:
    """A classifier by its name or folder: its default file, or that of `precision`. Raises EngineError."""
    folder = model_folder(model)
    manifest = load_any_manifest(folder)
    if not isinstance(manifest, ClassifierManifest):
        raise ManifestInvalid(f"{folder} counts fields and names no cells; give the name of a classifier, such as white-types")
    return opened(folder, manifest, threads, precision)


def opened(
    folder: Path, manifest: ClassifierManifest, threads: int | None = None, precision: Precision | None = None
) -> Classifier:
    """The classifier in `folder`, whose manifest is read already. Raises EngineError."""
    file = manifest.file_of(precision)
    engine = OnnxRuntime(checked_bytes(folder, file), str(folder / file.file), threads)
    shapes = engine.input.shape, engine.output.shape
    if len(shapes[0]) != 4 or len(shapes[1]) != 2 or shapes[1][1] not in (None, len(manifest.classes)):
        raise ManifestInvalid(
            f"{folder / file.file}: a classifier takes (batch, side, side, 3) and gives (batch, {len(manifest.classes)}), "
            f"this is {engine.input}, {engine.output}"
        )
    return Classifier(engine, manifest, file)


def probabilities(engine: Engine, crops: Pixels, temperature: float = 1.0) -> NDArray[np.float32]:
    """(batch, classes) float32: softmax of the logits over `temperature` (Guo et al., 2017). Raises InferenceFailed where
    those are not finite."""
    logits = np.asarray(engine.run(crops), np.float32) / np.float32(temperature)
    if not np.isfinite(logits).all():
        raise InferenceFailed("the model gave values that are not finite; these crops have no class")
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True), np.float32)
