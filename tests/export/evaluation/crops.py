"""Labelled crops, one folder a class, and a classifier that tells them apart by their colour."""

from __future__ import annotations

import hashlib
from pathlib import Path

import cv2
import numpy as np
import yaml

from engines.manifest import FILE_NAME
from export.datasets.sample import Sample

CLASSES = ("red", "green", "blue")
SIDE_PX = 16


def brightest() -> bytes:
    """(batch, 16, 16, 3) pixels to logits (batch, 3): each channel's mean / 25."""
    from onnx import TensorProto, checker, helper

    constants = [helper.make_tensor("by", TensorProto.FLOAT, [], [1.0 / 25.0])]
    nodes = [
        helper.make_node("Cast", ["pixels"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["floats", "by"], ["scaled"]),
        helper.make_node("ReduceMean", ["scaled"], ["logits"], axes=[1, 2], keepdims=0),
    ]
    given = [helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["batch", SIDE_PX, SIDE_PX, 3])]
    made = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 3])]
    graph = helper.make_graph(nodes, "brightest", given, made, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString())


def model(folder: Path, name: str = "brightest", classes: tuple[str, ...] = CLASSES) -> Path:
    content = brightest()
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(content)
    manifest = {
        "name": name, "version": "1", "description": "The brightest channel.", "licence": "MIT", "research_only": False,
        "data": ["none"], "sources": ["none"], "parameters": 1, "task": "classification", "classes": list(classes),
        "side_px": SIDE_PX,
        "files": [{"file": "model.onnx", "sha256": hashlib.sha256(content).hexdigest(), "precision": "fp32"}],
    }  # fmt: skip
    (folder / FILE_NAME).write_text(yaml.safe_dump(manifest), encoding="utf-8")
    return folder


def samples(root: Path, shown: list[tuple[str, str, str]]) -> list[Sample]:
    """A crop each for (label, the colour that is really shown, slide)."""
    root.mkdir(parents=True, exist_ok=True)
    made = []
    for index, (label, colour, slide) in enumerate(shown):
        pixels = np.full((20, 20, 3), 60, np.uint8)
        pixels[..., CLASSES.index(colour)] = 200
        path = root / f"{index}.png"
        cv2.imwrite(str(path), pixels[..., ::-1])
        made.append(Sample("drawn", "test", f"{index}", path, label=label, group=slide))
    return made
