from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines import onnxrt
from engines.contract import InferenceFailed, ModelCorrupt, RuntimeMissing
from engines.onnxrt import OnnxRuntime, cores
from tests.engines.onnx_models import model_bytes

pytest.importorskip("onnx", reason="the models under test are made with onnx, which only export needs")
GOOD = model_bytes(2)


def test_two_outputs_are_refused() -> None:
    with pytest.raises(ModelCorrupt, match=r"two\.onnx has 1 inputs and 2 outputs"):
        OnnxRuntime(model_bytes(outputs=2), "two.onnx", 1)


def test_an_unknown_type_is_refused() -> None:
    with pytest.raises(ModelCorrupt, match=r"wide\.onnx: pixels is tensor\(int64\)"):
        OnnxRuntime(model_bytes(input_type="int64"), "wide.onnx", 1)


@pytest.mark.parametrize("size", [0, 1, 10, len(GOOD) // 2, len(GOOD) - 1])
def test_a_truncated_file_is_corrupt(size: int) -> None:
    with pytest.raises(ModelCorrupt, match=r"^cut\.onnx "):
        OnnxRuntime(GOOD[:size], "cut.onnx", 1)


@given(st.binary(max_size=300))
@settings(max_examples=60, deadline=None)
def test_any_bytes_are_corrupt(content: bytes) -> None:
    with pytest.raises(ModelCorrupt, match=r"^any\.onnx "):
        OnnxRuntime(content, "any.onnx", 1)


@given(st.integers(0, len(GOOD) - 1), st.binary(min_size=1, max_size=8))
@settings(max_examples=150, deadline=None)
def test_overwritten_bytes_are_corrupt_or_a_model(at: int, over: bytes) -> None:
    content = GOOD[:at] + over + GOOD[at + len(over) :]
    try:
        engine = OnnxRuntime(content, "bad.onnx", 1)
    except ModelCorrupt as error:
        assert str(error).startswith("bad.onnx")
        return
    try:
        engine.run(np.zeros((1, 4, 4, 3), np.uint8))
    except InferenceFailed as error:
        assert str(error)


def test_a_broken_model_leaves_the_terminal_alone(capfd: pytest.CaptureFixture[str]) -> None:
    at = GOOD.index(b"Transpose")
    with pytest.raises(ModelCorrupt):
        OnnxRuntime(GOOD[:at] + b"\xcd" + GOOD[at + 1 :], "bad.onnx", 1)
    assert capfd.readouterr().out == ""


def test_a_missing_provider_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ort, "get_available_providers", lambda: ["CPUExecutionProvider"])
    with pytest.raises(RuntimeMissing, match="no CUDAExecutionProvider; install it with: pip install onnxruntime-gpu"):
        OnnxRuntime(GOOD, "red.onnx", 1, "CUDAExecutionProvider")


@pytest.mark.filterwarnings("ignore:Specified provider")
@pytest.mark.skipif("CUDAExecutionProvider" in ort.get_available_providers(), reason="this onnxruntime has CUDA")
def test_a_provider_that_does_not_start_is_not_replaced_silently(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ort, "get_available_providers", lambda: ["CUDAExecutionProvider", "CPUExecutionProvider"])
    with pytest.raises(RuntimeMissing, match=r"could not start CUDAExecutionProvider; .*pip install"):
        OnnxRuntime(GOOD, "red.onnx", 1, "CUDAExecutionProvider")


def test_runtime_says_version_and_threads() -> None:
    assert OnnxRuntime(GOOD, "red.onnx", 1).runtime == f"onnxruntime {ort.__version__} CPU, 1 thread"
    assert OnnxRuntime(GOOD, "red.onnx", 3).runtime.endswith("CPU, 3 threads")


def test_without_a_number_every_core_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnxrt, "cores", lambda: 2)
    assert OnnxRuntime(GOOD, "red.onnx").runtime.endswith("CPU, 2 threads")


def _quota(monkeypatch: pytest.MonkeyPatch, file: Path, content: str | None) -> None:
    if content is not None:
        file.write_text(content, encoding="ascii")
    monkeypatch.setattr(onnxrt, "Path", lambda _: file)


@pytest.mark.parametrize(
    ("allowed", "quota", "expected"),
    [
        (1, None, 1), (6, None, 6), (6, "max 100000\n", 6), (6, "200000 100000\n", 2), (6, "50000 100000\n", 1),
        (2, "800000 100000\n", 2), (6, "350000 100000\n", 3),
    ],
)  # fmt: skip
def test_cores_respect_affinity_and_quota(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, allowed: int, quota: str | None, expected: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(allowed)), raising=False)
    _quota(monkeypatch, tmp_path / "cpu.max", quota)
    assert cores() == expected


def test_cores_without_affinity(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 5)
    _quota(monkeypatch, tmp_path / "cpu.max", None)
    assert cores() == 5
