"""Which sizes a graph takes: asked of its file, else found out by running it."""

from __future__ import annotations

import numpy as np
import onnx
from numpy.typing import NDArray

from export.bringing.graph import sizes
from export.bringing.session import Session
from export.bringing.spec import BringingSpec, Sides
from export.conversion_error import ConversionError

PROBE_PX = 192
"""A multiple of 64 that is above what DO-U-Net, the one unpadded network of the papers, loses at its borders."""
MULTIPLES = (1, 2, 4, 8, 16, 32, 64)


def measured(model: onnx.ModelProto, spec: BringingSpec) -> Sides:
    """The sides that `model`, whose input is `pixels`, takes. Raises ConversionError naming what must be said or changed."""
    shape = sizes(model.graph.input[0])
    if spec.side_px and any(side not in (None, spec.side_px) for side in shape[1:3]):
        raise ConversionError(f"it takes {shape[2]}x{shape[1]} px alone, not the {spec.side_px} px that --side-px says")
    fixed = shape[1] or shape[2]
    if fixed and (shape[1] or fixed) != (shape[2] or fixed):
        raise ConversionError(
            f"it takes {shape[2]}x{shape[1]} px alone; HemoCam cuts squares: make it with a square input or one of any size"
        )
    session = Session(model)
    if spec.task == "classification":
        side = fixed or spec.side_px
        if not side:
            raise ConversionError("it does not say how large its crops are: say it with --side-px")
        if session.shape_for((1, side, side, 3)) is None:
            session.run(_grey(side))  # raises with the runtime's words
        return Sides(1, side)
    if fixed:
        lost = _lost(session, fixed)
        if lost is None:
            raise ConversionError(f"its output is no map of the {fixed} px square: {session.run(_grey(fixed))[0].shape}{_HINT}")
        return Sides(1, fixed, lost or _border(spec, fixed), unpadded=lost > 0)
    return _probed(session, spec)


_HINT = "; take the output before it is scaled down or made a list, and export that"


def _probed(session: Session, spec: BringingSpec) -> Sides:
    base = spec.side_px or PROBE_PX
    lost = _lost(session, base)
    if lost is None:
        shape = session.shape_for((1, base, base, 3))
        if shape is None:
            try:
                session.run(_grey(base))
            except ConversionError as error:
                raise ConversionError(f"{error}; say with --side-px which side it takes") from error
        raise ConversionError(f"its output for {base} px is {shape}, no map of the field{_HINT}")
    for multiple in MULTIPLES:
        tall, wide = base + multiple, base + 3 * multiple
        if session.shape_for((2, tall, wide, 3)) is not None and _maps(session, tall, wide) == lost:
            # An unpadded network is run square by square, whatever else it takes.
            return Sides(multiple, base if lost else None, lost, unpadded=lost > 0)
    if spec.side_px:
        return Sides(1, base, lost or _border(spec, base), unpadded=lost > 0)
    raise ConversionError(
        f"it runs on {base} px and on no other size; that comes of tracing, which writes sizes into the graph: use "
        "torch.jit.script or dynamic axes, or say with --side-px that it takes squares of one side"
    )


def _lost(session: Session, side: int) -> int | None:
    return _maps(session, side, side)


def _maps(session: Session, height: int, width: int) -> int | None:
    """How many pixels the output lacks on each side, None where it is no map of the input."""
    shape = session.shape_for((1, height, width, 3))
    if shape is None or len(shape) != 4:
        return None
    for tall, wide in (shape[2:], shape[1:3]):
        # A half or a quarter of the size is a map that was scaled down, not one that lacks a border.
        scaled = any(tall * factor == height for factor in (2, 4, 8, 16, 32))
        if not scaled and height - tall == width - wide >= 0 and (height - tall) % 2 == 0 and min(tall, wide) > 0:
            return int(height - tall) // 2
    return None


def _border(spec: BringingSpec, side: int) -> int:
    """Of a square, near its edge a padded network sees no surroundings: an eighth is not trusted where nothing is said."""
    return side // 8 if spec.context_px is None else spec.context_px


def _grey(side: int) -> NDArray[np.uint8]:
    return np.full((1, side, side, 3), 128, np.uint8)
