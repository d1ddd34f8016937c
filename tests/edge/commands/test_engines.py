"""`hemocam engines` on the shipped models, and on a machine that is a double."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from edge.commands import engines as engines_cli
from engines import plan_cache
from engines.contract import RuntimeMissing
from engines.model_names import MODELS
from engines.opening import Runtime
from engines.plan_cache import PlanCache
from engines.tensorrt import loading
from engines.tensorrt.loading import Gpus
from tests.engines import trt_double
from tests.engines.cuda_double import CudaDouble


def run(*words: object) -> Result:
    return CliRunner().invoke(engines_cli.app, [str(word) for word in words], env={"COLUMNS": "80"}, terminal_width=80)


class Machine:
    """A GPU double under `hemocam engines`; `damage` spoils what is built from then on."""

    def __init__(self, folder: Path) -> None:
        self.cuda = CudaDouble()
        self.cache = PlanCache(folder)
        self.damage = 0.0

    def gpus(self) -> Gpus:
        profile = ((1, 16, 16, 3), (1, 480, 640, 3), (1, 1536, 2048, 3))

        def build(onnx: bytes, options: object, trt: object, progress: object) -> bytes:
            assert callable(progress) or progress is None
            if callable(progress):
                progress("Building engine", 1, 2)
            return trt_double.plan_of(onnx, profile=profile, damage=self.damage)

        return Gpus(trt_double.double(self.cuda), self.cuda, self.cache, build)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine(tmp_path / "plans")
    monkeypatch.setattr(loading, "Gpus", made.gpus)
    monkeypatch.setattr(plan_cache, "default_folder", lambda: made.cache.folder)
    monkeypatch.setattr(
        engines_cli, "_this_machine", lambda: plan_cache.this_machine(made.gpus().trt, loading.describe_gpu(made.cuda))
    )
    return made


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No TensorRT, whatever this machine has."""

    def missing() -> Gpus:
        raise RuntimeMissing("TensorRT is not installed (tensorrt: No module named 'tensorrt'); pip install tensorrt")

    monkeypatch.setattr(loading, "Gpus", missing)
    monkeypatch.setattr(engines_cli, "_this_machine", missing)
    monkeypatch.setattr(plan_cache, "default_folder", lambda: tmp_path / "plans")


def test_list_names_models_files_and_engines_in_80_columns(machine: Machine) -> None:
    before = run("list")
    assert (before.exit_code, "build one with: hemocam engines build" in before.stdout) == (0, True)
    assert run("build", "field").exit_code == 0
    done = run("list")
    lines = done.stdout.splitlines()
    assert max(len(line) for line in lines if str(machine.cache.folder) not in line) <= 80
    assert "model-int8.onnx  int8 (default)" in done.stdout
    assert "field fp16  tensorrt 10.3.0, fp16" in done.stdout
    assert "on Double GPU" in done.stdout
    assert "accepted" in done.stdout


def test_build_tests_what_it_built_and_says_so(machine: Machine) -> None:
    done = run("build", "field")
    assert done.exit_code == 0
    assert "field on TensorRT 10.3.0 FP16 on Double GPU" in done.stdout
    assert "accepted on 4 reference frames" in done.stdout
    assert machine.cuda.nothing_is_left(), (machine.cuda.faults, +machine.cuda.alive)


def test_a_damaged_engine_is_refused_everywhere(machine: Machine) -> None:
    machine.damage = 3.0
    done = run("build", "field")
    assert done.exit_code == 1
    assert "refused:" in done.stdout
    assert "instead of" in done.stdout
    assert "refused" in run("list").stdout
    assert run("verify", "field", "--runtime", "tensorrt").exit_code == 1
    machine.damage = 0.0
    assert run("build", "field", "--again").exit_code == 0
    assert run("verify", "field", "--runtime", "tensorrt").exit_code == 0
    assert machine.cuda.nothing_is_left(), (machine.cuda.faults, +machine.cuda.alive)


@pytest.mark.parametrize(
    ("words", "said"),
    [(["--min", "big"], "no size"), (["--min", "2x64x64"], "min <= opt"), (["--precision", "int4"], "fp16 or fp32")],
)
def test_sizes_that_are_none(machine: Machine, words: list[str], said: str) -> None:
    done = run("build", "field", *words)
    assert done.exit_code != 0
    assert said in done.output + str(done.exception)


@pytest.mark.parametrize("runtime", [Runtime.CPU_FP32, Runtime.CPU_INT8])
def test_verify_counts_the_sealed_frames(runtime: Runtime) -> None:
    done = run("verify", "field", "--runtime", runtime.value, "--threads", 2)
    assert done.exit_code == 0
    assert "accepted on 4 reference frames" in done.stdout
    assert max(len(line) for line in done.stdout.splitlines()) <= 80


def test_verify_fails_on_what_counts_otherwise(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The manifest's thresholds moved after the sealing."""
    import shutil

    folder = shutil.copytree(MODELS / "field", tmp_path / "field")
    manifest = (folder / "manifest.yaml").read_text()
    (folder / "manifest.yaml").write_text(manifest.replace("centre_threshold: 0.4", "centre_threshold: 0.95"))
    done = run("verify", folder, "--runtime", "cpu-fp32")
    assert done.exit_code == 1
    assert "refused: onnxruntime itself counts frame 0 otherwise" in " ".join(done.stdout.split())


def test_bench_times_what_is_there_and_names_what_is_not(bare: None) -> None:
    done = run("bench", "field", "--width-px", 64, "--height-px", 48, "--runs", 3, "--threads", 1)
    assert done.exit_code == 0
    rows = {line.split()[0]: line for line in done.stdout.splitlines() if line.strip()}
    assert float(rows["cpu-int8"].split()[2]) > 0
    assert "not here: TensorRT is not" in rows["tensorrt"]


def test_bench_shows_the_gpus_own_time(machine: Machine) -> None:
    done = run("bench", "field", "--width-px", 64, "--height-px", 64, "--runs", 3, "--threads", 1)
    rows = {line.split()[0]: line.split() for line in done.stdout.splitlines() if line.strip()}
    assert (rows["tensorrt"][1], float(rows["tensorrt"][4])) == ("fp16", pytest.approx(0.2, abs=0.1))


def test_prune_takes_what_does_not_fit_this_machine(machine: Machine) -> None:
    assert run("build", "field").exit_code == 0
    assert "removed 0 engines" in run("prune").stdout
    (entry,) = machine.cache.entries()
    sidecar = machine.cache.folder / f"{entry.key.digest}.json"
    stale = json.loads(sidecar.read_text())
    assert stale["key"]["machine"]["version"] == "10.3.0"
    from dataclasses import replace

    foreign = replace(entry.key, machine=replace(entry.key.machine, version="8.6.1"))
    machine.cache.put(foreign, b"plan")
    assert "removed 1 engine," in run("prune").stdout
    assert [one.key for one in machine.cache.entries()] == [entry.key]
    assert "removed 1 engine," in run("prune", "--all").stdout


def test_prune_without_tensorrt_asks_what_to_go_by(bare: None) -> None:
    done = run("prune")
    assert isinstance(done.exception, RuntimeMissing)
    assert "--all, --unused-days or --most-mb" in str(done.exception)
    assert "removed 0 engines" in run("prune", "--all").stdout
    assert "removed 0 engines" in run("prune", "--unused-days", 3).stdout
