from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from export.datasets import CORPORA, read_corpus
from export.datasets.errors import DatasetError
from tests.export.datasets import paper_trees, trees

TREES: dict[str, Callable[[Path], Path]] = {
    "allidb1": trees.allidb1,
    "anaemic-rbc": paper_trees.anaemic_rbc,
    "anerbc": paper_trees.anerbc,
    "anerbc-ii": paper_trees.anerbc,
    "anerbc-tiles": lambda root: paper_trees.anerbc(root, 960, 1224),
    "cbc": trees.cbc,
    "chula": trees.chula,
    "chula-crops": trees.chula,
    "elsafty": paper_trees.elsafty,
    "elsafty-masks": paper_trees.elsafty,
    "elsafty-nine": lambda root: paper_trees.elsafty(root, paper_trees.ELSAFTY_CLASSES[:-1]),
    "folder-classes": paper_trees.folder_classes,
    "folder-masks": paper_trees.folder_masks,
    "pbc": trees.pbc,
}


def test_every_corpus_is_tested() -> None:
    assert TREES.keys() == CORPORA.keys()


@pytest.mark.parametrize("name", sorted(TREES))
def test_samples_of_every_corpus(tmp_path: Path, name: str) -> None:
    found = read_corpus(name, TREES[name](tmp_path))
    assert len({(sample.split, sample.label, sample.name) for sample in found}) == len(found)
    for sample in found:
        pixels = sample.pixels()
        assert pixels.ndim == 3
        assert all(sample.mask(mask).shape == pixels.shape[:2] for mask in sample.masks)
        assert sample.split
        assert sample.group or name.startswith("folder")


@pytest.mark.parametrize("name", sorted(TREES))
def test_a_truncated_picture_is_named(tmp_path: Path, name: str) -> None:
    victim = read_corpus(name, TREES[name](tmp_path))[0]
    victim.path.write_bytes(victim.path.read_bytes()[:-40])
    with pytest.raises(DatasetError, match=rf"{victim.path.name} is (truncated|missing)"):
        victim.pixels()


@pytest.mark.parametrize(
    "name",
    sorted(name for name in TREES if "chula" not in name and "cbc" not in name and "classes" not in name and name != "pbc"),
)
def test_a_mask_of_another_size_is_named(tmp_path: Path, name: str) -> None:
    victim = read_corpus(name, TREES[name](tmp_path))[0]
    file = victim.masks["rbc"].path
    trees.mask(file, [], 10, 12)
    with pytest.raises(DatasetError, match=rf"{file.name} is 12x10 pixels, its picture"):
        victim.mask("rbc")


def test_an_unknown_corpus_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="'livecell' is no corpus; known are allidb1, anaemic-rbc"):
        read_corpus("livecell", tmp_path)


@pytest.mark.parametrize("name", sorted(TREES))
def test_a_folder_that_is_not_there_or_empty_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(DatasetError, match="none is no folder"):
        read_corpus(name, tmp_path / "none")
    with pytest.raises(DatasetError, match=str(tmp_path)):
        read_corpus(name, tmp_path)
