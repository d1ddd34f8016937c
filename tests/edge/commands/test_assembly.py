"""From what the user asked for to concrete objects."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edge.cameras.camera import CameraInfo
from edge.cameras.finding import SIMULATED_SLIDE
from edge.cameras.images import Images
from edge.cameras.simulated_slide import SimulatedSlide, SimulatedSlideSettings, Stage
from edge.cameras.v4l2 import V4L2
from edge.cameras.video import Video
from edge.commands.assembly import (
    LIVE_SCALE_FRAMES,
    SessionSettings,
    camera_at,
    camera_for,
    named_camera,
    session,
    session_settings,
)
from edge.config import Config
from edge.counting.cell import CellClass, Method
from edge.counting.counter import CountingSettings
from edge.counting.field_count import BorderRule
from edge.loop.settings import LoopSettings
from edge.optics.gate import GateSettings
from edge.record.settings import RecordSettings, SaveImages
from edge.record.store.reader import StoreReader
from edge.record.store.records import SessionState
from edge.session.run_state import FinishReason
from tests.edge.drawn import SHA256, drawn_logits, opened
from tests.edge.oracle import OneEngine, WatchedSlide, oracle

MODEL = opened(lambda tensor: drawn_logits([], tensor.shape, 1.0))


def config(**sections: Any) -> Config:
    return Config.model_validate({"camera": {"kind": "simulated_slide"}, **sections})


@pytest.mark.parametrize(
    ("camera", "kind"),
    [
        ({"kind": "images", "paths": ["/pictures"]}, Images),
        ({"kind": "video", "address": "rtsp://microscope/1"}, Video),
        ({"kind": "v4l2", "device": "/dev/video7"}, V4L2),
        ({"kind": "simulated_slide", "seed": 3}, SimulatedSlide),
    ],
    ids=lambda value: value["kind"] if isinstance(value, dict) else "",
)
def test_the_configured_camera_is_made_but_not_opened(camera: dict[str, Any], kind: type) -> None:
    made = camera_for(config(camera=camera))
    assert isinstance(made, kind)
    assert made.info.kind == camera["kind"]
    with pytest.raises(RuntimeError, match="with"):
        made.read()


def test_a_simulated_slide_is_as_configured() -> None:
    section = {"kind": "simulated_slide", "seed": 3, "um_per_px": 0.25, "width_px": 128, "height_px": 96, "frames_per_s": 500.0}
    with camera_for(config(camera=section)) as camera:
        frame = camera.read()
    assert (frame.width_px, frame.height_px, frame.um_per_px, frame.simulated) == (128, 96, 0.25, True)
    assert camera.info.address == "seed 3"


@pytest.mark.parametrize(
    ("address", "kind", "live"),
    [
        ("simulated", "simulated_slide", True),
        ("/dev/video0", "v4l2", True),
        ("rtsp://10.0.0.7/stream", "video", True),
        ("smear.MP4", "video", False),
        ("fields/*.png", "images", False),
        ("fields", "images", False),
    ],
)
def test_a_camera_is_known_by_how_a_person_names_it(address: str, kind: str, live: bool) -> None:
    info = named_camera(address, None).info
    assert (info.kind, info.live) == (kind, live)


def test_a_found_camera_is_opened_by_its_address() -> None:
    info = CameraInfo("v4l2", "/dev/video3", "USB microscope", live=True)
    assert camera_at(info, 0.2).info.address == "/dev/video3"
    assert camera_at(SIMULATED_SLIDE, None).info.simulated


def test_the_plan_is_what_the_configuration_says() -> None:
    plan = session_settings(
        config(
            optics={"cell_diameter_px": 41.0},
            counting={"method": {"rbc": "hough"}, "border_rule": "two-edge"},
            gate={"min_focus": 4.5},
            model={"deadline_s": 12.0},
            store={"folder": "/record", "save_images": "all", "soft_free_mb": 3000, "hard_free_mb": 500},
            session={
                "specimen": "S-17", "operator": "K", "note": "n", "stop_after_fields": 9, "stop_after_minutes": 2.0,
                "interval_s": 1.5, "overlap_max": 0.2,
            },
        ),
        MODEL,
    )  # fmt: skip
    assert plan.counting == CountingSettings({CellClass.RBC: Method.HOUGH}, BorderRule.TWO_EDGE, 41.0, LIVE_SCALE_FRAMES)
    assert plan.loop == LoopSettings(True, "drawn", "fake", 0.2, 9, 120.0, 1.5, (), 5.0, 12.0)
    assert plan.gate == GateSettings(min_focus=4.5)
    assert (plan.store, plan.record) == (Path("/record"), RecordSettings(SaveImages.ALL, True, 3_000_000_000, 500_000_000))
    assert (plan.specimen, plan.operator, plan.note) == ("S-17", "K", "n")
    assert plan.settings is not None
    assert plan.settings["optics"] == {"um_per_px": None, "cell_diameter_px": 41.0, "insist_on_scale": False}


def test_stills_are_each_measured_by_themselves() -> None:
    plan = session_settings(config(camera={"kind": "images", "paths": ["/pictures"]}), MODEL)
    assert plan.counting.live_frames == 1
    assert plan.loop.stop_after_s is None


def test_a_session_counts_records_and_lets_go(tmp_path: Path) -> None:
    """A calibration holds from the camera to the record; two sessions in one folder are two."""
    settings = SimulatedSlideSettings(
        width_px=320, height_px=240, glass_um=(130.0, 50.0), frames_per_s=None, stage=Stage(rest_frames=2, move_frames=0)
    )
    names = []
    for _ in range(2):
        slide = WatchedSlide(settings)
        plan = SessionSettings(
            tmp_path,
            CountingSettings(),
            LoopSettings(True, "drawn", "fake", stop_after_fields=2),
            GateSettings(),
            um_per_px=0.19,
        )
        loop = session(lambda slide=slide: slide, OneEngine(oracle(slide, 0.19)), plan)  # type: ignore[misc]  # bound here
        assert loop.run(lambda event: None) is FinishReason.STOPPED
        names.append(loop.status.session_id)
    with StoreReader(tmp_path) as reader:
        assert {record.id for record in reader.sessions()} == set(names)
        record = reader.session(names[1])
        fields = reader.session_fields(names[1])
        cell = reader.cells(fields[0].id)[0]
    assert (record.state, record.model_sha256, record.simulated) == (SessionState.FINISHED, SHA256, True)
    assert record.settings["loop"] == {
        "auto": True, "model": "drawn", "runtime": "fake", "overlap_max": 0.05, "stop_after_fields": 2, "stop_after_s": None,
        "interval_s": 0.0, "notices": [], "read_timeout_s": 5.0, "deadline_s": 30.0, "rests": True,
    }  # fmt: skip
    assert [field.cell_diameter_source for field in fields] == ["um-per-px"] * 2
    assert cell.diameter_um == pytest.approx(cell.diameter_px * 0.19)
