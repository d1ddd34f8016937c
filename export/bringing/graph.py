"""An ONNX graph that is being changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, helper, numpy_helper

Array = NDArray[np.generic]


class Graph:
    """The main graph of `model`, changed in place. Names are looked up anew each time: hundreds of nodes."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self.model = model
        self._graph = model.graph
        self._taken = {name for node in self._graph.node for name in (*node.input, *node.output, node.name)}
        self._taken |= {one.name for one in (*self._graph.input, *self._graph.initializer, *self._graph.output)}

    @property
    def nodes(self) -> Sequence[NodeProto]:
        return tuple(self._graph.node)

    def producer(self, name: str) -> NodeProto | None:
        """The node that gives `name`; None for an input or an initialiser."""
        return next((node for node in self._graph.node if name in node.output), None)

    def consumers(self, name: str) -> list[NodeProto]:
        return [node for node in self._graph.node if name in node.input]

    def is_output(self, name: str) -> bool:
        return any(one.name == name for one in self._graph.output)

    def constant(self, name: str) -> Array | None:
        """The value of an initialiser or a Constant node; None for anything else."""
        for tensor in self._graph.initializer:
            if tensor.name == name:
                return np.asarray(numpy_helper.to_array(tensor))
        node = self.producer(name)
        if node is not None and node.op_type == "Constant" and node.attribute[0].name == "value":
            return np.asarray(numpy_helper.to_array(node.attribute[0].t))
        return None

    def fresh(self, stem: str) -> str:
        """A name that nothing has yet."""
        name, count = stem, 0
        while name in self._taken:
            count += 1
            name = f"{stem}_{count}"
        self._taken.add(name)
        return name

    def add_constant(self, value: Array, stem: str) -> str:
        name = self.fresh(stem)
        self._graph.initializer.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def node(self, kind: str, inputs: Sequence[str], stem: str, outputs: int = 1, **attributes: Any) -> NodeProto:
        """A node that is not in the graph yet, with fresh names."""
        names = [self.fresh(stem) for _ in range(outputs)]
        return helper.make_node(kind, list(inputs), names, name=self.fresh(f"{stem}_node"), **attributes)

    def insert(self, nodes: Iterable[NodeProto], before: NodeProto | None) -> None:
        """Put `nodes` in order before `before`, or at the end."""
        at = len(self._graph.node) if before is None else list(self._graph.node).index(before)
        for offset, node in enumerate(nodes):
            self._graph.node.insert(at + offset, node)

    def replace_uses(self, old: str, new: str) -> None:
        """All nodes that read `old` read `new`. Outputs of the graph keep their names."""
        for node in self._graph.node:
            for index, name in enumerate(node.input):
                if name == old:
                    node.input[index] = new

    def remove(self, node: NodeProto) -> None:
        self._graph.node.remove(node)

    def prune(self) -> None:
        """Drop nodes and initialisers that no output needs."""
        needed = {one.name for one in self._graph.output}
        kept = []
        for node in reversed(self._graph.node):
            if needed & set(node.output):
                kept.append(node)
                needed |= set(node.input) | _outer_names(node)
        tensors = [one for one in self._graph.initializer if one.name in needed]
        del self._graph.node[:], self._graph.initializer[:]
        self._graph.node.extend(reversed(kept))
        self._graph.initializer.extend(tensors)


def _outer_names(node: NodeProto) -> set[str]:
    """What the bodies of an If or a Loop read; some of it from outside."""
    bodies = [one.g for one in node.attribute if one.type == onnx.AttributeProto.GRAPH]
    names: set[str] = set()
    for body in bodies:
        names |= {one.name for one in body.output}
        for inner in body.node:
            names |= set(inner.input) | _outer_names(inner)
    return names


def sizes(value: onnx.ValueInfoProto) -> tuple[int | None, ...]:
    """A tensor's sizes, None where any is taken."""
    return tuple(one.dim_value if one.HasField("dim_value") else None for one in value.type.tensor_type.shape.dim)
