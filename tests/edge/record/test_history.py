"""The record as history, out of a real store."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from edge.counting.cell import CellClass
from edge.record.history import RecordedHistory
from edge.record.store.database import DATABASE_NAME
from edge.record.store.images import ImageFormat, write_image
from edge.record.store.records import LedgerRecord
from edge.record.store.store import Store
from edge.session.history import HistoryError
from tests.edge.record.store.samples import NOON, cell, cells, new_field, new_session

PIXELS = np.random.default_rng(0).integers(0, 255, (480, 640, 3), np.uint8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two sessions: one finished with four fields on two slides, the second undone; one interrupted and empty."""
    with Store(tmp_path) as store:
        session = store.begin_session(new_session(operator="M. Curie"))
        slide = store.begin_slide(session.id, "smear-1", NOON, specimen="S-17")
        for number in range(1, 4):
            image = write_image(tmp_path, PIXELS, f"images/{number}", ImageFormat.PNG) if number != 3 else None
            field = new_field(slide.id, number, image=image, um_per_px=0.25, focus=180.0, clock_trusted=False)
            counted = number
            store.commit_field(field, cells({"rbc": 10 * number, "plt": 1}), LedgerRecord(counted=counted))
            if number == 2:
                store.add_note(session.id, "look again", NOON)
        store.undo_field(session.id, LedgerRecord(counted=2, rejected=1, rejections={"undone": 1}), NOON + timedelta(hours=1))
        other = store.begin_slide(session.id, "smear-2", NOON, specimen="S-18")
        ledger = LedgerRecord(counted=3, rejected=1, rejections={"undone": 1})
        image = write_image(tmp_path, PIXELS, "images/4", ImageFormat.PNG)
        store.commit_field(new_field(other.id, 4, image=image), [cell("wbc", 320.0, 240.0)], ledger)
        store.finish_session(session.id, ledger, "stopped", NOON + timedelta(hours=2))
        store.begin_session(new_session(simulated=True, camera="simulated slide"))
    return tmp_path


def test_sessions_are_the_newest_first_with_their_totals(folder: Path) -> None:
    empty, full = RecordedHistory(folder).sessions()
    assert (empty.state, empty.fields, empty.cells, empty.simulated) == ("interrupted", 0, {}, True)
    assert (full.state, full.finish_reason, full.operator, full.specimen) == ("finished", "stopped", "M. Curie", "S-17, S-18")
    assert full.fields == 3
    assert full.cells == {CellClass.RBC: 30, CellClass.PLT: 2, CellClass.WBC: 1}


def test_fields_are_in_order_with_the_undone_and_the_notes(folder: Path) -> None:
    archive = RecordedHistory(folder)
    fields = archive.fields(archive.sessions()[1].id)
    assert [(field.slide, field.specimen, field.number) for field in fields] == [
        ("smear-1", "S-17", 1), ("smear-1", "S-17", 2), ("smear-1", "S-17", 3), ("smear-2", "S-18", 1),
    ]  # fmt: skip
    assert [field.undone is not None for field in fields] == [False, False, True, False]
    assert [[note.text for note in field.notes] for field in fields] == [[], ["look again"], [], []]
    assert fields[1].counts == {CellClass.RBC: 20, CellClass.PLT: 1, CellClass.WBC: 0}
    assert (fields[0].um_per_px, fields[0].focus, fields[0].clock_trusted) == (0.25, 180.0, False)


def test_picture_comes_with_the_cells_of_its_field(folder: Path) -> None:
    archive = RecordedHistory(folder)
    field = archive.fields(archive.sessions()[1].id)[3]
    picture = archive.picture(field)
    assert picture.missing is None
    assert (picture.pixels == PIXELS).all()
    [found] = picture.cells
    assert (found.cell_class, found.x, found.y) == (CellClass.WBC, 320.0, 240.0)
    assert found.outline.shape == (12, 2)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("none kept", "no picture was kept of this field"),
        ("gone", "its picture images/1.png cannot be read: No such file or directory"),
        ("empty", "its picture images/1.png is damaged"),
        ("garbled", "its picture images/1.png is damaged"),
        ("another", "its picture images/1.png is 32x24, not 640x480"),
    ],
)
def test_missing_picture_is_said_and_the_cells_are_there(folder: Path, damage: str, said: str) -> None:
    archive, file = RecordedHistory(folder), folder / "images" / "1.png"
    match damage:
        case "gone":
            file.unlink()
        case "empty":
            file.write_bytes(b"")
        case "garbled":
            file.write_bytes(file.read_bytes()[:40] + b"x" * 100)
        case "another":
            write_image(folder, np.zeros((24, 32, 3), np.uint8), "images/1", ImageFormat.PNG)
    fields = archive.fields(archive.sessions()[1].id)
    picture = archive.picture(fields[2 if damage == "none kept" else 0])
    assert picture.missing == said
    assert picture.pixels.shape == (480, 640, 3)
    assert len(picture.cells) == (31 if damage == "none kept" else 11)


def test_folder_without_a_record_has_no_session(tmp_path: Path) -> None:
    assert RecordedHistory(tmp_path / "nothing").sessions() == ()


def test_damaged_record_is_a_history_error(folder: Path) -> None:
    (folder / DATABASE_NAME).write_bytes(b"no database at all" * 500)
    with pytest.raises(HistoryError, match="repair"):
        RecordedHistory(folder).sessions()


def test_record_that_went_away_is_a_history_error(folder: Path) -> None:
    archive = RecordedHistory(folder)
    session = archive.sessions()[1]
    (folder / DATABASE_NAME).unlink()
    with pytest.raises(HistoryError):
        archive.fields(session.id)
