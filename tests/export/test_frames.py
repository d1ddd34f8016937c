"""Inputs to compare models on."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from engines.manifest import Manifest
from engines.prepare import prepare
from export.frames import CROPS, LARGEST_PX, FramesError, frames, network_inputs, pictures, rendered
from tests.edge.counting.rendered import frame_of, scattered
from tests.engines.onnx_models import manifest
from tests.export.test_parity import CLASSES

CARD = Manifest.model_validate(manifest())


def picture(path: Path, side_px: int = 96, seed: int = 0) -> np.ndarray:
    pixels = np.random.default_rng(seed).integers(0, 256, (side_px, side_px, 3), dtype=np.uint8)
    cv2.imwrite(str(path), pixels[..., ::-1])
    return pixels


def test_rendered_fields_come_at_the_models_scale_and_are_the_same_each_time() -> None:
    found = list(frames(CARD, None, 2))
    again = list(frames(CARD, None, 1))
    assert [tensor.shape for tensor in found] == [(1, 240, 320, 3)] * 2  # 480 x 640 with cells of 40 px, at 20 px
    np.testing.assert_array_equal(found[0], again[0])
    assert not np.array_equal(found[0], found[1])


def test_a_model_of_huge_cells_sees_no_more_than_fits_into_memory() -> None:
    content = manifest()
    content["preparation"] = {**content["preparation"], "cell_diameter_px": 400.0}
    (found,) = frames(Manifest.model_validate(content), None, 1)
    assert LARGEST_PX / 2 < found.shape[1] * found.shape[2] < 1.2 * LARGEST_PX


def test_pictures_are_prepared_as_the_device_does(tmp_path: Path) -> None:
    pixels = picture(tmp_path / "a.png")
    (found,) = frames(CARD, tmp_path, 5, cell_diameter_px=40.0)
    np.testing.assert_array_equal(found, prepare(pixels, 40.0, CARD.preparing()).tensor)


def test_the_scale_is_measured_where_nobody_gives_it(tmp_path: Path) -> None:
    shape = (240, 320)
    pixels = frame_of(scattered(1, 15, shape, 30.0, 1.25), shape, 30.0, seed=1)
    cv2.imwrite(str(tmp_path / "a.png"), pixels[..., ::-1])
    (found,) = frames(CARD, tmp_path, 1)
    assert found.shape[2] == pytest.approx(320 * 20 / 30, abs=24)


def test_pictures_are_spread_over_the_folder_and_other_files_left_out(tmp_path: Path) -> None:
    for index in range(9):
        picture(tmp_path / f"{index}.PNG")
    (tmp_path / "notes.txt").write_text("none")
    assert [path.stem for path in pictures(tmp_path, 3)] == ["0", "4", "8"]
    assert len(pictures(tmp_path, 40)) == 9


def test_crops_come_in_batches_of_the_models_size(tmp_path: Path) -> None:
    for index in range(3):
        picture(tmp_path / f"{index}.png", 50, index)
    assert [tensor.shape for tensor in frames(CLASSES, tmp_path)] == [(3, 80, 80, 3)]
    (drawn,) = frames(CLASSES, None, 1)
    assert drawn.shape == (CROPS, 80, 80, 3)


def test_rendered_fields_have_cells() -> None:
    pixels, cells = rendered(0)
    assert pixels.shape == (480, 640, 3)
    assert len(cells) > 5


def test_a_network_of_squares_sees_squares() -> None:
    tiled = Manifest.model_validate(manifest(tiling={"side_px": 32, "context_px": 4}))
    tensor = np.arange(48 * 40 * 3, dtype=np.uint8).reshape(1, 48, 40, 3)
    assert [one.shape for one in network_inputs([tensor], tiled)] == [(1, 32, 32, 3)] * 4
    (same,) = network_inputs([tensor], CARD)
    assert same is tensor


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n\x00\x00"])
def test_a_file_that_is_no_picture_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.png").write_bytes(content)
    with pytest.raises(FramesError, match=r"bad\.png is no picture"):
        list(frames(CARD, tmp_path))


def test_a_folder_without_pictures_is_named(tmp_path: Path) -> None:
    with pytest.raises(FramesError, match="holds no picture"):
        list(frames(CARD, tmp_path))
    with pytest.raises(FramesError, match="cannot be read as a folder"):
        list(frames(CARD, tmp_path / "nowhere"))


def test_a_diameter_that_makes_no_frame_is_refused(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    with pytest.raises(FramesError, match=r"a\.png: .*check --cell-diameter-px"):
        list(frames(CARD, tmp_path, 1, cell_diameter_px=1e-3))
