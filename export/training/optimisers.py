"""The network and the optimiser that a recipe names."""

from __future__ import annotations

import pickle
from collections.abc import Callable

import torch
from torch import nn

from export.training.recipe import RecipeError
from export.training.recipes import ZooRecipe


def network_for(recipe: ZooRecipe, build: Callable[[], nn.Module], device: torch.device) -> nn.Module:
    """The recipe's network on the device, from its seed or from `init_from`. Raises RecipeError where that does not fit."""
    network = build().to(device)
    if recipe.norm_momentum is not None:
        _set_momentum(network, recipe.norm_momentum)
    if recipe.init_from is None:
        return network
    try:
        network.load_state_dict(torch.load(recipe.init_from, map_location=device, weights_only=True))
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise RecipeError(
            f"{recipe.name}: init_from: {recipe.init_from} does not fit {recipe.architecture}: {error}"
        ) from error
    return network


def _set_momentum(network: nn.Module, kept: float) -> None:
    """What Keras calls momentum is the share kept, PyTorch's is the share taken in. Keras' layers are no submodules of their
    model: it names them itself."""
    for module in network.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.momentum = 1.0 - kept
        layers: object = getattr(module, "layers", None)
        for layer in layers if isinstance(layers, list) else []:
            if type(layer).__name__ == "BatchNormalization":
                layer.momentum = kept


def optimiser(recipe: ZooRecipe, network: nn.Module, rate: float, beta1: float = 0.9) -> torch.optim.Optimizer:
    """The optimiser of the recipe over every parameter that may ever learn."""
    learning = [one for one in network.parameters() if one.is_floating_point()]
    if recipe.optimiser == "adam":
        return torch.optim.Adam(learning, lr=rate, betas=(beta1, 0.999), weight_decay=recipe.weight_decay)
    if recipe.optimiser == "adamw":
        return torch.optim.AdamW(learning, lr=rate, betas=(beta1, 0.999), weight_decay=recipe.weight_decay)
    return torch.optim.SGD(learning, lr=rate, momentum=0.9, weight_decay=recipe.weight_decay)


def clipped(network: nn.Module, norm: float | None) -> None:
    """Keep the gradient's norm within `norm`."""
    if norm is not None:
        torch.nn.utils.clip_grad_norm_(network.parameters(), norm)
