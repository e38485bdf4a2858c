"""Operations that move or inspect bits, and neighbours.

negate, absolute and copy_sign act on the sign bit of anything, NaNs included, and signal nothing;
so does total_order. The neighbours treat NaNs as arithmetic does. None of them is touched by
flushing or denormals-are-zero. Source: IEEE 754-2019 §5.3.1, §5.5.1, §5.7.2, §5.10.
"""

from refsem.binary32.delivery import propagated, unchanged
from refsem.binary32.value import SIGN, Binary32, Result
from refsem.rounding import BINARY32, Environment
from refsem.rounding import next_down as next_pattern_down
from refsem.rounding import next_up as next_pattern_up


def negate(x: Binary32) -> Result:
    """The operand with the opposite sign bit."""
    return unchanged(Binary32(x.bits ^ SIGN))


def absolute(x: Binary32) -> Result:
    """The operand with sign bit 0."""
    return unchanged(Binary32(x.bits & ~SIGN))


def copy_sign(x: Binary32, y: Binary32) -> Result:
    """The operand x with the sign bit of y."""
    return unchanged(Binary32(x.bits & ~SIGN | y.bits & SIGN))


def next_up(x: Binary32, environment: Environment) -> Result:
    """The least value above x; +∞ stays, the least negative value gives −0."""
    if x.is_nan:
        return propagated(environment, x)
    return unchanged(Binary32(next_pattern_up(BINARY32, x.bits)))


def next_down(x: Binary32, environment: Environment) -> Result:
    """The greatest value below x; −∞ stays, the least positive value gives +0."""
    if x.is_nan:
        return propagated(environment, x)
    return unchanged(Binary32(next_pattern_down(BINARY32, x.bits)))


def total_order(x: Binary32, y: Binary32) -> bool:
    """Whether x comes before or equals y in the total order of all patterns.

    −NaN < −∞ < … < −0 < +0 < … < +∞ < +NaN; among positive NaNs signalling before quiet, then by
    payload, among negative ones the reverse. That is the order of sign and magnitude.
    """
    return _rank(x) <= _rank(y)


def total_order_magnitude(x: Binary32, y: Binary32) -> bool:
    """`total_order` of the absolute values."""
    return x.magnitude <= y.magnitude


def _rank(x: Binary32) -> int:
    return ~x.magnitude if x.is_negative else x.magnitude
