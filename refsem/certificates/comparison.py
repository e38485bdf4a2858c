"""Claimed boxes held against recomputed ones, entry by entry."""

from collections.abc import Iterator

from gmpy2 import mpq

from refsem.certificates.foreign.regions import FlatBox
from refsem.certificates.report import Finding
from refsem.exact import ExactTensor
from refsem.rounding import Format

TOLERANCE = mpq(1, 100_000)
"""The absolute tolerance of era A."""


def inward(
    claimed: FlatBox, lower: ExactTensor, upper: ExactTensor, label: str, grid: Format
) -> list[Finding]:
    """The claimed ends that leave out part of the recomputed box."""
    below, above = lower.less(claimed.lower).ravel(), claimed.upper.less(upper).ravel()
    return [
        *_named(claimed, lower, upper, f"{label}: inward of", grid, below.tolist(), True),
        *_named(claimed, lower, upper, f"{label}: inward of", grid, above.tolist(), False),
    ]


def apart(
    claimed: FlatBox,
    lower: ExactTensor,
    upper: ExactTensor,
    tolerance: mpq,
    label: str,
    grid: Format,
) -> list[Finding]:
    """The claimed ends that lie further than the tolerance from the recomputed ones."""
    allowed = ExactTensor.full((1, 1), tolerance)
    below = allowed.less(abs(claimed.lower - lower)).ravel()
    above = allowed.less(abs(claimed.upper - upper)).ravel()
    words = f"{label}: further than the tolerance from"
    return [
        *_named(claimed, lower, upper, words, grid, below.tolist(), True),
        *_named(claimed, lower, upper, words, grid, above.tolist(), False),
    ]


def _named(
    claimed: FlatBox,
    lower: ExactTensor,
    upper: ExactTensor,
    words: str,
    grid: Format,
    wrong: list[bool],
    is_lower: bool,
) -> Iterator[Finding]:
    ends, exact = (claimed.lower, lower) if is_lower else (claimed.upper, upper)
    side = "lower" if is_lower else "upper"
    for index, is_wrong in enumerate(wrong):
        if is_wrong:
            flat, other = ends.reshape(-1), exact.reshape(-1)
            place = f"{claimed.place if is_lower else claimed.upper_place}[{index}]"
            yield Finding(
                place,
                f"{words} the recomputed {side} end",
                flat.rational(index),
                other.rational(index),
                grid,
            )
