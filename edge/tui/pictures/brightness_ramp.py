"""A picture of characters: for NO_COLOR, monochrome terminals and paper."""

from __future__ import annotations

import cv2
import numpy as np
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from edge.counting.cell import CellClass
from edge.counting.signs import SIGNS
from edge.tui.pictures.drawing import fit, letters, shrink, words
from edge.tui.pictures.scene import Scene

# Stained cells are darker than the glass: the darker the pixel, the more ink, as in a drawing. No letters, so that R, W
# and P are cells only.
_INK = np.array(list("@#*+=-:. "))
# Less than this between dark and bright is noise or nothing at all: not to be stretched into a picture.
_FLAT = 12.0
_BOLD = Style(bold=True)
_REVERSE = Style(bold=True, reverse=True)


class BrightnessRamp:
    """Draws brightness as ink, stretched between the scene's darkest and brightest twentieth, and a letter on each cell."""

    def strips(self, scene: Scene, columns: int, rows: int, ground: Style) -> list[Strip]:
        width, height = fit(scene.pixels.shape[1], scene.pixels.shape[0], columns, rows)
        grey = cv2.cvtColor(shrink(scene.pixels, width, height), cv2.COLOR_RGB2GRAY)
        dark, bright = np.percentile(grey, (5, 95))
        if bright - dark < _FLAT:
            dark, bright = 0.0, 255.0
        share = np.clip((grey - dark) / (bright - dark), 0.0, 1.0)
        ink = _INK[np.round(share * (len(_INK) - 1)).astype(int)].tolist()
        cells = [[(character, ground) for character in line] for line in ink]
        for (row, column), kind in letters(scene, width, height, (CellClass.RBC, CellClass.PLT, CellClass.WBC)).items():
            cells[row][column] = (SIGNS[kind].letter, ground + _BOLD)
        for (row, column), character in words(scene, width, height).items():
            cells[row][column] = (character, ground + _REVERSE)
        above, left = (rows - height) // 2, (columns - width) // 2
        blank = Strip.blank(columns, ground)
        edges = Segment(" " * left, ground), Segment(" " * (columns - left - width), ground)
        drawn = [Strip([edges[0], *(Segment(*cell) for cell in line), edges[1]], columns).simplify() for line in cells]
        return [blank] * above + drawn + [blank] * (rows - height - above)
