"""The exact value of binary32 patterns: the boundary grid, every exponent, and any pattern."""

import struct
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tensor_strategies import assert_denotes, fraction

from refsem.exact import ExactTensor

POSITIVE = (
    *(0x00000000, 0x00000001, 0x00000002, 0x007FFFFE, 0x007FFFFF),  # zero and subnormals
    *(0x00800000, 0x00800001, 0x3EFFFFFF, 0x3F000000, 0x3F000001),  # least normal, one half
    *(0x3F7FFFFF, 0x3F800000, 0x3F800001, 0x40000000, 0x40C90FDB),  # one, two, two pi
    *(0x4AFFFFFF, 0x4B000000, 0x4B7FFFFF, 0x4B800000, 0x4B800001),  # 2^23, 2^24
    *(0x7F7FFFFE, 0x7F7FFFFF, 0x3DCCCCCD, 0x3EAAAAAB, 0x00400000),
)
GRID = tuple(sign | pattern for sign in (0, 0x80000000) for pattern in POSITIVE)
EVERY_EXPONENT = tuple(
    sign | exponent << 23 | fraction_field
    for sign in (0, 0x80000000)
    for exponent in range(255)
    for fraction_field in (0, 1, 2, 0x400000, 0x2AAAAA, 0x7FFFFE, 0x7FFFFF)
)
FINITE = st.integers(0, 0x7F7FFFFF) | st.integers(0x80000000, 0xFF7FFFFF)


def by_hardware(pattern: int) -> Fraction:
    (value,) = struct.unpack("<f", struct.pack("<I", pattern))
    return Fraction(value)


def by_definition(pattern: int) -> Fraction:
    sign = -1 if pattern >> 31 else 1
    exponent, field = pattern >> 23 & 0xFF, pattern & 0x7FFFFF
    if exponent == 0:
        return sign * Fraction(field) / 2**149
    return sign * Fraction(field + 2**23) * Fraction(2) ** (exponent - 150)


def tensor_of(*patterns: int) -> ExactTensor:
    return ExactTensor.from_binary32(np.array(patterns, dtype=np.uint32))


@pytest.mark.parametrize("patterns", [GRID, EVERY_EXPONENT], ids=["grid", "every exponent"])
def test_patterns_together_and_alone(patterns: tuple[int, ...]) -> None:
    expected = [by_definition(pattern) for pattern in patterns]
    assert expected == [by_hardware(pattern) for pattern in patterns]
    assert_denotes(tensor_of(*patterns), expected)
    for pattern, value in zip(patterns, expected, strict=True):
        assert fraction(tensor_of(pattern).rational(0)) == value


@given(st.lists(FINITE, max_size=6))
def test_any_finite_patterns(patterns: list[int]) -> None:
    assert_denotes(tensor_of(*patterns), [by_definition(pattern) for pattern in patterns])


@pytest.mark.parametrize("shape", [(), (0,), (4,), (2, 2), (1, 4, 1), (3, 0)])
def test_shapes_are_kept(shape: tuple[int, ...]) -> None:
    patterns = np.resize(np.array([0x3F800000, 0xBF000000], dtype=np.uint32), shape)
    tensor = ExactTensor.from_binary32(patterns)
    expected = np.resize(np.array([Fraction(1), Fraction(-1, 2)], dtype=object), shape)
    assert_denotes(tensor, expected)


@pytest.mark.parametrize(
    ("pattern", "exponent"),
    [
        (0x00000000, 0),
        (0x80000000, 0),
        (0x3F800000, 0),
        (0x4B800001, 0),
        (0x7F7FFFFF, 0),
        (0x3F000000, 1),
        (0x3DCCCCCD, 27),
        (0x00000001, 149),
        (0x00800000, 126),
    ],
)
def test_scales_are_as_small_as_they_can_be(pattern: int, exponent: int) -> None:
    tensor = tensor_of(pattern)
    assert (tensor.exponent, tensor.odd) == (exponent, 1)
    assert tensor_of(pattern, 0x3F800000).exponent == exponent
