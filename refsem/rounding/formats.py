"""Binary interchange formats: a precision and an exponent width, nothing else.

A `Format` fixes an encoding (sign, biased exponent, trailing significand, as IEEE 754-2019 §3.4)
and with it the set of finite values. Tiny formats, such as `Format(3, 3)`, have so few patterns
that statements about rounding can be checked exhaustively; the same code then serves binary32.

Not here: formats without infinities or with other encodings (FP8 E4M3, posits, decimal).
"""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Format:
    """Precision (significand bits, hidden one included) and exponent bits; the rest follows.

    Raises `ValueError` where precision or exponent width is below 2: no encoding has them.
    """

    precision: int
    exponent_bits: int
    width: int = field(init=False, repr=False, compare=False)
    """Bits of an encoding."""
    greatest_exponent: int = field(init=False, repr=False, compare=False)
    """emax: the greatest finite value lies in [2^emax, 2^(emax+1))."""
    least_exponent: int = field(init=False, repr=False, compare=False)
    """emin: the least normal value is 2^emin."""
    least_quantum: int = field(init=False, repr=False, compare=False)
    """The exponent of the least subnormal value."""
    sign_bit: int = field(init=False, repr=False, compare=False)
    """The pattern of −0."""
    infinity: int = field(init=False, repr=False, compare=False)
    """The pattern of +∞; greater magnitudes are NaNs."""
    quiet_bit: int = field(init=False, repr=False, compare=False)
    """The bit that tells a quiet NaN from a signalling one."""

    def __post_init__(self) -> None:
        if self.precision < 2 or self.exponent_bits < 2:
            raise ValueError(f"no binary format has {self.precision=}, {self.exponent_bits=}")
        greatest_exponent = (1 << (self.exponent_bits - 1)) - 1
        derived = {
            "width": self.precision + self.exponent_bits,
            "greatest_exponent": greatest_exponent,
            "least_exponent": 1 - greatest_exponent,
            "least_quantum": 2 - greatest_exponent - self.precision,
            "sign_bit": 1 << (self.precision + self.exponent_bits - 1),
            "infinity": ((1 << self.exponent_bits) - 1) << (self.precision - 1),
            "quiet_bit": 1 << (self.precision - 2),
        }
        for name, value in derived.items():
            object.__setattr__(self, name, value)

    @property
    def greatest_finite(self) -> int:
        """The pattern of the greatest finite value."""
        return self.infinity - 1

    @property
    def least_normal(self) -> int:
        """The pattern of the least positive normal value, 2^emin."""
        return 1 << (self.precision - 1)

    @property
    def canonical_nan(self) -> int:
        """The positive quiet NaN without payload."""
        return self.infinity | self.quiet_bit


BINARY16 = Format(11, 5)
BFLOAT16 = Format(8, 8)
BINARY32 = Format(24, 8)
BINARY64 = Format(53, 11)
