"""Robustness: around every example, within the norm's ball, the label's output is the greatest.

    kind = "robustness"
    norm = "inf"
    radius = 0.02
    clip = [0, 1]               # optional: the ball is cut to these values
    [[examples]]
    label = 3
    input = [0.0, 0.25, …]      # row-major

A tie counts against robustness. One case an example and other class: the label's output is at most
that class's.
"""

from collections.abc import Iterator

from gmpy2 import mpq

from refsem.ir.graph import Graph
from refsem.properties.property import Case, LinearConstraint, Property
from refsem.properties.statement import Statement
from refsem.untrusted.numbers import read_finite
from refsem.untrusted.strict_json import Number, Value

KEYS = ("norm", "radius", "examples")


def stated(root: Value, graph: Graph) -> Statement:
    """What a robustness file says of a model; `InputError` at the first thing that is not right."""
    members = root.members(KEYS, ("clip",))
    if members["norm"].text() != "inf":
        raise members["norm"].error("expected 'inf'")
    if len(graph.inputs) != 1 or len(graph.outputs) != 1:
        raise root.error("robustness is of models of one input and one output")
    radius = read_finite(members["radius"])
    if radius < 0:
        raise members["radius"].error("a radius is not negative")
    clip = None if "clip" not in members else _ends(members["clip"])
    inputs, outputs = (graph.node(name).size for name in (graph.inputs[0], graph.outputs[0]))
    cases: list[Case] = []
    names: list[str] = []
    for number, example in enumerate(members["examples"].items()):
        parts = example.members(("label", "input"), ())
        label = _label(parts["label"], outputs)
        centre = [read_finite(item) for item in parts["input"].items()]
        if len(centre) != inputs:
            raise parts["input"].error(f"{len(centre)} numbers for a model of {inputs} inputs")
        lower, upper = _box(centre, radius, clip)
        if any(low > high for low, high in zip(lower, upper, strict=True)):
            raise parts["input"].error("the ball and the values of `clip` have nothing in common")
        for other, unsafe in _others(label, outputs):
            cases.append(Case(lower, upper, (unsafe,)))
            names.append(f"example {number}: {label} against {other}")
    if not cases:
        raise members["examples"].error("no examples")
    return Statement(graph, Property(inputs, outputs, tuple(cases)), tuple(names), ())


def _box(
    centre: list[mpq], radius: mpq, clip: tuple[mpq, mpq] | None
) -> tuple[tuple[mpq, ...], tuple[mpq, ...]]:
    lower = tuple(value - radius for value in centre)
    upper = tuple(value + radius for value in centre)
    if clip is None:
        return lower, upper
    return tuple(max(low, clip[0]) for low in lower), tuple(min(high, clip[1]) for high in upper)


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


def _label(place: Value, outputs: int) -> int:
    text = place.value.text if isinstance(place.value, Number) else ""
    if not text.isascii() or not text.isdecimal() or len(text) > 9 or int(text) >= outputs:
        raise place.error(f"expected the number of an output, from 0 to {outputs - 1}")
    return int(text)
