"""One field, from pixels to cells: scale → prepare → infer → decode → count."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from edge.counting.border import admitted
from edge.counting.cells import Cell, CellClass, Method, Outline, Region
from edge.counting.errors import ScaleUnknown
from edge.counting.field_count import BorderRule, FieldCount, Scale, ScaleSource
from edge.counting.frame_scale import ASSUMED_CELLS_ACROSS, RED_CELL_UM, FrameScale
from edge.counting.logits import class_maps, settings_of
from edge.counting.methods import NEEDS, available, find
from edge.counting.scale_history import refine_cell_diameter
from edge.counting.seen import Asked, Clock, Inferred, Seen
from engines.contract import Engine
from engines.decode import decode
from engines.manifest import Manifest
from engines.prepare import prepare

__all__ = ["ASSUMED_CELLS_ACROSS", "RED_CELL_UM", "CountingPlan", "FieldCounter", "Inferred", "Seen"]

Pixels = NDArray[np.uint8]

SECOND_LOOK = 0.12
"""An estimate that the network's own cells contradict by more than this share is replaced, and the field is counted again."""


@dataclass(frozen=True, slots=True)
class CountingPlan:
    """What the user may choose. A class that `methods` does not name is counted by the model's default.

    `cell_diameter_px` in frame pixels, or None to go by µm per pixel where the frame has it and by the image where not.
    `live_frames` is the length of the running median of the estimated diameter, 1 for stills.
    """

    methods: Mapping[CellClass, Method] = field(default_factory=dict)
    border_rule: BorderRule = BorderRule.ALL
    cell_diameter_px: float | None = None
    live_frames: int = 1


