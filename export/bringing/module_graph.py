"""A PyTorch module as a graph of float input, with the module as its own reference."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from export.bringing.sides import PROBE_PX
from export.bringing.spec import BringingSpec, Layout, Source
from export.conversion_error import ConversionError
from export.to_onnx import traced

_UNPOOL = "aten::max_unpool2d"
# What a foreign module may raise when it is run: its own code does.
_FAULTS = (RuntimeError, ValueError, TypeError, IndexError, KeyError, AssertionError, AttributeError, NotImplementedError)


class _Flat(nn.Module):
    """Whatever nest of lists and mappings a module gives, its tensors in order; its mode stays as it is."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        return tuple(_tensors(self.module(x)))

    def train(self, mode: bool = True) -> _Flat:
        return self


def _axes(outputs: Sequence[torch.Tensor], layout: Layout, *, free: bool) -> dict[str, dict[int, str]]:
    """The axes of the image and of each output that have no fixed length."""
    spatial = {2: "height", 3: "width"} if layout == "nchw" else {1: "height", 2: "width"}
    axes = {"image": {0: "batch", **(spatial if free else {})}}
    for index, output in enumerate(outputs):
        of_field = {k: f"{v}{index}" for k, v in spatial.items()} if free and output.ndim == 4 else {}
        axes[f"output{index}"] = {0: "batch", **of_field}
    return axes


def module_source(kind: str, module: nn.Module, layout: Layout, spec: BringingSpec, side_px: int | None = None) -> Source:
    """`module`, float images in `layout` to outputs, as a Source. `side_px` is the one side it takes, None where it takes any.

    Raises ConversionError where it does not run or the exporter refuses it.
    """
    flat, side = _Flat(module), side_px or spec.side_px or PROBE_PX
    channels = spec.normalisation.channels
    shape = (2, channels, side, side) if layout == "nchw" else (2, side, side, channels)
    with torch.no_grad():
        try:
            outputs = flat(torch.zeros(shape))
        except _FAULTS as error:
            raise ConversionError(
                f"the network does not run on {tuple(shape)} float32: {_short(error)}; say with --side-px which side it takes, "
                "and with --normalisation grey where it takes one channel"
            ) from error
        if not outputs:
            raise ConversionError("the network gives no tensor")
        # A classifier's pooling and flattening are traced for its one size; only a field's sizes are left open.
        axes = _axes(outputs, layout, free=side_px is None and spec.task == "segmentation")
        with _unpooling_known():
            # A script is its own trace: called within another it is refused.
            model = traced(module if isinstance(module, torch.jit.ScriptModule) else flat, torch.zeros(shape), axes)
    parameters = sum(one.numel() for one in module.parameters()) or sum(one.numel() for one in module.buffers())
    names = list(axes)[1:]

    def reference(pixels: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        images = torch.from_numpy(spec.normalisation.apply(pixels))
        with torch.no_grad():
            found = flat(images.permute(0, 3, 1, 2).contiguous() if layout == "nchw" else images)
        picked = [found[names.index(name)] for name in spec.outputs] if spec.outputs else list(found)
        return [one.detach().float().numpy() for one in picked]

    return Source(kind, model, layout, reference, max(1, parameters))


def _tensors(value: object) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _tensors(one)
    elif isinstance(value, Sequence):
        for one in value:
            yield from _tensors(one)


@contextmanager
def _unpooling_known() -> Iterator[None]:
    """PyTorch's exporter has no MaxUnpool: it is taught one, with ONNX' meaning, for as long as this lasts."""

    def unpool(graph: object, values: object, indices: object, size: object) -> object:
        # Its window is read from the pooling that gave the indices, when the graph is rewritten for TensorRT.
        return graph.op("MaxUnpool", values, indices, kernel_shape_i=[2, 2], strides_i=[2, 2])  # type: ignore[attr-defined]

    torch.onnx.utils.register_custom_op_symbolic(_UNPOOL, unpool, 9)
    level = logging.getLogger("torch.onnx").level
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    try:
        yield
    finally:
        logging.getLogger("torch.onnx").setLevel(level)
        torch.onnx.utils.unregister_custom_op_symbolic(_UNPOOL, 9)


def _short(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[-1] if lines else type(error).__name__)[:300]
