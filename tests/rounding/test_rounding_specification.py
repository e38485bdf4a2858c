"""The relation against quantifying over all values, the function against the relation.

A tiny format cuts the line at its values, their midpoints, the power beyond, and the thresholds
of tininess; between two cuts nothing about rounding changes. The cuts and one point inside each
piece are therefore *all* cases, in both signs.
"""

from dataclasses import replace
from itertools import pairwise

import pytest
from gmpy2 import mpq

from refsem.rounding import (
    BFLOAT16,
    BINARY16,
    BINARY32,
    BINARY64,
    RISCV,
    Environment,
    Format,
    Mode,
    Tininess,
    exact_value,
    is_rounding,
    is_tiny,
    overflows,
    power_of_two,
    round_to,
    round_to_binary32,
    round_with_flags,
)
from refsem.rounding.values import magnitude_value

TINY = (Format(2, 2), Format(2, 3), Format(3, 2), Format(3, 3), Format(4, 3), Format(5, 4))


def with_tininess(tininess: Tininess) -> Environment:
    return replace(RISCV, tininess=tininess)


def cuts(format_: Format) -> list[mpq]:
    values = [magnitude_value(format_, m) for m in range(format_.infinity + 1)]
    midpoints = [(a + b) / 2 for a, b in pairwise(values)]
    least_normal = power_of_two(format_.least_exponent)
    thresholds = [
        least_normal - power_of_two(format_.least_exponent - format_.precision - i) for i in (0, 1)
    ]
    beyond = [2 * values[-1], 3 * values[-1]]
    return sorted({*values, *midpoints, *thresholds, *beyond})


def all_cases(format_: Format) -> list[mpq]:
    points = cuts(format_)
    inside = [(a + 2 * b) / 3 for a, b in pairwise(points)]
    magnitudes = [*points, *inside]
    return [sign * q for q in magnitudes for sign in (1, -1)]


def by_definition(format_: Format, mode: Mode, value: mpq) -> int:
    """The sentences of `Mode` read literally, quantifying over the whole format; value ≠ 0."""
    sign = format_.sign_bit if value < 0 else 0
    size = abs(value)
    finite = range(format_.infinity)
    away = mode is (Mode.RTN if value < 0 else Mode.RTP)
    if mode in (Mode.RNE, Mode.RNA):
        tie = (lambda m: m % 2) if mode is Mode.RNE else (lambda m: -m)
        best = min(
            range(format_.infinity + 1),
            key=lambda m: (abs(magnitude_value(format_, m) - size), tie(m)),
        )
        return sign | best
    if away:
        above = [m for m in finite if magnitude_value(format_, m) >= size]
        return sign | min(above, default=format_.infinity)
    return sign | max(m for m in finite if magnitude_value(format_, m) <= size)


@pytest.mark.parametrize("format_", TINY, ids=repr)
@pytest.mark.parametrize("mode", Mode)
def test_relation_function_and_definition_agree_on_every_case(format_: Format, mode: Mode) -> None:
    for value in all_cases(format_):
        if value != 0:
            bits = round_to(format_, mode, value, 0)
            assert bits == by_definition(format_, mode, value), value
            assert is_rounding(format_, mode, value, 0, bits), value


@pytest.mark.parametrize("format_", TINY[:4], ids=repr)
@pytest.mark.parametrize("mode", Mode)
def test_exactly_one_pattern_is_the_rounding(format_: Format, mode: Mode) -> None:
    for value in all_cases(format_):
        for zero_sign in (0, 1):
            related = [
                bits
                for bits in range(-1, (1 << format_.width) + 1)
                if is_rounding(format_, mode, value, zero_sign, bits)
            ]
            assert related == [round_to(format_, mode, value, zero_sign)], value


def unbounded_size(format_: Format, mode: Mode, value: mpq) -> mpq:
    """|value| rounded at the format's precision, exponents far beyond its own."""
    wide = Format(format_.precision, format_.exponent_bits + 2)
    bits = round_to(wide, mode, value, 0) & (wide.sign_bit - 1)
    return magnitude_value(wide, bits)


