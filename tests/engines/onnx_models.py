"""Tiny ONNX models and manifests, made on the spot."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from engines.manifest import FILE_NAME


def model_bytes(channels: int = 2, *, outputs: int = 1, input_type: str = "uint8", output_rank: int = 4) -> bytes:
    """(batch, height, width, 3) pixels to (batch, channels, height, width): the red channel / 255, repeated."""
    from onnx import TensorProto, checker, helper

    kind = {"uint8": TensorProto.UINT8, "float": TensorProto.FLOAT, "int64": TensorProto.INT64}[input_type]
    size = ["batch", "height", "width"]
    constants = [
        helper.make_tensor("by", TensorProto.FLOAT, [], [1.0 / 255.0]),
        helper.make_tensor("first", TensorProto.INT64, [1], [0]),
        helper.make_tensor("whole", TensorProto.INT64, [4], [1, channels, 1, 1]),
        helper.make_tensor("axes", TensorProto.INT64, [1], [1]),
    ]
    nodes = [
        helper.make_node("Cast", ["pixels"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("Gather", ["floats", "first"], ["red"], axis=3),
        helper.make_node("Transpose", ["red"], ["plane"], perm=[0, 3, 1, 2]),
        helper.make_node("Mul", ["plane", "by"], ["scaled"]),
        helper.make_node("Tile", ["scaled", "whole"], ["tiled"]),
    ]
    shape: list[Any] = ["batch", channels, "height", "width"]
    if output_rank == 4:
        nodes.append(helper.make_node("Identity", ["tiled"], ["logits"]))
    else:
        nodes.append(helper.make_node("ReduceMean", ["tiled"], ["logits"], axes=[1, 2, 3], keepdims=0))
        shape = ["batch"]
    made = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, shape)]
    for extra in range(1, outputs):
        nodes.append(helper.make_node("Identity", ["tiled"], [f"more{extra}"]))
        made.append(helper.make_tensor_value_info(f"more{extra}", TensorProto.FLOAT, ["batch", channels, "height", "width"]))
    graph = helper.make_graph(nodes, "red", [helper.make_tensor_value_info("pixels", kind, [*size, 3])], made, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString())


def manifest(content: bytes = b"", **changed: Any) -> dict[str, Any]:
    """A valid manifest of a model with two channels whose only file is `content`."""
    return {
        "name": "tiny", "version": "1", "description": "The red channel.", "licence": "MIT", "research_only": False,
        "data": ["none"], "sources": ["none"], "seed": 0, "recipe": "none", "parameters": 1,
        "files": [{"file": "model.onnx", "sha256": hashlib.sha256(content).hexdigest(), "precision": "fp32"}],
        "channels": ["rbc", "wbc"],
        "preparation": {
            "cell_diameter_px": 20.0, "white_percentile": 95.0, "white_level": 235, "most_gain": 4.0, "multiple_px": 8
        },
        "decoding": {
            "rbc": {
                "method": "components", "foreground_threshold": 0.5, "min_area_ratio": 0.1, "diameter_ratio": 1.0,
                "min_separation_ratio": 0.3, "merge_valley_ratio": 0.85,
            }
        },
        **changed,
    }  # fmt: skip


def model_in(folder: Path, content: bytes, **changed: Any) -> Path:
    """A model's folder with `content` as its file and a manifest about it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(content)
    (folder / FILE_NAME).write_text(yaml.safe_dump(manifest(content, **changed)), encoding="utf-8")
    return folder


def sealed_in(folder: Path, counting: Callable[[Any, Any], Mapping[str, int]], seed: int = 0, frames: int = 2) -> Path:
    """Reference frames for the model in `folder`, counted by its FP32 file."""
    from engines.manifest import load_manifest
    from engines.onnxrt import OnnxRuntime

    manifest = load_manifest(folder)
    rng = np.random.default_rng(seed)
    made = {f"frame{index}": rng.integers(0, 256, (1, 64, 64 + 16 * index, 3), dtype=np.uint8) for index in range(frames)}
    engine = OnnxRuntime((folder / manifest.file_of("fp32").file).read_bytes(), "sealed", 1)
    counts = [dict(counting(engine.run(frame), manifest)) for frame in made.values()]
    np.savez_compressed(folder / "reference.npz", **made)
    content = (folder / "reference.npz").read_bytes()
    described = yaml.safe_load((folder / FILE_NAME).read_text(encoding="utf-8"))
    described["reference"] = {"file": "reference.npz", "sha256": hashlib.sha256(content).hexdigest(), "counts": counts}
    (folder / FILE_NAME).write_text(yaml.safe_dump(described), encoding="utf-8")
    return folder
