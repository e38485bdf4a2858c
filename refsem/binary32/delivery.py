"""How every operation begins and ends: reading operands, delivering numbers and NaNs.

An operation reads its operands (denormals-are-zero), settles NaNs and infinities, computes an
exact rational, and rounds it once (`rounded`). Zeros are signed here too: an exact zero sum of
unlike signs is −0 exactly when rounding toward −∞ (IEEE 754-2019 §6.3).
"""

from gmpy2 import mpq

from refsem.binary32.value import INFINITY, LEAST_NORMAL, SIGN, Binary32, Result
from refsem.rounding import BINARY32, FLAGS, Environment, Mode
from refsem.rounding.environment import DIVIDE_BY_ZERO, INVALID
from refsem.rounding.function import round_rational
from refsem.rounding.nans import chosen_nan, default_nan


def read(x: Binary32, environment: Environment) -> Binary32:
    """The operand as the environment reads it: a subnormal may become a zero of its sign."""
    if environment.denormals_are_zero and x.bits & ~SIGN < LEAST_NORMAL:
        return Binary32(x.bits & SIGN)
    return x


def deliver(bits: int, flags: int) -> Result:
    """A pattern with a flags number."""
    return Result(Binary32(bits), FLAGS[flags])


def unchanged(x: Binary32) -> Result:
    """An operand delivered as it is, signalling nothing."""
    return Result(x, FLAGS[0])


def signed_infinity(*, negative: bool) -> Result:
    """An exact infinity."""
    return deliver(SIGN | INFINITY if negative else INFINITY, 0)


def divided_by_zero(*, negative: bool) -> Result:
    """The infinity of a finite operand at a pole."""
    return deliver(SIGN | INFINITY if negative else INFINITY, DIVIDE_BY_ZERO)


def signed_zero(*, negative: bool) -> Result:
    """An exact zero."""
    return deliver(SIGN if negative else 0, 0)


def invalid(environment: Environment) -> Result:
    """The default NaN of an invalid operation on numbers."""
    return deliver(default_nan(BINARY32, environment.nan_policy), INVALID)


def propagated(environment: Environment, *operands: Binary32) -> Result:
    """The NaN for operands of which one at least is a NaN; invalid if one is signalling."""
    nan = chosen_nan(BINARY32, environment.nan_policy, [x.bits for x in operands])
    return deliver(nan, INVALID if any(x.is_signalling for x in operands) else 0)


def rounded(mode: Mode, value: mpq, zero_sign: int, environment: Environment) -> Result:
    """The exact `value` rounded once; `zero_sign` signs an exact zero."""
    bits, flags = round_rational(BINARY32, mode, value, zero_sign, environment)
    return Result(Binary32(bits), FLAGS[flags])


def zero_sum_sign(mode: Mode, one: bool, other: bool) -> int:
    """The sign of an exact zero sum of terms whose sign bits are given."""
    return int(one if one == other else mode is Mode.RTN)
