"""Residuals: by how much a network that is to solve a differential equation fails to, everywhere.

    kind = "residual"
    coordinates = ["t", "x"]             # the entries of the network's input, in order
    unknowns = ["u"]                     # those of its output
    residual = "u_t = 0.1*u_xx"          # the left side less the right one; `= 0` may be left out
    bound = 0.05                         # |residual| <= bound on the whole domain
    domain = { t = [0, 1], x = [-1, 1] }
    [[conditions]]                       # as many as there are, or none
    where = { t = 0 }                    # a face of the domain, or a part of a face
    expression = "u = sin(3.14159265358979*x)"
    bound = 0.01                         # |expression| <= bound there

Two cases for each expression: it is above its bound, or below the negative of it, at some point.
Its values are those of a graph made of the network, its derivatives and the expression, exact
decimals included; so a network with kinks is refused where a derivative is asked for.

Not covered: what a small residual says of the distance to a solution, which is a theorem about the
equation and not about the network.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gmpy2 import mpq

from refsem.exact.functions import Enclosure
from refsem.ir.composites import Builder
from refsem.ir.enclosing import point_enclosure
from refsem.ir.graph import Graph, GraphError, Node, check_wellformed, make_node
from refsem.ir.joining import joined
from refsem.ir.operators import Op
from refsem.ir.partials import Partials, partials
from refsem.ir.sharing import shared
from refsem.ir.terms import Term, free_variables
from refsem.properties.property import Case, LinearConstraint, Property
from refsem.properties.quantities import (
    Quantities,
    Spans,
    expression_node,
    read_expression,
    read_names,
)
from refsem.properties.statement import BoundedOutput, Statement
from refsem.untrusted.numbers import read_finite
from refsem.untrusted.strict_json import Value

KEYS = ("coordinates", "unknowns", "residual", "bound", "domain")
MOST_CONDITIONS = 64

RESTS_ON = (
    "the equation and its conditions are those meant",
    "what a small residual says of the distance to a solution is a theorem about the equation",
)


@dataclass(frozen=True, slots=True)
class _Claim:
    """An expression whose absolute value is bounded over a part of the domain."""

    name: str
    where: str
    place: Value
    expression: Term
    bound: mpq
    spans: Spans


def stated(root: Value, graph: Graph) -> Statement:
    """What a residual file says of a network; `InputError` at the first thing that is not right."""
    members = root.members(KEYS, ("conditions",))
    network = joined(graph)
    source, sink = network.node(network.inputs[0]), network.node(network.outputs[0])
    counts = source.size, sink.size
    quantities = read_names(members["coordinates"], members["unknowns"], counts)
    spans = _domain(members["domain"], quantities.coordinates)
    term = read_expression(members["residual"], quantities, spans)
    claims = [_claim("residual", members["residual"], members["bound"], term, spans, "")]
    if "conditions" in members:
        claims += _conditions(members["conditions"], quantities, spans)
    terms = tuple(claim.expression for claim in claims)
    try:
        found = partials(network, quantities.wanted(terms))
    except GraphError as error:
        raise members["residual"].error(f"of this network: {error}") from None
    whole = _claimed(found, quantities, claims)
    cases, names, bounded = zip(*_cases(claims, quantities.coordinates), strict=True)
    property_ = Property(counts[0], len(claims), cases)
    return Statement(whole, property_, names, RESTS_ON, bounded=bounded[::2])


def _claim(
    name: str, place: Value, bound: Value, expression: Term, spans: Spans, where: str
) -> _Claim:
    most = read_finite(bound)
    if most < 0:
        raise bound.error("a bound of an absolute value is not negative")
    return _Claim(name, where, place, expression, most, spans)


def _domain(place: Value, coordinates: tuple[str, ...]) -> Spans:
    members = place.members(coordinates, ())
    return {name: _ends(members[name]) for name in coordinates}


def _ends(place: Value) -> Enclosure:
    ends = [read_finite(item) for item in place.items()]
    if len(ends) != 2 or ends[0] > ends[1]:
        raise place.error("expected two numbers, the lesser first")
    return Enclosure(ends[0], ends[1])


def _conditions(place: Value, quantities: Quantities, spans: Spans) -> list[_Claim]:
    items = place.items()
    if len(items) > MOST_CONDITIONS:
        raise place.error(f"{len(items)} conditions; at most {MOST_CONDITIONS} are read")
    found = []
    for number, item in enumerate(items):
        parts = item.members(("where", "expression", "bound"), ())
        face = _face(parts["where"], spans)
        where = ", ".join(f"{name} = {face[name].lower}" for name in parts["where"].entries())
        place, name = parts["expression"], f"condition {number}"
        # on the whole domain: every output is bounded wherever one of them is
        term = read_expression(place, quantities, spans)
        found.append(_claim(name, place, parts["bound"], term, face, f" where {where}"))
    return found


def _face(place: Value, spans: Spans) -> Spans:
    """The part of the domain where some coordinates have these values."""
    fixed = {name: read_finite(value) for name, value in place.entries().items() if name in spans}
    place.members((), tuple(spans))
    if not fixed:
        raise place.error("a condition is one on a part of the domain: which coordinate is fixed?")
    for name, value in fixed.items():
        if not spans[name].lower <= value <= spans[name].upper:
            raise place.member(name).error(f"{value} is outside of the domain")
    faces = {name: point_enclosure(value) for name, value in fixed.items()}
    return {**spans, **faces}


def _claimed(found: Partials, quantities: Quantities, claims: list[_Claim]) -> Graph:
    """The graph whose outputs are the expressions, in order, each of shape (1,)."""
    graph = found.graph
    builder = Builder("expression", frozenset(node.name for node in graph.nodes))
    tensors = _entries(found, quantities, claims, builder)
    outputs = [expression_node(one.place, one.expression, builder, tensors) for one in claims]
    nodes, constants = (*graph.nodes, *builder.nodes), {**graph.constants, **builder.constants}
    names = tuple(dict.fromkeys(node.name for node in outputs))
    merged = shared(Graph(nodes, constants, graph.inputs, names, graph.remarks))
    known = merged.graph.by_name()
    named = [
        make_node(_free(claim.name, known), Op.IDENTITY, (known[merged.names[node.name]],), {})
        for claim, node in zip(claims, outputs, strict=True)
    ]
    sinks = tuple(node.name for node in named)
    every = (*merged.graph.nodes, *named)
    whole = Graph(every, merged.graph.constants, graph.inputs, sinks, graph.remarks)
    check_wellformed(whole)
    return whole


def _entries(
    found: Partials, quantities: Quantities, claims: list[_Claim], builder: Builder
) -> Mapping[str, Node]:
    """The tensor of shape (1,) that holds each coordinate and each derivative that is spoken of."""
    known = found.graph.by_name()
    flat: dict[str, Node] = {}

    def entry(tensor: str, number: int) -> Node:
        if tensor not in flat:
            whole = known[tensor]
            flat[tensor] = builder.apply(Op.RESHAPE, whole, shape=(whole.size,))
        return builder.apply(Op.GATHER, flat[tensor], axis=0, indices=(number,), shape=(1,))

    tensors: dict[str, Node] = {}
    for name in free_variables(claim.expression for claim in claims):
        if name in quantities.derivatives:
            unknown, entries = quantities.derivatives[name]
            tensors[name] = entry(found.tensors[entries], unknown)
        else:
            (source,) = found.graph.inputs
            tensors[name] = entry(source, quantities.coordinates.index(name))
    return tensors


def _free(name: str, taken: Mapping[str, Node]) -> str:
    while name in taken:
        name += "'"
    return name


def _cases(
    claims: list[_Claim], coordinates: tuple[str, ...]
) -> Iterator[tuple[Case, str, BoundedOutput]]:
    """For each expression, that it is above its bound, and that it is below the negative of it.

    Those over all of the domain come last, for regions share the time there is in this order.
    """
    for place, number in enumerate((*range(1, len(claims)), 0)):
        claim = claims[number]
        lower = tuple(claim.spans[name].lower for name in coordinates)
        upper = tuple(claim.spans[name].upper for name in coordinates)
        name = f"{claim.name}{claim.where}"
        bounded = BoundedOutput(name, number, 2 * place, claim.bound)
        for sign, words in ((-1, f"<= {claim.bound}"), (1, f">= {-claim.bound}")):
            outputs = ((number, mpq(sign)),)
            unsafe = LinearConstraint((), outputs, -claim.bound, strict=True)
            yield Case(lower, upper, (unsafe,)), f"{claim.name} {words}{claim.where}", bounded
