from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from export.datasets import anerbc
from export.datasets.blood_count import Flag
from export.datasets.errors import DatasetError
from tests.export.datasets import paper_trees as trees


def test_the_first_part(tmp_path: Path) -> None:
    found = anerbc.read(trees.anerbc(tmp_path))
    assert [sample.name for sample in found] == ["001_a", "002_a", "001_h", "002_h"]
    first, healthy = found[0], found[2]
    assert (first.corpus, first.split, first.label, first.group) == ("anerbc", "all", "anaemic", "0001_a")
    assert (healthy.label, healthy.group, healthy.scanner) == ("healthy", "0001_h", "Olympus DP27")
    assert sorted(first.masks) == ["rbc", "rbc_colour"]
    assert first.mask("rbc")[20, 20], "black is the cell"
    assert not first.mask("rbc")[0, 0]
    assert np.array_equal(first.mask("rbc"), first.mask("rbc_colour"))


def test_reports_are_typed(tmp_path: Path) -> None:
    first = anerbc.read(trees.anerbc(tmp_path))[0]
    assert first.report is not None
    assert first.report.counts is not None
    assert first.report.counts.measurements["HGB"].flag is Flag.LOW
    assert first.report.morphology is not None
    assert "target cells" in first.report.morphology.findings


def test_the_second_part_has_the_groups_of_the_first(tmp_path: Path) -> None:
    root = trees.anerbc(tmp_path)
    found = anerbc.read_second(root)
    assert [sample.name for sample in found] == ["0001_01_a", "0001_12_a", "0001_01_h", "0001_12_h"]
    assert {sample.group for sample in found} == {"0001_a", "0001_h"}
    assert {sample.group for sample in found} <= {sample.group for sample in anerbc.read(root)}
    assert found[0].report is not None


@pytest.mark.parametrize("stem", ["0001_a", "001_a"])
def test_tiles_may_share_the_report_of_their_field(tmp_path: Path, stem: str) -> None:
    reports = trees.anerbc(tmp_path) / "AneRBC-II" / "Anemic_individuals" / "CBC_reports"
    (reports / "0001_01_a.txt").rename(reports / f"{stem}.txt")
    (reports / "0001_12_a.txt").unlink()
    found = anerbc.read_second(tmp_path)
    assert found[0].report is not None
    assert found[1].report is not None
    assert found[0].report.counts == found[1].report.counts


@pytest.mark.parametrize("below", ["", "AneRBC_dataset", "AneRBC-I"])
def test_the_part_is_found_where_it_was_unpacked(tmp_path: Path, below: str) -> None:
    if below == "AneRBC_dataset":
        trees.anerbc(tmp_path / below)
        assert len(anerbc.read(tmp_path)) == 4
    else:
        assert len(anerbc.read(trees.anerbc(tmp_path) / below)) == 4


def test_folders_that_are_spelt_otherwise(tmp_path: Path) -> None:
    part = trees.anerbc(tmp_path) / "AneRBC-I"
    (part / "Anemic_individuals").rename(part / "anaemic individuals")
    (part / "Healthy_individuals" / "Binary_segmented").rename(part / "Healthy_individuals" / "segmented")
    part.rename(tmp_path / "AneRBC_i")
    assert len(anerbc.read(tmp_path)) == 4


def test_what_was_not_downloaded_is_left_out(tmp_path: Path) -> None:
    cohort = trees.anerbc(tmp_path) / "AneRBC-I" / "Anemic_individuals"
    for name in ("RGB_segmented", "CBC_reports", "Morphology_reports"):
        (cohort / name).rename(tmp_path / name)
    first = anerbc.read(tmp_path)[0]
    assert list(first.masks) == ["rbc"]
    assert first.report is None


@pytest.mark.parametrize(
    ("folder", "suffix"),
    [("Binary_segmented", "png"), ("RGB_segmented", "png"), ("CBC_reports", "txt"), ("Morphology_reports", "txt")],
)
def test_a_missing_file_is_named(tmp_path: Path, folder: str, suffix: str) -> None:
    (trees.anerbc(tmp_path) / "AneRBC-I" / "Anemic_individuals" / folder / f"002_a.{suffix}").unlink()
    with pytest.raises(DatasetError, match=rf"{folder}/002_a\.{suffix} is missing"):
        anerbc.read(tmp_path)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"has no folder AneRBC-I"):
        anerbc.read(tmp_path)
    (trees.anerbc(tmp_path) / "AneRBC-I" / "Healthy_individuals").rename(tmp_path / "away")
    with pytest.raises(DatasetError, match=r"AneRBC-I has no folder Healthy_individuals"):
        anerbc.read(tmp_path)


@pytest.mark.parametrize("name", ["003_h.png", "3_a.png", "0003_01_a.png", "thumb.png"])
def test_a_name_that_does_not_belong_there_is_named(tmp_path: Path, name: str) -> None:
    trees.picture(trees.anerbc(tmp_path) / "AneRBC-I" / "Anemic_individuals" / "Original_images" / name)
    with pytest.raises(DatasetError, match=rf"{name} is not named xxx_a\.png"):
        anerbc.read(tmp_path)


def test_a_broken_report_is_named(tmp_path: Path) -> None:
    trees.text(trees.anerbc(tmp_path) / "AneRBC-I" / "Anemic_individuals" / "CBC_reports" / "001_a.txt", "WBC,lost")
    with pytest.raises(DatasetError, match=r"001_a\.txt, line 1: 'lost' is no result of WBC"):
        anerbc.read(tmp_path)


def test_twelve_tiles_cover_a_field_once(tmp_path: Path) -> None:
    found = anerbc.tiles(trees.anerbc(tmp_path, 960, 1224))
    assert Counter(tile.group for tile in found) == {"0001_a": 12, "0002_a": 12, "0001_h": 12, "0002_h": 12}
    assert [tile.name for tile in found[:5]] == ["0001_01_a", "0001_02_a", "0001_03_a", "0001_04_a", "0001_05_a"]
    whole = np.random.default_rng(0).integers(0, 256, (960, 1224, 3), np.uint8)
    Image.fromarray(whole).save(found[0].path)
    tiles = [tile.pixels() for tile in found[:12]]
    assert {tile.shape for tile in tiles} == {(320, 306, 3)}
    assert np.array_equal(np.vstack([np.hstack(tiles[row : row + 4]) for row in (0, 4, 8)]), whole)
    assert sum(int(tile.mask("rbc").sum()) for tile in found[:12]) == np.count_nonzero(anerbc.read(tmp_path)[0].mask("rbc"))


def test_a_field_of_another_size_is_not_cut(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"001_a\.png is 64x48 pixels; fields of AneRBC-I are 1224x960"):
        anerbc.tiles(trees.anerbc(tmp_path))
