"""Counting what a network said of one prepared tensor, with no frame behind it: how two runtimes of a model are compared."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from edge.counting.cell import CellClass, ClassMaps, Method, ProbabilityMap
from edge.counting.familiarity import Familiarity
from edge.counting.interval import Uncertainty
from edge.counting.methods import find
from edge.counting.settings import ClassSettings
from engines.contract import InferenceFailed, Tensor
from engines.decode import decode
from engines.manifest import Manifest
from engines.prepare import Prepared


def settings_of(manifest: Manifest) -> dict[CellClass, ClassSettings]:
    """How the model's manifest says each class is told apart."""
    return {
        CellClass(name): ClassSettings(**decoding.model_dump(exclude={"method"}))
        for name, decoding in manifest.decoding.items()
    }


def uncertainty_of(manifest: Manifest) -> dict[CellClass, Uncertainty]:
    """How the model errs, of the classes of which its manifest says it."""
    return {CellClass(name): Uncertainty(**errors.model_dump()) for name, errors in manifest.uncertainty.items()}


def familiarity_of(manifest: Manifest) -> Familiarity | None:
    """What the model has learnt from looks like, where its manifest says it."""
    known = manifest.familiarity
    return None if known is None else Familiarity(np.array(known.mean), np.array(known.precision), known.limit)


def class_maps(maps: Mapping[str, ProbabilityMap], kind: CellClass) -> ClassMaps:
    """One class' maps out of all channels'."""
    outline, centre, size = (maps.get(f"{kind.value}_{part}") for part in ("outline", "centre", "size"))
    return ClassMaps(maps[kind.value], outline, centre, size)


def counts_of(logits: Tensor, manifest: Manifest) -> dict[str, int]:
    """The number of cells of each class (`rbc`, `wbc`, `plt`) by the manifest's own methods, under no border rule.

    `logits` is (1, channels, height, width) of a tensor at the model's scale. The manifest's margin is cut from all four sides,
    so that a mirrored border is counted on no side. Raises InferenceFailed where the logits do not fit the manifest or are not
    finite.
    """
    if logits.ndim != 4:
        raise InferenceFailed(f"the model gave {logits.shape}; counting needs (1, channels, height, width)")
    height, width = logits.shape[2:]
    margin = manifest.preparation.margin_px
    if min(height, width) <= 2 * margin:
        raise InferenceFailed(f"the model gave {width}x{height} px, all of it the margin of {margin} px on each side")
    # Decoding asks of a tensor its size alone; this one takes no memory.
    tensor = np.broadcast_to(np.uint8(0), (1, height, width, 3))
    prepared = Prepared(tensor, 1.0, margin, height - 2 * margin, width - 2 * margin)
    maps = decode(logits, prepared, manifest.channels)
    diameter_px = manifest.preparation.cell_diameter_px
    return {
        kind.value: len(find(Method(manifest.decoding[kind.value].method), class_maps(maps, kind), diameter_px, settings))
        for kind, settings in settings_of(manifest).items()
    }
