"""A program run at once and its traced graph have the same value, in every arithmetic.

The graph is evaluated as a whole; besides, it is saved and read again, and evaluated by what
audits use (affine maps, lowering), which shares neither tracing nor one-node graphs.
"""

import json
import re
from collections.abc import Callable

import numpy as np
import pytest
from drawn_programs import KINDS, PIECEWISE, POINTS, POLYNOMIAL, Step, steps
from drawn_programs import program as made
from gmpy2 import mpq
from hypothesis import given, settings

from refsem import nn
from refsem.exact import ExactTensor
from refsem.ir.evaluation import evaluate_graph, prepare
from refsem.ir.execution import Extrema
from refsem.ir.graph import Bits, Graph
from refsem.ir.graph_enclosures import enclose_graph
from refsem.ir.graph_file import graph_object, graph_of
from refsem.ir.operators import Op
from refsem.kernel.orders import Products, Start, left_to_right, pairwise
from refsem.nn import functions
from refsem.nn.eager import Eager
from refsem.nn.tensor import Tensor
from refsem.nn.tracing import Tracing
from refsem.rounding import BINARY32, RISCV, X86, Mode
from refsem.untrusted.strict_json import parse_json

EXACT = nn.Exact(160, "1e-15")
INTERVAL = nn.Interval(90)
EXECUTED = (
    nn.Executed(
        Mode.RNE,
        RISCV,
        Extrema.PROPAGATING,
        lambda n: left_to_right(n, BINARY32, Start.ZERO, Products.ROUNDED),
        {Op.SOFTMAX: "max-shifted", Op.LOG_SOFTMAX: "naive"}
        | {Op.BATCH_NORM: "centred", Op.LAYER_NORM: "two-pass"},
    ),
    nn.Executed(
        Mode.RTN,
        X86,
        Extrema.COMPARED,
        lambda n: pairwise(n, 2, 1, BINARY32, Start.ZERO),
        {Op.SOFTMAX: "naive", Op.LOG_SOFTMAX: "max-shifted"}
        | {Op.BATCH_NORM: "folded", Op.LAYER_NORM: "one-pass"},
    ),
)

Program = Callable[..., Tensor]

ALL = tuple(KINDS)
RATIONAL = (*POLYNOMIAL, *PIECEWISE)


def in_both_modes(program: Program, *inputs: Tensor) -> tuple[Graph, Tensor | None]:
    """The graph, and the value at once, which is checked to be the graph's, bit for bit.

    None where there is no value at once: the graph has none either, for the same reason.
    """
    graph = nn.compile(program, *(x.shape for x in inputs))
    read = graph_of(parse_json("graph", json.dumps(graph_object(graph)).encode()))
    try:
        at_once = program(*inputs)
    except nn.ValueUnknownError as error:
        with pytest.raises(nn.ValueUnknownError, match=re.escape(str(error))):
            nn.run(read, *inputs)
        return graph, None
    (later,) = nn.run(read, *inputs)
    assert at_once.shape == later.shape
    match at_once.stage:
        case Eager(arithmetic=nn.Executed()):
            assert nn.patterns_of(at_once).tolist() == nn.patterns_of(later).tolist()
        case _:
            assert nn.ends(at_once) == nn.ends(later)
    return graph, at_once


def check_exact(drawn: tuple[Step, ...], x: Bits, y: Bits) -> None:
    """In rationals; what audits evaluate agrees, though it computes otherwise."""
    graph, value = in_both_modes(made(drawn), nn.tensor(x, EXACT), nn.tensor(y, EXACT))
    rows = [ExactTensor.from_binary32(bits).reshape(1, -1) for bits in (x, y)]
    (output,) = graph.outputs
    if all(step.kind in RATIONAL for step in drawn):
        found = evaluate_graph(prepare(graph), dict(zip(graph.inputs, rows, strict=True)))
        assert value is not None
        assert found[output].rationals() == nn.rationals(value)
    elif value is not None:
        at = {name: (row, row) for name, row in zip(graph.inputs, rows, strict=True)}
        ends = [end.rationals() for end in enclose_graph(prepare(graph), at, 160)[output]]
        for lower, upper, low, high in zip(*nn.ends(value), *ends, strict=True):
            assert max(lower, low) <= min(upper, high)
            assert upper - lower <= mpq(1, 10**15)


