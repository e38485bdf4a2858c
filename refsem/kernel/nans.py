"""NaNs of the kernel: which pattern an operation delivers, and when invalid is signalled.

The policies are those of `refsem.rounding.environment.NanPolicy`; a delivered NaN is quiet.
"""

from refsem.kernel.encoding import INVALID, NAN_CANONICAL, NAN_POLICY_FIELD, NAN_X86
from refsem.kernel.packing import INFINITY, MAGNITUDE

QUIET = 0x00400000
CANONICAL_NAN = 0x7FC00000
NEGATIVE_NAN = 0xFFC00000


def is_nan(x: int) -> bool:
    """Whether the binary32 pattern is a NaN."""
    return x & MAGNITUDE > INFINITY


def is_signalling(x: int) -> bool:
    """Whether the binary32 pattern is a signalling NaN."""
    return INFINITY < x & MAGNITUDE < CANONICAL_NAN


def default_nan(setting: int) -> int:
    """The NaN of an invalid operation on numbers."""
    return NEGATIVE_NAN if setting & NAN_POLICY_FIELD == NAN_X86 else CANONICAL_NAN


def invalid(setting: int) -> tuple[int, int]:
    """The result of an invalid operation on numbers."""
    return default_nan(setting), INVALID


def propagate_one(setting: int, x: int) -> tuple[int, int]:
    """The result of an operation on one operand that is a NaN."""
    flags = INVALID if is_signalling(x) else 0
    if setting & NAN_POLICY_FIELD == NAN_CANONICAL:
        return CANONICAL_NAN, flags
    return x | QUIET, flags


def propagate(setting: int, x: int, y: int) -> tuple[int, int]:
    """The result of an operation on two operands of which one at least is a NaN."""
    flags = INVALID if is_signalling(x) or is_signalling(y) else 0
    policy = setting & NAN_POLICY_FIELD
    if policy == NAN_CANONICAL:
        return CANONICAL_NAN, flags
    prefer_second = policy != NAN_X86 and is_signalling(y) and not is_signalling(x)
    if prefer_second or not is_nan(x):
        return y | QUIET, flags
    return x | QUIET, flags


def propagate_three(setting: int, x: int, y: int, z: int) -> tuple[int, int]:
    """The result of an operation on three operands, the first or the second being a NaN."""
    nan, flags = propagate(setting, x, y)
    if not is_signalling(z):
        return nan, flags
    # A signalling addend matters to the one policy that looks for signalling operands first.
    if setting & NAN_POLICY_FIELD in (NAN_CANONICAL, NAN_X86) or flags:
        return nan, INVALID
    return z | QUIET, INVALID
