"""Conversions between formats and integers: exhaustive where the source is small."""

from dataclasses import replace

import numpy as np
import pytest
from gmpy2 import mpq
from hypothesis import given
from hypothesis import strategies as st

from refsem.rounding import (
    BFLOAT16,
    BINARY16,
    BINARY32,
    BINARY64,
    RISCV,
    X86,
    Finite,
    Format,
    Mode,
    NanPolicy,
    decode,
    exact_value,
    is_rounding,
    power_of_two,
)
from refsem.rounding.conversions import convert
from refsem.rounding.integers import (
    INT32,
    INT64,
    UINT32,
    UINT64,
    IntegerFormat,
    from_integer,
    round_to_integer,
    to_integer,
)
from refsem.rounding.nans import is_nan, is_signalling

FIRST = replace(RISCV, nan_policy=NanPolicy.FIRST_SIGNALLING)
modes = st.sampled_from(Mode)


@pytest.mark.parametrize("narrow", [BINARY16, BFLOAT16], ids=repr)
def test_widening_is_exact_and_narrowing_undoes_it(narrow: Format) -> None:
    for bits in range(1 << narrow.width):
        wide = convert(narrow, BINARY32, Mode.RNE, bits, RISCV)
        if is_nan(narrow, bits):
            assert wide.bits == BINARY32.canonical_nan
            assert wide.flags.invalid == is_signalling(narrow, bits)
            continue
        assert wide.flags.bits == 0
        if isinstance(decode(narrow, bits), Finite):
            assert exact_value(BINARY32, wide.bits) == exact_value(narrow, bits)
        assert convert(BINARY32, narrow, Mode.RTP, wide.bits, RISCV).bits == bits


def test_binary16_widens_as_the_hardware_does() -> None:
    halves = np.arange(1 << 16, dtype=np.uint16)
    with np.errstate(invalid="ignore"):
        singles = halves.view(np.float16).astype(np.float32).view(np.uint32)
    for bits, expected in zip(halves.tolist(), singles.tolist(), strict=True):
        found = convert(BINARY16, BINARY32, Mode.RNE, bits, X86).bits
        assert found == expected | (0x400000 if is_nan(BINARY16, bits) else 0)


@given(
    st.sampled_from([(BINARY32, BINARY16), (BINARY32, BFLOAT16), (BINARY64, BINARY32)]),
    modes,
    st.integers(0),
    st.integers(0, 1),
)
def test_narrowing_rounds_the_exact_value(
    formats: tuple[Format, Format], mode: Mode, seed: int, sign: int
) -> None:
    source, target = formats
    bits = seed % source.infinity | sign * source.sign_bit
    result = convert(source, target, mode, bits, RISCV)
    assert is_rounding(target, mode, exact_value(source, bits), sign, result.bits)


def test_double_rounding_is_not_done() -> None:
    edge = 0x40EFFDFFFFFFFFFF  # just below 65520, the midpoint beyond 65504
    assert convert(BINARY64, BINARY16, Mode.RNE, edge, RISCV).bits == 0x7BFF
    through = convert(BINARY64, BINARY32, Mode.RNE, edge, RISCV).bits
    assert convert(BINARY32, BINARY16, Mode.RNE, through, RISCV).bits == 0x7C00


def test_nan_conversions_by_policy() -> None:
    quiet, signalling = 0xFFC12345, 0x7F800001
    assert convert(BINARY32, BINARY16, Mode.RNE, quiet, RISCV).bits == 0x7E00
    assert convert(BINARY32, BINARY16, Mode.RNE, quiet, X86).bits == 0xFE09
    assert convert(BINARY32, BINARY16, Mode.RNE, quiet, FIRST).bits == 0xFE00
    assert convert(BINARY32, BINARY16, Mode.RNE, 0x7FC00005, FIRST).bits == 0x7E05
    assert convert(BINARY32, BINARY64, Mode.RNE, quiet, FIRST).bits == 0xFFF8000000012345
    assert convert(BINARY32, BINARY64, Mode.RNE, quiet, X86).bits == 0xFFF82468A0000000
    for environment in (RISCV, X86, FIRST):
        assert convert(BINARY32, BINARY16, Mode.RNE, signalling, environment).flags.bits == 16
        assert convert(BINARY32, BINARY16, Mode.RNE, quiet, environment).flags.bits == 0


