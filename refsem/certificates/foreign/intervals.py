"""Claimed intervals in files: an object with `lo` and `hi`, each a number or a list of them."""

from gmpy2 import mpq

from refsem.certificates.report import Finding
from refsem.rounding import BINARY64
from refsem.untrusted.decimals import read_decimal, read_vector
from refsem.untrusted.strict_json import Value


def numbers(place: Value) -> list[mpq]:
    """The numbers at a place: one, or those of a list."""
    if isinstance(place.value, list):
        return read_vector(place, None).rationals()
    return [read_decimal(place)]


def read_interval(place: Value) -> tuple[list[mpq], list[mpq]]:
    """Lower and upper ends, as many of each, at least one; `InputError` for anything else."""
    members = place.entries()
    if "lo" not in members or "hi" not in members:
        raise place.error("the keys 'lo' and 'hi' are needed")
    low, high = (numbers(members[key]) for key in ("lo", "hi"))
    if len(low) != len(high):
        raise members["hi"].error(f"{len(high)} numbers; {len(low)} were expected")
    if not low:
        raise members["lo"].error("no numbers; one was expected at least")
    return low, high


def empty_intervals(place: Value, name: str) -> list[Finding]:
    """A finding for each empty interval under a key, if the key is there."""
    if not place.has(name):
        return []
    inner = place.entries()[name]
    path = inner.entries()["lo"].path if inner.has("lo") else inner.path
    return [
        Finding(path, "lower end above the upper end", a, b, BINARY64)
        for a, b in zip(*read_interval(inner), strict=True)
        if a > b
    ]
