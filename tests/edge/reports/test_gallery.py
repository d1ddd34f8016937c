from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from edge.frame import Frame
from edge.record.store.images import write_frame
from edge.record.store.records import LedgerRecord
from edge.record.store.store import Store
from edge.reports.gallery import MOST_OF_A_TYPE, SHOWN, gallery
from tests.edge.record.store.samples import NOON, cell, new_field, new_session


def test_cells_hang_by_type_the_unsure_and_the_least_sure_first(tmp_path: Path) -> None:
    pixels = np.full((240, 320, 3), 220, np.uint8)
    pixels[80:120, 180:220] = (60, 30, 120)
    with Store(tmp_path) as store:
        session = store.begin_session(new_session())
        slide = store.begin_slide(session.id, "", NOON)
        image = write_frame(store.folder, Frame(pixels, 0, "x"), f"images/{session.id}/1-000000")
        facts = [("lymphocyte", 0.9), ("lymphocyte", 0.6), ("unsure", 0.4), ("monocyte", 0.8)]
        found = [
            cell("wbc", x=200.0, y=100.0, type=name, type_probability=probability) for name, probability in facts
        ]  # fmt: skip
        field = new_field(slide.id, image=image, classifier="white-types 1", methods={"wbc": "centres"}, cell_diameter_px=40.0)
        store.commit_field(field, [*found, cell("wbc")], LedgerRecord(counted=1))
        store.commit_field(new_field(slide.id, 1, methods={"wbc": "centres"}), [cell("wbc")], LedgerRecord(counted=2))
        fields = store.session_fields(session.id)
        walls = gallery(store, fields, {field.id: f"1.{field.number}" for field in fields})
    assert [(wall.type, [one.probability for one in wall.portraits], wall.left_out) for wall in walls] == [
        ("unsure", [0.4], 0), ("lymphocyte", [0.6, 0.9], 0), ("monocyte", [0.8], 0),
    ]  # fmt: skip
    portrait = walls[0].portraits[0]
    assert portrait.field == "1.1"
    shown = cv2.imdecode(np.frombuffer(base64.b64decode(portrait.data_uri.partition(",")[2]), np.uint8), cv2.IMREAD_COLOR)
    assert shown.shape == (SHOWN.side_px, SHOWN.side_px, 3)
    middle = shown[48, 48].astype(int)
    assert abs(middle - (120, 30, 60)).max() < 25, "the cell in the middle, red as red"
    assert shown[4, 4].min() > 190


def test_more_than_a_wall_holds_are_counted_and_so_are_those_without_a_picture(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        session = store.begin_session(new_session())
        slide = store.begin_slide(session.id, "", NOON)
        named = replace(cell("wbc"), type="lymphocyte", type_probability=0.9)
        field = new_field(slide.id, classifier="white-types 1", methods={"wbc": "centres"})
        store.commit_field(field, [named] * (MOST_OF_A_TYPE + 3), LedgerRecord(counted=1))
        fields = store.session_fields(session.id)
        (wall,) = gallery(store, fields, {field.id: "1.1" for field in fields})
    assert (len(wall.portraits), wall.left_out) == (0, MOST_OF_A_TYPE + 3)
