"""Lowering: operators written with simpler ones of the same real meaning, for bounds to follow.

A greatest or least entry becomes a tree of maxima or minima of two tensors; a product of two
tensors of different shapes one of tensors of the same shape; a quotient by a tensor that is not
constant the product with its reciprocal; a sum of products of two such tensors what it says; and
a comparison of two tensors one of their difference with 0.
So few operators need rules of their own, and every rule about two operands speaks of tensors of
one shape.

Invariant: the last node of a lowering has the name and the shape of the node lowered, and wherever
the one has a value the other has the same. Trusted, as `refsem.ir.affine` is: nothing is stated
here about any operator but what its plan says; the tests evaluate both exactly. Executed, a
lowered network is another one: nothing here is a named expansion.
"""

from collections.abc import Callable, Container, Mapping
from dataclasses import replace
from math import prod

import numpy as np

from refsem.ir.composites import Builder
from refsem.ir.graph import Node
from refsem.ir.operators import ROW, Op, Shape
from refsem.ir.plans import ABSENT, Contraction, Fold, Index, Reduction, Summand

Lower = Callable[[Builder, Node, tuple[Node, ...]], Node | None]

_FOLDS: Mapping[Fold, Op] = {Fold.MAX: Op.MAX, Fold.MIN: Op.MIN}
_OF_ITSELF: Mapping[Op, Op] = {Op.MUL: Op.SQUARE, Op.MAX: Op.IDENTITY, Op.MIN: Op.IDENTITY}
"""What an operator of two operands is where both are one tensor."""

_COMPARED: Mapping[Op, Op] = {
    Op.LESS: Op.POSITIVE,
    Op.LESS_EQUAL: Op.NONNEGATIVE,
    Op.EQUAL: Op.ZERO,
}
"""What a comparison of x and y asks of y - x."""

LOWERED = frozenset({Op.DIV, *_COMPARED})
"""The elementwise operators that have no rules of their own, for they are always lowered."""


def lowered(
    node: Node, shapes: Mapping[str, Shape], constants: Container[str], taken: frozenset[str]
) -> Builder | None:
    """The nodes by which a node that is not affine is bounded; None if by itself.

    `constants` are the tensors known as constants, `taken` the names that are no more free.
    """
    builder = Builder(node.name, taken)
    operands = tuple(_named(name, shapes) for name in node.operands)
    found = _rule(node, constants)(builder, node, operands)
    if found is None:
        return None
    if found.shape != node.shape:
        found = builder.apply(Op.RESHAPE, found, shape=node.shape)
    builder.nodes[-1] = replace(found, name=node.name)
    return builder


def _named(name: str, shapes: Mapping[str, Shape]) -> Node:
    """Some tensor: all that is asked of an operand is its name and shape."""
    return Node(name, Op.IDENTITY, (), (), shapes[name])


def _rule(node: Node, constants: Container[str]) -> Lower:
    if node.op is Op.DIV and node.operands[1] not in constants:
        return _quotient
    if node.op in _OF_ITSELF:
        return _pair
    if node.op in _COMPARED:
        return _comparison
    if node.op is Op.WHERE:
        return _choice
    return _itself if ROW[node.op].plan is None else _plan


def _itself(_builder: Builder, _node: Node, _operands: tuple[Node, ...]) -> Node | None:
    return None


def _quotient(builder: Builder, node: Node, operands: tuple[Node, ...]) -> Node | None:
    """As x / y = x · (1 / y): neither has a value where y is 0."""
    inverse = builder.apply(Op.RECIPROCAL, operands[1])
    return _product(builder, operands[0], inverse, node.shape)


def _product(builder: Builder, left: Node, right: Node, shape: Shape) -> Node:
    return builder.apply(Op.MUL, _spread(builder, left, shape), _spread(builder, right, shape))


def _spread(builder: Builder, operand: Node, shape: Shape) -> Node:
    return operand if operand.shape == shape else builder.apply(Op.EXPAND, operand, shape=shape)


def _pair(builder: Builder, node: Node, operands: tuple[Node, ...]) -> Node | None:
    """Both operands of the node's shape; a tensor paired with itself is alone."""
    left, right = operands
    if left.name == right.name:
        return builder.apply(_OF_ITSELF[node.op], left)
    if left.shape == right.shape:
        return None
    return builder.apply(
        node.op, _spread(builder, left, node.shape), _spread(builder, right, node.shape)
    )


