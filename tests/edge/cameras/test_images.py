from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from edge.cameras.camera import CameraNotFound, EndOfFrames, FrameUnreadable
from edge.cameras.images import MAX_STILL_PX, Images, expand, read_picture

DATA = Path(__file__).parents[4] / "shared" / "data"
NOISE = np.random.default_rng(3).integers(0, 256, (40, 56, 3), np.uint8)


def encoded(picture: Image.Image, kind: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def saved(path: Path, picture: Image.Image, **options: Any) -> Path:
    picture.save(path, **options)
    return path


def red_top(mode: str = "RGB") -> Image.Image:
    """Red above, blue below, 32 wide and 16 high."""
    pixels = np.zeros((16, 32, 3), np.uint8)
    pixels[:8, :, 0] = 255
    pixels[8:, :, 2] = 255
    return Image.fromarray(pixels).convert(mode)


# ---- decoding


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tif", ".TIFF"])
def test_lossless_pixels_come_back_exactly(tmp_path: Path, suffix: str) -> None:
    assert np.array_equal(read_picture(saved(tmp_path / f"a{suffix}", Image.fromarray(NOISE))), NOISE)


def test_a_jpeg_is_rgb_not_bgr(tmp_path: Path) -> None:
    pixels = read_picture(saved(tmp_path / "a.jpg", red_top(), quality=95))
    assert pixels[2, 16].tolist() == pytest.approx([255, 0, 0], abs=6)


def test_grey_palette_and_bilevel_become_rgb(tmp_path: Path) -> None:
    grey = Image.fromarray(NOISE[..., 0])
    assert np.array_equal(read_picture(saved(tmp_path / "g.png", grey)), np.repeat(NOISE[..., :1], 3, axis=2))
    assert read_picture(saved(tmp_path / "p.png", red_top().quantize(4)))[2, 16].tolist() == [255, 0, 0]
    assert set(np.unique(read_picture(saved(tmp_path / "b.png", grey.convert("1"))))) == {0, 255}


def test_alpha_is_laid_on_white_where_it_is_used(tmp_path: Path) -> None:
    rgba = np.dstack([NOISE, np.full(NOISE.shape[:2], 255, np.uint8)])
    assert np.array_equal(read_picture(saved(tmp_path / "opaque.png", Image.fromarray(rgba))), NOISE)
    rgba[:20, :, 3] = 0
    pixels = read_picture(saved(tmp_path / "clear.png", Image.fromarray(rgba)))
    assert (pixels[:20] == 255).all()
    assert np.array_equal(pixels[20:], NOISE[20:])
    key = saved(tmp_path / "key.png", Image.new("RGB", (4, 4), (1, 2, 3)), transparency=(1, 2, 3))
    assert (read_picture(key) == 255).all()


@pytest.mark.parametrize("bits", [10, 12, 14, 16])
@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("channels", [1, 3])
def test_16_bit_files_are_scaled_by_their_sensors_bits(tmp_path: Path, bits: int, suffix: str, channels: int) -> None:
    full = 2**bits - 1
    rgb = np.random.default_rng(bits).integers(0, full + 1, (12, 20, channels))
    rgb[0, 0] = full
    path = tmp_path / f"deep{suffix}"
    cv2.imwrite(str(path), rgb[..., ::-1].astype(np.uint16))
    expected = np.rint(rgb * 255 / full)
    assert np.abs(read_picture(path).astype(float) - expected).max() <= 1
    assert read_picture(path).max() == 255


def test_a_dark_16_bit_file_stays_dark(tmp_path: Path) -> None:
    path = tmp_path / "dark.png"
    cv2.imwrite(str(path), np.full((8, 8), 40, np.uint16))
    assert read_picture(path).max() <= 10, "noise of a covered sensor must not be stretched to a bright field"


def test_16_bit_alpha_is_laid_on_white(tmp_path: Path) -> None:
    path = tmp_path / "deep.png"
    bgra = np.zeros((4, 6, 4), np.uint16)
    bgra[..., 2] = 65535
    bgra[:, 3:, 3] = 65535
    cv2.imwrite(str(path), bgra)
    assert read_picture(path)[0, 0].tolist() == [255, 255, 255]
    assert read_picture(path)[0, 5].tolist() == [255, 0, 0]


def test_cmyk_with_adobe_marker_is_converted_and_without_refused(tmp_path: Path) -> None:
    data = encoded(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "JPEG", quality=95)
    (tmp_path / "adobe.jpg").write_bytes(data)
    assert read_picture(tmp_path / "adobe.jpg")[8, 8].tolist() == pytest.approx([255, 0, 0], abs=6)
    start = data.index(b"\xff\xee")
    length = struct.unpack(">H", data[start + 2 : start + 4])[0]
    (tmp_path / "plain.jpg").write_bytes(data[:start] + data[start + 2 + length :])
    with pytest.raises(FrameUnreadable, match=r"plain\.jpg: a CMYK picture"):
        read_picture(tmp_path / "plain.jpg")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
@pytest.mark.parametrize(("orientation", "turns"), [(1, 0), (3, 2), (6, 3), (8, 1)])
def test_orientation_is_honoured(tmp_path: Path, kind: str, orientation: int, turns: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f"turned.{kind.lower()}"
    path.write_bytes(encoded(red_top(), kind, exif=exif))
    expected = np.rot90(np.array(red_top()), turns)
    assert read_picture(path).shape == expected.shape
    assert np.abs(read_picture(path).astype(int) - expected).mean() < 12  # JPEG mixes the colours where they meet


def test_a_mirrored_orientation_is_honoured(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 4
    assert np.array_equal(read_picture(saved(tmp_path / "m.png", red_top(), exif=exif)), np.array(red_top())[::-1])


# ---- refusals


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "TIFF"])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.9, -1, -12])
def test_truncated_files_are_refused_by_name(tmp_path: Path, kind: str, share: float) -> None:
    data = encoded(Image.fromarray(NOISE), kind)
    path = tmp_path / f"cut.{kind.lower()}"
    path.write_bytes(data[: int(share)] if share < 0 else data[: int(len(data) * share)])
    with pytest.raises(FrameUnreadable, match=rf"cut\.{kind.lower()}: .+; "):
        read_picture(path)


