"""Roundings to whole numbers, scaling, exponents, and conversions from and to integers.

Integers of 64 bits are two words of 32 bits, high before low, in two's complement if signed.
Source: IEEE 754-2019 §5.3.1, §5.3.3, §5.4.1, §5.8, §5.9.
"""

from refsem.kernel.encoding import (
    DIVIDE_BY_ZERO,
    INDEFINITE_INTEGER,
    INEXACT,
    INVALID,
    SIGNAL_INEXACT,
)
from refsem.kernel.nans import is_nan, propagate_one
from refsem.kernel.packing import (
    EXPONENT_BITS,
    INFINITY,
    MAGNITUDE,
    PRECISION,
    SIGN,
    bit_length,
    deliver_binary32,
    exponent_of,
    growth,
    read,
    significand_of,
)

WORD = 0xFFFFFFFF


def whole(setting: int, x: int) -> tuple[int, int]:
    """The magnitude of x rounded to a whole number, for |x| < 2^24 whole or not, and flags."""
    magnitude = x & MAGNITUDE
    significand = significand_of(magnitude, PRECISION)
    # From 25 places on the number is below one half; more need not be told apart.
    discard = min(-exponent_of(magnitude, PRECISION, EXPONENT_BITS), 26)
    if discard <= 0:
        return significand, 0
    odd = significand >> discard & 1
    rounded = (significand + growth(setting, x >> 31, odd, discard)) >> discard
    inexact = significand & ((1 << discard) - 1) and setting & SIGNAL_INEXACT
    return rounded, INEXACT if inexact else 0


def pack_whole(number: int) -> int:
    """The magnitude of a whole number of at most 24 bits, exactly."""
    if number == 0:
        return 0
    length = bit_length(number)
    # The hidden bit of the shifted significand supplies the last 1 of the field.
    return ((length + 125) << 23) + (number << (24 - length))


def round_to_integral(setting: int, x: int) -> tuple[int, int]:
    """The integral value x rounds to; a zero has the sign of x, infinities are integral."""
    x = read(setting, x)
    if is_nan(x):
        return propagate_one(setting, x)
    if exponent_of(x & MAGNITUDE, PRECISION, EXPONENT_BITS) >= 0:
        return x, 0
    number, flags = whole(setting, x)
    return x & SIGN | pack_whole(number), flags


def scale_b(setting: int, x: int, exponent: int) -> tuple[int, int]:
    """The value x·2^exponent, for |exponent| < 2^31."""
    x = read(setting, x)
    if is_nan(x):
        return propagate_one(setting, x)
    magnitude = x & MAGNITUDE
    if magnitude in (0, INFINITY):
        return x, 0
    exponent += exponent_of(magnitude, PRECISION, EXPONENT_BITS)
    return deliver_binary32(setting, x >> 31, significand_of(magnitude, PRECISION), exponent)


def log_b(setting: int, x: int) -> tuple[int, int]:
    """The exponent e of x = m·2^e with 1 ≤ |m| < 2; +∞ of infinities, −∞ of zeros."""
    x = read(setting, x)
    if is_nan(x):
        return propagate_one(setting, x)
    magnitude = x & MAGNITUDE
    if magnitude == INFINITY:
        return INFINITY, 0
    if magnitude == 0:
        return SIGN | INFINITY, DIVIDE_BY_ZERO
    exponent = exponent_of(magnitude, PRECISION, EXPONENT_BITS)
    exponent += bit_length(significand_of(magnitude, PRECISION)) - 1
    return (SIGN if exponent < 0 else 0) | pack_whole(abs(exponent)), 0


def words(sign: int, high: int, low: int) -> tuple[int, int]:
    """The two's complement words of a sign and the words of a magnitude; also the way back."""
    if sign == 0:
        return high, low
    return (WORD - high + (1 if low == 0 else 0)) & WORD, -low & WORD


def to_words(setting: int, x: int, width: int, signed: bool) -> tuple[int, int, int]:
    """The integer x rounds to, as two words, and flags; invalid for NaNs and out of range."""
    x = read(setting, x)
    sign = x >> 31
    exponent = exponent_of(x & MAGNITUDE, PRECISION, EXPONENT_BITS)
    significand = significand_of(x & MAGNITUDE, PRECISION)
    flags = 0
    if exponent < 0:
        significand, flags = whole(setting, x)
        exponent = 0
    if significand == 0:
        return 0, 0, flags
    # An infinity reads as 2^128 here, and a NaN as more: out of every range.
    length = bit_length(significand) + exponent
    limit = width - 1 if signed else width
    least = signed and sign == 1 and length == width and significand & (significand - 1) == 0
    if (length > limit and not least) or (sign == 1 and not signed):
        return out_of_range(setting, x, width, signed)
    # The exponent is at most 40 now: shifted in two steps, no word exceeds 2^56.
    if exponent < 32:
        shifted = significand << exponent
        high, low = words(sign, shifted >> 32, shifted & WORD)
    else:
        high, low = words(sign, significand << (exponent - 32), 0)
    return high, low, flags


def out_of_range(setting: int, x: int, width: int, signed: bool) -> tuple[int, int, int]:
    """What an invalid conversion delivers: the nearer end (NaN: the greatest), or x86's pattern."""
    top = 1 << ((width - 1) & 31)
    greatest_word = top - 1 if signed else WORD
    least_word = top if signed else 0
    below = x & SIGN != 0 and not is_nan(x)
    least = signed if setting & INDEFINITE_INTEGER else below
    end = least_word if least else greatest_word
    rest = 0 if least else WORD
    return (end, rest, INVALID) if width == 64 else (0, end, INVALID)


def to_int32(setting: int, x: int) -> tuple[int, int]:
    """The int32 pattern x rounds to."""
    _, low, flags = to_words(setting, x, 32, True)
    return low, flags


def to_uint32(setting: int, x: int) -> tuple[int, int]:
    """The uint32 x rounds to."""
    _, low, flags = to_words(setting, x, 32, False)
    return low, flags


def to_int64(setting: int, x: int) -> tuple[int, int, int]:
    """The int64 pattern x rounds to."""
    return to_words(setting, x, 64, True)


def to_uint64(setting: int, x: int) -> tuple[int, int, int]:
    """The uint64 x rounds to."""
    return to_words(setting, x, 64, False)


def from_words(setting: int, sign: int, high: int, low: int) -> tuple[int, int]:
    """The sign and the two words of a magnitude ≤ 2^64 rounded; 0 gives +0."""
    if high == 0:
        if low == 0:
            return 0, 0
        return deliver_binary32(setting, sign, low, 0)
    # Three of 64 bits too many: the last two kept are jammed, at 2^-28 of the number or less.
    rest = 1 if low & 7 else 0
    return deliver_binary32(setting, sign, high << 29 | low >> 3 | rest, 3)


def from_int32(setting: int, low: int) -> tuple[int, int]:
    """The value of an int32 pattern, rounded."""
    sign = low >> 31
    return from_words(setting, sign, 0, words(sign, 0, low)[1])


def from_uint32(setting: int, low: int) -> tuple[int, int]:
    """The value of a uint32, rounded."""
    return from_words(setting, 0, 0, low)


def from_int64(setting: int, high: int, low: int) -> tuple[int, int]:
    """The value of an int64 pattern, rounded."""
    sign = high >> 31
    high, low = words(sign, high, low)
    return from_words(setting, sign, high, low)


def from_uint64(setting: int, high: int, low: int) -> tuple[int, int]:
    """The value of a uint64, rounded."""
    return from_words(setting, 0, high, low)
