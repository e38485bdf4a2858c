"""Everything an operation depends on besides its operands, in one small integer.

Compiled code cannot look at a `Mode` or an `Environment`; it gets a *setting*, an integer whose
fields are named here. `setting_of` is the only writer, the scalar functions are the only readers.
The mode is always in it: a setting cannot be built without one.

Flags are TestFloat's numbers, as in `refsem.rounding.environment`.
"""

from typing import assert_never

from refsem.rounding import Environment, InvalidInteger, Mode, NanPolicy, Tininess

UPWARD_SHIFT = 0
UPWARD, DOWNWARD = 1 << UPWARD_SHIFT, 2 << UPWARD_SHIFT
"""Positive, or negative, numbers are rounded away from zero; a sign, 0 or 1, selects the bit."""
NEAREST, TIES_TO_EVEN = 1 << 2, 1 << 3
"""Rounding to nearest; then, ties to even instead of away from zero."""
TINY_BEFORE = 1 << 4
NAN_POLICY_FIELD = 3 << 5
NAN_CANONICAL, NAN_FIRST_SIGNALLING, NAN_X86 = 0 << 5, 1 << 5, 2 << 5
FUSED_NAN_INVALID = 1 << 7
INDEFINITE_INTEGER = 1 << 8
FLUSH_TO_ZERO = 1 << 9
DENORMALS_ARE_ZERO = 1 << 10
SIGNAL_INEXACT = 1 << 11
"""Only for roundings to whole numbers: whether a change signals inexact."""
LESS, EQUAL, GREATER, UNORDERED = 1 << 12, 1 << 13, 1 << 14, 1 << 15
"""Only for comparisons: the relations accepted."""
SIGNAL_QUIET_NAN = 1 << 16
"""Only for comparisons: whether a quiet NaN signals."""

INVALID, DIVIDE_BY_ZERO, OVERFLOW, UNDERFLOW, INEXACT = 16, 8, 4, 2, 1


def _mode(mode: Mode) -> int:
    match mode:
        case Mode.RNE:
            return NEAREST | TIES_TO_EVEN
        case Mode.RNA:
            return NEAREST
        case Mode.RTP:
            return UPWARD
        case Mode.RTN:
            return DOWNWARD
        case Mode.RTZ:
            return 0
        case _:
            assert_never(mode)


def _nan_policy(policy: NanPolicy) -> int:
    match policy:
        case NanPolicy.CANONICAL | NanPolicy.RISCV:
            return NAN_CANONICAL
        case NanPolicy.FIRST_SIGNALLING:
            return NAN_FIRST_SIGNALLING
        case NanPolicy.X86:
            return NAN_X86
        case _:
            assert_never(policy)


def setting_of(mode: Mode, environment: Environment) -> int:
    """The setting of a mode in an environment; the fields of single operations are added to it."""
    setting = _mode(mode) | _nan_policy(environment.nan_policy)
    for holds, field in (
        (environment.tininess is Tininess.BEFORE, TINY_BEFORE),
        (environment.fused_nan_invalid, FUSED_NAN_INVALID),
        (environment.invalid_integer is InvalidInteger.INDEFINITE, INDEFINITE_INTEGER),
        (environment.flush_to_zero, FLUSH_TO_ZERO),
        (environment.denormals_are_zero, DENORMALS_ARE_ZERO),
    ):
        setting |= field if holds else 0
    return setting
