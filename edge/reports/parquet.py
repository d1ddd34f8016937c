"""Rows as a Parquet file, by pyarrow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path

from edge.record.store.errors import StoreError
from edge.record.store.records import CELL_CLASSES

ROWS_A_GROUP = 50_000
"""Some 50 MB of cells with their outlines in memory at once."""
_TIMES = {"started", "finished", "wall_time", "undone", "image_dropped", "written", "at"}
_FLAGS = {"simulated", "clock_trusted", "border"}
_NUMBERS = {
    *CELL_CLASSES, "slide", "field", "sequence", "width_px", "height_px", "fields", "fields_undone",
    *(f"{kind}_{part}" for kind in CELL_CLASSES for part in ("low", "high", "in_frame")),
    "captured", "counted", "duplicate", "rejected", "dropped", "failed",
}  # fmt: skip
_MEASURES = {
    *(f"disagreement_{kind}" for kind in CELL_CLASSES), "monotonic_s", "cell_diameter_px", "cell_diameter_spread", "um_per_px",
    "focus", "latency_ms", "x", "y", "diameter_px", "diameter_um", "area_px", "frame_area_px", "confidence", "jump_s",
    "type_probability", "circularity", "elongation",
}  # fmt: skip
_LISTS = {"outline_x", "outline_y"}


class ParquetMissing(StoreError):
    """pyarrow is not installed."""


def write_parquet(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> None:
    """Write `rows` group by group, so that memory holds one group. Unknown is null. Raises ParquetMissing, OSError."""
    try:
        import pyarrow as pa  # noqa: PLC0415  # an optional dependency, 40 MB of it: only who wants Parquet needs it
        import pyarrow.parquet as pq  # noqa: PLC0415
    except ImportError as error:
        raise ParquetMissing("Parquet needs pyarrow; install it with: pip install 'hemocam[parquet]'") from error
    kinds = (
        (_TIMES, pa.timestamp("us", tz="UTC")),
        (_FLAGS, pa.bool_()),
        (_NUMBERS, pa.int64()),
        (_MEASURES, pa.float64()),
        (_LISTS, pa.list_(pa.float32())),
    )
    schema = pa.schema([(name, next((kind for names, kind in kinds if name in names), pa.string())) for name in columns])
    left = iter(rows)
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        while group := list(islice(left, ROWS_A_GROUP)):
            writer.write_table(pa.Table.from_pylist([dict(row) for row in group], schema))
