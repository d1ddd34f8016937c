"""Pictures in character cells, without a terminal."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from rich.style import Style

from edge.counting.cell import CellClass
from edge.counting.signs import SIGNS
from edge.tui.pictures.brightness_ramp import BrightnessRamp
from edge.tui.pictures.drawing import draw, fit, letters
from edge.tui.pictures.half_blocks import EIGHT_BIT, TRUE_COLOUR, HalfBlocks
from edge.tui.pictures.scene import PictureKind, Rendering, Scene
from edge.tui.pictures.terminal import rendering, wanted_kind

from . import fake_session as fake

FRAME, CELLS = fake.rendered(0)
SCENE = Scene(FRAME.pixels, CELLS)
GROUND = Style(color="#ffffff", bgcolor="#000000")


@pytest.mark.parametrize("made", [HalfBlocks(), HalfBlocks(EIGHT_BIT), BrightnessRamp()])
@pytest.mark.parametrize("size", [(40, 17), (104, 41), (1, 1), (7, 90), (150, 2)])
def test_every_rendering_fills_its_area(made: Rendering, size: tuple[int, int]) -> None:
    for scene in (SCENE, replace(SCENE, stamp="SIMULATED", veil="CAMERA LOST"), Scene(np.zeros((1944, 2592, 3), np.uint8))):
        strips = made.strips(scene, *size, GROUND)
        assert len(strips) == size[1]
        assert {strip.cell_length for strip in strips} == {size[0]}


@pytest.mark.parametrize(("columns", "rows", "area"), [(40, 17, (40, 15)), (104, 36, (96, 36)), (1, 50, (1, 1))])
def test_fit_keeps_the_shape(columns: int, rows: int, area: tuple[int, int]) -> None:
    assert fit(640, 480, columns, rows) == area


def test_outlines_are_where_the_cells_are() -> None:
    bare, drawn = draw(Scene(FRAME.pixels), 640, 480), draw(SCENE, 640, 480)
    changed = np.abs(bare.astype(int) - drawn).sum(axis=2) > 60
    for cell in CELLS[:10]:
        x, y = np.round(cell.outline).astype(int).T
        inside = (x > 1) & (x < 638) & (y > 1) & (y < 478)
        assert changed[y[inside], x[inside]].mean() > 0.9
        assert not changed[round(cell.y), round(cell.x)]


def test_small_cells_are_dots_at_their_centres() -> None:
    drawn = draw(SCENE, 40, 30)
    for cell in CELLS:
        if cell.cell_class is CellClass.PLT:
            shown = drawn[int((cell.y + 0.5) / 16), int((cell.x + 0.5) / 16)]
            assert np.abs(shown.astype(int) - SIGNS[CellClass.PLT].ink_rgb).max() < 3


@pytest.mark.parametrize("width_px", [58, 74, 120])  # the red cells, 40 to 48 px of 640, lie about the smallest outline at 74
def test_a_class_is_marked_in_one_way(width_px: int) -> None:
    height_px = width_px * 3 // 4
    red = [cell for cell in CELLS if cell.cell_class is CellClass.RBC]
    drawn = draw(Scene(FRAME.pixels, tuple(red)), width_px, height_px).astype(int)
    ink = SIGNS[CellClass.RBC].ink_rgb
    across, down = width_px / 640, height_px / 480
    dots = [np.abs(drawn[int((cell.y + 0.5) * down), int((cell.x + 0.5) * across)] - ink).max() < 3 for cell in red]
    assert all(dots) or not any(dots)


def test_rarer_class_keeps_its_letter() -> None:
    white = next(cell for cell in CELLS if cell.cell_class is CellClass.WBC)
    red = replace(white, cell_class=CellClass.RBC)
    for cells in ((white, red), (red, white)):
        assert list(letters(Scene(FRAME.pixels, cells), 40, 15, tuple(SIGNS)).values()).count(CellClass.WBC) == 1


@pytest.mark.parametrize("made", [HalfBlocks(), BrightnessRamp()])
def test_simulated_is_written_into_the_picture(made: Rendering) -> None:
    text = [strip.text for strip in made.strips(replace(SCENE, stamp="SIMULATED", veil="PAUSED"), 40, 15, GROUND)]
    assert " SIMULATED " in text[0]
    assert " SIMULATED " in text[-1]
    assert " PAUSED " in text[7]


def test_ramp_has_no_letters_but_those_of_cells() -> None:
    bare = "".join(strip.text for strip in BrightnessRamp().strips(Scene(FRAME.pixels), 40, 15, GROUND))
    assert not any(character.isalpha() for character in bare)
    marked = "".join(strip.text for strip in BrightnessRamp().strips(SCENE, 104, 40, GROUND))
    for kind, sign in SIGNS.items():
        assert marked.count(sign.letter) == sum(cell.cell_class is kind for cell in CELLS)


def test_noise_leaves_the_picture_still() -> None:
    made, noise = HalfBlocks(), np.random.default_rng(0)
    first = made.strips(SCENE, 104, 41, GROUND)
    noisy = np.clip(FRAME.pixels + noise.normal(0, 6, FRAME.pixels.shape), 0, 255).astype(np.uint8)
    again = made.strips(Scene(noisy, CELLS), 104, 41, GROUND)
    assert sum(before == after for before, after in zip(first, again, strict=True)) > 35


@pytest.mark.parametrize("steps", [TRUE_COLOUR, EIGHT_BIT])
def test_steps_go_to_near_values(steps: np.ndarray) -> None:
    assert len(steps) == 256
    assert np.abs(steps.astype(int) - np.arange(256)).max() <= 48
    assert (steps[0], steps[255]) == (0, 255)


@pytest.mark.parametrize(
    ("wanted", "environment", "kind"),
    [
        (PictureKind.TEXT, {}, BrightnessRamp),
        (PictureKind.HALF_BLOCKS, {"NO_COLOR": "1"}, HalfBlocks),
        (PictureKind.AUTO, {"NO_COLOR": "1"}, BrightnessRamp),
        (PictureKind.AUTO, {}, BrightnessRamp),
    ],
)
def test_rendering_without_a_terminal(wanted: PictureKind, environment: dict[str, str], kind: type[Rendering]) -> None:
    assert isinstance(rendering(wanted, environment), kind)


def test_variable_is_read_and_checked() -> None:
    assert wanted_kind({}) is PictureKind.AUTO
    assert wanted_kind({"HEMOCAM_PICTURE": "text"}) is PictureKind.TEXT
    with pytest.raises(ValueError, match="HEMOCAM_PICTURE is 'png'; it may be auto, halfblocks, text"):
        wanted_kind({"HEMOCAM_PICTURE": "png"})
