"""Conversions between binary32 and integers, other formats, and text.

Thin names over `refsem.rounding`, where the conversions are defined for any format. A pattern of
another format travels as an integer in `Rounded.bits`.
"""

from refsem.binary32.value import Binary32, Result
from refsem.rounding import (
    BFLOAT16,
    BINARY16,
    BINARY32,
    BINARY64,
    Environment,
    Format,
    Mode,
    Rounded,
)
from refsem.rounding.conversions import convert
from refsem.rounding.integers import IntegerFormat, IntegerResult
from refsem.rounding.integers import from_integer as integer_to_format
from refsem.rounding.integers import to_integer as format_to_integer
from refsem.rounding.text import TextResult, read_text, write_decimal, write_hexadecimal


def _result(rounded: Rounded) -> Result:
    return Result(Binary32(rounded.bits), rounded.flags)


def to_integer(
    mode: Mode, x: Binary32, target: IntegerFormat, exact: bool, environment: Environment
) -> IntegerResult:
    """The integer x rounds to; `exact` says whether inexact is signalled."""
    return format_to_integer(BINARY32, mode, x.bits, target, exact=exact, environment=environment)


def from_integer(mode: Mode, number: int, environment: Environment) -> Result:
    """The integer rounded; 0 gives +0."""
    return _result(integer_to_format(BINARY32, mode, number, environment))


def to_format(mode: Mode, x: Binary32, target: Format, environment: Environment) -> Rounded:
    """The pattern of the target format that x rounds to."""
    return convert(BINARY32, target, mode, x.bits, environment)


def from_format(mode: Mode, source: Format, bits: int, environment: Environment) -> Result:
    """The value that the pattern `bits` of the source format rounds to."""
    return _result(convert(source, BINARY32, mode, bits, environment))


def to_binary16(mode: Mode, x: Binary32, environment: Environment) -> Rounded:
    """The binary16 pattern x rounds to."""
    return to_format(mode, x, BINARY16, environment)


def to_bfloat16(mode: Mode, x: Binary32, environment: Environment) -> Rounded:
    """The bfloat16 pattern x rounds to."""
    return to_format(mode, x, BFLOAT16, environment)


def to_binary64(x: Binary32, environment: Environment) -> Rounded:
    """The binary64 pattern with the value of x, exactly."""
    return to_format(Mode.RNE, x, BINARY64, environment)


def from_binary16(bits: int, environment: Environment) -> Result:
    """The value of a binary16 pattern, exactly."""
    return from_format(Mode.RNE, BINARY16, bits, environment)


def from_bfloat16(bits: int, environment: Environment) -> Result:
    """The value of a bfloat16 pattern, exactly (a subnormal one may be flushed)."""
    return from_format(Mode.RNE, BFLOAT16, bits, environment)


def from_binary64(mode: Mode, bits: int, environment: Environment) -> Result:
    """The value a binary64 pattern rounds to."""
    return from_format(mode, BINARY64, bits, environment)


def from_text(mode: Mode, text: str, environment: Environment) -> Result:
    """The value of a decimal or hexadecimal text, rounded; `ValueError` if it is no number."""
    return _result(read_text(BINARY32, mode, text, environment))


def to_decimal(mode: Mode, x: Binary32, digits: int) -> TextResult:
    """The value with that many significant decimal digits; nine tell all values apart."""
    return write_decimal(BINARY32, mode, x.bits, digits)


def to_hexadecimal(mode: Mode, x: Binary32, digits: int) -> TextResult:
    """The value with that many hexadecimal digits after the point; six show it exactly."""
    return write_hexadecimal(BINARY32, mode, x.bits, digits)
