"""Differentiation as a graph transform: what comes out is an ordinary graph.

Forward mode gives the derivative of every output along a direction; reverse mode gives the
gradient of one weighted sum of outputs in every input. Applied again, they give second and mixed
derivatives. The result means the derivative in the reals; how it is executed is as open as for any
graph. Composites are replaced by their first expansion.

Elementwise operators are differentiated by their terms, the others by their plans: where a plan
is linear, the tangent of the result is the operator of the tangents; a contraction obeys the
product rule; its adjoint follows its index maps (`refsem.ir.adjoints`).

Source: Griewank and Walther, Evaluating Derivatives (2008), chapter 3.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum

import numpy as np

from refsem.exact.functions import Function
from refsem.ir.adjoints import plan_adjoint
from refsem.ir.composites import Builder, expanded
from refsem.ir.derivatives import ONE, ZERO, NoDerivativeError, derivative, has_kinks, negative
from refsem.ir.graph import Bits, Graph, GraphError, Node, check_wellformed
from refsem.ir.operators import OPERANDS, ROW, Op
from refsem.ir.plans import Contraction, Fold, Plan, Reduction
from refsem.ir.term_nodes import TermNodes
from refsem.ir.terms import Term


class Kinks(Enum):
    """What to do where branches of different derivatives meet."""

    REFUSE = "refuse"
    BRANCH = "branch"
    """The derivative of the branch taken: right wherever there is a derivative, away from kinks."""


@dataclass(frozen=True, slots=True, eq=False)
class Differentiated:
    """A graph and its derivatives: its outputs are the given ones, then the derivatives.

    `derivatives` names them by output (forward) or by input (reverse).
    """

    graph: Graph
    derivatives: Mapping[str, str]


def forward_derivative(
    graph: Graph, directions: Mapping[str, Bits], label: str, kinks: Kinks
) -> Differentiated:
    """The derivative of every output along a direction: binary32 bits for each input that moves.

    New tensors are named `label#number`. `GraphError` at the first tensor that cannot be
    differentiated, or for a direction that does not fit its input.
    """
    whole = expanded(graph, {})
    _check_fitting(whole, whole.inputs, directions)
    builder = _builder(whole, label)
    known = whole.by_name()
    tangents = {name: builder.tensor(bits) for name, bits in directions.items()}
    for node in whole.nodes:
        if any(name in tangents for name in node.operands):
            with _naming(node):
                moved = _tangent(builder, node, known, tangents, kinks)
            if moved is not None:
                tangents[node.name] = moved
    found = {
        name: tangents[name] if name in tangents else _zeros(builder, known[name])
        for name in whole.outputs
    }
    return _concluded(whole, builder, found)


def reverse_derivative(
    graph: Graph, weights: Mapping[str, Bits], label: str, kinks: Kinks
) -> Differentiated:
    """The gradient of Σ weights · outputs in every input: binary32 bits for outputs that count.

    Names and errors as of `forward_derivative`.
    """
    whole = expanded(graph, {})
    _check_fitting(whole, whole.outputs, weights)
    builder = _builder(whole, label)
    known, moving = whole.by_name(), _moving(whole)
    received = {name: [builder.tensor(bits)] for name, bits in weights.items()}
    for node in reversed(whole.nodes):
        if node.name not in received or node.name not in moving or node.op is Op.INPUT:
            continue
        cotangent = received[node.name] = [_summed(builder, received[node.name])]
        for place, name in enumerate(node.operands):
            if name not in moving:
                continue
            with _naming(node):
                given = _cotangent(builder, node, known, place, cotangent[0], kinks)
            if given is not None:
                received.setdefault(name, []).append(given)
    found = {
        name: _summed(builder, received[name]) if name in received else _zeros(builder, known[name])
        for name in whole.inputs
    }
    return _concluded(whole, builder, found)


def _builder(graph: Graph, label: str) -> Builder:
    return Builder(label, frozenset(node.name for node in graph.nodes))


def _check_fitting(graph: Graph, names: tuple[str, ...], given: Mapping[str, Bits]) -> None:
    known = graph.by_name()
    for name, bits in given.items():
        if name not in names:
            raise GraphError(name, f"is none of {', '.join(names)}")
        if bits.shape != known[name].shape:
            shapes = f"{list(bits.shape)} for {list(known[name].shape)}"
            raise GraphError(name, f"the numbers given do not fit: {shapes}")


@contextmanager
def _naming(node: Node) -> Iterator[None]:
    """What stands in the way of a derivative is named with the tensor."""
    try:
        yield
    except NoDerivativeError as error:
        raise GraphError(node.name, f"{node.op.value} is not differentiated: {error}") from error


def _moving(graph: Graph) -> frozenset[str]:
    """The tensors that depend on an input."""
    found: set[str] = set()
    for node in graph.nodes:
        if node.op is Op.INPUT or any(name in found for name in node.operands):
            found.add(node.name)
    return frozenset(found)


def _zeros(builder: Builder, like: Node) -> Node:
    return builder.tensor(np.zeros(like.shape, np.uint32))


def _summed(builder: Builder, parts: list[Node]) -> Node:
    found = parts[0]
    for part in parts[1:]:
        found = builder.apply(Op.ADD, found, part)
    return found


def _concluded(graph: Graph, builder: Builder, found: Mapping[str, Node]) -> Differentiated:
    derivatives = {name: node.name for name, node in found.items()}
    whole = Graph(
        (*graph.nodes, *builder.nodes),
        {**graph.constants, **builder.constants},
        graph.inputs,
        tuple(dict.fromkeys((*graph.outputs, *derivatives.values()))),
        graph.remarks,
    )
    check_wellformed(whole)
    return Differentiated(whole, derivatives)


def _tangent(
    builder: Builder,
    node: Node,
    known: Mapping[str, Node],
    tangents: Mapping[str, Node],
    kinks: Kinks,
) -> Node | None:
    """The tangent of a node, some of whose operands have one; None where it does not move."""
    operands = tuple(known[name] for name in node.operands)
    moved = {place: tangents[x.name] for place, x in enumerate(operands) if x.name in tangents}
    if ROW[node.op].meaning is None:
        return _tangent_of_plan(builder, node, operands, moved)
    partials = _Partials(builder, node, operands, kinks)
    parts = [partials.times(place, tangent) for place, tangent in moved.items()]
    present = [part for part in parts if part is not None]
    if not present:
        return None
    found = _summed(builder, present)
    return found if found.shape == node.shape else builder.apply(Op.EXPAND, found, shape=node.shape)


def _tangent_of_plan(
    builder: Builder, node: Node, operands: tuple[Node, ...], moved: Mapping[int, Node]
) -> Node:
    """The operator of the tangents, once for each factor of a contraction that moves."""
    plan = plan_of(node, operands)
    if any(isinstance(s.form, Reduction) and s.form.fold in {Fold.MAX, Fold.MIN} for s in plan):
        raise NoDerivativeError("the greatest or least of entries has kinks")
    factors = next((s.operands for s in plan if isinstance(s.form, Contraction)), ())
    linear = {place: tangent for place, tangent in moved.items() if place not in factors}
    uses = [{place: moved[place]} for place in factors if place in moved]
    if linear or not uses:
        uses = [{**linear, **uses[0]} if uses else linear, *uses[1:]]
    parts = []
    for use in uses:
        kept = set(factors) - set(use) if set(use) & set(factors) else set()
        taken = (
            use.get(place) or (operand if place in kept else _zeros(builder, operand))
            for place, operand in enumerate(operands)
        )
        parts.append(builder.apply(node.op, *taken, **dict(node.attributes)))
    return _summed(builder, parts)


def plan_of(node: Node, operands: tuple[Node, ...]) -> Plan:
    """The plan of a node that is not elementwise; `NoDerivativeError` if it has none."""
    rule = ROW[node.op].plan
    if rule is None:
        raise NoDerivativeError("it has no plan")
    return rule(tuple(operand.shape for operand in operands), dict(node.attributes))


def _cotangent(
    builder: Builder,
    node: Node,
    known: Mapping[str, Node],
    place: int,
    cotangent: Node,
    kinks: Kinks,
) -> Node | None:
    """What a node's cotangent is worth at an operand; None where it does not depend on it."""
    operands = tuple(known[name] for name in node.operands)
    if ROW[node.op].meaning is None:
        return plan_adjoint(builder, plan_of(node, operands), operands, place, cotangent)
    found = _Partials(builder, node, operands, kinks).times(place, cotangent)
    if found is None:
        return None
    shape = operands[place].shape
    ahead = len(node.shape) - len(shape)
    axes = tuple(
        axis
        for axis, length in enumerate(node.shape)
        if axis < ahead or shape[axis - ahead] != length
    )
    if axes:
        found = builder.apply(Op.REDUCE_SUM, found, axes=axes, keepdims=0)
    return builder.apply(Op.RESHAPE, found, shape=shape) if found.shape != shape else found


