"""Closed loops as graphs: the candidate V, how it changes, its second derivatives, the next state.

The graph's input is the state. Its outputs, each flat: `value` is V; `change` is the derivative of
V along the flow, or V of the next state less V; `next` the next state, or the rate of each state;
`curves` has second derivatives of V and of its change in every pair of states (i, j), i ≤ j.

All of it is ordinary nodes: gradients by `refsem.ir.differentiate`, networks put in as they are.
Kinks are not differentiated: `GraphError` names the tensor.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never

import numpy as np

from refsem.ir.composites import Builder, expanded
from refsem.ir.differentiate import Kinks, forward_derivative, reverse_derivative
from refsem.ir.graph import Graph, Node, check_wellformed, make_node
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
    builder = Builder("V", frozenset({STATE}))
    builder.nodes.append(source)
    value = _value(builder, file, source, "candidate ")
    first = _graph(builder, (value.name,))
    if file.time is Time.CONTINUOUS:
        return _along_the_flow(file, first)
    moved = _moved(builder, file, source)
    later = _value(builder, file, moved, "next candidate ")
    change = builder.apply(Op.SUB, later, value)
    graph = _graph(builder, (value.name, change.name, moved.name))
    return ClosedLoop(graph, value.name, change.name, moved.name)


def _along_the_flow(file: LyapunovFile, first: Graph) -> ClosedLoop:
    """The candidate's graph continued by its gradient times the rates of the states."""
    (value,) = first.outputs
    found = reverse_derivative(first, {value: _ONE}, "gradient", Kinks.REFUSE)
    known = found.graph.by_name()
    builder = Builder("flow", frozenset(known))
    source, gradient = known[STATE], known[found.derivatives[STATE]]
    rates = _moved(builder, file, source)
    total = None
    for place in range(len(file.states)):
        parts = (_entry(builder, node, place) for node in (gradient, rates))
        product = builder.apply(Op.MUL, *parts)
        total = product if total is None else builder.apply(Op.ADD, total, product)
    if total is None:
        raise ValueError("a closed loop has at least one state")
    builder.nodes[:0] = found.graph.nodes
    builder.constants |= found.graph.constants
    graph = _graph(builder, (value, total.name, rates.name))
    return ClosedLoop(graph, value, total.name, rates.name)


def _graph(builder: Builder, outputs: tuple[str, ...]) -> Graph:
    graph = Graph(tuple(builder.nodes), dict(builder.constants), (STATE,), outputs)
    check_wellformed(graph)
    return graph


def _entry(builder: Builder, tensor: Node, place: int) -> Node:
    return builder.apply(Op.SLICE, tensor, starts=(place,), lengths=(1,), steps=(1,))


def _entries(builder: Builder, tensor: Node, names: Sequence[str]) -> dict[str, Node]:
    """The entries of a tensor by name, each of shape (1,)."""
    flat = builder.apply(Op.RESHAPE, tensor, shape=(tensor.size,))
    return {name: _entry(builder, flat, place) for place, name in enumerate(names)}


def _value(builder: Builder, file: LyapunovFile, point: Node, label: str) -> Node:
    """The candidate at a state, of shape (1,)."""
    match file.candidate:
        case Graph() as network:
            found = inlined(builder, network, point, label)
            return builder.apply(Op.RESHAPE, found, shape=(1,))
        case Term() as expression:
            return _written(builder, _entries(builder, point, file.states), (expression,))
        case tuple():
            entries = _entries(builder, point, file.states)
            return _written(builder, entries, (quadratic(file),))
        case _:
            assert_never(file.candidate)


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


def _moved(builder: Builder, file: LyapunovFile, source: Node) -> Node:
    """The dynamics at a state under its controls: an entry for each state."""
    known = _entries(builder, source, file.states)
    if file.controller is not None:
        controls = inlined(builder, file.controller, source, "controller ")
        known |= _entries(builder, controls, file.controls)
    return _written(builder, known, file.dynamics)


def _written(builder: Builder, known: Mapping[str, Node], terms: Sequence[Term]) -> Node:
    """The terms in a row."""
    nodes = TermNodes(builder, known)
    parts = [nodes.node(one) for one in terms]
    wide = [x if x.shape == (1,) else builder.apply(Op.EXPAND, x, shape=(1,)) for x in parts]
    return wide[0] if len(wide) == 1 else builder.apply(Op.CONCAT, *wide, axis=0)


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
