"""Decoding, neighbours, ulps and flags on named values."""

from dataclasses import replace

import pytest
from gmpy2 import mpq

from refsem.rounding import (
    BFLOAT16,
    BINARY16,
    BINARY32,
    BINARY64,
    FLAGS,
    RISCV,
    Finite,
    Format,
    Infinite,
    Mode,
    NanPolicy,
    NotANumber,
    Unbounded,
    decode,
    exact_value,
    greatest_finite,
    next_down,
    next_up,
    power_of_two,
    round_down,
    round_up,
    round_with_flags,
    ulp,
    ulp_in,
)


def test_format_constants() -> None:
    assert (BINARY32.width, BINARY32.least_exponent, BINARY32.least_quantum) == (32, -126, -149)
    assert BINARY32.infinity == 0x7F800000
    assert BINARY32.canonical_nan == 0x7FC00000
    assert BINARY32.greatest_finite == 0x7F7FFFFF
    assert BINARY32.least_normal == 0x00800000
    assert (BINARY16.width, BINARY16.infinity, BINARY16.canonical_nan) == (16, 0x7C00, 0x7E00)
    assert (BFLOAT16.width, BFLOAT16.infinity, BFLOAT16.canonical_nan) == (16, 0x7F80, 0x7FC0)
    assert (BINARY64.width, BINARY64.least_quantum) == (64, -1074)
    assert Format(24, 8) == BINARY32


@pytest.mark.parametrize(("precision", "exponent_bits"), [(1, 8), (24, 1), (0, 0)])
def test_impossible_formats_are_refused(precision: int, exponent_bits: int) -> None:
    with pytest.raises(ValueError, match="no binary format"):
        Format(precision, exponent_bits)


def test_decode() -> None:
    assert decode(BINARY32, 0x3F800000) == Finite(negative=False, value=mpq(1))
    assert decode(BINARY32, 0x80000000) == Finite(negative=True, value=mpq(0))
    assert decode(BINARY32, 0x80000001) == Finite(negative=True, value=-power_of_two(-149))
    assert decode(BINARY32, 0xFF800000) == Infinite(negative=True)
    assert decode(BINARY32, 0x7F800001) == NotANumber(negative=False, quiet=False, payload=1)
    assert decode(BINARY32, 0xFFC00007) == NotANumber(negative=True, quiet=True, payload=7)
    with pytest.raises(ValueError, match="not a 32-bit pattern"):
        decode(BINARY32, 1 << 32)
    with pytest.raises(ValueError, match="not finite"):
        exact_value(BINARY32, 0x7F800000)


def test_decode_is_injective_on_a_tiny_format() -> None:
    tiny = Format(4, 3)
    assert len({decode(tiny, bits) for bits in range(1 << tiny.width)}) == 1 << tiny.width


def test_values_ascend_with_their_patterns() -> None:
    tiny = Format(4, 3)
    values = [exact_value(tiny, bits) for bits in range(tiny.infinity)]
    assert values == sorted(set(values))
    assert greatest_finite(tiny) == values[-1] == 15


def test_neighbours_at_the_ends() -> None:
    assert next_up(BINARY32, 0) == next_up(BINARY32, 0x80000000) == 1
    assert next_down(BINARY32, 0) == next_down(BINARY32, 0x80000000) == 0x80000001
    assert next_up(BINARY32, 0x80000001) == 0x80000000
    assert next_down(BINARY32, 1) == 0
    assert next_up(BINARY32, 0x7F7FFFFF) == next_up(BINARY32, 0x7F800000) == 0x7F800000
    assert next_up(BINARY32, 0xFF800000) == 0xFF7FFFFF
    assert next_down(BINARY32, 0xFF800000) == 0xFF800000
    with pytest.raises(ValueError, match="no neighbours"):
        next_up(BINARY32, 0x7FC00000)


def test_ulp_steps_at_powers_of_two() -> None:
    assert ulp(mpq(1)) == power_of_two(-23)
    assert ulp(mpq(1) - power_of_two(-60)) == power_of_two(-24)
    assert ulp(mpq(-3, 2)) == power_of_two(-23)
    assert ulp(mpq(0)) == ulp(power_of_two(-500)) == ulp(power_of_two(-126)) == power_of_two(-149)
    assert ulp(power_of_two(127)) == ulp(power_of_two(500)) == power_of_two(104)
    assert ulp_in(BINARY16, mpq(1, 3)) == power_of_two(-12)


def test_outward_overflow_is_no_claim() -> None:
    beyond = power_of_two(128)
    assert round_up(beyond) == Unbounded()
    assert round_down(beyond) == greatest_finite(BINARY32)
    assert round_down(-beyond) == Unbounded()
    assert round_up(-beyond) == -greatest_finite(BINARY32)
    with pytest.raises(TypeError):
        round_up(beyond) + mpq(1)


def test_flags_numbers() -> None:
    assert [flags.bits for flags in FLAGS] == list(range(32))
    assert FLAGS[16].invalid
    assert FLAGS[8].divide_by_zero
    assert FLAGS[4].overflow
    assert FLAGS[2].underflow
    assert FLAGS[1].inexact


def test_riscv_nan_policy_is_the_canonical_one() -> None:
    assert NanPolicy.RISCV is NanPolicy.CANONICAL


def test_flush_to_zero_flushes_exact_and_inexact_tiny_results() -> None:
    flushing = replace(RISCV, flush_to_zero=True)
    for value in (power_of_two(-127), power_of_two(-140) / 3, -power_of_two(-149)):
        result = round_with_flags(BINARY32, Mode.RNE, value, 0, flushing)
        assert result.bits == (0x80000000 if value < 0 else 0)
        assert result.flags.bits == 3
    least_normal = power_of_two(-126)
    assert round_with_flags(BINARY32, Mode.RNE, least_normal, 0, flushing).flags.bits == 0
    rounds_up = least_normal - power_of_two(-160)
    assert round_with_flags(BINARY32, Mode.RNE, rounds_up, 0, flushing).bits == 0x00800000
