"""Whether the converted file says what its source says."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from export.bringing.rewrites.output_logits import Head
from export.bringing.session import Session
from export.bringing.spec import BACKGROUND, BringingSpec, Reference, Sides
from export.conversion_error import ConversionError

WORST = 1e-3
"""The largest difference that is rounding: of probabilities, or of logits as a share of the largest (at least of 1)."""

Floats = NDArray[np.float32]


def checked(content: bytes, reference: Reference, heads: list[Head], spec: BringingSpec, sides: Sides) -> float:
    """The largest difference between file and source on smooth and noisy pictures. Raises ConversionError above WORST."""
    session, worst = Session(content), 0.0
    for pixels in _pictures(sides):
        found = session.run(pixels)[0]
        for mine, theirs in _pairs(found, reference(pixels), heads, spec):
            if mine.shape != theirs.shape:
                raise ConversionError(
                    f"the converted file gives {mine.shape} where the source gives {theirs.shape}; nothing was written"
                )
            largest = max(1.0, float(np.abs(theirs).max(initial=0.0)))
            worst = max(worst, float(np.abs(mine - theirs).max(initial=0.0)) / largest)
            if not np.isfinite(mine).all() or not np.isfinite(theirs).all():
                raise ConversionError(
                    "the source gives values that are not finite; train it anew or bring an earlier checkpoint"
                )
    if not worst <= WORST:
        raise ConversionError(
            f"the converted file differs from its source by {worst:.2g}, more than {WORST}; nothing was written"
        )
    return worst


def _pictures(sides: Sides) -> list[NDArray[np.uint8]]:
    rng = np.random.default_rng(0)
    side = sides.side_px or max(64, 2 * sides.multiple_px)
    shapes = [(1, side, side), (2, side, side)] if sides.side_px else [(1, side, side), (2, side, side + sides.multiple_px)]
    made = []
    for count, height, width in shapes:
        noise = rng.integers(0, 256, (count, height, width, 3))
        waves = 127 + 100 * np.sin(np.arange(width) / 7.0) * np.cos(np.arange(height) / 5.0)[:, None]
        # Flat patches too: a window of equal values is where an unpooling can go wrong.
        picture = np.where((np.arange(width) // 16 % 2 == 0)[None, None, :, None], noise, waves[None, ..., None])
        made.append(np.clip(picture, 0, 255).astype(np.uint8))
    return made


def _pairs(found: Floats, outputs: list[Floats], heads: list[Head], spec: BringingSpec) -> list[tuple[Floats, Floats]]:
    """Ours and theirs, both as the source has it: probabilities where it ended in an activation, else logits."""
    if spec.task == "classification":
        (head,), theirs = heads, outputs[0]
        if head.tail == "none":
            return [(found[:, 1:] if head.channels == 1 else found, theirs)]
        if head.tail == "sigmoid" and head.channels > 1:
            return [(_sigmoid(found), theirs)]
        powers = np.exp(found - found.max(axis=1, keepdims=True))
        shares = powers / powers.sum(axis=1, keepdims=True)
        return [(shares[:, 1:] if head.channels == 1 else shares, theirs)]
    pairs, at, taken = [], 0, 0
    for head, output in zip(heads, outputs, strict=True):
        theirs = output.transpose(0, 3, 1, 2) if head.layout == "nhwc" else output
        names = spec.labels[at : at + head.channels]
        kept = [index for index, name in enumerate(names) if name != BACKGROUND]
        mine = found[:, taken : taken + len(kept)]
        at, taken = at + head.channels, taken + len(kept)
        pairs.append((mine if head.tail == "none" else _sigmoid(mine), theirs[:, kept]))
    return pairs


def _sigmoid(x: Floats) -> Floats:
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * x)), np.float32)
