"""Concrete objects from what the user asked for: cameras, counters, sessions."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

from edge.cameras.camera import Camera, CameraInfo
from edge.cameras.images import Images
from edge.cameras.simulated_slide import SimulatedSlide, SimulatedSlideSettings
from edge.cameras.v4l2 import V4L2
from edge.cameras.video import Video
from edge.config import Config, ImagesCamera, SimulatedSlideCamera, V4l2Camera, VideoCamera
from edge.counting.cells import CellClass
from edge.counting.counter import CountingPlan, FieldCounter
from edge.counting.coverage import Coverage
from edge.loop import Loop, LoopPlan
from edge.optics.gate import Gate, GateSettings
from edge.optics.stillness import Stillness
from edge.recorder import Recorder, SaveImages, SessionCard
from edge.storage.store import Store
from engines.opening import Opened

LIVE_SCALE_FRAMES = 15
"""The red cell diameter of a live camera is the median over this many frames, a second or so."""


@dataclass(frozen=True, slots=True)
class SessionPlan:
    """A session before anything is opened: everything that a config or the command line decides, but the camera."""

    store: Path
    counting: CountingPlan
    loop: LoopPlan
    gate: GateSettings
    save_images: SaveImages = SaveImages.COUNTED
    specimen: str = ""
    operator: str = ""
    note: str = ""
    um_per_px: float | None = None
    settings: dict[str, object] | None = None


def camera_for(config: Config) -> Camera:
    """The configured camera, not yet opened."""
    um_per_px = config.optics.um_per_px
    match config.camera:
        case ImagesCamera(paths=paths):
            return Images(paths, um_per_px)
        case VideoCamera(address=address):
            return Video(address, um_per_px)
        case V4l2Camera(device=device):
            return V4L2(device, um_per_px=um_per_px)
        case SimulatedSlideCamera() as slide:
            return SimulatedSlide(SimulatedSlideSettings(**slide.model_dump(exclude={"kind"})))


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


def session_plan(config: Config, opened: Opened) -> SessionPlan:
    """What a configuration says, for `hemocam log`."""
    session, minutes = config.session, config.session.stop_after_minutes
    chosen = {kind: getattr(config.counting.method, kind.value) for kind in CellClass}
    thresholds = {name: value for name, value in config.gate.model_dump().items() if value is not None}
    live = not isinstance(config.camera, ImagesCamera)
    return SessionPlan(
        store=config.store.folder,
        counting=CountingPlan(
            {kind: method for kind, method in chosen.items() if method}, config.counting.border_rule,
            config.optics.cell_diameter_px, live_frames=LIVE_SCALE_FRAMES if live else 1,
        ),
        loop=LoopPlan(
            True, opened.manifest.name, opened.engine.runtime, session.overlap_max, session.stop_after_fields,
            None if minutes is None else 60.0 * minutes, session.interval_s, opened.notices,
        ),
        gate=GateSettings(**thresholds), save_images=config.store.save_images, specimen=session.specimen,
        operator=session.operator, note=session.note, um_per_px=config.optics.um_per_px, settings=config.as_settings(),
    )  # fmt: skip


def session(camera: Camera, opened: Opened, plan: SessionPlan) -> Loop:
    """A session ready to start. The store is opened on the loop's own thread, as SQLite asks for."""
    resources = ExitStack()
    resources.enter_context(opened.engine)
    settings = plan.settings or {"counting": asdict(plan.counting), "loop": asdict(plan.loop)}
    card = SessionCard(
        camera.info.name, camera.info.simulated, opened.manifest.name, opened.file.sha256, opened.stamp, plan.specimen,
        plan.operator, plan.note, plan.um_per_px, settings,
    )  # fmt: skip

    def open_recorder() -> Recorder:
        return Recorder(resources.enter_context(Store(plan.store)), card, plan.save_images)

    return Loop(
        camera, Gate(plan.gate), Stillness() if camera.info.live else None,
        FieldCounter(opened.engine, opened.manifest, plan.counting), Coverage(), open_recorder, plan.loop, resources.close,
    )  # fmt: skip
