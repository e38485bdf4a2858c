"""Conversions between binary32 and binary16, bfloat16 and binary64 patterns.

A binary64 pattern is two words of 32 bits, high before low; its magnitude fits in 63 bits.
Widening is exact. Flushing leaves the storage formats binary16 and bfloat16 alone; a binary64
operand may be read as zero. Source: IEEE 754-2019 §5.4.2, §6.2.3.
"""

from refsem.kernel.encoding import (
    DENORMALS_ARE_ZERO,
    FLUSH_TO_ZERO,
    INVALID,
    NAN_CANONICAL,
    NAN_POLICY_FIELD,
    NAN_X86,
)
from refsem.kernel.packing import (
    EXPONENT_BITS,
    MAGNITUDE,
    PRECISION,
    deliver,
    exponent_of,
    read,
    significand_of,
)

PRECISION_16, EXPONENT_BITS_16 = 11, 5
PRECISION_BF16, EXPONENT_BITS_BF16 = 8, 8
PRECISION_64, EXPONENT_BITS_64 = 53, 11
WORD = 0xFFFFFFFF


def infinity_of(precision: int, exponent_bits: int) -> int:
    """The magnitude of infinity; greater ones are NaNs."""
    return ((1 << exponent_bits) - 1) << (precision - 1)


def is_signalling_magnitude(magnitude: int, precision: int) -> bool:
    """Whether the magnitude, known to be that of a NaN, is signalling."""
    return magnitude >> (precision - 2) & 1 == 0


def alignment(precision: int) -> int:
    """The width by which an x86 conversion aligns trailing bits: as the model, 8 for bfloat16."""
    return precision if precision == PRECISION_BF16 else precision - 1


def convert_nan(
    setting: int, magnitude: int, precision: int, to_precision: int, to_exponent_bits: int
) -> int:
    """The magnitude of the NaN a conversion delivers; under the canonical policy the sign is +."""
    canonical = infinity_of(to_precision, to_exponent_bits) | 1 << (to_precision - 2)
    policy = setting & NAN_POLICY_FIELD
    if policy == NAN_CANONICAL:
        return canonical
    trailing = magnitude & ((1 << (precision - 1)) - 1)
    if policy == NAN_X86:
        # At most one bit beyond the trailing ones of the target: far below 2^63.
        distance = alignment(to_precision) - alignment(precision)
        moved = trailing << distance if distance >= 0 else trailing >> -distance
        return canonical | moved
    payload = trailing & ((1 << (precision - 2)) - 1)
    return canonical | payload if payload < 1 << (to_precision - 2) else canonical


def convert(
    setting: int,
    sign: int,
    magnitude: int,
    precision: int,
    exponent_bits: int,
    to_precision: int,
    to_exponent_bits: int,
) -> tuple[int, int, int]:
    """The sign, magnitude and flags of a number or NaN of one format rounded to another."""
    infinity = infinity_of(precision, exponent_bits)
    if magnitude > infinity:
        flags = INVALID if is_signalling_magnitude(magnitude, precision) else 0
        if setting & NAN_POLICY_FIELD == NAN_CANONICAL:
            sign = 0
        return (
            sign,
            convert_nan(setting, magnitude, precision, to_precision, to_exponent_bits),
            flags,
        )
    if magnitude == infinity:
        return sign, infinity_of(to_precision, to_exponent_bits), 0
    significand = significand_of(magnitude, precision)
    if significand == 0:
        return sign, 0, 0
    exponent = exponent_of(magnitude, precision, exponent_bits)
    delivered, flags = deliver(setting, sign, significand, exponent, to_precision, to_exponent_bits)
    return sign, delivered, flags


def narrow(setting: int, x: int, to_precision: int, to_exponent_bits: int) -> tuple[int, int]:
    """The pattern of a 16-bit format that x rounds to; nothing is flushed."""
    x = read(setting, x)
    sign, magnitude, flags = convert(
        setting & ~FLUSH_TO_ZERO,
        x >> 31,
        x & MAGNITUDE,
        PRECISION,
        EXPONENT_BITS,
        to_precision,
        to_exponent_bits,
    )
    return sign << 15 | magnitude, flags


def widen(setting: int, x: int, precision: int, exponent_bits: int) -> tuple[int, int]:
    """The value of a pattern of a 16-bit format."""
    sign, magnitude, flags = convert(
        setting, x >> 15, x & 0x7FFF, precision, exponent_bits, PRECISION, EXPONENT_BITS
    )
    return sign << 31 | magnitude, flags


def to_binary16(setting: int, x: int) -> tuple[int, int]:
    """The binary16 pattern x rounds to."""
    return narrow(setting, x, PRECISION_16, EXPONENT_BITS_16)


def to_bfloat16(setting: int, x: int) -> tuple[int, int]:
    """The bfloat16 pattern x rounds to."""
    return narrow(setting, x, PRECISION_BF16, EXPONENT_BITS_BF16)


def from_binary16(setting: int, x: int) -> tuple[int, int]:
    """The value of a binary16 pattern, exactly."""
    return widen(setting, x, PRECISION_16, EXPONENT_BITS_16)


def from_bfloat16(setting: int, x: int) -> tuple[int, int]:
    """The value of a bfloat16 pattern, exactly (a subnormal one may be flushed)."""
    return widen(setting, x, PRECISION_BF16, EXPONENT_BITS_BF16)


def to_binary64(setting: int, x: int) -> tuple[int, int, int]:
    """The binary64 pattern with the value of x, exactly, as two words."""
    x = read(setting, x)
    sign, magnitude, flags = convert(
        setting,
        x >> 31,
        x & MAGNITUDE,
        PRECISION,
        EXPONENT_BITS,
        PRECISION_64,
        EXPONENT_BITS_64,
    )
    return sign << 31 | magnitude >> 32, magnitude & WORD, flags


def from_binary64(setting: int, high: int, low: int) -> tuple[int, int]:
    """The value a binary64 pattern, given as two words, rounds to."""
    magnitude = (high & MAGNITUDE) << 32 | low
    if setting & DENORMALS_ARE_ZERO and magnitude >> (PRECISION_64 - 1) == 0:
        magnitude = 0
    sign, delivered, flags = convert(
        setting,
        high >> 31,
        magnitude,
        PRECISION_64,
        EXPONENT_BITS_64,
        PRECISION,
        EXPONENT_BITS,
    )
    return sign << 31 | delivered, flags
