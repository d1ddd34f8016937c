"""A torch state dict and the name of its architecture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from pickle import UnpicklingError

import torch
from torch import Tensor, nn

from export.bringing.module_graph import module_source
from export.bringing.spec import BringingSpec, Source
from export.conversion_error import ConversionError
from export.zoo import ARCHITECTURES, Architecture, ZooError, architecture

_INSIDE = ("state_dict", "model_state_dict", "model", "weights", "network", "net", "ema")
"""Where checkpoints keep the weights among other things."""


def read(path: Path, spec: BringingSpec) -> Source:
    """Raises ConversionError. Nothing of the file is executed: weights are read and nothing else."""
    if spec.architecture is None:
        raise ConversionError(f"it holds weights alone; say whose with --architecture: {', '.join(sorted(ARCHITECTURES))}")
    state = _state(path)
    try:
        kind = architecture(spec.architecture)
        network = _built(kind, spec)
    except ZooError as error:
        raise ConversionError(str(error)) from error
    _load(network, _unwrapped(state, network), spec.architecture)
    one_side = spec.side_px if kind.task == "classification" else None
    traced_px = spec.side_px or kind.fitting_px(4 * kind.multiple_px)
    return module_source(
        f"state dict of {spec.architecture}", network.eval(), "nchw", replace(spec, side_px=traced_px), one_side
    )


def _built(kind: Architecture, spec: BringingSpec) -> nn.Module:
    if kind.task != spec.task:
        given = "--channels" if kind.task == "segmentation" else "--classes"
        raise ConversionError(f"{kind.name} is a network for {kind.task}; name its outputs with {given}")
    if kind.task == "segmentation":
        return kind.build(len(spec.channels), width=spec.width)
    if spec.side_px is None:
        raise ConversionError(f"{kind.name} needs the side of its crops: say it with --side-px")
    return kind.build(len(spec.classes), spec.side_px)


def _state(path: Path) -> Mapping[str, Tensor]:
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except UnpicklingError as error:
        raise ConversionError(
            f"it holds more than weights ({_global(error)}), and a pickle can run anything when it is opened: where "
            "you trained it, "
            ""
            "save the weights alone with torch.save(model.state_dict(), 'weights.pt'), or "
            "torch.jit.script(model).save('model.pt')"
        ) from error
    except (RuntimeError, EOFError, ValueError, KeyError, IndexError, AttributeError, UnicodeDecodeError) as error:
        raise ConversionError(f"PyTorch cannot read it ({_first(error)}); copy or save it again") from error
    found = content
    while isinstance(found, Mapping) and not _is_state(found):
        key = next((name for name in _INSIDE if isinstance(found.get(name), Mapping)), None)
        if key is None:
            break
        found = found[key]
    if not isinstance(found, Mapping) or not _is_state(found):
        what = ", ".join(map(str, list(content)[:5])) if isinstance(content, Mapping) else type(content).__name__
        raise ConversionError(f"it holds no state dict but {what}; save torch.save(model.state_dict(), 'weights.pt')")
    return {str(name): value for name, value in found.items()}


def _is_state(content: Mapping[object, object]) -> bool:
    return bool(content) and all(isinstance(value, Tensor) for value in content.values())


def _unwrapped(state: Mapping[str, Tensor], network: nn.Module) -> Mapping[str, Tensor]:
    """Without the prefix that a wrapper such as DataParallel or a training module put before every name."""
    wanted = network.state_dict().keys()
    while not wanted & state.keys():
        prefixes = {name.split(".", 1)[0] for name in state if "." in name}
        if len(prefixes) != 1 or any("." not in name for name in state):
            return state
        state = {name.split(".", 1)[1]: value for name, value in state.items()}
    return state


def _load(network: nn.Module, state: Mapping[str, Tensor], name: str) -> None:
    try:
        network.load_state_dict(dict(state))
    except (RuntimeError, ValueError, KeyError) as error:
        lines = " ".join(str(error).split())
        raise ConversionError(
            f"its weights are not {name}'s: {lines[:300]}; check --architecture, --width and the number of channels "
            "or classes, or "
            "bring the network itself as TorchScript or ONNX"
        ) from error


def _global(error: Exception) -> str:
    text = " ".join(str(error).split())
    at = text.find("GLOBAL ")
    return text[at : text.find(" ", at + 7)] if at >= 0 else "a pickled object or a damaged file"


def _first(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
