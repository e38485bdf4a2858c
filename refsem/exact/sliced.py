"""Integers inside host floats: matrix products that are exact because a bound says so.

A float64 holds every integer up to 2^53, and sums and products of integers are exact as long as
they stay there, whatever the order of summation, fused or not, and however many threads take
part. Wide integers are cut into slices; before slices are multiplied, the greatest value that any
partial sum can take is computed from the slices at hand and `TooWideError` raised if it passes
2^52. This is the one place where a host float carries a trusted value.

Invariant: every array here holds integers of magnitude at most 2^52 and no NaN.
Source: error-free slicing of matrix products (Ozaki, Ogita, Oishi, Rump 2012), for integers.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from refsem.exact.tensor import IntegerArray

FloatArray = npt.NDArray[np.float64]
Exponents = npt.NDArray[np.int64]

BITS = 52
"""Every integer kept in a float is at most 2^52 in magnitude: sums of two stay below 2^53."""

_FAR = 300
"""An integer of 52 bits shifted further has the same floor, or leaves the range all the same."""


class TooWideError(ArithmeticError):
    """Integers that would leave the range in which host floats are exact."""

    def __init__(self, what: str, greatest: float) -> None:
        super().__init__(f"{what}: {greatest:g} is too great to be exact in a float")
        self.what = what
        self.greatest = greatest


def greatest(values: FloatArray) -> float:
    """The greatest magnitude; 0 for no values."""
    return float(np.max(np.abs(values), initial=0.0))


def checked(what: str, values: FloatArray, bits: int) -> FloatArray:
    """The values, if they are all at most 2^bits in magnitude; else `TooWideError` (NaN too)."""
    most = greatest(values)
    if not most <= 2.0**bits:
        raise TooWideError(what, most)
    return values


def whole(what: str, values: IntegerArray, bits: int) -> FloatArray:
    """Python's integers as floats, if they are all at most 2^bits in magnitude; `TooWideError`."""
    most = max((abs(int(value)) for value in values.ravel()), default=0)
    if most > 1 << bits:
        raise TooWideError(what, float("inf") if most.bit_length() > 1000 else float(most))
    return values.astype(np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Slices:
    """Integers Σ parts[i] · 2^(width·i); every part but the last is in [0, 2^width)."""

    parts: tuple[FloatArray, ...]
    width: int

    @property
    def greatest(self) -> float:
        """The greatest magnitude of any part."""
        return max(greatest(part) for part in self.parts)

    def transposed(self) -> "Slices":
        """The same with the last two axes exchanged."""
        return Slices(tuple(np.swapaxes(part, -1, -2) for part in self.parts), self.width)


def slices(values: FloatArray, width: int, count: int) -> Slices:
    """Integers of at most 52 bits cut into so many slices; the last takes whatever is left."""
    rest, parts = checked("integers to be sliced", values, BITS), []
    for _ in range(count - 1):
        higher = np.floor(rest * 2.0**-width)
        parts.append(rest - higher * 2.0**width)
        rest = higher
    return Slices((*parts, rest), width)


def wide_slices(values: IntegerArray, width: int) -> Slices:
    """Integers of any size cut into slices, as many as they need."""
    longest = max((int(value).bit_length() for value in values.ravel()), default=0)
    mask, parts, rest = (1 << width) - 1, [], values
    for _ in range(max(0, longest - 1) // width):
        parts.append((rest & mask).astype(np.float64))
        rest = rest >> width
    return Slices((*parts, rest.astype(np.float64)), width)


Limb = tuple[int, FloatArray]
"""Integers times 2^weight."""


def product(left: Slices, right: Slices) -> list[Limb]:
    """The matrix product as limbs whose sum is exact, lightest first; stacks of matrices too."""
    inner = left.parts[0].shape[-1]
    most = left.greatest * right.greatest * max(inner, 1)
    if not most <= 2.0 ** (BITS - 1):
        raise TooWideError(f"a product over {inner} terms", most)
    limbs: dict[int, FloatArray] = {}
    for i, one in enumerate(left.parts):
        for j, other in enumerate(right.parts):
            weight = left.width * i + right.width * j
            found = one @ other
            if weight in limbs:
                found = checked("limbs of one weight", limbs[weight] + found, BITS)
            limbs[weight] = found
    return sorted(limbs.items(), key=lambda limb: limb[0])


def floor_shift(values: FloatArray, shift: Exponents | int) -> FloatArray:
    """⌊values · 2^shift⌋, which may leave the range: the caller checks."""
    return np.floor(values * _power(shift))


def _power(shift: Exponents | int) -> FloatArray:
    """2^shift, held where it is a float and where more would change no floor and no overflow."""
    power: FloatArray = np.ldexp(1.0, np.clip(shift, -_FAR, _FAR))
    return power


def floor_sum(limbs: list[Limb], shift: Exponents | int) -> FloatArray:
    """At most the sum of the limbs times 2^shift, by less than one a limb; `TooWideError`."""
    total: FloatArray = np.zeros(())
    for weight, values in limbs:
        # limbs that cancel may be far greater than their sum
        one = checked("a floored limb", floor_shift(values, shift + weight), BITS)
        total = checked("a sum of floored limbs", total + one, BITS)
    return total


def carried(limbs: list[Limb]) -> list[Limb]:
    """The same sum with every limb but the last in [0, 2^d), d the step to the next weight."""
    found: list[Limb] = []
    carry: FloatArray = np.zeros(())
    for (weight, values), (above, _) in pairwise(limbs):
        total = values + carry
        carry = np.floor(total * 2.0 ** (weight - above))
        found.append((weight, total - carry * 2.0 ** (above - weight)))
    weight, top = limbs[-1]
    return [*found, (weight, top + carry)]


def floored_rows(limbs: list[Limb], bits: int) -> tuple[FloatArray, Exponents]:
    """Integers of at most so many bits and an exponent a row: k · 2^e is at most the exact entry.

    The last axis is the row. The exponent is as small as the greatest entry of the row allows.
    """
    normal = carried(limbs)
    weight, top = normal[-1]
    if len(normal) > 1:
        # rows short enough are joined with the limb below; what lies lower is not negative
        lower, rest = normal[-2]
        step = weight - lower
        short = _length(top) + step < BITS
        top = top * np.where(short, _power(step), 1.0) + rest * np.where(short, 1.0, 0.0)
        weights = np.where(short, lower, weight)
    else:
        weights = np.full((*top.shape[:-1], 1), weight)
    shift = np.maximum(_length(top) - bits, 0)
    return floor_shift(top, -shift), (weights + shift)[..., 0]


def _length(values: FloatArray) -> Exponents:
    """The bits of the greatest magnitude of each row, the last axis kept."""
    most = np.max(np.abs(values), axis=-1, keepdims=True, initial=0.0)
    length: Exponents = np.frexp(most)[1].astype(np.int64)
    return length


def each_slice(values: Slices) -> Iterator[Limb]:
    """The parts with their weights."""
    for index, part in enumerate(values.parts):
        yield values.width * index, part
