"""What can go wrong on the way from ONNX to a plan."""

from __future__ import annotations

from engines.contract import EngineError


class BuildFailed(EngineError):
    """TensorRT made no plan; the message holds its own error lines and what to do."""


class OptionMissing(BuildFailed):
    """The installed TensorRT lacks an option that was asked for, or the option does not fit the others."""


class GraphRefused(BuildFailed):
    """TensorRT's parser takes this ONNX not at all, or not as it is asked for; the message names the node."""
