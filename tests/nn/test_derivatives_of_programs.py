"""Derivatives of random programs beside differences of their values, without tolerances.

Along a line a polynomial program is a polynomial of known degree: its derivatives at a point are
exact sums of values at as many points. A program of functions obeys the mean value theorem: the
difference quotient over a step is among the derivatives over the step, which intervals enclose.
The theorem holds for kinks too, with the slopes of both branches (Lebourg 1975).
"""

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from drawn_programs import PIECEWISE, POINTS, POLYNOMIAL, SHAPE, SMOOTH, Step, program, steps
from gmpy2 import mpq
from hypothesis import given, settings

from refsem import nn
from refsem.exact import ExactTensor
from refsem.exact.functions import Function
from refsem.ir import derivatives
from refsem.ir.derivatives import ONE
from refsem.ir.differentiate import Kinks, forward_derivative, reverse_derivative
from refsem.ir.evaluation import evaluate_graph, prepare
from refsem.ir.graph import Bits, Graph
from refsem.ir.graph_enclosures import NotEnclosedError, enclose_graph
from refsem.ir.steps import Bounds

FEW = settings(max_examples=max(15, settings.default.max_examples // 4))
ONES = np.full(SHAPE, 0x3F800000, np.uint32)
STEP = mpq(1, 2**24)


def exact(bits: Bits) -> ExactTensor:
    return ExactTensor.from_binary32(bits).reshape(1, -1)


def degree(drawn: tuple[Step, ...]) -> int:
    """The degree of a program's result along a line, at most."""
    known = [1, 1]
    for step in drawn:
        last, other = known[-1], known[step.place % len(known)]
        growth = {"multiply": last + other, "square": 2 * last, "matmul": 2 * last + other}
        known.append(growth.get(step.kind, max(last, other)))
    return known[-1]


def lagrange(points: list[int]) -> list[list[Fraction]]:
    """For each point, the coefficients of 1, t and t² of its Lagrange polynomial."""
    found = []
    for one in points:
        coefficients = [Fraction(1), Fraction(0), Fraction(0)]
        for other in points:
            if other != one:
                scale = Fraction(1, one - other)
                shifted = [Fraction(0), *coefficients[:2]]
                coefficients = [
                    (a - other * b) * scale for a, b in zip(shifted, coefficients, strict=True)
                ]
        found.append(coefficients)
    return found


def along(graph: Graph, at: Bits, direction: Bits, count: int) -> list[list[mpq]]:
    """The Taylor coefficients up to t² of each output entry, from values at so many points."""
    times = [t - count // 2 for t in range(count)]
    rows = ExactTensor.from_rationals([mpq(t) for t in times], (count, 1))
    line = exact(at) + rows * exact(direction)
    (output,) = graph.outputs
    values = evaluate_graph(prepare(graph), {"x": line})[output].rationals()
    weights = lagrange(times)
    size = len(values) // count
    return [
        [
            sum(mpq(w[k]) * values[i * size + entry] for i, w in enumerate(weights))
            for entry in range(size)
        ]
        for k in range(3)
    ]


def of_one(drawn: tuple[Step, ...]) -> Callable[[nn.Tensor], nn.Tensor]:
    """The program of one tensor, so that a line through it is a line of inputs."""
    both = program(drawn)
    return lambda x: both(x, x)


def check_polynomial(drawn: tuple[Step, ...], at: Bits, direction: Bits) -> None:
    graph = nn.compile(of_one(drawn), SHAPE)
    (output,) = graph.outputs
    coefficients = along(graph, at, direction, degree(drawn) + 1 + degree(drawn) % 2)
    one = forward_derivative(graph, {"x": direction}, "d", Kinks.REFUSE)
    first = one.derivatives[output]
    two = forward_derivative(one.graph, {"x": direction}, "e", Kinks.REFUSE)
    values = evaluate_graph(prepare(two.graph), {"x": exact(at)})
    assert values[output].rationals() == coefficients[0]
    assert values[first].rationals() == coefficients[1]
    assert values[two.derivatives[first]].rationals() == [2 * c for c in coefficients[2]]
    back = reverse_derivative(graph, {output: ONES}, "g", Kinks.REFUSE)
    given_back = evaluate_graph(prepare(back.graph), {"x": exact(at)})[back.derivatives["x"]]
    assert inner(given_back, direction) == sum(coefficients[1])


def inner(gradient: ExactTensor, direction: Bits) -> mpq:
    return sum((gradient * exact(direction)).rationals(), mpq(0))


@FEW
@given(steps(tuple(POLYNOMIAL), 4), POINTS, POINTS)
def test_polynomial_programs_are_differentiated_exactly(
    drawn: tuple[Step, ...], at: Bits, direction: Bits
) -> None:
    check_polynomial(drawn, at, direction)


KINDS = tuple(
    kind
    for kind in {**POLYNOMIAL, **PIECEWISE, **SMOOTH}
    if kind not in {"choice", "pool", "greatest", "gelu"}
)


def ends(graph: Graph, given_ends: Bounds, name: str) -> list[tuple[mpq, mpq]]:
    found = enclose_graph(prepare(graph), {"x": given_ends}, 200)[name]
    return list(zip(*(end.rationals() for end in found), strict=True))


def check_mean_values(drawn: tuple[Step, ...], at: Bits, direction: Bits) -> bool:
    """Whether the derivatives over the step are known to six digits: then they are checked."""
    graph = nn.compile(of_one(drawn), SHAPE)
    (output,) = graph.outputs
    here = exact(at)
    there = here + exact(direction) * ExactTensor.full((1, 1), STEP)
    forward = forward_derivative(graph, {"x": direction}, "d", Kinks.BRANCH)
    box = here.minimum(there), here.maximum(there)
    try:
        slopes = ends(forward.graph, box, forward.derivatives[output])
        before, after = (ends(graph, (x, x), output) for x in (here, there))
    except NotEnclosedError:
        return False
    quotients = [
        ((b[0] - a[1]) / STEP, (b[1] - a[0]) / STEP) for a, b in zip(before, after, strict=True)
    ]
    for quotient, slope in zip(quotients, slopes, strict=True):
        assert max(quotient[0], slope[0]) <= min(quotient[1], slope[1])
    reverse = reverse_derivative(graph, {output: ONES}, "g", Kinks.BRANCH)
    gradients = ends(reverse.graph, box, reverse.derivatives["x"])
    moved = exact(direction).rationals()
    products = [
        sorted((low * v, high * v)) for (low, high), v in zip(gradients, moved, strict=True)
    ]
    low, high = (sum((one[k] for one in products), mpq(0)) for k in (0, 1))
    assert max(low, sum(q[0] for q in quotients)) <= min(high, sum(q[1] for q in quotients))
    return max(high - low for low, high in slopes) < mpq(1, 10**6)


def test_programs_of_functions_obey_the_mean_value_theorem() -> None:
    known = []

    @FEW
    @given(steps(KINDS, 4), POINTS, POINTS)
    def obey(drawn: tuple[Step, ...], at: Bits, direction: Bits) -> None:
        known.append(check_mean_values(drawn, at, direction))

    obey()
    assert sum(known) > len(known) // 3


@pytest.mark.nightly
@settings(max_examples=1000)
@given(steps(tuple(POLYNOMIAL), 5), steps(KINDS, 6), POINTS, POINTS)
def test_a_thousand_programs_are_differentiated_rightly(
    polynomial: tuple[Step, ...], smooth: tuple[Step, ...], at: Bits, direction: Bits
) -> None:
    if degree(polynomial) < 30:
        check_polynomial(polynomial, at, direction)
    check_mean_values(smooth, at, direction)


def test_a_wrong_derivative_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    point = np.full(SHAPE, 0x3F000000, np.uint32)
    drawn = (Step("tanh", 0, 0),)
    assert check_mean_values(drawn, point, ONES)
    monkeypatch.setitem(derivatives._SLOPES, Function.TANH, lambda _t: (ONE, ONE))
    with pytest.raises(AssertionError):
        check_mean_values(drawn, point, ONES)
    monkeypatch.setattr(
        "refsem.ir.differentiate.derivative", lambda _term, _name: derivatives.term(2)
    )
    with pytest.raises(AssertionError):
        check_polynomial((Step("multiply", 0, 0),), point, ONES)
