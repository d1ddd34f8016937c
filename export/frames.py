"""Prepared inputs to compare, calibrate and time models on: a folder's pictures, or rendered ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.counting.counter import ASSUMED_CELLS_ACROSS
from edge.counting.errors import ScaleUnknown
from edge.counting.scale import estimate_cell_diameter
from edge.smear.cells import Kind
from edge.smear.imaging import Imaging, expose
from edge.smear.slide import SmearRecipe, make_smear
from edge.smear.staining import Stain, stain_window
from edge.smear.truth import TrueCell, true_cells
from engines.manifest import ClassifierManifest, Manifest
from engines.prepare import Pixels, prepare
from export.conversion_error import ConversionError

RENDERED = 8
"""So many fields are rendered where no folder is given."""
SEED = 970_000
"""Far from the seeds of training, of `val` and of `test`."""
DIAMETER_PX = 40.0
FIELD_PX = (640, 480)
LARGEST_PX = 310_000
CROPS = 64
"""Crops in one batch of a classifier."""
SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp"})


class FramesError(ConversionError):
    """Pictures cannot be had; the message names the folder or the file."""


def frames(
    manifest: Manifest | ClassifierManifest,
    folder: Path | None,
    most: int = RENDERED,
    cell_diameter_px: float | None = None,
) -> Iterator[NDArray[np.uint8]]:
    """Tensors (batch, height, width, 3) uint8 as the device prepares them: fields one by one, crops in batches.

    Pictures of `folder` in the order of their names, at most `most` spread over all of them; without a folder, rendered
    fields or cells. A picture's scale is measured where `cell_diameter_px` is not given. Raises FramesError.
    """
    if isinstance(manifest, ClassifierManifest):
        crops = _rendered_crops(most) if folder is None else (_read(path) for path in pictures(folder, most * CROPS))
        yield from _batches(crops, manifest.side_px)
        return
    fields = ((f"rendered field {i}", bounded(rendered(i)[0], manifest)) for i in range(most))
    if folder is not None:
        fields = ((str(path), _read(path)) for path in pictures(folder, most))
    for name, pixels in fields:
        # The true diameter varies within a rendered field, as on a slide: it is the recipe's mean.
        given = cell_diameter_px or (DIAMETER_PX if folder is None else None)
        try:
            yield prepare(pixels, given or _measured(pixels), manifest.preparing()).tensor
        except ValueError as error:
            raise FramesError(f"{name}: {error}; check --cell-diameter-px") from error


def network_inputs(
    tensors: Iterable[NDArray[np.uint8]], manifest: Manifest | ClassifierManifest
) -> Iterator[NDArray[np.uint8]]:
    """What the network itself sees of prepared tensors: themselves, or squares side by side where the manifest says so."""
    side_px = manifest.tiling.side_px if isinstance(manifest, Manifest) and manifest.tiling is not None else None
    for tensor in tensors:
        if side_px is None:
            yield tensor
            continue
        _, height, width, _ = tensor.shape
        filled = np.pad(tensor, ((0, 0), (0, -height % side_px), (0, -width % side_px), (0, 0)), "symmetric")
        for top in range(0, height, side_px):
            for left in range(0, width, side_px):
                yield filled[:, top : top + side_px, left : left + side_px]


def pictures(folder: Path, most: int) -> list[Path]:
    """At most `most` pictures spread over all that lie in `folder`, by name. Raises FramesError where there is none."""
    try:
        found = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
    except OSError as error:
        raise FramesError(f"{folder} cannot be read as a folder ({error.strerror}); give one with pictures") from error
    if not found:
        raise FramesError(f"{folder} holds no picture ({', '.join(sorted(SUFFIXES))})")
    places = np.linspace(0, len(found) - 1, min(most, len(found))).round().astype(int)
    return [found[place] for place in places.tolist()]


def rendered(index: int) -> tuple[Pixels, tuple[TrueCell, ...]]:
    """A rendered field (480, 640, 3) uint8 RGB of mixed difficulty with red cells of DIAMETER_PX, and what is in it."""
    rng = np.random.default_rng(SEED + index)
    recipe, stain, imaging = SmearRecipe.random(rng), Stain.random(rng), Imaging.random(rng)
    um_per_px = recipe.red_diameter_um / DIAMETER_PX
    (width_px, height_px), margin_um = FIELD_PX, 10.0
    smear = make_smear(SEED + index, width_px * um_per_px + 2 * margin_um, height_px * um_per_px + 2 * margin_um, recipe)
    plate = stain_window(smear, stain, margin_um, margin_um, width_px, height_px, um_per_px, SEED + index)
    pixels = expose(plate.density, imaging, um_per_px, rng)
    return pixels, true_cells(smear, plate, margin_um, margin_um, um_per_px)


def bounded(pixels: Pixels, manifest: Manifest) -> Pixels:
    """So much of a rendered field as comes to at most LARGEST_PX at the model's scale: one that learnt on cells of a third of
    the picture would take all memory for a whole field."""
    zoom = manifest.preparation.cell_diameter_px / DIAMETER_PX
    share = min(1.0, (LARGEST_PX / (pixels.shape[0] * pixels.shape[1])) ** 0.5 / zoom)
    return pixels[: max(1, int(share * pixels.shape[0])), : max(1, int(share * pixels.shape[1]))]


def _read(path: Path) -> Pixels:
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if picture is None:
        raise FramesError(f"{path} is no picture that can be read")
    return np.ascontiguousarray(picture[..., ::-1], np.uint8)


def _measured(pixels: Pixels) -> float:
    try:
        return estimate_cell_diameter(pixels).cell_diameter_px
    except ScaleUnknown:
        return float(pixels.shape[1]) / ASSUMED_CELLS_ACROSS


def _rendered_crops(batches: int) -> Iterator[Pixels]:
    """Crops of twice a red cell's diameter around rendered cells, as Chula's and Elsafty's are."""
    half, given, index = round(DIAMETER_PX), 0, 0
    while given < batches * CROPS:
        pixels, cells = rendered(index)
        index += 1
        bordered = np.pad(pixels, ((half, half), (half, half), (0, 0)), "reflect")
        for cell in cells:
            if cell.kind is Kind.RBC and given < batches * CROPS:
                left, top = round(cell.x), round(cell.y)
                if 0 <= left < pixels.shape[1] and 0 <= top < pixels.shape[0]:
                    given += 1
                    yield bordered[top : top + 2 * half, left : left + 2 * half]


def _batches(crops: Iterator[Pixels], side_px: int) -> Iterator[NDArray[np.uint8]]:
    batch: list[Pixels] = []
    for crop in crops:
        zoom = side_px / max(crop.shape[:2])
        batch.append(
            np.asarray(
                cv2.resize(crop, (side_px, side_px), interpolation=cv2.INTER_AREA if zoom < 1 else cv2.INTER_CUBIC), np.uint8
            )
        )
        if len(batch) == CROPS:
            yield np.stack(batch)
            batch = []
    if batch:
        yield np.stack(batch)
