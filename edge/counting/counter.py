"""One field, from pixels to cells: scale → prepare → infer → decode → count."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from edge.counting.border import admitted, touches_border
from edge.counting.cells import Cell, CellClass, ClassMaps, Method, Region
from edge.counting.errors import ScaleUnknown
from edge.counting.field_count import BorderRule, FieldCount, Scale, ScaleSource
from edge.counting.logits import class_maps, settings_of
from edge.counting.methods import NEEDS, available, find
from edge.counting.scale import estimate_cell_diameter
from edge.counting.scale_history import ScaleMedian, refine_cell_diameter
from engines.contract import Engine
from engines.decode import decode
from engines.manifest import Manifest
from engines.prepare import prepare

Pixels = NDArray[np.uint8]

RED_CELL_UM = 7.5
"""The mean diameter of a red cell on a dried, stained smear (Bain, Blood Cells, 5th ed.: 7.2-7.8 µm)."""
SECOND_LOOK = 0.12
"""An estimate that the network's own cells contradict by more than this share is replaced, and the field is counted again."""
ESTIMATED_EVERY = 4
"""Once the running median is full, only every so manieth live frame is measured: that takes a fifth of a frame's time."""
ASSUMED_CELLS_ACROSS = 16.0
"""Where nothing can be measured a field is taken to be this many red cells wide, as at 1000x on a common sensor."""


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


class Clock:
    """Milliseconds by stage; a stage entered twice adds up, nested time counts for the inner one's name too."""

    def __init__(self) -> None:
        self.ms: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        start = perf_counter()
        try:
            yield
        finally:
            self.ms[name] = self.ms.get(name, 0.0) + 1000.0 * (perf_counter() - start)


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What the network says of one field: maps by class at the model's scale, and the scale that led there."""

    maps: Mapping[CellClass, ClassMaps]
    scale: Scale
    um_per_px: float | None
    width_px: int
    height_px: int
    clock: Clock


