"""Exact evaluation of a graph, and the prepared form that evaluation and propagation share.

Preparing a graph computes, once, the exact value of everything that does not depend on the input
and the linear map of every affine node. A prepared graph is a reading of the graph, not a second
statement of it: elementwise operators are their catalogue terms, the rest their plans.
"""

from collections import ChainMap
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from refsem.exact import ExactTensor
from refsem.ir.affine import AffineNode, NotAffine, affine_node, attribute_values, spread_steps
from refsem.ir.composites import BOUNDED, expanded
from refsem.ir.graph import Graph, Node
from refsem.ir.joining import outputs_joined
from refsem.ir.lowering import lowered
from refsem.ir.operators import OPERANDS, ROW, Op, Shape
from refsem.ir.plan_values import plan_value
from refsem.ir.readings import IrrationalError, UndefinedError, evaluate_tensor
from refsem.ir.restricting import needed
from refsem.ir.terms import rational_everywhere


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A graph with its composites expanded, the rest lowered, constants decoded, affine maps built.

    `nodes` are those that depend on the input or have no rational value, by name, in order;
    `affine` has a map for each affine one of them; `constants` has a (1, size) row for every other
    tensor; `shapes` are those of all tensors.
    """

    graph: Graph
    nodes: Mapping[str, Node]
    affine: Mapping[str, AffineNode]
    constants: Mapping[str, ExactTensor]
    shapes: Mapping[str, Shape]

    def operands(self, name: str) -> tuple[str, ...]:
        """The distinct operands of a node that are not constants."""
        operands = self.nodes[name].operands
        return tuple(dict.fromkeys(x for x in operands if x not in self.constants))


def restricted_to(prepared: Prepared, outputs: tuple[str, ...]) -> Prepared:
    """The prepared form with these outputs, and of its nodes those that they need and the inputs.

    Constants and shapes are all kept: what is not asked for costs nothing.
    """
    graph = replace(prepared.graph, outputs=outputs)
    kept = needed(prepared.nodes.values(), outputs) | set(graph.inputs)
    nodes = {name: node for name, node in prepared.nodes.items() if name in kept}
    return replace(prepared, graph=graph, nodes=nodes)


def prepare(graph: Graph) -> Prepared:
    """The prepared form of a graph."""
    values = {name: ExactTensor.from_binary32(bits) for name, bits in graph.constants.items()}
    return prepare_exactly(graph, values)


def prepare_exactly(graph: Graph, values: Mapping[str, ExactTensor]) -> Prepared:
    """The prepared form with these values of the constants, which need not be binary32.

    The bits of the graph's constants are not looked at. Composites are replaced by the expansion
    that bounds follow, whose own constants are binary32 values; what is not affine is lowered.
    """
    whole = expanded(graph, BOUNDED)
    decoded = dict(values) | {
        name: ExactTensor.from_binary32(bits)
        for name, bits in whole.constants.items()
        if name not in values
    }
    found = _Preparing(decoded, frozenset(node.name for node in whole.nodes))
    for node in whole.nodes:
        found.add(node)
    return Prepared(graph, found.nodes, found.affine, found.constants, found.shapes)


def as_stated(graph: Graph) -> Prepared:
    """The graph with composites expanded as they are stated first, and nothing else done to it.

    Its values are those of terms and plans, without affine maps and lowering: a second opinion.
    """
    whole = expanded(graph, {})
    constants = {
        node.name: ExactTensor.from_binary32(whole.constants[node.name]).reshape(1, node.size)
        for node in whole.nodes
        if node.op is Op.CONSTANT
    }
    nodes = {node.name: node for node in whole.nodes if node.op is not Op.CONSTANT}
    return Prepared(graph, nodes, {}, constants, {node.name: node.shape for node in whole.nodes})


@dataclass(slots=True)
class _Preparing:
    """A graph being prepared, node by node."""

    values: dict[str, ExactTensor]
    taken: frozenset[str]
    nodes: dict[str, Node] = field(default_factory=dict)
    affine: dict[str, AffineNode] = field(default_factory=dict)
    constants: dict[str, ExactTensor] = field(default_factory=dict)
    shapes: dict[str, Shape] = field(default_factory=dict)

    def add(self, node: Node) -> None:
        """The node sorted in: as a constant, an affine node, one with rules, or as lowered."""
        self.shapes[node.name] = node.shape
        if node.op is Op.CONSTANT:
            self.constants[node.name] = self.values[node.name].reshape(1, node.size)
        elif node.op is Op.INPUT:
            self.nodes[node.name] = node
        else:
            self._apply(node)

    def _apply(self, node: Node) -> None:
        found = affine_node(node, self.shapes, self.constants)
        known = all(name in self.constants for name in node.operands)
        value = _known_value(node, self.shapes, self.constants, found) if known else None
        if value is not None:
            self.constants[node.name] = value
        elif isinstance(found, AffineNode):
            self.nodes[node.name], self.affine[node.name] = node, found
        elif (simpler := lowered(node, self.shapes, self.constants, self.taken)) is not None:
            for name, bits in simpler.constants.items():
                self.values[name] = ExactTensor.from_binary32(bits)
            self.taken |= {inner.name for inner in simpler.nodes}
            for inner in simpler.nodes:
                self.add(inner)
        else:
            self.nodes[node.name] = node


def _known_value(
    node: Node,
    shapes: Mapping[str, Shape],
    constants: Mapping[str, ExactTensor],
    found: AffineNode | NotAffine,
) -> ExactTensor | None:
    """The value of a node all of whose operands are constants; None if no rational one is known."""
    if isinstance(found, AffineNode):
        return found.constant
    try:
        return node_value(node, shapes, constants)
    except (IrrationalError, UndefinedError, ZeroDivisionError):
        return None


def node_value(
    node: Node, shapes: Mapping[str, Shape], values: Mapping[str, ExactTensor]
) -> ExactTensor:
    """The value of a node that is no source, at rows of its operands' values.

    `IrrationalError` where a function's value is not known to be rational, `UndefinedError` or
    `ZeroDivisionError` where there is none.
    """
    row = ROW[node.op]
    if row.plan is not None:
        operands = [values[name] for name in node.operands]
        plan = row.plan(tuple(shapes[name] for name in node.operands), dict(node.attributes))
        return plan_value(plan, operands)
    if row.meaning is None:
        raise TypeError(f"{node.op.value} is a source")
    bound = attribute_values(node)
    for name, operand in zip(OPERANDS, node.operands, strict=False):
        value = values[operand]
        for step in spread_steps(shapes[operand], node.shape):
            value = step.forward(value)
        bound[name] = value
    return evaluate_tensor(row.meaning, bound)


def irrational_tensor(prepared: Prepared) -> str:
    """The first tensor that is a named function of another; empty if there is none."""
    for name, node in prepared.nodes.items():
        meaning = ROW[node.op].meaning
        if meaning is not None and not rational_everywhere(meaning):
            return name
    return ""


def evaluate_graph(prepared: Prepared, given: Mapping[str, ExactTensor]) -> dict[str, ExactTensor]:
    """The exact value of every tensor that the given ones determine: (rows, size), a row a point.

    The given tensors are the inputs, as a rule; where an inner tensor is given it is not
    recomputed, and what it cannot determine is left out. Errors as of `node_value`.
    """
    values: dict[str, ExactTensor] = {}
    constants = dict(prepared.constants)
    for name in (*prepared.graph.outputs, *outputs_joined(prepared.graph)):
        if name in constants:
            values[name] = constants[name]
    for name, node in prepared.nodes.items():
        if name in given:
            values[name] = given[name]
        elif node.op is Op.INPUT or any(x not in values for x in prepared.operands(name)):
            continue
        elif name in prepared.affine:
            values[name] = prepared.affine[name].forward(values)
        else:
            values[name] = node_value(node, prepared.shapes, ChainMap(values, constants))
    return values
