"""Boxes in Pascal VOC's XML files, one a picture."""

from __future__ import annotations

import logging
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from pathlib import Path

from export.datasets.errors import DatasetError
from export.datasets.sample import Box

log = logging.getLogger(__name__)


def read_boxes(path: Path, labels: Mapping[str, str], size_px: tuple[int, int]) -> tuple[Box, ...]:
    """The boxes of an annotation, their names mapped by `labels`; `size_px` is width and height of the picture.

    Boxes are clipped to the picture; one without area is left out and logged. Raises DatasetError where the file is no
    annotation, was made for a picture of another size, or holds a label that is not among `labels`.
    """
    try:
        root = ET.fromstring(path.read_bytes())
    except (OSError, ET.ParseError, LookupError, ValueError) as error:
        raise DatasetError(f"{path} is missing or no Pascal VOC annotation ({error}); copy it again from the corpus") from error
    written = (_number(root, "size/width", path, 0), _number(root, "size/height", path, 0))
    if written not in ((0, 0), size_px):
        raise DatasetError(
            f"{path} is for a picture of {written[0]}x{written[1]} pixels, its picture has {size_px[0]}x{size_px[1]}; "
            "take the annotation of this picture"
        )
    return tuple(box for found in root.iter("object") if (box := _box(found, labels, size_px, path)) is not None)


def _box(found: ET.Element, labels: Mapping[str, str], size_px: tuple[int, int], path: Path) -> Box | None:
    name = (found.findtext("name") or "").strip()
    if name not in labels:
        raise DatasetError(f"{path} holds the label {name!r}, which is none of {', '.join(labels)}")
    left, top, right, bottom = (_number(found, f"bndbox/{side}", path) for side in ("xmin", "ymin", "xmax", "ymax"))
    box = Box(labels[name], max(left, 0), max(top, 0), min(right, size_px[0]), min(bottom, size_px[1]))
    if box.right <= box.left or box.bottom <= box.top:
        log.warning(
            "%s: the %s box from (%d, %d) to (%d, %d) is left out, it has no area", path, name, left, top, right, bottom
        )
        return None
    return box


def _number(element: ET.Element, at: str, path: Path, absent: int | None = None) -> int:
    text = element.findtext(at)
    if text is None and absent is not None:
        return absent
    try:
        return round(float(text or ""))
    except (ValueError, OverflowError) as error:
        raise DatasetError(f"{path} has {text!r} where {at} should be a number; copy it again from the corpus") from error