def test_a_jpeg_cut_and_closed_is_refused(tmp_path: Path) -> None:
    data = encoded(Image.fromarray(NOISE), "JPEG")
    path = tmp_path / "closed.jpg"
    path.write_bytes(data[: len(data) * 2 // 3] + b"\xff\xd9")
    with pytest.raises(FrameUnreadable, match=r"closed\.jpg: the JPEG ends before its last row"):
        read_picture(path)


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"optimize": True}, {"restart_marker_blocks": 4}])
@pytest.mark.parametrize("grey", [False, True])
def test_a_flat_jpeg_is_not_taken_for_a_cut_one(tmp_path: Path, options: dict[str, Any], grey: bool) -> None:
    picture = Image.new("L" if grey else "RGB", (70, 50), "white")
    assert read_picture(saved(tmp_path / "white.jpg", picture, **options)).min() == 255


@pytest.mark.parametrize(
    ("array", "reason"),
    [
        (np.ones((4, 4), np.float32), "floating point"),
        (np.ones((4, 4), np.int32), "32-bit"),
        (np.ones((4, 4, 3), np.float32), ""),
    ],
)
def test_numbers_without_a_white_are_refused(tmp_path: Path, array: Any, reason: str) -> None:
    path = tmp_path / "numbers.tif"
    cv2.imwrite(str(path), array)
    with pytest.raises(FrameUnreadable, match=rf"numbers\.tif: .*{reason}"):
        read_picture(path)


def test_several_pages_are_refused(tmp_path: Path) -> None:
    path = saved(tmp_path / "stack.tif", red_top(), save_all=True, append_images=[red_top()])
    with pytest.raises(FrameUnreadable, match="holds 2 pages"):
        read_picture(path)


@pytest.mark.parametrize("side_px", [9000, 60000])
def test_a_header_that_promises_too_much_is_refused(tmp_path: Path, side_px: int) -> None:
    assert side_px**2 > MAX_STILL_PX
    data = bytearray(encoded(Image.new("L", (1, 1)), "BMP"))
    data[18:26] = struct.pack("<ii", side_px, side_px)
    (tmp_path / "bomb.bmp").write_bytes(data)
    with pytest.raises(FrameUnreadable, match="larger than"):
        read_picture(tmp_path / "bomb.bmp")


