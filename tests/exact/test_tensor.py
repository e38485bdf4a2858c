"""Every operation on exact tensors against the standard library's fractions, entry by entry."""

import operator
from collections.abc import Callable
from fractions import Fraction
from itertools import combinations
from math import ceil, floor
from typing import Any

import numpy as np
import pytest
from gmpy2 import mpq
from hypothesis import given
from hypothesis import strategies as st
from tensor_strategies import (
    NUMERATORS,
    PAIRS,
    SHAPES,
    assert_denotes,
    broadcastable,
    fraction,
    fractions,
    tensors,
    tensors_of,
)

from refsem.exact import ExactTensor, Toward
from refsem.exact.tensor import common_scale, concatenate

Pair = tuple[ExactTensor, ExactTensor]
NONZERO = st.integers(1, 10**20) | st.integers(-9, -1)

BINARY: dict[str, tuple[Callable[[ExactTensor, ExactTensor], ExactTensor], Callable[..., Any]]] = {
    "sum": (operator.add, operator.add),
    "difference": (operator.sub, operator.sub),
    "product": (operator.mul, operator.mul),
    "maximum": (ExactTensor.maximum, np.maximum),
    "minimum": (ExactTensor.minimum, np.minimum),
}


@pytest.mark.parametrize("name", BINARY)
@given(pair=PAIRS)
def test_arithmetic_of_two_tensors(name: str, pair: Pair) -> None:
    ours, theirs = BINARY[name]
    assert_denotes(ours(*pair), theirs(fractions(pair[0]), fractions(pair[1])))


@given(broadcastable(NUMERATORS, NONZERO))
def test_quotients(pair: Pair) -> None:
    expected = np.asarray(fractions(pair[0]) / fractions(pair[1]), dtype=object)
    assert_denotes(pair[0].divide(pair[1]), expected)


@given(tensors())
def test_a_zero_divisor_is_an_error(tensor: ExactTensor) -> None:
    zeros = tensor - tensor
    if tensor.size:
        with pytest.raises(ZeroDivisionError):
            tensor.divide(zeros)
    else:
        assert_denotes(tensor.divide(zeros), fractions(tensor))


@given(tensors())
def test_arithmetic_of_one_tensor(tensor: ExactTensor) -> None:
    values = fractions(tensor)
    assert_denotes(-tensor, -values)
    assert_denotes(abs(tensor), np.abs(values))


COMPARISONS = {"less_equal": operator.le, "less": operator.lt, "equal": operator.eq}


@pytest.mark.parametrize("name", COMPARISONS)
@given(pair=PAIRS, bump=st.integers(-1, 1))
def test_comparisons(name: str, pair: Pair, bump: int) -> None:
    """Also of tensors that are equal, or one unit of a common scale apart."""
    left, right = pair
    numerators = np.asarray(left.numerators * 3 + bump, dtype=object)
    near = ExactTensor(numerators, left.exponent, left.odd * 3)
    for one, other in ((left, right), (left, near), (near, left)):
        found = getattr(one, name)(other)
        expected = np.asarray(COMPARISONS[name](fractions(one), fractions(other)), dtype=bool)
        assert found.dtype == np.bool_
        assert found.tolist() == expected.tolist()


@given(broadcastable(NUMERATORS, NUMERATORS, st.integers(0, 1)))
def test_choice(three: tuple[ExactTensor, ExactTensor, ExactTensor]) -> None:
    one, other, chooser = three
    condition = chooser.numerators.astype(bool)
    expected = np.where(condition, fractions(one), fractions(other))
    assert_denotes(one.where(condition, other), expected)


SIDES = st.integers(0, 4)


@given(data=st.data(), rows=SIDES, inner=SIDES, columns=SIDES)
def test_matrix_products(data: st.DataObject, rows: int, inner: int, columns: int) -> None:
    left = data.draw(tensors_of((rows, inner), NUMERATORS))
    right = data.draw(tensors_of((inner, columns), NUMERATORS))
    expected = np.empty((rows, columns), dtype=object)
    for i in range(rows):
        for j in range(columns):
            products = zip(fractions(left)[i, :], fractions(right)[:, j], strict=True)
            expected[i, j] = sum((a * b for a, b in products), Fraction(0))
    assert_denotes(left.matmul(right), expected)


@given(data=st.data(), tensor=tensors())
def test_sums_over_axes(data: st.DataObject, tensor: ExactTensor) -> None:
    chosen = [axis for axis in range(len(tensor.shape)) if data.draw(st.booleans())]
    axes = tuple(data.draw(st.permutations(chosen)))
    values = fractions(tensor)
    kept = tuple(length for axis, length in enumerate(values.shape) if axis not in axes)
    expected = np.full(kept, Fraction(0), dtype=object)
    for index in np.ndindex(values.shape):
        expected[tuple(i for axis, i in enumerate(index) if axis not in axes)] += values[index]
    assert_denotes(tensor.sum(axes), expected)


def test_sums_over_axes_counted_from_the_last() -> None:
    tensor = ExactTensor.from_rationals([mpq(n) for n in range(24)], (2, 3, 4))
    for axes in ((-1,), (-3, -1), (0, -2), (-2, 2)):
        expected = np.arange(24).reshape(2, 3, 4).sum(axis=axes).reshape(-1).tolist()
        assert tensor.sum(axes).rationals() == expected
    for axes in ((3,), (-4,), (0, 0), (1, -2)):
        with pytest.raises(ValueError, match="axes"):
            tensor.sum(axes)


