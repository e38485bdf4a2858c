"""Everything an operation depends on besides its operands and mode, and the flags it answers.

IEEE 754 leaves several choices open; an `Environment` makes each of them once and is passed in.
Nothing here is state: flags are part of a result, never accumulated behind the caller's back.

Sources: IEEE 754-2019 §6.2 (NaNs), §7 (exceptions), §7.5 (tininess); the x86 and RISC-V manuals.
"""

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True)
class Flags:
    """The exceptions one operation signals (IEEE 754-2019 §7)."""

    invalid: bool
    divide_by_zero: bool
    overflow: bool
    underflow: bool
    inexact: bool

    @property
    def bits(self) -> int:
        """The flags as TestFloat writes them: 16, 8, 4, 2, 1 in the order of the fields."""
        return (
            self.invalid << 4
            | self.divide_by_zero << 3
            | self.overflow << 2
            | self.underflow << 1
            | self.inexact
        )


INVALID, DIVIDE_BY_ZERO, OVERFLOW, UNDERFLOW, INEXACT = 16, 8, 4, 2, 1

FLAGS = tuple(
    Flags(
        invalid=bool(bits & INVALID),
        divide_by_zero=bool(bits & DIVIDE_BY_ZERO),
        overflow=bool(bits & OVERFLOW),
        underflow=bool(bits & UNDERFLOW),
        inexact=bool(bits & INEXACT),
    )
    for bits in range(32)
)
"""`FLAGS[b].bits == b`: every set of flags, by its TestFloat number."""

NO_FLAGS = FLAGS[0]


class Tininess(Enum):
    """When a non-zero result counts as tiny, that is, below the least normal value 2^emin."""

    BEFORE = "before"
    """The exact result lies strictly between ±2^emin (ARM)."""

    AFTER = "after"
    """So does the result rounded to the format's precision with no bound on the exponent (x86,
    RISC-V)."""


class NanPolicy(Enum):
    """Which NaN an operation delivers. A delivered NaN is always quiet."""

    CANONICAL = "canonical"
    """The positive quiet NaN without payload, whatever the operands."""

    RISCV = CANONICAL
    """An alias: the RISC-V manual prescribes the canonical NaN."""

    FIRST_SIGNALLING = "first signalling, then first quiet"
    """The first signalling operand made quiet, else the first quiet operand, else canonical.
    (TorchLean's rule.)"""

    X86 = "x86"
    """The first NaN operand made quiet, signalling or not; else the negative canonical NaN.
    (SSE; a fused multiply-add looks at its factors first, then at the addend.)"""


class InvalidInteger(Enum):
    """What a conversion to an integer delivers where no integer in range is right."""

    SATURATE = "saturate"
    """The nearest end of the range; a NaN gives the greatest integer (RISC-V)."""

    INDEFINITE = "indefinite"
    """The x86 pattern: the least signed integer, or all ones for an unsigned one."""


@dataclass(frozen=True, slots=True)
class Environment:
    """The choices IEEE 754 leaves to an implementation, and two departures from it.

    `flush_to_zero`: a tiny binary32 result, exact or not, becomes a zero of its sign, signalling
    underflow and inexact. `denormals_are_zero`: a subnormal binary32 or binary64 operand is read
    as a zero of its sign, signalling nothing. Neither touches operations that move or inspect
    bits (negate, abs, copySign, class, totalOrder) or step to a neighbour, nor binary16 and
    bfloat16 patterns. (Both as measured on x86-64.)
    """

    tininess: Tininess
    nan_policy: NanPolicy
    fused_nan_invalid: bool
    """Whether a fused multiply-add of ∞·0 + quiet NaN signals invalid (§7.2 c leaves it open)."""
    invalid_integer: InvalidInteger
    flush_to_zero: bool
    denormals_are_zero: bool


RISCV = Environment(
    tininess=Tininess.AFTER,
    nan_policy=NanPolicy.RISCV,
    fused_nan_invalid=True,
    invalid_integer=InvalidInteger.SATURATE,
    flush_to_zero=False,
    denormals_are_zero=False,
)
"""RISC-V, and what the TestFloat vectors expect."""

X86 = Environment(
    tininess=Tininess.AFTER,
    nan_policy=NanPolicy.X86,
    fused_nan_invalid=False,
    invalid_integer=InvalidInteger.INDEFINITE,
    flush_to_zero=False,
    denormals_are_zero=False,
)
"""x86-64 with SSE and FMA3, its control register as the system leaves it."""
