"""Outward rounding of rationals to rationals of a format: what bounds are made of.

`round_down(q) ≤ q ≤ round_up(q)`, each as tight as the format allows. Where no finite value
bounds q on that side the result is `Unbounded`: no claim, which is not a number and which no
arithmetic accepts by accident.
"""

from dataclasses import dataclass

from gmpy2 import mpq

from refsem.rounding.formats import BINARY32, Format
from refsem.rounding.function import round_to
from refsem.rounding.modes import Mode
from refsem.rounding.values import magnitude_value


@dataclass(frozen=True, slots=True)
class Unbounded:
    """No finite value of the format bounds the number on the side asked for: no claim."""


def round_down_in(format_: Format, value: mpq) -> mpq | Unbounded:
    """The greatest finite value of the format that is ≤ `value`."""
    return _outward(format_, Mode.RTN, value)


def round_up_in(format_: Format, value: mpq) -> mpq | Unbounded:
    """The least finite value of the format that is ≥ `value`."""
    return _outward(format_, Mode.RTP, value)


def _outward(format_: Format, mode: Mode, value: mpq) -> mpq | Unbounded:
    bits = round_to(format_, mode, value, 0)
    magnitude = bits & (format_.sign_bit - 1)
    if magnitude == format_.infinity:
        return Unbounded()
    size = magnitude_value(format_, magnitude)
    return -size if bits >= format_.sign_bit else size


def round_down(value: mpq) -> mpq | Unbounded:
    """The greatest finite binary32 value that is ≤ `value`."""
    return round_down_in(BINARY32, value)


def round_up(value: mpq) -> mpq | Unbounded:
    """The least finite binary32 value that is ≥ `value`."""
    return round_up_in(BINARY32, value)