def test_flushing_leaves_storage_formats_alone() -> None:
    both = replace(RISCV, flush_to_zero=True, denormals_are_zero=True)
    assert convert(BINARY32, BINARY16, Mode.RNE, 0x33800000, both).bits == 1
    assert convert(BINARY16, BINARY32, Mode.RNE, 1, both).bits == 0x33800000
    assert convert(BINARY32, BFLOAT16, Mode.RNE, 0x00400000, RISCV).bits == 0x0040
    assert convert(BINARY32, BFLOAT16, Mode.RNE, 0x00400000, both).bits == 0
    tiny64 = 0x3800000000000000 - (1 << 52)  # 2^-128
    assert convert(BINARY64, BINARY32, Mode.RNE, tiny64, RISCV).bits == 0x00200000
    assert convert(BINARY64, BINARY32, Mode.RNE, tiny64, both).bits == 0
    assert convert(BINARY64, BINARY32, Mode.RNE, tiny64, both).flags.bits == 3


@pytest.mark.parametrize("mode", Mode)
def test_round_to_integer_on_every_eighth(mode: Mode) -> None:
    for numerator in range(-40, 41):
        check_rounding_to_integer(mode, mpq(numerator, 8))


@given(modes, st.integers(-(1 << 70), 1 << 70), st.integers(1, 64))
def test_round_to_integer_by_definition(mode: Mode, numerator: int, denominator: int) -> None:
    check_rounding_to_integer(mode, mpq(numerator, denominator))


def check_rounding_to_integer(mode: Mode, value: mpq) -> None:
    result = round_to_integer(mode, value)
    error = result - value
    match mode:
        case Mode.RTP:
            assert 0 <= error < 1
        case Mode.RTN:
            assert -1 < error <= 0
        case Mode.RTZ:
            assert abs(error) < 1
            assert abs(result) <= abs(value)
        case Mode.RNE | Mode.RNA:
            assert abs(error) <= mpq(1, 2)
            tie = abs(error) == mpq(1, 2)
            even = result % 2 == 0
            away = abs(result) > abs(value)
            assert not tie or (even if mode is Mode.RNE else away)


INTEGER_FORMATS = (INT32, INT64, UINT32, UINT64)


@pytest.mark.parametrize("target", INTEGER_FORMATS, ids=repr)
def test_the_ends_of_integer_ranges(target: IntegerFormat) -> None:
    beyond = from_integer(BINARY32, Mode.RTP, target.greatest + 1, RISCV).bits
    result = to_integer(BINARY32, Mode.RTZ, beyond, target, exact=True, environment=RISCV)
    assert (result.value, result.flags.bits) == (target.greatest, 16)
    result = to_integer(BINARY32, Mode.RTZ, beyond, target, exact=True, environment=X86)
    assert (result.value, result.flags.bits) == (target.indefinite, 16)
    inside = beyond - 1
    result = to_integer(BINARY32, Mode.RTZ, inside, target, exact=True, environment=X86)
    assert (result.value, result.flags.bits) == (exact_value(BINARY32, inside), 0)
    least = from_integer(BINARY32, Mode.RNE, target.least, RISCV).bits
    result = to_integer(BINARY32, Mode.RNE, least, target, exact=True, environment=RISCV)
    assert (result.value, result.flags.bits) == (target.least, 0)
    for bits, expected in (
        (0x7FC00000, target.greatest),
        (0xFFC00000, target.greatest),
        (0x7F800000, target.greatest),
        (0xFF800000, target.least),
    ):
        result = to_integer(BINARY32, Mode.RNE, bits, target, exact=True, environment=RISCV)
        assert (result.value, result.flags.bits) == (expected, 16)


def test_a_small_negative_number_may_round_into_an_unsigned_range() -> None:
    for mode, expected in ((Mode.RTZ, (0, 1)), (Mode.RTN, (0, 16)), (Mode.RNE, (0, 1))):
        result = to_integer(BINARY32, mode, 0xBF000000, UINT32, exact=True, environment=RISCV)
        assert (result.value, result.flags.bits) == expected


@given(modes, st.integers(-(1 << 63), (1 << 64) - 1))
def test_from_integer_rounds(mode: Mode, number: int) -> None:
    result = from_integer(BINARY32, mode, number, RISCV)
    assert is_rounding(BINARY32, mode, mpq(number), 0, result.bits)
    assert result.flags.inexact == (exact_value(BINARY32, result.bits) != number)


def test_from_integer_rounds_once() -> None:
    assert from_integer(BINARY32, Mode.RNE, 0x4000004000000001, RISCV).bits == 0x5E800001
    assert from_integer(BINARY32, Mode.RNE, 0, RISCV).bits == 0
    assert power_of_two(3) == 8
