from __future__ import annotations

import numpy as np
import pytest

from engines.contract import InferenceFailed
from engines.decode import decode, label_logits
from engines.prepare import Prepared
from tests.edge.drawn import SIZED
from tests.edge.drawn import manifest as drawn_manifest

CHANNELS = ("rbc", "wbc")


def prepared(height_px: int = 10, width_px: int = 13, margin_px: int = 0) -> Prepared:
    return Prepared(np.zeros((1, 16, 16, 3), np.uint8), 1.0, margin_px, height_px, width_px)


def logits() -> np.ndarray:
    return np.random.default_rng(0).normal(0.0, 3.0, (1, 2, 16, 16)).astype(np.float32)


def test_maps_are_the_sigmoid_without_the_padding() -> None:
    raw = logits()
    maps = decode(raw, prepared(), CHANNELS)
    assert list(maps) == ["rbc", "wbc"]
    for index, name in enumerate(CHANNELS):
        assert maps[name].shape == (10, 13)
        assert maps[name].dtype == np.float32
        assert maps[name] == pytest.approx(1.0 / (1.0 + np.exp(-raw[0, index, :10, :13].astype(np.float64))), abs=1e-6)


def test_the_mirrored_margin_is_cut_off() -> None:
    raw = logits()
    found = decode(raw, prepared(10, 9, 3), CHANNELS)["wbc"]
    assert found == pytest.approx(1.0 / (1.0 + np.exp(-raw[0, 1, 3:13, 3:12].astype(np.float64))), abs=1e-6)


def test_large_logits_saturate_without_overflow() -> None:
    raw = logits()
    raw[0, 0, 0, :4] = (1e30, -1e30, 0.0, 88.0)
    with np.errstate(all="raise"):
        found = decode(raw, prepared(), CHANNELS)["rbc"][0, :4]
    assert found == pytest.approx([1.0, 0.0, 0.5, 1.0], abs=1e-9)


def test_half_precision_is_taken() -> None:
    assert decode(logits().astype(np.float16), prepared(), CHANNELS)["rbc"].dtype == np.float32


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", [(0, 0, 0, 0), (0, 1, 9, 12)])
def test_one_value_that_is_not_finite_makes_the_field_unknown(bad: float, place: tuple[int, ...]) -> None:
    raw = logits()
    raw[place] = bad
    with pytest.raises(InferenceFailed, match="not finite"):
        decode(raw, prepared(), CHANNELS)


def test_infinities_of_both_signs_do_not_cancel() -> None:
    raw = logits()
    raw[0, 0, 0, :2] = (np.inf, -np.inf)
    with pytest.raises(InferenceFailed, match="not finite"):
        decode(raw, prepared(), CHANNELS)


def test_what_the_padding_holds_does_not_matter() -> None:
    raw = logits()
    raw[..., 10:, :], raw[..., 13:] = np.nan, np.nan
    assert np.isfinite(decode(raw, prepared(), CHANNELS)["wbc"]).all()


@pytest.mark.parametrize(
    "shape", [(2, 2, 16, 16), (1, 3, 16, 16), (1, 1, 16, 16), (1, 2, 16, 8), (1, 2, 10, 13), (2, 16, 16), ()]
)
def test_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(InferenceFailed, match=r"\(1, 2, 16, 16\)"):
        decode(np.zeros(shape, np.float32), prepared(), CHANNELS)


def test_a_size_labels_nothing_and_a_class_goes_by_its_own_threshold() -> None:
    manifest = drawn_manifest(SIZED)
    limits = dict(zip(SIZED, label_logits(manifest).ravel().tolist(), strict=True))
    assert limits["rbc_size"] > 6.0
    assert limits["rbc"] == pytest.approx(np.log(0.5 / 0.5))
    centre = manifest.decoding["rbc"].centre_threshold
    assert limits["rbc_centre"] == pytest.approx(np.log(centre / (1.0 - centre)))
