from __future__ import annotations

from pathlib import Path

import pytest

from edge.config import ConfigError
from edge.service.configuration import problems_as_service
from edge.service.places import Places

PLACES = Places(Path("/"), "ward3")


def problems(tmp_path: Path, text: str, environment: dict[str, str] | None = None) -> list[str]:
    config = tmp_path / "mine.yaml"
    config.write_text(text)
    return problems_as_service(config, PLACES, environment or {})


@pytest.mark.parametrize(
    "text",
    [
        "camera: {kind: v4l2}\n",
        "camera: {kind: v4l2}\nstore: {folder: /var/lib/hemocam/ward3}\n",
        "camera: {kind: video, address: 'rtsp://microscope.local/stream'}\n",
        "camera: {kind: images, paths: [/srv/fields]}\n",
    ],
)
def test_what_holds_for_the_service_too(tmp_path: Path, text: str) -> None:
    assert problems(tmp_path, text) == []


def test_a_password_in_the_file_is_sent_elsewhere(tmp_path: Path) -> None:
    (told,) = problems(tmp_path, "camera: {kind: video, address: 'rtsp://me:s3cret@host/1'}\n")
    assert "camera.address holds a password" in told
    assert "HEMOCAM__CAMERA__ADDRESS=… into /etc/hemocam/ward3.env" in told
    assert "s3cret" not in told


def test_a_password_in_the_environment_is_fine(tmp_path: Path) -> None:
    environment = {"HEMOCAM__CAMERA__ADDRESS": "rtsp://me:s3cret@host/1"}
    assert problems(tmp_path, "camera: {kind: video, address: 'rtsp://host/1'}\n", environment) == []


def test_a_record_elsewhere_cannot_be_written(tmp_path: Path) -> None:
    (told,) = problems(tmp_path, "camera: {kind: v4l2}\nstore: {folder: /srv/record}\n")
    assert "store.folder is /srv/record" in told
    assert "ReadWritePaths=/srv/record" in told


def test_relative_paths_mean_something_else_in_etc(tmp_path: Path) -> None:
    told = problems(tmp_path, "camera: {kind: images, paths: [fields]}\n")
    assert any("relative paths" in each for each in told)


def test_pictures_in_a_home_are_closed_to_it(tmp_path: Path) -> None:
    (told,) = problems(tmp_path, "camera: {kind: images, paths: ['/home/ann/fields/*.png']}\n")
    assert "/home is closed to the service" in told


def test_a_model_in_a_closed_folder_is_named(tmp_path: Path) -> None:
    told = problems(tmp_path, "camera: {kind: v4l2}\nmodel: {name: /root/model}\n")
    assert any("model.name" in each for each in told)


def test_a_wrong_configuration_is_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="kamera"):
        problems(tmp_path, "kamera: {kind: v4l2}\n")