@pytest.mark.parametrize("shape", [(0,), (0, 2), (2, 0), (0, 2, 3), (2, 0, 3), (2, 3, 0), (0, 0)])
def test_sums_of_nothing_are_zero(shape: tuple[int, ...]) -> None:
    tensor = ExactTensor.full(shape, mpq(1, 3))
    for size in range(len(shape) + 1):
        for axes in combinations(range(len(shape)), size):
            assert_denotes(tensor.sum(axes), np.zeros(shape, dtype=object).sum(axis=axes))


@given(tensor=tensors(), exponent=st.integers(0, 4) | st.integers(0, 250))
def test_rounding_outward(tensor: ExactTensor, exponent: int) -> None:
    step = Fraction(1, 2**exponent)
    down, up = tensor.rounded(Toward.DOWN, exponent), tensor.rounded(Toward.UP, exponent)
    exact = fractions(tensor).ravel()
    for result, side in ((down, floor), (up, ceil)):
        assert (result.exponent, result.odd) == (exponent, 1)
        expected = np.empty(len(exact), dtype=object)
        expected[:] = [side(value / step) * step for value in exact]
        assert_denotes(result, expected.reshape(tensor.shape))
    for low, value, high in zip(fractions(down).ravel(), exact, fractions(up).ravel(), strict=True):
        assert low <= value <= high
        assert value - low < step
        assert high - value < step


RATIONALS = st.fractions(max_denominator=10**12) | st.fractions(-2, 2, max_denominator=12)


@given(data=st.data(), shape=SHAPES)
def test_construction_from_rationals(data: st.DataObject, shape: tuple[int, ...]) -> None:
    size = int(np.prod(shape, dtype=int))
    values = data.draw(st.lists(RATIONALS, min_size=size, max_size=size))
    expected = np.empty(size, dtype=object)
    expected[:] = values
    tensor = ExactTensor.from_rationals(iter([mpq(value) for value in values]), shape)
    assert_denotes(tensor, expected.reshape(shape))
    assert_denotes(ExactTensor.from_rationals([mpq(value) for value in values]), expected)
    denominators = [value.denominator for value in values]
    assert tensor.denominator == np.lcm.reduce(np.array([1, *denominators], dtype=object))


@given(shape=SHAPES, value=RATIONALS)
def test_constant_tensors(shape: tuple[int, ...], value: Fraction) -> None:
    expected = np.empty(shape, dtype=object)
    expected.fill(value)
    assert_denotes(ExactTensor.full(shape, mpq(value)), expected)


@pytest.mark.parametrize("size", range(4))
def test_identity_matrices(size: int) -> None:
    assert_denotes(ExactTensor.identity(size), np.eye(size, dtype=int).astype(object))


@given(data=st.data(), tensor=tensors())
def test_rearrangement(data: st.DataObject, tensor: ExactTensor) -> None:
    values = fractions(tensor)
    axes = data.draw(st.permutations(range(len(tensor.shape))))
    assert_denotes(tensor.transpose(axes), values.transpose(axes))
    assert_denotes(tensor.reshape(tensor.size), values.reshape(tensor.size))
    assert_denotes(tensor.reshape(1, *tensor.shape), values.reshape(1, *tensor.shape))
    wider = (2, *tensor.shape)
    assert_denotes(tensor.broadcast_to(wider), np.broadcast_to(values, wider))
    if tensor.size:
        index = tuple(data.draw(st.integers(0, length - 1)) for length in tensor.shape)
        assert fraction(tensor.rational(*index)) == values[index]
        assert_denotes(tensor[index], values[index])
        assert_denotes(
            tensor[..., :1] if tensor.shape else tensor, values[..., :1] if tensor.shape else values
        )


@given(PAIRS)
def test_one_scale_for_two_tensors(pair: Pair) -> None:
    exponent, odd = common_scale(*pair)
    for one in pair:
        assert_denotes(ExactTensor(one.at_scale(exponent, odd), exponent, odd), fractions(one))
    assert exponent == max(one.exponent for one in pair)
    assert odd == int(np.lcm.reduce(np.array([one.odd for one in pair], dtype=object)))


@given(data=st.data(), count=st.integers(1, 3), axis=st.integers(0, 1))
def test_joining(data: st.DataObject, count: int, axis: int) -> None:
    parts = []
    for _ in range(count):
        shape = [2, 2]
        shape[axis] = data.draw(st.integers(0, 2))
        parts.append(data.draw(tensors_of(tuple(shape), NUMERATORS)))
    joined = concatenate(parts, axis)
    assert_denotes(joined, np.concatenate([fractions(part) for part in parts], axis=axis))


@given(tensors())
def test_growth_is_measured_by_the_longest_numerator(tensor: ExactTensor) -> None:
    lengths = [abs(entry).bit_length() for entry in tensor.numerators.ravel()]
    assert tensor.bits() == max([0, *lengths])


@given(tensors(st.integers(-(2**60), 2**60)))
def test_host_floats_for_display_are_the_nearest(tensor: ExactTensor) -> None:
    found = tensor.nearest_float64()
    assert found.shape == tensor.shape
    assert found.ravel().tolist() == [float(value) for value in fractions(tensor).ravel()]


def test_equality_is_of_numbers_not_of_scales() -> None:
    half = ExactTensor(np.array([1], dtype=object), 1, 1)
    same = ExactTensor(np.array([15], dtype=object), 1, 15)
    assert half.equal(same).all()
    assert half != same


def test_operations_leave_their_operands_alone() -> None:
    left = ExactTensor.from_rationals([mpq(1, 3), mpq(-2)])
    right = ExactTensor.from_rationals([mpq(1, 5), mpq(7, 2)])
    before = left.rationals() + right.rationals()
    _ = left + right, left * right, left.maximum(right), -left, left.rounded(Toward.UP, 3)
    assert left.rationals() + right.rationals() == before
