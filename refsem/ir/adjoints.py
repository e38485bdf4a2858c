"""Adjoints of plans, as nodes: what a cotangent of an operator's result is worth at its operands.

Written with the catalogue's own operators: an entry that is taken from several places receives
the sum of what those receive. Nothing here knows an operator; it follows the plan's index maps.
"""

from math import prod

import numpy as np

from refsem.ir.composites import Builder
from refsem.ir.derivatives import NoDerivativeError
from refsem.ir.graph import Bits, Node
from refsem.ir.operators import Op
from refsem.ir.plans import ABSENT, Contraction, Fold, Index, Plan, Reduction, Selection, Summand

EXACT = 1 << 24
"""Up to here every whole number is a binary32 value."""


def plan_adjoint(
    builder: Builder, plan: Plan, operands: tuple[Node, ...], place: int, cotangent: Node
) -> Node | None:
    """The cotangent of the operand at a place; None where the result does not depend on it.

    `NoDerivativeError` where the result is a greatest or least entry.
    """
    parts = []
    flat = builder.apply(Op.RESHAPE, cotangent, shape=(prod(cotangent.shape),))
    for summand in plan:
        for position, at in enumerate(summand.operands):
            if at == place:
                part = _part(builder, summand, operands, position, flat)
                if summand.factor != 1:
                    part = builder.apply(Op.MUL, part, builder.constant(summand.factor))
                parts.append(part)
    if not parts:
        return None
    found = parts[0]
    for part in parts[1:]:
        found = builder.apply(Op.ADD, found, part)
    return builder.apply(Op.RESHAPE, found, shape=operands[place].shape)


def _part(
    builder: Builder,
    summand: Summand,
    operands: tuple[Node, ...],
    position: int,
    cotangent: Node,
) -> Node:
    """What one summand gives the operand at a position among its own, as a flat tensor."""
    sizes = [operands[at].size for at in summand.operands]
    match summand.form:
        case Selection(index):
            start = sum(sizes[:position])
            inside = (index >= start) & (index < start + sizes[position])
            places = np.where(inside, index - start, ABSENT)
            return scattered(builder, cotangent, places, sizes[position])
        case Reduction(index, fold, divisors):
            if fold not in {Fold.SUM, Fold.MEAN}:
                raise NoDerivativeError(f"the {fold.value} of entries has kinks")
            share = cotangent
            if fold is Fold.MEAN:
                share = builder.apply(Op.DIV, cotangent, builder.tensor(_whole_bits(divisors)))
            rows = np.broadcast_to(np.arange(index.shape[0])[:, None], index.shape)
            spread = _taken(builder, share, rows.ravel())
            return scattered(builder, spread, index.ravel(), sizes[0])
        case Contraction(left, right, order):
            blocks = (left.shape[0], left.shape[1], right.shape[1])
            flat = scattered(builder, cotangent, order, prod(blocks))
            product = builder.apply(Op.RESHAPE, flat, shape=blocks)
            if position == 1:
                product = builder.apply(Op.TRANSPOSE, product, axes=(0, 2, 1))
                left, right = right, left
            other = _flattened(builder, operands[summand.operands[1 - position]])
            factor = _taken(builder, other, right)
            result = builder.apply(Op.MATMUL, product, factor)
            flat = builder.apply(Op.RESHAPE, result, shape=(left.size,))
            return scattered(builder, flat, left.ravel(), sizes[position])


def _whole_bits(numbers: Index) -> Bits:
    """The patterns of whole numbers; `NoDerivativeError` for one too great to be exact."""
    if numbers.max(initial=0) > EXACT:
        raise NoDerivativeError(f"a mean of more than {EXACT} entries is not supported")
    return numbers.astype(np.float32).view(np.uint32)


def _flattened(builder: Builder, operand: Node) -> Node:
    return builder.apply(Op.RESHAPE, operand, shape=(operand.size,))


def _taken(builder: Builder, flat: Node, index: Index) -> Node:
    """The entries of a flat tensor at an index, 0 where it is absent, in the index's shape."""
    if (index == ABSENT).any():
        zero = builder.apply(Op.RESHAPE, builder.constant(0), shape=(1,))
        index = np.where(index == ABSENT, flat.size, index)
        flat = builder.apply(Op.CONCAT, flat, zero, axis=0)
    return builder.apply(
        Op.GATHER, flat, axis=0, indices=tuple(index.ravel().tolist()), shape=index.shape
    )


def scattered(builder: Builder, flat: Node, places: Index, size: int) -> Node:
    """out[p] = the sum of the entries whose place is p: a flat tensor of that size."""
    present = np.flatnonzero(places != ABSENT)
    ordered = present[np.argsort(places[present], kind="stable")]
    counts = np.bincount(places[ordered], minlength=size)
    most = int(counts.max(initial=0))
    if size and most == 0:
        return builder.tensor(np.zeros(size, np.uint32))
    index = np.full((size, most), ABSENT, np.int64)
    slot = np.arange(ordered.size) - np.repeat(np.cumsum(counts) - counts, counts)
    index[places[ordered], slot] = ordered
    if most == 1:
        return _taken(builder, flat, index[:, 0])
    return builder.apply(Op.REDUCE_SUM, _taken(builder, flat, index), axes=(1,), keepdims=0)
