"""Quotients, square roots and remainders of binary32 on patterns, by integer arithmetic.

A quotient or root is computed to more bits than the result has and jammed with what is left over,
which is known exactly. Source: IEEE 754-2019 §5.3.1, §5.4.1, §7.2, §7.3.
"""

from refsem.kernel.encoding import DIVIDE_BY_ZERO
from refsem.kernel.nans import invalid, is_nan, propagate, propagate_one
from refsem.kernel.packing import (
    EXPONENT_BITS,
    INFINITY,
    MAGNITUDE,
    PRECISION,
    SIGN,
    deliver_binary32,
    exponent_of,
    read,
    significand_of,
    unpacked,
)


def div(setting: int, x: int, y: int) -> tuple[int, int]:
    """The value x/y; 0/0 and ∞/∞ are invalid, another finite number over 0 divides by zero."""
    x, y = read(setting, x), read(setting, y)
    magnitude_x, magnitude_y = x & MAGNITUDE, y & MAGNITUDE
    sign = (x ^ y) >> 31
    if magnitude_x >= INFINITY or magnitude_y >= INFINITY or magnitude_y == 0:
        return div_special(setting, x, y)
    if magnitude_x == 0:
        return sign << 31, 0
    dividend, exponent = unpacked(magnitude_x)
    divisor, exponent_y = unpacked(magnitude_y)
    quotient = jammed_quotient(dividend, divisor)
    return deliver_binary32(setting, sign, quotient, exponent - exponent_y - 27)


def div_special(setting: int, x: int, y: int) -> tuple[int, int]:
    """The quotient where an operand is an infinity or a NaN, or the divisor is zero."""
    if is_nan(x) or is_nan(y):
        return propagate(setting, x, y)
    magnitude_x, magnitude_y = x & MAGNITUDE, y & MAGNITUDE
    if magnitude_x == magnitude_y:
        return invalid(setting)
    sign = (x ^ y) & SIGN
    if magnitude_y == INFINITY:
        return sign, 0
    return sign | INFINITY, 0 if magnitude_x == INFINITY else DIVIDE_BY_ZERO


def jammed_quotient(dividend: int, divisor: int) -> int:
    """The quotient of two numbers in [2^23, 2^24) times 2^27, jammed: 27 or 28 bits.

    Division is slow, so an estimate of 2^56/divisor comes first: the polynomial
    (1632 − 1696t + 768t² − 128t³)/577 for 1/t on [1, 2], then two steps of Newton's. Whatever the
    estimate is, the remainder decides; a good one only makes the loops below end at once.
    """
    t = divisor >> 7
    inverse = 87230 - (14538 * t >> 16)
    inverse = 192633 - (inverse * t >> 16)
    inverse = (185364 - (inverse * t >> 16)) << 17
    # The polynomial is off by 1/577 at most: inverse < 2^34 and |error| < 2^48, so the products
    # stay below 2^58 and 2^34·2^28.
    for _ in range(2):
        error = (1 << 56) - divisor * inverse
        inverse += inverse * (error >> 20) >> 36
    quotient = dividend * inverse >> 29
    rest = (dividend << 27) - quotient * divisor
    while rest < 0:
        quotient, rest = quotient - 1, rest + divisor
    while rest >= divisor:
        quotient, rest = quotient + 1, rest - divisor
    return quotient | 1 if rest else quotient


def jammed_root(radicand: int) -> int:
    """The square root of a number in [2^24, 2^26) times 2^14, jammed: 27 bits.

    As for quotients: an estimate of 2^30/√t, t = radicand/2^24, by a polynomial that is off by
    1/128 at most, a step of third order and one of Newton's; comparisons of exact squares then
    decide.
    """
    t = radicand >> 8
    inverse = 12759 - (1248 * t >> 16)
    inverse = 48422 - (inverse * t >> 16)
    inverse = (101986 - (inverse * t >> 16)) << 14
    # e = 1 − t·y² for y = inverse/2^30 < 2, as error/2^34: |e| < 2^-5, and 1/√t is y(1 − e)^-½ =
    # y(1 + e/2 + 3e²/8 + …). All products stay below 2^61: radicand·inverse² is 2^84(1 − e).
    error = (1 << 60) - radicand * (inverse * inverse >> 24) >> 26
    inverse += inverse * (error + (3 * (error * error >> 34) >> 2)) >> 35
    error = (1 << 60) - radicand * (inverse * inverse >> 24) >> 26
    root = radicand * ((inverse << 4) + (inverse * error >> 31)) >> 32
    rest = (radicand << 28) - root * root
    while rest < 0:
        root, rest = root - 1, rest + 2 * root - 1
    while rest > 2 * root:
        root, rest = root + 1, rest - 2 * root - 1
    return root | 1 if rest else root


def sqrt(setting: int, x: int) -> tuple[int, int]:
    """The square root of x; below −0 it is invalid, and that of −0 is −0."""
    x = read(setting, x)
    if x & MAGNITUDE == 0:
        return x, 0
    if x >= INFINITY:
        if is_nan(x):
            return propagate_one(setting, x)
        return (x, 0) if x == INFINITY else invalid(setting)
    significand, exponent = unpacked(x)
    # To 25 or 26 bits, whichever leaves an even exponent.
    room = 2 - (exponent & 1)
    root = jammed_root(significand << room)
    return deliver_binary32(setting, 0, root, (exponent - room >> 1) - 14)


def remainder(setting: int, x: int, y: int) -> tuple[int, int]:
    """The value x − n·y, n the integer nearest to x/y, ties to even; always exact.

    ∞ rem y and x rem 0 are invalid; a zero result has the sign of x.
    """
    x, y = read(setting, x), read(setting, y)
    if is_nan(x) or is_nan(y):
        return propagate(setting, x, y)
    magnitude_x, magnitude_y = x & MAGNITUDE, y & MAGNITUDE
    if magnitude_x == INFINITY or magnitude_y == 0:
        return invalid(setting)
    sign = x >> 31
    rest = significand_of(magnitude_x, PRECISION)
    exponent = exponent_of(magnitude_x, PRECISION, EXPONENT_BITS)
    if magnitude_y < INFINITY:
        divisor = significand_of(magnitude_y, PRECISION)
        distance = exponent - exponent_of(magnitude_y, PRECISION, EXPONENT_BITS)
        if distance < 0:
            # Beyond 2^-25 the dividend is under half the divisor: any greater distance does.
            divisor <<= min(-distance, 30)
            distance = 0
        else:
            exponent -= distance
        rest, odd = reduced(rest, divisor, distance)
        if 2 * rest > divisor or (2 * rest == divisor and odd):
            rest, sign = divisor - rest, 1 - sign
    if rest == 0:
        return x & SIGN, 0
    return deliver_binary32(setting, sign, rest, exponent)


def reduced(dividend: int, divisor: int, distance: int) -> tuple[int, bool]:
    """The rest of dividend·2^distance by the divisor, and whether the whole quotient is odd."""
    odd = dividend // divisor & 1 == 1
    rest = dividend % divisor
    while distance > 0:
        # The rest is below 2^24 whenever there is a distance: 37 places more fit in 61 bits.
        step = min(distance, 37)
        rest <<= step
        odd = rest // divisor & 1 == 1
        rest %= divisor
        distance -= step
    return rest, odd
