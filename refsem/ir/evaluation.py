"""Exact evaluation of a graph, and the prepared form that evaluation and propagation share.

Preparing a graph computes, once, the exact value of everything that does not depend on the input
and the linear map of every affine node. A prepared graph is a reading of the graph, not a second
statement of it: elementwise operators are their catalogue terms, affine ones their maps.
"""

from collections import ChainMap
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

from gmpy2 import mpq

from refsem.exact import ExactTensor
from refsem.ir.affine import AFFINE_OPERATORS, AffineNode, affine_node
from refsem.ir.graph import Graph, Node
from refsem.ir.operators import OPERANDS, ROW, Op, Shape
from refsem.ir.readings import evaluate_tensor


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A graph with its constants decoded and its affine maps built.

    `nodes` are those that depend on the input, by name, in order; `affine` has a map for each
    affine one of them; `constants` has a (1, size) row for every other tensor; `shapes` are those
    of all tensors.
    """

    graph: Graph
    nodes: Mapping[str, Node]
    affine: Mapping[str, AffineNode]
    constants: Mapping[str, ExactTensor]
    shapes: Mapping[str, Shape]

    def operands(self, name: str) -> tuple[str, ...]:
        """The distinct operands of a node that depend on the input."""
        operands = self.nodes[name].operands
        return tuple(dict.fromkeys(x for x in operands if x not in self.constants))


def prepare(graph: Graph) -> Prepared:
    """The prepared form; `NotAffineError` for a product of two variable tensors."""
    values = {name: ExactTensor.from_binary32(bits) for name, bits in graph.constants.items()}
    return prepare_exactly(graph, values)


def prepare_exactly(graph: Graph, values: Mapping[str, ExactTensor]) -> Prepared:
    """The prepared form with these values of the constants, which need not be binary32.

    The bits of the graph's constants are not looked at. `NotAffineError` as for `prepare`.
    """
    shapes = {node.name: node.shape for node in graph.nodes}
    constants: dict[str, ExactTensor] = {}
    affine: dict[str, AffineNode] = {}
    nodes: dict[str, Node] = {}
    for node in graph.nodes:
        if node.op is Op.CONSTANT:
            constants[node.name] = values[node.name].reshape(1, node.size)
        elif node.op is Op.INPUT:
            nodes[node.name] = node
        elif any(name not in constants for name in node.operands):
            nodes[node.name] = node
            if node.op in AFFINE_OPERATORS:
                affine[node.name] = affine_node(node, shapes, constants)
        elif node.op in AFFINE_OPERATORS:
            constants[node.name] = affine_node(node, shapes, constants).constant
        else:
            constants[node.name] = elementwise(node, shapes, constants)
    return Prepared(graph, nodes, affine, constants, shapes)


def elementwise(
    node: Node, shapes: Mapping[str, Shape], values: Mapping[str, ExactTensor]
) -> ExactTensor:
    """The catalogue's term for an elementwise operator, at rows of its operands' values."""
    meaning = ROW[node.op].meaning
    if meaning is None:
        raise TypeError(f"{node.op} has no elementwise meaning")
    bound = {
        name: ExactTensor.full((1, 1), mpq(value))
        for name, value in node.attributes
        if not isinstance(value, tuple)
    }
    for name, operand in zip(OPERANDS, node.operands, strict=False):
        bound[name] = broadcast_rows(values[operand], shapes[operand], node.shape)
    return evaluate_tensor(meaning, bound)


def broadcast_rows(value: ExactTensor, source: Shape, target: Shape) -> ExactTensor:
    """Rows of tensors of one shape as rows of tensors of another, by numpy's rule."""
    if source == target:
        return value
    aligned = (1,) * (len(target) - len(source)) + source
    rows = value.shape[0]
    spread = value.reshape(rows, *aligned).broadcast_to((rows, *target))
    return spread.reshape(rows, prod(target))


def evaluate_graph(prepared: Prepared, given: Mapping[str, ExactTensor]) -> dict[str, ExactTensor]:
    """The exact value of every tensor that the given ones determine: (rows, size), a row a point.

    The given tensors are the inputs, as a rule; where an inner tensor is given it is not
    recomputed, and what it cannot determine is left out.
    """
    values: dict[str, ExactTensor] = {}
    constants = dict(prepared.constants)
    for name, node in prepared.nodes.items():
        if name in given:
            values[name] = given[name]
        elif node.op is Op.INPUT or any(x not in values for x in prepared.operands(name)):
            continue
        elif name in prepared.affine:
            values[name] = prepared.affine[name].forward(values)
        else:
            values[name] = elementwise(node, prepared.shapes, ChainMap(values, constants))
    return values
