"""A brought model as the folder that `--model` takes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import yaml

from edge.counting.cell import CellClass
from edge.counting.settings import DEFAULT_SETTINGS
from engines.contract import ManifestInvalid
from engines.filters import Filter
from engines.manifest import FILE_NAME, load_any_manifest
from engines.prepare import Preparation
from export.bringing.spec import BringingSpec, Brought
from export.conversion_error import ConversionError
from export.model_folder import staged

MODEL = "model-fp32.onnx"
_DECODED = ("foreground_threshold", "outline_threshold", "centre_threshold", "min_area_ratio", "diameter_ratio",
            "min_separation_ratio", "merge_valley_ratio")  # fmt: skip


@dataclass(frozen=True, slots=True)
class ManifestFacts:
    """What a manifest says that no conversion finds out. `more` is the content of a manifest file and goes before the rest.

    `white_balance` says whether the network learnt on pictures whose empty glass was brought to one white, as HemoCam's own
    recipes do; a lab's network mostly did not. `filters` are those it learnt behind, `masked` whether its crops were black
    outside of the cell.
    """

    name: str
    licence: str = "not stated"
    description: str = ""
    research_only: bool = True
    white_balance: bool = False
    margin_px: int = 0
    filters: tuple[Filter, ...] = ()
    masked: bool = False
    more: Mapping[str, Any] = field(default_factory=dict)


def write_model_folder(folder: Path, brought: Brought, spec: BringingSpec, manifest: ManifestFacts) -> Path:
    """Write `folder`, whole or not at all; one that was there is replaced. Raises ConversionError."""
    content = {**_fixed(brought, manifest), **_of_task(brought, spec, manifest), **manifest.more}
    content["files"] = [{"file": MODEL, "sha256": hashlib.sha256(brought.onnx).hexdigest(), "precision": "fp32"}]
    try:
        with staged(folder) as new:
            (new / MODEL).write_bytes(brought.onnx)
            text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=120)
            (new / FILE_NAME).write_text(text, encoding="utf-8")
            load_any_manifest(new)
    except ManifestInvalid as error:
        problems = str(error).split(FILE_NAME, 1)[-1].lstrip(": ")
        raise ConversionError(f"what was said does not make a manifest: {problems}") from error
    except OSError as error:
        raise ConversionError(f"{folder} cannot be written: {error.strerror or error}") from error
    return folder


def manifest_content(path: Path) -> dict[str, Any]:
    """The manifest's parts in a YAML file. Raises ConversionError where it holds none."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConversionError(f"{path} cannot be read: {error}") from error
    if not isinstance(content, dict):
        raise ConversionError(f"{path} must hold the manifest's parts by their names")
    return content


def _fixed(brought: Brought, manifest: ManifestFacts) -> dict[str, Any]:
    return {
        "name": manifest.name, "version": "1", "description": manifest.description or f"Brought in from {brought.kind}.",
        "licence": manifest.licence, "research_only": manifest.research_only, "data": ["not stated"],
        "sources": [f"{brought.kind}, sha256 {brought.source_sha256}"], "parameters": brought.parameters,
    }  # fmt: skip


def _of_task(brought: Brought, spec: BringingSpec, manifest: ManifestFacts) -> dict[str, Any]:
    sides = brought.sides
    if spec.task == "classification":
        return {"task": "classification", "classes": list(brought.labels), "side_px": sides.side_px, "masked": manifest.masked}
    assert spec.cell_diameter_px is not None
    tiling = None if sides.side_px is None else {key: getattr(sides, key) for key in ("side_px", "context_px", "unpadded")}
    # Gains held within 1 and 1 leave the picture as it is.
    preparation = Preparation(
        spec.cell_diameter_px, most_gain=Preparation(1.0).most_gain if manifest.white_balance else 1.0,
        multiple_px=sides.multiple_px if tiling is None else 1, margin_px=manifest.margin_px,
        filters=manifest.filters,
    )  # fmt: skip
    prepared = {**asdict(preparation), "filters": list(manifest.filters)}
    decoding = {kind: _decoding(kind, brought.labels) for kind in ("rbc", "wbc", "plt") if kind in brought.labels}
    return {
        "task": "field", "channels": list(brought.labels), "preparation": prepared, "decoding": decoding,
        **({"tiling": tiling} if tiling else {}),
    }  # fmt: skip


def _decoding(kind: str, channels: tuple[str, ...]) -> dict[str, Any]:
    """The counting's own settings: by centres where the network gives them, else by watershed."""
    settings = asdict(DEFAULT_SETTINGS[CellClass(kind)])
    return {"method": "centres" if f"{kind}_centre" in channels else "watershed", **{name: settings[name] for name in _DECODED}}
