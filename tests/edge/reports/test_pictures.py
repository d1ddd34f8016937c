from __future__ import annotations

import base64
import zlib
from pathlib import Path

import cv2
import numpy as np

from edge.record.store.images import ImageFormat, write_image
from edge.record.store.records import FieldFacts, FieldRecord
from edge.reports.pictures import WIDEST_PX, field_picture, overlay
from tests.edge.record.store.samples import cell, new_field


def field(**changes: object) -> FieldRecord:
    values = new_field(1, **changes)
    given = {name: getattr(values, name) for name in FieldFacts.__dataclass_fields__}
    return FieldRecord(**given, id=1, number=1, counts={})


def test_a_large_picture_is_made_small_and_keeps_its_shape(tmp_path: Path) -> None:
    name = write_image(tmp_path, np.full((1944, 2592, 3), 90, np.uint8), "a")
    picture = field_picture(tmp_path, field(image=name, width_px=2592, height_px=1944), [])
    assert picture is not None
    pixels = cv2.imdecode(np.frombuffer(base64.b64decode(picture.data_uri.split(",")[1]), np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    assert pixels.shape == (675, WIDEST_PX, 3)
    assert (picture.width_px, picture.height_px) == (WIDEST_PX, 675)
    assert 'viewBox="0 0 2592 1944"' in picture.overlay


def test_no_picture_was_kept(tmp_path: Path) -> None:
    assert field_picture(tmp_path, field(), []) is None


def test_a_picture_that_says_it_is_gigantic_is_left_out(tmp_path: Path) -> None:
    name = write_image(tmp_path, np.zeros((8, 8, 3), np.uint8), "a", ImageFormat.PNG)
    content = bytearray((tmp_path / name).read_bytes())
    content[16:24] = (60_000).to_bytes(4, "big") * 2  # the header's width and height, and its checksum behind them
    content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, "big")
    (tmp_path / name).write_bytes(content)
    assert field_picture(tmp_path, field(image=name), []) is None


def test_cells_are_told_apart_without_colour() -> None:
    drawn = overlay(field(), [cell("rbc", 50, 50), cell("wbc", 150, 50), cell("plt", 250, 50)])
    assert drawn.count("<polygon") == 6  # each with a dark edge under it
    assert drawn.count("<circle") == 1
    assert ">W</text>" in drawn
    assert ">P</text>" in drawn
    assert drawn.count("stroke-dasharray") == 2
    assert "70.0,50.0" in drawn  # the outline is where the cell is


def test_a_scale_bar_only_where_calibrated() -> None:
    assert "µm" not in overlay(field(), [])
    drawn = overlay(field(um_per_px=0.1, width_px=1000), [])
    assert "20 µm" in drawn
    assert 'width="200.0"' in drawn
