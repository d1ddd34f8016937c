"""What the loop found, as the store keeps it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from edge.counting.cells import CellClass
from edge.recorder import Recorder, SaveImages
from edge.session import FinishReason, Ledger
from edge.storage.errors import StoreError
from edge.storage.records import SessionState
from edge.storage.store import Store
from tests.edge.fields import CARD, cell, count_of, frame_at

CELLS = (cell(), cell(x=80.0), cell(CellClass.PLT, x=120.0, diameter_px=7.0))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "store") as opened:
        yield opened


def test_a_session_says_how_it_was_made(store: Store) -> None:
    recorder = Recorder(store, replace(CARD, simulated=True, um_per_px=0.19, settings={"a": [1]}), SaveImages.NONE)
    record = store.session(recorder.session_id)
    assert (record.camera, record.simulated, record.model, record.model_sha256) == (
        "microscope",
        True,
        "drawn",
        CARD.model_sha256,
    )
    assert (record.runtime, record.specimen, record.um_per_px, record.settings) == ("fake", "S-17", 0.19, {"a": [1]})
    assert record.state is SessionState.RUNNING
    assert [slide.name for slide in store.slides(record.id)] == ["slide 1"]


def test_a_field_is_in_the_totals_once_it_is_committed(store: Store) -> None:
    recorder = Recorder(store, CARD, SaveImages.NONE)
    assert (recorder.totals.slide, recorder.totals.fields) == ("slide 1", 0)
    recorder.commit(frame_at(1, 17), count_of(CELLS), 6.5, 41.0, Ledger(counted=1, rejected=2), {"black": 2})
    assert recorder.totals.fields == 1
    assert recorder.totals.cells == {CellClass.RBC: 2, CellClass.WBC: 0, CellClass.PLT: 1}
    (field,) = store.session_fields(recorder.session_id)
    assert (field.sequence, field.focus, field.latency_ms, field.image) == (17, 6.5, 41.0, None)
    assert field.by_method["rbc"] == {"centres": 2}
    assert [(one.cell_class, one.x, one.diameter_px) for one in store.cells(field.id)] == [
        (one.cell_class.value, one.x, pytest.approx(one.diameter_px)) for one in CELLS
    ]
    assert dict(store.session(recorder.session_id).ledger.rejections) == {"black": 2}


def test_a_ledger_that_does_not_count_the_field_is_refused_whole(store: Store) -> None:
    recorder = Recorder(store, CARD, SaveImages.NONE)
    with pytest.raises(ValueError, match="counted"):
        recorder.commit(frame_at(1), count_of(CELLS), 6.5, 41.0, Ledger(), {})
    assert recorder.totals.fields == 0


def test_slides_are_numbered_and_counted_apart(store: Store) -> None:
    recorder = Recorder(store, CARD, SaveImages.NONE)
    recorder.commit(frame_at(1), count_of(CELLS), 6.5, 41.0, Ledger(counted=1), {})
    assert recorder.new_slide().name == "slide 2"
    assert (recorder.totals.slide, recorder.totals.fields) == ("slide 2", 0)
    recorder.commit(frame_at(2), count_of(CELLS[:1]), 6.5, 41.0, Ledger(counted=2), {})
    assert recorder.totals.cells[CellClass.RBC] == 1


@pytest.mark.parametrize(("save", "pictures"), [(SaveImages.NONE, 0), (SaveImages.COUNTED, 2), (SaveImages.ALL, 3)])
def test_pictures_are_kept_as_asked_and_none_overwrites_another(save: SaveImages, pictures: int, store: Store) -> None:
    """Two frames have one sequence number where the camera was reopened between them."""
    recorder = Recorder(store, CARD, save)
    recorder.commit(frame_at(1, 5), count_of(CELLS), 6.5, 41.0, Ledger(counted=1), {})
    recorder.refuse(frame_at(2, 6), "black")
    recorder.commit(frame_at(3, 5), count_of(CELLS), 6.5, 41.0, Ledger(counted=2), {})
    found = list((store.folder / "images").rglob("*.jpg"))
    assert len(found) == pictures
    for field in store.session_fields(recorder.session_id):
        assert (field.image is None) is (save is SaveImages.NONE)
        assert field.image is None or store.folder / field.image in found


def test_a_simulated_picture_says_so_in_its_name(store: Store) -> None:
    recorder = Recorder(store, replace(CARD, simulated=True), SaveImages.COUNTED)
    recorder.commit(frame_at(1, simulated=True), count_of(CELLS), 6.5, 41.0, Ledger(counted=1), {})
    assert "SIMULATED" in str(store.session_fields(recorder.session_id)[0].image)
    assert "SIMULATED" in recorder.snapshot(frame_at(1, simulated=True), "000001")


def test_a_snapshot_is_kept_whatever_is_kept_otherwise(store: Store) -> None:
    recorder = Recorder(store, CARD, SaveImages.NONE)
    assert Path(recorder.snapshot(frame_at(1), "000001")).is_file()


def test_a_finished_session_takes_no_more(store: Store) -> None:
    recorder = Recorder(store, CARD, SaveImages.NONE)
    recorder.update(Ledger(dropped=4), {})
    recorder.finish(Ledger(dropped=5), {}, FinishReason.STOPPED)
    record = store.session(recorder.session_id)
    assert (record.state, record.finish_reason, record.ledger.dropped) == (SessionState.FINISHED, "stopped", 5)
    with pytest.raises(StoreError, match="finished"):
        recorder.update(Ledger(dropped=6), {})
