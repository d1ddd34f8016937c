"""Concrete objects from what the user asked for: cameras, counters, sessions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from threading import Event

from edge.cameras.camera import Camera, CameraInfo, CameraNotFound
from edge.cameras.images import Images, expand
from edge.cameras.reading.capture import Capture
from edge.cameras.simulated_slide import SimulatedSlide, SimulatedSlideSettings
from edge.cameras.v4l2 import V4L2
from edge.cameras.video import Video
from edge.cells.namer import Namer
from edge.config import Config, ImagesCamera, SimulatedSlideCamera, V4l2Camera, VideoCamera
from edge.counting.cell import CellClass
from edge.counting.counter import CountingSettings, FieldCounter
from edge.loop.inference import EngineSupply, Inference
from edge.loop.loop import Loop, Workers
from edge.loop.settings import LoopSettings
from edge.optics.freshness import Freshness
from edge.optics.gate import Gate, GateSettings
from edge.optics.judge import Judge
from edge.optics.stillness import Stillness
from edge.record.recorder import Recorder
from edge.record.recording import Recording
from edge.record.settings import RecordSettings
from edge.record.store.store import Store
from edge.session.origin import SessionOrigin
from edge.session.running_ledger import RunningLedger
from edge.slide.counted_area import CountedArea
from edge.slide.coverage import Coverage
from engines.classifier import open_classifier
from engines.opening import Opened

MB = 1_000_000
LIVE_SCALE_FRAMES = 15
"""The red cell diameter of a live camera is the median over this many frames, a second or so."""


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """A session before anything is opened: everything that a config or the command line decides, but the camera."""

    store: Path
    counting: CountingSettings
    loop: LoopSettings
    gate: GateSettings
    record: RecordSettings = field(default_factory=RecordSettings)
    specimen: str = ""
    operator: str = ""
    note: str = ""
    um_per_px: float | None = None
    settings: dict[str, object] | None = None
    classifier: str | None = None
    """What names cells; None: nothing."""


def camera_for(config: Config) -> Camera:
    """The configured camera, not yet opened."""
    um_per_px = config.optics.um_per_px
    match config.camera:
        case ImagesCamera(paths=paths):
            return Images(paths, um_per_px)
        case VideoCamera(address=address):
            return Video(address, um_per_px)
        case V4l2Camera(device=device, width_px=width_px, height_px=height_px, frames_per_s=frames_per_s):
            return V4L2(device, width_px=width_px, height_px=height_px, frames_per_s=frames_per_s, um_per_px=um_per_px)
        case SimulatedSlideCamera() as slide:
            return SimulatedSlide(SimulatedSlideSettings(**slide.model_dump(exclude={"kind", "read_timeout_s"})))


def camera_at(info: CameraInfo, um_per_px: float | None) -> Camera:
    """A camera that was found, not yet opened. A simulated slide knows its own scale."""
    if info.kind == "v4l2":
        return V4L2(info.address, um_per_px=um_per_px)
    return SimulatedSlide()


def named_camera(address: str, um_per_px: float | None) -> Camera:
    """What a person calls a camera on the command line: `simulated`, a device, a URL, a video or picture files."""
    if address == "simulated":
        return SimulatedSlide()
    if address.startswith("/dev/"):
        return V4L2(address, um_per_px=um_per_px)
    path = Path(address)
    if "://" in address or path.suffix.lower() in {".mp4", ".avi", ".mkv", ".mov", ".webm", ".mpg", ".mpeg", ".m4v"}:
        return Video(address, um_per_px)
    return Images([address], um_per_px)


def must_be_there(address: str) -> None:
    """Raises CameraNotFound where `address` names a file or device that is not there: a person waits for it now, so that a
    mistyped name is told before a session is begun."""
    if address == "simulated" or "://" in address:
        return
    if address.startswith("/dev/") and not Path(address).exists():
        raise CameraNotFound(f"{address}: no such device; `hemocam cameras` lists those that are there")
    if "*" not in address and not Path(address).expanduser().exists():
        raise CameraNotFound(f"{address}: no such picture, folder or video; check the path")
    expand([address])


def session_settings(config: Config, opened: Opened) -> SessionSettings:
    """What a configuration says, for `hemocam log`."""
    session, minutes = config.session, config.session.stop_after_minutes
    chosen = {kind: getattr(config.counting.method, kind.value) for kind in CellClass}
    thresholds = {name: value for name, value in config.gate.model_dump().items() if value is not None}
    live = not isinstance(config.camera, ImagesCamera)
    record = RecordSettings(
        config.store.save_images,
        session.resume,
        MB * config.store.soft_free_mb,
        MB * config.store.hard_free_mb,
        config.store.daily_backups,
    )
    return SessionSettings(
        store=config.store.folder,
        counting=CountingSettings(
            {kind: method for kind, method in chosen.items() if method}, config.counting.border_rule,
            config.optics.cell_diameter_px, LIVE_SCALE_FRAMES if live else 1, config.optics.insist_on_scale,
        ),
        loop=LoopSettings(
            True, opened.manifest.name, opened.engine.runtime, session.overlap_max, session.stop_after_fields,
            None if minutes is None else 60.0 * minutes, session.interval_s, opened.notices, config.camera.read_timeout_s,
            config.model.deadline_s,
        ),
        gate=GateSettings(**thresholds), record=record, specimen=session.specimen,
        operator=session.operator, note=session.note, um_per_px=config.optics.um_per_px, settings=config.as_settings(),
        classifier=config.counting.classifier,
    )  # fmt: skip


def session(open_camera: Callable[[], Camera], engines: EngineSupply, plan: SessionSettings) -> Loop:
    """A session ready to start; close it also where it is never started. Nothing is open yet but the first engine.

    `open_camera` makes an unopened camera each time that it is called: one that hangs is replaced. `engines` gives the
    engine to begin with, its manifest, and what follows where it fails. Raises EngineError, and what making a camera raises.
    """
    opened = engines.first()
    bell, books = Event(), RunningLedger()
    capture = Capture(open_camera, bell.set, read_timeout_s=plan.loop.read_timeout_s)
    live = capture.info.live
    counter = FieldCounter(opened.engine, opened.manifest, plan.counting)
    settings = plan.settings or {"counting": asdict(plan.counting), "loop": asdict(plan.loop)}
    origin = SessionOrigin(
        capture.info.name, capture.info.simulated, opened.manifest.name, opened.file.sha256, opened.stamp, plan.specimen,
        plan.operator, plan.note, plan.um_per_px, settings,
    )  # fmt: skip
    # Of a finite source a new session begins at its first frame again; there is nothing to go on with.
    kept = replace(plan.record, resume=plan.record.resume and live)
    namer = Namer(open_classifier(plan.classifier, threads=1)) if plan.classifier else None
    recording = Recording(
        lambda: Recorder(Store(plan.store), origin, kept), books, bell.set, compare=counter.compared, namer=namer
    )
    inference = Inference(engines, counter.infer, bell.set, plan.loop.deadline_s)
    workers = Workers(capture, inference, recording, bell, books)
    judge = Judge(Gate(plan.gate), Freshness() if live else None, Stillness() if live else None)
    return Loop(workers, judge, counter, CountedArea(Coverage()), plan.loop)
