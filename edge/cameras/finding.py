"""Which cameras are on this machine."""

from __future__ import annotations

import re
from pathlib import Path

from edge.cameras.camera import CameraInfo

SIMULATED_SLIDE = CameraInfo(kind="simulated_slide", address="simulated", name="Simulated slide", live=True, simulated=True)


def found(devices: Path = Path("/dev"), classes: Path = Path("/sys/class/video4linux")) -> list[CameraInfo]:
    """The V4L2 capture devices in the order of their nodes, then the simulated slide, which is always there.

    A UVC camera has two nodes or more, of which the one with `index` 0 captures; the others give metadata. The address
    is the link under `devices`/v4l/by-id, which survives replugging, or the node where udev made no link. Nothing is opened.
    """
    cameras = []
    for entry in sorted(classes.glob("video*"), key=_number):
        node = devices / entry.name
        if _text(entry / "index") == "0" and node.exists():
            name = _text(entry / "name") or entry.name
            cameras.append(CameraInfo(kind="v4l2", address=stable_address(node, devices), name=name, live=True))
    names = [camera.name for camera in cameras]
    told_apart = [
        CameraInfo(kind=camera.kind, address=camera.address, name=f"{camera.name} ({Path(camera.address).name})", live=True)
        if names.count(camera.name) > 1
        else camera
        for camera in cameras
    ]
    return [*told_apart, SIMULATED_SLIDE]


def stable_address(node: Path, devices: Path = Path("/dev")) -> str:
    """The link under `devices`/v4l/by-id that leads to `node`, or `node` itself where there is none."""
    if node.parent != devices:
        return str(node)
    links = sorted((devices / "v4l" / "by-id").glob("*"))
    return next((str(link) for link in links if link.resolve() == node.resolve()), str(node))


def _number(entry: Path) -> int:
    digits = re.findall(r"\d+", entry.name)
    return int(digits[-1]) if digits else 0


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:  # unplugged while we looked, or a driver that does not say
        return ""
