"""Closed loops as graphs: the candidate V, how it changes, its second derivatives, the next state.

The graph's input is the state. Its outputs, each flat: `value` is V; `change` is the derivative of
V along the flow, or V of the next state less V; `next` the next state, or the rate of each state;
`curves` has second derivatives of V and of its change in every pair of states (i, j), i ≤ j.

All of it is ordinary nodes: gradients by `refsem.ir.differentiate`, networks put in as they are.
Kinks are not differentiated: `GraphError` names the tensor.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from refsem.ir.composites import Builder, expanded
from refsem.ir.derivatives import NoDerivativeError, derivative, has_kinks
from refsem.ir.differentiate import Kinks, forward_derivative, reverse_derivative
from refsem.ir.graph import Graph, GraphError, Node, check_wellformed, make_node
from refsem.ir.operators import Op
from refsem.ir.restricting import inlined, restricted
from refsem.ir.term_nodes import TermNodes
from refsem.ir.terms import Term, term
from refsem.properties.lyapunov_file import LyapunovFile, Time

STATE = "state"
_ONE = np.array([0x3F800000], dtype=np.uint32)


@dataclass(frozen=True, slots=True, eq=False)
class ClosedLoop:
    """A graph and the names of the tensors that mean something; see the module."""

    graph: Graph
    value: str
    change: str
    next: str


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """A graph that has second derivatives besides, and first ones; by states."""

    graph: Graph
    slopes: Mapping[str, tuple[str, ...]]
    curves: Mapping[str, Mapping[tuple[int, int], str]]
    """By tensor of the closed loop, V and its change."""


def closed_loop(file: LyapunovFile) -> ClosedLoop:
    """The closed loop that a file states."""
    source = make_node(STATE, Op.INPUT, (), {"shape": (len(file.states),)})
    if file.time is Time.DISCRETE:
        return _step_by_step(file, source)
    if isinstance(file.candidate, Graph):
        return _along_the_flow(file, source, file.candidate)
    builder = Builder("flow", frozenset({STATE}))
    builder.nodes.append(source)
    nodes = TermNodes(builder, _known(builder, file, source))
    form = _term(file)
    value, rates = nodes.node(form), [nodes.node(one) for one in file.dynamics]
    slopes = [nodes.node(_slope(form, name)) for name in file.states]
    return _concluded(builder, value, slopes, rates)


def _concluded(
    builder: Builder, value: Node, slopes: Sequence[Node], rates: Sequence[Node]
) -> ClosedLoop:
    """The loop whose V changes by its slopes times the rates."""
    parts = [builder.apply(Op.MUL, *pair) for pair in zip(slopes, rates, strict=True)]
    total = parts[0]
    for part in parts[1:]:
        total = builder.apply(Op.ADD, total, part)
    value, change, moved = _row(builder, [value]), _row(builder, [total]), _row(builder, rates)
    graph = _graph(builder, (value.name, change.name, moved.name))
    return ClosedLoop(graph, value.name, change.name, moved.name)


def _slope(form: Term, name: str) -> Term:
    """The derivative of a candidate in a state; `GraphError` where it has kinks."""
    where = f"the candidate is not differentiated in {name}"
    if has_kinks(form, name):
        raise GraphError("", f"{where}: it has kinks")
    try:
        return derivative(form, name)
    except NoDerivativeError as error:
        raise GraphError("", f"{where}: {error}") from None


def _step_by_step(file: LyapunovFile, source: Node) -> ClosedLoop:
    """The loop whose V changes from a state to the next."""
    builder = Builder("step", frozenset({STATE}))
    builder.nodes.append(source)
    value = _value(builder, file, source, "candidate ")
    nodes = TermNodes(builder, _known(builder, file, source))
    moved = _row(builder, [nodes.node(one) for one in file.dynamics])
    change = builder.apply(Op.SUB, _value(builder, file, moved, "next candidate "), value)
    graph = _graph(builder, (value.name, change.name, moved.name))
    return ClosedLoop(graph, value.name, change.name, moved.name)


def _along_the_flow(file: LyapunovFile, source: Node, network: Graph) -> ClosedLoop:
    """A network's graph continued by its gradient times the rates of the states."""
    start = Builder("V", frozenset({STATE}))
    start.nodes.append(source)
    value = _row(start, [inlined(start, network, source, "candidate ")])
    first = _graph(start, (value.name,))
    found = reverse_derivative(first, {value.name: _ONE}, "gradient", Kinks.REFUSE)
    known = found.graph.by_name()
    builder = Builder("flow", frozenset(known))
    builder.nodes += found.graph.nodes
    builder.constants |= found.graph.constants
    slopes = _entries(builder, known[found.derivatives[STATE]], file.states)
    nodes = TermNodes(builder, _known(builder, file, source))
    rates = [nodes.node(one) for one in file.dynamics]
    return _concluded(builder, known[value.name], list(slopes.values()), rates)


