"""The graph: operators in static single assignment, shapes stated, constants as binary32 bits.

Invariants, checked by `check_wellformed` and relied upon everywhere else:
every tensor is defined once; operands are defined earlier in the list; each node has the
arity, the attributes and the shape its catalogue row says; constants are finite.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

import numpy as np
import numpy.typing as npt

from refsem.exact import NotFiniteError
from refsem.exact.tensor import check_finite
from refsem.ir.operators import ROW, Attribute, Op, Shape, ShapeError

Bits = npt.NDArray[np.uint32]


class GraphError(ValueError):
    """A graph that is not well-formed; `node` names the tensor at fault."""

    def __init__(self, node: str, message: str) -> None:
        super().__init__(f"tensor {node!r}: {message}")
        self.node = node
        self.message = message


@dataclass(frozen=True, slots=True)
class Node:
    """One operator application; `name` is the tensor it defines."""

    name: str
    op: Op
    operands: tuple[str, ...]
    attributes: tuple[tuple[str, Attribute], ...]
    shape: Shape

    @property
    def size(self) -> int:
        """The number of entries of the tensor."""
        return prod(self.shape)

    def attribute(self, name: str) -> Attribute:
        """The value of an attribute the catalogue row declares."""
        return dict(self.attributes)[name]


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """Nodes in topological order, the bits of the constants, and what goes in and comes out."""

    nodes: tuple[Node, ...]
    constants: Mapping[str, Bits]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    remarks: tuple[str, ...] = ()
    """What the reader noticed in the file that a person should know; it changes no meaning."""

    def node(self, name: str) -> Node:
        """The node that defines a tensor; `KeyError` when there is none."""
        for candidate in self.nodes:
            if candidate.name == name:
                return candidate
        raise KeyError(name)

    def by_name(self) -> dict[str, Node]:
        """Every node by the tensor it defines."""
        return {node.name: node for node in self.nodes}


def make_node(
    name: str, op: Op, operands: tuple[Node, ...], attributes: Mapping[str, Attribute]
) -> Node:
    """The node with its shape inferred; `GraphError` where the operator does not apply."""
    row = ROW[op]
    if not row.arity <= len(operands) <= row.arity + row.optional:
        least = f"at least {row.arity}" if row.optional else f"{row.arity}"
        raise GraphError(name, f"{op.value} takes {least} operands, not {len(operands)}")
    if set(attributes) != set(row.attributes):
        raise GraphError(
            name, f"{op.value} has attributes {list(row.attributes)}, not {sorted(attributes)}"
        )
    try:
        shape = row.shape(tuple(operand.shape for operand in operands), attributes)
    except ShapeError as error:
        raise GraphError(name, str(error)) from error
    ordered = tuple((key, attributes[key]) for key in row.attributes)
    return Node(name, op, tuple(operand.name for operand in operands), ordered, shape)


def check_wellformed(graph: Graph) -> None:
    """Nothing if the graph keeps the invariants above; `GraphError` at the first breach."""
    known: dict[str, Node] = {}
    for node in graph.nodes:
        if node.name in known:
            raise GraphError(node.name, "defined twice")
        for operand in node.operands:
            if operand not in known:
                raise GraphError(node.name, f"operand {operand!r} is not defined before it")
        again = make_node(
            node.name, node.op, tuple(known[name] for name in node.operands), dict(node.attributes)
        )
        if again.attributes != node.attributes:
            raise GraphError(node.name, "attributes are not in the order of the catalogue")
        if again.shape != node.shape:
            raise GraphError(
                node.name, f"shape {list(node.shape)} stated, {list(again.shape)} meant"
            )
        known[node.name] = node
    _check_ends(graph, known)
    _check_constants(graph, known)


def _check_ends(graph: Graph, known: Mapping[str, Node]) -> None:
    declared = tuple(node.name for node in graph.nodes if node.op is Op.INPUT)
    if declared != graph.inputs:
        raise GraphError("", f"inputs {list(graph.inputs)} listed, {list(declared)} defined")
    if not graph.outputs or not graph.inputs:
        raise GraphError("", "a graph has at least one input and one output")
    for name in graph.outputs:
        if name not in known:
            raise GraphError(name, "is an output but is not defined")


def _check_constants(graph: Graph, known: Mapping[str, Node]) -> None:
    declared = {name for name, node in known.items() if node.op is Op.CONSTANT}
    if declared != set(graph.constants):
        raise GraphError("", f"constants without bits: {sorted(declared ^ set(graph.constants))}")
    for name, bits in graph.constants.items():
        if bits.dtype != np.uint32 or bits.shape != known[name].shape:
            raise GraphError(
                name,
                f"bits of type {bits.dtype} and shape {list(bits.shape)}, "
                f"uint32 {list(known[name].shape)} expected",
            )
        try:
            check_finite(bits)
        except NotFiniteError as error:
            raise GraphError(name, str(error)) from error
