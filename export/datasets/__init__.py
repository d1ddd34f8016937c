"""One reader a corpus, all giving the same `Sample`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from export.datasets import allidb1, anaemic_rbc, anerbc, cbc, chula, elsafty, folder_classes, folder_masks, pbc
from export.datasets.errors import DatasetError
from export.datasets.sample import Sample

CORPORA: Mapping[str, Callable[[Path], list[Sample]]] = {
    "allidb1": allidb1.read,
    "anaemic-rbc": anaemic_rbc.read,
    "anerbc": anerbc.read,
    "anerbc-ii": anerbc.read_second,
    "anerbc-tiles": anerbc.tiles,
    "cbc": cbc.read,
    "chula": chula.read,
    "chula-crops": chula.crops,
    "elsafty": elsafty.read,
    "elsafty-masks": elsafty.crops_with_masks,
    "elsafty-nine": elsafty.read_nine,
    "folder-classes": folder_classes.read,
    "folder-masks": folder_masks.read,
    "pbc": pbc.read,
}


def read_corpus(name: str, root: Path) -> list[Sample]:
    """The samples of a corpus of this name under `root`. Raises DatasetError for an unknown name, and what its reader raises;
    also where it finds nothing at all."""
    if name not in CORPORA:
        raise DatasetError(f"{name!r} is no corpus; known are {', '.join(CORPORA)}")
    if not root.is_dir():
        raise DatasetError(f"{root} is no folder; give the one that {name} was unpacked into")
    samples = CORPORA[name](root)
    if not samples:
        raise DatasetError(f"{root} holds no sample of {name}; lay the corpus out as README says")
    return samples
