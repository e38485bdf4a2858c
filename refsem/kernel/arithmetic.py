"""Sums and products of binary32 on patterns: add, sub, mul, fma.

`add_windows` adds two signed significands of up to 61 bits; what does not fit below is jammed.
Every function takes a setting and patterns, and returns a pattern and flags.
Source: IEEE 754-2019 §5.4, §6.1, §6.3, §7.2.
"""

from refsem.kernel.encoding import (
    DOWNWARD,
    FUSED_NAN_INVALID,
    INVALID,
    NAN_POLICY_FIELD,
    NAN_X86,
)
from refsem.kernel.nans import (
    default_nan,
    invalid,
    is_nan,
    propagate,
    propagate_one,
    propagate_three,
)
from refsem.kernel.packing import (
    EXPONENT_BITS,
    INFINITY,
    MAGNITUDE,
    PRECISION,
    SIGN,
    deliver_binary32,
    exponent_of,
    jam,
    read,
    significand_of,
    unpacked,
)


def zero_sum_sign(setting: int, one: int, other: int) -> int:
    """The sign of an exact zero sum of terms of these signs."""
    if one == other:
        return one
    return 1 if setting & DOWNWARD else 0


def add_windows(
    sign_x: int, x: int, exponent_x: int, sign_y: int, y: int, exponent_y: int
) -> tuple[int, int, int]:
    """The sum as (sign, significand, exponent), jammed.

    0 ≤ x, y < 2^61. Whenever bits are lost, the operand with the greater exponent must be at least
    2^59 and the other end up below 2^58: then the sum is above 2^58, so the jammed bit stays far
    below the last bit of a result of 53 bits or fewer.
    """
    exponent = max(exponent_x, exponent_y)
    x = jam(x, exponent - exponent_x)
    y = jam(y, exponent - exponent_y)
    total = (x if sign_x == 0 else -x) + (y if sign_y == 0 else -y)
    return 1 if total < 0 else 0, abs(total), exponent


def add(setting: int, x: int, y: int) -> tuple[int, int]:
    """The value x + y; ∞ − ∞ is invalid."""
    x, y = read(setting, x), read(setting, y)
    magnitude_x, magnitude_y = x & MAGNITUDE, y & MAGNITUDE
    if magnitude_x >= INFINITY or magnitude_y >= INFINITY:
        return add_special(setting, x, y)
    # Significands reach from bit 37 to bit 60. Bits are lost at distances over 37 only, where the
    # greater exponent belongs to a normal number (≥ 2^60) and the lesser operand shrinks to 2^23.
    sign, total, exponent = add_windows(
        x >> 31,
        significand_of(magnitude_x, PRECISION) << 37,
        exponent_of(magnitude_x, PRECISION, EXPONENT_BITS) - 37,
        y >> 31,
        significand_of(magnitude_y, PRECISION) << 37,
        exponent_of(magnitude_y, PRECISION, EXPONENT_BITS) - 37,
    )
    if total == 0:
        return zero_sum_sign(setting, x >> 31, y >> 31) << 31, 0
    return deliver_binary32(setting, sign, total, exponent)


def add_special(setting: int, x: int, y: int) -> tuple[int, int]:
    """The sum where x or y is an infinity or a NaN."""
    if is_nan(x) or is_nan(y):
        return propagate(setting, x, y)
    if x & MAGNITUDE != INFINITY:
        return y, 0
    if y & MAGNITUDE == INFINITY and x != y:
        return invalid(setting)
    return x, 0


def sub(setting: int, x: int, y: int) -> tuple[int, int]:
    """The value x − y; ∞ − ∞ is invalid."""
    if is_nan(x) or is_nan(y):
        return propagate(setting, x, y)
    return add(setting, x, y ^ SIGN)


