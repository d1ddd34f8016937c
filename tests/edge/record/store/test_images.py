from __future__ import annotations

import errno
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.frame import Frame, Pixels
from edge.record.store.errors import StoreError, StoreFull
from edge.record.store.images import ImageFormat, mark_simulated, write_frame, write_image


@pytest.fixture
def pixels() -> Pixels:
    picture = np.full((240, 320, 3), (200, 120, 40), np.uint8)
    picture[100:140, 100:140] = (10, 60, 200)
    return picture


def read(path: Path) -> Pixels:
    return np.asarray(cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB), np.uint8)


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_a_png_keeps_every_pixel_and_its_colours(tmp_path: Path, pixels: Pixels) -> None:
    name = write_image(tmp_path, pixels, "images/s/1-0001", ImageFormat.PNG)
    assert name == "images/s/1-0001.png"
    np.testing.assert_array_equal(read(tmp_path / name), pixels)
    assert files(tmp_path) == ["1-0001.png"]


def test_a_jpeg_is_close(tmp_path: Path, pixels: Pixels) -> None:
    name = write_image(tmp_path, pixels, "a")
    assert name == "a.jpg"
    assert np.abs(read(tmp_path / name).astype(int) - pixels).mean() < 3


def test_a_simulated_frame_says_so_in_name_and_picture(tmp_path: Path, pixels: Pixels) -> None:
    real = write_frame(tmp_path, Frame(pixels.copy(), 0, "usb"), "real", ImageFormat.PNG)
    simulated = write_frame(tmp_path, Frame(pixels.copy(), 0, "sim", simulated=True), "f", ImageFormat.PNG)
    np.testing.assert_array_equal(read(tmp_path / real), pixels)
    assert simulated == "f-SIMULATED.png"
    picture = read(tmp_path / simulated)
    np.testing.assert_array_equal(picture, mark_simulated(pixels))
    np.testing.assert_array_equal(picture[20:], pixels[20:])


@pytest.mark.parametrize("size", [(480, 640), (1944, 2592), (20, 20), (4, 3)])
def test_the_band_runs_across_the_whole_picture(size: tuple[int, int]) -> None:
    white = np.full((*size, 3), 255, np.uint8)
    marked = mark_simulated(white)
    assert marked.shape == white.shape
    assert white.min() == 255  # the frame itself is not touched
    band = marked[: max(18, size[0] // 18)]
    assert np.median(band) < 80
    if size[1] >= 640:
        for part in np.array_split(band, 3, axis=1):
            assert 0.01 < (part.max(axis=2) > 200).mean() < 0.5  # letters in every third of it


@pytest.mark.parametrize("call", ["fsync", "open"])
def test_a_full_disk_names_the_file_and_leaves_none(
    tmp_path: Path, pixels: Pixels, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(*((os, "fsync") if call == "fsync" else (Path, "open")), full)
    with pytest.raises(StoreFull, match=rf"{tmp_path}.*No space left.*free some space"):
        write_image(tmp_path, pixels, "a")
    assert files(tmp_path) == []


def test_a_name_may_not_leave_the_folder(tmp_path: Path, pixels: Pixels) -> None:
    for name in ("../a", "/tmp/a", "b/../../a"):
        with pytest.raises(ValueError, match="inside its folder"):
            write_image(tmp_path, pixels, name)


def test_what_is_no_picture_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot encode"):
        write_image(tmp_path, np.zeros((0, 5, 3), np.uint8), "a")


def test_a_file_in_the_way_is_told(tmp_path: Path, pixels: Pixels) -> None:
    (tmp_path / "images").write_text("in the way")
    with pytest.raises(StoreError, match="check the folder"):
        write_image(tmp_path, pixels, "images/a")
