"""Graphs cut down to what some of their tensors need, and networks put into graphs.

Invariant: every tensor kept has the value it had; a network put into a graph has at its output the
value that it has where its input is the tensor it is given.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace

from refsem.ir.composites import Builder
from refsem.ir.graph import Graph, GraphError, Node
from refsem.ir.operators import Op


def needed(nodes: Collection[Node], names: Collection[str]) -> frozenset[str]:
    """The tensors that some need, themselves included; `nodes` in topological order."""
    found = set(names)
    for node in reversed(tuple(nodes)):
        if node.name in found:
            found.update(node.operands)
    return frozenset(found)


def restricted(graph: Graph, outputs: tuple[str, ...]) -> Graph:
    """The graph with these outputs, its inputs, and what the outputs need; nothing else."""
    kept = needed(graph.nodes, outputs) | set(graph.inputs)
    return Graph(
        tuple(node for node in graph.nodes if node.name in kept),
        {name: bits for name, bits in graph.constants.items() if name in kept},
        graph.inputs,
        outputs,
        graph.remarks,
    )


def inlined(builder: Builder, network: Graph, operand: Node, label: str) -> Node:
    """The output of a network of one input and one output, at a tensor of as many entries.

    Its tensors are named `label` and their names, primed where that is taken. `GraphError` for a
    network of another number of inputs, outputs or entries.
    """
    if len(network.inputs) != 1 or len(network.outputs) != 1:
        raise GraphError("", "a network of one input and one output is wanted")
    names: dict[str, Node] = {}
    taken = {node.name for node in builder.nodes} | builder.taken
    for node in network.nodes:
        if node.op is Op.INPUT:
            if node.size != operand.size:
                raise GraphError(node.name, f"{node.size} entries, {operand.size} are given")
            names[node.name] = builder.apply(Op.RESHAPE, operand, shape=node.shape)
            continue
        made = replace(node, name=_free(label + node.name, taken), operands=_renamed(node, names))
        if node.op is Op.CONSTANT:
            builder.constants[made.name] = network.constants[node.name]
        builder.nodes.append(made)
        names[node.name] = made
    return names[network.outputs[0]]


def _renamed(node: Node, names: Mapping[str, Node]) -> tuple[str, ...]:
    return tuple(names[operand].name for operand in node.operands)


def _free(name: str, taken: set[str]) -> str:
    """A name that no tensor has, from now on taken."""
    while name in taken:
        name += "'"
    taken.add(name)
    return name
