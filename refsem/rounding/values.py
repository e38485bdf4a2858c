"""What a bit pattern means: a signed rational, an infinity, or a NaN.

`decode` is total on the patterns of a format and, together with the signs of zeros and the NaN
payloads it keeps, injective. Everything else about values (order, neighbours) builds on it.
"""

from dataclasses import dataclass

from gmpy2 import mpq

from refsem.rounding.formats import Format


@dataclass(frozen=True, slots=True)
class Finite:
    """A finite value; `negative` is the sign bit, which tells the two zeros apart."""

    negative: bool
    value: mpq


@dataclass(frozen=True, slots=True)
class Infinite:
    """+∞ or −∞."""

    negative: bool


@dataclass(frozen=True, slots=True)
class NotANumber:
    """A NaN: sign bit, quiet or signalling, and the bits below the quiet bit."""

    negative: bool
    quiet: bool
    payload: int


Decoded = Finite | Infinite | NotANumber


def power_of_two(exponent: int) -> mpq:
    """2^exponent."""
    return mpq(1 << exponent) if exponent >= 0 else mpq(1, 1 << -exponent)


def magnitude_value(format_: Format, magnitude: int) -> mpq:
    """The value of a pattern without sign bit, below or at infinity.

    Infinity reads as 2^(emax+1), the next value if the exponent range went on.
    """
    field, trailing = divmod(magnitude, 1 << (format_.precision - 1))
    significand = trailing + (1 << (format_.precision - 1) if field else 0)
    exponent = format_.least_quantum + max(field - 1, 0)
    return mpq(significand << exponent) if exponent >= 0 else mpq(significand, 1 << -exponent)


def decode(format_: Format, bits: int) -> Decoded:
    """The meaning of a pattern; `ValueError` if the format has no such pattern."""
    if not 0 <= bits < 1 << format_.width:
        raise ValueError(f"{bits:#x} is not a {format_.width}-bit pattern")
    negative = bits >= format_.sign_bit
    magnitude = bits & (format_.sign_bit - 1)
    if magnitude < format_.infinity:
        value = magnitude_value(format_, magnitude)
        return Finite(negative=negative, value=-value if negative else value)
    if magnitude == format_.infinity:
        return Infinite(negative=negative)
    return NotANumber(
        negative=negative,
        quiet=bool(bits & format_.quiet_bit),
        payload=magnitude & (format_.quiet_bit - 1),
    )


def exact_value(format_: Format, bits: int) -> mpq:
    """The rational a finite pattern stands for; `ValueError` for infinities and NaNs."""
    match decode(format_, bits):
        case Finite(value=value):
            return value
        case other:
            raise ValueError(f"{bits:#x} is not finite: {other}")