class FieldCounter:
    """Counts fields with one engine. Owned by one thread; the scale of the last frames is its only memory."""

    def __init__(self, engine: Engine, manifest: Manifest, plan: CountingPlan) -> None:
        self._engine, self._manifest, self._plan = engine, manifest, plan
        self._preparation = manifest.preparing()
        self._scales = ScaleMedian(plan.live_frames)
        self._correction = 1.0
        self._last: Scale | None = None
        self._frames = 0
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

    def counted(self, seen: Seen) -> FieldCount:
        """The field's cells by the chosen methods alone, as quickly as can be. Raises MethodUnavailable."""
        kept: list[Cell] = []
        with seen.clock.stage("count"):
            for kind in seen.maps:
                kept += self._admitted(seen, kind, self.methods[kind])
        kept.sort(key=lambda cell: (round(cell.y), cell.x, cell.cell_class.value))
        by_method = {kind: {self.methods[kind]: sum(cell.cell_class is kind for cell in kept)} for kind in seen.maps}
        rule, ms = self._plan.border_rule, seen.clock.ms
        return FieldCount(tuple(kept), seen.width_px, seen.height_px, seen.scale, rule, dict(self.methods), by_method, ms)

    def compared(self, seen: Seen, count: FieldCount) -> FieldCount:
        """`count` with the numbers of all other methods that the model's maps allow."""
        with seen.clock.stage("compare"):
            by_method = {
                kind: {**found, **{m: len(self._admitted(seen, kind, m)) for m in available(seen.maps[kind]) if m not in found}}
                for kind, found in count.by_method.items()
            }
        return replace(count, by_method=by_method)

    def _admitted(self, seen: Seen, kind: CellClass, method: Method) -> list[Cell]:
        cells = self.cells(seen, kind, method)
        return admitted(cells, self._plan.border_rule, seen.width_px, seen.height_px, seen.scale.cell_diameter_px)

    def see(self, pixels: Pixels, um_per_px: float | None = None) -> Seen:
        """What the network says of a field at the right scale, before anything is counted. Raises as `count` does."""
        clock = Clock()
        with clock.stage("scale"):
            scale = self._scale(pixels, um_per_px)
        maps = self._maps(pixels, scale, clock)
        if scale.source in (ScaleSource.ESTIMATED, ScaleSource.ASSUMED) and CellClass.RBC in maps:
            better = self._second_look(maps, scale, clock)
            if better is not None:
                scale = better
                maps = self._maps(pixels, scale, clock)
        return Seen(maps, scale, um_per_px, pixels.shape[1], pixels.shape[0], clock)

    def cells(self, seen: Seen, kind: CellClass, method: Method) -> list[Cell]:
        """The cells of one class by one method, in frame pixels, under no border rule. Raises MethodUnavailable."""
        zoom = self._preparation.cell_diameter_px / seen.scale.cell_diameter_px
        regions = find(method, seen.maps[kind], self._preparation.cell_diameter_px, self.settings[kind])
        return [_in_frame(kind, one, zoom, seen.maps[kind].foreground.shape, seen.um_per_px) for one in regions]

    def next_method(self, kind: CellClass) -> Method:
        """From the next field on, count this class by the method after the one in use; gives it."""
        methods = [m for m in Method if all(f"{kind.value}_{need}" in self._manifest.channels for need in NEEDS.get(m, ()))]
        self.methods[kind] = methods[(methods.index(self.methods[kind]) + 1) % len(methods)]
        return self.methods[kind]

    def _scale(self, pixels: Pixels, um_per_px: float | None) -> Scale:
        if self._plan.cell_diameter_px is not None:
            return Scale(self._plan.cell_diameter_px, 0.0, ScaleSource.GIVEN)
        if um_per_px is not None:
            return Scale(RED_CELL_UM / um_per_px, 0.0, ScaleSource.CALIBRATED)
        self._frames += 1
        if self._last is not None and len(self._scales) == self._plan.live_frames > 1 and self._frames % ESTIMATED_EVERY:
            return self._last
        try:
            estimate = estimate_cell_diameter(pixels)
            self._last = self._scales.add(replace(estimate, cell_diameter_px=estimate.cell_diameter_px * self._correction))
            return self._last
        except ScaleUnknown:
            return Scale(pixels.shape[1] / ASSUMED_CELLS_ACROSS, 1.0, ScaleSource.ASSUMED)

    def _maps(self, pixels: Pixels, scale: Scale, clock: Clock) -> dict[CellClass, ClassMaps]:
        with clock.stage("prepare"):
            try:
                prepared = prepare(pixels, scale.cell_diameter_px, self._preparation)
            except ValueError as error:
                raise ScaleUnknown(f"{error}; check --cell-diameter-px or --um-per-px") from error
        with clock.stage("infer"):
            logits = self._engine.run(prepared.tensor)
        with clock.stage("decode"):
            maps = decode(logits, prepared, self._manifest.channels)
            return {kind: class_maps(maps, kind) for kind in self.settings}

    def _second_look(self, maps: Mapping[CellClass, ClassMaps], scale: Scale, clock: Clock) -> Scale | None:
        """The diameter that the network's own red cells have, where it differs enough to count again."""
        with clock.stage("count"):
            red = maps[CellClass.RBC]
            regions = find(self.methods[CellClass.RBC], red, self._preparation.cell_diameter_px, self.settings[CellClass.RBC])
            measured = refine_cell_diameter(regions, [touches_border(one.outline, red.foreground.shape) for one in regions])
        if measured is None:
            if scale.source is ScaleSource.ASSUMED and regions:
                raise ScaleUnknown(
                    "there are cells, but none lies whole and apart to be measured; "
                    "give the size of a red cell in pixels with --cell-diameter-px, or calibrate the objective"
                )
            return None
        factor = measured.cell_diameter_px / self._preparation.cell_diameter_px
        if abs(factor - 1.0) <= SECOND_LOOK:
            return None
        if self._plan.live_frames > 1:
            # The next frames show the same smear: correct their estimates at once instead of counting each twice.
            self._correction *= factor
            self._scales.clear()
        return replace(measured, cell_diameter_px=scale.cell_diameter_px * factor)


def _in_frame(kind: CellClass, region: Region, zoom: float, shape: tuple[int, ...], um_per_px: float | None) -> Cell:
    """A region of the map as a cell of the frame. Pixel centres are integers in both: x_frame = (x_map + 1/2) / zoom - 1/2."""
    return Cell(
        kind, (region.x + 0.5) / zoom - 0.5, (region.y + 0.5) / zoom - 0.5, region.area_px / zoom**2,
        np.asarray((region.outline + 0.5) / zoom - 0.5, np.float32), region.confidence,
        touches_border(region.outline, (shape[0], shape[1])), um_per_px,
    )  # fmt: skip
