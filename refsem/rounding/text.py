"""Numbers as text: decimal and hexadecimal strings, read and written with one correct rounding.

Read: `-12.5`, `1e-40`, `0x1.8p3`, `inf`, `nan`, `snan:0x1` (after the colon: the bits below the
exponent field), letters in either case. The value of the text is a rational and is rounded once,
however long the text is. Written: a chosen number of digits, rounded in the mode.
Source: IEEE 754-2019 §5.12; C's `%a` for hexadecimal.

Exponents may be absurd without cost: a text whose value lies far outside the format's range is
replaced by a power of two as far outside, which rounds and signals the same.
"""

import re
from dataclasses import dataclass

from gmpy2 import mpq, mpz

from refsem.rounding.environment import FLAGS, INEXACT, Environment, Flags
from refsem.rounding.formats import Format
from refsem.rounding.function import Rounded, round_with_flags
from refsem.rounding.integers import round_to_integer
from refsem.rounding.modes import Mode
from refsem.rounding.nans import is_signalling
from refsem.rounding.values import Finite, Infinite, NotANumber, decode, power_of_two

_NUMBER = re.compile(
    r"(?P<sign>[+-]?)(?:"
    r"0x(?P<hex>[0-9a-f]+\.?[0-9a-f]*|\.[0-9a-f]+)(?:p(?P<binary>[+-]?[0-9]+))?"
    r"|(?P<decimal>[0-9]+\.?[0-9]*|\.[0-9]+)(?:e(?P<ten>[+-]?[0-9]+))?"
    r"|(?P<infinity>inf(?:inity)?)"
    r"|(?P<nan>s?nan)(?::0x(?P<trailing>[0-9a-f]+))?"
    r")",
    re.IGNORECASE | re.ASCII,
)


@dataclass(frozen=True, slots=True)
class TextResult:
    """The text a conversion delivers and the exceptions it signals."""

    text: str
    flags: Flags


def read_text(format_: Format, mode: Mode, text: str, environment: Environment) -> Rounded:
    """The pattern of the number written in `text`; `ValueError` if none is."""
    parts = _NUMBER.fullmatch(text)
    if parts is None:
        raise ValueError(f"{text!r} is not a number")
    negative = parts["sign"] == "-"
    sign = format_.sign_bit if negative else 0
    if parts["infinity"]:
        return Rounded(sign | format_.infinity, FLAGS[0])
    if parts["nan"]:
        return Rounded(sign | _nan_bits(format_, text, parts["nan"], parts["trailing"]), FLAGS[0])
    value = _magnitude(format_, parts)
    return round_with_flags(
        format_, mode, -value if negative else value, int(negative), environment
    )


def _nan_bits(format_: Format, text: str, kind: str, trailing: str | None) -> int:
    signalling = kind.lower() == "snan"
    below = int(trailing, 16) if trailing else (1 if signalling else format_.quiet_bit)
    bits = format_.infinity | below
    fits = 0 < below < format_.least_normal
    if not fits or is_signalling(format_, bits) != signalling:
        raise ValueError(f"{text!r} names no NaN of {format_}")
    return bits


def _magnitude(format_: Format, parts: re.Match[str]) -> mpq:
    """The rational a numeral stands for, or one outside the range that rounds alike."""
    base, point_base = (16, 2) if parts["hex"] else (10, 10)
    whole, _, fraction = (parts["hex"] or parts["decimal"]).partition(".")
    significand = mpz(whole + fraction, base)
    if significand == 0:
        return mpq(0)
    per_digit = 4 if base == 16 else 1
    exponent = mpz(parts["binary"] or parts["ten"] or 0) - per_digit * len(fraction)
    least = significand.num_digits(point_base) + exponent - 2
    if least > format_.greatest_exponent + 1:
        return power_of_two(format_.greatest_exponent + 2)
    if least + 2 < format_.least_quantum - 4:
        return power_of_two(format_.least_quantum - 4)
    scale = mpz(point_base) ** int(abs(exponent))
    return mpq(significand, scale) if exponent < 0 else mpq(significand * scale)


def _special_text(format_: Format, bits: int) -> str:
    sign = "-" if bits & format_.sign_bit else ""
    trailing = bits & (format_.least_normal - 1)
    if not trailing:
        return f"{sign}inf"
    return f"{sign}{'snan' if is_signalling(format_, bits) else 'nan'}:0x{trailing:x}"


def _scaled(mode: Mode, value: mpq, base: int, digits: int) -> tuple[int, int, bool]:
    """`value` ≠ 0 as n·base^e with `digits` digits in n, rounded; and whether anything was lost."""
    size = abs(value)
    exponent = size.numerator.num_digits(base) - size.denominator.num_digits(base) + 1
    while mpq(base) ** exponent > size:
        exponent -= 1
    exponent -= digits - 1
    exact = value / mpq(base) ** exponent
    number = round_to_integer(mode, exact)
    inexact = number != exact
    if abs(number) == base**digits:
        number, exponent = number // base, exponent + 1
    return number, exponent, inexact


def write_decimal(format_: Format, mode: Mode, bits: int, digits: int) -> TextResult:
    """The value in scientific notation with that many significant digits, e.g. `1.25e+02`.

    Raises `ValueError` unless `digits` ≥ 1. No flushing: the text shows the operand as it is.
    """
    if digits < 1:
        raise ValueError(f"a decimal has at least one digit, not {digits}")
    match decode(format_, bits):
        case Finite(negative=negative, value=value):
            number, exponent, inexact = 0, 1 - digits, False
            if value != 0:
                number, exponent, inexact = _scaled(mode, value, 10, digits)
            shown = str(mpz(abs(number))).zfill(digits)
            point = "." if digits > 1 else ""
            text = f"{shown[0]}{point}{shown[1:]}e{exponent + digits - 1:+03d}"
            return TextResult("-" * negative + text, FLAGS[INEXACT if inexact else 0])
        case Infinite() | NotANumber():
            return TextResult(_special_text(format_, bits), FLAGS[0])


def write_hexadecimal(format_: Format, mode: Mode, bits: int, digits: int) -> TextResult:
    """The value as `0x1.hhhp±e` with that many digits after the point.

    Raises `ValueError` unless `digits` ≥ 0. No flushing: the text shows the operand as it is.
    """
    if digits < 0:
        raise ValueError(f"there are no {digits} digits after a point")
    match decode(format_, bits):
        case Finite(negative=negative, value=value):
            number, exponent, inexact = 0, -4 * digits, False
            if value != 0:
                number, exponent, inexact = _scaled(mode, value, 2, 4 * digits + 1)
            lead, tail = divmod(abs(number), 1 << 4 * digits)
            shown = f".{tail:0{digits}x}" if digits else ""
            text = f"0x{lead}{shown}p{exponent + 4 * digits:+d}"
            return TextResult("-" * negative + text, FLAGS[INEXACT if inexact else 0])
        case Infinite() | NotANumber():
            return TextResult(_special_text(format_, bits), FLAGS[0])
