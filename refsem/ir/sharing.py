"""Sharing: a graph in which equal nodes are one node.

Derivatives of derivatives write the same products again and again. Two nodes are equal here if
they apply one operator with the same attributes to the same tensors, the two operands of a sum or
a product in either order; two constants if their bits and shapes are the same.

Invariant: every tensor that is left has the value that it had. Trusted where a claim is about the
graph that comes out: the tests evaluate both.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace

from refsem.ir.graph import Graph, Node
from refsem.ir.operators import Op

_SYMMETRIC = frozenset({Op.ADD, Op.MUL})


@dataclass(frozen=True, slots=True, eq=False)
class Shared:
    """A graph without repetitions, and which of its tensors holds what each of the old ones did."""

    graph: Graph
    names: Mapping[str, str]


def shared(graph: Graph) -> Shared:
    """The graph with equal nodes made one: the first of them, under its name."""
    first: dict[Hashable, str] = {}
    names: dict[str, str] = {}
    nodes: list[Node] = []
    for node in graph.nodes:
        moved = replace(node, operands=tuple(names[name] for name in node.operands))
        names[node.name] = first.setdefault(_key(graph, moved), node.name)
        if names[node.name] == node.name:
            nodes.append(moved)
    left = {node.name for node in nodes}
    constants = {name: bits for name, bits in graph.constants.items() if name in left}
    outputs = tuple(dict.fromkeys(names[name] for name in graph.outputs))
    return Shared(Graph(tuple(nodes), constants, graph.inputs, outputs, graph.remarks), names)


def _key(graph: Graph, node: Node) -> Hashable:
    """What equal nodes have in common."""
    if node.op is Op.INPUT:
        return node.name
    if node.op is Op.CONSTANT:
        return node.shape, graph.constants[node.name].tobytes()
    operands = node.operands
    if node.op in _SYMMETRIC and len(operands) == 2:
        operands = tuple(sorted(operands))
    return node.op, operands, node.attributes, node.shape
