"""The order of an ONNX graph's nodes."""

from __future__ import annotations

from collections import deque

from onnx import GraphProto, NodeProto


def sort_nodes(graph: GraphProto) -> None:
    """Put every node after those that it takes from, else in the order they had (Kahn, CACM 5(11), 1962).

    Raises ValueError where nodes wait for each other.
    """
    nodes = list(graph.node)
    maker = {output: index for index, node in enumerate(nodes) for output in node.output if output}
    waits = [{maker[name] for name in node.input if name in maker} for node in nodes]
    followers: list[list[int]] = [[] for _ in nodes]
    for index, needed in enumerate(waits):
        for one in needed:
            followers[one].append(index)
    left = [len(needed) for needed in waits]
    ready = deque(index for index, number in enumerate(left) if number == 0)
    ordered: list[NodeProto] = []
    while ready:
        index = ready.popleft()
        ordered.append(nodes[index])
        for follower in followers[index]:
            left[follower] -= 1
            if left[follower] == 0:
                ready.append(follower)
    if len(ordered) < len(nodes):
        stuck = next(node for node, number in zip(nodes, left, strict=True) if number)
        raise ValueError(f"node {stuck.name or stuck.output[0]} waits for itself")
    del graph.node[:]
    graph.node.extend(ordered)
