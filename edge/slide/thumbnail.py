"""What is kept of a field to know it again: a small picture, and its spectrum."""

from __future__ import annotations

from dataclasses import dataclass
from struct import pack, unpack
from typing import Any
from zlib import crc32

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.frame import Pixels

THUMBNAIL_WIDTH_PX = 192
# Light that varies over more than about a cell is flattened away; below, sharp and slightly blurred views are made alike.
FLATTENING_PX = 12.0
SMOOTHING_PX = 0.8
# Standard deviation of a flattened thumbnail under which there is nothing to know a field by: a field without cells and
# 8 levels of noise has 0.004, the emptiest of 90 fields 0.03.
MIN_TEXTURE = 0.012

Small = NDArray[np.uint8]
Thumbnail = NDArray[np.float32]

_PNG_HEAD = 33
"""Bytes of a PNG's signature and its first chunk, IHDR; after it other chunks may lie."""
_CHUNK = b"hcFs"
"""The frame's width and height in pixels; by its letters' case a private chunk that other programs pass over."""


class ViewUnreadable(Exception):
    """Bytes are not what `encoded` gives."""


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """A field by its `number`: `thumbnail` (height, THUMBNAIL_WIDTH_PX) float32, flattened, mean about 0; `spectrum` is that
    of it whitened, as cv2.dft packs it, `coarse` its lower third as np.fft.rfft2 lays it out; `sample_area_px` is the area
    over which the thumbnail's values hang together."""

    number: int
    frame_size: tuple[int, int]
    thumbnail: Thumbnail
    spectrum: NDArray[Any]
    coarse: NDArray[np.complex64]
    sample_area_px: float


def thumbnail(pixels: Pixels) -> Small:
    """Green of (height, width, 3) uint8 RGB, THUMBNAIL_WIDTH_PX wide."""
    size = (THUMBNAIL_WIDTH_PX, max(8, round(THUMBNAIL_WIDTH_PX * pixels.shape[0] / pixels.shape[1])))
    step = max(1, pixels.shape[1] // (4 * THUMBNAIL_WIDTH_PX))  # averaging every pixel of a large frame costs 6 ms
    green = cv2.extractChannel(pixels, 1) if step == 1 else np.ascontiguousarray(pixels[::step, ::step, 1])
    if min(green.shape[1] // size[0], green.shape[0] // size[1]) >= 2:
        # OpenCV halves ten times as fast as it shrinks by a fraction: of 0.5 ms for 640x480 0.2 are left.
        rows, columns = green.shape[0] // 2, green.shape[1] // 2
        green = cv2.resize(green[: 2 * rows, : 2 * columns], (columns, rows), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(green, size, interpolation=cv2.INTER_AREA), np.uint8)


def flattened(small: Small) -> Thumbnail:
    """A thumbnail over its surroundings, less one: mean about 0."""
    picture = small.astype(np.float32)
    relative = np.asarray(cv2.GaussianBlur(picture, (0, 0), SMOOTHING_PX), np.float32)
    relative /= np.maximum(_surroundings(picture), np.float32(1.0))
    relative -= np.float32(1.0)
    relative -= _surroundings(relative)
    return relative


def _surroundings(picture: Thumbnail) -> Thumbnail:
    """A Gaussian of FLATTENING_PX, at a quarter of the size: a tenth of the time, and the same within 1 % of the texture."""
    height, width = picture.shape
    quarter = cv2.resize(picture, (max(2, width // 4), max(2, height // 4)), interpolation=cv2.INTER_AREA)
    blurred = cv2.GaussianBlur(quarter, (0, 0), FLATTENING_PX / 4.0)
    return np.asarray(cv2.resize(blurred, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def field_of(flat: Thumbnail, frame_size: tuple[int, int], number: int) -> Field | None:
    """What is kept of a frame of (height, width) `frame_size`, by its flattened thumbnail; None where that has too little
    texture to be recognised."""
    if deviation(flat) < MIN_TEXTURE:
        return None
    spectrum = np.fft.rfft2(flat)
    power = np.abs(spectrum) ** 2
    # The autocorrelation's square summed is the area over which a picture's values hang together (Parseval; mirrored
    # columns of the half spectrum count twice).
    twice = np.full(power.shape[1], 2.0)
    twice[0] = 1.0
    sample_area_px = float(np.sum(power**2 * twice) * flat.size / np.sum(power * twice) ** 2)
    white = _whitened(spectrum)
    rows, columns = flat.shape[0] // 6, flat.shape[1] // 6 + 1
    coarse = np.concatenate([white[:rows, :columns], white[-rows:, :columns]]).astype(np.complex64)
    picture = np.fft.irfft2(white, s=flat.shape).astype(np.float32)
    packed = np.asarray(cv2.dft(picture / float(np.linalg.norm(picture))))
    return Field(number, frame_size, flat, packed, coarse, sample_area_px)


def deviation(flat: Thumbnail) -> float:
    """Standard deviation of a flattened thumbnail: its texture."""
    return float(cv2.meanStdDev(flat)[1][0, 0])


def encoded(small: Small, frame_size: tuple[int, int]) -> bytes:
    """A thumbnail as PNG, with its frame's size in a chunk of our own."""
    _, content = cv2.imencode(".png", small)
    png = content.tobytes()
    body = _CHUNK + pack(">II", frame_size[1], frame_size[0])
    return png[:_PNG_HEAD] + pack(">I", 8) + body + pack(">I", crc32(body)) + png[_PNG_HEAD:]


def decoded(view: bytes) -> tuple[Small, tuple[int, int]]:
    """The thumbnail and its frame's size that `encoded` was given. Raises ViewUnreadable."""
    if len(view) < _PNG_HEAD + 20 or view[_PNG_HEAD + 4 : _PNG_HEAD + 8] != _CHUNK:
        raise ViewUnreadable(f"{len(view)} bytes that are no field's view")
    width, height = unpack(">II", view[_PNG_HEAD + 8 : _PNG_HEAD + 16])
    try:
        small = cv2.imdecode(np.frombuffer(view, np.uint8), cv2.IMREAD_GRAYSCALE)
    except cv2.error as error:
        raise ViewUnreadable(f"a field's view is damaged: {error}") from error
    if small is None or small.shape[1] != THUMBNAIL_WIDTH_PX or not 0 < width * height <= 1 << 40:
        raise ViewUnreadable("a field's view is damaged")
    return np.asarray(small, np.uint8), (height, width)


def _whitened(spectrum: NDArray[Any]) -> NDArray[Any]:
    """The spectrum of equal magnitudes, less those of the finest noise.

    No window: the flattened picture has no steps at its border, and a Hann window hides the small overlaps, which all lie
    there (found of 22 at 10 % overlap: without 20, with a flank of 15 % 10).
    """
    y = np.fft.fftfreq(spectrum.shape[0])[:, None]
    x = np.fft.rfftfreq(2 * (spectrum.shape[1] - 1))[None, :]
    smoothing = np.exp(-2 * np.pi**2 * (x**2 + y**2)).astype(np.float32)
    white = spectrum / np.maximum(np.abs(spectrum), np.float32(1e-9)) * smoothing
    white[0, 0] = 0.0
    return np.asarray(white)
