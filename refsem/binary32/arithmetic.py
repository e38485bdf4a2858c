"""The arithmetic of binary32: an exact rational result, then one rounding.

add, sub, mul, div, fma, sqrt, remainder, the rounding to an integral value, and scaling by powers
of two. Square roots are irrational but placed exactly (`refsem.rounding.roots`). Every function
is total on patterns. Source: IEEE 754-2019 §5.3, §5.4, §6, §7.

Not here: elementary functions (`functions.py`), comparisons and extrema (`comparisons.py`).
"""

from gmpy2 import mpq

from refsem.binary32.delivery import (
    deliver,
    divided_by_zero,
    invalid,
    propagated,
    read,
    rounded,
    signed_infinity,
    signed_zero,
    unchanged,
    zero_sum_sign,
)
from refsem.binary32.value import INFINITY, SIGN, Binary32, Result
from refsem.rounding import BINARY32, FLAGS, Environment, Mode, NanPolicy
from refsem.rounding.environment import INEXACT, INVALID
from refsem.rounding.function import GUARD_BITS
from refsem.rounding.integers import round_to_integer
from refsem.rounding.nans import chosen_nan, default_nan
from refsem.rounding.roots import round_root
from refsem.rounding.values import power_of_two


def add(mode: Mode, x: Binary32, y: Binary32, environment: Environment) -> Result:
    """The value x + y; ∞ − ∞ is invalid."""
    x, y = read(x, environment), read(y, environment)
    negative, other = x.bits >= SIGN, y.bits >= SIGN
    if x.magnitude < INFINITY and y.magnitude < INFINITY:
        zero_sign = zero_sum_sign(mode, negative, other)
        return rounded(mode, x.value + y.value, zero_sign, environment)
    if x.is_nan or y.is_nan:
        return propagated(environment, x, y)
    if x.is_infinite and y.is_infinite and negative != other:
        return invalid(environment)
    return unchanged(x if x.is_infinite else y)


def sub(mode: Mode, x: Binary32, y: Binary32, environment: Environment) -> Result:
    """The value x − y; ∞ − ∞ is invalid."""
    if x.is_nan or y.is_nan:
        return propagated(environment, x, y)
    return add(mode, x, Binary32(y.bits ^ SIGN), environment)


def mul(mode: Mode, x: Binary32, y: Binary32, environment: Environment) -> Result:
    """The value x·y; ∞·0 is invalid."""
    x, y = read(x, environment), read(y, environment)
    negative = (x.bits >= SIGN) != (y.bits >= SIGN)
    if x.magnitude < INFINITY and y.magnitude < INFINITY:
        return rounded(mode, x.value * y.value, int(negative), environment)
    if x.is_nan or y.is_nan:
        return propagated(environment, x, y)
    if x.is_zero or y.is_zero:
        return invalid(environment)
    return signed_infinity(negative=negative)


def div(mode: Mode, x: Binary32, y: Binary32, environment: Environment) -> Result:
    """The value x/y; 0/0 and ∞/∞ are invalid, another finite number over 0 divides by zero."""
    x, y = read(x, environment), read(y, environment)
    negative = (x.bits >= SIGN) != (y.bits >= SIGN)
    if x.is_nan or y.is_nan:
        return propagated(environment, x, y)
    if x.is_infinite:
        return invalid(environment) if y.is_infinite else signed_infinity(negative=negative)
    if y.is_infinite:
        return signed_zero(negative=negative)
    if y.is_zero:
        return invalid(environment) if x.is_zero else divided_by_zero(negative=negative)
    return rounded(mode, x.value / y.value, int(negative), environment)


