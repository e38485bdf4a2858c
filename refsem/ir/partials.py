"""Partial derivatives of a network by the entries of its input, first and higher, as one graph.

A derivative is named by the entries it is taken by, ascending: (0, 0, 1) is once by entry 1 of
the second derivative by entry 0. Each is the forward derivative of the one before
(`refsem.ir.differentiate`), and what they have in common is computed once (`refsem.ir.sharing`).
Where the order of differentiation would matter there is a kink, and kinks are refused.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from refsem.ir.composites import expanded
from refsem.ir.differentiate import Kinks, forward_derivative
from refsem.ir.graph import Bits, Graph
from refsem.ir.restricting import restricted
from refsem.ir.sharing import shared

Entries = tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Partials:
    """A graph with all derivatives asked for, and the tensor that holds each: () is the output.

    Every one has the shape of the network's output.
    """

    graph: Graph
    tensors: Mapping[Entries, str]


def partials(graph: Graph, wanted: Collection[Entries]) -> Partials:
    """The derivatives of the one output of a graph by entries of its one input.

    `GraphError` at the first tensor that cannot be differentiated.
    """
    whole = expanded(graph, {})
    (source,), (sink,) = whole.inputs, whole.outputs
    found: dict[Entries, str] = {(): sink}
    whole = restricted(whole, (sink,))
    for entries in sorted({key[:end] for key in wanted for end in range(1, len(key) + 1)}):
        direction = _direction(whole.node(source).shape, entries[-1])
        before = restricted(whole, (found[entries[:-1]],))
        label = f"derivative {' '.join(map(str, entries))}"
        while any(node.name.startswith(label) for node in whole.nodes):
            label += "'"
        moved = forward_derivative(before, {source: direction}, label, Kinks.REFUSE)
        found[entries] = moved.derivatives[found[entries[:-1]]]
        joined = shared(_united(whole, moved.graph, tuple(found.values())))
        found = {key: joined.names[name] for key, name in found.items()}
        whole = joined.graph
    return Partials(restricted(whole, tuple(dict.fromkeys(found.values()))), found)


def _direction(shape: tuple[int, ...], entry: int) -> Bits:
    """The direction in which one entry of a tensor moves, as binary32 bits."""
    one = np.zeros(shape, np.float32)
    one.flat[entry] = 1
    return one.view(np.uint32)


def _united(whole: Graph, more: Graph, outputs: tuple[str, ...]) -> Graph:
    """Both graphs, the second of which is a part of the first and nodes that follow from it."""
    known = {node.name for node in whole.nodes}
    nodes = (*whole.nodes, *(node for node in more.nodes if node.name not in known))
    constants = {**whole.constants, **more.constants}
    return Graph(nodes, constants, whole.inputs, tuple(dict.fromkeys(outputs)), whole.remarks)
