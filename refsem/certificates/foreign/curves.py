"""Networks of one variable, their derivatives, and expressions in them: ranges over an interval.

Weights are exact rationals. Derivatives are graphs (`refsem.ir.differentiate`), so everything is
bounded by rules that are replayed. A range is known from both sides: by the union of boxes over
the pieces of an interval, and by values at their ends, enclosed by balls.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
from gmpy2 import mpq

from refsem.certificates.foreign.chains import Affine
from refsem.errors import InputError
from refsem.exact import ExactTensor
from refsem.ir.composites import Builder
from refsem.ir.differentiate import Kinks, forward_derivative
from refsem.ir.evaluation import Prepared, prepare_exactly
from refsem.ir.graph import Bits, Graph, Node, make_node
from refsem.ir.graph_enclosures import NotEnclosedError, enclose_graph
from refsem.ir.operators import Op
from refsem.ir.term_nodes import TermNodes
from refsem.ir.terms import Term
from refsem.rules.propagation import Method, propagate
from refsem.rules.trace import Region

VARIABLE = "t"
ONE = np.array([1], np.float32).view(np.uint32)
MOST_OPEN = 8
"""Claims left open after which a file is undecided without looking at the rest of it."""
PRECISION = 80
"""Bits after the point to which values are enclosed."""


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """Affine layers of exact weights with an activation between them, from and to one number."""

    layers: tuple[Affine, ...]
    activation: Op


@dataclass(slots=True)
class _Sketch:
    """A graph in the making, its constants exact: bits of zero stand where no bits are meant."""

    nodes: list[Node] = field(default_factory=list)
    values: dict[str, ExactTensor] = field(default_factory=dict)
    bits: dict[str, Bits] = field(default_factory=dict)

    def constant(self, name: str, value: ExactTensor, shape: tuple[int, ...]) -> Node:
        self.values[name] = value.reshape(1, -1)
        self.bits[name] = np.zeros(shape, np.uint32)
        return self.add(make_node(name, Op.CONSTANT, (), {"shape": shape}))

    def add(self, node: Node) -> Node:
        self.nodes.append(node)
        return node

    def network(self, name: str, network: Network, source: Node) -> Node:
        """The network's value as a tensor of that name."""
        last, most = source, len(network.layers) - 1
        for index, layer in enumerate(network.layers):
            inner = f"{name}_{index}"
            outputs, inputs = layer.weight.shape
            weight = layer.weight.transpose((1, 0))
            factor = self.constant(f"{inner}_weight", weight, (inputs, outputs))
            bias = self.constant(f"{inner}_bias", layer.bias, (outputs,))
            product = self.add(make_node(f"{inner}_product", Op.MATMUL, (last, factor), {}))
            own = name if index == most else f"{inner}_sum"
            last = self.add(make_node(own, Op.ADD, (product, bias), {}))
            if index < most:
                last = self.add(make_node(f"{inner}_value", network.activation, (last,), {}))
        return last


def curves(networks: Mapping[str, Network], order: int, claims: Mapping[str, Term]) -> Prepared:
    """A graph whose outputs are the claims: terms in t, the networks and their derivatives.

    The derivatives of the network `u` are `u'`, `u''`, … up to the order. `GraphError` for a
    network or a claim that cannot be written down.
    """
    sketch = _Sketch()
    source = sketch.add(make_node(VARIABLE, Op.INPUT, (), {"shape": (1,)}))
    latest = {name: sketch.network(name, one, source).name for name, one in networks.items()}
    known = {VARIABLE: source.name, **latest}
    graph = Graph(tuple(sketch.nodes), sketch.bits, (VARIABLE,), tuple(networks))
    for turn in range(1, order + 1):
        found = forward_derivative(graph, {VARIABLE: ONE}, f"d{turn}", Kinks.REFUSE)
        graph = found.graph
        latest = {name: found.derivatives[tensor] for name, tensor in latest.items()}
        known |= {f"{name}{chr(39) * turn}": tensor for name, tensor in latest.items()}
    return _claimed(graph, known, claims, sketch.values)


def _claimed(
    graph: Graph,
    known: Mapping[str, str],
    claims: Mapping[str, Term],
    values: Mapping[str, ExactTensor],
) -> Prepared:
    by_name = graph.by_name()
    builder = Builder("claim", frozenset(by_name))
    nodes = TermNodes(builder, {name: by_name[tensor] for name, tensor in known.items()})
    for name, term in claims.items():
        builder.apply(Op.EXPAND, nodes.node(term), shape=(1,))
        builder.nodes[-1] = replace(builder.nodes[-1], name=name)
    whole = Graph(
        (*graph.nodes, *builder.nodes),
        {**graph.constants, **builder.constants},
        graph.inputs,
        tuple(claims),
    )
    return prepare_exactly(whole, values)


