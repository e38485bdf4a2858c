"""Rounding as a relation between rationals and patterns.

Written from the sentences in `Mode`, by comparing the rational with a candidate and its two
neighbours; nothing is searched for or computed. Two facts make neighbours enough: the values of
a format are discrete and ordered as their signed magnitudes, and each mode's set of rationals
rounding to a value is an interval around it. The tests check the relation against quantifying
over all values (tiny formats), and the function of `function.py` against the relation.

Overflow: in the nearest modes ±∞ stands at ±2^(emax+1); a directed mode reaches an infinity only
on its own side. Zero: an exact 0 gives the zero the caller names; otherwise the sign is kept.
"""

from typing import assert_never

from gmpy2 import mpq

from refsem.rounding.environment import Tininess
from refsem.rounding.formats import Format
from refsem.rounding.modes import Mode
from refsem.rounding.values import magnitude_value, power_of_two


def is_rounding(format_: Format, mode: Mode, value: mpq, zero_sign: int, bits: int) -> bool:
    """Whether `bits` is the rounding of `value`; `zero_sign` (0 or 1) signs an exact zero."""
    negative = bits >= format_.sign_bit
    magnitude = bits & (format_.sign_bit - 1)
    if value == 0:
        return bits == (format_.sign_bit if zero_sign else 0)
    is_nan_or_no_pattern = bits >> format_.width != 0 or magnitude > format_.infinity
    if is_nan_or_no_pattern or negative != (value < 0):
        return False
    match mode:
        case Mode.RNE | Mode.RNA:
            return _is_nearest(format_, mode, abs(value), magnitude)
        case Mode.RTP if not negative:
            return _is_away(format_, abs(value), magnitude)
        case Mode.RTN if negative:
            return _is_away(format_, abs(value), magnitude)
        case Mode.RTP | Mode.RTN | Mode.RTZ:
            return _is_toward_zero(format_, abs(value), magnitude)
        case _:
            assert_never(mode)


def _is_toward_zero(format_: Format, size: mpq, magnitude: int) -> bool:
    """Whether v ≤ size, and size < the next value unless v is the greatest finite one."""
    if magnitude == format_.infinity:
        return False
    if magnitude == format_.greatest_finite:
        return bool(magnitude_value(format_, magnitude) <= size)
    lower, upper = (magnitude_value(format_, m) for m in (magnitude, magnitude + 1))
    return bool(lower <= size < upper)


def _is_away(format_: Format, size: mpq, magnitude: int) -> bool:
    """Whether size ≤ v, and the value next below v is < size; +∞ bounds everything."""
    if magnitude == 0:
        return False
    above_previous = magnitude_value(format_, magnitude - 1) < size
    below = magnitude == format_.infinity or size <= magnitude_value(format_, magnitude)
    return bool(above_previous and below)


def _is_nearest(format_: Format, mode: Mode, size: mpq, magnitude: int) -> bool:
    """Whether size is between the midpoints around v, or on one the rule for ties gives to v."""
    value = magnitude_value(format_, magnitude)
    even = magnitude % 2 == 0
    if magnitude > 0:
        lower = (magnitude_value(format_, magnitude - 1) + value) / 2
        if size < lower or (size == lower and not even and mode is Mode.RNE):
            return False
    if magnitude == format_.infinity:
        return True
    upper = (value + magnitude_value(format_, magnitude + 1)) / 2
    return bool(size < upper or (size == upper and even and mode is Mode.RNE))


def overflows(format_: Format, mode: Mode, value: mpq) -> bool:
    """Whether rounding with unbounded exponents would pass the greatest finite value."""
    size = abs(value)
    beyond = power_of_two(format_.greatest_exponent + 1)
    greatest = magnitude_value(format_, format_.greatest_finite)
    match mode:
        case Mode.RNE | Mode.RNA:
            return bool(size >= (greatest + beyond) / 2)
        case Mode.RTZ:
            return bool(size >= beyond)
        case Mode.RTP:
            return bool(size > greatest if value > 0 else size >= beyond)
        case Mode.RTN:
            return bool(size > greatest if value < 0 else size >= beyond)
        case _:
            assert_never(mode)


def is_tiny(format_: Format, mode: Mode, value: mpq, tininess: Tininess) -> bool:
    """Whether `value` counts as tiny, by the definition of `tininess`.

    After rounding: below 2^emin the values of unbounded exponent range are 2^(emin−p) apart.
    """
    size = abs(value)
    least_normal = power_of_two(format_.least_exponent)
    if tininess is Tininess.BEFORE:
        return bool(0 < size < least_normal)
    previous = least_normal - power_of_two(format_.least_exponent - format_.precision)
    match mode:
        case Mode.RNE | Mode.RNA:
            return bool(0 < size < (previous + least_normal) / 2)
        case Mode.RTZ:
            return bool(0 < size < least_normal)
        case Mode.RTP:
            return bool(0 < size <= previous if value > 0 else 0 < size < least_normal)
        case Mode.RTN:
            return bool(0 < size <= previous if value < 0 else 0 < size < least_normal)
        case _:
            assert_never(mode)
