"""Unpacking patterns, and the one place where the kernel rounds.

The scalar functions of this package are plain Python on integers and are also what numba
compiles, there on 64-bit signed integers. Both must agree, so every value stays strictly between
−2^63 and 2^63 and every shift distance in [0, 63]; where that is not obvious a comment says why.
A pattern of at most 32 bits is one integer; a binary64 pattern is a sign and a magnitude below
2^63; 64-bit integers are two words of 32 bits.

A finite non-zero number is (−1)^sign · significand · 2^exponent. Wide significands may be
*jammed*: bits that do not fit are dropped and, if any was 1, the last kept bit is set. As long as
that bit lies two or more places below the last bit of the result, the jammed value lies strictly
between the same values, midpoints and thresholds as the true one, and rounds alike.
Source: IEEE 754-2019 §4.3, §7.4, §7.5.
"""

from refsem.kernel.encoding import (
    DENORMALS_ARE_ZERO,
    FLUSH_TO_ZERO,
    INEXACT,
    NEAREST,
    OVERFLOW,
    TIES_TO_EVEN,
    TINY_BEFORE,
    UNDERFLOW,
    UPWARD_SHIFT,
)

SIGN = 0x80000000
MAGNITUDE = 0x7FFFFFFF
INFINITY = 0x7F800000
LEAST_NORMAL = 0x00800000
TRAILING = 0x007FFFFF
PRECISION = 24
EXPONENT_BITS = 8
LEAST_QUANTUM = -149


def bit_length(number: int) -> int:
    """The number of binary digits of a non-negative integer (compiled: from the leading zeros)."""
    return number.bit_length()


def jam(significand: int, distance: int) -> int:
    """The significand < 2^62 shifted right by `distance` ≥ 0, the last bit set if any was lost."""
    distance = min(distance, 62)
    kept = significand >> distance
    return kept if kept << distance == significand else kept | 1


def read(setting: int, x: int) -> int:
    """The binary32 operand as the environment reads it: a subnormal may be a zero of its sign."""
    if setting & DENORMALS_ARE_ZERO and x & MAGNITUDE < LEAST_NORMAL:
        return x & SIGN
    return x


def significand_of(magnitude: int, precision: int) -> int:
    """The significand of a finite magnitude, with the hidden bit if it is normal."""
    hidden = 1 << (precision - 1)
    trailing = magnitude & (hidden - 1)
    return trailing if magnitude < hidden else trailing | hidden


def exponent_of(magnitude: int, precision: int, exponent_bits: int) -> int:
    """The exponent of the last bit of `significand_of`."""
    least_quantum = 3 - (1 << (exponent_bits - 1)) - precision
    field = magnitude >> (precision - 1)
    return least_quantum + field - 1 if field else least_quantum


def unpacked(magnitude: int) -> tuple[int, int]:
    """Significand and exponent of a finite non-zero magnitude, 2^23 ≤ significand < 2^24."""
    if magnitude < LEAST_NORMAL:
        return unpacked_subnormal(magnitude)
    return magnitude & TRAILING | LEAST_NORMAL, (magnitude >> 23) + LEAST_QUANTUM - 1


def unpacked_subnormal(magnitude: int) -> tuple[int, int]:
    """`unpacked` below the least normal number: the significand is shifted to full length."""
    room = PRECISION - bit_length(magnitude)
    return magnitude << room, LEAST_QUANTUM - room


def leads_away(setting: int, sign: int) -> int:
    """1 if a directed mode leads numbers of this sign away from zero, else 0."""
    return setting >> (UPWARD_SHIFT + sign) & 1


def growth(setting: int, sign: int, odd: int, discard: int) -> int:
    """What to add before dropping `discard` ≥ 1 bits, so that the rest is rounded in the mode."""
    half = 1 << (discard - 1)
    if setting & NEAREST == 0:
        return leads_away(setting, sign) * (2 * half - 1)
    return half - 1 + odd if setting & TIES_TO_EVEN else half


def overflowed(setting: int, sign: int, precision: int, exponent_bits: int) -> tuple[int, int]:
    """The magnitude and flags of an overflow: the greatest finite one unless the mode leads on."""
    infinity = ((1 << exponent_bits) - 1) << (precision - 1)
    if setting & NEAREST or leads_away(setting, sign):
        return infinity, OVERFLOW | INEXACT
    return infinity - 1, OVERFLOW | INEXACT


def deliver_tiny(
    setting: int, sign: int, significand: int, below: int, precision: int
) -> tuple[int, int]:
    """The magnitude and flags of a number `below` ≥ 1 binades under the least normal one.

    2^61 ≤ significand < 2^62. Dropping 62 − precision bits, 9 at least, rounds it to the precision
    without a bound on the exponent; shifted right first, to the least quantum.
    """
    discard = 62 - precision
    shifted = jam(significand, below)
    # growth < 2^discard ≤ 2^60, so the sums stay below 2^62 + 2^60.
    kept = (shifted + growth(setting, sign, shifted >> discard & 1, discard)) >> discard
    lost = shifted & ((1 << discard) - 1)
    if lost == 0 and setting & FLUSH_TO_ZERO == 0:
        return kept, 0
    if below == 1 and setting & TINY_BEFORE == 0:
        odd = significand >> discard & 1
        if (significand + growth(setting, sign, odd, discard)) >> 62:
            return kept, INEXACT
    return 0 if setting & FLUSH_TO_ZERO else kept, UNDERFLOW | INEXACT


def deliver(
    setting: int, sign: int, significand: int, exponent: int, precision: int, exponent_bits: int
) -> tuple[int, int]:
    """The magnitude and flags of the number rounded, for 0 < significand < 2^62.

    Formats of up to 53 bits of precision; the caller puts the sign where it belongs.
    """
    length = bit_length(significand)
    significand <<= 62 - length
    discard = 62 - precision
    greatest_exponent = (1 << (exponent_bits - 1)) - 1
    # Binades above that of the least normal number.
    ascent = exponent + length - 2 + greatest_exponent
    if ascent < 0:
        return deliver_tiny(setting, sign, significand, -ascent, precision)
    if ascent > 2 * greatest_exponent - 1:
        return overflowed(setting, sign, precision, exponent_bits)
    # Below 2^62 + 2^60, as above; `rounded` has `precision` bits, or is the next power of two.
    odd = significand >> discard & 1
    rounded = (significand + growth(setting, sign, odd, discard)) >> discard
    # The hidden bit adds 1 to the field; a carry adds another 1, up to the pattern of infinity,
    # which is below 2^63 in every format allowed.
    magnitude = (ascent << (precision - 1)) + rounded
    if magnitude >> (precision - 1) == 2 * greatest_exponent + 1:
        return overflowed(setting, sign, precision, exponent_bits)
    return magnitude, INEXACT if significand & ((1 << discard) - 1) else 0


def deliver_binary32(setting: int, sign: int, significand: int, exponent: int) -> tuple[int, int]:
    """The binary32 pattern and flags of the number rounded, for 0 < significand < 2^62."""
    magnitude, flags = deliver(setting, sign, significand, exponent, PRECISION, EXPONENT_BITS)
    return sign << 31 | magnitude, flags