def test_empty_foreign_absent_and_folder_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "notes.jpg").write_text("not a picture")
    (tmp_path / "script.png").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")
    for name, reason in [
        ("empty.jpg", "empty"),
        ("notes.jpg", "no JPEG"),
        ("script.png", "no JPEG"),
        ("absent.jpg", "No such file"),
    ]:
        with pytest.raises(FrameUnreadable, match=rf"{name}: .*{reason}"):
            read_picture(tmp_path / name)
    with pytest.raises(FrameUnreadable, match="directory"):
        read_picture(tmp_path)


@settings(max_examples=60, deadline=None)
@given(
    kind=st.sampled_from(["JPEG", "PNG", "BMP", "TIFF"]),
    flips=st.lists(st.tuples(st.integers(0, 4000), st.integers(1, 255)), max_size=6),
)
def test_damage_gives_a_picture_or_frame_unreadable(
    tmp_path_factory: pytest.TempPathFactory, kind: str, flips: list[tuple[int, int]]
) -> None:
    data = bytearray(encoded(Image.fromarray(NOISE), kind))
    for place, bits in flips:
        data[place % len(data)] ^= bits
    path = tmp_path_factory.getbasetemp() / "damaged"
    path.write_bytes(data)
    try:
        pixels = read_picture(path)
    except FrameUnreadable as error:
        assert "damaged" in str(error)
    else:
        assert pixels.dtype == np.uint8
        assert pixels.shape[2] == 3


# ---- the camera


def test_reading_goes_on_after_an_unreadable_file(tmp_path: Path) -> None:
    for name in ("1.png", "3.png"):
        saved(tmp_path / name, red_top())
    (tmp_path / "2.png").write_bytes(encoded(red_top(), "PNG")[:60])
    with Images([tmp_path], um_per_px=0.1) as camera:
        assert camera.read().source.endswith("1.png")
        with pytest.raises(FrameUnreadable, match=r"2\.png"):
            camera.read()
        frame = camera.read()
        assert frame.source.endswith("3.png")
        assert frame.sequence == 1
        assert frame.um_per_px == 0.1
        with pytest.raises(EndOfFrames, match="3 pictures"):
            camera.read()


def test_folders_are_searched_naturally_and_files_given_once(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    for name in ("10.jpg", "9.PNG", "b/1.tif", ".hidden.png", "notes.txt"):
        (tmp_path / name).touch()
    names = [str(path.relative_to(tmp_path)) for path in expand([tmp_path, tmp_path / "10.jpg", str(tmp_path / "*.jpg")])]
    assert names == ["9.PNG", "10.jpg", "b/1.tif"]


def test_globs_and_literal_brackets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "deep").mkdir()
    for name in ("field[1].png", "field2.png", "field2.txt", "deep/field3.png"):
        (tmp_path / name).touch()
    assert [path.name for path in expand([tmp_path / "field[1].png"])] == ["field[1].png"]
    assert [path.name for path in expand([tmp_path / "field*"])] == ["field2.png", "field[1].png"]
    assert [path.name for path in expand([tmp_path / "**" / "field?.png"])] == ["field3.png", "field2.png"]
    monkeypatch.chdir(tmp_path)
    assert [path.name for path in expand(["field?.png"])] == ["field2.png"]


@pytest.mark.parametrize("path", ["absent", "absent.png", "*.nothing", "empty"])
def test_what_matches_nothing_is_not_found_by_name(tmp_path: Path, path: str) -> None:
    (tmp_path / "empty").mkdir()
    camera = Images([tmp_path / path])
    with pytest.raises(CameraNotFound, match="JPEG, PNG, BMP or TIFF") as caught, camera:
        pass
    assert path in str(caught.value)


def test_no_paths_are_not_found() -> None:
    with pytest.raises(CameraNotFound, match="no pictures were named"):
        expand([])


@pytest.mark.parametrize("corpus", ["allidb1", "chula", "cbc"])
def test_real_files_decode_as_opencv_does(corpus: str) -> None:
    folder = DATA / corpus / "images"
    if not folder.is_dir():
        pytest.skip(f"the frames in {folder} are not on this machine")
    for path in expand([folder])[:5]:
        bgr = cv2.imread(str(path))
        assert bgr is not None
        assert np.abs(read_picture(path).astype(int) - bgr[..., ::-1]).mean() < 1