@dataclass(frozen=True, slots=True)
class Claim:
    """Least and greatest value claimed; None where nothing is claimed on that side."""

    lower: mpq | None
    upper: mpq | None

    def holds(self, lower: mpq, upper: mpq) -> bool:
        """Whether everything between two numbers keeps the claim."""
        kept = self.lower is None or self.lower <= lower
        return kept and (self.upper is None or upper <= self.upper)

    def broken(self, lower: mpq, upper: mpq) -> mpq | None:
        """The end of the claim that everything between two numbers breaks, if one is."""
        if self.lower is not None and upper < self.lower:
            return self.lower
        return self.upper if self.upper is not None and lower > self.upper else None


@dataclass(frozen=True, slots=True)
class Shown:
    """The claim holds over the whole interval."""


@dataclass(frozen=True, slots=True)
class Broken:
    """The claim fails at a point, where the value is this to within 2^-79."""

    point: mpq
    value: mpq
    end: mpq


@dataclass(frozen=True, slots=True)
class Open:
    """Neither was found with so many pieces."""

    pieces: int


Outcome = Shown | Broken | Open


def settle(
    prepared: Prepared, claims: Mapping[str, Claim], start: mpq, end: mpq, most: int
) -> dict[str, Outcome]:
    """What becomes of each claim about an output over an interval, with at most so many pieces.

    A piece is bounded by intervals, then by lines; where neither settles a claim it is halved.
    """
    found: dict[str, Outcome] = {}
    pending = [(start, end, frozenset(claims))]
    done = 0
    while pending:
        low, high, asked = pending.pop()
        left = frozenset(name for name in asked if name not in found)
        if not left:
            continue
        if done >= most:
            left = left.union(*(names for *_, names in pending))
            return {
                name: found.get(name, Open(done) if name in left else Shown()) for name in claims
            }
        done += 1
        for method in (Method.IBP, Method.CROWN):
            left = _unsettled(prepared, claims, left, (low, high), method)
            if not left:
                break
        middle = (low + high) / 2
        found |= _breaches(prepared, claims, left, (low, middle, high))
        left = frozenset(name for name in left if name not in found)
        if left:
            pending += [(middle, high, left), (low, middle, left)]
    return {name: found.get(name, Shown()) for name in claims}


@dataclass(frozen=True, slots=True)
class Range:
    """The least and the greatest value over an interval, each between two numbers."""

    least_at_least: mpq
    least_at_most: mpq
    greatest_at_least: mpq
    greatest_at_most: mpq


def value_range(
    prepared: Prepared, name: str, start: mpq, end: mpq, pieces: int, method: Method
) -> Range:
    """The range of an output over an interval that is cut into so many pieces.

    `NotEnclosedError` or `InputError` where it has no value.
    """
    points = [start + (end - start) * k / pieces for k in range(pieces + 1)]
    rows = ExactTensor.from_rationals(points, (len(points), 1))
    lower, upper = enclose_graph(prepared, {VARIABLE: (rows, rows)}, PRECISION)[name]
    boxes = []
    for low, high in pairwise(points):
        region = Region({VARIABLE: (_number(low), _number(high))})
        bounds = propagate(prepared, region, method, {}, lambda *_: None)
        boxes.append(bounds.replay.box(bounds.boxes[name]))
    return Range(
        min(box.lower.rational(0, 0) for box in boxes),
        min(upper.rationals()),
        max(lower.rationals()),
        max(box.upper.rational(0, 0) for box in boxes),
    )


def _unsettled(
    prepared: Prepared,
    claims: Mapping[str, Claim],
    asked: frozenset[str],
    ends: tuple[mpq, mpq],
    method: Method,
) -> frozenset[str]:
    """The claims that bounds over a piece do not show."""
    region = Region({VARIABLE: (_number(ends[0]), _number(ends[1]))})
    try:
        bounds = propagate(prepared, region, method, {}, lambda *_: None)
    except InputError:
        # A piece may be too wide for a function to have a value everywhere in its box.
        return asked
    boxes = {name: bounds.replay.box(bounds.boxes[name]) for name in asked}
    return frozenset(
        name
        for name, box in boxes.items()
        if not claims[name].holds(box.lower.rational(0, 0), box.upper.rational(0, 0))
    )


def _breaches(
    prepared: Prepared, claims: Mapping[str, Claim], asked: frozenset[str], points: tuple[mpq, ...]
) -> dict[str, Outcome]:
    """The claims that fail at one of some points."""
    found: dict[str, Outcome] = {}
    for point in points if asked else ():
        at = _number(point)
        try:
            values = enclose_graph(prepared, {VARIABLE: (at, at)}, PRECISION)
        except NotEnclosedError:
            continue
        for name in asked:
            lower, upper = (end.rational(0, 0) for end in values[name])
            broken = claims[name].broken(lower, upper)
            if broken is not None:
                found[name] = Broken(point, (lower + upper) / 2, broken)
    return found


def _number(value: mpq) -> ExactTensor:
    return ExactTensor.full((1, 1), value)
