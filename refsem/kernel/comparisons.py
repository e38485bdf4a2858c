"""Comparisons, extrema, and operations that move or inspect the bits of binary32 patterns.

Patterns of one sign are ordered as their magnitudes, so numbers compare as signed magnitudes.
Source: IEEE 754-2019 §5.5.1, §5.6.1, §5.7.2, §5.10, §9.6; 754-2008 §5.3.1 for minNum and maxNum.
In the extrema −0 counts as less than +0.
"""

from refsem.kernel.encoding import (
    EQUAL,
    GREATER,
    INVALID,
    LESS,
    SIGNAL_QUIET_NAN,
    UNORDERED,
)
from refsem.kernel.nans import CANONICAL_NAN, is_nan, is_signalling, propagate, propagate_one
from refsem.kernel.packing import INFINITY, LEAST_NORMAL, MAGNITUDE, SIGN, read


def compare(setting: int, x: int, y: int) -> tuple[int, int]:
    """1 if the relation of x to y is among those the setting accepts, else 0."""
    if is_nan(x) or is_nan(y):
        signals = setting & SIGNAL_QUIET_NAN or is_signalling(x) or is_signalling(y)
        return 1 if setting & UNORDERED else 0, INVALID if signals else 0
    x, y = read(setting, x), read(setting, y)
    magnitude_x, magnitude_y = x & MAGNITUDE, y & MAGNITUDE
    rank_x = -magnitude_x if x & SIGN else magnitude_x
    rank_y = -magnitude_y if y & SIGN else magnitude_y
    accepted = LESS if rank_x < rank_y else GREATER if rank_x > rank_y else EQUAL
    return 1 if setting & accepted else 0, 0


def total_rank(x: int) -> int:
    """A number that orders all patterns totally."""
    magnitude = x & MAGNITUDE
    return -1 - magnitude if x & SIGN else magnitude


def total_order(_setting: int, x: int, y: int) -> tuple[int, int]:
    """1 if x comes before or equals y in the total order of all patterns."""
    return 1 if total_rank(x) <= total_rank(y) else 0, 0


def total_order_magnitude(_setting: int, x: int, y: int) -> tuple[int, int]:
    """`total_order` of the absolute values."""
    return 1 if x & MAGNITUDE <= y & MAGNITUDE else 0, 0


def minimum(setting: int, x: int, y: int) -> tuple[int, int]:
    """The lesser operand; a NaN if either is one."""
    if is_nan(x) or is_nan(y):
        return propagate(setting, x, y)
    x, y = read(setting, x), read(setting, y)
    return (x if total_rank(x) <= total_rank(y) else y), 0


def maximum(setting: int, x: int, y: int) -> tuple[int, int]:
    """The greater operand; a NaN if either is one."""
    if is_nan(x) or is_nan(y):
        return propagate(setting, x, y)
    x, y = read(setting, x), read(setting, y)
    return (y if total_rank(x) <= total_rank(y) else x), 0


def number_of(setting: int, x: int, y: int) -> tuple[int, int]:
    """The number where one of x and y is a number and the other a NaN."""
    invalid = is_signalling(x) or is_signalling(y)
    return read(setting, y if is_nan(x) else x), INVALID if invalid else 0


def minimum_number(setting: int, x: int, y: int) -> tuple[int, int]:
    """The lesser operand; a number is preferred to any NaN, a signalling one still signals."""
    if is_nan(x) != is_nan(y):
        return number_of(setting, x, y)
    return minimum(setting, x, y)


def maximum_number(setting: int, x: int, y: int) -> tuple[int, int]:
    """The greater operand; a number is preferred to any NaN, a signalling one still signals."""
    if is_nan(x) != is_nan(y):
        return number_of(setting, x, y)
    return maximum(setting, x, y)


def min_num(setting: int, x: int, y: int) -> tuple[int, int]:
    """The minNum of 2008: a number is preferred to a quiet NaN; a signalling one gives a NaN."""
    if is_signalling(x) or is_signalling(y):
        return propagate(setting, x, y)
    return minimum_number(setting, x, y)


def max_num(setting: int, x: int, y: int) -> tuple[int, int]:
    """The maxNum of 2008: a number is preferred to a quiet NaN; a signalling one gives a NaN."""
    if is_signalling(x) or is_signalling(y):
        return propagate(setting, x, y)
    return maximum_number(setting, x, y)


def negate(_setting: int, x: int) -> tuple[int, int]:
    """The operand with the opposite sign bit."""
    return x ^ SIGN, 0


def absolute(_setting: int, x: int) -> tuple[int, int]:
    """The operand with sign bit 0."""
    return x & MAGNITUDE, 0


def copy_sign(_setting: int, x: int, y: int) -> tuple[int, int]:
    """The operand x with the sign bit of y."""
    return x & MAGNITUDE | y & SIGN, 0


def next_up(setting: int, x: int) -> tuple[int, int]:
    """The least value above x; +∞ stays, the least negative value gives −0."""
    if is_nan(x):
        return propagate_one(setting, x)
    if x & MAGNITUDE == 0:
        return 1, 0
    if x & SIGN:
        return x - 1, 0
    return min(x + 1, INFINITY), 0


def next_down(setting: int, x: int) -> tuple[int, int]:
    """The greatest value below x; −∞ stays, the least positive value gives +0."""
    if is_nan(x):
        return propagate_one(setting, x)
    return next_up(setting, x ^ SIGN)[0] ^ SIGN, 0


def classification(_setting: int, x: int) -> tuple[int, int]:
    """The place of the class of x in the list of classes."""
    magnitude = x & MAGNITUDE
    if magnitude > INFINITY:
        return 0 if magnitude < CANONICAL_NAN else 1, 0
    if magnitude == INFINITY:
        size = 0
    elif magnitude >= LEAST_NORMAL:
        size = 1
    else:
        size = 2 if magnitude else 3
    return 2 + size if x & SIGN else 9 - size, 0
