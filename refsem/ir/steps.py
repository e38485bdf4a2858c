"""The steps of the dot-product lift: exact linear maps on flattened tensors.

- `Gather`: out[j] = in[index[j]], or 0 where the index is absent;
- `Scale`: out[j] = factor[j] · in[j];
- `Total`: out[j] = Σ_t in[j · terms + t];
- `Matrix`: out[b, i, j] = Σ_k in[b, i, k] · W_b[k, j], a weight matrix for each block b.

Each step states three things: its value (`forward`), its adjoint, and its image of an interval
(`interval`), which for a weight w is w⁺·l + w⁻·u below and w⁺·u + w⁻·l above: the scaling rule
and the addition rule, summed over any number of terms by induction. The tests hold each step
against the rules evaluated one entry at a time.

Rows: every tensor here has shape (rows, size); a row is one point, one box or one target.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from flint import fmpz_mat
from gmpy2 import mpq

from refsem.exact.tensor import (
    BooleanArray,
    ExactTensor,
    IntegerArray,
    common_scale,
    integer_array,
    integer_matrix,
)
from refsem.ir.plans import ABSENT, Index

Bounds = tuple[ExactTensor, ExactTensor]


@dataclass(frozen=True, slots=True, eq=False)
class Gather:
    """out[j] = in[index[j]], or 0 where the index is absent."""

    index: Index
    inputs: int

    def forward(self, value: ExactTensor) -> ExactTensor:
        """The image of each row."""
        if not self.index.size or int(self.index.min()) != ABSENT:
            return value[:, self.index]
        beyond = np.zeros((value.shape[0], 1), dtype=object)  # where index -1 points
        extended = np.concatenate((value.numerators, beyond), axis=1)
        return ExactTensor(extended[:, self.index], value.exponent, value.odd)

    def adjoint(self, coefficients: ExactTensor) -> ExactTensor:
        """The coefficients on the input that give the same sum as these on the output."""
        gathered = np.zeros((coefficients.shape[0], self.inputs), dtype=object)
        for places in self._rounds((coefficients.numerators != 0).any(axis=0)):
            gathered[:, self.index[places]] += coefficients.numerators[:, places]
        return ExactTensor(gathered, coefficients.exponent, coefficients.odd)

    def _rounds(self, wanted: BooleanArray) -> list[Index]:
        """The wanted places of the output, in groups that take no entry of the input twice."""
        present = np.flatnonzero((self.index != ABSENT) & wanted)
        order = present[np.argsort(self.index[present], kind="stable")]
        taken = self.index[order]
        first = np.flatnonzero(np.diff(taken, prepend=-1)) if taken.size else taken
        lengths = np.diff(first, append=taken.size)
        occurrence = np.arange(taken.size) - np.repeat(first, lengths)
        return [order[occurrence == turn] for turn in range(int(lengths.max(initial=0)))]

    def interval(self, bounds: Bounds) -> Bounds:
        """The image of a box."""
        return self.forward(bounds[0]), self.forward(bounds[1])


@dataclass(frozen=True, slots=True, eq=False)
class Scale:
    """out[j] = factor[j] · in[j]; the factor has shape (1, size)."""

    factor: ExactTensor

    def forward(self, value: ExactTensor) -> ExactTensor:
        """The image of each row."""
        return value * self.factor

    def adjoint(self, coefficients: ExactTensor) -> ExactTensor:
        """The coefficients on the input that give the same sum as these on the output."""
        return coefficients * self.factor

    def mixed(self, kept: ExactTensor, swapped: ExactTensor) -> ExactTensor:
        """The one where the factor is not negative, the other where it is, times the factor."""
        zero = ExactTensor.full((1, 1), mpq(0))
        return kept * self.factor.maximum(zero) + swapped * self.factor.minimum(zero)

    def interval(self, bounds: Bounds) -> Bounds:
        """The image of a box: the ends trade places where the factor is negative."""
        one, other = bounds[0] * self.factor, bounds[1] * self.factor
        return one.minimum(other), one.maximum(other)


@dataclass(frozen=True, slots=True, eq=False)
class Total:
    """out[j] = Σ_t in[j · terms + t]."""

    outputs: int
    terms: int

    def forward(self, value: ExactTensor) -> ExactTensor:
        """The image of each row."""
        return value.reshape(value.shape[0], self.outputs, self.terms).sum((2,))

    def adjoint(self, coefficients: ExactTensor) -> ExactTensor:
        """The coefficients on the input that give the same sum as these on the output."""
        repeated = np.repeat(coefficients.numerators, self.terms, axis=1)
        return ExactTensor(repeated, coefficients.exponent, coefficients.odd)

    def interval(self, bounds: Bounds) -> Bounds:
        """The image of a box."""
        return self.forward(bounds[0]), self.forward(bounds[1])


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """One weight matrix, its positive and its negative part, and its transpose, as integers."""

    whole: fmpz_mat
    positive: fmpz_mat
    negative: fmpz_mat
    transposed: fmpz_mat


def _block(numerators: IntegerArray, above: IntegerArray) -> Block:
    """The block of a matrix and its positive part: what is left of it is the negative part."""
    whole, positive = integer_matrix(numerators), integer_matrix(above)
    return Block(whole, positive, whole - positive, whole.transpose())


@dataclass(frozen=True, slots=True, eq=False)
class Matrix:
    """out[b, i, j] = Σ_k in[b, i, k] · W_b[k, j], W_b = numerators / (2^exponent · odd)."""

    rows: int
    blocks: tuple[Block, ...]
    exponent: int
    odd: int

    @classmethod
    def of(cls, rows: int, weight: ExactTensor) -> "Matrix":
        """The step that multiplies `rows` rows of each block b by weight[b], a matrix."""
        above = weight.maximum(ExactTensor.full((), mpq(0)))
        blocks = tuple(map(_block, weight.numerators, above.numerators))
        return cls(rows, blocks, weight.exponent, weight.odd)

    def _times(self, *terms: tuple[ExactTensor, str]) -> ExactTensor:
        """Each block of each row times a part of its weight, summed over the terms."""
        exponent, odd = terms[0][0].exponent, terms[0][0].odd
        for value, _ in terms[1:]:
            exponent, odd = common_scale(ExactTensor(value.numerators, exponent, odd), value)
        scaled = [(value.at_scale(exponent, odd), part) for value, part in terms]
        count = terms[0][0].shape[0]
        results: list[IntegerArray] = [np.zeros((count, 0), dtype=object)]
        start = 0
        for block in self.blocks:
            rows, columns = block.whole.nrows(), block.whole.ncols()
            if terms[0][1] == "transposed":
                rows, columns = columns, rows
            end = start + self.rows * rows
            factors = [
                (values[:, start:end].reshape(count * self.rows, rows), getattr(block, part))
                for values, part in scaled
            ]
            results.append(_products(factors).reshape(count, self.rows * columns))
            start = end
        joined = results[-1] if len(results) <= 2 else np.concatenate(results, axis=1)
        return ExactTensor(joined, exponent + self.exponent, odd * self.odd)

    def forward(self, value: ExactTensor) -> ExactTensor:
        """The image of each row."""
        return self._times((value, "whole"))

    def adjoint(self, coefficients: ExactTensor) -> ExactTensor:
        """The coefficients on the input that give the same sum as these on the output."""
        return self._times((coefficients, "transposed"))

    def mixed(self, kept: ExactTensor, swapped: ExactTensor) -> ExactTensor:
        """W⁺ applied to the one and W⁻ to the other: an end of the image, if these are ends."""
        return self._times((kept, "positive"), (swapped, "negative"))

    def interval(self, bounds: Bounds) -> Bounds:
        """The image of a box: W⁺·l + W⁻·u below, W⁺·u + W⁻·l above."""
        lower, upper = bounds
        return self.mixed(lower, upper), self.mixed(upper, lower)


def _products(factors: Sequence[tuple[IntegerArray, fmpz_mat]]) -> IntegerArray:
    """The sum of products; rows of zeros, as a convolution's pulled back, are not multiplied."""
    wanted = np.logical_or.reduce([(left != 0).any(axis=1) for left, _ in factors])
    dense = 2 * int(wanted.sum()) > wanted.size
    total: fmpz_mat | None = None
    for left, matrix in factors:
        product = integer_matrix(left if dense else left[wanted]) * matrix
        total = product if total is None else total + product
    if total is None:
        raise ValueError("a sum of no products")
    if dense:
        return integer_array(total)
    result = np.zeros((wanted.size, total.ncols()), dtype=object)
    result[wanted] = integer_array(total)
    return result


Step = Gather | Scale | Total | Matrix
