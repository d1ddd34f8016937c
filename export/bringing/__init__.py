"""From a lab's own trained model, in whatever file it lies, to a model folder that HemoCam opens."""

from __future__ import annotations

from export.bringing.converting import bring
from export.bringing.model_folder import write_model_folder
from export.bringing.spec import BringingSpec, Brought
from export.conversion_error import ConversionError

__all__ = ["BringingSpec", "Brought", "ConversionError", "bring", "write_model_folder"]
