"""The shape rules against numpy, and the catalogue against itself."""

from collections.abc import Callable
from math import prod

import numpy as np
import pytest
from gmpy2 import mpq
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes

from refsem.ir.composites import EXPANSIONS
from refsem.ir.operators import (
    CATALOGUE,
    ROW,
    Attribute,
    Op,
    Shape,
    ShapeError,
    meaning,
)
from refsem.ir.readings import evaluate
from refsem.ir.terms import Term, free_variables, variables

x, y = variables("x y")
SHAPES = array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=3)
GEMM: dict[str, Attribute] = {"alpha": mpq(1), "beta": mpq(1), "transA": 0, "transB": 0}


def inferred(op: Op, *operands: Shape, **attributes: Attribute) -> Shape | None:
    """The shape, or None where the operator does not apply."""
    try:
        return ROW[op].shape(operands, attributes)
    except ShapeError:
        return None


def of_numpy(compute: Callable[[], np.ndarray | Shape]) -> Shape | None:
    try:
        result = compute()
    except ValueError:
        return None
    return result if isinstance(result, tuple) else result.shape


def test_every_operator_has_one_row() -> None:
    assert [row.op for row in CATALOGUE] == list(Op)
    assert {op: row.op for op, row in ROW.items()} == {op: op for op in Op}


@pytest.mark.parametrize("op", Op)
def test_every_operator_has_one_kind_of_meaning(op: Op) -> None:
    """A source, a term in the operands and attributes, a plan, or expansions."""
    row = ROW[op]
    assert row.statement
    kinds = (row.meaning is not None, row.plan is not None, op in EXPANSIONS)
    assert sum(kinds) == (op not in {Op.INPUT, Op.CONSTANT})
    if row.meaning is None:
        with pytest.raises(TypeError, match=f"{op.value} has no elementwise meaning"):
            meaning(op, x)
    else:
        operands = set("xyz"[: row.arity])
        found = set(free_variables([row.meaning]))
        assert operands <= found <= operands | set(row.attributes)


def test_a_meaning_is_taken_at_its_arguments() -> None:
    a, b = Term("a"), Term("b")
    assert meaning(Op.SUB, a + b, x) == (a + b) - x
    assert meaning(Op.SUB, y, x) == y - x
    assert meaning(Op.IDENTITY, a) == a


def test_a_power_is_the_number_multiplied_by_itself() -> None:
    powers = (Op.SQUARE, Op.CUBE, Op.POWER4, Op.POWER5, Op.POWER6, Op.POWER7, Op.POWER8)
    for exponent, op in enumerate(powers, 2):
        for base in (mpq(-3, 2), mpq(0), mpq(1), mpq(5)):
            assert evaluate(meaning(op, Term(base)), {}) == base**exponent


def test_attributes_of_an_elementwise_operator_are_numbers() -> None:
    assert inferred(Op.CLIP, (2,), low=mpq(0), high=6) == (2,)
    with pytest.raises(ShapeError, match="high is \\[6\\], a number expected"):
        ROW[Op.CLIP].shape(((2,),), {"low": mpq(0), "high": (6,)})


@pytest.mark.parametrize("op", [Op.ADD, Op.SUB, Op.MUL, Op.DIV, Op.MAX, Op.MIN, Op.PRELU])
@given(left=SHAPES, right=SHAPES)
def test_broadcasting(op: Op, left: Shape, right: Shape) -> None:
    assert inferred(op, left, right) == of_numpy(lambda: np.broadcast_shapes(left, right))


@given(left=SHAPES, right=SHAPES, inner=st.integers(0, 3))
def test_matrix_products(left: Shape, right: Shape, inner: int) -> None:
    """As numpy; also with inner lengths that meet."""
    met = (*left[:-1], inner), (*right[:-2], inner, *right[-1:])
    for one, other in ((left, right), met):
        found = inferred(Op.MATMUL, one, other)
        assert found == of_numpy(lambda a=one, b=other: np.zeros(a) @ np.zeros(b))