def _graph(builder: Builder, outputs: tuple[str, ...]) -> Graph:
    graph = Graph(tuple(builder.nodes), dict(builder.constants), (STATE,), outputs)
    check_wellformed(graph)
    return graph


def _entry(builder: Builder, tensor: Node, place: int) -> Node:
    return builder.apply(Op.SLICE, tensor, starts=(place,), lengths=(1,), steps=(1,))


def _entries(builder: Builder, tensor: Node, names: Sequence[str]) -> dict[str, Node]:
    """The entries of a tensor by name, each of shape (1,)."""
    flat = tensor
    if tensor.shape != (tensor.size,):
        flat = builder.apply(Op.RESHAPE, tensor, shape=(tensor.size,))
    found: dict[str, Node] = {}
    for place, name in enumerate(names):
        found[name] = builder.apply(Op.SLICE, flat, starts=(place,), lengths=(1,), steps=(1,))
    return found


def _known(builder: Builder, file: LyapunovFile, source: Node) -> dict[str, Node]:
    """States and controls by name."""
    known = _entries(builder, source, file.states)
    if file.controller is not None:
        controls = inlined(builder, file.controller, source, "controller ")
        known |= _entries(builder, controls, file.controls)
    return known


def _row(builder: Builder, parts: Sequence[Node]) -> Node:
    """Numbers in a row, of shape (count,)."""
    wide = [x if x.shape == (1,) else _single(builder, x) for x in parts]
    return wide[0] if len(wide) == 1 else builder.apply(Op.CONCAT, *wide, axis=0)


def _single(builder: Builder, number: Node) -> Node:
    op = Op.RESHAPE if number.shape else Op.EXPAND
    return builder.apply(op, number, shape=(1,))


def _value(builder: Builder, file: LyapunovFile, point: Node, label: str) -> Node:
    """The candidate at a state, of shape (1,)."""
    if isinstance(file.candidate, Graph):
        return _row(builder, [inlined(builder, file.candidate, point, label)])
    nodes = TermNodes(builder, _entries(builder, point, file.states))
    return _row(builder, [nodes.node(_term(file))])


def _term(file: LyapunovFile) -> Term:
    """A candidate that is no network, as a term in the states."""
    match file.candidate:
        case Term() as expression:
            return expression
        case tuple():
            return quadratic(file)
        case _:
            raise TypeError("the candidate is a network")


def quadratic(file: LyapunovFile) -> Term:
    """The quadratic form of the distance from the equilibrium, as a term in the states."""
    if not isinstance(file.candidate, tuple):
        raise TypeError("the candidate is no matrix")
    states = zip(file.states, file.equilibrium, strict=True)
    away = [Term(name) - term(at) if at else Term(name) for name, at in states]
    total: Term | None = None
    for i, row in enumerate(file.candidate):
        for j in range(i, len(row)):
            factor = row[j] if i == j else 2 * row[j]
            if factor:
                part = term(factor) * (away[i] * away[j])
                total = part if total is None else total + part
    return term(0) if total is None else total


def curves(loop: ClosedLoop) -> Curves:
    """The closed loop with first and second derivatives of V and of its change."""
    wanted = (loop.value, loop.change)
    start = expanded(loop.graph, {})
    size = start.node(STATE).size
    parts, slopes, seconds = [start], [], dict[tuple[int, int], tuple[str, ...]]()
    for i in range(size):
        once = _derived(restricted(start, wanted), i, f"slope {i}")
        slopes.append(once.outputs)
        parts.append(once)
        for j in range(i, size):
            twice = _derived(restricted(once, once.outputs), j, f"curve {i} {j}")
            seconds[i, j] = twice.outputs
            parts.append(twice)
    return Curves(
        _together(parts, loop.graph.outputs),
        {name: tuple(pair[place] for pair in slopes) for place, name in enumerate(wanted)},
        {
            name: {pair: found[place] for pair, found in seconds.items()}
            for place, name in enumerate(wanted)
        },
    )


def _derived(graph: Graph, place: int, label: str) -> Graph:
    """The graph with the derivatives of its outputs in a state as its outputs, in order."""
    direction = np.zeros(graph.node(STATE).size, dtype=np.uint32)
    direction[place] = _ONE[0]
    found = forward_derivative(graph, {STATE: direction}, label, Kinks.REFUSE)
    derivatives = tuple(found.derivatives[name] for name in graph.outputs)
    return Graph(found.graph.nodes, found.graph.constants, graph.inputs, derivatives)


def _together(parts: Sequence[Graph], outputs: tuple[str, ...]) -> Graph:
    """Graphs over the same tensors and more, as one."""
    nodes: dict[str, Node] = {}
    constants = dict(parts[0].constants)
    for part in parts:
        for node in part.nodes:
            if nodes.setdefault(node.name, node) != node:
                raise AssertionError(f"two tensors are named {node.name!r}")
        constants |= part.constants
    graph = Graph(tuple(nodes.values()), constants, (STATE,), outputs)
    check_wellformed(graph)
    return graph
