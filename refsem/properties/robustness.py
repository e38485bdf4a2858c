"""Robustness: around every example, within the norm's ball, the label's output is the greatest.

    kind = "robustness"
    norm = "inf"                # or "L1", "L2"
    radius = 0.02
    clip = [0, 1]               # optional: the ball is cut to these values
    [[examples]]                # or a file of them: `examples.py`
    label = 3
    input = [0.0, 0.25, …]

A tie counts against robustness. One case an example and other class: the label's output is at most
that class's. With `clip` the example itself has to lie between the two values, so that it is a
point of its own region.
"""

from collections.abc import Iterator, Mapping

from gmpy2 import mpq

from refsem.ir.graph import Graph
from refsem.properties import examples
from refsem.properties.examples import Example, read_examples
from refsem.properties.property import Case, LinearConstraint, Property
from refsem.properties.statement import LabelledPoint, Statement
from refsem.rules.trace import Ball, Norm
from refsem.untrusted.numbers import read_finite
from refsem.untrusted.strict_json import Value

NORMS: Mapping[str, Norm | None] = {"inf": None, "L1": Norm.L1, "L2": Norm.L2}
"""The norms by their names; balls of the first are boxes."""

MOST_CASES = 1_000_000
"""Examples times other classes, at most."""


def stated(root: Value, graph: Graph) -> Statement:
    """What a robustness file says of a model; `InputError` at the first thing that is not right."""
    members = root.members(("norm", "radius"), ("clip", *examples.KEYS))
    if members["norm"].text() not in NORMS:
        raise members["norm"].error(f"expected one of {', '.join(NORMS)}")
    norm = NORMS[members["norm"].text()]
    if len(graph.inputs) != 1 or len(graph.outputs) != 1:
        raise root.error("robustness is of models of one input and one output")
    radius = read_finite(members["radius"])
    if radius < 0:
        raise members["radius"].error("a radius is not negative")
    clip = None if "clip" not in members else _ends(members["clip"])
    inputs, outputs = (graph.node(name).size for name in (graph.inputs[0], graph.outputs[0]))
    if outputs < 2:
        raise root.error("robustness is of models of several outputs, of which one is greatest")
    found = read_examples(root, members, inputs, outputs)
    if len(found) * (outputs - 1) > MOST_CASES:
        raise root.error(f"more than {MOST_CASES} pairs of an example and another class")
    cases: list[Case] = []
    names: list[str] = []
    points: list[LabelledPoint] = []
    for example in found:
        first = len(cases)
        lower, upper = _box(example, radius, clip)
        ball = Ball(norm, example.values, radius) if norm and radius else None
        for other, unsafe in _others(example.label, outputs):
            cases.append(Case(lower, upper, (unsafe,), ball))
            names.append(f"example {example.number}: {example.label} against {other}")
        span = range(first, len(cases))
        points.append(LabelledPoint(example.number, example.label, example.values, span))
    property_ = Property(inputs, outputs, tuple(cases))
    return Statement(graph, property_, tuple(names), (), tuple(points))


def _box(
    example: Example, radius: mpq, clip: tuple[mpq, mpq] | None
) -> tuple[tuple[mpq, ...], tuple[mpq, ...]]:
    """The least box around the ball, cut to the values; the example lies in it."""
    lower = tuple(value - radius for value in example.values)
    upper = tuple(value + radius for value in example.values)
    if clip is None:
        return lower, upper
    least, most = clip
    if any(not least <= value <= most for value in example.values):
        raise example.place.error("a number that is not between the values of `clip`")
    return tuple(max(low, least) for low in lower), tuple(min(high, most) for high in upper)


def _others(label: int, outputs: int) -> Iterator[tuple[int, LinearConstraint]]:
    """For every other class, that the label's output is at most that class's."""
    for other in range(outputs):
        if other != label:
            pair = tuple(sorted(((label, mpq(1)), (other, mpq(-1)))))
            yield other, LinearConstraint((), pair, mpq(0), strict=False)


def _ends(place: Value) -> tuple[mpq, mpq]:
    ends = [read_finite(item) for item in place.items()]
    if len(ends) != 2 or ends[0] > ends[1]:
        raise place.error("expected two numbers, the lesser first")
    return ends[0], ends[1]
