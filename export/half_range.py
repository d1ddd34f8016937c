"""Values that FP16 cannot hold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from onnx import ModelProto, TensorProto, numpy_helper

LARGEST = float(np.finfo(np.float16).max)
SMALLEST = float(np.finfo(np.float16).smallest_subnormal)
VANISHING = 0.01
"""An initialiser that loses more than this share of its values to FP16's smallest is worth a warning."""


@dataclass(frozen=True, slots=True)
class OutOfRange:
    """An initialiser with values that FP16 cannot hold: `overflowing` are beyond 65504, `vanishing` nearer to 0 than 6e-8."""

    name: str
    values: int
    overflowing: int
    vanishing: int

    @property
    def matters(self) -> bool:
        """Values beyond the range always do; of those near 0 every trained network has some, so a share of them."""
        return self.overflowing > 0 or self.vanishing > VANISHING * self.values

    def __str__(self) -> str:
        parts = [(self.overflowing, f"beyond {LARGEST:.0f}"), (self.vanishing, f"nearer to 0 than {SMALLEST:.0e}")]
        return f"{self.name}: " + " and ".join(f"{n} of {self.values} values {what}" for n, what in parts if n)


def out_of_range(model: ModelProto) -> tuple[OutOfRange, ...]:
    """Every float initialiser and constant with values that FP16 cannot hold; zeros and infinities are held."""
    tensors = [(tensor.name, tensor) for tensor in model.graph.initializer]
    tensors += [
        (node.output[0], attribute.t)
        for node in model.graph.node
        if node.op_type == "Constant"
        for attribute in node.attribute
        if attribute.name == "value"
    ]
    found = []
    for name, tensor in tensors:
        if tensor.data_type != TensorProto.FLOAT:
            continue
        size = np.abs(numpy_helper.to_array(tensor))
        overflowing = int(np.count_nonzero((size > LARGEST) & np.isfinite(size)))
        vanishing = int(np.count_nonzero((size > 0) & (size < SMALLEST)))
        if overflowing or vanishing:
            found.append(OutOfRange(name, size.size, overflowing, vanishing))
    return tuple(found)