def check_interval(drawn: tuple[Step, ...], x: Bits, y: Bits) -> None:
    """Over a box; the value at a point of it lies within."""
    program = made(drawn)
    below, above = (
        extreme(x.view(np.float32), y.view(np.float32)).view(np.uint32)
        for extreme in (np.minimum, np.maximum)
    )
    _, value = in_both_modes(program, nn.interval(below, above, INTERVAL), nn.tensor(y, INTERVAL))
    _, inside = in_both_modes(program, nn.tensor(x, EXACT), nn.tensor(y, EXACT))
    if value is not None and inside is not None:
        for lower, upper, low, high in zip(*nn.ends(value), *nn.ends(inside), strict=True):
            assert lower <= high
            assert low <= upper


def check_executed(drawn: tuple[Step, ...], x: Bits, y: Bits) -> None:
    """In two ways to execute, with every order and rounding stated."""
    for arithmetic in EXECUTED:
        inputs = nn.tensor(x, arithmetic), nn.tensor(y, arithmetic)
        assert in_both_modes(made(drawn), *inputs)[1] is not None


CHECKS = {"exact": check_exact, "interval": check_interval, "executed": check_executed}


@pytest.mark.parametrize("check", CHECKS)
def test_random_programs_have_one_value_in_both_modes(check: str) -> None:
    @settings(max_examples=40)
    @given(steps(ALL, 6), POINTS, POINTS)
    def agree(drawn: tuple[Step, ...], x: Bits, y: Bits) -> None:
        CHECKS[check](drawn, x, y)

    agree()


@pytest.mark.nightly
@pytest.mark.parametrize("check", CHECKS)
def test_a_thousand_random_programs(check: str) -> None:
    @settings(max_examples=1000)
    @given(steps(ALL, 10), POINTS, POINTS)
    def agree(drawn: tuple[Step, ...], x: Bits, y: Bits) -> None:
        CHECKS[check](drawn, x, y)

    agree()


def test_a_value_that_is_not_known_is_known_in_neither_mode() -> None:
    """An enclosure beside itself cannot be told apart; the logarithm of what may be 0 is none."""
    half = nn.tensor("0.5", nn.Exact(60, "1e-12"))

    def beside_itself(x: Tensor) -> Tensor:
        moved = nn.Tanh()(x)
        return functions.where(functions.less(moved, moved), moved, 2 * moved)

    assert in_both_modes(beside_itself, half)[1] is None
    zeros = np.zeros((2, 4), np.uint32)
    wide = nn.interval(zeros, np.full((2, 4), 0x3F800000, np.uint32), INTERVAL)
    assert in_both_modes(functions.log, wide)[1] is None


def test_what_differs_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tracing that swapped operands would be seen."""
    honest = Tracing.apply

    def swapped(self: Tracing, op: Op, operands: tuple[Tensor, ...], *rest: object) -> Tensor:
        return honest(self, op, operands[::-1] if op is Op.SUB else operands, *rest)

    monkeypatch.setattr(Tracing, "apply", swapped)
    x, y = np.full((2, 4), 0x3F800000, np.uint32), np.zeros((2, 4), np.uint32)
    for check in CHECKS.values():
        with pytest.raises(AssertionError):
            check((Step("subtract", 0, 0),), x, y)


def test_every_kind_of_step_has_a_value_in_every_arithmetic() -> None:
    """So that what the random programs find unknown is the exception."""
    x, y = (
        np.array([values] * 2, np.float32).view(np.uint32)
        for values in ((0.5, -1, 0.25, 2), (1, 0.75, -0.5, 0))
    )
    for kind in KINDS:
        for check in CHECKS.values():
            check((Step(kind, 1, 2),), x, y)
        program = made((Step(kind, 1, 2),))
        assert in_both_modes(program, nn.tensor(x, EXACT), nn.tensor(y, EXACT))[1] is not None
        if kind != "choice":
            box = nn.interval(x, x, INTERVAL), nn.interval(y, y, INTERVAL)
            assert in_both_modes(program, *box)[1] is not None
