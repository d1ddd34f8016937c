from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.campaigns.fuzzing import mutation, text_mutation
from tests.campaigns.fuzzing.onnx_model import small_model
from tests.campaigns.fuzzing.wire import encoded, message, mutate_message, parsed

DATA = bytes(range(256)) * 64
TEXT = "camera:\n  kind: v4l2\n  device: /dev/video0\noptics:\n  um_per_px: 0.25\n"


@pytest.mark.parametrize("kind", mutation.MUTATIONS, ids=lambda kind: kind.__name__)
def test_damage_to_bytes(kind: Callable[[Random, bytes], bytes]) -> None:
    assert sum(kind(Random(seed), DATA) != DATA for seed in range(50)) > 40
    assert kind(Random(3), DATA) == kind(Random(3), DATA)
    for data in (b"", b"a"):
        kind(Random(1), data)  # has nowhere to do damage


@pytest.mark.parametrize("kind", text_mutation.MUTATIONS, ids=lambda kind: kind.__name__)
def test_damage_to_text(kind: Callable[[Random, str], str]) -> None:
    assert sum(kind(Random(seed), TEXT) != TEXT for seed in range(50)) > 30
    assert kind(Random(3), TEXT) == kind(Random(3), TEXT)
    kind(Random(1), "")


@given(seed=st.integers(), data=st.binary(max_size=300), other=st.binary(max_size=50))
def test_any_bytes_can_be_damaged(seed: int, data: bytes, other: bytes) -> None:
    assert isinstance(mutation.mutate(Random(seed), data, [other]), bytes)
    assert isinstance(text_mutation.mutate_text(Random(seed), data, [other]), bytes)
    assert isinstance(mutate_message(Random(seed), data), bytes)


def test_a_message_is_read_and_written() -> None:
    data = message((1, 300), (2, "text"), (3, message((15, 2**64 - 1))))
    fields = parsed(data)
    assert fields is not None
    assert [(field.number, field.value) for field in fields] == [
        (1, 300), (2, b"text"), (3, message((15, 2**64 - 1))),
    ]  # fmt: skip
    assert encoded(fields) == data
    assert parsed(data[:-1]) is None
    assert parsed(b"\x03") is None


def test_most_changed_models_are_still_messages() -> None:
    changed = [mutate_message(Random(seed), small_model()) for seed in range(200)]
    assert len(set(changed)) > 120  # of a few hundred bytes
    assert sum(parsed(each) is not None for each in changed) > 190
