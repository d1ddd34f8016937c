"""Random crops as other slides, stains and cameras would have shown them."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.cell_size import OCTAVES
from export.training.litter import grounded, littered
from export.training.targets import CHANNELS, PLT, RBC, SIZE, WBC, Patch

SCALES = (0.35, 2.8)
"""The scales of a wide view, of the model's: what a first look at an unknown microscope may be off by."""
AS_IF_RIGHT = 1.45
"""Beyond this factor a wide view teaches the red cells' foreground and size alone."""


def _view(rng: np.random.Generator, patch: Patch, side_px: int, zoom: float) -> NDArray[np.float32]:
    """An affine map (2, 3) from the patch to the crop: any turn, a mirror half of the time, a place inside the patch."""
    angle, mirror = rng.uniform(0.0, 2.0 * np.pi), rng.choice([-1.0, 1.0])
    turn = zoom * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) @ np.diag([mirror, 1.0])
    height, width = patch.pixels.shape[:2]
    reach = 0.35 * side_px / zoom
    cx = rng.uniform(min(reach, width / 2), max(width - reach, width / 2))
    cy = rng.uniform(min(reach, height / 2), max(height - reach, height / 2))
    shift = np.array([side_px / 2, side_px / 2]) - turn @ (cx, cy)
    return np.column_stack([turn, shift]).astype(np.float32)


def recoloured(rng: np.random.Generator, picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """Another white balance, exposure, contrast and saturation; `picture` is 0..1."""
    picture = np.clip(picture, 0.0, 1.0) ** np.float32(np.exp(rng.normal(0.0, 0.22)))
    if rng.random() < 0.25:  # another dye: each channel takes something of the others
        mixing = np.eye(3) + rng.normal(0.0, 0.1, (3, 3))
        picture = 1.0 - np.maximum(1.0 - picture, 0.0) @ (mixing / mixing.sum(axis=0, keepdims=True)).astype(np.float32)
    picture *= rng.normal(1.0, 0.06, 3).astype(np.float32) * np.float32(rng.uniform(0.88, 1.08))
    grey = picture.mean(axis=2, keepdims=True)
    picture = grey + (picture - grey) * np.float32(rng.uniform(0.5, 1.5))
    return np.asarray(picture * rng.uniform(0.85, 1.15) + rng.normal(0.0, 0.03), np.float32)


def _reimage(rng: np.random.Generator, picture: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Another lens, light, sensor and compression."""
    height, width = picture.shape[:2]
    if rng.random() < 0.3:
        steep, down = np.float32(rng.uniform(-0.12, 0.12)), rng.random() < 0.5
        slope = steep * np.linspace(-1, 1, height if down else width, dtype=np.float32)
        picture = picture * (1.0 + (slope[:, None, None] if down else slope[None, :, None]))
    if rng.random() < 0.4:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.3, 1.3)), np.float32)
    if rng.random() < 0.15:
        zoom = rng.uniform(0.5, 0.9)
        small = cv2.resize(picture, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA)
        picture = np.asarray(cv2.resize(small, (width, height)), np.float32)
    if rng.random() < 0.15:
        picture = picture + rng.uniform(0.3, 1.0) * (picture - cv2.GaussianBlur(picture, (0, 0), 1.5))
    if rng.random() < 0.5:
        picture = picture + rng.standard_normal(picture.shape, dtype=np.float32) * np.float32(rng.uniform(0.0, 0.035))
    pixels = np.clip(picture * 255.0 + 0.5, 0, 255).astype(np.uint8)
    if rng.random() < 0.3:
        _, coded = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(40, 95))])
        pixels = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)
    return np.asarray(pixels, np.uint8)


def reimaged(rng: np.random.Generator, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(height, width, 3) uint8 `pixels` in other colours, through another lens, on another sensor."""
    return _reimage(rng, recoloured(rng, np.asarray(pixels, np.float32) / np.float32(255.0)))


@dataclass(frozen=True, slots=True)
class Views:
    """How crops are shown: squares of `side_px`, `zoom` from the patch' scale to the model's, whose red cells have
    `cell_diameter_px`. A `wide_share` of them at any of SCALES, the others within +-30 %; `litter` is how often things that
    are no cells lie on the glass."""

    side_px: int
    zoom: float = 1.0
    cell_diameter_px: float = 28.0
    wide_share: float = 0.0
    litter: float = 0.0


def augmented(rng: np.random.Generator, patch: Patch, views: Views) -> Patch:
    """A random crop. What lies outside the patch is mirrored and unknown."""
    wide = rng.random() < views.wide_share
    factor = float(np.exp(rng.uniform(*np.log(SCALES)) if wide else np.clip(rng.normal(0.0, 0.14), *np.log((0.7, 1.35)))))
    side_px = views.side_px
    view, size = _view(rng, patch, side_px, views.zoom * factor), (side_px, side_px)
    zoom = views.zoom * factor
    # A warp looks at four pixels: what shrinks more than by half is blurred first, or it would alias.
    source = cv2.GaussianBlur(patch.pixels, (0, 0), 0.35 / zoom) if zoom < 0.5 else patch.pixels
    pixels = cv2.warpAffine(source, view, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)

    def moved(planes: NDArray[np.uint8], flags: int) -> NDArray[np.uint8]:
        # OpenCV warps four planes at most.
        groups = [np.ascontiguousarray(planes[..., i : i + 4]) for i in range(0, planes.shape[2], 4)]
        warped = [cv2.warpAffine(group, view, size, flags=flags).reshape(side_px, side_px, -1) for group in groups]
        return np.concatenate(warped, axis=2)

    targets, known = moved(patch.targets, cv2.INTER_LINEAR), moved(patch.known, cv2.INTER_NEAREST)
    if targets.shape[2] == len(CHANNELS):  # other recipes' patches have channels of their own, and no sizes
        targets[..., SIZE] = np.clip(targets[..., SIZE] + 255.0 / OCTAVES * np.log2(factor), 0.0, 255.0)
    if abs(np.log(factor)) > np.log(AS_IF_RIGHT):
        known[..., [channel for channel in range(known.shape[2]) if channel not in (RBC, WBC, SIZE)]] = 0
    picture = np.asarray(pixels, np.float32) / 255.0
    if rng.random() < views.litter:
        cells = (targets[..., [RBC, WBC, PLT]] > 0).any(axis=2) | (known[..., [RBC, WBC, PLT]] == 0).any(axis=2)
        reach = np.ones((5, 5), np.uint8)
        picture = littered(rng, picture, cv2.dilate(cells.astype(np.uint8), reach) == 0, factor * views.cell_diameter_px)
    if rng.random() < 0.5 * views.litter:
        picture = grounded(rng, picture)
    return Patch(_reimage(rng, recoloured(rng, picture)), targets, known)
