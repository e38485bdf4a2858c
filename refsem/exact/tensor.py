"""Exact tensors: integer arrays over one common denominator 2^exponent · odd.

An entry is numerator / (2^exponent · odd) with `odd` odd and positive, exponent >= 0: weights are
dyadic (odd = 1), a property's decimals bring powers of five into `odd`. Every operation here is
exact; the one that loses information, `rounded`, says in which direction. Elementwise work is
done on Python integers in object arrays, matrix products by FLINT's `fmpz_mat`
(python-flint); no host float is involved.

Invariant: numerators is an object array holding Python `int` only. Equality of tensors is
equality of the numbers they denote, not of their scales.

Not here: enclosures of functions, rounding to a floating-point format.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from math import gcd, prod
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from flint import fmpz_mat
from gmpy2 import mpq, mpz

IntegerArray = npt.NDArray[np.object_]
BooleanArray = npt.NDArray[np.bool_]
Shape = tuple[int, ...]
Binary = Callable[[Any, Any], Any]


class Toward(Enum):
    """Where a lossy step may move a value."""

    UP = "up"
    """The result is at least the exact value."""
    DOWN = "down"
    """The result is at most the exact value."""


class NotFiniteError(ValueError):
    """A binary32 pattern without an exact value (infinity or NaN) where a number was needed."""

    def __init__(self, index: tuple[int, ...], bits: int) -> None:
        super().__init__(f"entry {list(index)} is not finite (bits {bits:08x})")
        self.index = index
        self.bits = bits


def _objects(values: object) -> IntegerArray:
    """The object array of Python integers with these values, zero-dimensional ones included."""
    return np.asarray(values, dtype=object)


@dataclass(frozen=True, slots=True, eq=False)
class ExactTensor:
    """A tensor of rationals: numerators / (2^exponent · odd), any shape, row-major."""

    numerators: IntegerArray
    exponent: int
    odd: int

    # construction

    @classmethod
    def from_rationals(cls, values: Iterable[mpq], shape: Shape | None = None) -> Self:
        """The tensor of these rationals (row-major), flat unless a shape is given."""
        rationals = [mpq(value) for value in values]
        exponent, odd = 0, 1
        for denominator in {int(value.denominator) for value in rationals}:
            twos = (denominator & -denominator).bit_length() - 1
            odd_part = denominator >> twos
            exponent, odd = max(exponent, twos), odd * odd_part // gcd(odd, odd_part)
        scale = mpz(odd) << exponent
        numerators = np.empty(len(rationals), dtype=object)
        numerators[:] = [int(value * scale) for value in rationals]
        return cls(numerators.reshape((len(rationals),) if shape is None else shape), exponent, odd)

    @classmethod
    def from_binary32(cls, bits: npt.NDArray[np.uint32]) -> Self:
        """The exact values of bit patterns; `NotFiniteError` names the first without one."""
        check_finite(bits)
        words = np.atleast_1d(bits).astype(np.int64)
        field = (words >> 23) & 0xFF
        fraction = words & 0x7FFFFF
        significand = np.where(field == 0, fraction, fraction | 0x800000)
        shift = np.maximum(field, 1) - 150
        significand, shift = _without_trailing_zeros(significand, shift)
        exponent = max(0, -int(shift.min(initial=0)))
        signed = np.where(words >> 31, -significand, significand).astype(object)
        numerators = signed << (shift + exponent).astype(object)
        return cls(_objects(numerators).reshape(bits.shape), exponent, 1)

    @classmethod
    def full(cls, shape: Shape, value: mpq) -> Self:
        """The tensor with this value in every entry."""
        one = cls.from_rationals([value])
        return cls(np.full(shape, one.numerators[0], dtype=object), one.exponent, one.odd)

    @classmethod
    def identity(cls, size: int) -> Self:
        """The identity matrix."""
        numerators = np.zeros((size, size), dtype=object)
        numerators[np.arange(size), np.arange(size)] = 1
        return cls(numerators, 0, 1)

    # looking

    @property
    def shape(self) -> Shape:
        """The shape."""
        return self.numerators.shape

    @property
    def size(self) -> int:
        """The number of entries."""
        return self.numerators.size

    @property
    def denominator(self) -> int:
        """The common denominator 2^exponent · odd."""
        return self.odd << self.exponent

    def rationals(self) -> list[mpq]:
        """The entries as rationals, row-major."""
        denominator = self.denominator
        return [mpq(int(entry), denominator) for entry in self.numerators.ravel()]

    def rational(self, *index: int) -> mpq:
        """One entry as a rational."""
        return mpq(int(self.numerators[index]), self.denominator)

    def bits(self) -> int:
        """The length in bits of the longest numerator: the size that grows with depth."""
        return max((int(entry).bit_length() for entry in self.numerators.ravel()), default=0)

    # rearrangement

    def _with(self, numerators: object) -> Self:
        return type(self)(_objects(numerators), self.exponent, self.odd)

    def __getitem__(self, key: Any) -> Self:  # noqa: ANN401  numpy's index language
        """The part numpy's indexing selects."""
        return self._with(self.numerators[key])

    def reshape(self, *shape: int) -> Self:
        """The same entries, row-major, in another shape."""
        return self._with(self.numerators.reshape(shape))

    def transpose(self, axes: Sequence[int]) -> Self:
        """The axes permuted."""
        return self._with(self.numerators.transpose(axes))

    def broadcast_to(self, shape: Shape) -> Self:
        """Broadcast by numpy's rule."""
        return self._with(np.broadcast_to(self.numerators, shape))

    def sum(self, axes: tuple[int, ...]) -> Self:
        """The exact sum over these axes, which disappear; negative ones count from the last.

        Raises `ValueError` for an axis that is not there or named twice.
        """
        numerators = self.numerators
        rank = numerators.ndim
        named = {axis % rank for axis in axes if -rank <= axis < rank}
        if len(named) != len(axes):
            raise ValueError(f"axes {list(axes)} of a tensor of shape {list(numerators.shape)}")
        for axis in sorted(named, reverse=True):
            numerators = (
                np.add.reduce(numerators, axis=axis)
                if numerators.size
                else np.zeros(numerators.shape[:axis] + numerators.shape[axis + 1 :], dtype=object)
            )
            numerators = _objects(numerators)
        return self._with(numerators)

    # scales

    def at_scale(self, exponent: int, odd: int) -> IntegerArray:
        """The numerators over 2^exponent · odd, a multiple of this tensor's denominator."""
        factor = (odd // self.odd) << (exponent - self.exponent)
        return self.numerators if factor == 1 else _objects(self.numerators * factor)

    # arithmetic

    def _aligned(self, other: Self, operation: Binary) -> Self:
        exponent, odd = common_scale(self, other)
        left, right = self.at_scale(exponent, odd), other.at_scale(exponent, odd)
        return type(self)(_objects(operation(left, right)), exponent, odd)

    def __add__(self, other: Self) -> Self:
        """The exact sum, entry by entry, broadcast by numpy's rule."""
        return self._aligned(other, np.add)

    def __sub__(self, other: Self) -> Self:
        """The exact difference."""
        return self._aligned(other, np.subtract)

    def __neg__(self) -> Self:
        """The negation."""
        return self._with(-self.numerators)

    def __abs__(self) -> Self:
        """The absolute value."""
        return self._with(np.abs(self.numerators))

    def __mul__(self, other: Self) -> Self:
        """The exact product, entry by entry."""
        numerators = _objects(self.numerators * other.numerators)
        return type(self)(numerators, self.exponent + other.exponent, self.odd * other.odd)

    def maximum(self, other: Self) -> Self:
        """The greater entry of each pair."""
        return self._aligned(other, np.maximum)

    def minimum(self, other: Self) -> Self:
        """The lesser entry of each pair."""
        return self._aligned(other, np.minimum)

    def divide(self, other: Self) -> Self:
        """The exact quotient, entry by entry; `ZeroDivisionError` where a divisor is zero."""
        left, right = np.broadcast_arrays(self.numerators, other.numerators)
        scale = mpq(other.denominator, self.denominator)
        quotients = [mpq(a, b) * scale for a, b in zip(left.flat, right.flat, strict=True)]
        return type(self).from_rationals(quotients, left.shape)

    def where(self, condition: BooleanArray, other: Self) -> Self:
        """Entries of this tensor where the condition is true, of the other elsewhere."""
        return self._aligned(other, lambda left, right: np.where(condition, left, right))

    def matmul(self, other: Self) -> Self:
        """The exact matrix product of two matrices."""
        product = integer_product(integer_matrix(self.numerators), integer_matrix(other.numerators))
        return type(self)(product, self.exponent + other.exponent, self.odd * other.odd)

    # comparison

    def _compared(self, other: Self, comparison: Binary) -> BooleanArray:
        exponent, odd = common_scale(self, other)
        left, right = self.at_scale(exponent, odd), other.at_scale(exponent, odd)
        return np.asarray(comparison(left, right), dtype=np.bool_)

    def less_equal(self, other: Self) -> BooleanArray:
        """Where this entry is at most the other's, exactly."""
        return self._compared(other, np.less_equal)

    def less(self, other: Self) -> BooleanArray:
        """Where this entry is below the other's, exactly."""
        return self._compared(other, np.less)

    def equal(self, other: Self) -> BooleanArray:
        """Where the entries are the same number."""
        return self._compared(other, np.equal)

    # the one lossy step

    def rounded(self, toward: Toward, exponent: int) -> Self:
        """Every entry moved, by less than 2^-exponent, to a multiple of it on the stated side."""
        shifted = _objects(self.numerators << exponent)
        if toward is Toward.DOWN:
            return type(self)(_objects(shifted // self.denominator), exponent, 1)
        return type(self)(_objects(-(-shifted // self.denominator)), exponent, 1)

    def nearest_float64(self) -> npt.NDArray[np.float64]:
        """The entries as host floats, for proposals and display only: never trusted.

        What lies beyond ±2^1000 is delivered as that.
        """
        denominator = self.denominator
        limit = denominator << 1000
        flat = [
            max(-limit, min(int(entry), limit)) / denominator for entry in self.numerators.ravel()
        ]
        return np.array(flat, dtype=np.float64).reshape(self.shape)


def check_finite(bits: npt.NDArray[np.uint32]) -> None:
    """Nothing if every pattern has an exact value; `NotFiniteError` names the first without one."""
    infinite = (bits & np.uint32(0x7F800000)) == np.uint32(0x7F800000)
    if bool(infinite.any()):
        place = tuple(int(i) for i in np.argwhere(infinite)[0])
        raise NotFiniteError(place, int(bits[place]))


def common_scale(left: ExactTensor, right: ExactTensor) -> tuple[int, int]:
    """The least scale (exponent, odd) over which both tensors have integer numerators."""
    odd = left.odd if left.odd == right.odd else left.odd * right.odd // gcd(left.odd, right.odd)
    return max(left.exponent, right.exponent), odd


def concatenate(tensors: Sequence[ExactTensor], axis: int) -> ExactTensor:
    """The tensors joined along an axis, over their common scale."""
    exponent, odd = tensors[0].exponent, tensors[0].odd
    for tensor in tensors[1:]:
        exponent, odd = common_scale(ExactTensor(tensor.numerators, exponent, odd), tensor)
    parts = [tensor.at_scale(exponent, odd) for tensor in tensors]
    return ExactTensor(np.concatenate(parts, axis=axis), exponent, odd)


def integer_matrix(numerators: IntegerArray) -> fmpz_mat:
    """A two-dimensional array of integers as a FLINT matrix."""
    rows, columns = numerators.shape
    return fmpz_mat(rows, columns, numerators.ravel().tolist())


def integer_product(left: fmpz_mat, right: fmpz_mat) -> IntegerArray:
    """The exact product of two FLINT matrices as an array of Python integers."""
    return integer_array(left * right)


def integer_array(matrix: fmpz_mat) -> IntegerArray:
    """A FLINT matrix as an array of Python integers."""
    shape = (matrix.nrows(), matrix.ncols())
    result = np.empty(prod(shape), dtype=object)
    result[:] = [int(entry) for entry in matrix.entries()]
    return result.reshape(shape)


def _without_trailing_zeros(
    significand: npt.NDArray[np.int64], shift: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The same numbers significand · 2^shift with odd significands, so that scales stay small."""
    lowest = significand & -significand
    twos = np.where(significand == 0, 0, np.bitwise_count(np.maximum(lowest, 1) - 1))
    return significand >> twos, np.where(significand == 0, 0, shift + twos)
