from __future__ import annotations

import numpy as np
import pytest

from export.normalisation import NORMALISATIONS, Normalisation

PIXELS = np.asarray([[[[0, 128, 255]]]], np.uint8)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("unit", [0, 128 / 255, 1]), ("raw", [0, 128, 255]), ("signed", [-1, 128 / 127.5 - 1, 1]),
        ("imagenet", [-0.485 / 0.229, (128 / 255 - 0.456) / 0.224, (1 - 0.406) / 0.225]),
        ("caffe", [255 - 103.939, 128 - 116.779, -123.68]), ("grey", [(0.587 * 128 + 0.114 * 255) / 255]),
    ],
)  # fmt: skip
def test_by_hand(name: str, expected: list[float]) -> None:
    assert NORMALISATIONS[name].apply(PIXELS)[0, 0, 0] == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("wrong", [{"divisor": 0.0}, {"std": (1.0, 0.0, 1.0)}, {"mean": (float("nan"), 0.0, 0.0)}])
def test_what_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="divisor and std"):
        Normalisation(**wrong)  # type: ignore[arg-type]
