"""The GPU and TensorRT, where they are to be used."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from edge.doctor.finding import Finding, Level
from edge.doctor.nodes import Access, may_use
from engines.contract import RuntimeMissing
from engines.opening import Runtime, has_cuda
from engines.tensorrt.binding import TensorRT, find_tensorrt
from engines.tensorrt.gpu_owner import describe_gpu, load_cuda

NAME = "gpu"
USES_GPU = (Runtime.CUDA, Runtime.TENSORRT)
CARD = ("nvidia0", "nvidiactl", "nvidia-uvm")
JETSON = ("nvhost-ctrl-gpu", "nvgpu", "nvmap")


def check_gpu(
    runtime: Runtime,
    devices: Path = Path("/dev"),
    access: Access = may_use,
    cuda: Callable[[], Any] = load_cuda,
    tensorrt: Callable[[], TensorRT] = find_tensorrt,
    onnx_cuda: Callable[[], bool] = has_cuda,
) -> Iterator[Finding]:
    """Whether `runtime` has what it needs. Without TensorRT a slower runtime is taken, without CUDA none."""
    if runtime not in USES_GPU:
        yield Finding(NAME, Level.OK, f"not used: model.runtime is {runtime.value}")
        return
    level = Level.WARNING if runtime is Runtime.TENSORRT else Level.ERROR
    nodes = [devices / name for name in (*CARD, *JETSON) if (devices / name).exists()]
    if not nodes:
        yield Finding(
            NAME, level, f"there is no NVIDIA device under {devices}, and model.runtime is {runtime.value}",
            "install NVIDIA's driver (on a Jetson: JetPack), or set model.runtime to cpu",
        )  # fmt: skip
        return
    yield from (
        Finding(NAME, level, f"you may not use {node}", "sudo usermod -aG video,render $USER, then log in again")
        for node in nodes
        if node.is_char_device() and not access(node)
    )
    names = [node.name for node in nodes]
    if "nvidiactl" in names and "nvidia-uvm" not in names:
        yield Finding(
            NAME, level, f"{devices}/nvidia-uvm is missing, and a service may not make it",
            "sudo nvidia-modprobe -u -c=0, and at each start: systemctl enable nvidia-persistenced",
        )  # fmt: skip
    if runtime is Runtime.TENSORRT:
        yield from _tensorrt(cuda, tensorrt)
    elif onnx_cuda():
        yield Finding(NAME, Level.OK, "onnxruntime has CUDA; whether it starts is seen in the model's check")
    else:
        yield Finding(
            NAME, Level.ERROR, "onnxruntime was built without CUDA", "pip install onnxruntime-gpu, or set model.runtime to cpu"
        )


def _tensorrt(cuda: Callable[[], Any], tensorrt: Callable[[], TensorRT]) -> Iterator[Finding]:
    try:
        yield Finding(NAME, Level.OK, f"{tensorrt().name} on {_gpu(cuda())}")
    except RuntimeMissing as error:
        text, _, cure = str(error).partition("; ")
        yield Finding(
            NAME, Level.WARNING, f"TensorRT is not used, a slower runtime is: {text}", cure or "set model.runtime to cpu"
        )


def _gpu(cuda: Any) -> str:
    gpu = describe_gpu(cuda)
    return f"{gpu.name}, compute capability {'.'.join(map(str, gpu.compute_capability))}, CUDA {'.'.join(map(str, gpu.driver))}"
