"""What goes wrong on the way from a trained network to an ONNX file."""

from __future__ import annotations


class ConversionError(Exception):
    """A model cannot be converted; the message names the file or the node and says what to do."""
