"""A corpus of drawn fields, and a model that finds each of their dark discs."""

from __future__ import annotations

import hashlib
from pathlib import Path

import cv2
import numpy as np
import yaml

from engines.manifest import FILE_NAME
from tests.engines.onnx_models import manifest
from tests.export.datasets.trees import text

DIAMETER_PX = 20.0
HEIGHT, WIDTH = 120, 160
CENTRES = ((30, 30), (80, 30), (130, 30), (30, 80), (80, 80), (130, 80))


def darkness(gain: float = 40.0, level: float = 0.6) -> bytes:
    """(batch, height, width, 3) pixels to logits (batch, 2, height, width), `gain` * (`level` - red / 255), twice."""
    from onnx import TensorProto, checker, helper

    constants = [
        helper.make_tensor("by", TensorProto.FLOAT, [], [-gain / 255.0]),
        helper.make_tensor("plus", TensorProto.FLOAT, [], [gain * level]),
        helper.make_tensor("first", TensorProto.INT64, [1], [0]),
        helper.make_tensor("whole", TensorProto.INT64, [4], [1, 2, 1, 1]),
    ]
    nodes = [
        helper.make_node("Cast", ["pixels"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("Gather", ["floats", "first"], ["red"], axis=3),
        helper.make_node("Transpose", ["red"], ["plane"], perm=[0, 3, 1, 2]),
        helper.make_node("Mul", ["plane", "by"], ["scaled"]),
        helper.make_node("Add", ["scaled", "plus"], ["one"]),
        helper.make_node("Tile", ["one", "whole"], ["logits"]),
    ]
    size = ["batch", "height", "width"]
    given = [helper.make_tensor_value_info("pixels", TensorProto.UINT8, [*size, 3])]
    made = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 2, "height", "width"])]
    graph = helper.make_graph(nodes, "dark", given, made, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString())


def model(folder: Path, name: str = "dark", level: float = 0.6) -> Path:
    """A model's folder. A lower `level` finds smaller discs, as their rims are soft."""
    content = darkness(level=level)
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(content)
    described = manifest(content, name=name, channels=["rbc", "wbc"])
    described["files"][0]["sha256"] = hashlib.sha256(content).hexdigest()
    (folder / FILE_NAME).write_text(yaml.safe_dump(described), encoding="utf-8")
    return folder


def corpus(root: Path, splits: tuple[str, ...] = ("val", "val", "val", "test", "bench_train")) -> Path:
    """ALL-IDB1's files with a field a split; the first lacks a disc that its mask and its count have."""
    rows = ["image,native_width,native_height,width,split,masks,rbc_count,wbc_count,plt_count"]
    for index, split in enumerate(splits):
        name = f"Im{index:03d}_1"
        rows.append(f"{name},{WIDTH},{HEIGHT},{WIDTH},{split},rbc edge,{len(CENTRES)},,")
        pixels = np.full((HEIGHT, WIDTH, 3), 230, np.uint8)
        mask, edge = np.zeros((HEIGHT, WIDTH), np.uint8), np.zeros((HEIGHT, WIDTH), np.uint8)
        for number, centre in enumerate(CENTRES):
            if index or number:
                cv2.circle(pixels, centre, 10, (90, 60, 80), -1)
            cv2.circle(mask, centre, 10, 255, -1)
            cv2.circle(edge, centre, 10, 255, 1)
        pixels = cv2.GaussianBlur(pixels, (5, 5), 1.0 + 0.3 * index)
        for folder, picture in (("images", pixels[..., ::-1]), ("masks_rbc", mask), ("masks_edge", edge)):
            (root / folder).mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(root / folder / f"{name}.{'jpg' if folder == 'images' else 'png'}"), picture)
    text(root / "index.csv", *rows)
    return root
