"""Counting what a network said, with no frame behind it."""

from __future__ import annotations

import numpy as np
import pytest

from edge.counting.cell import CellClass
from edge.counting.counter import CountingSettings, FieldCounter
from edge.counting.logits import counts_of
from engines.contract import InferenceFailed, Tensor
from engines.manifest import Manifest
from engines.prepare import prepare
from tests.edge.counting.rendered import frame_of, scattered
from tests.edge.drawn import CHANNELS, Disc, knowing, opened, red
from tests.engines.onnx_models import manifest

GREY = frame_of([], (240, 320), 20.0)
DISCS = [
    *red(scattered(3, 12, (200, 280), 24.0, 1.25), 24.0),
    Disc(CellClass.WBC, 300, 220, 36),
    Disc(CellClass.PLT, 150, 225, 8.4),
]


def disc(margin_px: int, x: int, y: int) -> tuple[Tensor, Manifest]:
    """One red cell of 20 px about x, y in 64 x 64 px, and a manifest with this margin."""
    content = manifest(b"", channels=["rbc"])
    content["preparation"]["margin_px"] = margin_px
    rows, columns = np.mgrid[:64, :64]
    logits = np.where((columns - x) ** 2 + (rows - y) ** 2 <= 10**2, 8.0, -8.0)
    return logits.astype(np.float32)[None, None], Manifest.model_validate(content)


def test_it_counts_what_the_field_counter_counts() -> None:
    model = opened(knowing(DISCS, 320, CHANNELS), CHANNELS)
    plan = CountingSettings(cell_diameter_px=model.manifest.preparation.cell_diameter_px)
    counted = FieldCounter(model.engine, model.manifest, plan).count(GREY)
    tensor = prepare(GREY, model.manifest.preparation.cell_diameter_px, model.manifest.preparing()).tensor
    found = counts_of(model.engine.run(tensor), model.manifest)
    assert found == {kind.value: number for kind, number in counted.counts.items()}
    assert found["wbc"] == found["plt"] == 1


def test_the_margin_is_cut_from_all_sides() -> None:
    assert counts_of(*disc(0, 63, 30)) == {"rbc": 1}
    assert counts_of(*disc(0, 30, 63)) == {"rbc": 1}
    for x, y in ((0, 30), (63, 30), (30, 0), (30, 63)):
        assert counts_of(*disc(16, x, y)) == {"rbc": 0}
    assert counts_of(*disc(16, 32, 32)) == {"rbc": 1}


@pytest.mark.parametrize(
    "shape", [(1, 64, 64), (1, 2, 64, 64), (2, 1, 64, 64), (1, 1, 32, 64)], ids=["rank", "channels", "batch", "all margin"]
)
def test_what_does_not_fit_the_manifest_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(InferenceFailed, match="the model gave"):
        counts_of(np.zeros(shape, np.float32), disc(16, 32, 32)[1])


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_is_no_count(value: float) -> None:
    logits, manifest = disc(0, 32, 32)
    logits[0, 0, 5, 5] = value
    with pytest.raises(InferenceFailed, match="not finite"):
        counts_of(logits, manifest)
