"""What the field network should say of each pixel, and where nobody knows.

All targets are drawn at one scale, so that a centre's blob and an outline's width are the same for every corpus.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from edge.smear.cells import Kind
from edge.smear.staining import Plate
from edge.smear.truth import TrueCell
from export.datasets.sample import Sample

CHANNELS = ("rbc", "rbc_outline", "rbc_centre", "wbc", "wbc_centre", "plt")
RBC, OUTLINE, CENTRE, WBC, WBC_CENTRE, PLT = range(6)
CENTRE_SIGMA = 0.12
"""A centre's blob has this standard deviation, in red cell diameters (1.6 times that for white cells)."""

Mask = NDArray[np.bool_]
Labels = NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """A picture with its targets at the training scale.

    `pixels` (height, width, 3) uint8 RGB, `targets` (height, width, 6) uint8 (255 = certain), `known` (height, width, 6) uint8,
    1 where the target may be learnt from, 0 where nobody labelled.
    """

    pixels: NDArray[np.uint8]
    targets: NDArray[np.uint8]
    known: NDArray[np.uint8]


def _blank(pixels: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    shape = (*pixels.shape[:2], len(CHANNELS))
    return np.zeros(shape, np.uint8), np.ones(shape, np.uint8)


def _draw_centres(target: NDArray[np.uint8], centres: Iterable[tuple[float, float]], sigma_px: float) -> None:
    """Draw a Gaussian blob at each x, y; where two meet the larger value stands."""
    reach = int(np.ceil(3.5 * sigma_px))
    height, width = target.shape
    for x, y in centres:
        x0, x1 = max(0, int(x) - reach), min(width, int(x) + reach + 2)
        y0, y1 = max(0, int(y) - reach), min(height, int(y) + reach + 2)
        if x0 >= x1 or y0 >= y1:
            continue
        ys, xs = np.mgrid[y0:y1, x0:x1]
        blob = 255.0 * np.exp(-((xs - x) ** 2 + (ys - y) ** 2) / (2.0 * sigma_px**2))
        target[y0:y1, x0:x1] = np.maximum(target[y0:y1, x0:x1], blob.astype(np.uint8))


def _rims(labels: Labels, width_px: float) -> Mask:
    """Pixels of a label within half of `width_px` of another label or of the background."""
    half = max(1, round(width_px / 2.0))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * half + 1, 2 * half + 1))
    as_float = labels.astype(np.float32)
    return np.asarray((labels > 0) & (cv2.dilate(as_float, kernel) != cv2.erode(as_float, kernel)))


def resized(pixels: NDArray[np.uint8], zoom: float) -> NDArray[np.uint8]:
    method = cv2.INTER_AREA if zoom < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(pixels, None, fx=zoom, fy=zoom, interpolation=method), np.uint8)


def from_truth(pixels: NDArray[np.uint8], plate: Plate, cells: Iterable[TrueCell], diameter_px: float) -> Patch:
    """Targets of a rendered field: everything is known, except what a smear's debris may be taken for.

    The centre of a cell half hidden by another lies between its own and that of its visible part, so that the crescents of a
    stack stay apart.
    """
    targets, known = _blank(pixels)
    kinds = np.zeros(int(plate.top.max()) + 1, np.int8)
    cells = list(cells)
    for cell in cells:
        kinds[cell.index + 1] = {Kind.RBC: 1, Kind.WBC: 2, Kind.PLT: 3}[cell.kind]
    kind = kinds[plate.top]
    red = np.where(kind == 1, plate.top, 0).astype(np.int32)
    targets[..., RBC][red > 0] = 255
    targets[..., OUTLINE][_rims(red, 0.09 * diameter_px)] = 255
    targets[..., WBC][kind == 2] = 255
    targets[..., PLT][kind == 3] = 255
    height, width = plate.top.shape
    for channel, wanted, spread in ((CENTRE, Kind.RBC, 1.0), (WBC_CENTRE, Kind.WBC, 1.6)):
        at = []
        for cell in (c for c in cells if c.kind is wanted):
            x, y = 0.5 * (cell.x + cell.seen_x), 0.5 * (cell.y + cell.seen_y)
            if cell.border:
                x, y = cell.seen_x, cell.seen_y
            at.append((min(max(x, 0.0), width - 1.0), min(max(y, 0.0), height - 1.0)))
        _draw_centres(targets[..., channel], at, spread * CENTRE_SIGMA * diameter_px)
    return Patch(pixels, targets, known)


