from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from threading import Event
from types import TracebackType

import numpy as np
import pytest

from edge.cameras.camera import CameraInfo, CameraLost, CameraNotFound
from edge.cameras.finding import SIMULATED_SLIDE
from edge.cameras.simulated_slide import SimulatedSlide, SimulatedSlideSettings
from edge.config import Config
from edge.doctor.camera import camera_nodes, check_camera
from edge.doctor.finding import Level
from edge.frame import Frame, Pixels

MICROSCOPE = CameraInfo("v4l2", "/dev/v4l/by-id/usb-microscope", "USB Microscope", live=True)


def config(**camera: object) -> Config:
    return Config.model_validate({"camera": camera})


SLIDE = config(kind="simulated_slide")


class OneFrame:
    """A camera that gives the same pixels, or raises."""

    def __init__(self, pixels: Pixels | None = None, error: Exception | None = None) -> None:
        self.info = MICROSCOPE
        self._pixels, self._error = pixels, error

    def __enter__(self) -> OneFrame:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        pass

    def read(self) -> Frame:
        if self._error is not None:
            raise self._error
        with SimulatedSlide(SimulatedSlideSettings()) as slide:
            frame = slide.read()
        return replace(frame, pixels=self._pixels) if self._pixels is not None else frame


def test_the_simulated_slide_gives_a_frame() -> None:
    (finding,) = check_camera(SLIDE, [SIMULATED_SLIDE], lambda config: OneFrame())
    assert finding.level is Level.OK
    assert "640x480 px, SIMULATED" in finding.text


def test_a_black_frame_is_a_warning_with_the_gates_advice() -> None:
    (finding,) = check_camera(SLIDE, [], lambda config: OneFrame(np.zeros((480, 640, 3), np.uint8)))
    assert finding.level is Level.WARNING
    assert "would not be counted: black" in finding.text
    assert "lamp" in finding.cure


@pytest.mark.parametrize("error", [CameraNotFound("/dev/video0 is gone: plug it in"), CameraLost("no frame in 5 s")])
def test_a_camera_that_gives_none(error: Exception) -> None:
    (finding,) = check_camera(SLIDE, [], lambda config: OneFrame(error=error))
    assert finding.level is Level.ERROR
    assert str(error) in finding.text


def test_a_camera_that_hangs_does_not_hang_the_doctor() -> None:
    release = Event()

    def hung(config: Config) -> OneFrame:
        release.wait()
        return OneFrame(error=CameraLost("late"))

    (finding,) = check_camera(SLIDE, [], hung, answer_s=0.05)
    release.set()
    assert finding.level is Level.ERROR
    assert "does not answer" in finding.text


def test_a_fault_of_our_own_is_not_called_the_cameras() -> None:
    with pytest.raises(ZeroDivisionError):
        list(check_camera(SLIDE, [], lambda config: OneFrame(error=ZeroDivisionError())))


def never(config: Config) -> OneFrame:
    raise AssertionError("it must not be opened")


def test_a_device_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    configured = config(kind="v4l2", device=str(tmp_path / "video0"))
    (finding,) = check_camera(configured, [MICROSCOPE, SIMULATED_SLIDE], never)
    assert finding.level is Level.ERROR
    assert f"{tmp_path}/video0 is not there (cameras that are: /dev/v4l/by-id/usb-microscope)" in finding.text
    assert camera_nodes(configured, []) == [tmp_path / "video0"]


def test_a_device_in_use_is_not_asked(tmp_path: Path) -> None:
    (tmp_path / "video0").touch()
    configured = config(kind="v4l2", device=str(tmp_path / "video0"))
    (finding,) = check_camera(configured, [], never, holder=lambda node: "hemocam (process 71)")
    assert finding.level is Level.OK
    assert "in use by hemocam (process 71)" in finding.text


def test_a_free_device_is_asked(tmp_path: Path) -> None:
    (tmp_path / "video0").touch()
    configured = config(kind="v4l2", device=str(tmp_path / "video0"))
    (finding,) = check_camera(configured, [], lambda config: OneFrame(), holder=lambda node: None)
    assert finding.level is Level.OK


def test_without_a_configuration_cameras_are_listed() -> None:
    (finding,) = check_camera(None, [MICROSCOPE, SIMULATED_SLIDE], never)
    assert finding.level is Level.OK
    assert "USB Microscope" in finding.text
    assert camera_nodes(None, [MICROSCOPE, SIMULATED_SLIDE]) == [Path("/dev/v4l/by-id/usb-microscope")]


def test_without_any_camera_there_is_a_warning() -> None:
    (finding,) = check_camera(None, [SIMULATED_SLIDE], never)
    assert finding.level is Level.WARNING
    assert "plug it in" in finding.cure
