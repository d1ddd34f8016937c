"""Square crops of a patch, as the papers change them."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from export.training.augmentation import Views, augmented, recoloured
from export.training.recipes import Augmentation
from export.training.targets import Patch

Crop = Callable[[np.random.Generator, Patch, int], Patch]
_TRIES = 8
"""How often the DO-U-Net steps look for a slice with a cell in it before they take one without."""


def cropper(augmentation: Augmentation) -> Crop:
    """How a recipe cuts and changes its crops."""
    if augmentation.kind == "field":
        return lambda rng, patch, side_px: augmented(rng, patch, Views(side_px))
    if augmentation.kind == "turns":
        return lambda rng, patch, side_px: turns(rng, plain(rng, patch, side_px), augmentation)
    if augmentation.kind == "do-unet":
        return do_unet_steps
    return plain


def _planes(patch: Patch, change: Callable[[NDArray[np.uint8], bool], NDArray[np.uint8]]) -> Patch:
    """`change` each of the three arrays; its second argument says whether in-between values make sense there."""
    known = change(patch.known, False).reshape(*change(patch.known, False).shape[:2], -1)
    return Patch(change(patch.pixels, True), change(patch.targets, True).reshape(known.shape), known)


def plain(rng: np.random.Generator, patch: Patch, side_px: int) -> Patch:
    """A square at a random place, unchanged. What lies outside a smaller patch is mirrored and unknown."""
    height, width = patch.pixels.shape[:2]
    down, right = max(0, side_px - height), max(0, side_px - width)
    if down or right:
        border = (down // 2, down - down // 2, right // 2, right - right // 2)
        known = np.zeros((height + down, width + right, patch.known.shape[2]), np.uint8)
        known[border[0] : border[0] + height, border[2] : border[2] + width] = patch.known
        sides = ((border[0], border[1]), (border[2], border[3]), (0, 0))
        patch = Patch(np.pad(patch.pixels, sides, "symmetric"), np.pad(patch.targets, sides, "symmetric"), known)
        height, width = patch.pixels.shape[:2]
    top, left = int(rng.integers(height - side_px + 1)), int(rng.integers(width - side_px + 1))
    return _planes(patch, lambda planes, _: planes[top : top + side_px, left : left + side_px])


def turned(rng: np.random.Generator, patch: Patch, degrees: float) -> Patch:
    """Flipped upside down and left to right, turned within +-`degrees`, each at random (Elsafty et al., 4.2 and 4.3)."""
    flips, angle = rng.random(2) < 0.5, rng.uniform(-degrees, degrees)
    height, width = patch.pixels.shape[:2]
    view = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, 1.0)

    def change(planes: NDArray[np.uint8], smooth: bool) -> NDArray[np.uint8]:
        planes = np.ascontiguousarray(planes[:: -1 if flips[0] else 1, :: -1 if flips[1] else 1])
        if degrees == 0:
            return planes
        flags = cv2.INTER_LINEAR if smooth else cv2.INTER_NEAREST
        border = cv2.BORDER_REFLECT_101
        warped = [
            cv2.warpAffine(np.ascontiguousarray(planes[..., i : i + 3]), view, (width, height), flags=flags, borderMode=border)
            for i in range(0, planes.shape[2], 3)
        ]
        return np.asarray(np.concatenate([one.reshape(height, width, -1) for one in warped], axis=2), np.uint8)

    return _planes(patch, change)


def turns(rng: np.random.Generator, patch: Patch, augmentation: Augmentation) -> Patch:
    """As `turned`, and in other colours if that is wanted."""
    patch = turned(rng, patch, augmentation.rotation_degrees)
    if not augmentation.colours:
        return patch
    picture = recoloured(rng, np.asarray(patch.pixels, np.float32) / 255.0)
    return Patch(np.clip(picture * 255.0 + 0.5, 0, 255).astype(np.uint8), patch.targets, patch.known)


def do_unet_steps(rng: np.random.Generator, patch: Patch, side_px: int) -> Patch:
    """The eight steps of the DO-U-Net paper (IV-D); the first, a random picture, is behind us when `patch` comes.

    The paper gives no amounts: a quality of down to half the size, slices of 0.8 to 1.25 times the side, luminosity and
    saturation of 0.8 to 1.2 times are ours.
    """
    crop = patch
    for _ in range(_TRIES):
        slice_px = round(side_px * rng.uniform(0.8, 1.25))
        crop = plain(rng, patch, slice_px)  # steps 2 and 4: a random place, its slice
        if crop.targets.any():  # step 5: a slice without what is looked for is skipped
            break
    pixels = _worse(rng, crop.pixels)  # step 3, on the slice alone: the same pixels, less work
    size = (side_px, side_px)
    resized = _planes(  # step 6
        Patch(pixels, crop.targets, crop.known),
        lambda planes, smooth: np.asarray(
            cv2.resize(planes, size, interpolation=cv2.INTER_LINEAR if smooth else cv2.INTER_NEAREST), np.uint8
        ),
    )
    turns = int(rng.integers(4))  # step 7
    quarter = _planes(resized, lambda planes, _: np.ascontiguousarray(np.rot90(planes, turns)))
    flipped = turned(rng, quarter, 0.0)
    return Patch(_colours(rng, flipped.pixels), flipped.targets, flipped.known)  # step 8


def _worse(rng: np.random.Generator, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Smaller and back to its size again."""
    height, width = pixels.shape[:2]
    zoom = rng.uniform(0.5, 1.0)
    small = cv2.resize(pixels, (max(1, round(width * zoom)), max(1, round(height * zoom))), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def _colours(rng: np.random.Generator, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Another luminosity and saturation."""
    shades = cv2.cvtColor(pixels, cv2.COLOR_RGB2HSV).astype(np.float32)
    shades[..., 1:] *= rng.uniform(0.8, 1.2, 2).astype(np.float32)
    return np.asarray(cv2.cvtColor(np.clip(shades, 0, 255).astype(np.uint8), cv2.COLOR_HSV2RGB), np.uint8)
