"""From a model's folder to an engine on the GPU: cached, built, tested, refused."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest

from engines.contract import ModelCorrupt, PlanRefused, Tensor
from engines.manifest import Manifest, load_manifest
from engines.plan_cache import PlanCache
from engines.tensorrt.buffers import HostMemory
from engines.tensorrt.building import BuildFailed, BuildOptions
from engines.tensorrt.loading import Gpus, Loaded, load, usual_options
from engines.tensorrt.profiles import Profile
from tests.engines import trt_double
from tests.engines.cuda_double import CudaDouble
from tests.engines.onnx_models import model_bytes, model_in, sealed_in

pytest.importorskip("onnx", reason="the models under test are made with onnx, which only export needs")


def counting(logits: Tensor, manifest: Manifest) -> Mapping[str, int]:
    """Bright pixels of the first channel."""
    return {"rbc": int((logits[:, 0] > 0.5).sum())}


class Machine:
    """A model's folder and a GPU; what is built there and what is told is kept."""

    def __init__(self, folder: Path) -> None:
        self.folder = sealed_in(model_in(folder / "tiny", model_bytes(2)), counting)
        self.cuda = CudaDouble()
        self.cache = PlanCache(folder / "plans")
        self.built: list[BuildOptions] = []
        self.told: list[str] = []
        self.damage = 0.0
        self.version = trt_double.VERSION
        self.failing = False

    def load(self, again: bool = False, count: bool = True) -> Loaded:
        def build(onnx: bytes, options: BuildOptions, trt: object, progress: object) -> bytes:
            self.built.append(options)
            if self.failing:
                raise BuildFailed("TensorRT built no plan: OutOfMemory")
            return trt_double.plan_of(onnx, version=self.version, damage=self.damage)

        gpus = Gpus(trt_double.double(self.cuda), self.cuda, self.cache, build)
        manifest = load_manifest(self.folder)
        return load(self.folder, manifest, counting if count else None, self.told.append, gpus=gpus, again=again)

    def sidecars(self) -> list[dict[str, object]]:
        return [json.loads(path.read_text()) for path in self.cache.folder.glob("*.json")]


def test_an_integrated_gpu_works_in_the_hosts_memory(tmp_path: Path) -> None:
    """The double is a Jetson."""
    made = Machine(tmp_path)
    gpus = Gpus(trt_double.double(made.cuda), made.cuda, made.cache)
    assert gpus.host_memory is HostMemory.MAPPED
    assert Gpus(gpus.trt, made.cuda, made.cache, memory=HostMemory.COPIED).host_memory is HostMemory.COPIED


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    made = Machine(tmp_path)
    yield made
    assert made.cuda.nothing_is_left(), (made.cuda.faults, +made.cuda.alive)


def test_a_new_engine_is_built_tested_and_kept(machine: Machine) -> None:
    loaded = machine.load()
    with loaded.engine as engine:
        assert engine.run(np.full((1, 8, 8, 3), 255, np.uint8)) == pytest.approx(1.0)
    assert loaded.acceptance is not None
    assert loaded.acceptance.passed
    assert len(machine.built) == 1
    assert [text.split(";")[0] for text in machine.told] == [
        "tiny has no FP16 file, so its engine computes in FP32",
        "building the TensorRT 10.3.0 engine of tiny",
    ]
    (sidecar,) = machine.sidecars()
    assert sidecar["acceptance"] == loaded.acceptance.as_json() | {
        "counts": list(loaded.acceptance.counts), "reference_counts": list(loaded.acceptance.reference_counts)
    }  # fmt: skip


