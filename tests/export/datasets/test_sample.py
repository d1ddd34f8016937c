from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from export.datasets.errors import DatasetError
from export.datasets.sample import MaskFile, Region, Sample
from tests.export.datasets.paper_trees import inverted_mask
from tests.export.datasets.trees import mask, picture


def sample_of(path: Path, **known: object) -> Sample:
    return Sample("any", "train", "one", path, **known)  # type: ignore[arg-type]


def test_pixels_are_red_green_blue(tmp_path: Path) -> None:
    picture(tmp_path / "one.png")
    pixels = sample_of(tmp_path / "one.png").pixels()
    assert pixels.shape == (48, 64, 3)
    assert pixels.dtype == np.uint8
    assert pixels[3, 3].tolist() == [250, 10, 10]
    assert pixels.flags.c_contiguous


def test_masks_are_bool(tmp_path: Path) -> None:
    picture(tmp_path / "one.png")
    mask(tmp_path / "rbc.png", [(20, 20, 8)])
    found = sample_of(tmp_path / "one.png", masks={"rbc": MaskFile(tmp_path / "rbc.png")}).mask("rbc")
    assert found.dtype == np.bool_
    assert found[20, 20]
    assert not found[5, 5]
    assert found.sum() == pytest.approx(np.pi * 8**2, rel=0.1)


@pytest.mark.parametrize("content", [None, b"", b"no picture"])
def test_a_picture_that_is_not_there_or_none_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "one.jpg"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DatasetError, match=r"one\.jpg is missing or no picture"):
        sample_of(path).pixels()
    with pytest.raises(DatasetError, match=r"one\.jpg is missing or no picture"):
        sample_of(path, masks={"rbc": MaskFile(path)}).mask("rbc")


def coordinates(path: Path, height: int = 20, width: int = 30) -> None:
    """A picture whose red is x and whose green is y."""
    y, x = np.mgrid[:height, :width]
    Image.fromarray(np.dstack([x, y, 0 * x]).astype(np.uint8)).save(path)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(left=st.integers(-12, 29), top=st.integers(-12, 19), width=st.integers(13, 40), height=st.integers(13, 20))
def test_a_region_is_cut_and_mirrored_over_the_border(tmp_path: Path, left: int, top: int, width: int, height: int) -> None:
    coordinates(tmp_path / "one.png")
    pixels = sample_of(tmp_path / "one.png", region=Region(left, top, width, height)).pixels()
    assert pixels.shape == (height, width, 3)
    inside = pixels[max(-top, 0) : 20 - top, max(-left, 0) : 30 - left]
    assert inside[0, 0].tolist() == [max(left, 0), max(top, 0), 0]
    assert inside[-1, -1].tolist() == [min(left + width, 30) - 1, min(top + height, 20) - 1, 0]
    if left < 0:
        assert pixels[0, :-left][::-1, 0].tolist() == list(range(-left)), "mirrored about the border itself"
    if top + height > 20:
        below = pixels[20 - top :, 0, 1].tolist()
        assert below == [19 - row for row in range(len(below))], "of the whole picture, not of the part alone"


def test_a_region_cuts_masks_as_it_cuts_the_picture(tmp_path: Path) -> None:
    picture(tmp_path / "one.png")
    inverted_mask(tmp_path / "rbc.png")
    masks = {"rbc": MaskFile(tmp_path / "rbc.png", "background")}
    whole = sample_of(tmp_path / "one.png", masks=masks).mask("rbc")
    part = sample_of(tmp_path / "one.png", masks=masks, region=Region(10, 12, 20, 16)).mask("rbc")
    assert part.dtype == np.bool_
    assert np.array_equal(part, whole[12:28, 10:30])
    assert part.any()


def test_a_region_is_its_own_copy(tmp_path: Path) -> None:
    coordinates(tmp_path / "one.png")
    sample = sample_of(tmp_path / "one.png", region=Region(0, 0, 8, 8))
    sample.pixels()[:] = 99
    assert sample.pixels()[1, 1].tolist() == [1, 1, 0]


def test_a_picture_that_changed_on_disk_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "one.png"
    sample = sample_of(path, region=Region(0, 0, 8, 8))
    Image.new("RGB", (8, 8), (1, 2, 3)).save(path)
    assert sample.pixels()[0, 0].tolist() == [1, 2, 3]
    Image.new("RGB", (9, 8), (4, 5, 6)).save(path)
    assert sample.pixels()[0, 0].tolist() == [4, 5, 6]


@pytest.mark.parametrize("region", [Region(64, 0, 8, 8), Region(0, 48, 8, 8), Region(-8, 0, 8, 8), Region(0, -8, 8, 8)])
def test_a_region_outside_of_the_picture_is_named(tmp_path: Path, region: Region) -> None:
    picture(tmp_path / "one.png")
    with pytest.raises(DatasetError, match=r"one\.png is 64x48 pixels, Region.* outside"):
        sample_of(tmp_path / "one.png", region=region).pixels()


def test_an_empty_region_is_refused() -> None:
    with pytest.raises(ValueError, match="0x8 pixels is empty"):
        Region(0, 0, 0, 8)


def test_a_mask_of_another_size_names_both_files(tmp_path: Path) -> None:
    picture(tmp_path / "one.png")
    mask(tmp_path / "rbc.png", [], 24, 32)
    with pytest.raises(DatasetError, match=r"rbc\.png is 32x24 pixels, its picture .*one\.png 64x48"):
        sample_of(tmp_path / "one.png", masks={"rbc": MaskFile(tmp_path / "rbc.png")}).mask("rbc")


def test_a_mask_that_a_sample_does_not_have_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"one\.png has no mask edge; it has rbc"):
        sample_of(tmp_path / "one.png", masks={"rbc": MaskFile(tmp_path / "rbc.png")}).mask("edge")
