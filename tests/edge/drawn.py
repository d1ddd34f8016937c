"""A network that knows the answer: logits drawn from known cells, and the model known they fit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.counting.cell import CellClass
from engines.cell_size import probability_of
from engines.contract import Tensor
from engines.fake import FakeEngine
from engines.manifest import ClassDecoding, Manifest, ModelFile, PreparationSection
from engines.opening import Opened

CHANNELS = ("rbc", "rbc_outline", "rbc_centre", "wbc", "wbc_outline", "wbc_centre", "plt")
SIZED = (*CHANNELS, "rbc_size")
MODEL_DIAMETER_PX = 20.0
DIAMETER_RATIO = {CellClass.RBC: 1.0, CellClass.WBC: 1.5, CellClass.PLT: 0.35}
OUTLINE_PX = 1.7
SHA256 = "5a" * 32


@dataclass(frozen=True, slots=True)
class Disc:
    """A round cell in frame pixels, pixel centres at integers; `seen` is the middle of what shows, where that is another."""

    kind: CellClass
    x: float
    y: float
    diameter_px: float
    seen: tuple[float, float] | None = None


def red(centres: Sequence[tuple[float, float]], diameter_px: float) -> list[Disc]:
    return [Disc(CellClass.RBC, x, y, diameter_px) for x, y in centres]


def drawn_logits(discs: Sequence[Disc], shape: tuple[int, ...], zoom: float, channels: Sequence[str] = CHANNELS) -> Tensor:
    """(1, channels, height, width) float32 for a tensor of `shape` (1, height, width, 3); of two discs that overlap the later
    lies on top."""
    height, width = shape[1:3]
    maps = {name: np.zeros((height, width), np.float32) for name in ("rbc", "wbc", "plt")}
    maps |= {f"{name}_{part}": np.zeros((height, width), np.float32) for name in maps for part in ("outline", "centre")}
    maps["rbc_size"] = np.full((height, width), 0.5, np.float32)
    for disc in discs:
        _draw(maps, disc, zoom)
    probabilities = np.clip(np.stack([maps[name] for name in channels]), 1e-4, 1.0 - 1e-4)
    return np.log(probabilities / (1.0 - probabilities)).astype(np.float32)[None]


def _draw(maps: dict[str, NDArray[np.float32]], disc: Disc, zoom: float) -> None:
    name = disc.kind.value
    height, width = maps[name].shape
    cx, cy, radius = (disc.x + 0.5) * zoom - 0.5, (disc.y + 0.5) * zoom - 0.5, disc.diameter_px * zoom / 2.0
    reach = radius + 3.0
    x0, x1 = max(0, int(cx - reach)), min(width, int(cx + reach) + 2)
    y0, y1 = max(0, int(cy - reach)), min(height, int(cy + reach) + 2)
    if x0 >= x1 or y0 >= y1:
        return
    y, x = np.mgrid[y0:y1, x0:x1].astype(np.float32)
    part = np.s_[y0:y1, x0:x1]
    distance = np.hypot(x - cx, y - cy)
    maps[name][part] = np.maximum(maps[name][part], np.clip(radius - distance + 0.5, 0.0, 1.0))
    rim = np.clip(OUTLINE_PX / 2.0 + 0.5 - np.abs(distance - radius + 0.3), 0.0, 1.0)
    outline, centre = maps[f"{name}_outline"], maps[f"{name}_centre"]
    outline[part] = np.where(distance < radius - 1.0, rim, np.maximum(outline[part], rim))
    if disc.seen is not None:
        distance = np.hypot(x - ((disc.seen[0] + 0.5) * zoom - 0.5), y - ((disc.seen[1] + 0.5) * zoom - 0.5))
    blob = np.exp(-(distance**2) / (2.0 * (0.24 * max(radius, 1.0)) ** 2))
    centre[part] = np.maximum(centre[part], blob)
    if disc.kind is CellClass.RBC:
        middle = distance < 0.35 * 2.0 * radius
        maps["rbc_size"][part][middle] = probability_of(2.0 * radius / MODEL_DIAMETER_PX)


def manifest(channels: Sequence[str] = CHANNELS) -> Manifest:
    """The known of the drawn model: red and white cells by their centres, platelets by components, as the shipped model."""
    common = {"foreground_threshold": 0.5, "min_separation_ratio": 0.3, "merge_valley_ratio": 0.85}
    decoding = {
        "rbc": ClassDecoding(method="centres", diameter_ratio=1.0, min_area_ratio=0.1, **common),
        "wbc": ClassDecoding(method="centres", diameter_ratio=1.5, min_area_ratio=0.12, **common),
        "plt": ClassDecoding(method="components", diameter_ratio=0.35, min_area_ratio=0.15, **common),
    }
    return Manifest(
        name="drawn", version="1", description="Drawn from the truth.", licence="Apache-2.0", research_only=False,
        data=("none",), sources=("none",), seed=0, recipe="none", parameters=1,
        files=(ModelFile(file="none.onnx", sha256=SHA256, precision="fp32"),), channels=tuple(channels),
        preparation=PreparationSection(
            cell_diameter_px=MODEL_DIAMETER_PX, white_percentile=95.0, white_level=235, most_gain=4.0, multiple_px=16
        ),
        decoding={kind: one for kind, one in decoding.items() if kind in channels},
    )  # fmt: skip


def opened(answer: Callable[[Tensor], Tensor], channels: Sequence[str] = CHANNELS) -> Opened:
    """A model that answers by `answer`, as open_model gives a real one."""
    known = manifest(channels)
    return Opened(FakeEngine(answer, len(channels)), known, known.files[0])


def knowing(discs: Sequence[Disc], frame_width_px: int, channels: Sequence[str] = CHANNELS) -> Callable[[Tensor], Tensor]:
    """The answer for one field of `discs`, at whatever scale it is asked: the zoom is known by the tensor's width.

    The width is padded to a multiple of 16, so the zoom is found among those that give this width to within that.
    """

    def answer(tensor: Tensor) -> Tensor:
        # Padding mirrors the last columns; what is not mirrored is the picture.
        pixels = tensor[0]
        padded = pixels.shape[1]
        mirrored = [
            n for n in range(1, 16) if np.array_equal(pixels[:, padded - n :], pixels[:, padded - 2 * n : padded - n][:, ::-1])
        ]
        width = padded - max(mirrored, default=0)
        return drawn_logits(discs, tensor.shape, width / frame_width_px, channels)

    return answer
