"""NaN patterns of a format, and which one a policy delivers.

Every function here works on patterns. A delivered NaN is quiet; whether an operation signals
invalid depends on its operands and is decided by the operation.
"""

from collections.abc import Sequence
from typing import assert_never

from refsem.rounding.environment import NanPolicy
from refsem.rounding.formats import BFLOAT16, Format


def is_nan(format_: Format, bits: int) -> bool:
    """Whether the pattern is a NaN, quiet or signalling."""
    return bits & (format_.sign_bit - 1) > format_.infinity


def is_signalling(format_: Format, bits: int) -> bool:
    """Whether the pattern is a signalling NaN."""
    return is_nan(format_, bits) and not bits & format_.quiet_bit


def default_nan(format_: Format, policy: NanPolicy) -> int:
    """The NaN delivered where no operand is a NaN: positive and canonical, on x86 negative."""
    sign = format_.sign_bit if policy is NanPolicy.X86 else 0
    return sign | format_.canonical_nan


def chosen_nan(format_: Format, policy: NanPolicy, operands: Sequence[int]) -> int:
    """The NaN delivered for operands of which at least one is a NaN."""
    match policy:
        case NanPolicy.CANONICAL | NanPolicy.RISCV:
            return format_.canonical_nan
        case NanPolicy.X86:
            first = next(bits for bits in operands if is_nan(format_, bits))
        case NanPolicy.FIRST_SIGNALLING:
            quiet_last = sorted(
                (bits for bits in operands if is_nan(format_, bits)),
                key=lambda bits: not is_signalling(format_, bits),
            )
            first = quiet_last[0]
        case _:
            assert_never(policy)
    return first | format_.quiet_bit


def converted_nan(source: Format, target: Format, policy: NanPolicy, bits: int) -> int:
    """The NaN of `target` that a conversion delivers for the NaN `bits` of `source`.

    x86 keeps the sign and the leading trailing bits; the first-signalling rule keeps the sign and
    the payload, as a number, if it fits and 0 otherwise.
    """
    sign = target.sign_bit if bits & source.sign_bit else 0
    match policy:
        case NanPolicy.CANONICAL | NanPolicy.RISCV:
            return target.canonical_nan
        case NanPolicy.X86:
            trailing = bits & ((1 << (source.precision - 1)) - 1)
            moved = trailing << _trailing_width(target) >> _trailing_width(source)
            return sign | target.canonical_nan | moved
        case NanPolicy.FIRST_SIGNALLING:
            payload = bits & (source.quiet_bit - 1)
            return sign | target.canonical_nan | (payload if payload < target.quiet_bit else 0)
        case _:
            assert_never(policy)


def _trailing_width(format_: Format) -> int:
    """The width an x86 conversion aligns trailing bits by.

    For bfloat16 it is one too many: so does SoftFloat 3e's 8086-SSE variant, whose vectors define
    the policy here (SSE itself has no such conversion). The extra bit falls on an exponent bit,
    which in a NaN is 1 already.
    """
    return format_.precision if format_ == BFLOAT16 else format_.precision - 1