class FieldCounter:
    """Counts fields of one camera, in one piece (`count`) or step by step, so that threads can share the work:

    `scale` → `prepared` → `infer` → `read` → `counted` → `compared`. The scale of the last frames is its only memory: `scale`,
    `read`, `counted` and `next_method` are for one thread, the others for any. `infer` is the engine's run and no more, so that
    an engine with a thread of its own never waits for what others can do.
    """

    def __init__(self, engine: Engine, manifest: Manifest, plan: CountingPlan) -> None:
        """`engine` is what `see` and `count` run; `manifest` is the card of every engine that `infer` is given."""
        self._engine, self._manifest, self._plan = engine, manifest, plan
        self._preparation = manifest.preparing()
        self._scales = FrameScale(plan.cell_diameter_px, plan.live_frames)
        self.settings = settings_of(manifest)
        self.methods = {kind: Method(manifest.decoding[kind.value].method) for kind in self.settings} | {
            kind: method for kind, method in plan.methods.items() if kind in self.settings
        }

    def count(self, pixels: Pixels, um_per_px: float | None = None) -> FieldCount:
        """Count (height, width, 3) uint8 RGB `pixels` by the chosen methods, and by the others to tell how far they agree.

        Raises InferenceFailed, MethodUnavailable, ScaleUnknown: the field is then unknown, not empty.
        """
        seen = self.see(pixels, um_per_px)
        return self.compared(seen, self.counted(seen))

    def see(self, pixels: Pixels, um_per_px: float | None = None) -> Seen:
        """What the network says of a field at the right scale, before anything is counted. Raises as `count` does."""
        clock = Clock()
        with clock.stage("scale"):
            scale = self.scale(pixels, um_per_px)
        read = self.read(self.infer(self._engine, self.prepared(pixels, scale, clock), scale), um_per_px)
        if isinstance(read, Seen):
            return read
        return self._seen(self.infer(self._engine, self.prepared(pixels, read, clock), read), um_per_px)

    def scale(self, pixels: Pixels, um_per_px: float | None = None) -> Scale:
        """The scale to look at (height, width, 3) uint8 RGB `pixels` with, for `prepared` and `infer`."""
        return self._scales.of(pixels, um_per_px)

    def prepared(self, pixels: Pixels, scale: Scale, clock: Clock | None = None) -> Asked:
        """(height, width, 3) uint8 RGB `pixels` at `scale` as the model takes them. Raises ScaleUnknown."""
        clock = clock or Clock()
        with clock.stage("prepare"):
            try:
                made = prepare(pixels, scale.cell_diameter_px, self._preparation)
            except ValueError as error:
                raise ScaleUnknown(f"{error}; check --cell-diameter-px or --um-per-px") from error
        return Asked(made, pixels.shape[1], pixels.shape[0], clock)

    def infer(self, engine: Engine, asked: Asked, scale: Scale) -> Inferred:
        """What `engine` answers to what was prepared at `scale`. Raises InferenceFailed."""
        with asked.clock.stage("infer"):
            logits = engine.run(asked.prepared.tensor)
            # The engine's next run may write over its own memory.
            kept = logits if logits.flags.owndata else logits.copy()
        return Inferred(asked, scale, kept)

    def read(self, inferred: Inferred, um_per_px: float | None = None) -> Seen | Scale:
        """What the answer says, decoded; or, where its red cells have another size than was taken, the scale to prepare and
        `infer` the frame again at, once: what was inferred at that one is not questioned. Raises InferenceFailed where it is
        not finite, ScaleUnknown."""
        seen = self._seen(inferred, um_per_px)
        if seen.scale.source in (ScaleSource.ESTIMATED, ScaleSource.ASSUMED) and CellClass.RBC in seen.maps:
            return self._second_look(seen) or seen
        return seen

    def counted(self, seen: Seen) -> FieldCount:
        """The field's cells by the chosen methods alone, as quickly as can be. Raises MethodUnavailable."""
        kept: list[Cell] = []
        with seen.clock.stage("count"):
            for kind in seen.maps:
                kept += self._admitted(seen, kind, self.methods[kind])
        kept.sort(key=lambda cell: (round(cell.y), cell.x, cell.cell_class.value))
        by_method = {kind: {self.methods[kind]: sum(cell.cell_class is kind for cell in kept)} for kind in seen.maps}
        rule, ms = self._plan.border_rule, dict(seen.clock.ms)
        return FieldCount(tuple(kept), seen.width_px, seen.height_px, seen.scale, rule, dict(self.methods), by_method, ms)

    def compared(self, seen: Seen, count: FieldCount) -> FieldCount:
        """`count` with the numbers of all other methods that the model's maps allow."""
        with seen.clock.stage("compare"):
            by_method = {
                kind: {**found, **{m: len(self._admitted(seen, kind, m)) for m in available(seen.maps[kind]) if m not in found}}
                for kind, found in count.by_method.items()
            }
        return replace(count, by_method=by_method, ms=dict(seen.clock.ms))

    def cells(self, seen: Seen, kind: CellClass, method: Method) -> list[Cell]:
        """The cells of one class by one method, in frame pixels, under no border rule. Raises MethodUnavailable."""
        zoom = self._preparation.cell_diameter_px / seen.scale.cell_diameter_px
        return [_in_frame(kind, one, zoom, seen.um_per_px) for one in self._regions(seen, kind, method)]

    def next_method(self, kind: CellClass) -> Method:
        """From the next field on, count this class by the method after the one in use; gives it."""
        methods = [m for m in Method if all(f"{kind.value}_{need}" in self._manifest.channels for need in NEEDS.get(m, ()))]
        self.methods[kind] = methods[(methods.index(self.methods[kind]) + 1) % len(methods)]
        return self.methods[kind]

    def _admitted(self, seen: Seen, kind: CellClass, method: Method) -> list[Cell]:
        cells = self.cells(seen, kind, method)
        return admitted(cells, self._plan.border_rule, seen.width_px, seen.height_px, seen.scale.cell_diameter_px)

    def _regions(self, seen: Seen, kind: CellClass, method: Method) -> list[Region]:
        if (kind, method) not in seen.regions:
            seen.regions[kind, method] = find(method, seen.maps[kind], self._preparation.cell_diameter_px, self.settings[kind])
        return seen.regions[kind, method]

    def _seen(self, inferred: Inferred, um_per_px: float | None) -> Seen:
        asked = inferred.asked
        with asked.clock.stage("decode"):
            maps = decode(inferred.logits, asked.prepared, self._manifest.channels)
            by_class = {kind: class_maps(maps, kind) for kind in self.settings}
        return Seen(by_class, inferred.scale, um_per_px, asked.width_px, asked.height_px, asked.clock)

    def _second_look(self, seen: Seen) -> Scale | None:
        """The diameter that the network's own red cells have, where it differs enough to count again."""
        with seen.clock.stage("count"):
            regions = self._regions(seen, CellClass.RBC, self.methods[CellClass.RBC])
            measured = refine_cell_diameter(regions)
        if measured is None:
            if seen.scale.source is ScaleSource.ASSUMED and regions:
                raise ScaleUnknown(
                    "there are cells, but none lies whole and apart to be measured; "
                    "give the size of a red cell in pixels with --cell-diameter-px, or calibrate the objective"
                )
            return None
        factor = measured.cell_diameter_px / self._preparation.cell_diameter_px
        if abs(factor - 1.0) <= SECOND_LOOK:
            return None
        measured = replace(measured, cell_diameter_px=seen.scale.cell_diameter_px * factor)
        self._scales.correct(seen.scale, measured)
        return measured


def _in_frame(kind: CellClass, region: Region, zoom: float, um_per_px: float | None) -> Cell:
    """A region of the map as a cell of the frame. Pixel centres are integers in both: x_frame = (x_map + 1/2) / zoom - 1/2."""
    return Cell(
        kind, (region.x + 0.5) / zoom - 0.5, (region.y + 0.5) / zoom - 0.5, region.area_px / zoom**2,
        partial(_outline_in_frame, region, zoom), region.confidence, region.border, um_per_px,
    )  # fmt: skip


def _outline_in_frame(region: Region, zoom: float) -> Outline:
    return np.asarray((region.outline + 0.5) / zoom - 0.5, np.float32)