@pytest.mark.parametrize("format_", TINY, ids=repr)
@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("tininess", Tininess)
def test_flags_say_what_their_definitions_say(
    format_: Format, mode: Mode, tininess: Tininess
) -> None:
    least_normal = power_of_two(format_.least_exponent)
    greatest = exact_value(format_, format_.greatest_finite)
    for value in all_cases(format_):
        result = round_with_flags(format_, mode, value, 0, with_tininess(tininess))
        magnitude = result.bits & (format_.sign_bit - 1)
        inexact = magnitude_value(format_, magnitude) != abs(value) or (
            magnitude == format_.infinity
        )
        unbounded = unbounded_size(format_, mode, value)
        measured = abs(value) if tininess is Tininess.BEFORE else unbounded
        assert result.flags.inexact == inexact, value
        assert result.flags.overflow == (unbounded > greatest), value
        tiny = value != 0 and measured < least_normal
        assert result.flags.underflow == (tiny and inexact), value
        assert not result.flags.invalid
        assert not result.flags.divide_by_zero
        assert is_tiny(format_, mode, value, tininess) == tiny
        assert overflows(format_, mode, value) == (unbounded > greatest)


def test_a_wrong_rounding_is_refuted_in_every_mode() -> None:
    one, third = 0x3F800000, mpq(1, 3)
    for mode in Mode:
        right = round_to_binary32(mode, third, 0)
        for wrong in (right - 1, right + 1, right | 1 << 31, one, 0, 0x7F800000, 0x7FC00000, -1):
            assert not is_rounding(BINARY32, mode, third, 0, wrong)


def test_discriminating_values_of_binary32() -> None:
    beyond = power_of_two(128)
    half_ulp = power_of_two(103)
    assert round_to_binary32(Mode.RNE, beyond - half_ulp, 0) == 0x7F800000
    assert round_to_binary32(Mode.RNE, beyond - half_ulp - 1, 0) == 0x7F7FFFFF
    assert round_to_binary32(Mode.RTZ, 2 * beyond, 0) == 0x7F7FFFFF
    assert round_to_binary32(Mode.RTN, -beyond, 0) == 0xFF800000
    assert round_to_binary32(Mode.RTP, -beyond, 0) == 0xFF7FFFFF
    assert round_to_binary32(Mode.RNE, power_of_two(-150), 0) == 0
    assert round_to_binary32(Mode.RNA, power_of_two(-150), 0) == 1
    assert round_to_binary32(Mode.RNE, -power_of_two(-151), 0) == 0x80000000
    assert round_to_binary32(Mode.RTP, power_of_two(-4000), 0) == 1
    assert round_to_binary32(Mode.RNE, mpq(0), 1) == 0x80000000
    assert round_to_binary32(Mode.RNE, mpq(0), 0) == 0


@pytest.mark.parametrize("format_", [BINARY16, BFLOAT16, BINARY32, BINARY64], ids=repr)
@pytest.mark.parametrize("mode", Mode)
def test_binary_formats_on_the_boundary_grid(format_: Format, mode: Mode) -> None:
    step = 1 << (format_.precision - 1)
    fields = (0, 1, 2, (format_.infinity // step) // 2, format_.infinity // step)
    magnitudes = {
        m
        for f in fields
        for m in (f * step - 2, f * step - 1, f * step, f * step + 1, f * step + 2)
        if 0 <= m < format_.infinity
    }
    for m in sorted(magnitudes):
        low, high = magnitude_value(format_, m), magnitude_value(format_, m + 1)
        for share in (mpq(0), mpq(1, 9), mpq(1, 2), mpq(1, 2) + power_of_two(-200), mpq(8, 9)):
            for sign in (1, -1):
                value = sign * (low + share * (high - low))
                bits = round_to(format_, mode, value, 0)
                assert is_rounding(format_, mode, value, 0, bits), (m, share)
