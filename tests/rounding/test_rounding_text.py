"""Numbers as text: against exact rationals, Python's own conversions, and absurd exponents."""

import struct

import pytest
from gmpy2 import mpq
from hypothesis import given
from hypothesis import strategies as st

from refsem.rounding import (
    BINARY32,
    BINARY64,
    RISCV,
    Format,
    Mode,
    exact_value,
    is_rounding,
)
from refsem.rounding.text import read_text, write_decimal, write_hexadecimal

modes = st.sampled_from(Mode)
finite = st.builds(
    lambda sign, magnitude: sign << 31 | magnitude,
    st.integers(0, 1),
    st.integers(0, BINARY32.greatest_finite),
)


@given(modes, st.integers(-(10**30), 10**30), st.integers(-75, 45))
def test_decimals_round_their_exact_value(mode: Mode, digits: int, exponent: int) -> None:
    result = read_text(BINARY32, mode, f"{digits}e{exponent}", RISCV)
    exact = digits * mpq(10) ** exponent
    assert is_rounding(BINARY32, mode, exact, int(digits < 0), result.bits)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_python_reads_decimals_alike(number: float) -> None:
    expected = struct.unpack("<Q", struct.pack("<d", number))[0]
    for text in (repr(number), number.hex(), f"{number:.17g}"):
        result = read_text(BINARY64, Mode.RNE, text, RISCV)
        assert result.bits == expected
        assert not result.flags.invalid


@given(finite, st.integers(9, 20))
def test_nine_digits_tell_values_apart(bits: int, digits: int) -> None:
    text = write_decimal(BINARY32, Mode.RNE, bits, digits).text
    assert read_text(BINARY32, Mode.RNE, text, RISCV).bits == bits


@given(finite, modes)
def test_six_hexadecimal_digits_are_exact(bits: int, mode: Mode) -> None:
    written = write_hexadecimal(BINARY32, mode, bits, 6)
    back = read_text(BINARY32, mode, written.text, RISCV)
    assert written.flags.bits == back.flags.bits == 0
    assert back.bits == bits


@given(finite, modes, st.integers(1, 12))
def test_written_digits_are_rounded_in_the_mode(bits: int, mode: Mode, digits: int) -> None:
    value = exact_value(BINARY32, bits)
    written = write_decimal(BINARY32, mode, bits, digits)
    mantissa, _, exponent = written.text.partition("e")
    shown = mpq(mantissa.replace(".", "")) * mpq(10) ** (int(exponent) - digits + 1)
    unit = mpq(10) ** (int(exponent) - digits + 1)
    assert written.flags.inexact == (shown != value)
    assert abs(shown - value) < unit
    assert mode is not Mode.RTP or shown >= value
    assert mode is not Mode.RTN or shown <= value
    assert mode is not Mode.RTZ or abs(shown) <= abs(value)
    assert mode not in (Mode.RNE, Mode.RNA) or 2 * abs(shown - value) <= unit
    assert written.text.startswith("-") == bool(bits >> 31)


