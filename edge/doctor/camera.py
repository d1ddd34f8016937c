"""The camera: whether it is there and gives a frame that may be counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from threading import Thread
from typing import TypeVar

from edge.cameras.camera import Camera, CameraError, CameraInfo
from edge.config import Config, V4l2Camera
from edge.doctor.finding import Finding, Level
from edge.doctor.nodes import holder_of
from edge.frame import Frame
from edge.optics.gate import Gate, GateSettings
from edge.optics.verdict import Rejected

NAME = "camera"
ANSWER_S = 20.0
"""A driver that hangs is given this long: some microscopes take 8 s to the first frame."""

Answer = TypeVar("Answer")


def camera_nodes(config: Config | None, found: Sequence[CameraInfo]) -> list[Path]:
    """The nodes that are to be used: the configured one, or without a configuration all there are."""
    if config is None:
        return [Path(info.address) for info in found if info.kind == "v4l2"]
    return [Path(config.camera.device)] if isinstance(config.camera, V4l2Camera) else []


def check_camera(
    config: Config | None,
    found: Sequence[CameraInfo],
    open_camera: Callable[[Config], Camera],
    holder: Callable[[Path], str | None] = holder_of,
    answer_s: float = ANSWER_S,
) -> Iterator[Finding]:
    """Reads one frame from the configured camera; without a configuration, says which cameras there are."""
    real = [info for info in found if not info.simulated]
    if config is None:
        if real:
            yield from (Finding(NAME, Level.OK, f"{info.name} at {info.address}") for info in real)
        else:
            yield Finding(
                NAME, Level.WARNING, "no camera is plugged in, or the kernel does not know it (no /sys/class/video4linux)",
                "plug it in, look at `dmesg | tail`, then: hemocam cameras",
            )  # fmt: skip
        return
    if isinstance(config.camera, V4l2Camera):
        node = Path(config.camera.device)
        if not node.exists():
            there = ", ".join(info.address for info in real) or "none"
            yield Finding(
                NAME, Level.ERROR, f"camera.device {node} is not there (cameras that are: {there})",
                "plug it in, or name one of those that are there: hemocam cameras",
            )  # fmt: skip
            return
        who = holder(node)
        if who is not None:
            yield Finding(NAME, Level.OK, f"{node} is in use by {who}: not asked for a frame")
            return
    yield _seen(config, open_camera, answer_s)


def _seen(config: Config, open_camera: Callable[[Config], Camera], answer_s: float) -> Finding:
    def first_frame() -> tuple[str, Frame]:
        camera = open_camera(config)
        with camera:
            return camera.info.address, camera.read()

    try:
        answer = answered_within(answer_s, first_frame)
    except CameraError as error:
        return Finding(NAME, Level.ERROR, f"no frame: {error}", "mend that, then: hemocam doctor again")
    if answer is None:
        return Finding(
            NAME, Level.ERROR, f"the camera does not answer: no frame and no error in {answer_s:g} s",
            "unplug it and plug it in again, directly and not at a hub; look at `dmesg | tail`",
        )  # fmt: skip
    address, frame = answer
    height, width = frame.pixels.shape[:2]
    size = f"{address}: a frame of {width}x{height} px"
    thresholds = {name: value for name, value in config.gate.model_dump().items() if value is not None}
    verdict = Gate(GateSettings(**thresholds)).judge(frame.pixels, config.optics.cell_diameter_px)
    if isinstance(verdict, Rejected):
        return Finding(NAME, Level.WARNING, f"{size}, which would not be counted: {verdict.reason.value}", verdict.advice)
    return Finding(NAME, Level.OK, f"{size}{', SIMULATED' if frame.simulated else ''}")


def answered_within(limit_s: float, ask: Callable[[], Answer]) -> Answer | None:
    """What `ask` gives or raises, or None where it does not come back in `limit_s` seconds; its thread then is left behind."""
    future: Future[Answer] = Future()

    def run() -> None:
        try:
            future.set_result(ask())
        except Exception as error:  # noqa: BLE001  # handed to the thread that asked, which raises it
            future.set_exception(error)

    thread = Thread(target=run, name="doctor's question", daemon=True)
    thread.start()
    thread.join(limit_s)
    return future.result() if future.done() else None
