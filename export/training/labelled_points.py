"""Targets from points: Chula's fields, where red cells have a point each."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from export.datasets.chula import USUAL_DIAMETER_PX
from export.datasets.sample import Sample
from export.training.foreground import foreground, red_diameter_px, resized, uncertain_edge
from export.training.targets import (
    CENTRE,
    CENTRE_SIGMA,
    OUTLINE,
    PLT,
    PLT_CENTRE,
    RBC,
    Labels,
    Mask,
    Patch,
    blank,
    draw_centres,
    draw_sizes,
    rims,
)


def from_points(sample: Sample, diameter_px: float) -> Patch:
    """Targets of a Chula field: foreground by threshold, centres by points moved to where the cell really lies.

    In a component with more cells than points the centres are unknown; outlines are known only about round single cells.
    White cells and platelets carry no label: what has no red-cell point is unknown for them.
    """
    native = sample.pixels()
    zoom = diameter_px / red_diameter_px(native, USUAL_DIAMETER_PX)
    pixels = resized(native, zoom)
    targets, known = blank(pixels)
    mask = foreground(pixels, diameter_px)
    labels, _ = ndimage.label(mask)
    height, width = mask.shape
    points = np.clip(sample.points * zoom, 0, (width - 1, height - 1))
    if not sample.complete:
        points = np.concatenate([points, _evident_cells(pixels, labels, points, diameter_px)])
    owner = labels[points[:, 1].astype(int), points[:, 0].astype(int)] if len(points) else np.zeros(0, int)
    centres, alone = _by_component(targets, known, labels, points, owner, diameter_px, sample.complete)
    for x, y in points[owner == 0]:
        centres.append((float(x), float(y)))
        box = np.s_[
            max(0, int(y - diameter_px / 2)) : int(y + diameter_px / 2),
            max(0, int(x - diameter_px / 2)) : int(x + diameter_px / 2),
        ]
        known[..., RBC][box], known[..., OUTLINE][box] = 0, 0
    targets[..., OUTLINE][rims(np.where(alone, labels, 0).astype(np.int32), 0.09 * diameter_px)] = 255
    draw_centres(targets[..., CENTRE], centres, CENTRE_SIGMA * diameter_px)
    known[..., RBC][uncertain_edge(mask)] = 0
    known[..., PLT_CENTRE] = known[..., PLT]
    draw_sizes(targets, known, _sizes(labels, alone), diameter_px)
    return Patch(pixels, targets, known)


def _by_component(
    targets: NDArray[np.uint8], known: NDArray[np.uint8], labels: Labels, points: NDArray[np.float32], owner: NDArray[np.int_],
    diameter_px: float, complete: bool,
) -> tuple[list[tuple[float, float]], Mask]:  # fmt: skip
    """Fill `targets` and `known` piece of foreground by piece; gives the centres, and the pixels of cells that lie alone."""
    number = int(labels.max())
    areas = np.bincount(labels.ravel(), minlength=number + 1)
    middle = ndimage.center_of_mass(labels > 0, labels, range(1, number + 1)) if number else []
    depth = np.asarray(cv2.distanceTransform((labels > 0).astype(np.uint8), cv2.DIST_L2, 5), np.float32)
    single_area = np.pi / 4.0 * diameter_px**2
    centres: list[tuple[float, float]] = []
    alone = np.zeros(labels.shape, bool)
    for component in range(1, number + 1):
        where, mine = labels == component, points[owner == component]
        targets[..., RBC][where] = 255
        if len(mine) == 0 and complete and areas[component] < 0.12 * single_area:
            # Too small for a red cell that somebody forgot: debris, or a platelet.
            targets[..., RBC][where], known[..., PLT][where] = 0, 0
        elif len(mine) == 0:
            known[where] = 0
        elif areas[component] > 1.45 * single_area * len(mine):
            known[..., OUTLINE][where], known[..., CENTRE][where] = 0, 0
            centres += [(float(x), float(y)) for x, y in mine]
        elif len(mine) == 1:
            y, x = middle[component - 1]
            centres.append((float(x), float(y)))
            alone |= where
        else:
            known[..., OUTLINE][where] = 0
            centres += [_deepest(depth, float(x), float(y), 0.3 * diameter_px) for x, y in mine]
    return centres, alone


def _sizes(labels: Labels, alone: Mask) -> list[tuple[float, float, float]]:
    """x, y and diameter (of the disc of equal area) of the cells that lie alone and whole inside."""
    height, width = labels.shape
    found = []
    lone = np.where(alone, labels, 0)
    for component, where in enumerate(ndimage.find_objects(lone), start=1):
        if where is None or min(where[0].start, where[1].start) == 0 or where[0].stop == height or where[1].stop == width:
            continue
        ys, xs = np.nonzero(lone[where] == component)
        found.append((xs.mean() + where[1].start, ys.mean() + where[0].start, 2.0 * (len(xs) / np.pi) ** 0.5))
    return found


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
