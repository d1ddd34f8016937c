"""Small networks of the zoo, as training would have left them, and their files: made once for all tests of a network."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from export.to_half import to_half
from export.to_onnx import onnx_bytes
from export.zoo import ARCHITECTURES, Architecture

CHANNELS = 2
CLASSES = 5
WIDTH = 4
CROP_PX = 80


@dataclass(frozen=True, slots=True)
class Made:
    """A small network in evaluation, and its ONNX file."""

    kind: Architecture
    network: nn.Module
    fp32: bytes


def labels(kind: Architecture) -> tuple[str, ...]:
    return ("rbc", "rbc_outline") if kind.task == "segmentation" else ("a", "b", "c", "d", "e")


def built(kind: Architecture, side_px: int = CROP_PX) -> nn.Module:
    """Random weights that are always the same; four filters first, or a whole classifier, which has no widths."""
    torch.manual_seed(0)
    if kind.task == "segmentation":
        return kind.build(CHANNELS, width=WIDTH)
    network = kind.build(CLASSES, side_px=side_px)
    if kind.keras:
        _wake(network)
    return network


def _wake(network: nn.Module) -> None:
    """He et al., ICCV 2015, for every kernel: Keras starts depthwise ones so small that MobileNet's logits are 1e-5."""
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.ndim in (2, 4):
                depthwise = parameter.ndim == 4 and parameter.shape[-1] == 1
                inside = parameter.shape[:2].numel() if depthwise else parameter.shape[:-1].numel()
                parameter.normal_(0.0, (2.0 / inside) ** 0.5)


def sides(kind: Architecture) -> tuple[int, int]:
    """Two sides that the network takes: what it needs at least, and one step more. A classifier takes one alone."""
    if kind.task == "classification":
        return CROP_PX, CROP_PX
    least_px = kind.fitting_px(33)
    return least_px, kind.fitting_px(least_px + 1)


def pictures(count: int, height_px: int, width_px: int, seed: int = 0) -> NDArray[np.uint8]:
    """(count, height_px, width_px, 3): bright fields with darker discs, since noise alone looks everywhere alike."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[:height_px, :width_px]
    fields = np.full((count, height_px, width_px, 3), 225.0)
    for field in fields:
        for _ in range(4):
            inside = np.hypot(rows - random.uniform(0, height_px), columns - random.uniform(0, width_px)) < random.uniform(
                5, 20
            )
            field[inside] = random.uniform(60, 200, 3)
    return np.clip(fields + random.normal(0, 4, fields.shape), 0, 255).astype(np.uint8)


def as_input(pixels: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255.0


@lru_cache(maxsize=1)
def made(name: str) -> Made:
    """Its normalisations have seen pictures: fresh statistics of 0 and 1 would let a wrong export pass."""
    kind = ARCHITECTURES[name]
    network = built(kind).train()
    side_px = sides(kind)[1]
    # Statistics of few pictures have to count, but not alone: where a level is one pixel, a dozen values would be divided by
    # their own small spread, and rounding with them. Keras's layers are no modules of PyTorch's, and it counts the other way.
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.momentum = 0.5
    for layer in network.network.layers if kind.keras else ():
        if hasattr(layer, "momentum"):
            layer.momentum = 0.8
    with torch.no_grad():
        for seed in range(4):
            network(as_input(pictures(4, side_px, side_px, seed)))
        network.eval()
        if kind.keras:  # to logits of a trained size: against hundreds, 1e-4 would be less than float32 can tell
            last = [layer for layer in network.network.layers if hasattr(layer, "kernel")][-1]
            last.kernel.assign(last.kernel * 5.0 / network(as_input(pictures(4, side_px, side_px))).abs().max())
    return Made(
        kind, network, onnx_bytes(name, network, labels(kind), side_px=CROP_PX if kind.task == "classification" else None)
    )


@lru_cache(maxsize=1)
def halved(name: str) -> bytes:
    return to_half(made(name).fp32)


def run(model: bytes, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What onnxruntime makes of it."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    logits: NDArray[np.float32] = session.run(["logits"], {"pixels": pixels})[0]
    return logits
