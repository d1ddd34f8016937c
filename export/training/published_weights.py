"""A published model as the start of another training: its FP32 ONNX file, turned back into weights."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import onnx
import torch
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # protobuf ships no types
from onnx import numpy_helper
from torch import Tensor, nn

from export.training.recipe import RecipeError


def load_weights(network: nn.Module, path: Path, pixels: Tensor) -> None:
    """Start `network` with the weights at `path`: a checkpoint, or the FP32 `.onnx` of a field network with the same widths.

    The file has no batch normalisation left: each is made anew from what `pixels`, (batch, 3, height, width) in 0..1, give,
    so that the network says what the file says. Channels that the file does not have keep their random start. Raises
    RecipeError where the file is another network's.
    """
    if path.suffix != ".onnx":
        network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
        return
    convolutions = [module for module in network.modules() if isinstance(module, nn.Conv2d)]
    for module, (weight, bias) in zip(convolutions, _convolutions(path, len(convolutions)), strict=True):
        rows = len(weight)
        if weight.shape[1:] != module.weight.shape[1:] or rows > len(module.weight):
            raise RecipeError(
                f"{path} has a convolution of {tuple(weight.shape)} for {tuple(module.weight.shape)}: not the same network"
            )
        module.weight.data[:rows] = weight
        if module.bias is not None:
            module.bias.data[:rows] = bias
    biases = [bias for _, bias in _convolutions(path, len(convolutions))]
    _renormalise(network, dict(zip(convolutions, biases, strict=True)), pixels)


def _convolutions(path: Path, count: int) -> list[tuple[Tensor, Tensor]]:
    """Weight and bias of each convolution, in the order of execution."""
    try:
        graph = onnx.load(path).graph
    except (OSError, DecodeError) as error:
        raise RecipeError(f"{path} cannot be read: {error}") from error
    known = {one.name: torch.from_numpy(numpy_helper.to_array(one).copy()) for one in graph.initializer}
    found = [node for node in graph.node if node.op_type == "Conv"]
    if len(found) != count or any(len(node.input) != 3 or not set(node.input[1:]) <= known.keys() for node in found):
        raise RecipeError(
            f"{path} has {len(found)} convolutions with weights and bias, the network {count}; give its FP32 file"
        )
    return [(known[node.input[1]], known[node.input[2]]) for node in found]


def _renormalise(network: nn.Module, biases: Mapping[nn.Conv2d, Tensor], pixels: Tensor) -> None:
    """Give each batch normalisation behind a convolution the mean and variance that it sees, and the scale and shift that
    leave what it passes on as the file has it."""
    bias_of: dict[nn.BatchNorm2d, Tensor] = {}
    for before, module in pairwise(network.modules()):
        if isinstance(before, nn.Conv2d) and isinstance(module, nn.BatchNorm2d):
            bias_of[module] = biases[before]

    def settle(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        assert isinstance(module, nn.BatchNorm2d) and module.running_mean is not None and module.running_var is not None
        mean, variance = inputs[0].mean(dim=(0, 2, 3)), inputs[0].var(dim=(0, 2, 3))
        module.running_mean.copy_(mean)
        module.running_var.copy_(variance)
        module.weight.data.copy_(torch.sqrt(variance + module.eps))
        module.bias.data.copy_(bias_of[module] + mean)

    training = network.training
    hooks = [module.register_forward_pre_hook(settle) for module in bias_of]
    with torch.no_grad():
        network.eval()(pixels)
    for hook in hooks:
        hook.remove()
    network.train(training)
