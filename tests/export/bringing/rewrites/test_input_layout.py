# ruff: noqa: E402  # what is imported further down needs a package that may not be installed
from __future__ import annotations

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="bringing needs ONNX: pip install hemocam[export]")

from onnx import TensorProto, helper

from export.bringing.rewrites.input_layout import from_pixels
from export.bringing.session import Session
from export.bringing.spec import Layout
from export.normalisation import NORMALISATIONS, UNIT

PIXELS = np.random.default_rng(0).integers(0, 256, (2, 4, 6, 3), dtype=np.uint8)


def model(layout: Layout, kind: int = TensorProto.FLOAT, name: str = "image") -> onnx.ModelProto:
    """Its input plus one."""
    shape = ["b", 3, "h", "w"] if layout == "nchw" else ["b", "h", "w", 3]
    cast = [helper.make_node("Cast", [name], ["f"], to=TensorProto.FLOAT)] if kind == TensorProto.UINT8 else []
    nodes = [*cast, helper.make_node("Add", ["f" if cast else name, "one"], ["y"])]
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info(name, kind, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", "c", "h2", "w2"])],
        [helper.make_tensor("one", TensorProto.FLOAT, [], [1.0])],
    )  # fmt: skip
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


@pytest.mark.parametrize("name", ["image", "pixels"])
@pytest.mark.parametrize("layout", ["nchw", "nhwc"])
@pytest.mark.parametrize("normalisation", [one for name, one in NORMALISATIONS.items() if name != "grey"])
def test_pixels_are_prepared_as_said(layout: Layout, normalisation: object, name: str) -> None:
    made = model(layout, name=name)
    from_pixels(made, layout, normalisation)  # type: ignore[arg-type]
    onnx.checker.check_model(made, full_check=True)
    expected = normalisation.apply(PIXELS) + 1  # type: ignore[attr-defined]
    (found,) = Session(made).run(PIXELS)
    assert np.abs(found - (expected.transpose(0, 3, 1, 2) if layout == "nchw" else expected)).max() < 1e-5
    assert (made.graph.node[0].op_type, list(made.graph.node[0].input)) == ("Cast", ["pixels"])


@pytest.mark.parametrize("layout", ["nchw", "nhwc"])
def test_a_network_that_takes_bytes_keeps_its_preparation(layout: Layout) -> None:
    made = model(layout, TensorProto.UINT8)
    from_pixels(made, layout, UNIT)
    (found,) = Session(made).run(PIXELS)
    expected = PIXELS.astype(np.float32) + 1
    assert np.array_equal(found, expected.transpose(0, 3, 1, 2) if layout == "nchw" else expected)
    assert [node.op_type for node in made.graph.node].count("Cast") == 1
