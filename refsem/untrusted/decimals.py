"""JSON numbers, read exactly: every digit counts, and no float is made of them.

A number beyond the range of binary64, such as 1e999, is refused: no reader of these formats holds
it. Lists and matrices of numbers are read at once; the place of a refused entry is named.
"""

import re
from collections.abc import Iterable, Iterator

import numpy as np
from gmpy2 import mpq, mpz

from refsem.exact import ExactTensor
from refsem.rounding import BINARY64, greatest_finite
from refsem.untrusted.strict_json import Number, Value, kind

DIGITS_LIMIT = 1200
"""More than any binary64 value needs in full; longer numbers are refused."""

EXPONENT_LIMIT = 400
"""Decimal exponents beyond ± this are refused before memory is spent on them."""

_PARTS = re.compile(r"(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?", re.ASCII)

_GREATEST = greatest_finite(BINARY64)

Scaled = tuple[int, int]
"""A decimal as an integer and the power of ten it is divided by."""


def read_decimal(place: Value) -> mpq:
    """The exact value of a JSON number; `InputError` at its place for anything else."""
    integer, places = _scaled(place)
    return mpq(integer, mpz(10) ** places) if places >= 0 else mpq(integer * 10**-places)


def read_integer(place: Value, least: int, greatest: int) -> int:
    """The whole number at a place, between the stated ends; `InputError` for anything else."""
    value = read_decimal(place)
    if value.denominator != 1:
        raise place.error(f"{value} where a whole number was expected")
    if not least <= value <= greatest:
        raise place.error(f"{value} is not between {least} and {greatest}")
    return int(value)


def read_vector(place: Value, length: int | None) -> ExactTensor:
    """The numbers of a list as a row of shape (1, length); `InputError` where it is none."""
    entries = _entries(place, length)
    return _tensor(_all_scaled(place, entries), (1, len(entries)))


def read_matrix(place: Value, rows: int | None, columns: int | None) -> ExactTensor:
    """The numbers of a list of lists as a matrix; `InputError` where the lengths are others.

    A matrix of no rows needs its number of columns stated.
    """
    lines = place.items()
    if rows is not None and len(lines) != rows:
        raise place.error(f"{len(lines)} rows; {rows} were expected")
    found: list[Scaled] = []
    for line in lines:
        entries = _entries(line, columns)
        columns = len(entries)
        found.extend(_all_scaled(line, entries))
    if columns is None:
        raise place.error("a matrix without rows")
    return _tensor(found, (len(lines), columns))


def _entries(place: Value, length: int | None) -> list[object]:
    """The raw entries of a list of the stated length."""
    if not isinstance(place.value, list):
        raise place.error(f"{kind(place.value)} where a list was expected")
    if length is not None and len(place.value) != length:
        raise place.error(f"{len(place.value)} numbers; {length} were expected")
    return place.value


def _all_scaled(place: Value, entries: list[object]) -> Iterator[Scaled]:
    for index, entry in enumerate(entries):
        if not isinstance(entry, Number) or (scaled := _quick(entry.text)) is None:
            yield _scaled(Value(place.file, f"{place.path}[{index}]", entry))
        else:
            yield scaled


def _quick(text: str) -> Scaled | None:
    """The number if it is short and has no exponent, so that nothing can be wrong with it."""
    if len(text) > 40:
        return None
    whole, _, fraction = text.partition(".")
    try:
        return int(whole + fraction), len(fraction)
    except ValueError:
        return None


def _scaled(place: Value) -> Scaled:
    number = place.value
    if not isinstance(number, Number):
        raise place.error(f"{kind(number)} where a number was expected")
    parts = _PARTS.fullmatch(number.text)
    if parts is None or len(number.text) > DIGITS_LIMIT:
        raise place.error(f"a number of {len(number.text)} characters is too long to be read")
    sign, whole, fraction, ten = parts[1], parts[2], parts[3] or "", parts[4] or "0"
    significand = int(whole + fraction)
    if len(ten) > 6 or abs(int(ten)) > EXPONENT_LIMIT:
        raise place.error(f"{number.text[:60]} has an exponent beyond ±{EXPONENT_LIMIT}")
    places = len(fraction) - int(ten)
    if mpq(significand) > _GREATEST * mpq(10) ** places:
        raise place.error(f"{number.text[:60]} is beyond the range of binary64")
    return (-significand if sign else significand), places


def _tensor(found: Iterable[Scaled], shape: tuple[int, int]) -> ExactTensor:
    """The tensor over the power of ten that all of the numbers need."""
    numbers = list(found)
    deepest = max((places for _, places in numbers), default=0)
    deepest = max(deepest, 0)
    factors: dict[int, int] = {}
    numerators = np.empty(len(numbers), dtype=object)
    for index, (integer, places) in enumerate(numbers):
        missing = deepest - places
        if missing not in factors:
            factors[missing] = 10**missing
        numerators[index] = integer * factors[missing]
    return ExactTensor(numerators.reshape(shape), deepest, 5**deepest)
