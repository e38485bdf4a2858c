"""Roots by integer roots: decided by raising to the power, exhaustively on tiny formats."""

from itertools import pairwise

import pytest
from gmpy2 import mpq
from hypothesis import given
from hypothesis import strategies as st

from refsem.rounding import BINARY32, RISCV, Format, Mode, exact_value, power_of_two
from refsem.rounding.roots import round_root
from refsem.rounding.values import magnitude_value


def by_definition(format_: Format, mode: Mode, value: mpq, degree: int) -> int:
    """The mode's sentence about the root r, each comparison made between powers of degree."""
    values = [magnitude_value(format_, m) for m in range(format_.infinity + 1)]
    up = next((m for m, v in enumerate(values[:-1]) if v**degree >= value), format_.infinity)
    if mode is Mode.RTP:
        return up
    below = max(m for m, v in enumerate(values[:-1]) if v**degree <= value)
    if mode in (Mode.RTN, Mode.RTZ):
        return below
    for m, (low, high) in enumerate(pairwise(values)):
        middle = ((low + high) / 2) ** degree
        wins = m % 2 == 0 if mode is Mode.RNE else False
        if value < middle or (value == middle and wins):
            return m
    return format_.infinity


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("degree", [2, 3])
def test_roots_of_a_tiny_format_by_definition(mode: Mode, degree: int) -> None:
    tiny = Format(3, 3)
    values = [magnitude_value(tiny, m) for m in range(1, tiny.infinity + 1)]
    midpoints = [(a + b) / 2 for a, b in pairwise([mpq(0), *values])]
    exact = [v**degree for v in (*values, *midpoints)]
    near = [q + sign * power_of_two(-40) for q in exact for sign in (1, -1)]
    for value in (*values, *exact, *near, mpq(1, 3), mpq(200, 7)):
        bits, _ = round_root(tiny, mode, value, degree, RISCV)
        assert bits == by_definition(tiny, mode, value, degree), value


@given(
    st.sampled_from([2, 3]),
    st.integers(1, BINARY32.greatest_finite),
    st.sampled_from(Mode),
)
def test_powers_have_exact_roots(degree: int, bits: int, mode: Mode) -> None:
    value = exact_value(BINARY32, bits) ** degree
    assert round_root(BINARY32, mode, value, degree, RISCV) == (bits, 0)
