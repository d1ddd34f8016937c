from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import numpy as np
import pytest

pytest.importorskip("scipy", reason="labelling needs scipy: pip install hemocam[export]")

from engines.prepare import Preparation, white_balance
from export.datasets.sample import DatasetError
from export.training import packing
from export.training.field_recipe import FieldRecipe
from export.training.packing import pack, simulated_patch
from export.training.targets import CENTRE, RBC, SIZE
from tests.export.datasets import trees
from tests.export.training.test_recipe import recipe as content


def recipe(**changed: object) -> FieldRecipe:
    return FieldRecipe.model_validate(content(**changed))


def test_simulated_patches_are_a_function_of_their_seed() -> None:
    first, again, other = simulated_patch(4, 96, 16.0), simulated_patch(4, 96, 16.0), simulated_patch(5, 96, 16.0)
    for name in ("pixels", "targets", "known"):
        assert np.array_equal(getattr(first, name), getattr(again, name))
    assert first.pixels.shape == (96, 96, 3)
    assert first.targets[..., RBC].any()
    assert first.targets[..., CENTRE].max() > 200
    assert (first.known[..., :SIZE] == 1).all()
    assert first.known[..., SIZE].any()
    assert not np.array_equal(first.pixels, other.pixels)


def test_a_corpus_is_packed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = pack("simulated", recipe(), tmp_path / "no data", tmp_path / "packed")
    assert [path.suffix for path in (tmp_path / "packed").iterdir()] == [".npz"], "nothing partial stays"

    def never(*_: object) -> None:
        raise AssertionError("packed again")

    monkeypatch.setattr(packing, "simulated_patch", never)
    again = pack("simulated", recipe(), tmp_path / "no data", tmp_path / "packed")
    assert len(first) == len(again) == 2
    for one, other in zip(first, again, strict=True):
        for name in ("pixels", "targets", "known"):
            assert np.array_equal(getattr(one, name), getattr(other, name))
    with pytest.raises(AssertionError, match="packed again"):
        pack("simulated", recipe(seed=4), tmp_path / "no data", tmp_path / "packed")


def test_pixels_are_white_balanced_as_the_device_does_it(tmp_path: Path) -> None:
    patch = pack("simulated", recipe(), tmp_path, tmp_path / "packed")[1]
    raw = simulated_patch(3 * 1_000_000 + 1, 64, 16.0)
    assert np.array_equal(patch.pixels, white_balance(raw.pixels, Preparation(16.0)))
    assert np.array_equal(patch.targets, raw.targets)


def test_a_pack_that_was_interrupted_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(file: BinaryIO, **_: object) -> None:
        file.write(b"half")
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(np, "savez", killed)
        pack("simulated", recipe(), tmp_path, tmp_path / "packed")
    assert list((tmp_path / "packed").iterdir()) == []
    assert len(pack("simulated", recipe(), tmp_path, tmp_path / "packed")) == 2


def test_labelled_corpora_give_their_training_splits_alone(tmp_path: Path) -> None:
    trees.cbc(tmp_path / "cbc")
    trees.chula(tmp_path / "chula")
    assert pack("cbc", recipe(), tmp_path, tmp_path / "packed") == [], "boxes of half the cells teach nothing"
    assert len(pack("chula", recipe(), tmp_path, tmp_path / "packed")) == 1, "field 61 is of the split but has no label"


def test_a_missing_corpus_is_named_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"chula/cells\.csv"):
        pack("chula", recipe(), tmp_path, tmp_path / "packed")
    assert not (tmp_path / "packed").exists()