def fma(mode: Mode, x: Binary32, y: Binary32, z: Binary32, environment: Environment) -> Result:
    """The value x·y + z, rounded once; ∞·0 and ∞ − ∞ are invalid."""
    x, y, z = read(x, environment), read(y, environment), read(z, environment)
    negative = (x.bits >= SIGN) != (y.bits >= SIGN)
    if x.magnitude < INFINITY and y.magnitude < INFINITY and z.magnitude < INFINITY:
        zero_sign = zero_sum_sign(mode, negative, z.bits >= SIGN)
        return rounded(mode, x.value * y.value + z.value, zero_sign, environment)
    if x.is_nan or y.is_nan:
        return propagated(environment, x, y, z)
    infinite_product = x.is_infinite or y.is_infinite
    if infinite_product and (x.is_zero or y.is_zero):
        return _infinity_times_zero_plus(z, environment)
    if z.is_nan:
        return propagated(environment, z)
    if infinite_product and z.is_infinite and negative != z.is_negative:
        return invalid(environment)
    return signed_infinity(negative=negative) if infinite_product else unchanged(z)


def _infinity_times_zero_plus(z: Binary32, environment: Environment) -> Result:
    """The value ∞·0 + z: where the product signals and x86 rules, its NaN comes before z's."""
    if not z.is_nan:
        return invalid(environment)
    if not environment.fused_nan_invalid:
        return propagated(environment, z)
    if environment.nan_policy is NanPolicy.X86:
        return deliver(default_nan(BINARY32, environment.nan_policy), INVALID)
    return deliver(chosen_nan(BINARY32, environment.nan_policy, [z.bits]), INVALID)


def sqrt(mode: Mode, x: Binary32, environment: Environment) -> Result:
    """The square root of x; below −0 it is invalid, and that of −0 is −0."""
    x = read(x, environment)
    if x.is_nan:
        return propagated(environment, x)
    if x.is_zero:
        return unchanged(x)
    if x.is_negative:
        return invalid(environment)
    if x.is_infinite:
        return unchanged(x)
    return deliver(*round_root(BINARY32, mode, x.value, 2, environment))


def remainder(x: Binary32, y: Binary32, environment: Environment) -> Result:
    """The value x − n·y, n the integer nearest to x/y, ties to even; always exact.

    ∞ rem y and x rem 0 are invalid; a zero result has the sign of x.
    """
    x, y = read(x, environment), read(y, environment)
    if x.is_nan or y.is_nan:
        return propagated(environment, x, y)
    if x.is_infinite or y.is_zero:
        return invalid(environment)
    exact = x.value
    if not y.is_infinite:
        exact -= round_to_integer(Mode.RNE, exact / y.value) * y.value
    return rounded(Mode.RNE, exact, int(x.is_negative), environment)


def round_to_integral(mode: Mode, x: Binary32, exact: bool, environment: Environment) -> Result:
    """The integral value x rounds to; `exact` says whether a change signals inexact.

    A zero result has the sign of x; infinities are integral.
    """
    x = read(x, environment)
    if x.is_nan:
        return propagated(environment, x)
    if x.is_infinite:
        return unchanged(x)
    value = x.value
    integral = round_to_integer(mode, value)
    result = rounded(mode, mpq(integral), int(x.is_negative), environment)
    return Result(result.value, FLAGS[INEXACT if exact and integral != value else 0])


def scale_b(mode: Mode, x: Binary32, exponent: int, environment: Environment) -> Result:
    """The value x·2^exponent; any integer exponent is accepted."""
    x = read(x, environment)
    if x.is_nan:
        return propagated(environment, x)
    if x.is_infinite or x.is_zero:
        return unchanged(x)
    beyond = BINARY32.greatest_exponent - BINARY32.least_quantum + GUARD_BITS
    clamped = max(-beyond, min(exponent, beyond))
    return rounded(mode, x.value * power_of_two(clamped), 0, environment)


def log_b(x: Binary32, environment: Environment) -> Result:
    """The exponent e of x = m·2^e with 1 ≤ |m| < 2, subnormals as if normalised.

    ±∞ gives +∞; ±0 gives −∞ and signals division by zero. The denominator of x being a power of
    two, lengths in bits give e exactly.
    """
    x = read(x, environment)
    if x.is_nan:
        return propagated(environment, x)
    if x.is_infinite:
        return signed_infinity(negative=False)
    if x.is_zero:
        return divided_by_zero(negative=True)
    size = abs(x.value)
    exponent = size.numerator.bit_length() - size.denominator.bit_length()
    return rounded(Mode.RNE, mpq(exponent), 0, environment)
