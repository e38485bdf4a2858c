"""Plans on exact tensors: the value of a node that no linear map gives, from its operands' values.

The readings of maxima and minima, and of products of two variable tensors; the linear rest is
read by `refsem.ir.affine`, and the tests hold both against each other. A row is one point.
"""

from collections.abc import Sequence
from typing import assert_never

import numpy as np
from gmpy2 import mpq

from refsem.exact.tensor import (
    ExactTensor,
    IntegerArray,
    concatenate,
    integer_matrix,
    integer_product,
)
from refsem.ir.plans import Contraction, Fold, Plan, Reduction, Selection
from refsem.ir.steps import Gather


def plan_value(plan: Plan, operands: Sequence[ExactTensor]) -> ExactTensor:
    """The value of each row, from the rows of the operands (as many, or one for all)."""
    rows = max(operand.shape[0] for operand in operands)
    spread = [operand.broadcast_to((rows, *operand.shape[1:])) for operand in operands]
    total = ExactTensor.full((1, 1), mpq(0))
    for summand in plan:
        taken = [spread[place] for place in summand.operands]
        match summand.form:
            case Selection(index):
                value = concatenate(taken, axis=1)[:, index]
            case Reduction() as reduction:
                value = reduced(reduction, taken[0])
            case Contraction() as contraction:
                value = _contracted(contraction, taken[0], taken[1])
            case _:
                assert_never(summand.form)
        total = total + value * ExactTensor.full((1, 1), summand.factor)
    return total


def entries_to_fold(reduction: Reduction, value: ExactTensor) -> ExactTensor:
    """The entries that are folded: (rows, results, terms)."""
    rows = value.shape[0]
    return Gather(reduction.index.ravel(), 0).forward(value).reshape(rows, *reduction.index.shape)


def reduced(reduction: Reduction, value: ExactTensor) -> ExactTensor:
    """The folded entries of each row: monotone in every entry."""
    entries = entries_to_fold(reduction, value)
    match reduction.fold:
        case Fold.SUM:
            return entries.sum((2,))
        case Fold.MEAN:
            divisors = [mpq(int(divisor)) for divisor in reduction.divisors]
            return entries.sum((2,)).divide(
                ExactTensor.from_rationals(divisors, (1, len(divisors)))
            )
        case Fold.MAX:
            return extremum(entries, np.maximum)
        case Fold.MIN:
            return extremum(entries, np.minimum)
        case _:
            assert_never(reduction.fold)


def extremum(entries: ExactTensor, which: np.ufunc) -> ExactTensor:
    """The greatest or least of each result's entries."""
    if not entries.size:
        return ExactTensor(np.zeros(entries.shape[:2], dtype=object), 0, 1)
    return ExactTensor(which.reduce(entries.numerators, axis=2), entries.exponent, entries.odd)


def _contracted(contraction: Contraction, x: ExactTensor, y: ExactTensor) -> ExactTensor:
    left = Gather(contraction.left.ravel(), 0).forward(x)
    right = Gather(contraction.right.ravel(), 0).forward(y)
    rows = x.shape[0]
    lefts = left.numerators.reshape(rows, *contraction.left.shape)
    rights = right.numerators.reshape(rows, *contraction.right.shape)
    products: list[IntegerArray] = [np.zeros(0, dtype=object)]
    for row in range(rows):
        for one, other in zip(lefts[row], rights[row], strict=True):
            product = integer_product(integer_matrix(one), integer_matrix(other.T))
            products.append(product.ravel())
    joined = np.concatenate(products).reshape(rows, -1 if rows else 0)
    return ExactTensor(joined, left.exponent + right.exponent, left.odd * right.odd)[
        :, contraction.order
    ]
