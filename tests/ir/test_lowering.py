"""Lowered graphs against loops over coordinates: the same value, by few operators."""

import itertools
from collections.abc import Mapping

import numpy as np
import pytest
from gmpy2 import mpq
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from plan_cases import CASES, Case, naive

from refsem.exact import ExactTensor
from refsem.ir import Graph, Op, lowering
from refsem.ir.evaluation import Prepared, evaluate_graph, prepare
from refsem.ir.graph import make_node
from refsem.ir.operators import Shape

LEFT = {Op.MAX, Op.MIN, Op.MUL, Op.SQUARE, Op.RECIPROCAL}
"""What is left beside affine nodes once operators with plans or two operands are lowered."""

FEWER = settings(max_examples=settings.default.max_examples // 3)
Array = NDArray[np.object_]


def graph_of(case: Case) -> Graph:
    operands = tuple(
        make_node(f"x{place}", Op.INPUT, (), {"shape": shape})
        for place, shape in enumerate(case.shapes)
    )
    node = make_node("y", case.op, operands, case.attributes)
    return Graph((*operands, node), {}, tuple(one.name for one in operands), ("y",))


def check_simple(prepared: Prepared, shape: Shape) -> None:
    """Only operators with rules are left, those of two operands alike in shape."""
    assert prepared.shapes["y"] == shape
    for name, node in prepared.nodes.items():
        assert name in prepared.affine or node.op in LEFT | {Op.INPUT}
        if name not in prepared.affine:
            assert all(prepared.shapes[operand] == node.shape for operand in node.operands)


def row(array: Array) -> ExactTensor:
    return ExactTensor.from_rationals([mpq(entry) for entry in array.ravel()], (1, array.size))


def drawn(case: Case, seed: int) -> list[Array]:
    source = np.random.default_rng(seed)
    return [source.integers(-9, 10, shape).astype(object) for shape in case.shapes]


def value_of(prepared: Prepared, arrays: list[Array]) -> list[mpq]:
    values = {f"x{place}": row(array) for place, array in enumerate(arrays)}
    return evaluate_graph(prepared, values)["y"].rationals()


@pytest.mark.parametrize("op", CASES, ids=lambda op: op.value)
@FEWER
@given(data=st.data(), seed=st.integers(0, 99))
def test_values_are_those_of_loops_over_coordinates(op: Op, data: st.DataObject, seed: int) -> None:
    case = data.draw(CASES[op])
    prepared, arrays = prepare(graph_of(case)), drawn(case, seed)
    expected = naive(case, arrays)
    check_simple(prepared, expected.shape)
    assert value_of(prepared, arrays) == [mpq(entry) for entry in expected.ravel()]


TWO: Mapping[Op, np.ufunc] = {Op.MAX: np.maximum, Op.MIN: np.minimum, Op.MUL: np.multiply}
SHAPES = [(), (1,), (3,), (2, 1), (2, 3), (1, 2, 1)]


@pytest.mark.parametrize("op", [*TWO, Op.DIV], ids=lambda op: op.value)
@pytest.mark.parametrize("shapes", [*itertools.product(SHAPES, repeat=2)], ids=str)
def test_two_operands_broadcast(op: Op, shapes: tuple[Shape, Shape]) -> None:
    case = Case(op, shapes, {})
    arrays = drawn(case, 7)
    if op is Op.DIV:
        arrays = [arrays[0], np.where(arrays[1] == 0, 5, arrays[1])]
        expected = np.vectorize(mpq, otypes=[object])(*np.broadcast_arrays(*arrays))
    else:
        expected = TWO[op](*arrays)
    prepared = prepare(graph_of(case))
    check_simple(prepared, np.broadcast_shapes(*shapes))
    found = value_of(prepared, arrays)
    assert found == [mpq(entry) for entry in np.asarray(expected, dtype=object).ravel()]


@pytest.mark.parametrize(
    ("op", "simpler"), [(Op.MUL, Op.SQUARE), (Op.MAX, Op.IDENTITY), (Op.MIN, Op.IDENTITY)], ids=str
)
def test_a_tensor_paired_with_itself_is_alone(op: Op, simpler: Op) -> None:
    x = make_node("x0", Op.INPUT, (), {"shape": (2,)})
    prepared = prepare(Graph((x, make_node("y", op, (x, x), {})), {}, ("x0",), ("y",)))
    assert prepared.nodes["y"].op is simpler
    expected = [mpq(9), mpq(25)] if op is Op.MUL else [mpq(-3), mpq(5)]
    assert value_of(prepared, [np.array([-3, 5], dtype=object)]) == expected


@pytest.mark.parametrize("terms", range(1, 18))
@pytest.mark.parametrize("op", [Op.REDUCE_MAX, Op.REDUCE_MIN], ids=lambda op: op.value)
def test_a_tree_of_any_width_finds_the_entry_wherever_it_is(op: Op, terms: int) -> None:
    case = Case(op, ((2, terms),), {"axes": (1,), "keepdims": 0})
    prepared = prepare(graph_of(case))
    sign = 1 if op is Op.REDUCE_MAX else -1
    for place in range(terms):
        array = np.full((2, terms), 0, dtype=object)
        array[0, place], array[1, terms - 1 - place] = sign * 4, sign * 3
        assert value_of(prepared, [array]) == [mpq(sign * 4), mpq(sign * 3)]
    trees = [node for node in prepared.nodes.values() if node.op in TWO]
    assert len(trees) == (terms - 1).bit_length()


def test_a_tree_that_forgets_an_entry_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    gather = lowering._gather
    monkeypatch.setattr(lowering, "_gather", lambda b, x, index: gather(b, x, 0 * index))
    array = np.array([[0, 0, 7]], dtype=object)
    prepared = prepare(graph_of(Case(Op.REDUCE_MAX, ((1, 3),), {"axes": (1,), "keepdims": 0})))
    assert value_of(prepared, [array]) != [mpq(7)]


def test_names_that_are_taken_are_not_used_again() -> None:
    x = make_node("x0", Op.INPUT, (), {"shape": (3,)})
    taken = [make_node(f"y#{number}", Op.NEG, (x,), {}) for number in range(6)]
    y = make_node("y", Op.REDUCE_MAX, (taken[0],), {"axes": (0,), "keepdims": 0})
    prepared = prepare(Graph((x, *taken, y), {}, ("x0",), ("y",)))
    assert [prepared.nodes[node.name] for node in taken] == taken
    assert value_of(prepared, [np.array([3, -5, 4], dtype=object)]) == [mpq(5)]


def test_what_is_constant_or_affine_is_not_lowered() -> None:
    x = make_node("x0", Op.INPUT, (), {"shape": (2,)})
    c = make_node("c", Op.CONSTANT, (), {"shape": (2,)})
    bits = {"c": np.array([1.5, -2.0], dtype=np.float32).view(np.uint32)}
    known = make_node("k", Op.REDUCE_MAX, (c,), {"axes": (0,), "keepdims": 0})
    nodes = (x, c, known, make_node("m", Op.MUL, (x, c), {}), make_node("y", Op.DIV, (x, c), {}))
    prepared = prepare(Graph(nodes, bits, ("x0",), ("y",)))
    assert set(prepared.nodes) == {"x0", "m", "y"}
    assert set(prepared.affine) == {"m", "y"}
    assert prepared.constants["k"].rationals() == [mpq(3, 2)]
