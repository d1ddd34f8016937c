from __future__ import annotations

from pathlib import Path

import pytest

from edge.cameras.finding import SIMULATED_SLIDE, found, stable_address


@pytest.fixture
def devices(tmp_path: Path) -> Path:
    (tmp_path / "dev" / "v4l" / "by-id").mkdir(parents=True)
    return tmp_path / "dev"


@pytest.fixture
def classes(tmp_path: Path) -> Path:
    (tmp_path / "video4linux").mkdir()
    return tmp_path / "video4linux"


def plug(devices: Path, classes: Path, number: int, name: str, *, index: str = "0", link: str | None = None) -> Path:
    node = devices / f"video{number}"
    node.touch()
    entry = classes / f"video{number}"
    entry.mkdir()
    (entry / "name").write_text(name + "\n")
    (entry / "index").write_text(index + "\n")
    if link:
        (devices / "v4l" / "by-id" / link).symlink_to(f"../../video{number}")
    return node


def test_the_simulated_slide_is_always_last(tmp_path: Path) -> None:
    assert found(tmp_path / "dev", tmp_path / "classes") == [SIMULATED_SLIDE]
    assert SIMULATED_SLIDE.simulated


def test_capture_nodes_are_found_in_order_and_metadata_nodes_are_not(devices: Path, classes: Path) -> None:
    plug(devices, classes, 10, "Late")
    plug(devices, classes, 2, "USB Microscope", link="usb-Acme_Microscope-video-index0")
    plug(devices, classes, 3, "USB Microscope", index="1", link="usb-Acme_Microscope-video-index1")
    cameras = found(devices, classes)
    assert [camera.name for camera in cameras] == ["USB Microscope", "Late", "Simulated slide"]
    assert cameras[0].address == str(devices / "v4l" / "by-id" / "usb-Acme_Microscope-video-index0")
    assert cameras[1].address == str(devices / "video10")
    assert all(camera.kind == "v4l2" and camera.live and not camera.simulated for camera in cameras[:2])


def test_twins_are_told_apart(devices: Path, classes: Path) -> None:
    plug(devices, classes, 0, "Twin")
    plug(devices, classes, 2, "Twin")
    assert [camera.name for camera in found(devices, classes)[:2]] == ["Twin (video0)", "Twin (video2)"]


def test_a_class_entry_without_node_or_name_does_not_stop_the_search(devices: Path, classes: Path) -> None:
    plug(devices, classes, 0, "Gone").unlink()
    plug(devices, classes, 1, "Nameless")
    (classes / "video1" / "name").unlink()
    assert [camera.name for camera in found(devices, classes)] == ["video1", "Simulated slide"]


def test_stable_address_keeps_what_has_no_link(devices: Path, tmp_path: Path) -> None:
    node = devices / "video0"
    node.touch()
    assert stable_address(node, devices) == str(node)
    link = devices / "v4l" / "by-id" / "usb-microscope"
    link.symlink_to("../../video0")
    assert stable_address(node, devices) == str(link)
    assert stable_address(link, devices) == str(link)
