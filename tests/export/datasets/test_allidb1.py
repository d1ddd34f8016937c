from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from export.datasets import allidb1
from export.datasets.sample import DatasetError
from tests.export.datasets import trees


def test_a_tree(tmp_path: Path) -> None:
    first, second, third = allidb1.read(trees.allidb1(tmp_path))
    assert (first.corpus, first.split, first.name) == ("allidb1", "bench_train", "Im001_1")
    assert first.counts == {"rbc": 3, "wbc": 1, "plt": 0}
    assert sorted(first.masks) == ["edge", "rbc", "wbc"]
    assert first.mask("edge").shape == first.pixels().shape[:2]
    assert second.counts == {"wbc": 2}, "an empty count means that nobody counted"
    assert (third.split, dict(third.masks)) == ("test", {})


def test_a_missing_index_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"index\.csv cannot be read"):
        allidb1.read(tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [("rbc edge wbc", "rbc rim", "Im001_1 names the mask 'rim', known are rbc, edge"), (",3,1,0", ",three,1,0", "three"),
     ("wbc_count,", "white,", "lacks the column wbc_count"), (",3,1,0", "", "too few values in row 2")],
)  # fmt: skip
def test_a_broken_index_is_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    index = trees.allidb1(tmp_path) / "index.csv"
    index.write_text(index.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(DatasetError, match=r"index\.csv.*" + message):
        allidb1.read(tmp_path)


def test_a_missing_mask_is_named_when_it_is_read(tmp_path: Path) -> None:
    (trees.allidb1(tmp_path) / "masks_rbc" / "Im001_1.png").unlink()
    with pytest.raises(DatasetError, match=r"masks_rbc/Im001_1\.png is missing"):
        allidb1.read(tmp_path)[0].mask("rbc")


@pytest.mark.skipif(not (trees.DATA / "allidb1").is_dir(), reason=trees.NO_DATA)
def test_the_real_corpus() -> None:
    samples = allidb1.read(trees.DATA / "allidb1")
    by_name = {sample.name: sample for sample in samples}
    splits = Counter(sample.split for sample in samples)
    assert len(samples) == 90
    assert (splits["bench_train"], splits["test"]) == (10, 3)
    assert by_name["Im001_1"].counts == {"rbc": 215, "wbc": 18, "plt": 0}
    assert by_name["Im002_1"].counts == {"wbc": 21}
    assert by_name["Im053_1"].counts["rbc"] == 802
    assert all("edge" in sample.masks for sample in samples if sample.split in allidb1.BENCH_SPLITS)
    assert all(path.is_file() for sample in samples for path in (sample.path, *(file.path for file in sample.masks.values())))
    assert by_name["Im001_1"].mask("rbc").shape == by_name["Im001_1"].pixels().shape[:2]
