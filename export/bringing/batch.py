"""How many images a graph takes at a time."""

from __future__ import annotations

import numpy as np
import onnx
from numpy.typing import NDArray

from export.bringing.graph import sizes
from export.bringing.spec import Reference
from export.conversion_error import ConversionError


def any_batch(model: onnx.ModelProto, image: onnx.ValueInfoProto, reference: Reference) -> tuple[Reference, tuple[str, ...]]:
    """Let `model`, in place, take any number of images; the agreement with its source is checked on two later.

    A source that was saved for one image stays the `reference`, one image at a time. Gives it, and what to tell. Raises
    ConversionError where the source takes another number.
    """
    count = sizes(image)[0]
    if count is None:
        return reference, ()
    if count != 1:
        raise ConversionError(f"it takes {count} images at a time; export it with a dynamic or single batch")
    # Sizes that the file claims for what comes later hold for one image.
    image.type.tensor_type.shape.dim[0].dim_param = "batch"
    for output in model.graph.output:
        for dim in output.type.tensor_type.shape.dim:
            dim.Clear()
    del model.graph.value_info[:]

    def one_by_one(pixels: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        runs = [reference(pixels[at : at + 1]) for at in range(len(pixels))]
        return [np.concatenate(outputs) for outputs in zip(*runs, strict=True)]

    return one_by_one, ("its batch of 1 was made free",)
