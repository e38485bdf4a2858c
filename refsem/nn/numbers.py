"""The numbers a program may write: exact ones. A Python float is refused, with what to write.

A number is an `int`, a `Fraction`, an `mpq`, or text as in certificates
(`refsem.untrusted.numbers`): a decimal, `p/q`, a hexadecimal float, or the bits `b32:3f800000`. An
array of binary32 patterns is a numpy array of type uint32. Nothing else is a number here; in
particular no host float, whose digits are seldom what was meant.

Invariant: nothing is rounded but by `rounded`, which takes the mode.
"""

import re
from collections.abc import Sequence
from fractions import Fraction
from operator import index
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from gmpy2 import mpq

from refsem.errors import InputError
from refsem.exact import ExactTensor, NotFiniteError
from refsem.ir.graph import Bits
from refsem.ir.operators import Shape
from refsem.nn.errors import NumberError
from refsem.rounding import BINARY32, Infinite, Mode, exact_value, round_to_binary32
from refsem.untrusted.numbers import read_number
from refsem.untrusted.strict_json import Value

Number: TypeAlias = int | Fraction | mpq | str
Numbers: TypeAlias = "Number | Bits | Sequence[Numbers]"
"""A number, nested lists or tuples of numbers, or an array of binary32 patterns."""

INSTEAD = (
    "write an int, a Fraction, a decimal string, or the bits of a float32 "
    "(text 'b32:3f800000', or an array of numpy.uint32)"
)
_PATTERN = re.compile(r"b32:([0-9a-fA-F]{8})")
_INFINITY = 0x7F800000


def exact_number(value: object) -> mpq:
    """The number that is meant, exactly; `NumberError` for a float and all else that is none."""
    match value:
        case bool() | np.bool_():
            raise NumberError(value, f"{value} is a truth value, not a number; {INSTEAD}")
        case int() | Fraction():
            return mpq(value)
        case str():
            return _read(value)
        case float() | np.floating():
            shown = f"{value!s} is a float, whose digits are not what was meant"
            here = f": here '{value!s}'" if np.isfinite(value) else ""
            raise NumberError(value, f"{shown}; {INSTEAD}{here}")
        case _ if isinstance(value, type(mpq())):
            return mpq(value)
        case _:
            raise NumberError(value, f"a {type(value).__name__} is not a number; {INSTEAD}")


def _read(text: str) -> mpq:
    try:
        found = read_number(Value("", "", text))
    except InputError as error:
        raise NumberError(text, error.message) from None
    if isinstance(found, Infinite):
        raise NumberError(text, f"{text} is no number")
    return found


def rounded(value: Number, mode: Mode) -> mpq:
    """The binary32 value of a number rounded in this mode; `NumberError` where it is infinite."""
    exact = exact_number(value)
    bits = round_to_binary32(mode, exact, 0)
    if bits & _INFINITY == _INFINITY:
        raise NumberError(value, f"{value} is beyond the range of binary32")
    return mpq(exact_value(BINARY32, bits))


def pattern(value: object) -> int:
    """The binary32 pattern of a number that has one; `NumberError` naming the nearest for others.

    Text of the form `b32:…` is taken as it stands, the sign of a zero and NaNs included.
    """
    if isinstance(value, str) and (match := _PATTERN.fullmatch(value)):
        return int(match[1], 16)
    exact = exact_number(value)
    bits = round_to_binary32(Mode.RNE, exact, 0)
    if bits & _INFINITY == _INFINITY:
        raise NumberError(value, f"{value} is beyond the range of binary32")
    if exact_value(BINARY32, bits) != exact:
        raise NumberError(
            value, f"{value} is not a binary32 value: the nearest one is 'b32:{bits:08x}'"
        )
    return bits


def patterns(values: object) -> Bits:
    """The binary32 patterns of numbers, in their shape; errors as of `pattern`."""
    if isinstance(values, np.ndarray):
        return _checked(values)
    entries, shape = flattened(values)
    return np.array([pattern(entry) for entry in entries], np.uint32).reshape(shape)


def exact_numbers(values: object) -> ExactTensor:
    """The numbers, in their shape; `NumberError` where one is none."""
    if isinstance(values, np.ndarray):
        try:
            return ExactTensor.from_binary32(_checked(values))
        except NotFiniteError as error:
            raise NumberError(values, str(error)) from error
    entries, shape = flattened(values)
    return ExactTensor.from_rationals([exact_number(entry) for entry in entries], shape)


def _checked(values: npt.NDArray[Any]) -> Bits:
    if values.dtype != np.uint32:
        hint = ": of float32 values these are values.view(numpy.uint32)"
        shown = (
            f"an array of {values.dtype} is not read{hint if values.dtype == np.float32 else ''}"
        )
        raise NumberError(values, f"{shown}; {INSTEAD}")
    return np.array(values, np.uint32)  # a copy: what the caller does later changes nothing


def whole(value: object) -> int:
    """A length, place or axis as an int; `NumberError` for what is none, as 2.0 or True."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise NumberError(value, f"{value!r} where a whole number was expected")
    return index(value)


def flattened(values: object) -> tuple[list[object], Shape]:
    """The entries of nested lists, row-major, and their shape; `NumberError` for ragged ones."""
    if not isinstance(values, (list, tuple)):
        return [values], ()
    parts = [flattened(part) for part in values]
    shapes = {shape for _, shape in parts}
    if len(shapes) > 1:
        listed = " and ".join(str(list(shape)) for shape in sorted(shapes))
        raise NumberError(values, f"rows of different shapes: {listed}")
    inner = shapes.pop() if shapes else ()
    return [entry for entries, _ in parts for entry in entries], (len(values), *inner)