def foreground(pixels: NDArray[np.uint8], diameter_px: float) -> Mask:
    """Cells against glass: Otsu (1979) on green over its slowly varying background, holes of pale centres filled."""
    green = pixels[..., 1].astype(np.float32)
    background = cv2.GaussianBlur(green, (0, 0), 6.0 * diameter_px)
    flat = cv2.GaussianBlur(green - background, (0, 0), 1.0)
    low, high = np.percentile(flat, (0.5, 99.5))
    scaled = np.clip((flat - low) / max(1e-6, high - low) * 255.0, 0, 255).astype(np.uint8)
    threshold, _ = cv2.threshold(scaled, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    mask = scaled < threshold
    holes = ndimage.binary_fill_holes(mask) & ~mask
    labels, number = ndimage.label(holes)
    sizes = np.bincount(labels.ravel(), minlength=number + 1)
    small = sizes < 0.35 * diameter_px**2
    small[0] = False
    return np.asarray(ndimage.binary_opening(mask | small[labels], iterations=1))


def red_diameter_px(pixels: NDArray[np.uint8], guess_px: float) -> float:
    """The median diameter of the round single components, to scale Chula by, whose cells vary from slide to slide."""
    contours, _ = cv2.findContours(foreground(pixels, guess_px).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    found = []
    for contour in contours:
        area, around = cv2.contourArea(contour), cv2.arcLength(contour, True)
        if 0.2 * guess_px**2 < area < 2.0 * guess_px**2 and 4 * np.pi * area / around**2 > 0.8:
            found.append(2.0 * np.sqrt(area / np.pi))
    return float(np.median(found)) if len(found) >= 5 else guess_px


def _uncertain_edge(mask: Mask, width_px: int = 1) -> Mask:
    """Pixels about a threshold's boundary, where it may be off by one."""
    grown = ndimage.binary_dilation(mask, iterations=width_px)
    shrunk = ndimage.binary_erosion(mask, iterations=width_px, border_value=1)
    return np.asarray(grown & ~shrunk)


def from_points(sample: Sample, diameter_px: float) -> Patch:
    """Targets of a Chula field: foreground by threshold, centres by points moved to where the cell really lies.

    In a component with more cells than points the centres are unknown; outlines are known only about round single cells.
    White cells and platelets carry no label: what has no red-cell point is unknown for them.
    """
    native = sample.pixels()
    zoom = diameter_px / red_diameter_px(native, 39.0)
    pixels = resized(native, zoom)
    targets, known = _blank(pixels)
    mask = foreground(pixels, diameter_px)
    labels, number = ndimage.label(mask)
    depth = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 5)
    height, width = mask.shape
    points = np.clip(sample.points * zoom, 0, (width - 1, height - 1))
    if not sample.complete:
        points = np.concatenate([points, _evident_cells(pixels, labels, points, diameter_px)])
    owner = labels[points[:, 1].astype(int), points[:, 0].astype(int)] if len(points) else np.zeros(0, int)
    areas = np.bincount(labels.ravel(), minlength=number + 1)
    single_area = np.pi / 4.0 * diameter_px**2
    centres: list[tuple[float, float]] = []
    rims = np.zeros(mask.shape, bool)
    middle = ndimage.center_of_mass(mask, labels, range(1, number + 1)) if number else []
    for component in range(1, number + 1):
        mine = points[owner == component]
        region = labels == component if len(mine) != 1 else None
        if len(mine) == 0 or areas[component] > 1.45 * single_area * len(mine):
            where = labels == component
            channels = [OUTLINE, CENTRE] if len(mine) else [RBC, OUTLINE, CENTRE, WBC, WBC_CENTRE, PLT]
            if len(mine) == 0 and sample.complete and areas[component] < 0.12 * single_area:
                channels = [PLT]
            for channel in channels:
                known[..., channel][where] = 0
            if len(mine) == 0 and PLT in channels and len(channels) == 1:
                targets[..., RBC][where] = 0
                continue
            targets[..., RBC][where] = 255
            centres += [(float(x), float(y)) for x, y in mine]
            continue
        targets[..., RBC][labels == component] = 255
        if len(mine) == 1:
            y, x = middle[component - 1]
            centres.append((float(x), float(y)))
            rims |= labels == component
            continue
        known[..., OUTLINE][region] = 0
        centres += [_deepest(np.asarray(depth, np.float32), float(x), float(y), 0.3 * diameter_px) for x, y in mine]
    for x, y in points[owner == 0]:
        centres.append((float(x), float(y)))
        box = np.s_[
            max(0, int(y - diameter_px / 2)) : int(y + diameter_px / 2),
            max(0, int(x - diameter_px / 2)) : int(x + diameter_px / 2),
        ]
        known[..., RBC][box], known[..., OUTLINE][box] = 0, 0
    targets[..., OUTLINE][_rims(np.where(rims, labels, 0).astype(np.int32), 0.09 * diameter_px)] = 255
    _draw_centres(targets[..., CENTRE], centres, CENTRE_SIGMA * diameter_px)
    known[..., RBC][_uncertain_edge(mask)] = 0
    return Patch(pixels, targets, known)


def _evident_cells(
    pixels: NDArray[np.uint8], labels: Labels, points: NDArray[np.float32], diameter_px: float
) -> NDArray[np.float32]:
    """Centres of round single components without a point that have the size and the colour of the labelled ones."""
    number = int(labels.max())
    colours = np.array(ndimage.mean(pixels.astype(np.float32).sum(axis=2), labels, range(1, number + 1)))
    ratios = np.array(ndimage.mean(pixels[..., 2].astype(np.float32) - pixels[..., 1], labels, range(1, number + 1)))
    owners = {int(labels[int(y), int(x)]) for x, y in points} - {0}
    if not owners:
        return np.zeros((0, 2), np.float32)
    rows = np.array(sorted(owners)) - 1
    found = []
    for component, where in enumerate(ndimage.find_objects(labels), start=1):
        if component in owners or abs(colours[component - 1] - np.median(colours[rows])) > 60.0:
            continue
        if abs(ratios[component - 1] - np.median(ratios[rows])) > 14.0:
            continue
        shape = np.pad((labels[where] == component).astype(np.uint8), 1)
        contours, _ = cv2.findContours(shape, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        area, around = cv2.contourArea(contours[0]), max(1.0, cv2.arcLength(contours[0], True))
        at_border = (
            where[0].start == 0 or where[1].start == 0 or where[0].stop == labels.shape[0] or where[1].stop == labels.shape[1]
        )
        if not at_border and 0.4 < area / diameter_px**2 < 1.2 and 4.0 * np.pi * area / around**2 > 0.8:
            y, x = ndimage.center_of_mass(shape)
            found.append((x + where[1].start - 1, y + where[0].start - 1))
    return np.array(found, np.float32).reshape(-1, 2)


def _deepest(depth: NDArray[np.float32], x: float, y: float, reach_px: float) -> tuple[float, float]:
    """Half way from a labelled point to the deepest pixel near it: points lie up to half a radius off."""
    height, width = depth.shape
    x0, x1 = max(0, int(x - reach_px)), min(width, int(x + reach_px) + 1)
    y0, y1 = max(0, int(y - reach_px)), min(height, int(y + reach_px) + 1)
    dy, dx = np.unravel_index(int(depth[y0:y1, x0:x1].argmax()), (y1 - y0, x1 - x0))
    return 0.5 * (x + x0 + float(dx)), 0.5 * (y + y0 + float(dy))


def from_boxes(sample: Sample, diameter_px: float) -> Patch:
    """Targets of a CBC field: half of the red cells have no box, so that foreground outside boxes is unknown to the centres."""
    native = sample.pixels()
    inside = [b for b in sample.boxes if b.label == "rbc" and b.left > 2 and b.top > 2 and b.right < 638 and b.bottom < 478]
    sizes = [0.5 * (b.right - b.left + b.bottom - b.top) for b in inside]
    zoom = diameter_px / (float(np.median(sizes)) if len(sizes) >= 3 else 95.0)
    pixels = resized(native, zoom)
    targets, known = _blank(pixels)
    mask = foreground(pixels, diameter_px)
    ys, xs = np.mgrid[0 : mask.shape[0], 0 : mask.shape[1]].astype(np.float32)
    known[..., RBC][_uncertain_edge(mask, 2)] = 0
    known[..., OUTLINE][mask], known[..., CENTRE][mask] = 0, 0
    targets[..., RBC][mask] = 255
    for box in sorted(sample.boxes, key=lambda b: b.label):
        cx, cy = 0.5 * (box.left + box.right) * zoom, 0.5 * (box.top + box.bottom) * zoom
        rho = np.hypot(
            (xs - cx) / max(1.0, 0.5 * zoom * (box.right - box.left)), (ys - cy) / max(1.0, 0.5 * zoom * (box.bottom - box.top))
        )
        if box.label == "rbc":
            near = rho < 0.75
            known[..., CENTRE][near] = 1
            _draw_centres(targets[..., CENTRE], [(cx, cy)], CENTRE_SIGMA * diameter_px)
            targets[..., RBC][near], known[..., RBC][near] = 255, 1
            continue
        channel, core, halo = (WBC, 0.85, 1.12) if box.label == "wbc" else (PLT, 0.7, 1.2)
        targets[..., channel][rho < core] = 255
        known[..., channel][(rho >= core) & (rho < halo)] = 0
        if box.label == "wbc":
            _draw_centres(targets[..., WBC_CENTRE], [(cx, cy)], 1.6 * CENTRE_SIGMA * diameter_px)
            for red in (RBC, OUTLINE, CENTRE):
                targets[..., red][rho < core] = 0
                known[..., red][rho < core] = 1
                known[..., red][(rho >= core) & (rho < halo)] = 0
        else:
            for red in (RBC, OUTLINE, CENTRE):
                known[..., red][rho < halo] = 0
    return Patch(pixels, targets, known)


def from_masks(sample: Sample, diameter_px: float) -> Patch:
    """Targets of an ALL-IDB1 field. With outlines every piece of (mask minus outline) is a cell; without them the masks are
    threshold-like: foreground is known, centres and outlines only of round single components."""
    native = sample.pixels()
    red, single_area = sample.mask("rbc"), 0.0
    pieces, number = ndimage.label(red & ~sample.mask("edge") if "edge" in sample.masks else ndimage.binary_fill_holes(red))
    areas = np.bincount(pieces.ravel(), minlength=number + 1)[1:]
    objects = ndimage.find_objects(pieces)
    round_ones = [
        area for area, where in zip(areas, objects, strict=True)
        if area > 200 and 0.72 < area / ((where[0].stop - where[0].start) * (where[1].stop - where[1].start)) < 0.85
        and 0.8 < (where[0].stop - where[0].start) / (where[1].stop - where[1].start) < 1.25
    ]  # fmt: skip
    single_area = float(np.median(round_ones))
    native_diameter = 2.0 * np.sqrt(single_area / np.pi) + (5.0 * native.shape[1] / 2592 if "edge" in sample.masks else 0.0)
    zoom = diameter_px / native_diameter
    pixels = resized(native, zoom)
    targets, known = _blank(pixels)
    size = (pixels.shape[1], pixels.shape[0])

    def shrunk(mask: Mask) -> NDArray[np.uint8]:
        return np.asarray(cv2.resize(mask.astype(np.uint8) * 255, size, interpolation=cv2.INTER_AREA), np.uint8)

    filled = shrunk(ndimage.binary_fill_holes(red))
    targets[..., RBC] = filled
    middles = ndimage.center_of_mass(pieces > 0, pieces, range(1, number + 1))
    keep = areas > 0.1 * single_area
    if "edge" in sample.masks:
        targets[..., OUTLINE] = np.where(shrunk(sample.mask("edge")) > 90, 255, 0)
        centres = [(x * zoom, y * zoom) for (y, x), good in zip(middles, keep, strict=True) if good]
    else:
        square = [(w[0].stop - w[0].start, w[1].stop - w[1].start) for w in objects]
        single = keep & np.array(
            [0.75 < h / w < 1.33 and 0.68 < a / (h * w) < 0.87 for (h, w), a in zip(square, areas, strict=True)]
        )
        single &= (areas > 0.55 * single_area) & (areas < 1.5 * single_area)
        vague = np.isin(pieces, 1 + np.flatnonzero(~single))
        known[..., CENTRE][shrunk(np.asarray(vague)) > 0] = 0
        known[..., OUTLINE][shrunk(np.asarray(vague)) > 0] = 0
        alone = np.isin(pieces, 1 + np.flatnonzero(single))
        rim = _rims(np.where(shrunk(np.asarray(alone)) > 127, 1, 0).astype(np.int32), 0.09 * diameter_px)
        targets[..., OUTLINE][rim] = 255
        centres = [(x * zoom, y * zoom) for (y, x), good in zip(middles, single, strict=True) if good]
    _draw_centres(targets[..., CENTRE], centres, CENTRE_SIGMA * diameter_px)
    _white_and_platelets(sample, shrunk, targets, known, zoom, diameter_px, native_diameter)
    return Patch(pixels, targets, known)


def _white_and_platelets(
    sample: Sample, shrunk: Callable[[Mask], NDArray[np.uint8]], targets: NDArray[np.uint8], known: NDArray[np.uint8],
    zoom: float, diameter_px: float, native_diameter: float,
) -> None:  # fmt: skip
    """White cells and platelets from ALL-IDB1's masks: where the pieces are not as many as somebody counted, the centres are
    unknown; specks are nothing that anybody counted as a platelet."""
    single_area = np.pi / 4.0 * native_diameter**2
    if "wbc" in sample.masks:
        white = ndimage.binary_fill_holes(sample.mask("wbc"))
        pieces, number = ndimage.label(white)
        areas = np.bincount(pieces.ravel(), minlength=number + 1)[1:]
        big = areas > 0.3 * single_area
        targets[..., WBC] = shrunk(np.asarray(np.isin(pieces, 1 + np.flatnonzero(big))))
        speck = shrunk(np.asarray(np.isin(pieces, 1 + np.flatnonzero(~big)))) > 0
        known[..., WBC][speck] = 0
        for red in (RBC, OUTLINE, CENTRE):
            targets[..., red][targets[..., WBC] > 127] = 0
        if int(big.sum()) == sample.counts.get("wbc", -1):
            middles = ndimage.center_of_mass(pieces > 0, pieces, 1 + np.flatnonzero(big)) if big.any() else []
            _draw_centres(
                targets[..., WBC_CENTRE], [(x * zoom, y * zoom) for y, x in middles], 1.6 * CENTRE_SIGMA * diameter_px
            )
        else:
            known[..., WBC_CENTRE][ndimage.binary_dilation(targets[..., WBC] > 0, iterations=6)] = 0
    else:
        known[..., WBC], known[..., WBC_CENTRE] = 0, 0
    if "plt" in sample.masks:
        plates, number = ndimage.label(sample.mask("plt"))
        areas = np.bincount(plates.ravel(), minlength=number + 1)[1:]
        big = areas > 0.015 * single_area
        targets[..., PLT] = shrunk(np.asarray(np.isin(plates, 1 + np.flatnonzero(big))))
        known[..., PLT][shrunk(np.asarray(np.isin(plates, 1 + np.flatnonzero(~big)))) > 0] = 0
        # Threshold debris along a white cell's rim is in the platelet masks too.
        near_white = ndimage.binary_dilation(targets[..., WBC] > 127, iterations=3) & (targets[..., PLT] > 0)
        known[..., PLT][near_white] = 0
    elif sample.counts.get("plt") != 0:
        known[..., PLT] = 0
