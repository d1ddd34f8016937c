"""Numbers and drops across any number of openings."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edge.cameras.reading.numbers import FrameNumbers
from tests.edge.cameras.scripted_camera import frame

# An opening: how many the device dropped before each frame it gave.
OPENINGS = st.lists(st.lists(st.integers(0, 5), max_size=6), max_size=8)


@given(OPENINGS)
def test_a_number_is_how_many_the_devices_gave_before(openings: list[list[int]]) -> None:
    numbers = FrameNumbers()
    given_before, dropped, read = 0, 0, 0
    for drops in openings:
        numbers.begin()
        in_opening = 0
        for number, before in enumerate(drops):
            in_opening += before
            dropped += before
            sequence = numbers.numbered(frame(in_opening + number)).sequence
            assert sequence == given_before + in_opening + number
            read += 1
            assert numbers.dropped == dropped
            assert sequence + 1 - read == dropped, "what is missing between two numbers was dropped"
        given_before += in_opening + len(drops)


@given(st.lists(st.integers(0, 100), max_size=20))
def test_numbers_and_drops_only_grow_whatever_a_camera_says(sequences: list[int]) -> None:
    numbers = FrameNumbers()
    last, dropped = -1, 0
    for index, sequence in enumerate(sequences):
        if index % 5 == 0:
            numbers.begin()
        now = numbers.numbered(frame(sequence)).sequence
        assert now > last
        assert numbers.dropped >= dropped
        last, dropped = now, numbers.dropped


def test_a_frame_that_has_its_number_is_passed_on_as_it_is() -> None:
    numbers, first = FrameNumbers(), frame(0)
    numbers.begin()
    assert numbers.numbered(first) is first
