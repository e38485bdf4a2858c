"""The binary32 value type: every one of the 2^32 patterns is a value, and a different one.

`Binary32(bits)` is compared and hashed by its pattern, so −0 ≠ +0 and a NaN equals itself here;
the comparisons of IEEE 754 are operations (`refsem.binary32.comparisons`). A finite value has an
exact rational `value`; construction from a rational names its rounding mode.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Self

from gmpy2 import mpq

from refsem.rounding import BINARY32, Flags, Mode, power_of_two, round_to_binary32

SIGN = BINARY32.sign_bit
INFINITY = BINARY32.infinity
QUIET = BINARY32.quiet_bit
LEAST_NORMAL = BINARY32.least_normal

_QUANTA = tuple(power_of_two(max(field, 1) - 150) for field in range(255))
"""The distance between neighbouring values, by biased exponent."""


class Class(Enum):
    """The ten classes of IEEE 754-2019 §5.7.2."""

    SIGNALLING_NAN = "signalingNaN"
    QUIET_NAN = "quietNaN"
    NEGATIVE_INFINITY = "negativeInfinity"
    NEGATIVE_NORMAL = "negativeNormal"
    NEGATIVE_SUBNORMAL = "negativeSubnormal"
    NEGATIVE_ZERO = "negativeZero"
    POSITIVE_ZERO = "positiveZero"
    POSITIVE_SUBNORMAL = "positiveSubnormal"
    POSITIVE_NORMAL = "positiveNormal"
    POSITIVE_INFINITY = "positiveInfinity"


@dataclass(frozen=True, slots=True)
class Binary32:
    """A binary32 pattern; `ValueError` unless 0 ≤ bits < 2^32."""

    bits: int

    def __post_init__(self) -> None:
        if self.bits >> 32:
            raise ValueError(f"{self.bits:#x} is not a 32-bit pattern")

    @classmethod
    def from_rational(cls, mode: Mode, value: mpq, zero_sign: int) -> Self:
        """The rounding of `value`; `zero_sign` (0 or 1) signs an exact zero."""
        return cls(round_to_binary32(mode, value, zero_sign))

    @property
    def magnitude(self) -> int:
        """The pattern without its sign bit."""
        return self.bits & ~SIGN

    @property
    def is_negative(self) -> bool:
        """Whether the sign bit is set (also of a zero or a NaN)."""
        return self.bits >= SIGN

    @property
    def is_nan(self) -> bool:
        """Whether this is a NaN, quiet or signalling."""
        return self.magnitude > INFINITY

    @property
    def is_signalling(self) -> bool:
        """Whether this is a signalling NaN."""
        return INFINITY < self.magnitude < INFINITY | QUIET

    @property
    def is_infinite(self) -> bool:
        """Whether this is +∞ or −∞."""
        return self.magnitude == INFINITY

    @property
    def is_finite(self) -> bool:
        """Whether this is zero, subnormal or normal."""
        return self.magnitude < INFINITY

    @property
    def is_zero(self) -> bool:
        """Whether this is +0 or −0."""
        return self.magnitude == 0

    @property
    def is_subnormal(self) -> bool:
        """Whether this is non-zero and below the least normal value in magnitude."""
        return 0 < self.magnitude < LEAST_NORMAL

    @property
    def is_normal(self) -> bool:
        """Whether this is finite and neither zero nor subnormal."""
        return LEAST_NORMAL <= self.magnitude < INFINITY

    @property
    def value(self) -> mpq:
        """The exact rational; `ValueError` for an infinity or a NaN."""
        field, trailing = divmod(self.bits & ~SIGN, LEAST_NORMAL)
        if field == 255:
            raise ValueError(f"{self} is not finite")
        significand = trailing + LEAST_NORMAL if field else trailing
        return _QUANTA[field] * (significand if self.bits < SIGN else -significand)

    @property
    def classification(self) -> Class:
        """The IEEE 754 class."""
        if self.is_nan:
            return Class.SIGNALLING_NAN if self.is_signalling else Class.QUIET_NAN
        negative = self.is_negative
        if self.is_infinite:
            return Class.NEGATIVE_INFINITY if negative else Class.POSITIVE_INFINITY
        if self.is_zero:
            return Class.NEGATIVE_ZERO if negative else Class.POSITIVE_ZERO
        if self.is_subnormal:
            return Class.NEGATIVE_SUBNORMAL if negative else Class.POSITIVE_SUBNORMAL
        return Class.NEGATIVE_NORMAL if negative else Class.POSITIVE_NORMAL

    def __repr__(self) -> str:
        """The constructor call that gives this value."""
        return f"Binary32(0x{self.bits:08X})"

    def __str__(self) -> str:
        """The exact value in hexadecimal (C99), or inf, or a NaN with its trailing bits."""
        sign = "-" if self.is_negative else ""
        field, trailing = divmod(self.magnitude, LEAST_NORMAL)
        if field == 255:
            kind = "snan" if self.is_signalling else "nan"
            return f"{sign}{kind}:0x{trailing:x}" if trailing else f"{sign}inf"
        digits = f"{trailing << 1:06x}".rstrip("0")
        exponent = max(field, 1) - 127 if self.magnitude else 0
        return f"{sign}0x{min(field, 1)}{'.' if digits else ''}{digits}p{exponent:+d}"


@dataclass(frozen=True, slots=True)
class Result:
    """What an operation delivers, and the exceptions it signals."""

    value: Binary32
    flags: Flags
