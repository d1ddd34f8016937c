"""A corpus as training patches, made once and kept in a file beside the run."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from edge.smear.imaging import Imaging, expose
from edge.smear.slide import SmearRecipe, make_smear
from edge.smear.staining import Stain, stain_window
from edge.smear.truth import true_cells
from engines.prepare import Preparation, white_balance
from engines.whole_file import whole_file
from export.datasets import allidb1, cbc, chula, txl
from export.datasets.sample import Sample
from export.training.field_recipe import FieldRecipe
from export.training.labelled_boxes import from_boxes
from export.training.labelled_masks import from_masks
from export.training.labelled_points import from_points
from export.training.mosaic import mosaics
from export.training.targets import Patch, from_truth

log = logging.getLogger(__name__)

_LABELLED: dict[str, tuple[Callable[[Path], list[Sample]], Callable[[Sample, float], Patch], tuple[str, ...]]] = {
    chula.CORPUS: (chula.read, from_points, ("train",)),
    cbc.CORPUS: (cbc.read, from_boxes, ("train",)),
    allidb1.CORPUS: (allidb1.read, from_masks, ("train", "bench_train")),
    txl.CORPUS: (txl.read, from_boxes, ("train",)),
}


def simulated_patch(seed: int, side_px: int, diameter_px: float) -> Patch:
    """A rendered field of any difficulty with its targets; the same seed gives the same patch."""
    rng = np.random.default_rng(seed)
    recipe, stain, imaging = SmearRecipe.random(rng), Stain.random(rng), Imaging.random(rng)
    um_per_px = recipe.red_diameter_um / diameter_px
    # The glass is larger than the window, so that cells reach over its border as on a real slide.
    margin_um = 10.0
    smear = make_smear(seed, side_px * um_per_px + 2 * margin_um, side_px * um_per_px + 2 * margin_um, recipe)
    plate = stain_window(smear, stain, margin_um, margin_um, side_px, side_px, um_per_px, seed)
    cells = true_cells(smear, plate, margin_um, margin_um, um_per_px)
    return from_truth(expose(plate.density, imaging, um_per_px, rng), plate, cells, diameter_px)


def _patches(corpus: str, recipe: FieldRecipe, data: Path) -> Iterator[Patch]:
    if corpus == "simulated":
        for index in range(recipe.simulated.fields):
            yield _balanced(
                simulated_patch(recipe.seed * 1_000_000 + index, recipe.simulated.side_px, recipe.packed_diameter_px)
            )
        return
    # Parts of a corpus are corpora of their own: txl-pbc, txl-raabin, allidb1-outlined.
    name, _, part = corpus.partition("-")
    read, label, splits = _LABELLED[name]
    patches = (
        _balanced(label(sample, recipe.packed_diameter_px))
        for sample in read(data / name)
        if sample.split in splits and _labelled(sample) and (not part or part == sample.scanner or _outlined(sample, part))
    )
    yield from mosaics(patches, recipe.seed) if name in (txl.CORPUS, cbc.CORPUS) else patches


def _outlined(sample: Sample, part: str) -> bool:
    """Whether `part` asks for fields whose every cell has its outline, and this is one."""
    return part == "outlined" and "edge" in sample.masks


def _balanced(patch: Patch) -> Patch:
    """As the device shows a picture to the network."""
    return replace(patch, pixels=white_balance(patch.pixels, Preparation(cell_diameter_px=1.0)))


def _labelled(sample: Sample) -> bool:
    """Whether targets can be made: Im024 of ALL-IDB1 has a count alone, some CBC fields boxes of half their cells."""
    return bool(sample.points.size or sample.masks or (sample.boxes and sample.complete))


def pack(corpus: str, recipe: FieldRecipe, data: Path, folder: Path) -> list[Patch]:
    """The corpus' patches, white-balanced as the device does it, from `folder` or made and kept there.

    Raises DatasetError where the corpus is missing under `data`.
    """
    made_from = f"{corpus}-{recipe.packed_diameter_px:g}"
    if corpus == "simulated":
        made_from += f"-{recipe.seed}-{recipe.simulated.fields}-{recipe.simulated.side_px}"
    return _kept(folder / f"{made_from}.npz", lambda: _patches(corpus, recipe, data))


def pack_samples(samples: Sequence[Sample], diameter_px: float, folder: Path) -> list[Patch]:
    """These labelled samples of one corpus as patches, in their order, white-balanced, from `folder` or made and kept there.

    Corpora without a labelling of their own must have masks of red cells, from which the scale is found.
    """
    corpus = samples[0].corpus
    label = _LABELLED[corpus][1] if corpus in _LABELLED else from_masks
    names = hashlib.sha256("\n".join(sample.name for sample in samples).encode()).hexdigest()[:12]
    return _kept(
        folder / f"{corpus}-{diameter_px:g}-{names}.npz", lambda: (_balanced(label(one, diameter_px)) for one in samples)
    )


def _kept(kept: Path, patches: Callable[[], Iterator[Patch]]) -> list[Patch]:
    """The patches of the file `kept`, which is made if it is not there."""
    if not kept.exists():
        arrays: dict[str, np.ndarray] = {}
        for index, patch in enumerate(patches()):
            arrays[f"pixels{index}"] = patch.pixels
            arrays[f"targets{index}"], arrays[f"known{index}"] = patch.targets, patch.known
        kept.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(kept) as partial, partial.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)
        log.info("packed %d patches into %s", len(arrays) // 3, kept)
    with np.load(kept) as stored:
        return [Patch(stored[f"pixels{i}"], stored[f"targets{i}"], stored[f"known{i}"]) for i in range(len(stored.files) // 3)]
