"""One field, from pixels to cells: scale → prepare → infer → decode → count."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from math import log

import numpy as np
from numpy.typing import NDArray

from edge.counting.border import admitted, frame_area_px
from edge.counting.cell import Cell, CellClass, Method, Outline, Region
from edge.counting.errors import ScaleContradicted, ScaleUnknown
from edge.counting.field_count import BorderRule, FieldCount, Scale, ScaleSource
from edge.counting.frame_scale import ASSUMED_CELLS_ACROSS, RED_CELL_UM, FrameScale
from edge.counting.interval import Interval, tally
from edge.counting.logits import class_maps, familiarity_of, settings_of, uncertainty_of
from edge.counting.marks import Mark, marks_of
from edge.counting.methods import NEEDS, available, find
from edge.counting.said_size import said_size
from edge.counting.scale_history import refine_cell_diameter
from edge.counting.seen import Asked, Clock, Inferred, Seen
from engines.contract import Engine
from engines.decode import decode
from engines.manifest import Manifest
from engines.prepare import prepare

__all__ = ["ASSUMED_CELLS_ACROSS", "RED_CELL_UM", "CountingSettings", "FieldCounter", "Inferred", "Seen"]

Pixels = NDArray[np.uint8]

ANOTHER_LOOK = 0.1
"""A field whose cells the network sees to be smaller or larger than was taken by more than this share is looked at again."""
LOOKS = 3
"""At most: one at an estimate that may be off by a factor of three, one near, one right."""
CONTRADICTED = 0.3
"""A scale that a person gave and that the cells contradict by more than this share is refused: microcytes and macrocytes are
10 to 15 % off in truth."""
CONTRADICTED_BY = 5.0
"""So many red cells must say so, and agree."""
CONTRADICTED_SPREAD = 0.5


@dataclass(frozen=True, slots=True)
class CountingSettings:
    """What the user may choose. A class that `methods` does not name is counted by the model's default.

    `cell_diameter_px` in frame pixels, or None to go by µm per pixel where the frame has it and by the image where not.
    `live_frames` is the length of the running median of the estimated diameter, 1 for stills. `insist_on_scale` counts also
    where the picture contradicts the scale that was given.
    """

    methods: Mapping[CellClass, Method] = field(default_factory=dict)
    border_rule: BorderRule = BorderRule.ALL
    cell_diameter_px: float | None = None
    live_frames: int = 1
    insist_on_scale: bool = False


class FieldCounter:
    """Counts fields of one camera, in one piece (`count`) or step by step, so that threads can share the work:

    `scale` → `prepared` → `infer` → `read` → `counted` → `compared`. The scale of the last frames is its only memory: `scale`,
    `read`, `counted` and `next_method` are for one thread, the others for any. `infer` is the engine's run and no more, so that
    an engine with a thread of its own never waits for what others can do.
    """

    def __init__(self, engine: Engine, manifest: Manifest, plan: CountingSettings) -> None:
        """`engine` is what `see` and `count` run; `manifest` is the manifest of every engine that `infer` is given."""
        self._engine, self._manifest, self._plan = engine, manifest, plan
        self._preparation = manifest.preparing()
        self._scales = FrameScale(plan.cell_diameter_px, plan.live_frames, told_by_network="rbc_size" in manifest.channels)
        self.settings = settings_of(manifest)
        self._uncertainty = uncertainty_of(manifest)
        self._familiarity = familiarity_of(manifest)
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
        for look in range(1, LOOKS + 1):
            inferred = self.infer(self._engine, self.prepared(pixels, scale, clock), scale)
            read = self.read(inferred, um_per_px, look)
            if isinstance(read, Seen):
                return read
            scale = read
        raise AssertionError("the last look gives what it sees")

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

    def read(self, inferred: Inferred, um_per_px: float | None = None, look: int = 1) -> Seen | Scale:
        """What the answer says, decoded; or, where its red cells have another size than was taken, the scale to prepare and
        `infer` the frame again at. `look` counts from 1 what was inferred of the frame; look number LOOKS is the last.

        Raises InferenceFailed where the answer is not finite, ScaleUnknown, ScaleContradicted.
        """
        seen = self._seen(inferred, um_per_px)
        if CellClass.RBC not in seen.maps:
            return seen
        if seen.scale.source in (ScaleSource.GIVEN, ScaleSource.CALIBRATED):
            if not self._plan.insist_on_scale:
                self._refuse_contradicted(seen, um_per_px)
            return seen
        return self._measured(seen, look)

    def counted(self, seen: Seen) -> FieldCount:
        """The field's cells by the chosen methods alone, with what speaks against them, as quickly as can be. Raises
        MethodUnavailable."""
        found: list[Cell] = []
        with seen.clock.stage("count"):
            for kind in seen.maps:
                found += self.cells(seen, kind, self.methods[kind])
            kept = self._under(self._plan.border_rule, found, seen)
            kept.sort(key=lambda cell: (round(cell.y), cell.x, cell.cell_class.value))
            by_class = {kind: [cell for cell in kept if cell.cell_class is kind] for kind in seen.maps}
            framed = self._under(BorderRule.TWO_EDGE, found, seen)
        counts = {kind: len(cells) for kind, cells in by_class.items()}
        with seen.clock.stage("doubt"):
            noticed = tuple(self._marks(seen, counts))
        return FieldCount(
            tuple(kept), seen.width_px, seen.height_px, seen.scale, self._plan.border_rule, dict(self.methods),
            {kind: {self.methods[kind]: number} for kind, number in counts.items()}, dict(seen.clock.ms),
            self._intervals(by_class, seen.scale.cell_diameter_px), noticed,
            {kind: sum(cell.cell_class is kind for cell in framed) for kind in seen.maps},
            frame_area_px(seen.width_px, seen.height_px, seen.scale.cell_diameter_px),
        )  # fmt: skip

    def compared(self, seen: Seen, count: FieldCount) -> FieldCount:
        """`count` with the numbers of all other methods that the model's maps allow."""
        with seen.clock.stage("compare"):
            by_method = {
                kind: {
                    **found,
                    **{
                        m: len(self._under(self._plan.border_rule, self.cells(seen, kind, m), seen))
                        for m in available(seen.maps[kind])
                        if m not in found
                    },
                }
                for kind, found in count.by_method.items()
            }
        return replace(count, by_method=by_method, ms=dict(seen.clock.ms))

    def cells(self, seen: Seen, kind: CellClass, method: Method) -> list[Cell]:
        """The cells of one class by one method, in frame pixels, under no border rule. Raises MethodUnavailable."""
        return [_in_frame(kind, one, seen.zoom, seen.um_per_px) for one in self._regions(seen, kind, method)]

    def next_method(self, kind: CellClass) -> Method:
        """From the next field on, count this class by the method after the one in use; gives it."""
        methods = [m for m in Method if all(f"{kind.value}_{need}" in self._manifest.channels for need in NEEDS.get(m, ()))]
        self.methods[kind] = methods[(methods.index(self.methods[kind]) + 1) % len(methods)]
        return self.methods[kind]

    def _intervals(self, by_class: Mapping[CellClass, list[Cell]], diameter_px: float) -> dict[CellClass, Interval]:
        return {
            kind: known.interval(tally(by_class[kind], self.settings[kind].diameter_px(diameter_px)))
            for kind, known in self._uncertainty.items()
            if kind in by_class
        }

    def _under(self, rule: BorderRule, cells: list[Cell], seen: Seen) -> list[Cell]:
        return admitted(cells, rule, seen.width_px, seen.height_px, seen.scale.cell_diameter_px)

    def _marks(self, seen: Seen, counts: Mapping[CellClass, int]) -> Iterator[Mark]:
        if CellClass.RBC not in seen.maps:
            return iter(())
        return marks_of(seen.maps, counts, seen.prepared, seen.said, self._familiarity)

    def _regions(self, seen: Seen, kind: CellClass, method: Method) -> list[Region]:
        if (kind, method) not in seen.regions:
            diameter_px = seen.scale.cell_diameter_px * seen.zoom
            seen.regions[kind, method] = find(method, seen.maps[kind], diameter_px, self.settings[kind])
        return seen.regions[kind, method]

    def _seen(self, inferred: Inferred, um_per_px: float | None) -> Seen:
        asked = inferred.asked
        with asked.clock.stage("decode"):
            maps = decode(inferred.logits, asked.prepared, self._manifest.channels)
            by_class = {kind: class_maps(maps, kind) for kind in self.settings}
        zoom = self._preparation.cell_diameter_px / inferred.scale.cell_diameter_px
        red = by_class.get(CellClass.RBC)
        said = said_size(red, self._preparation.cell_diameter_px) if red is not None else None
        return Seen(
            by_class, asked.prepared, inferred.scale, zoom, um_per_px, asked.width_px, asked.height_px, asked.clock, said
        )  # fmt: skip

    def _measured(self, seen: Seen, look: int) -> Seen | Scale:
        """The field with the diameter that its own red cells have; or that diameter, where it must be looked at again."""
        with seen.clock.stage("count"):
            measured = self._of_own_cells(seen)
        if measured is None:
            return seen
        factor = measured.cell_diameter_px / seen.scale.cell_diameter_px
        if look < LOOKS and abs(log(factor)) > log(1.0 + ANOTHER_LOOK):
            self._scales.correct(seen.scale, measured)
            return measured
        return (
            replace(seen, scale=replace(measured, source=seen.scale.source))
            if seen.maps[CellClass.RBC].size is not None
            else seen
        )

    def _of_own_cells(self, seen: Seen) -> Scale | None:
        """By the network's channel of sizes, or where it has none by the area of the cells that it sees whole and apart. Raises
        ScaleUnknown where there are cells and neither tells."""
        if seen.maps[CellClass.RBC].size is not None:
            said = seen.said
            return None if said is None else Scale(
                said.ratio * seen.scale.cell_diameter_px, said.spread, ScaleSource.MEASURED
            )  # fmt: skip
        regions = self._regions(seen, CellClass.RBC, self.methods[CellClass.RBC])
        measured = refine_cell_diameter(regions)
        if measured is None and seen.scale.source is ScaleSource.ASSUMED and regions:
            raise ScaleUnknown(
                "there are cells, but none lies whole and apart to be measured; "
                "give the size of a red cell in pixels with --cell-diameter-px, or calibrate the objective"
            )
        return None if measured is None else replace(measured, cell_diameter_px=measured.cell_diameter_px / seen.zoom)

    def _refuse_contradicted(self, seen: Seen, um_per_px: float | None) -> None:
        said = seen.said
        if said is None or said.cells < CONTRADICTED_BY or said.spread > CONTRADICTED_SPREAD:
            return
        if abs(log(said.ratio)) <= log(1.0 + CONTRADICTED):
            return
        given_px, seen_px = seen.scale.cell_diameter_px, said.ratio * seen.scale.cell_diameter_px
        given = (
            f"{given_px:.0f} px"
            if um_per_px is None
            else f"{um_per_px:g} µm per pixel, which makes a red cell {given_px:.0f} px,"
        )
        raise ScaleContradicted(
            f"the scale that was given says {given} and the cells of this picture are {seen_px:.0f} px wide; "
            "correct it, leave it out so that the cells tell it, or insist with --insist-on-scale"
        )


def _in_frame(kind: CellClass, region: Region, zoom: float, um_per_px: float | None) -> Cell:
    """A region of the map as a cell of the frame. Pixel centres are integers in both: x_frame = (x_map + 1/2) / zoom - 1/2."""
    ends = None if region.ends is None else ((region.ends[0] + 0.5) / zoom - 0.5, (region.ends[1] + 0.5) / zoom - 0.5)
    return Cell(
        kind, (region.x + 0.5) / zoom - 0.5, (region.y + 0.5) / zoom - 0.5, region.area_px / zoom**2,
        partial(_outline_in_frame, region, zoom), region.confidence, region.border, um_per_px, ends,
    )  # fmt: skip


def _outline_in_frame(region: Region, zoom: float) -> Outline:
    return np.asarray((region.outline + 0.5) / zoom - 0.5, np.float32)
