"""From ONNX to a plan."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from engines.tensorrt.binding import FAULTS, TensorRT, find_tensorrt
from engines.tensorrt.errors import BuildFailed, GraphRefused, OptionMissing
from engines.tensorrt.options import GIB, BuildOptions, PlanPrecision, Typing
from engines.tensorrt.parsing import input_shapes, parse
from engines.tensorrt.profiles import Profile
from engines.tensorrt.progress import Progress, reported
from engines.tensorrt.timing_cache import load_timing_cache, save_timing_cache

__all__ = [
    "GIB",
    "BuildFailed",
    "BuildOptions",
    "Built",
    "GraphRefused",
    "OptionMissing",
    "PlanPrecision",
    "Profile",
    "Progress",
    "Typing",
    "build",
    "build_plan",
]

# What TensorRT's lines say, and what to do; the first that fits. Seen with RTX 1.7, and in NVIDIA's issues for 8 and 10.
_CURES = (
    (r"libnvinfer_lean", "install TensorRT's lean runtime, or leave version compatibility out"),
    (
        r"CUDA initialization failure|no CUDA-capable device|driver version is insufficient",
        "look at nvidia-smi: no usable driver",
    ),
    (
        r"cuda\w*(Malloc|Error).*memory|cuda failure.*out of memory|virtualMemoryBuffer",
        "close what else uses the GPU, or give a smaller largest size",
    ),
    (
        r"OutOfMemory|workspace|[Nn]o implementation|any implementation",
        "give it a larger workspace than {gib:g} GiB, or a smaller largest size",
    ),
    (r"canceled|cancelled|progress monitor", "it was called off"),
)


@dataclass(frozen=True, slots=True)
class Built:
    """A plan and what making it was. `layers` are the network's, before TensorRT fuses them."""

    plan: bytes
    layers: int
    seconds: float
    typing: Typing
    runtime: str


def build_plan(
    onnx: bytes, options: BuildOptions | None = None, trt: TensorRT | None = None, progress: Progress | None = None
) -> bytes:
    """The plan alone; see `build`."""
    return build(onnx, options, trt, progress).plan


def build(
    onnx: bytes, options: BuildOptions | None = None, trt: TensorRT | None = None, progress: Progress | None = None
) -> Built:
    """Build `onnx` (NHWC uint8 input, one output) for `options.profile` on `trt`, or on what find_tensorrt finds.

    Strongly typed (10 and later) it wants the FP16 graph for an FP16 plan, else the FP32 graph: options.graph_precision says
    which. What `progress` raises calls the build off where TensorRT can be called off, and is raised here.
    Raises RuntimeMissing, OptionMissing, GraphRefused, or BuildFailed with TensorRT's own lines.
    """
    options = options or BuildOptions()
    trt = trt or find_tensorrt()
    options.check(trt)
    started = time.monotonic()
    with trt.log.collecting() as lines:
        with _faults(trt, options, lines):
            builder = trt.module.Builder(trt.log.native)
            network = builder.create_network(_creation_flags(trt, options))
            parser = parse(trt, network, onnx, options, lines)
            config = _config(trt, builder, network, options)
        with reported(trt, config, progress), _faults(trt, options, lines):
            plan = builder.build_serialized_network(network, config)
        if plan is None:
            raise _failed(trt, options, lines, "it gave no plan")
        content, layers = bytes(plan), int(network.num_layers)
        if options.timing_cache is not None:
            save_timing_cache(config, options.timing_cache)
        del plan, config, parser, network, builder  # in the order that TensorRT asks for; the builder last
    return Built(content, layers, time.monotonic() - started, options.typing_on(trt), trt.name)


def _creation_flags(trt: TensorRT, options: BuildOptions) -> int:
    flags = 0
    if trt.features.explicit_batch:
        flags |= 1 << int(trt.module.NetworkDefinitionCreationFlag.EXPLICIT_BATCH)
    if trt.features.strongly_typed_flag and options.typing_on(trt) is Typing.STRONG:
        flags |= 1 << int(trt.module.NetworkDefinitionCreationFlag.STRONGLY_TYPED)
    return flags


def _config(trt: TensorRT, builder: Any, network: Any, options: BuildOptions) -> Any:
    module = trt.module
    config = builder.create_builder_config()
    config.set_memory_pool_limit(module.MemoryPoolType.WORKSPACE, options.workspace_bytes)
    if options.typing_on(trt) is Typing.WEAK and options.precision != "fp32":
        config.set_flag(module.BuilderFlag.FP16 if options.precision == "fp16" else module.BuilderFlag.INT8)
    # On by default, with a mantissa of 10 bits: no reference is made of that, and what an FP16 file keeps in FP32, such as the
    # maxima that SegNet's unpooling compares, it keeps for its precision.
    config.clear_flag(module.BuilderFlag.TF32)
    if options.version_compatible:
        config.set_flag(module.BuilderFlag.VERSION_COMPATIBLE)
    if options.hardware_compatible:
        config.hardware_compatibility_level = module.HardwareCompatibilityLevel.AMPERE_PLUS
    if options.optimisation_level is not None:
        config.builder_optimization_level = options.optimisation_level
    if options.dla_core is not None:
        _on_dla(trt, builder, config, options.dla_core)
    name, shapes = input_shapes(trt, network, options)
    profile = builder.create_optimization_profile()
    profile.set_shape(name, *shapes)
    if config.add_optimization_profile(profile) < 0:
        raise BuildFailed(f"{trt.name} refused the profile {options.profile}; give other sizes")
    if options.timing_cache is not None:
        load_timing_cache(config, options.timing_cache)
    return config


def _on_dla(trt: TensorRT, builder: Any, config: Any, core: int) -> None:
    cores = builder.num_DLA_cores
    if not 0 <= core < cores:
        have = f"DLA cores 0 to {cores - 1}" if cores else "no DLA core"
        raise OptionMissing(f"this machine has {have}, and core {core} is asked for; build without DLA, or on another core")
    config.default_device_type = trt.module.DeviceType.DLA
    config.DLA_core = core
    config.set_flag(trt.module.BuilderFlag.GPU_FALLBACK)


@contextmanager
def _faults(trt: TensorRT, options: BuildOptions, lines: list[str]) -> Iterator[None]:
    """What TensorRT raises, as BuildFailed. A builder without a driver is a null pointer: a TypeError."""
    try:
        yield
    except FAULTS as error:
        raise _failed(trt, options, lines, str(error)) from error


def _failed(trt: TensorRT, options: BuildOptions, lines: list[str], otherwise: str) -> BuildFailed:
    text = " | ".join(lines) or otherwise
    cure = next((cure for sign, cure in _CURES if re.search(sign, text)), "look these lines up in TensorRT's issues")
    return BuildFailed(f"{trt.name} built no plan: {text}; {cure.format(gib=options.workspace_bytes / GIB)}")
