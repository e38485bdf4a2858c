"""Rationals as people read them. Display only: nothing printed here is computed with."""

from collections.abc import Callable

from gmpy2 import mpq, mpz

SHORT = 40
"""An exact decimal longer than this is shown rounded, with ≈ before it."""


def decimal(value: mpq, digits: int) -> str:
    """The value rounded to nearest, to that many significant digits, without trailing zeros."""
    return _rounded(value, digits, lambda size: _floor(size + mpq(1, 2)))


def decimal_below(value: mpq, digits: int) -> str:
    """As `decimal`, but rounded down: what is at least the value is at least what is shown."""
    return _rounded(value, digits, _floor if value > 0 else _ceiling)


def decimal_above(value: mpq, digits: int) -> str:
    """As `decimal`, but rounded up: what is at most the value is at most what is shown."""
    return _rounded(value, digits, _ceiling if value > 0 else _floor)


def _floor(value: mpq) -> int:
    return int(value.numerator // value.denominator)


def _ceiling(value: mpq) -> int:
    return -_floor(-value)


def _rounded(value: mpq, digits: int, whole: Callable[[mpq], int]) -> str:
    """The value to so many digits: its absolute value, in units of the last, made whole."""
    if value == 0:
        return "0"
    size, exponent = abs(value), 0
    exponent = len(str(size.numerator)) - len(str(size.denominator))
    scaled = size * _ten_to(digits - 1 - exponent)
    while scaled >= 10**digits:
        exponent, scaled = exponent + 1, scaled / 10
    while scaled < 10 ** (digits - 1):
        exponent, scaled = exponent - 1, scaled * 10
    return ("-" if value < 0 else "") + _placed(whole(scaled), exponent - digits + 1)


def _ten_to(power: int) -> mpq:
    return mpq(mpz(10) ** power) if power >= 0 else mpq(1, mpz(10) ** -power)


def _placed(number: int, exponent: int) -> str:
    """The number times 10^exponent, in plain or, where that is long, scientific notation."""
    digits = str(number)
    stripped = digits.rstrip("0")
    exponent += len(digits) - len(stripped)
    leading = exponent + len(stripped) - 1
    if not -5 <= leading <= 15:
        point = f".{stripped[1:]}" if len(stripped) > 1 else ""
        return f"{stripped[0]}{point}e{leading}"
    if exponent >= 0:
        return stripped + "0" * exponent
    if leading >= 0:
        return f"{stripped[: leading + 1]}.{stripped[leading + 1 :]}"
    return "0." + "0" * (-leading - 1) + stripped


def exact(value: mpq) -> str:
    """The value exactly if it is a short decimal, else rounded and marked with ≈."""
    places = decimal_places(value)
    if places is not None and places <= SHORT:
        text = finite_decimal(value, places)
        if len(text) <= SHORT:
            return text
    return "≈" + decimal(value, 12)


def decimal_places(value: mpq) -> int | None:
    """How many places after the point the exact decimal has; None if it never ends."""
    denominator = int(value.denominator)
    twos = (denominator & -denominator).bit_length() - 1
    rest, fives = denominator >> twos, 0
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    return max(twos, fives) if rest == 1 else None


def finite_decimal(value: mpq, places: int) -> str:
    """The value, a multiple of 10^-places, in plain digits."""
    digits = str(abs(mpz(value * 10**places))).rjust(places + 1, "0")
    whole, fraction = digits[: len(digits) - places], digits[len(digits) - places :]
    text = f"{whole}.{fraction}".rstrip("0").rstrip(".")
    return ("-" if value < 0 else "") + text
