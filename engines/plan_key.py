"""What a plan is good for: every input of its build, and the machine."""

from __future__ import annotations

import hashlib
import json
import platform
from dataclasses import asdict, dataclass

from engines.tensorrt.binding import TensorRT
from engines.tensorrt.gpu_owner import Gpu
from engines.tensorrt.options import BuildOptions

SCHEMA = 1
"""Goes up with every change in how plans are built from the same inputs: older plans then are foreign."""


@dataclass(frozen=True, slots=True)
class Machine:
    """Where a plan runs. A plan of another machine is never loaded. CUDA's versions are written `12.6`."""

    package: str
    version: str
    gpu_name: str
    compute_capability: str
    cuda_driver: str
    cuda_runtime: str
    system: str
    architecture: str
    schema: int = SCHEMA


def this_machine(trt: TensorRT, gpu: Gpu) -> Machine:
    """This installation on this manifest."""
    capability, driver, runtime = (".".join(map(str, each)) for each in (gpu.compute_capability, gpu.driver, gpu.runtime))
    return Machine(trt.package, trt.version, gpu.name, capability, driver, runtime, platform.system(), platform.machine())


@dataclass(frozen=True, slots=True)
class PlanKey:
    """All that decides a plan's bytes and whether it loads. Two equal keys may share a plan, two different ones never.

    `profile` is engines.tensorrt.profiles.Profile as text. The timing cache is not part of it: it only shortens the build.
    """

    onnx_sha256: str
    machine: Machine
    precision: str
    typing: str
    profile: str
    workspace_bytes: int
    optimisation_level: int | None
    dla_core: int | None
    version_compatible: bool
    hardware_compatible: bool

    @property
    def digest(self) -> str:
        """64 hex digits; any part changed changes it."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True, ensure_ascii=True).encode("ascii")).hexdigest()


def plan_key(onnx: bytes, options: BuildOptions, trt: TensorRT, gpu: Gpu) -> PlanKey:
    """The key of the plan that building `onnx` so on this machine gives. Raises OptionMissing as BuildOptions.typing_on."""
    return PlanKey(
        onnx_sha256=hashlib.sha256(onnx).hexdigest(),
        machine=this_machine(trt, gpu),
        precision=options.precision,
        typing=options.typing_on(trt).value,
        profile=str(options.profile),
        workspace_bytes=options.workspace_bytes,
        optimisation_level=options.optimisation_level,
        dla_core=options.dla_core,
        version_compatible=options.version_compatible,
        hardware_compatible=options.hardware_compatible,
    )
