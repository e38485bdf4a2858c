"""Every form of number in a bounds file denotes one rational; whatever else is refused in place."""

from fractions import Fraction

import numpy as np
import pytest
from gmpy2 import mpq
from hypothesis import given
from hypothesis import strategies as st

from refsem.errors import InputError
from refsem.rounding import Infinite
from refsem.untrusted.numbers import EXPONENT_LIMIT, LENGTH_LIMIT, read_number
from refsem.untrusted.strict_json import Value

SIGNS = st.sampled_from(["", "+", "-"])
DIGITS = st.text("0123456789", max_size=30)
SOME_DIGITS = st.text("0123456789", min_size=1, max_size=30)
HEX_DIGITS = st.text("0123456789abcdefABCDEF", max_size=20)


def read(text: object) -> Fraction:
    found = read_number(Value("file.json", "input.lower[0]", text))
    assert isinstance(found, mpq)
    return Fraction(int(found.numerator), int(found.denominator))


def refusal(text: object) -> str:
    with pytest.raises(InputError) as caught:
        read_number(Value("file.json", "input.lower[0]", text))
    assert (caught.value.file, caught.value.place) == ("file.json", "input.lower[0]")
    return caught.value.message


# accepted forms


@given(SIGNS, DIGITS, st.sampled_from(["", "."]), DIGITS, st.integers(-60, 60) | st.none())
def test_a_decimal_is_what_python_fractions_read(
    sign: str, whole: str, point: str, fraction: str, exponent: int | None
) -> None:
    digits = whole + point + (fraction if point else "")
    if not digits.strip("."):
        digits = "0" + digits
    text = sign + digits + ("" if exponent is None else f"e{exponent:+d}")
    assert read(text) == read(text.replace("e", "E")) == Fraction(text)


@given(st.fractions())
def test_a_printed_fraction_is_read_back(value: Fraction) -> None:
    assert read(f"{value.numerator}/{value.denominator}") == value
    assert read(f"{value.numerator * 6}/{value.denominator * 6}") == value
    assert read(f"+{abs(value.numerator)}/{value.denominator}") == abs(value)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_printed_double_is_read_back_in_every_form(value: float) -> None:
    exact = Fraction(value)
    bits = np.float64(value).view(np.uint64)
    assert read(value.hex()) == read(value.hex().upper()) == exact
    assert read(f"b64:{bits:016x}") == read(f"b64:{bits:016X}") == exact


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_a_printed_float_is_read_back_in_every_form(value: float) -> None:
    bits = np.float32(value).view(np.uint32)
    assert read(f"b32:{bits:08x}") == read(f"b32:{bits:08X}") == read(value.hex())
    assert read(f"b32:{bits:08x}") == Fraction(value)


@given(SIGNS, HEX_DIGITS, st.sampled_from(["", "."]), HEX_DIGITS, st.integers(-90, 90))
def test_a_hexadecimal_float_is_its_digits_times_a_power_of_two(
    sign: str, whole: str, point: str, fraction: str, exponent: int
) -> None:
    whole = whole or "0"
    fraction = fraction if point else ""
    size = Fraction(int(whole + fraction, 16), 16 ** len(fraction)) * Fraction(2) ** exponent
    assert read(f"{sign}0x{whole}{point}{fraction}p{exponent}") == (-size if sign == "-" else size)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.679857769", Fraction(679857769, 10**9)),
        ("-0", Fraction(0)),
        ("5.", Fraction(5)),
        (".5", Fraction(1, 2)),
        ("1e-7", Fraction(1, 10**7)),
        ("0x1.8p3", Fraction(12)),
        ("0X.8P+1", Fraction(1)),
        ("-6/4", Fraction(-3, 2)),
        ("b32:00000001", Fraction(1, 2**149)),
        ("b32:80000000", Fraction(0)),
        ("b32:ff7fffff", -Fraction(float(np.finfo(np.float32).max))),
        ("b64:0000000000000001", Fraction(1, 2**1074)),
        ("1" + "0" * 9999, Fraction(10**9999)),
        (f"1e{EXPONENT_LIMIT}", Fraction(10**EXPONENT_LIMIT)),
        (f"1e-{EXPONENT_LIMIT}", Fraction(1, 10**EXPONENT_LIMIT)),
        (f"0x1p-{EXPONENT_LIMIT}", Fraction(1, 2**EXPONENT_LIMIT)),
    ],
)
def test_a_number_denotes_exactly_this(text: str, value: Fraction) -> None:
    assert read(text) == value