@dataclass(frozen=True, slots=True)
class _Partials:
    """The partial derivatives of an elementwise node, as nodes."""

    builder: Builder
    node: Node
    operands: tuple[Node, ...]
    kinks: Kinks

    def times(self, place: int, factor: Node) -> Node | None:
        """A tensor times the partial derivative in an operand; None where that is zero."""
        meaning, name = ROW[self.node.op].meaning, OPERANDS[place]
        if meaning is None:
            raise TypeError(f"{self.node.op.value} has no elementwise meaning")
        if self.kinks is Kinks.REFUSE and has_kinks(meaning, name):
            raise NoDerivativeError("it has kinks")
        partial = derivative(meaning, name)
        if partial == ZERO:
            return None
        if partial == ONE:
            return factor
        if partial == negative(ONE):
            return self.builder.apply(Op.NEG, factor)
        return self.builder.apply(Op.MUL, self._nodes(meaning).node(partial), factor)

    def _nodes(self, meaning: Term) -> TermNodes:
        bound = dict(zip(OPERANDS, self.operands, strict=False))
        for name, value in self.node.attributes:
            bound[name] = self.builder.constant(value)
        nodes = TermNodes(self.builder, bound)
        if isinstance(meaning.head, Function) and meaning.arguments[0].head == OPERANDS[0]:
            nodes.values[meaning.head, self.operands[0].name] = self.node
        return nodes
