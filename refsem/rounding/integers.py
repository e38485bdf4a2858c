"""Rounding to whole numbers, and conversions between formats and integer types.

Integers are Python integers throughout; an `IntegerFormat` is a range with an x86 "indefinite"
pattern. Source: IEEE 754-2019 §5.8; what an invalid conversion delivers is the environment's
choice (`InvalidInteger`).
"""

from dataclasses import dataclass
from typing import assert_never

from gmpy2 import f_divmod, mpq

from refsem.rounding.environment import (
    FLAGS,
    INEXACT,
    INVALID,
    Environment,
    Flags,
    InvalidInteger,
)
from refsem.rounding.formats import Format
from refsem.rounding.function import Rounded, round_with_flags
from refsem.rounding.modes import Mode
from refsem.rounding.operands import read_operand
from refsem.rounding.values import Finite, Infinite, NotANumber


@dataclass(frozen=True, slots=True)
class IntegerFormat:
    """The integers of a width, unsigned or two's complement."""

    width: int
    signed: bool

    @property
    def least(self) -> int:
        """The least integer of the type."""
        return -1 << (self.width - 1) if self.signed else 0

    @property
    def greatest(self) -> int:
        """The greatest integer of the type."""
        return (1 << (self.width - self.signed)) - 1

    @property
    def indefinite(self) -> int:
        """What x86 delivers for an invalid conversion."""
        return self.least if self.signed else self.greatest


INT32 = IntegerFormat(32, signed=True)
INT64 = IntegerFormat(64, signed=True)
UINT32 = IntegerFormat(32, signed=False)
UINT64 = IntegerFormat(64, signed=False)


@dataclass(frozen=True, slots=True)
class IntegerResult:
    """The integer a conversion delivers and the exceptions it signals."""

    value: int
    flags: Flags


def round_to_integer(mode: Mode, value: mpq) -> int:
    """The integer the mode takes `value` to, by the definitions of `Mode` for F the integers."""
    floor, rest = (int(part) for part in f_divmod(value.numerator, value.denominator))
    if rest == 0:
        return floor
    doubled, whole = 2 * rest, int(value.denominator)
    match mode:
        case Mode.RTN:
            return floor
        case Mode.RTP:
            return floor + 1
        case Mode.RTZ:
            return floor + (floor < 0)
        case Mode.RNE:
            return floor + (doubled > whole or (doubled == whole and floor % 2 == 1))
        case Mode.RNA:
            return floor + (doubled > whole or (doubled == whole and floor >= 0))
        case _:
            assert_never(mode)


def to_integer(
    source: Format,
    mode: Mode,
    bits: int,
    target: IntegerFormat,
    *,
    exact: bool,
    environment: Environment,
) -> IntegerResult:
    """The integer nearest in the mode; `exact` says whether inexact is signalled.

    A NaN, an infinity and a rounded value out of range signal invalid, and nothing else.
    """
    match read_operand(source, bits, environment):
        case Finite(value=value):
            rounded = round_to_integer(mode, value)
            if target.least <= rounded <= target.greatest:
                inexact = exact and rounded != value
                return IntegerResult(rounded, FLAGS[INEXACT if inexact else 0])
            below = rounded < target.least
        case Infinite(negative=below):
            pass
        case NotANumber():
            below = False
    return IntegerResult(_invalid(target, environment, below=below), FLAGS[INVALID])


def _invalid(target: IntegerFormat, environment: Environment, *, below: bool) -> int:
    match environment.invalid_integer:
        case InvalidInteger.SATURATE:
            return target.least if below else target.greatest
        case InvalidInteger.INDEFINITE:
            return target.indefinite
        case other:
            assert_never(other)


def from_integer(target: Format, mode: Mode, number: int, environment: Environment) -> Rounded:
    """The pattern of the integer rounded to the format; 0 gives +0."""
    return round_with_flags(target, mode, mpq(number), 0, environment)
