"""A TorchScript file."""

from __future__ import annotations

from pathlib import Path

import torch

from export.bringing.module_graph import module_source
from export.bringing.spec import BringingSpec, Source
from export.conversion_error import ConversionError


def read(path: Path, spec: BringingSpec) -> Source:
    """Raises ConversionError."""
    try:
        module = torch.jit.load(str(path), map_location="cpu").eval()  # type: ignore[no-untyped-call]
    except (RuntimeError, ValueError, EOFError) as error:
        first = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ConversionError(f"PyTorch cannot read it as TorchScript ({first[:200]}); copy or save it again") from error
    side = spec.side_px if spec.task == "classification" else None
    return module_source("TorchScript", module, spec.layout or "nchw", spec, side)
