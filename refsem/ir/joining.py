"""Joining: a graph of several inputs and outputs as one of one input and one output.

A property numbers its variables through: X_0, X_1, … are the entries of the inputs one after
another, in the order of the graph, each row-major; Y_0, … those of the outputs. The joined graph
has these lists as its input and its output; every input of the original is cut out of the one,
under its own name, and every output is put into the other.

Invariant: every tensor of the original is a tensor of the joined graph, of the same shape and with
the same value. A graph of one input and one output is its own join.
"""

from collections.abc import Iterator
from itertools import accumulate

from refsem.ir.graph import Graph, Node, make_node
from refsem.ir.operators import Op

INPUTS, OUTPUTS = "inputs in order", "outputs in order"
"""The names of the joined input and output, primed where they are taken."""


def joined(graph: Graph) -> Graph:
    """The graph with one input and one output, both flat, unless it has one of each already."""
    if len(graph.inputs) == len(graph.outputs) == 1:
        return graph
    known = graph.by_name()
    taken = set(known)
    inputs = tuple(known[name] for name in graph.inputs)
    source = make_node(
        _free(INPUTS, taken), Op.INPUT, (), {"shape": (sum(node.size for node in inputs),)}
    )
    starts = dict(zip(graph.inputs, accumulate((n.size for n in inputs), initial=0), strict=False))
    nodes = [source]
    for node in graph.nodes:
        if node.op is Op.INPUT:
            nodes.extend(_cut(source, node, starts[node.name], taken))
        else:
            nodes.append(node)
    flat = [_flat(known[name], _free(f"{name} in a row", taken)) for name in graph.outputs]
    sink = make_node(_free(OUTPUTS, taken), Op.CONCAT, tuple(flat), {"axis": 0})
    ends = (source.name,), (sink.name,)
    return Graph((*nodes, *flat, sink), graph.constants, *ends, graph.remarks)


def _cut(source: Node, node: Node, start: int, taken: set[str]) -> Iterator[Node]:
    """An input as a part of the joined one, in its own shape."""
    where = {"starts": (start,), "lengths": (node.size,), "steps": (1,)}
    part = make_node(_free(f"{node.name} in a row", taken), Op.SLICE, (source,), where)
    yield part
    yield make_node(node.name, Op.RESHAPE, (part,), {"shape": node.shape})


def _flat(node: Node, name: str) -> Node:
    return make_node(name, Op.RESHAPE, (node,), {"shape": (node.size,)})


def _free(name: str, taken: set[str]) -> str:
    """A name that no tensor has, from now on taken."""
    while name in taken:
        name += "'"
    taken.add(name)
    return name


def output_parts(graph: Graph) -> tuple[tuple[str, int], ...]:
    """The outputs that a joined graph was made of, with their sizes, in order; else its output."""
    known = graph.by_name()
    (sink,) = (known[name] for name in graph.outputs)
    parts = outputs_joined(graph)
    return tuple((name, known[name].size) for name in parts) or ((sink.name, sink.size),)


def outputs_joined(graph: Graph) -> tuple[str, ...]:
    """The outputs that a joined graph was made of; none where the outputs are as they were.

    A file may call its output what a joined one is called, so the nodes decide: only a graph in
    which the output is tensors in a row, one after another, has the parts that are named here.
    """
    if len(graph.outputs) != 1 or graph.outputs[0].rstrip("'") != OUTPUTS:
        return ()
    known = graph.by_name()
    sink = known[graph.outputs[0]]
    flat = [known[name] for name in sink.operands]
    if sink.op is not Op.CONCAT or sink.shape != (sink.size,):
        return ()
    if any(node.op is not Op.RESHAPE or node.shape != (node.size,) for node in flat):
        return ()
    return tuple(node.operands[0] for node in flat)
