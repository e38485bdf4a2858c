"""Rounding as a function: the pattern and the flags of a rational.

Everything ends in `round_dyadic`, which rounds s·2^x for whole s > 0: the binade of s·2^x fixes
the quantum 2^k of the results around it, s splits into kept and lost bits there, and the mode
decides from the sign, the parity of the kept part and the lost part whether it grows by one.
Pattern arithmetic then carries into the next binade, or into infinity, by itself.

Other reals are first *rounded to odd* at some quantum 2^x, x ≤ k − 3: to ⌊r/2^x⌋, made odd where
anything was lost. Values, midpoints, and the thresholds of tininess are multiples of 2^(x+1), so
an odd s lies strictly between the same two of them as r: no later decision can differ. Rationals
do it by integer division here; square roots by integer square roots (`refsem.binary32`).

Trusted: this file. `specification.py` states what it must satisfy and shares none of it.
"""

from dataclasses import dataclass
from typing import assert_never

from gmpy2 import mpq

from refsem.rounding.environment import (
    FLAGS,
    INEXACT,
    OVERFLOW,
    RISCV,
    UNDERFLOW,
    Environment,
    Flags,
    Tininess,
)
from refsem.rounding.formats import BINARY32, Format
from refsem.rounding.modes import Mode

GUARD_BITS = 3
"""How far below the quantum of a result a value may be rounded to odd without being noticed."""


@dataclass(frozen=True, slots=True)
class Rounded:
    """The pattern a rounding delivers and the exceptions it signals."""

    bits: int
    flags: Flags


def _grows(mode: Mode, negative: bool, odd: bool, lost: int, half: int) -> bool:
    """Whether the kept part grows in magnitude, `lost` > 0 having been lost."""
    match mode:
        case Mode.RNE:
            return lost > half or (lost == half and odd)
        case Mode.RNA:
            return lost >= half
        case Mode.RTZ:
            return False
        case Mode.RTP:
            return not negative
        case Mode.RTN:
            return negative
        case _:
            assert_never(mode)


def _kept(mode: Mode, negative: bool, significand: int, shift: int) -> tuple[int, bool]:
    """`significand`/2^shift rounded to a whole number, and whether anything was lost."""
    if shift <= 0:
        return significand << -shift, False
    kept = significand >> shift
    lost = significand - (kept << shift)
    if not lost:
        return kept, False
    return kept + _grows(mode, negative, bool(kept & 1), lost, 1 << (shift - 1)), True


def _overflowed(format_: Format, mode: Mode, negative: bool) -> int:
    """The magnitude delivered on overflow: the greatest finite one unless the mode leads away."""
    away = mode is (Mode.RTN if negative else Mode.RTP)
    if away or mode is Mode.RNE or mode is Mode.RNA:
        return format_.infinity
    return format_.greatest_finite


def round_dyadic(
    format_: Format,
    mode: Mode,
    signed: int,
    exponent: int,
    environment: Environment,
) -> tuple[int, int]:
    """The pattern and the flags number (`FLAGS[number]`) of `signed`·2^`exponent` ≠ 0.

    An odd `signed` may stand for a real next to it if `exponent` is at least 3 below the quantum
    of the result, as the module explains.
    """
    negative, significand = signed < 0, abs(signed)
    precision, least_quantum = format_.precision, format_.least_quantum
    binade = significand.bit_length() - 1 + exponent
    quantum = max(binade - precision + 1, least_quantum)
    kept, inexact = _kept(mode, negative, significand, quantum - exponent)
    magnitude = ((quantum - least_quantum) << (precision - 1)) + kept
    sign = format_.sign_bit if negative else 0
    if magnitude >= format_.infinity:
        return sign | _overflowed(format_, mode, negative), OVERFLOW | INEXACT
    if binade >= format_.least_exponent or not (inexact or environment.flush_to_zero):
        return sign | magnitude, INEXACT if inexact else 0
    if magnitude == format_.least_normal and environment.tininess is Tininess.AFTER:
        fine, _ = _kept(mode, negative, significand, quantum - 1 - exponent)
        if fine == 2 * format_.least_normal:
            return sign | magnitude, INEXACT
    return sign if environment.flush_to_zero else sign | magnitude, UNDERFLOW | INEXACT


def odd_dyadic(format_: Format, numerator: int, denominator: int) -> tuple[int, int]:
    """A rational as (s, x), s·2^x: exact if dyadic, else rounded to odd, finely enough to round."""
    if denominator & (denominator - 1) == 0:
        return numerator, 1 - denominator.bit_length()
    binade = numerator.bit_length() - denominator.bit_length() - 1
    quantum = max(binade - format_.precision + 1, format_.least_quantum) - GUARD_BITS
    if quantum < 0:
        numerator <<= -quantum
    else:
        denominator <<= quantum
    return numerator // denominator | 1, quantum


def round_rational(
    format_: Format, mode: Mode, value: mpq, zero_sign: int, environment: Environment
) -> tuple[int, int]:
    """The pattern and the flags number of `value`; `zero_sign` (0 or 1) signs an exact zero."""
    numerator = int(value.numerator)
    if numerator == 0:
        return format_.sign_bit if zero_sign else 0, 0
    signed, exponent = odd_dyadic(format_, numerator, int(value.denominator))
    return round_dyadic(format_, mode, signed, exponent, environment)


def round_with_flags(
    format_: Format, mode: Mode, value: mpq, zero_sign: int, environment: Environment
) -> Rounded:
    """The rounding of `value` with its flags; `zero_sign` (0 or 1) signs an exact zero."""
    bits, flags = round_rational(format_, mode, value, zero_sign, environment)
    return Rounded(bits, FLAGS[flags])


def round_to(format_: Format, mode: Mode, value: mpq, zero_sign: int) -> int:
    """The pattern of `value` rounded; `zero_sign` (0 or 1) signs an exact zero.

    The environment named here flushes nothing, so none of its choices can change a pattern.
    """
    return round_rational(format_, mode, value, zero_sign, RISCV)[0]


def round_to_binary32(mode: Mode, value: mpq, zero_sign: int) -> int:
    """The binary32 pattern of `value` rounded; `zero_sign` (0 or 1) signs an exact zero."""
    return round_rational(BINARY32, mode, value, zero_sign, RISCV)[0]