def _comparison(builder: Builder, node: Node, operands: tuple[Node, ...]) -> Node | None:
    """As x < y where 0 < y - x, and so on: a difference compared with 0."""
    difference = builder.apply(Op.SUB, operands[1], operands[0])
    return builder.apply(_COMPARED[node.op], difference)


def _choice(builder: Builder, node: Node, operands: tuple[Node, ...]) -> Node | None:
    """All operands of the node's shape; between a tensor and itself there is no choice."""
    if operands[1].name == operands[2].name:
        return builder.apply(Op.IDENTITY, _spread(builder, operands[1], node.shape))
    if all(one.shape == node.shape for one in operands):
        return None
    return builder.apply(Op.WHERE, *(_spread(builder, one, node.shape) for one in operands))


def _plan(builder: Builder, node: Node, operands: tuple[Node, ...]) -> Node | None:
    """A sum of the summands, each lowered by its form; None where one has another form."""
    rule = ROW[node.op].plan
    if rule is None:
        return None
    total: Node | None = None
    for summand in rule(tuple(one.shape for one in operands), dict(node.attributes)):
        part = _summand(builder, summand, tuple(operands[place] for place in summand.operands))
        if part is None:
            return None
        if summand.factor != 1:
            part = builder.apply(Op.MUL, part, builder.constant(summand.factor))
        total = part if total is None else builder.apply(Op.ADD, total, part)
    return total


def _summand(builder: Builder, summand: Summand, operands: tuple[Node, ...]) -> Node | None:
    """The entries of a summand without its factor, laid out in one row."""
    match summand.form:
        case Reduction(index, fold) if fold in _FOLDS:
            return _tree(builder, _FOLDS[fold], operands[0], index)
        case Contraction() as contraction:
            return _contraction(builder, contraction, operands)
        case _:
            return _linear(builder, summand, operands)


def _linear(builder: Builder, summand: Summand, operands: tuple[Node, ...]) -> Node | None:
    """A selection from one operand, as that of an added bias; None for what is no such thing."""
    if len(operands) != 1 or isinstance(summand.form, Reduction | Contraction):
        return None
    return _gather(builder, operands[0], summand.form.index)


def _gather(builder: Builder, operand: Node, index: Index) -> Node:
    """out[p] = entry index[p] of the operand, in the shape of the index; 0 where it is absent."""
    flat = _flat(builder, operand)
    if (index == ABSENT).any():
        zero = builder.apply(Op.RESHAPE, builder.constant(0), shape=(1,))
        flat = builder.apply(Op.CONCAT, flat, zero, axis=0)
        index = np.where(index == ABSENT, flat.shape[0] - 1, index)
    indices = tuple(int(place) for place in index.ravel())
    return builder.apply(Op.GATHER, flat, axis=0, indices=indices, shape=index.shape)


def _flat(builder: Builder, operand: Node) -> Node:
    if len(operand.shape) == 1:
        return operand
    return builder.apply(Op.RESHAPE, operand, shape=(prod(operand.shape),))


def _tree(builder: Builder, op: Op, operand: Node, index: Index) -> Node:
    """The greatest or least of each row's entries: the better of two halves, again and again.

    Halves of an odd row share its middle entry, which changes no maximum.
    """
    while (terms := index.shape[1]) > 1:
        half = (terms + 1) // 2
        flat = _flat(builder, operand)
        parts = (index[:, :half], index[:, terms - half :])
        operand = builder.apply(op, *(_gather(builder, flat, part) for part in parts))
        index = np.arange(index.shape[0] * half, dtype=np.int64).reshape(-1, half)
    return _gather(builder, operand, index[:, 0])


def _contraction(
    builder: Builder, contraction: Contraction, operands: tuple[Node, ...]
) -> Node | None:
    """Each product of two entries, then their sums, in the stated order."""
    blocks, rows, terms = contraction.left.shape
    shape = (blocks, rows, contraction.right.shape[1], terms)
    left = np.broadcast_to(contraction.left[:, :, None, :], shape)
    right = np.broadcast_to(contraction.right[:, None, :, :], shape)
    factors = _gather(builder, operands[0], left), _gather(builder, operands[1], right)
    sums = builder.apply(Op.REDUCE_SUM, builder.apply(Op.MUL, *factors), axes=(3,), keepdims=0)
    return _gather(builder, sums, contraction.order)
