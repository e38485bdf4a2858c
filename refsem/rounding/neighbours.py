"""Neighbouring values of a format and the distance between them.

The patterns of one sign are ordered as their magnitudes, so a step up or down is a step of the
signed magnitude; the two zeros count once.
"""

from gmpy2 import mpq

from refsem.rounding.formats import BINARY32, Format
from refsem.rounding.values import exact_value, power_of_two


def next_up(format_: Format, bits: int) -> int:
    """The pattern of the least value above that of `bits`; +∞ stays, −least gives −0.

    Raises `ValueError` for a NaN: what then is delivered is an operation's affair.
    """
    magnitude = bits & (format_.sign_bit - 1)
    if magnitude > format_.infinity:
        raise ValueError(f"{bits:#x} is a NaN and has no neighbours")
    if magnitude == 0:
        return 1
    if bits >= format_.sign_bit:
        return bits - 1
    return min(bits + 1, format_.infinity)


def next_down(format_: Format, bits: int) -> int:
    """The pattern of the greatest value below that of `bits`; −∞ stays, least gives +0.

    Raises `ValueError` for a NaN.
    """
    return next_up(format_, bits ^ format_.sign_bit) ^ format_.sign_bit


def greatest_finite(format_: Format) -> mpq:
    """The greatest finite value; its negation is the least."""
    return exact_value(format_, format_.greatest_finite)


def ulp_in(format_: Format, value: mpq) -> mpq:
    """The distance between neighbouring values of the format in the binade of `value`.

    Below the normal range, and at 0, the least subnormal value; beyond the finite range, the
    distance in the greatest binade.
    """
    binade = format_.least_exponent
    if value != 0:
        size = abs(value)
        binade = int(size.numerator).bit_length() - int(size.denominator).bit_length()
        if power_of_two(binade) > size:
            binade -= 1
    binade = min(max(binade, format_.least_exponent), format_.greatest_exponent)
    return power_of_two(binade - format_.precision + 1)


def ulp(value: mpq) -> mpq:
    """`ulp_in` of binary32."""
    return ulp_in(BINARY32, value)
