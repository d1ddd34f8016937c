"""A whole Keras model, .keras or .h5, on PyTorch."""

from __future__ import annotations

import runpy
import warnings
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

from torch import Tensor, nn

from export.bringing.module_graph import module_source
from export.bringing.spec import BringingSpec, Layout, Source
from export.conversion_error import ConversionError
from export.zoo import ZooError
from export.zoo.keras_backend import keras_on_torch

# Keras raises what its many loaders raise.
_FAULTS = (ValueError, TypeError, RuntimeError, OSError, KeyError, AttributeError, ImportError, IndexError, EOFError,
           NotImplementedError, AssertionError, zipfile.BadZipFile)  # fmt: skip


class _Quiet(nn.Module):
    """The model as in use: without dropout, with the kept batch statistics."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Tensor) -> Any:
        return self.model(x, training=False)


def read(path: Path, spec: BringingSpec) -> Source:
    """Raises ConversionError. Layers that hold code (Lambda) are refused; the lab's own layers come from `spec.python`."""
    try:
        keras = keras_on_torch()
    except ZooError as error:
        raise ConversionError(str(error)) from error
    if spec.python is not None:
        _run(spec.python)
    model = _loaded(keras, path)
    inputs = model.inputs
    if inputs is None or len(inputs) != 1 or len(inputs[0].shape) != 4:
        shapes = ", ".join(str(tuple(one.shape)) for one in inputs or []) or "not built"
        raise ConversionError(
            f"its inputs are {shapes}; HemoCam feeds one image (batch, height, width, 3): save the model with that input alone"
        )
    shape = tuple(inputs[0].shape)
    layout = _layout(shape, spec)
    spatial = shape[2:] if layout == "nchw" else shape[1:3]
    if spatial[0] != spatial[1] and None not in spatial:
        raise ConversionError(
            f"it takes {spatial[1]}x{spatial[0]} px alone; HemoCam cuts squares: build it with keras.Input((None, "
            "None, 3)), load the "
            "weights, and save that"
        )
    side = spatial[0] or spatial[1] or (spec.side_px if spec.task == "classification" else None)
    return module_source("Keras", _Quiet(model).eval(), layout, spec, side)


def _loaded(keras: ModuleType, path: Path) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # A .h5 or .keras file of another name is copied under no other: Keras goes by the suffix.
            return keras.saving.load_model(path, compile=False, safe_mode=True)
    except _FAULTS as error:
        text = " ".join(str(error).split())
        if "No model config found" in text or "model_config" in text:
            cure = "it holds weights alone: build the network, load them, and save it whole with model.save('model.keras')"
        elif "ambda" in text:
            cure = (
                "a Lambda layer holds code: write it as a registered layer, save the model again, and give the "
                "layer's file with --python"
            )
        elif "ould not locate" in text or "Unknown layer" in text or "register_keras_serializable" in text:
            cure = "give the file that defines and registers its layers with --python"
        elif "File format not supported" in text:
            cure = "name it .keras or .h5, as its content is"
        else:
            cure = "copy or save it again; a model of Keras 2 is first to be opened and saved as .keras by Keras 3"
        raise ConversionError(f"Keras cannot load it ({text[:300]}); {cure}") from error


def _layout(shape: tuple[int | None, ...], spec: BringingSpec) -> Layout:
    channels = spec.normalisation.channels
    if spec.layout is not None:
        return spec.layout
    if shape[3] == channels:
        return "nhwc"
    if shape[1] == channels:
        return "nchw"
    raise ConversionError(
        f"its input is {shape}: no axis has {channels} channels"
        + ("; for a network that takes grey pictures say --normalisation grey" if 1 in (shape[1], shape[3]) else "")
    )


def _run(python: Path) -> None:
    """Execute the lab's file: that is what it was named for."""
    try:
        runpy.run_path(str(python))
    except Exception as error:  # it is the lab's code and may raise anything
        raise ConversionError(f"{python}, named by --python, fails: {type(error).__name__}: {error}") from error
