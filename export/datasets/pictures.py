"""Pictures and masks from files. Pillow reads them, as OpenCV fills what a truncated JPEG lacks with grey and says nothing."""

from __future__ import annotations

import functools
import struct
import zlib
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from export.datasets.errors import DatasetError

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff")
FORMATS = ("JPEG", "PNG", "BMP", "TIFF")
"""Named, so that no other decoder of Pillow's ever sees a file."""
DECODE_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    EOFError,
    OverflowError,
    struct.error,
    zlib.error,
)
DEEP_MODES = ("I", "F")
"""More than 8 bits a sample, of which Pillow would keep the low byte and call the rest white."""
EXIF_ORIENTATION = 0x0112
ON_THE_SIDE = 5
"""EXIF orientations from here on swap width and height."""
COLOURED = 32
"""A mask whose channels differ by more than this somewhere is one in colours, not a black and white one saved as RGB."""
KEPT_PICTURES = 4
"""Whole pictures, and masks, kept decoded for regions: the crops of a field come one after the other."""

WhiteIs = Literal["cells", "background"]


def read_picture(path: Path) -> NDArray[np.uint8]:
    """The picture, (height, width, 3) uint8 RGB, upright as its EXIF orientation says. Raises DatasetError."""
    return _read(path, "RGB")


def picture_to_cut(path: Path) -> NDArray[np.uint8]:
    """As `read_picture`, but not to be written to: the last few are kept."""
    _check_there(path)
    stat = path.stat()
    return _kept(path, stat.st_mtime_ns, stat.st_size)


@functools.lru_cache(maxsize=KEPT_PICTURES)
def _kept(path: Path, _changed_ns: int, _size_bytes: int) -> NDArray[np.uint8]:
    pixels = _read(path, "RGB")
    pixels.flags.writeable = False
    return pixels


def read_mask(path: Path, white_is: WhiteIs) -> NDArray[np.bool_]:
    """A mask, (height, width) bool, True where cells are. Raises DatasetError.

    Black and white masks (1 bit, 8 bits, saved as RGB, or with the values 0 and 1) are split in the middle, `white_is` says
    which side is the cells. Of a mask in colours (cells painted by class, or cut out of their background) the background is
    whichever of pure white and pure black covers more; every other pixel is a cell.
    """
    pixels = _read(path, "RGB")
    red, grey, blue = cv2.split(pixels)
    if max(int(cv2.absdiff(one, other).max()) for one, other in ((red, grey), (grey, blue), (red, blue))) > COLOURED:
        return _cells_in_colours(path, pixels)
    white = grey > (0 if grey.max() == 1 else 127)
    return white if white_is == "cells" else ~white


def _cells_in_colours(path: Path, pixels: NDArray[np.uint8]) -> NDArray[np.bool_]:
    white = cv2.inRange(pixels, (250, 250, 250), (255, 255, 255)) > 0  # 5 off pure, for JPEG
    black = cv2.inRange(pixels, (0, 0, 0), (5, 5, 5)) > 0
    background = white if white.sum() >= black.sum() else black
    if not background.any():
        raise DatasetError(f"{path} is a mask in colours without a white or black background; save it with one")
    return np.asarray(~background)


def mask_to_cut(path: Path, white_is: WhiteIs) -> NDArray[np.bool_]:
    """As `read_mask`, but not to be written to: the last few are kept."""
    _check_there(path)
    stat = path.stat()
    return _kept_mask(path, white_is, stat.st_mtime_ns, stat.st_size)


@functools.lru_cache(maxsize=2 * KEPT_PICTURES)
def _kept_mask(path: Path, white_is: WhiteIs, _changed_ns: int, _size_bytes: int) -> NDArray[np.bool_]:
    cells = read_mask(path, white_is)
    cells.flags.writeable = False
    return cells


def size_of(path: Path) -> tuple[int, int]:
    """Width and height in pixels, upright, from the file's header alone. Raises DatasetError."""
    _check_there(path)
    try:
        with Image.open(path, formats=FORMATS) as picture:
            on_its_side = picture.getexif().get(EXIF_ORIENTATION, 1) >= ON_THE_SIDE
            return (picture.height, picture.width) if on_its_side else (picture.width, picture.height)
    except UnidentifiedImageError as error:
        raise _no_picture(path) from error
    except (*DECODE_ERRORS, Image.DecompressionBombError) as error:
        raise _damaged(path, error) from error


def _read(path: Path, mode: str) -> NDArray[np.uint8]:
    _check_there(path)
    try:
        with Image.open(path, formats=FORMATS) as picture:
            picture.load()
            if picture.mode.startswith(DEEP_MODES):
                raise DatasetError(f"{path} has more than 8 bits a sample, whose white is unknown; save it with 8 bits")
            return np.array(ImageOps.exif_transpose(picture).convert(mode), np.uint8)
    except UnidentifiedImageError as error:
        raise _no_picture(path) from error
    except (*DECODE_ERRORS, Image.DecompressionBombError) as error:
        raise _damaged(path, error) from error


def _check_there(path: Path) -> None:
    if not path.is_file():
        raise _no_picture(path)


def _no_picture(path: Path) -> DatasetError:
    return DatasetError(f"{path} is missing or no picture; lay the corpus out as README says")


def _damaged(path: Path, error: Exception) -> DatasetError:
    return DatasetError(f"{path} is truncated or damaged ({error}); copy it again from its source")
