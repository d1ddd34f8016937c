"""The flags against the table of ../shared/tensorrt.md."""

from __future__ import annotations

import pytest

from engines.tensorrt.binding import find_tensorrt
from engines.tensorrt.features import Features, features_of
from tests.engines.tensorrt.builder_double import tensorrt_double

V8_5 = Features(
    explicit_batch=True, strongly_typed_flag=False, weak_fp16=True, weak_int8=True, version_compatible=False,
    hardware_compatible=False, optimisation_level=False, progress_monitor=False, timing_cache=True, dla=True,
    device_memory_v2=False, native_instancenorm=False,
)  # fmt: skip
V11 = Features(
    explicit_batch=False, strongly_typed_flag=False, weak_fp16=False, weak_int8=False, version_compatible=True,
    hardware_compatible=True, optimisation_level=True, progress_monitor=True, timing_cache=True, dla=True,
    device_memory_v2=True, native_instancenorm=True,
)  # fmt: skip


def test_the_oldest_and_the_newest() -> None:
    assert features_of(tensorrt_double("8.5"), "tensorrt") == V8_5
    assert features_of(tensorrt_double("11"), "tensorrt") == V11


def test_strong_typing_is_there_by_flag_or_by_default() -> None:
    strong = {each: features_of(tensorrt_double(each), "tensorrt").strongly_typed for each in ("8.5", "8.6", "10.3", "11")}
    assert strong == {"8.5": False, "8.6": False, "10.3": True, "11": True}


def test_the_real_rtx() -> None:
    pytest.importorskip("tensorrt_rtx", reason="the real API to look at")
    found = find_tensorrt("tensorrt_rtx").features
    assert found.strongly_typed and found.progress_monitor and found.version_compatible and found.device_memory_v2
    # Its enum has no FP16; its timing cache, hardware compatibility and DLA are names that do nothing.
    assert not (found.weak_fp16 or found.weak_int8 or found.explicit_batch)
    assert not (found.timing_cache or found.hardware_compatible or found.dla)
