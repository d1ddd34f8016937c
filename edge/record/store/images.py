"""Pictures beside the database: on the disk whole or not at all."""

from __future__ import annotations

import os
from enum import Enum
from pathlib import Path, PurePosixPath

import cv2
import numpy as np

from edge.frame import Frame, Pixels
from edge.record.store.errors import StoreError, file_errors
from engines.whole_file import sync_folder

JPEG_QUALITY = 90
SIMULATED_MARK = "SIMULATED"


class ImageFormat(str, Enum):
    """JPEG at quality 90 takes about a tenth of PNG's space; PNG keeps every pixel as it was."""

    JPEG = ".jpg"
    PNG = ".png"


def write_frame(folder: Path, frame: Frame, name: str, image_format: ImageFormat = ImageFormat.JPEG) -> str:
    """Write a frame's picture as `write_image` does; a simulated one says so in its pixels and in its file name."""
    if not frame.simulated:
        return write_image(folder, frame.pixels, name, image_format)
    return write_image(folder, mark_simulated(frame.pixels), f"{name}-{SIMULATED_MARK}", image_format)


def write_image(folder: Path, pixels: Pixels, name: str, image_format: ImageFormat = ImageFormat.JPEG) -> str:
    """Write (height, width, 3) uint8 RGB under `folder` and return its path relative to it, for `FieldRecord.image`.

    `name` is such a path without its suffix (`images/20261120-115302-k3f9/1-0012`); folders on the way are made. When
    this returns, the file is on the disk under its last name; when it raises, there is no file, not even a half one.

    Raises StoreFull, StoreNotWritable or another StoreError naming the file, ValueError where `name` leaves `folder`.
    """
    relative = PurePosixPath(name + image_format.value)
    if relative.is_absolute() or ".." in relative.parts:
        raise ValueError(f"a picture's name must stay inside its folder, not {name!r}")
    path = folder / relative
    encoded = _encode(pixels, image_format, path)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    with file_errors(path):
        _make_folders(path.parent)
        try:
            with partial.open("wb") as file:
                file.write(encoded)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
        sync_folder(path.parent)
    return str(relative)


def mark_simulated(pixels: Pixels) -> Pixels:
    """A copy with a dark band along its top edge that says SIMULATED across the whole width; the size stays the same."""
    marked: Pixels = np.array(pixels, order="C")
    height, width = marked.shape[:2]
    band_px = min(height, max(18, height // 18))
    marked[:band_px] = (marked[:band_px] // 5).astype(np.uint8)
    text = f"{SIMULATED_MARK} - not a patient    "
    scale = cv2.getFontScaleFromHeight(cv2.FONT_HERSHEY_SIMPLEX, max(8, round(band_px * 0.55)), 1)
    thickness = max(1, round(scale * 2.2))
    text_px = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, thickness)[0][0]
    for left in range(6, max(width, 7), max(1, text_px)):
        at = (left, round(band_px * 0.77))
        cv2.putText(marked, text, at, cv2.FONT_HERSHEY_SIMPLEX, scale, (255, 220, 60), thickness, cv2.LINE_AA)
    return marked


def _encode(pixels: Pixels, image_format: ImageFormat, path: Path) -> bytes:
    options = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY] if image_format is ImageFormat.JPEG else []
    try:
        done, encoded = cv2.imencode(image_format.value, cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), options)
    except cv2.error as error:
        raise StoreError(f"{path}: cannot encode {pixels.shape} {pixels.dtype} as a picture: {error.err}") from error
    if not done:
        raise StoreError(f"{path}: cannot encode {pixels.shape} {pixels.dtype} as a picture")
    return bytes(encoded.tobytes())


def _make_folders(folder: Path) -> None:
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for each in missing:
        sync_folder(each.parent)
