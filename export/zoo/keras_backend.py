"""Keras on PyTorch: the one door through which Keras comes in."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Literal

from export.zoo.architecture import ZooError

DataFormat = Literal["channels_first", "channels_last"]


def keras_on_torch() -> ModuleType:
    """The `keras` package with PyTorch beneath it. Raises ZooError where it is missing or runs on something else.

    Keras chooses its backend once, when it is first imported: the choice is made here, before, for this process alone.
    """
    if importlib.util.find_spec("keras") is None:
        raise ZooError('this network needs Keras; install it with: pip install "hemocam[keras]"')
    if "keras" not in sys.modules:
        os.environ["KERAS_BACKEND"] = "torch"
    import keras  # noqa: PLC0415  # takes seconds, and only its own networks need it

    if keras.config.backend() != "torch":
        raise ZooError(
            f"Keras already runs on {keras.config.backend()} in this process; start anew with KERAS_BACKEND=torch in "
            "the environment"
        )
    module: ModuleType = keras
    return module


@contextmanager
def data_format(keras: ModuleType, wanted: DataFormat) -> Iterator[None]:
    """Networks that are built inside have this order of channels; what was set before comes back."""
    before = keras.config.image_data_format()
    keras.config.set_image_data_format(wanted)
    try:
        yield
    finally:
        keras.config.set_image_data_format(before)
