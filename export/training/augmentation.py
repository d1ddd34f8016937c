"""Random crops as other slides, stains and cameras would have shown them."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from export.training.targets import Patch


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
    picture *= rng.normal(1.0, 0.06, 3).astype(np.float32) * np.float32(rng.uniform(0.88, 1.08))
    grey = picture.mean(axis=2, keepdims=True)
    picture = grey + (picture - grey) * np.float32(rng.uniform(0.5, 1.5))
    return np.asarray(picture * rng.uniform(0.85, 1.15) + rng.normal(0.0, 0.03), np.float32)


def _reimage(rng: np.random.Generator, picture: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Another lens, light, sensor and compression."""
    side = picture.shape[0]
    if rng.random() < 0.3:
        slope = np.linspace(-1, 1, side, dtype=np.float32) * np.float32(rng.uniform(-0.12, 0.12))
        picture = picture * (1.0 + (slope[:, None, None] if rng.random() < 0.5 else slope[None, :, None]))
    if rng.random() < 0.4:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.3, 1.3)), np.float32)
    if rng.random() < 0.15:
        zoom = rng.uniform(0.5, 0.9)
        small = cv2.resize(picture, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA)
        picture = np.asarray(cv2.resize(small, (side, side)), np.float32)
    if rng.random() < 0.15:
        picture = picture + rng.uniform(0.3, 1.0) * (picture - cv2.GaussianBlur(picture, (0, 0), 1.5))
    if rng.random() < 0.5:
        picture = picture + rng.standard_normal(picture.shape, dtype=np.float32) * np.float32(rng.uniform(0.0, 0.035))
    pixels = np.clip(picture * 255.0 + 0.5, 0, 255).astype(np.uint8)
    if rng.random() < 0.3:
        _, coded = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(40, 95))])
        pixels = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)
    return np.asarray(pixels, np.uint8)


def augmented(rng: np.random.Generator, patch: Patch, side_px: int, zoom: float) -> Patch:
    """A random square crop of `side_px`; `zoom` leads from the patch' scale to the model's, before a spread of +-30 %.

    What lies outside the patch is mirrored and unknown.
    """
    view = _view(rng, patch, side_px, zoom * float(np.clip(np.exp(rng.normal(0.0, 0.14)), 0.7, 1.35)))
    size = (side_px, side_px)
    pixels = cv2.warpAffine(patch.pixels, view, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)

    def moved(planes: NDArray[np.uint8], flags: int) -> NDArray[np.uint8]:
        # OpenCV warps four planes at most.
        groups = [np.ascontiguousarray(planes[..., i : i + 3]) for i in range(0, planes.shape[2], 3)]
        warped = [cv2.warpAffine(group, view, size, flags=flags).reshape(side_px, side_px, -1) for group in groups]
        return np.concatenate(warped, axis=2)

    picture = recoloured(rng, np.asarray(pixels, np.float32) / 255.0)
    return Patch(_reimage(rng, picture), moved(patch.targets, cv2.INTER_LINEAR), moved(patch.known, cv2.INTER_NEAREST))