def test_the_next_start_neither_builds_nor_tests(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    with machine.load().engine:
        pass
    monkeypatch.setattr("engines.tensorrt.loading.accept", None)
    loaded = machine.load()
    with loaded.engine:
        assert loaded.acceptance is not None
    assert len(machine.built) == 1


def test_an_engine_that_counts_otherwise_is_refused_now_and_remembered(machine: Machine) -> None:
    machine.damage = 0.25
    with pytest.raises(PlanRefused, match=r"is refused: frame 0 has \d+ rbc instead of \d+"):
        machine.load()
    assert machine.cuda.nothing_is_left(), (machine.cuda.faults, +machine.cuda.alive)
    with pytest.raises(PlanRefused, match=r"was refused: .* build it again with: hemocam engines build"):
        machine.load()
    assert len(machine.built) == 1
    machine.damage = 0.0
    with machine.load(again=True).engine:
        pass
    with machine.load().engine:
        pass
    assert len(machine.built) == 2


def test_damage_that_leaves_the_counts_alone_is_seen_in_the_labels(machine: Machine) -> None:
    """Only the second channel is wrong here, and nobody counts it."""
    manifest = load_manifest(machine.folder)

    def blind(logits: Tensor, manifest: Manifest) -> Mapping[str, int]:
        return {"rbc": 7}

    sealed_in(machine.folder, blind)
    machine.damage = 0.25
    gpus = Gpus(
        trt_double.double(machine.cuda), machine.cuda, machine.cache,
        lambda onnx, *_: trt_double.plan_of(onnx, damage=0.25),
    )  # fmt: skip
    with pytest.raises(PlanRefused, match=r"% of the labels are the reference's"):
        load(machine.folder, load_manifest(machine.folder), blind, machine.told.append, gpus=gpus)
    assert manifest.name == "tiny"


def test_other_reference_frames_ask_for_another_test(machine: Machine) -> None:
    with machine.load().engine:
        pass
    sealed_in(machine.folder, counting, seed=5)
    loaded = machine.load()
    with loaded.engine:
        assert loaded.acceptance is not None
        assert loaded.acceptance.reference_sha256 == load_manifest(machine.folder).reference.sha256  # type: ignore[union-attr]
    assert len(machine.built) == 1


@pytest.mark.parametrize("content", [b"", b"garbage", None], ids=["empty", "garbage", "another version's"])
def test_a_plan_that_went_bad_is_built_again_once(machine: Machine, content: bytes | None) -> None:
    """Cut or overwritten files the cache itself drops; one that TensorRT gives None for is dropped here."""
    with machine.load().engine:
        pass
    (plan,) = machine.cache.folder.glob("*.plan")
    if content is None:
        (entry,) = machine.cache.entries()
        machine.cache.put(entry.key, trt_double.plan_of(model_bytes(2), version="9.9"), entry.acceptance)
    else:
        plan.write_bytes(content)
    loaded = machine.load()
    with loaded.engine:
        assert loaded.acceptance is not None
    assert len(machine.built) == 2
    assert any("Version tag does not match" in text and "building it again" in text for text in machine.told) is (
        content is None
    )


def test_a_new_plan_that_does_not_load_is_no_reason_to_build_for_ever(machine: Machine) -> None:
    machine.version = "9.9"
    with pytest.raises(PlanRefused, match="Version tag does not match"):
        machine.load()
    assert len(machine.built) == 1
    assert machine.cache.entries() == []


def test_a_build_that_fails_is_told_as_it_is(machine: Machine) -> None:
    machine.failing = True
    with pytest.raises(BuildFailed, match="OutOfMemory"):
        machine.load()


def test_a_cache_that_cannot_be_written_costs_the_next_start_only(machine: Machine) -> None:
    machine.cache.folder.write_text("a file in the folder's place")
    with machine.load().engine:
        pass
    with machine.load().engine:
        pass
    assert len(machine.built) == 2
    assert any("not kept for the next start" in text for text in machine.told)


def test_without_counting_it_is_used_untested_and_says_so(machine: Machine) -> None:
    loaded = machine.load(count=False)
    with loaded.engine:
        assert loaded.acceptance is None
    assert any("is not tested: nothing was given to count with" in text for text in machine.told)
    loaded = machine.load()  # and is tested once somebody counts
    with loaded.engine:
        assert loaded.acceptance is not None
    assert len(machine.built) == 1


def test_without_reference_frames_it_is_used_untested_and_says_so(machine: Machine) -> None:
    model_in(machine.folder, model_bytes(2))
    loaded = machine.load()
    with loaded.engine:
        assert loaded.acceptance is None
    assert any("hemocam export seal" in text for text in machine.told)


def test_reference_frames_that_are_not_whole_are_no_reason_to_skip_the_test(machine: Machine) -> None:
    (machine.folder / "reference.npz").write_bytes(b"cut")
    with pytest.raises(ModelCorrupt, match=r"reference\.npz has sha256"):
        machine.load()


def test_the_precision_goes_with_the_typing(machine: Machine, tmp_path: Path) -> None:
    """Strongly typed: the FP16 file. Weakly: the FP32 file and a flag."""
    import hashlib

    content, other = model_bytes(2), model_bytes(2) + b""
    files = [
        {"file": f"model-{name}.onnx", "sha256": hashlib.sha256(content).hexdigest(), "precision": name}
        for name in ("fp32", "fp16")
    ]
    folder = model_in(tmp_path / "both", other, files=files)
    for name in ("fp32", "fp16"):
        (folder / f"model-{name}.onnx").write_bytes(content)
    for strong, wanted in ((True, "fp16"), (False, "fp32")):
        trt = trt_double.double(machine.cuda, strong=strong)
        gpus = Gpus(trt, machine.cuda, machine.cache, lambda onnx, *_: trt_double.plan_of(onnx))
        loaded = load(folder, load_manifest(folder), None, machine.told.append, gpus=gpus)
        with loaded.engine as engine:
            assert loaded.file.precision == wanted
            assert wanted.upper() in engine.runtime


def test_usual_options(machine: Machine) -> None:
    manifest = load_manifest(machine.folder)
    assert usual_options(manifest).profile == Profile((1, 64, 64), (1, 480, 640), (1, 1536, 2048))
    squares = manifest.model_validate({**manifest.model_dump(), "tiling": {"side_px": 188, "context_px": 44, "unpadded": True}})
    assert usual_options(squares).profile == Profile((1, 188, 188), (4, 188, 188), (4, 188, 188))