@pytest.mark.parametrize(
    ("text", "negative"),
    [
        *(("inf", False), ("+inf", False), ("infinity", False), ("∞", False), ("+∞", False)),
        *(("-inf", True), ("-infinity", True), ("-∞", True)),
        *(("b32:7f800000", False), ("b32:ff800000", True)),
        *(("b64:7ff0000000000000", False), ("b64:FFF0000000000000", True)),
    ],
)
def test_an_infinity_keeps_its_sign(text: str, negative: bool) -> None:
    assert read_number(Value("", "", text)) == Infinite(negative=negative)


# refusals


NOT_NUMBERS = (
    *("", " ", "-", "+", ".", "e5", "1e", "1e+", "1e5.0", "--1", "+-1", "1 ", " 1", "1\n", "\n1"),
    *("1,5", "1_000", "1.2.3", "1/", "/2", "1/-2", "1/2/3", "1.5/2", "1e3/2", "1//2", "0x/1"),
    *("0x", "0xp1", "0x.p1", "0x1", "0x1.8", "0xgp1", "0x1p", "0x1p1.5", "0b1", "1p3", "1f", "1d0"),
    *("nan", "NaN", "-nan", "Inf", "INFINITY", "--inf", "inf/1", "∞∞", "None", "true", "1e1e1"),
    *("b32:", "b32:3f80000g", "b16:3c00", "b32:0x3f800000", "b32 3f800000", "-b32:3f800000"),
    *("B32:3f800000", "f32:3f800000", "b32:3f8_0000", "1;2", "__import__('os')", "1\x00", "\ud800"),
    *("1e1234567890", "0x1p-1234567890"),
)


@pytest.mark.parametrize("text", NOT_NUMBERS)
def test_what_is_no_number_is_refused(text: str) -> None:
    expected = "is not a number; expected a decimal, p/q, 0x…p…, b32:… or b64:…"
    assert refusal(text) == f"{text!r} {expected}"


@pytest.mark.parametrize("text", ["١", "1.٢", "1e٣", "٣/4", "3/٤", "0x1p٣", "b32:٣f800000", "１"])
def test_digits_of_other_scripts_are_no_digits(text: str) -> None:
    assert "is not a number" in refusal(text)


def test_of_a_long_text_only_the_beginning_is_shown() -> None:
    assert refusal("z" * 10_000).startswith(f"'{'z' * 60}…' is not a number")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1e999999999", "exponent 999999999 is beyond ±5000"),
        ("1e-999999999", "exponent -999999999 is beyond ±5000"),
        ("0e999999999", "exponent 999999999 is beyond ±5000"),
        ("1e5001", "exponent 5001 is beyond ±5000"),
        ("0x1p-5001", "exponent -5001 is beyond ±5000"),
        ("1/0", "a fraction with denominator 0"),
        ("0/00", "a fraction with denominator 0"),
        ("b32:3f80000", "b32 takes 8 hexadecimal digits, not 7"),
        ("b32:3f8000000", "b32 takes 8 hexadecimal digits, not 9"),
        ("b64:3f800000", "b64 takes 16 hexadecimal digits, not 8"),
        ("b32:7fc00000", "NaN bounds nothing"),
        ("b32:7f800001", "NaN bounds nothing"),
        ("b32:ffffffff", "NaN bounds nothing"),
        ("b64:7ff8000000000000", "NaN bounds nothing"),
        (
            "1" * (LENGTH_LIMIT + 1),
            f"a number of {LENGTH_LIMIT + 1} characters; at most 20000 are read",
        ),
    ],
)
def test_a_number_beyond_the_rules_is_refused(text: str, message: str) -> None:
    assert refusal(text) == message


@pytest.mark.parametrize(
    ("value", "kind"),
    [(None, "null"), (True, "a truth value"), ([], "a list"), ({}, "an object")],
)
def test_a_number_is_a_string(value: object, kind: str) -> None:
    assert refusal(value) == f"{kind} where a string was expected"


@given(st.text(max_size=40) | st.from_regex(r"[-+.0-9eEpPxX/b:∞]{0,30}", fullmatch=True))
def test_any_text_is_a_number_or_an_input_error(text: str) -> None:
    found: object
    try:
        found = read_number(Value("f", "p", text))
    except InputError as error:
        found = error
    assert isinstance(found, mpq | Infinite) or (found.file, found.place) == ("f", "p")
