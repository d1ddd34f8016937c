"""GPU and model: each check, and what makes it fail."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from edge.doctor.finding import Finding, Level
from edge.doctor.gpu import check_gpu
from edge.doctor.model import check_model
from engines.contract import RuntimeMissing
from engines.model_names import model_folder
from engines.opening import Runtime
from engines.plan_cache import PlanCache


def levels(findings: list[Finding]) -> list[Level]:
    return [finding.level for finding in findings]


class Cuda:
    """pycuda.driver, as far as a GPU is described."""

    class Error(Exception):
        pass

    device_attribute = SimpleNamespace(INTEGRATED=1)

    def init(self) -> None:
        pass

    def Device(self, index: int) -> Any:  # noqa: N802  # pycuda's name
        return SimpleNamespace(name=lambda: "Orin", compute_capability=lambda: (8, 7), get_attribute=lambda which: 1)

    def get_driver_version(self) -> int:
        return 12060

    def get_version(self) -> tuple[int, ...]:
        return (12, 6, 0)


def gpu(
    runtime: Runtime, devices: Path, usable: bool = True, cuda: Any = None, trt: Any = None, onnx: bool = True
) -> list[Finding]:
    return list(
        check_gpu(
            runtime,
            devices,
            lambda node: usable,
            cuda or Cuda,
            trt or (lambda: SimpleNamespace(name="TensorRT 10.3.0")),
            lambda: onnx,
        )
    )


def missing(text: str) -> Any:
    def ask() -> Any:
        raise RuntimeMissing(text)

    return ask


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    for name in ("nvidia0", "nvidiactl", "nvidia-uvm"):
        (tmp_path / name).touch()
    return tmp_path


@pytest.mark.parametrize("runtime", [Runtime.CPU, Runtime.CPU_FP32, Runtime.CPU_INT8])
def test_a_cpu_needs_no_gpu(tmp_path: Path, runtime: Runtime) -> None:
    assert levels(gpu(runtime, tmp_path)) == [Level.OK]


def test_tensorrt_on_its_gpu(manifest: Path) -> None:
    (finding,) = gpu(Runtime.TENSORRT, manifest)
    assert finding.level is Level.OK
    assert finding.text == "TensorRT 10.3.0 on Orin, compute capability 8.7, CUDA 12.6"


@pytest.mark.parametrize(("runtime", "level"), [(Runtime.TENSORRT, Level.WARNING), (Runtime.CUDA, Level.ERROR)])
def test_no_gpu(tmp_path: Path, runtime: Runtime, level: Level) -> None:
    """TensorRT has a runtime to fall back on, CUDA has none."""
    (finding,) = gpu(runtime, tmp_path)
    assert finding.level is level
    assert "there is no NVIDIA device" in finding.text


def test_a_gpu_that_you_may_not_use() -> None:
    # /dev/null stands in for each node: only root may make one.
    findings = list(
        check_gpu(
            Runtime.TENSORRT, NodesAt(Path("/dev/null")), lambda node: False, Cuda, lambda: SimpleNamespace(name="TensorRT 10")
        )
    )
    assert [finding.level for finding in findings if "may not use" in finding.text] == [Level.WARNING] * 6
    assert "usermod -aG video,render" in findings[0].cure


class NodesAt(type(Path())):  # type: ignore[misc]
    """A folder in which every name is the same node."""

    def __truediv__(self, name: object) -> Path:
        return Path("/dev/null")


def test_a_node_that_a_service_cannot_make(manifest: Path) -> None:
    (manifest / "nvidia-uvm").unlink()
    findings = gpu(Runtime.TENSORRT, manifest)
    assert levels(findings) == [Level.WARNING, Level.OK]
    assert "nvidia-modprobe" in findings[0].cure


def test_no_tensorrt(manifest: Path) -> None:
    (finding,) = gpu(Runtime.TENSORRT, manifest, trt=missing("TensorRT is not installed; pip install it"))
    assert finding.level is Level.WARNING
    assert finding.cure == "pip install it"


def test_no_pycuda(manifest: Path) -> None:
    (finding,) = gpu(Runtime.TENSORRT, manifest, cuda=missing("pycuda cannot be imported; pip install pycuda"))
    assert finding.level is Level.WARNING
    assert finding.cure == "pip install pycuda"


def test_onnxruntime_without_cuda(manifest: Path) -> None:
    assert levels(gpu(Runtime.CUDA, manifest, onnx=False)) == [Level.ERROR]
    assert levels(gpu(Runtime.CUDA, manifest)) == [Level.OK]


@pytest.fixture(scope="module")
def shipped() -> Path:
    return model_folder("field")


@pytest.fixture
def copied(tmp_path: Path, shipped: Path) -> Path:
    return Path(shutil.copytree(shipped, tmp_path / "model"))


def test_the_shipped_model_counts_its_sealed_frame() -> None:
    findings = list(check_model("field", Runtime.CPU))
    assert levels(findings) == [Level.OK, Level.OK]
    assert "each with its manifest's hash" in findings[0].text
    assert "accepted on 1 reference frame" in findings[1].text


@pytest.mark.parametrize("name", ["model-fp32.onnx", "model-int8.onnx", "reference.npz"])
def test_a_changed_file_is_an_error_whichever_is_used(copied: Path, name: str) -> None:
    with (copied / name).open("r+b") as file:
        file.seek(-1, 2)
        last = file.read(1)
        file.seek(-1, 2)
        file.write(bytes([last[0] ^ 1]))
    (finding,) = check_model(str(copied), Runtime.CPU)
    assert finding.level is Level.ERROR
    assert f"{name} has sha256" in finding.text


def test_a_missing_file(copied: Path) -> None:
    (copied / "model-fp16.onnx").unlink()
    (finding,) = check_model(str(copied), Runtime.CPU)
    assert finding.level is Level.ERROR
    assert "model-fp16.onnx cannot be read" in finding.text


def test_a_model_that_there_is_not() -> None:
    (finding,) = check_model("filed", Runtime.CPU)
    assert finding.level is Level.ERROR
    assert "there is no model 'filed'" in finding.text


def test_a_runtime_that_there_is_not(copied: Path) -> None:
    findings = list(check_model(str(copied), Runtime.CUDA))
    if levels(findings) != [Level.OK, Level.ERROR]:
        pytest.skip("this machine has CUDA")
    assert "hemocam engines verify" in findings[1].cure


def test_an_engine_that_miscounts(copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def miscounted(logits: Any, manifest: Any) -> dict[str, int]:
        return {"rbc": 1, "wbc": 0, "plt": 0}

    monkeypatch.setattr("edge.doctor.model.counts_of", miscounted)
    findings = list(check_model(str(copied), Runtime.CPU))
    assert levels(findings) == [Level.OK, Level.ERROR]
    assert "miscounts a sealed frame" in findings[1].text


def test_a_model_without_sealed_frames(copied: Path) -> None:
    manifest = yaml.safe_load((copied / "manifest.yaml").read_text())
    del manifest["reference"]
    (copied / "manifest.yaml").write_text(yaml.safe_dump(manifest))
    findings = list(check_model(str(copied), Runtime.CPU))
    assert levels(findings) == [Level.OK, Level.WARNING]
    assert "hemocam export seal" in findings[1].cure


def test_tensorrt_is_not_built_by_a_doctor(tmp_path: Path) -> None:
    findings = list(check_model("field", Runtime.TENSORRT, cache=PlanCache(tmp_path / "none")))
    assert levels(findings) == [Level.OK, Level.WARNING]
    assert "hemocam engines build field" in findings[1].cure
