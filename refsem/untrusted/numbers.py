"""Numbers in certificate files: strings that denote a rational exactly, or one of ±∞.

A decimal (`-0.679857769`, `1e-7`), a fraction (`3/8`), a hexadecimal float (`0x1.8p3`), or the
bits of a float (`b32:3f800000`, `b64:…`). The value is exact: no digit is ever rounded.
"""

import re
from collections.abc import Sequence

from gmpy2 import lcm, mpq, mpz

from refsem.rounding import BINARY32, BINARY64, Finite, Format, Infinite, decode
from refsem.untrusted.strict_json import Number, Value

EXPONENT_LIMIT = 5000
"""Decimal and binary exponents beyond ± this are refused before memory is spent on them."""
LENGTH_LIMIT = 20_000

COMMON_BITS = 2**20
"""Numbers that are read together have a common denominator of at most so many bits,"""
TOGETHER_BITS = 2**31
"""and so many over it, all of them together."""

SHOWN_LENGTH = 60
"""Of a longer text that is no number, an error shows so many characters."""

_DECIMAL = re.compile(r"([+-]?)(\d+(?:\.\d*)?|\.\d+)(?:[eE]([+-]?\d{1,9}))?", re.ASCII)
_FRACTION = re.compile(r"([+-]?\d+)/(\d+)", re.ASCII)
_HEXADECIMAL = re.compile(
    r"([+-]?)0[xX]([0-9a-fA-F]*)\.?([0-9a-fA-F]*)[pP]([+-]?\d{1,9})", re.ASCII
)
_BITS = re.compile(r"b(32|64):([0-9a-fA-F]+)")
_INFINITE = re.compile(r"([+-]?)(?:inf|infinity|∞)")

_FORMATS: dict[str, tuple[Format, int]] = {"32": (BINARY32, 8), "64": (BINARY64, 16)}


def read_number(place: Value) -> mpq | Infinite:
    """The number a string denotes; `InputError` at its place if it denotes none."""
    text = place.text()
    if len(text) > LENGTH_LIMIT:
        raise place.error(f"a number of {len(text)} characters; at most {LENGTH_LIMIT} are read")
    if match := _DECIMAL.fullmatch(text):
        sign, digits, exponent = match.groups()
        whole, _, fraction = digits.partition(".")
        power = _power(place, exponent or "0")
        scaled = mpq(mpz(whole + fraction), 10 ** len(fraction)) * _ten_to(power)
        return -scaled if sign == "-" else scaled
    if match := _FRACTION.fullmatch(text):
        if mpz(match[2]) == 0:
            raise place.error("a fraction with denominator 0")
        return mpq(mpz(match[1].removeprefix("+")), mpz(match[2]))
    if (match := _HEXADECIMAL.fullmatch(text)) and match[2] + match[3]:
        power = _power(place, match[4]) - 4 * len(match[3])
        value = mpq(mpz(match[2] + match[3], 16)) * mpq(2) ** power
        return -value if match[1] == "-" else value
    if match := _INFINITE.fullmatch(text):
        return Infinite(negative=match[1] == "-")
    if match := _BITS.fullmatch(text):
        return _from_bits(place, *match.groups())
    shown = text if len(text) <= SHOWN_LENGTH else f"{text[:SHOWN_LENGTH]}…"
    raise place.error(f"{shown!r} is not a number; expected a decimal, p/q, 0x…p…, b32:… or b64:…")


def read_finite(place: Value) -> mpq:
    """The finite number a string or a number of the file denotes; `InputError` if it is none."""
    text = place.value.text if isinstance(place.value, Number) else place.text()
    number = read_number(Value(place.file, place.path, text))
    if isinstance(number, Infinite):
        raise place.error("an infinite number")
    return number


def check_common(place: Value, numbers: Sequence[mpq]) -> None:
    """Nothing if the numbers over their common denominator are of bounded size.

    `InputError` at the place otherwise: short fractions of many denominators are long numbers.
    """
    common = mpz(1)
    for denominator in {number.denominator for number in numbers}:
        common = lcm(common, denominator)
        bits = common.bit_length()
        if bits > COMMON_BITS or bits * len(numbers) > TOGETHER_BITS:
            raise place.error("numbers whose common denominator has too many digits")


def _power(place: Value, digits: str) -> int:
    power = int(digits)
    if abs(power) > EXPONENT_LIMIT:
        raise place.error(f"exponent {power} is beyond ±{EXPONENT_LIMIT}")
    return power


def _ten_to(power: int) -> mpq:
    return mpq(10**power) if power >= 0 else mpq(1, 10**-power)


def _from_bits(place: Value, width: str, digits: str) -> mpq | Infinite:
    format_, length = _FORMATS[width]
    if len(digits) != length:
        raise place.error(f"b{width} takes {length} hexadecimal digits, not {len(digits)}")
    decoded = decode(format_, int(digits, 16))
    match decoded:
        case Finite():
            return decoded.value
        case Infinite():
            return decoded
        case _:
            raise place.error("NaN bounds nothing")
