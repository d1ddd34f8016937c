from __future__ import annotations

import io
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from export.datasets.errors import DatasetError
from export.datasets.pictures import read_mask, read_picture, size_of
from tests.export.datasets.paper_trees import DISC, colour_mask, inverted_mask
from tests.export.datasets.trees import picture

NOISE = np.random.default_rng(3).integers(0, 256, (40, 56, 3), np.uint8)
WHOLE = {name: io.BytesIO() for name in ("JPEG", "PNG", "BMP", "TIFF")}
for _name, _file in WHOLE.items():
    Image.fromarray(NOISE).save(_file, _name)
DISC_AREA_PX = np.pi * DISC[2] ** 2


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@pytest.mark.parametrize("kind", sorted(WHOLE))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(share=st.floats(0.0, 0.999))
def test_a_truncated_picture_is_named_or_whole_but_never_padded(tmp_path: Path, kind: str, share: float) -> None:
    data = WHOLE[kind].getvalue()
    path = tmp_path / "cut.img"
    path.write_bytes(data)
    whole = read_picture(path)
    path.write_bytes(data[: int(share * len(data))])
    try:
        assert np.array_equal(read_picture(path), whole)
    except DatasetError as error:
        assert "cut.img is " in str(error)


def test_a_half_jpeg_that_opencv_would_pad_is_refused(tmp_path: Path) -> None:
    data = WHOLE["JPEG"].getvalue()
    (tmp_path / "half.jpg").write_bytes(data[: len(data) // 2])
    assert cv2.imread(str(tmp_path / "half.jpg")) is not None, "else this test shows nothing"
    with pytest.raises(DatasetError, match=r"half\.jpg is truncated or damaged"):
        read_picture(tmp_path / "half.jpg")


def test_pictures_are_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(NOISE).save(tmp_path / "turned.png", exif=exif)
    assert size_of(tmp_path / "turned.png") == (40, 56)
    assert np.array_equal(read_picture(tmp_path / "turned.png"), np.rot90(NOISE, -1))


def test_deep_pictures_are_refused(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "deep.png"), np.full((4, 4), 4000, np.uint16))
    with pytest.raises(DatasetError, match=r"deep\.png has more than 8 bits"):
        read_picture(tmp_path / "deep.png")


@pytest.mark.parametrize("content", [None, b"", b"no picture", b"GIF89a"])
def test_what_is_no_picture_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "one.png"
    if content is not None:
        path.write_bytes(content)
    for read in (read_picture, size_of, lambda path: read_mask(path, "cells")):
        with pytest.raises(DatasetError, match=r"one\.png is missing or no picture"):
            read(path)


def test_white_may_be_the_background(tmp_path: Path) -> None:
    inverted_mask(tmp_path / "mask.png")
    cells = read_mask(tmp_path / "mask.png", "background")
    assert cells.sum() == pytest.approx(DISC_AREA_PX, rel=0.1)
    assert np.array_equal(~cells, read_mask(tmp_path / "mask.png", "cells"))


@pytest.mark.parametrize("behind", [255, 0])
@pytest.mark.parametrize("white_is", ["cells", "background"])
def test_a_mask_in_colours_has_its_cells_in_colour(tmp_path: Path, behind: int, white_is: str) -> None:
    colour_mask(tmp_path / "mask.png", behind)
    cells = read_mask(tmp_path / "mask.png", white_is)  # type: ignore[arg-type]
    assert cells[20, 20]
    assert cells.sum() == pytest.approx(DISC_AREA_PX, rel=0.1)


def test_a_mask_in_colours_needs_a_background(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8), (200, 10, 10)).save(tmp_path / "red.png")
    with pytest.raises(DatasetError, match=r"red\.png is a mask in colours without"):
        read_mask(tmp_path / "red.png", "cells")


@pytest.mark.parametrize(("mode", "white"), [("1", 1), ("L", 255), ("L", 1), ("RGB", (255, 255, 255)), ("RGBA", (255,) * 4)])
def test_masks_of_every_kind_of_black_and_white_read_the_same(tmp_path: Path, mode: str, white: object) -> None:
    mask = Image.new(mode, (9, 7))
    mask.paste(white, (2, 3, 5, 6))  # type: ignore[arg-type]
    mask.save(tmp_path / "mask.png")
    expected = np.zeros((7, 9), bool)
    expected[3:6, 2:5] = True
    assert np.array_equal(read_mask(tmp_path / "mask.png", "cells"), expected)


def test_an_empty_mask_is_empty(tmp_path: Path) -> None:
    Image.new("L", (9, 7)).save(tmp_path / "mask.png")
    assert not read_mask(tmp_path / "mask.png", "cells").any()


def test_the_size_is_read_from_the_header(tmp_path: Path) -> None:
    picture(tmp_path / "one.jpg", 30, 50)
    assert size_of(tmp_path / "one.jpg") == (50, 30)