@given(
    a=SHAPES,
    b=SHAPES,
    c=SHAPES,
    flags=st.tuples(st.integers(0, 1), st.integers(0, 1)),
    sides=st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 3)),
    spread=st.lists(st.sampled_from((True, False)), max_size=2),
)
def test_gemm(
    a: Shape,
    b: Shape,
    c: Shape,
    flags: tuple[int, int],
    sides: tuple[int, int, int],
    spread: list[bool],
) -> None:
    """Any shapes at all, and shapes that meet, with an addend that mostly broadcasts."""
    rows, inner, columns = sides
    result = (rows, columns)
    addend = tuple(
        1 if one else length
        for one, length in zip(spread, result[len(result) - len(spread) :], strict=True)
    )
    met_a = (inner, rows) if flags[0] else (rows, inner)
    met_b = (columns, inner) if flags[1] else (inner, columns)
    attributes = {**GEMM, "transA": flags[0], "transB": flags[1]}
    missed_b = tuple(length + 1 for length in met_b)
    for operands in ((a, b, c), (met_a, met_b, addend), (met_a, met_b, c), (met_a, missed_b, ())):
        assert inferred(Op.GEMM, *operands, **attributes) == of_numpy_gemm(*operands, flags)
    assert inferred(Op.GEMM, met_a, met_b, addend, **attributes) == result


def of_numpy_gemm(a: Shape, b: Shape, c: Shape, flags: tuple[int, int]) -> Shape | None:
    if len(a) != 2 or len(b) != 2:
        return None
    left = np.zeros(a).T if flags[0] else np.zeros(a)
    right = np.zeros(b).T if flags[1] else np.zeros(b)
    product = of_numpy(lambda: left @ right)
    if product is None:
        return None
    return of_numpy(lambda: np.broadcast_to(np.zeros(c), product))


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("transA", 2, "gemm: transA is 2, 0 or 1 expected"),
        ("transB", -1, "gemm: transB is -1, 0 or 1 expected"),
        ("transB", (1,), r"gemm: transB is \(1,\), 0 or 1 expected"),
        ("alpha", (1,), r"gemm: alpha is \(1,\), a number expected"),
        ("beta", (), r"gemm: beta is \(\), a number expected"),
    ],
)
def test_gemm_attributes_are_of_their_kind(name: str, value: Attribute, text: str) -> None:
    with pytest.raises(ShapeError, match=text):
        ROW[Op.GEMM].shape(((1, 1), (1, 1), ()), {**GEMM, name: value})


@given(shape=SHAPES, target=SHAPES, data=st.data())
def test_reshape(shape: Shape, target: Shape, data: st.DataObject) -> None:
    meeting = data.draw(
        st.sampled_from([(prod(shape),), (1, prod(shape)), shape[::-1], (*shape, 1)])
    )
    for one in (target, meeting):
        found = inferred(Op.RESHAPE, shape, shape=one)
        assert found == of_numpy(lambda to=one: np.zeros(shape).reshape(to))


@pytest.mark.parametrize("target", [(-1,), (6, -1), (-2, -3), (-6, -1)])
def test_reshape_takes_no_negative_length(target: Shape) -> None:
    assert inferred(Op.RESHAPE, (2, 3), shape=target) is None


@given(shape=SHAPES, data=st.data())
def test_transpose(shape: Shape, data: st.DataObject) -> None:
    axes = tuple(data.draw(st.permutations(range(len(shape)))))
    assert inferred(Op.TRANSPOSE, shape, axes=axes) == np.zeros(shape).transpose(axes).shape
    wrong = tuple(data.draw(st.lists(st.integers(-1, 4), max_size=5)))
    if sorted(wrong) != list(range(len(shape))):
        assert inferred(Op.TRANSPOSE, shape, axes=wrong) is None


@pytest.mark.parametrize("op", [Op.RELU, Op.IDENTITY])
@given(shape=SHAPES)
def test_same_shape(op: Op, shape: Shape) -> None:
    assert inferred(op, shape) == shape


@pytest.mark.parametrize("op", [Op.INPUT, Op.CONSTANT])
@given(shape=SHAPES)
def test_declared_shape(op: Op, shape: Shape) -> None:
    assert inferred(op, shape=shape) == shape
    assert inferred(op, shape=(*shape, -1)) is None


@pytest.mark.parametrize(
    ("op", "name"),
    [
        (Op.INPUT, "shape"),
        (Op.CONSTANT, "shape"),
        (Op.RESHAPE, "shape"),
        (Op.TRANSPOSE, "axes"),
    ],
)
def test_a_list_attribute_is_a_list(op: Op, name: str) -> None:
    with pytest.raises(ShapeError, match="3 is not a list of integers"):
        ROW[op].shape(((3,),), {name: 3})
