"""Exact tensors with mixed scales, and what they denote in the standard library's fractions."""

from fractions import Fraction

import numpy as np
from gmpy2 import mpq
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, mutually_broadcastable_shapes
from numpy.typing import NDArray

from refsem.exact import ExactTensor

Shape = tuple[int, ...]
Fractions = NDArray[np.object_]

NUMERATORS = st.integers(-9, 9) | st.integers(-(10**40), 10**40)
ODDS = st.sampled_from((1, 1, 3, 5, 15, 7, 45, 5**20, 10**9 + 7))
EXPONENTS = st.integers(0, 6) | st.integers(0, 200)
SHAPES = array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3)


@st.composite
def tensors_of(draw: st.DrawFn, shape: Shape, numerators: st.SearchStrategy[int]) -> ExactTensor:
    """A tensor of this shape over any scale, reduced or not."""
    size = int(np.prod(shape, dtype=int))
    entries = np.empty(size, dtype=object)
    entries[:] = draw(st.lists(numerators, min_size=size, max_size=size))
    return ExactTensor(entries.reshape(shape), draw(EXPONENTS), draw(ODDS))


def tensors(numerators: st.SearchStrategy[int] = NUMERATORS) -> st.SearchStrategy[ExactTensor]:
    """A tensor of any shape."""
    return SHAPES.flatmap(lambda shape: tensors_of(shape, numerators))


@st.composite
def broadcastable(draw: st.DrawFn, *numerators: st.SearchStrategy[int]) -> tuple[ExactTensor, ...]:
    """Tensors whose shapes broadcast, one for each strategy."""
    shapes = draw(
        mutually_broadcastable_shapes(
            num_shapes=len(numerators), min_dims=0, max_dims=3, min_side=0, max_side=3
        )
    )
    pairs = zip(shapes.input_shapes, numerators, strict=True)
    return tuple(draw(tensors_of(shape, entries)) for shape, entries in pairs)


PAIRS = broadcastable(NUMERATORS, NUMERATORS)


def fraction(value: mpq) -> Fraction:
    """The same number in the standard library."""
    return Fraction(int(value.numerator), int(value.denominator))


def fractions(tensor: ExactTensor) -> Fractions:
    """The numbers a tensor denotes, computed from its fields alone."""
    scale = Fraction(1, 2**tensor.exponent * tensor.odd)
    values = np.empty(tensor.size, dtype=object)
    values[:] = [entry * scale for entry in tensor.numerators.ravel()]
    return values.reshape(tensor.shape)


def assert_denotes(tensor: ExactTensor, expected: object) -> None:
    """The tensor keeps its invariants and has exactly these numbers, in this shape."""
    wanted = np.asarray(expected, dtype=object)
    assert all(type(entry) is int for entry in tensor.numerators.ravel())
    assert tensor.numerators.dtype == object
    assert tensor.exponent >= 0
    assert tensor.odd > 0
    assert tensor.odd % 2 == 1
    assert tensor.shape == wanted.shape
    assert fractions(tensor).ravel().tolist() == wanted.ravel().tolist()
    assert [fraction(value) for value in tensor.rationals()] == wanted.ravel().tolist()
