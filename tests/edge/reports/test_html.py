from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from edge.counting.field_count import LOOK_AGAIN
from edge.frame import Frame
from edge.record.store.errors import StoreNotFound
from edge.record.store.images import write_frame
from edge.record.store.records import FieldRecord, LedgerRecord
from edge.record.store.retention import make_room
from edge.record.store.store import Store
from edge.reports.html import look_again, session_report
from tests.edge.record.store.samples import NOON, cell, cells, new_field, new_session

VOID = {"meta", "img", "br", "link"}


class Page(HTMLParser):
    """Checks that tags close in order, and collects what a reader would see."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open_tags: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert self.open_tags == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open_tags.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open_tags.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open_tags and self.open_tags[-1] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path) as opened:
        yield opened


def logged(store: Store, numbers: list[dict[str, int]], simulated: bool = False, **changes: object) -> str:
    """A session with one slide, its fields with pictures; the fields disagree by 0, 7, 14, … %."""
    session = store.begin_session(new_session(simulated=simulated, **changes))
    slide = store.begin_slide(session.id, "left <b>", NOON)
    for index, each in enumerate(numbers):
        frame = Frame(np.full((480, 640, 3), 220, np.uint8), index, "x", simulated=simulated)
        name = write_frame(store.folder, frame, f"images/{session.id}/1-{index:06d}")
        field = new_field(slide.id, index, image=name, um_per_px=session.um_per_px, disagreement={"rbc": 0.07 * index})
        store.commit_field(field, cells(each), LedgerRecord(counted=index + 1))
    return session.id


def test_the_figures_are_those_of_the_record(store: Store) -> None:
    session_id = logged(store, [{"rbc": n, "wbc": 1, "plt": 2} for n in (10, 12, 17)])
    rejections = {"moving": 4, "black": 1}
    ledger = LedgerRecord(counted=3, duplicate=7, rejected=5, dropped=11, failed=2, rejections=rejections)
    store.finish_session(session_id, ledger, "end of frames", NOON + timedelta(minutes=2))
    text = Page(session_report(store, session_id)).text
    assert "1 · left <b> 3 39 13.0 3.6 4.0 to 22.0 3 1.0 0.0 1.0 to 1.0 6 2.0 0.0 2.0 to 2.0" in text
    assert "All 3 39 13.0" in text
    assert "WBC : RBC 1 : 13 76.9 per 1000" in text
    assert "PLT : RBC 1 : 6 153.8 per 1000" in text
    assert "captured counted duplicate rejected dropped failed 28 3 7 5 11 2" in text
    assert "black 1, moving 4" in text
    assert "Student's t" in text
    assert "2026-11-20 11:55:02 UTC (end of frames)" in text
    for said in (
        session_id,
        "S-17",
        "ab" * 32,
        "onnxruntime 1.31 CPU",
        '"border_rule": "all"',
        "centres",
        "components",
        "estimated",
    ):
        assert said in text
    assert "not calibrated" in text
    assert "diameter in px" in text
    assert "red cells, median diameter" in text
    assert "coefficient of variation" in text
    assert text.count("For research; not a diagnostic device.") == 2
    assert "SIMULATED" not in text


def test_the_differential_is_shown_with_what_it_is_worth(store: Store) -> None:
    session = store.begin_session(new_session())
    slide = store.begin_slide(session.id, "", NOON)
    names = ["segmented neutrophil", "segmented neutrophil", "band neutrophil", "erythroblast", "unsure"]
    white = [replace(cell("wbc"), type=name, type_probability=0.9) for name in names]
    field = new_field(slide.id, methods={"wbc": "centres"}, classifier="white-types 1 (int8)")
    store.commit_field(field, white, LedgerRecord(counted=1))
    text = Page(session_report(store, session.id)).text
    assert "White cells by type: 4 of 200" in text
    assert "segmented neutrophil 2 50.0 % 6.8 to 93.2 %" in text
    assert "Left shift (bands and immature forms among neutrophils): 33 %" in text
    assert "1 erythroblast not among them (25.0 per 100 white cells)" in text
    assert "Named by white-types 1 (int8). Blasts" in text
    assert "A person must look at this slide: 1 of 4 white cells could not be named; 1 immature cell." in text
    assert "by type" not in Page(session_report(store, logged(store, [{"rbc": 4}]))).text


def test_it_is_one_file_that_loads_and_runs_nothing(store: Store) -> None:
    html = session_report(store, logged(store, [{"rbc": 4}] * 3))
    page = Page(html)
    assert page.all("script") == page.all("link") == []
    assert len(page.all("img")) == 3
    for picture in page.all("img"):
        assert str(picture["src"]).startswith("data:image/jpeg;base64,")
        assert "4 red cells" in str(picture["alt"])
    assert not re.search(r"(?:src|href)=\"(?!data:)", html)
    assert "http://" not in html
    assert "https://" not in html


def test_whoever_names_a_specimen_cannot_run_anything(store: Store) -> None:
    evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    changes = dict.fromkeys(("specimen", "operator", "note", "camera", "model", "runtime", "hostname"), evil)
    session_id = logged(store, [{"rbc": 1}], **changes, settings={"a": evil})
    page = Page(session_report(store, session_id))
    assert page.all("script") == []
    assert len(page.all("img")) == 1
    assert all("onerror" not in attributes for _, attributes in page.tags)
    assert evil in page.text


def test_a_simulated_session_says_so_at_both_ends_and_under_each_picture(store: Store) -> None:
    page = Page(session_report(store, logged(store, [{"rbc": 1}] * 2, simulated=True)))
    assert page.text.count("SIMULATED – a rendered smear, not a patient") == 2
    assert page.text.count("SIMULATED Field") == 2
    assert all("Simulated field" in str(picture["alt"]) for picture in page.all("img"))


def test_pictures_are_limited_and_the_doubtful_come_first(store: Store) -> None:
    session_id = logged(store, [{"rbc": 2}] * 9)
    page = Page(session_report(store, session_id, pictures_max=6))
    shown = [str(picture["alt"]).split(":")[0] for picture in page.all("img")]
    assert len(shown) == 6
    assert {"Field 1.5", "Field 1.6", "Field 1.7", "Field 1.8", "Field 1.9"} < set(shown)
    assert page.text.count("look again: methods") == 10, "five below their pictures, five in the table"
    assert Page(session_report(store, session_id, pictures_max=0)).all("img") == []


def test_the_highest_disagreements_are_marked_and_small_ones_are_not(store: Store) -> None:
    session_id = logged(store, [{"rbc": 2}] * 4)
    fields: list[FieldRecord] = store.session_fields(session_id)
    assert look_again(fields) == {field.id for field in fields if field.disagreement["rbc"] >= LOOK_AGAIN}
    assert look_again([]) == set()


def test_micrometres_and_a_scale_bar_where_calibrated(store: Store) -> None:
    session = store.begin_session(new_session(um_per_px=0.2))
    slide = store.begin_slide(session.id, "", NOON)
    name = write_frame(store.folder, Frame(np.full((480, 640, 3), 220, np.uint8), 0, "x"), "a")
    some = [cell("rbc", 99, 99, 36.0 + n, diameter_um=7.2 + n / 5) for n in range(5)]
    store.commit_field(new_field(slide.id, image=name, um_per_px=0.2), some, LedgerRecord(counted=1))
    text = Page(session_report(store, session.id)).text
    assert "diameter in µm" in text
    assert "20 µm" in text  # a quarter of 640 px is 32 µm
    assert "0.2 µm per pixel" in text


def test_a_missing_or_damaged_picture_does_not_cost_the_report(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    session_id = logged(store, [{"rbc": 2}] * 3)
    (store.folder / f"images/{session_id}/1-000000.jpg").unlink()
    (store.folder / f"images/{session_id}/1-000001.jpg").write_bytes(b"\xff\xd8 no picture")
    assert len(Page(session_report(store, session_id)).all("img")) == 1
    assert "1-000000.jpg cannot be read" in caplog.text
    assert "1-000001.jpg is damaged" in caplog.text


def test_no_fields_is_unknown_not_zero(store: Store) -> None:
    session = store.begin_session(new_session())
    text = Page(session_report(store, session.id)).text
    assert "unknown, not zero" in text
    assert "still being logged" in text


def test_an_interrupted_session_says_so(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        session_id = logged(store, [{"rbc": 2}])
    with Store(tmp_path) as store:
        assert "This session is interrupted." in Page(session_report(store, session_id[:12])).text
        with pytest.raises(StoreNotFound):
            session_report(store, "none")


def test_a_class_that_the_model_does_not_see_is_left_out(store: Store) -> None:
    session = store.begin_session(new_session())
    slide = store.begin_slide(session.id, "", NOON)
    store.commit_field(new_field(slide.id, methods={"rbc": "hough"}), cells({"rbc": 3}), LedgerRecord(counted=1))
    text = Page(session_report(store, session.id)).text
    assert "platelets" not in text
    assert "PLT : RBC –" in text
    assert "3 3.0 – 0.6 to 8.8" in text  # one field: the Poisson interval, and no SD


def test_undone_fields_are_left_out_and_their_number_told(store: Store) -> None:
    session_id = logged(store, [{"rbc": 10}, {"rbc": 20}, {"rbc": 99}])
    store.undo_field(session_id, LedgerRecord(counted=2, rejected=1, rejections={"undone": 1}), NOON)
    page = Page(session_report(store, session_id))
    assert "1 field was undone by a person and is in none of these figures" in page.text
    assert "All 2 30 15.0" in page.text
    assert "99" not in re.sub(r"[0-9a-f]{64}", "", page.text)
    assert len(page.all("img")) == 2
    assert "Rejected: undone 1." in page.text


def test_notes_and_events_are_told_in_their_order(store: Store) -> None:
    session_id = logged(store, [{"rbc": 1}])
    store.add_note(session_id, "a <b>sickle</b> cell", NOON + timedelta(seconds=7))
    store.add_event(session_id, "camera", "lost: unplugged", NOON, 5.0)
    store.add_event(session_id, "clock", "the wall clock was set", NOON - timedelta(days=400), 6.0, jump_s=-400 * 86400.0)
    text = Page(session_report(store, session_id)).text
    assert "2026-11-20 11:53:09 1.1 a <b>sickle</b> cell" in text
    assert "2026-11-20 11:53:02 1.1 camera lost: unplugged" in text
    assert text.index("lost: unplugged") < text.index("the wall clock was set (-34560000 s)")
    assert "It was changed 1 time meanwhile." in text
    assert "What happened to the session" in text


def test_a_session_without_notes_or_events_has_no_empty_tables(store: Store) -> None:
    text = Page(session_report(store, logged(store, [{"rbc": 1}]))).text
    for title in ("Notes", "What happened to the session", "undone", "engine changed", "dropped to make room"):
        assert title not in text


@pytest.mark.parametrize(
    ("of_session", "of_fields", "said"),
    [
        (None, (None, None), "which nobody checked"),
        (True, (True, True), "which was set from the network"),
        (False, (True, True), "which was not set when the session began"),
        (False, (False, True), "which was not set when 1 of 2 fields were counted"),
    ],
)
def test_it_says_whether_the_clock_may_be_believed(
    store: Store, of_session: bool | None, of_fields: tuple[bool | None, ...], said: str
) -> None:
    session = store.begin_session(new_session(clock_trusted=of_session))
    slide = store.begin_slide(session.id, "", NOON)
    for number, trusted in enumerate(of_fields):
        store.commit_field(new_field(slide.id, number, clock_trusted=trusted), [], LedgerRecord(counted=number + 1))
    assert said in Page(session_report(store, session.id)).text


def test_a_change_of_engine_is_told_and_who_counted_which_field(store: Store) -> None:
    session = store.begin_session(new_session())
    slide = store.begin_slide(session.id, "", NOON, specimen="S-18")
    for number, engine in enumerate(("TensorRT FP16", "onnxruntime CPU")):
        field = new_field(slide.id, number, engine=engine, calibration="stage micrometer, 40x")
        store.commit_field(field, cells({"rbc": 2}), LedgerRecord(counted=number + 1))
    text = Page(session_report(store, session.id)).text
    assert "The engine changed during the session: TensorRT FP16, then onnxruntime CPU." in text
    assert text.count("TensorRT FP16") == 2
    assert "stage micrometer, 40x" in text
    assert "not calibrated" not in text  # the fields say it, whatever the session's own record lacks
    assert "S-18" in text


def test_cells_of_two_specimens_are_never_summed(store: Store) -> None:
    session = store.begin_session(new_session(specimen="S-17"))
    for number, (specimen, red) in enumerate((("S-17", 1041), ("S-18", 2052), ("S-18", 3000))):
        slide = store.begin_slide(session.id, "", NOON, specimen=specimen)
        ledger = LedgerRecord(counted=number + 1)
        store.commit_field(new_field(slide.id, number, methods={"rbc": "centres"}), cells({"rbc": red}), ledger)
    page = Page(session_report(store, session.id))
    assert "Blood-cell count: S-17, S-18" in page.text
    assert "1,041" in page.text
    assert "5,052" in page.text
    assert "6,093" not in page.text


def test_a_field_names_the_picture_that_it_came_from(store: Store) -> None:
    session = store.begin_session(new_session())
    slide = store.begin_slide(session.id, "", NOON)
    for number in range(2):
        field = new_field(slide.id, number, source=f"/day/field-{number}.png")
        store.commit_field(field, cells({"rbc": 2}), LedgerRecord(counted=number + 1))
    assert "/day/field-1.png" in Page(session_report(store, session.id)).text
    assert store.session_fields(session.id)[1].source == "/day/field-1.png"


def test_pictures_that_were_dropped_to_make_room_are_told(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    session_id = logged(store, [{"rbc": 2}] * 3)
    store.finish_session(session_id, LedgerRecord(counted=3), "stopped", NOON)
    assert make_room(store, 1).counted == 1
    page = Page(session_report(store, session_id))
    assert "The pictures of 1 field were dropped to make room on the disk; their counts stand." in page.text
    assert len(page.all("img")) == 2
    assert caplog.text == ""
