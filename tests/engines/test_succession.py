"""Which engine follows which; the real path to TensorRT runs on the doubles of its libraries."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from threading import Event, Thread
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import yaml

from engines import opening, succession
from engines.contract import EngineError, InferenceFailed, RuntimeMissing, Tensor
from engines.fake import FakeEngine
from engines.finite import FiniteEngine
from engines.manifest import FILE_NAME, Manifest
from engines.opening import Opened, Runtime
from engines.plan_cache import PlanCache
from engines.succession import Succession
from engines.tensorrt import loading
from engines.tensorrt.loading import Gpus
from tests.engines import trt_double
from tests.engines.cuda_double import CudaDouble
from tests.engines.onnx_models import model_bytes, model_in, sealed_in

pytest.importorskip("onnx", reason="the models under test are made with onnx, which only export needs")

FAILED = InferenceFailed("3 frames in a row failed")


class Machine:
    """Opens runtimes as told, and remembers which were asked for."""

    def __init__(self) -> None:
        self.missing: set[Runtime] = set()
        self.asked: list[tuple[Runtime, bool]] = []

    def open_on(self, folder: Path, manifest: Manifest, runtime: Runtime, *_: object, again: bool = False) -> Opened:
        self.asked.append((runtime, again))
        if runtime in self.missing:
            raise RuntimeMissing(f"there is no {runtime.value} here")
        return Opened(FakeEngine(lambda tensor: tensor, 2), manifest, manifest.files[0], runtime)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model whose default file is int8, with an FP32 one beside it."""
    made = model_in(tmp_path / "tiny", model_bytes())
    manifest = yaml.safe_load((made / FILE_NAME).read_text(encoding="utf-8"))
    (file,) = manifest["files"]
    manifest["files"] = [file | {"precision": "int8"}, file]
    (made / FILE_NAME).write_text(yaml.safe_dump(manifest), encoding="utf-8")
    return made


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine()
    monkeypatch.setattr(opening, "open_on", made.open_on)
    monkeypatch.setattr(succession, "open_on", made.open_on)
    monkeypatch.setattr(opening, "providers", lambda: ["CUDAExecutionProvider", "CPUExecutionProvider"])
    return made


def names(asked: list[tuple[Runtime, bool]]) -> list[str]:
    return [runtime.value + (" anew" if again else "") for runtime, again in asked]


def test_each_runtime_is_opened_anew_once_and_then_the_next_is_taken(machine: Machine, folder: Path) -> None:
    engines = Succession(str(folder), Runtime.TENSORRT)
    assert engines.first() is engines.first()
    told: list[str] = []
    for _ in range(7):
        engines.after(FAILED, told.append)
    assert names(machine.asked) == [
        "tensorrt", "tensorrt anew", "cuda", "cuda anew", "cpu", "cpu anew", "cpu-fp32", "cpu-fp32 anew"
    ]  # fmt: skip
    assert told[:2] == [f"{FAILED}. Opening tensorrt anew", f"{FAILED}. Taking cuda"]
    with pytest.raises(EngineError, match=r"no runtime of this machine runs the model tiny any more.*hemocam doctor.*3 frames"):
        engines.after(FAILED)


def test_what_does_not_open_is_passed_over_at_once(machine: Machine, folder: Path) -> None:
    engines = Succession(str(folder), Runtime.TENSORRT)
    engines.first()
    machine.missing = {Runtime.TENSORRT, Runtime.CUDA}
    opened = engines.after(FAILED)
    assert opened.runtime is Runtime.CPU
    assert names(machine.asked)[1:] == ["tensorrt anew", "cuda", "cpu"]
    assert opened.notices == (
        f"{FAILED}. Opening tensorrt anew", "there is no tensorrt here. Taking cuda", "there is no cuda here. Taking cpu"
    )  # fmt: skip
    engines.after(FAILED)
    assert names(machine.asked)[-1] == "cpu anew", "that one has opened, and may be mended"


def test_cuda_is_passed_over_where_onnxruntime_has_none(
    machine: Machine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "providers", lambda: ["CPUExecutionProvider"])
    engines = Succession(str(folder), Runtime.TENSORRT)
    engines.first()
    assert [engines.after(FAILED).runtime for _ in range(2)] == [Runtime.TENSORRT, Runtime.CPU]


def test_a_default_file_of_fp32_is_not_tried_under_another_name(machine: Machine, tmp_path: Path) -> None:
    engines = Succession(str(model_in(tmp_path / "plain", model_bytes())))
    engines.first()
    engines.after(FAILED)
    with pytest.raises(EngineError):
        engines.after(FAILED)
    assert names(machine.asked) == ["cpu", "cpu anew"]


def test_where_the_first_fell_back_its_followers_follow_that(machine: Machine, folder: Path) -> None:
    machine.missing = {Runtime.TENSORRT, Runtime.CUDA}
    engines = Succession(str(folder), Runtime.TENSORRT)
    assert engines.first().runtime is Runtime.CPU
    engines.after(FAILED)
    assert names(machine.asked)[-1] == "cpu anew"