def mul(setting: int, x: int, y: int) -> tuple[int, int]:
    """The value x·y; ∞·0 is invalid."""
    x, y = read(setting, x), read(setting, y)
    sign = (x ^ y) >> 31
    magnitude_x, magnitude_y = x & MAGNITUDE, y & MAGNITUDE
    if magnitude_x >= INFINITY or magnitude_y >= INFINITY:
        if is_nan(x) or is_nan(y):
            return propagate(setting, x, y)
        if magnitude_x == 0 or magnitude_y == 0:
            return invalid(setting)
        return sign << 31 | INFINITY, 0
    # Two significands of 24 bits: at most 48 bits, all of them kept.
    product = significand_of(magnitude_x, PRECISION) * significand_of(magnitude_y, PRECISION)
    if product == 0:
        return sign << 31, 0
    exponent = exponent_of(magnitude_x, PRECISION, EXPONENT_BITS) + exponent_of(
        magnitude_y, PRECISION, EXPONENT_BITS
    )
    return deliver_binary32(setting, sign, product, exponent)


def fma(setting: int, x: int, y: int, z: int) -> tuple[int, int]:
    """The value x·y + z, rounded once; ∞·0 and ∞ − ∞ are invalid."""
    x, y, z = read(setting, x), read(setting, y), read(setting, z)
    sign_product = (x ^ y) >> 31
    magnitude_x, magnitude_y, magnitude_z = x & MAGNITUDE, y & MAGNITUDE, z & MAGNITUDE
    if magnitude_x >= INFINITY or magnitude_y >= INFINITY or magnitude_z >= INFINITY:
        return fma_special(setting, x, y, z)
    if magnitude_x == 0 or magnitude_y == 0:
        return zero_plus(setting, sign_product, z)
    significand_x, exponent_x = unpacked(magnitude_x)
    significand_y, exponent_y = unpacked(magnitude_y)
    product, exponent = significand_x * significand_y, exponent_x + exponent_y
    if magnitude_z == 0:
        return deliver_binary32(setting, sign_product, product, exponent)
    addend, exponent_z = unpacked(magnitude_z)
    # The product reaches to bit 59 or 60, 13 bits below it are free; the addend to bit 60, 37 are.
    # Bits are lost only where the lesser one ends up below 2^(61−13).
    sign, total, exponent = add_windows(
        sign_product, product << 13, exponent - 13, z >> 31, addend << 37, exponent_z - 37
    )
    if total == 0:
        return zero_sum_sign(setting, sign_product, z >> 31) << 31, 0
    return deliver_binary32(setting, sign, total, exponent)


def zero_plus(setting: int, sign_product: int, z: int) -> tuple[int, int]:
    """The sum of a zero product of this sign and a finite z, as delivered."""
    magnitude = z & MAGNITUDE
    if magnitude == 0:
        return zero_sum_sign(setting, sign_product, z >> 31) << 31, 0
    addend, exponent = unpacked(magnitude)
    return deliver_binary32(setting, z >> 31, addend, exponent)


def fma_special(setting: int, x: int, y: int, z: int) -> tuple[int, int]:
    """The fused multiply-add where an operand is an infinity or a NaN."""
    if is_nan(x) or is_nan(y):
        return propagate_three(setting, x, y, z)
    magnitude_x, magnitude_y = x & MAGNITUDE, y & MAGNITUDE
    infinite_product = INFINITY in (magnitude_x, magnitude_y)
    if infinite_product and 0 in (magnitude_x, magnitude_y):
        return infinity_times_zero_plus(setting, z)
    if is_nan(z):
        return propagate_one(setting, z)
    if not infinite_product:
        return z, 0
    infinite = ((x ^ y) & SIGN) | INFINITY
    if z & MAGNITUDE == INFINITY and z != infinite:
        return invalid(setting)
    return infinite, 0


def infinity_times_zero_plus(setting: int, z: int) -> tuple[int, int]:
    """The value ∞·0 + z: where the product signals and x86 rules, its NaN comes before z's."""
    if not is_nan(z):
        return invalid(setting)
    if setting & FUSED_NAN_INVALID == 0:
        return propagate_one(setting, z)
    if setting & NAN_POLICY_FIELD == NAN_X86:
        return default_nan(setting), INVALID
    return propagate_one(setting, z)[0], INVALID
