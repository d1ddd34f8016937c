"""The white cells of a session, one beside the other by type, the least sure first: what a person looks through."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import cv2

from edge.cells.differential import UNSURE
from edge.record.store.reader import StoreReader
from edge.record.store.records import CellRecord, FieldRecord
from edge.reports.pictures import read_picture
from engines.crop import Cropping, crop

MOST_OF_A_TYPE = 40
"""With some 4 kB a cell a report of eight types stays small enough to mail."""
SHOWN = Cropping(side_px=96, diameters=3.0)
JPEG_QUALITY = 82


@dataclass(frozen=True, slots=True)
class Portrait:
    """One white cell: `data_uri` is a JPEG of SHOWN.side_px, `field` its field as slide.field, `probability` 0..1."""

    data_uri: str
    field: str
    probability: float


@dataclass(frozen=True, slots=True)
class Wall:
    """Those of one type; `left_out` are more than are shown, or have no picture."""

    type: str
    portraits: Sequence[Portrait]
    left_out: int


def gallery(store: StoreReader, fields: Sequence[FieldRecord], labels: Mapping[int, str]) -> list[Wall]:
    """A wall a type, that of unsure cells first, then by number; none where nothing was named. `labels` name fields by id."""
    named = [(cell, field) for field in fields if field.classifier for cell in store.typed_cells(field.id)]
    named.sort(key=lambda pair: (str(pair[0].type), pair[0].type_probability or 0.0))
    by_type = {name: list(found) for name, found in groupby(named, key=lambda pair: str(pair[0].type))}
    order = sorted(by_type, key=lambda name: (name != UNSURE, -len(by_type[name])))
    return [_wall(store, name, by_type[name], labels) for name in order]


def _wall(
    store: StoreReader, name: str, found: Sequence[tuple[CellRecord, FieldRecord]], labels: Mapping[int, str]
) -> Wall:  # fmt: skip
    portraits = list(_portraits(store, found[:MOST_OF_A_TYPE], labels))
    return Wall(name, portraits, len(found) - len(portraits))


def _portraits(
    store: StoreReader, found: Sequence[tuple[CellRecord, FieldRecord]], labels: Mapping[int, str]
) -> Iterator[Portrait]:
    for cell, field in found:
        pixels = read_picture(store.folder, field)
        if pixels is None:
            continue
        cut = crop(pixels, cell.x, cell.y, field.cell_diameter_px, SHOWN)
        jpeg = cv2.imencode(".jpg", cut[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1]
        data_uri = "data:image/jpeg;base64," + base64.b64encode(jpeg.tobytes()).decode("ascii")
        yield Portrait(data_uri, labels[field.id], cell.type_probability or 0.0)
