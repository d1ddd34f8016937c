"""Sizes that a trace must not follow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

_SHAPE: Any = torch.Tensor.shape.__get__  # type: ignore[attr-defined]  # a getter of C


class PinnedSizes(TorchFunctionMode):
    """Inside, a tensor's sizes are plain numbers while a trace runs; only the first, the batch, is followed.

    PyTorch's tracing exporter follows every size through the graph, but ONNX wants some as constants: what layer
    normalisation works over (Keras' ConvNeXt asks the tensor for it) and the padding of a pooling (Keras' Xception computes
    it). For a network of one input size they are constants.
    """

    def __torch_function__(
        self, func: Any, types: Iterable[type], args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        # The getter is made anew at each access, so that it is never the same object.
        if func == _SHAPE and torch._C._get_tracing_state() is not None and len(result) > 0:
            first = int(result[0]) if isinstance(args[0], torch.nn.Parameter) else result[0]
            return (first, *(int(size) for size in result[1:]))
        return result
