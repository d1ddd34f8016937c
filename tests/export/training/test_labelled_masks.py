from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("scipy", reason="labelling needs scipy: pip install hemocam[export]")

from export.datasets.sample import MaskFile
from export.training.labelled_masks import from_masks
from export.training.targets import CENTRE, OUTLINE, PLT, RBC, WBC, WBC_CENTRE, Patch
from tests.export.training.fields import disc_mask, drawn, grid, sample, saved

CELLS = grid(5, 4, 60.0, 41.0)
NEIGHBOUR = (CELLS[7][0] + 30, CELLS[7][1], 41.0)
NUCLEUS = (45.0, 275.0, 50.0)
PLATELET = (200.0, 280.0, 11.0)
SPECK = (260.0, 285.0, 2.0)
SIZE = (310, 330)


def patch_of(folder: Path, *, outlined: bool, counts: dict[str, int], kinds: tuple[str, ...] = ("wbc", "plt")) -> Patch:
    red = [*CELLS[:8], *CELLS[9:], NEIGHBOUR, NUCLEUS]
    drawings = {"rbc": disc_mask(red, *SIZE)}
    if outlined:
        drawings["edge"] = disc_mask(red, *SIZE, ring_px=1)
    if "wbc" in kinds:
        drawings["wbc"] = disc_mask([NUCLEUS], *SIZE)
    if "plt" in kinds:
        drawings["plt"] = disc_mask([PLATELET, SPECK], *SIZE)
    masks = {name: MaskFile(saved(folder, name, mask)) for name, mask in drawings.items()}
    return from_masks(sample(folder, drawn(red, *SIZE, [NUCLEUS, PLATELET]), masks=masks, counts=counts), 20.0)


def at(patch: Patch, disc: tuple[float, float, float]) -> tuple[int, int]:
    zoom = patch.pixels.shape[1] / SIZE[1]
    return round(disc[1] * zoom), round(disc[0] * zoom)


def centred(patch: Patch, disc: tuple[float, float, float], channel: int = CENTRE) -> int:
    row, column = at(patch, disc)
    return int(patch.targets[row - 2 : row + 3, column - 2 : column + 3, channel].max())


def test_with_outlines_every_piece_is_a_cell(tmp_path: Path) -> None:
    patch = patch_of(tmp_path, outlined=True, counts={"wbc": 1, "plt": 1})
    assert patch.pixels.shape[1] == pytest.approx(SIZE[1] * 20 / 39, rel=0.08)
    for cell in (*CELLS[:7], NEIGHBOUR):
        row, column = at(patch, cell)
        assert centred(patch, cell) > 235
        assert patch.targets[row, column, RBC] == 255
        assert patch.known[row, column, [RBC, OUTLINE, CENTRE]].all()
    row, column = at(patch, (NEIGHBOUR[0] - 20, NEIGHBOUR[1], 0))
    assert patch.targets[row, column - 1 : column + 2, OUTLINE].any(), "the upper cell's rim over the lower one"


def test_without_outlines_only_single_round_pieces_have_centres(tmp_path: Path) -> None:
    patch = patch_of(tmp_path, outlined=False, counts={"wbc": 1, "plt": 1})
    assert patch.pixels.shape[1] == pytest.approx(SIZE[1] * 20 / 41, rel=0.06)
    row, column = at(patch, CELLS[0])
    assert centred(patch, CELLS[0]) > 235
    assert patch.known[row, column, [OUTLINE, CENTRE]].all()
    row, column = at(patch, CELLS[7])
    assert patch.known[row, column, [RBC, OUTLINE, CENTRE]].tolist() == [1, 0, 0]
    assert centred(patch, NEIGHBOUR) == 0


def test_a_white_cell_is_not_red(tmp_path: Path) -> None:
    patch = patch_of(tmp_path, outlined=True, counts={"wbc": 1, "plt": 1})
    row, column = at(patch, NUCLEUS)
    assert patch.targets[row, column, [RBC, OUTLINE, CENTRE, WBC]].tolist() == [0, 0, 0, 255]
    assert centred(patch, NUCLEUS, WBC_CENTRE) > 245
    assert patch.known[row, column, [WBC, WBC_CENTRE]].all()


def test_white_centres_are_unknown_where_the_pieces_are_not_as_many_as_were_counted(tmp_path: Path) -> None:
    patch = patch_of(tmp_path, outlined=True, counts={"wbc": 3, "plt": 1})
    row, column = at(patch, NUCLEUS)
    assert patch.known[row, column, [WBC, WBC_CENTRE]].tolist() == [1, 0]
    assert not patch.targets[..., WBC_CENTRE].any()


def test_platelets_and_specks(tmp_path: Path) -> None:
    patch = patch_of(tmp_path, outlined=True, counts={"wbc": 1, "plt": 1})
    assert patch.targets[(*at(patch, PLATELET), PLT)] == 255
    assert patch.known[(*at(patch, PLATELET), PLT)] == 1
    assert patch.targets[(*at(patch, SPECK), PLT)] == 0
    assert patch.known[(*at(patch, SPECK), PLT)] == 0


@pytest.mark.parametrize(("counts", "known"), [({"plt": 0}, True), ({"plt": 4}, False), ({}, False)])
def test_without_a_mask_platelets_are_known_only_where_there_are_none(
    tmp_path: Path, counts: dict[str, int], known: bool
) -> None:
    patch = patch_of(tmp_path, outlined=True, counts=counts, kinds=())
    assert np.unique(patch.known[..., PLT]).tolist() == [int(known)]
    assert not patch.known[..., [WBC, WBC_CENTRE]].any(), "nobody drew white cells"