@pytest.mark.parametrize(
    ("text", "mode", "bits", "flags"),
    [
        ("0.1", Mode.RNE, 0x3DCCCCCD, 1),
        ("1.00000005960464477539062501", Mode.RNE, 0x3F800001, 1),
        ("1.000000059604644775390625", Mode.RNE, 0x3F800000, 1),
        ("1.000000059604644775390625", Mode.RNA, 0x3F800001, 1),
        ("0x1.000001p0", Mode.RNE, 0x3F800000, 1),
        ("0x1.0000010000000000000000001p0", Mode.RNE, 0x3F800001, 1),
        ("1e999999999999999999", Mode.RNE, 0x7F800000, 5),
        ("1e999999999999999999", Mode.RTZ, 0x7F7FFFFF, 5),
        ("-1e-999999999999999999", Mode.RTN, 0x80000001, 3),
        ("-1e-999999999999999999", Mode.RNE, 0x80000000, 3),
        ("0x1p-99999999999999999999", Mode.RTP, 0x00000001, 3),
        ("0e999999999999999999", Mode.RNE, 0, 0),
        ("-0.000", Mode.RNE, 0x80000000, 0),
        ("0x.8p-148", Mode.RNE, 1, 0),
        (".5", Mode.RNE, 0x3F000000, 0),
        ("5.", Mode.RNE, 0x40A00000, 0),
        ("+INF", Mode.RNE, 0x7F800000, 0),
        ("-Infinity", Mode.RNE, 0xFF800000, 0),
        ("nan", Mode.RNE, 0x7FC00000, 0),
        ("-nan:0x400001", Mode.RNE, 0xFFC00001, 0),
        ("snan", Mode.RNE, 0x7F800001, 0),
        ("snan:0x200000", Mode.RNE, 0x7FA00000, 0),
        ("1" + "0" * 30 + "e-30", Mode.RTP, 0x3F800000, 0),
        ("0." + "0" * 6000 + "1e6001", Mode.RNE, 0x3F800000, 0),
        ("340282356779733661637539395458142568447.9", Mode.RNE, 0x7F7FFFFF, 1),
        ("340282356779733661637539395458142568448", Mode.RNE, 0x7F800000, 5),
    ],
)
def test_named_texts(text: str, mode: Mode, bits: int, flags: int) -> None:
    result = read_text(BINARY32, mode, text, RISCV)
    assert (result.bits, result.flags.bits) == (bits, flags)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        ".",
        "1e",
        "0x",
        "1,5",
        "1_0",
        " 1",
        "1 ",
        "٣",
        "nan:0x0",
        "snan:0x400000",
        "0x1e-3",
        "nan:0x800000",
        "nan:0x1",
        "nan:",
        "infin",
        "e5",
        "0xp3",
        "--1",
        "1e5.0",
    ],
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a number|names no NaN"):
        read_text(BINARY32, Mode.RNE, text, RISCV)


@pytest.mark.parametrize(
    ("bits", "mode", "digits", "decimal"),
    [
        (0x3F800000, Mode.RNE, 1, "1e+00"),
        (0x3DCCCCCD, Mode.RNE, 9, "1.00000001e-01"),
        (0x00000001, Mode.RTP, 2, "1.5e-45"),
        (0x7F7FFFFF, Mode.RTN, 3, "3.40e+38"),
        (0x411FFFFF, Mode.RNE, 3, "1.00e+01"),
        (0xC11FFFFF, Mode.RTP, 3, "-9.99e+00"),
        (0x80000000, Mode.RNE, 2, "-0.0e+00"),
        (0xFF800000, Mode.RNE, 2, "-inf"),
        (0x7FC00000, Mode.RNE, 2, "nan:0x400000"),
        (0xFF800001, Mode.RNE, 2, "-snan:0x1"),
    ],
)
def test_named_decimals(bits: int, mode: Mode, digits: int, decimal: str) -> None:
    assert write_decimal(BINARY32, mode, bits, digits).text == decimal


@pytest.mark.parametrize(
    ("bits", "mode", "digits", "text", "inexact"),
    [
        (0x3FC00000, Mode.RNE, 1, "0x1.8p+0", False),
        (0x3F7FFFFF, Mode.RNE, 2, "0x1.00p+0", True),
        (0x3F7FFFFF, Mode.RTZ, 0, "0x1p-1", True),
        (0x00000001, Mode.RNE, 0, "0x1p-149", False),
        (0x00000000, Mode.RNE, 2, "0x0.00p+0", False),
        (0x7F800000, Mode.RNE, 2, "inf", False),
    ],
)
def test_named_hexadecimals(bits: int, mode: Mode, digits: int, text: str, inexact: bool) -> None:
    written = write_hexadecimal(BINARY32, mode, bits, digits)
    assert (written.text, written.flags.inexact) == (text, inexact)


def test_impossible_digit_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one digit"):
        write_decimal(BINARY32, Mode.RNE, 0, 0)
    with pytest.raises(ValueError, match="digits after a point"):
        write_hexadecimal(BINARY32, Mode.RNE, 0, -1)


def test_every_value_of_a_tiny_format_survives_text() -> None:
    tiny = Format(4, 4)
    for bits in range(1 << tiny.width):
        for text in (
            write_decimal(tiny, Mode.RNE, bits, 4).text,
            write_hexadecimal(tiny, Mode.RNE, bits, 1).text,
        ):
            assert read_text(tiny, Mode.RNE, text, RISCV).bits == bits