def test_an_engine_that_has_proven_itself_is_opened_anew_again(machine: Machine, folder: Path) -> None:
    engines = Succession(str(folder), Runtime.CPU)
    engines.first()
    for _ in range(5):
        engines.after(FAILED)
        engines.proven()
    assert names(machine.asked) == ["cpu"] + ["cpu anew"] * 5


def test_a_call_that_hangs_holds_up_no_other_and_its_runtime_is_not_tried_again(
    machine: Machine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engines = Succession(str(folder), Runtime.TENSORRT)
    engines.first()
    held, going = Event(), Event()

    def hangs(folder: Path, manifest: Manifest, runtime: Runtime, *more: object, again: bool = False) -> Opened:
        if runtime is Runtime.TENSORRT:
            going.set()
            held.wait(20.0)
        return machine.open_on(folder, manifest, runtime, *more, again=again)

    monkeypatch.setattr(succession, "open_on", hangs)
    stuck = Thread(target=engines.after, args=(FAILED,))
    stuck.start()
    try:
        assert going.wait(20.0)
        assert engines.after(EngineError("no engine was open within 1800 s")).runtime is Runtime.CUDA
    finally:
        held.set()
        stuck.join()


def test_closing_releases_what_nobody_took(folder: Path) -> None:
    engines = Succession(str(folder), Runtime.CPU_FP32, 1)
    engines.close()
    engine = engines.first().engine
    engines.close()
    engines.close()
    with pytest.raises(InferenceFailed, match="closed"):
        engine.run(np.zeros((1, 8, 8, 3), np.uint8))


def test_a_session_keeps_to_one_model(folder: Path) -> None:
    """Its file was replaced (an update, a failing manifest): it is not opened with another's numbers."""
    engines = Succession(str(folder), Runtime.CPU_FP32, 1)
    with engines.first().engine:
        pass
    (folder / "model.onnx").write_bytes(model_bytes(3))
    with pytest.raises(EngineError, match="sha256"):
        engines.after(FAILED)


def counting(logits: Tensor, manifest: Manifest) -> Mapping[str, int]:
    return {"rbc": int((logits[:, 0] > 0.5).sum())}


class TestTensorRT:
    """A plan that was good when it was tested and gives NaN later: memory, a driver, a manifest."""

    @pytest.fixture
    def gpu(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
        cuda, built = CudaDouble(), []

        def build(onnx: bytes, *_: object) -> bytes:
            built.append(onnx)
            return trt_double.plan_of(onnx)

        gpus = Gpus(trt_double.double(cuda), cuda, PlanCache(tmp_path / "plans"), build)
        monkeypatch.setattr(opening, "load", partial(loading.load, gpus=gpus))
        monkeypatch.setattr(opening, "providers", lambda: ["CPUExecutionProvider"])
        return SimpleNamespace(cuda=cuda, built=built, cache=gpus.cache)

    def test_it_is_built_anew_once_and_runs_again(self, gpu: Any, tmp_path: Path) -> None:
        folder = sealed_in(model_in(tmp_path / "tiny", model_bytes()), counting)
        engines = Succession(str(folder), Runtime.TENSORRT, 1, counting)
        told: list[str] = []
        field = np.full((1, 8, 8, 3), 255, np.uint8)
        # The plan in the cache goes bad after it was accepted: the sidecar still says that it passed.
        with engines.first().engine:
            pass
        for entry in gpu.cache.entries():
            gpu.cache.put(entry.key, trt_double.plan_of(gpu.built[0], damage=float("nan")), entry.acceptance)
        with (
            Succession(str(folder), Runtime.TENSORRT, 1, counting).first().engine as engine,
            pytest.raises(InferenceFailed, match="not finite"),
        ):
            FiniteEngine(engine).run(field)
        opened = engines.after(FAILED, told.append)
        assert opened.runtime is Runtime.TENSORRT
        with opened.engine as engine:
            assert FiniteEngine(engine).run(field) == pytest.approx(1.0)
        assert len(gpu.built) == 2
        assert told[0].endswith("Opening tensorrt anew")
        assert any("building" in text for text in told)
        fallen = engines.after(FAILED, told.append)
        assert fallen.runtime is Runtime.CPU
        with fallen.engine as engine:
            assert engine.run(field) == pytest.approx(1.0)
        assert gpu.cuda.nothing_is_left(), (gpu.cuda.faults, +gpu.cuda.alive)
        with Succession(str(folder), Runtime.TENSORRT, 1, counting).first().engine as engine:
            assert FiniteEngine(engine).run(field) == pytest.approx(1.0), "the plan that was built anew is the one kept"

    def test_a_plan_that_no_longer_loads_is_built_anew_at_the_opening(self, gpu: Any, tmp_path: Path) -> None:
        folder = sealed_in(model_in(tmp_path / "tiny", model_bytes()), counting)
        engines = Succession(str(folder), Runtime.TENSORRT, 1, counting)
        with engines.first().engine:
            pass
        for plan in gpu.cache.folder.glob("*.plan"):
            plan.write_bytes(plan.read_bytes()[:20])
        opened = Succession(str(folder), Runtime.TENSORRT, 1, counting).first()
        with opened.engine:
            assert opened.runtime is Runtime.TENSORRT
        assert len(gpu.built) == 2
