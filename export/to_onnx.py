"""From a trained network to an ONNX file that takes a camera's uint8 pixels."""

from __future__ import annotations

import tempfile
from pathlib import Path

import onnx
import torch
from torch import Tensor, nn

OPSET = 17
"""The newest that the oldest supported JetPack's TensorRT reads."""


class _FromPixels(nn.Module):
    """Puts the preparation's last step in the graph: (batch, height, width, 3) uint8 in, logits out.

    A quarter of the bytes go to the device, and nobody can forget to divide by 255.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, pixels: Tensor) -> Tensor:
        logits: Tensor = self.network(pixels.to(torch.float32).permute(0, 3, 1, 2) / 255.0)
        return logits


def to_onnx(network: nn.Module, multiple_px: int) -> bytes:
    """`network`, (batch, 3, height, width) float 0..1 to logits, as a checked ONNX file with any batch and field size.

    Sizes must be multiples of `multiple_px`. Input `pixels`, output `logits`.
    """
    side = 4 * multiple_px
    example = torch.zeros(2, side, side, 3, dtype=torch.uint8)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        torch.onnx.export(
        _FromPixels(network).eval(), (example,), path, opset_version=OPSET, dynamo=False,
        input_names=["pixels"], output_names=["logits"],
        dynamic_axes={"pixels": {0: "batch", 1: "height", 2: "width"}, "logits": {0: "batch", 2: "height", 3: "width"}},
    )  # fmt: skip
        model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString())


def write_atomically(path: Path, content: bytes) -> None:
    """Write beside, then replace: no half-written model is ever found under `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(path.suffix + ".partial")
    partial.write_bytes(content)
    partial.replace(path)
