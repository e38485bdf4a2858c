"""What jumps and what is steep, of every operator of the catalogue."""

import numpy as np
import pytest
from gmpy2 import mpq

from refsem.ir.composites import EXPANSIONS
from refsem.ir.continuity import MEETING, first_jump, first_steep
from refsem.ir.graph import Graph, Node, make_node
from refsem.ir.operators import CATALOGUE, Op, OperatorRow
from refsem.ir.readings import evaluate
from refsem.ir.terms import Operator, subterms

NUMBERS = {"low": 0, "high": 1, "alpha": 2, "beta": 1, "gamma": 3}
JUMPING = {
    Op.SIGN,
    Op.POSITIVE,
    Op.NONNEGATIVE,
    Op.ZERO,
    Op.FLOOR,
    Op.CEIL,
    Op.ROUND,
    Op.TRUNC,
    Op.THRESHOLDED_RELU,
    Op.LESS,
    Op.LESS_EQUAL,
    Op.EQUAL,
    Op.WHERE,
}
STEEP = {Op.DIV, Op.SOFTSIGN, Op.LOG, Op.TAN, Op.SQRT, Op.RECIPROCAL}
ROWS = [row for row in CATALOGUE if row.meaning is not None]


def of_operands(row: OperatorRow, moving: set[int]) -> Graph:
    """The operator applied to numbers, some of them a function of the input and others constant."""
    source = make_node("x", Op.INPUT, (), {"shape": (2,)})
    fixed = make_node("c", Op.CONSTANT, (), {"shape": (2,)})
    moved = make_node("m", Op.NEG, (source,), {})
    operands: tuple[Node, ...] = tuple(moved if k in moving else fixed for k in range(row.arity))
    attributes = {name: mpq(NUMBERS[name]) for name in row.attributes}
    end = make_node("end", row.op, operands, attributes)
    constants = {"c": np.full(2, 0x3F800000, np.uint32)}
    return Graph((source, fixed, moved, end), constants, ("x",), ("end",))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.op.value)
def test_every_operator_entry_by_entry(row: OperatorRow) -> None:
    graph = of_operands(row, set(range(row.arity)))
    jump, steep = first_jump(graph), first_steep(graph)
    assert (jump is not None) is (row.op in JUMPING)
    assert (steep is not None) is (row.op in JUMPING | STEEP)
    assert {one.name for one in (jump, steep) if one is not None} <= {"end"}
    assert first_jump(of_operands(row, set())) is None
    assert first_steep(of_operands(row, set())) is None


def test_a_choice_by_a_constant_and_a_constant_divisor_are_harmless() -> None:
    rows = {row.op: row for row in CATALOGUE}
    for row, moving, harmless in (
        (rows[Op.WHERE], {1, 2}, True),
        (rows[Op.WHERE], {0}, False),
        (rows[Op.DIV], {0}, True),
        (rows[Op.DIV], {1}, False),
    ):
        assert (first_steep(of_operands(row, moving)) is None) is harmless


def test_what_no_output_needs_is_not_asked() -> None:
    graph = of_operands(next(row for row in CATALOGUE if row.op is Op.SIGN), {0})
    assert first_jump(graph) is not None
    assert first_jump(Graph(graph.nodes, graph.constants, ("x",), ("m",))) is None


@pytest.mark.parametrize("op", sorted(MEETING, key=lambda op: op.value))
def test_branches_meet_where_x_is_0(op: Op) -> None:
    """The choices are by the sign of x, and either branch is 0 there, whatever the numbers are."""
    (meaning,) = (row.meaning for row in CATALOGUE if row.op is op)
    assert meaning is not None
    (choice,) = (one for one in subterms(meaning) if one.head is Operator.SELECT)
    low, high, left, right = choice.arguments
    assert (low.head, high.head) == (0, "x")
    for slope in (mpq(-3), mpq(1, 7), mpq(5)):
        point = {"x": mpq(0), "y": slope, "alpha": slope, "gamma": slope}
        assert evaluate(left, point) == evaluate(right, point) == 0


def test_softmax_is_a_quotient_and_does_not_jump() -> None:
    assert Op.SOFTMAX in EXPANSIONS
    source = make_node("x", Op.INPUT, (), {"shape": (1, 3)})
    end = make_node("end", Op.SOFTMAX, (source,), {"axes": (1,)})
    graph = Graph((source, end), {}, ("x",), ("end",))
    assert first_jump(graph) is None
    steep = first_steep(graph)
    assert steep is not None
    assert steep.op is Op.DIV
