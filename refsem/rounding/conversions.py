"""Conversions between binary formats: the exact value, rounded once.

Narrowing rounds; widening to a format that has every value of the source is exact, and the same
code says so. NaNs follow the environment's policy; a signalling one signals invalid.

Not here: integers (`integers.py`), strings (`text.py`).
"""

from dataclasses import replace

from refsem.rounding.environment import FLAGS, INVALID, Environment
from refsem.rounding.formats import Format
from refsem.rounding.function import Rounded, round_with_flags
from refsem.rounding.modes import Mode
from refsem.rounding.nans import converted_nan
from refsem.rounding.operands import is_storage_only, read_operand
from refsem.rounding.values import Finite, Infinite, NotANumber


def convert(
    source: Format, target: Format, mode: Mode, bits: int, environment: Environment
) -> Rounded:
    """The pattern of `target` that the pattern `bits` of `source` rounds to."""
    match read_operand(source, bits, environment):
        case Finite(negative=negative, value=value):
            if is_storage_only(target):
                environment = replace(environment, flush_to_zero=False)
            return round_with_flags(target, mode, value, int(negative), environment)
        case Infinite(negative=negative):
            sign = target.sign_bit if negative else 0
            return Rounded(sign | target.infinity, FLAGS[0])
        case NotANumber(quiet=quiet):
            nan = converted_nan(source, target, environment.nan_policy, bits)
            return Rounded(nan, FLAGS[0 if quiet else INVALID])
