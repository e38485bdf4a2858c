"""The dot-product lift: affine nodes as exact linear maps, forwards, backwards and on intervals.

This and `refsem.ir.steps` are the only hand-written matrix code that propagation and replay
trust. An affine node is Σ mapᵢ(operandᵢ) + constant, each map a chain of steps. Nothing is stated
here about any operator: whether a node is affine in those of its operands that are not constant,
and with which map, is read off the catalogue's term or plan.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from gmpy2 import mpq

from refsem.exact.tensor import ExactTensor
from refsem.ir.graph import Node
from refsem.ir.linear_terms import NotLinear, linear_reading
from refsem.ir.operators import OPERANDS, ROW, Shape
from refsem.ir.plans import (
    ABSENT,
    Contraction,
    Fold,
    Index,
    Plan,
    Reduction,
    Selection,
    Summand,
    positions,
)
from refsem.ir.steps import Bounds, Gather, Matrix, Scale, Step, Total


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """One operand of an affine node and the chain of steps applied to it."""

    operand: str
    steps: tuple[Step, ...]

    def forward(self, value: ExactTensor) -> ExactTensor:
        """The image of each row."""
        for step in self.steps:
            value = step.forward(value)
        return value

    def adjoint(self, coefficients: ExactTensor) -> ExactTensor:
        """The coefficients pulled back to the operand."""
        for step in reversed(self.steps):
            coefficients = step.adjoint(coefficients)
        return coefficients

    def interval(self, bounds: Bounds) -> Bounds:
        """The image of a box, step by step."""
        for step in self.steps:
            bounds = step.interval(bounds)
        return bounds


@dataclass(frozen=True, slots=True, eq=False)
class AffineNode:
    """value = Σ pieces + constant, the constant of shape (1, size)."""

    pieces: tuple[Piece, ...]
    constant: ExactTensor

    def forward(self, values: Mapping[str, ExactTensor]) -> ExactTensor:
        """The value for each row of the operands' values."""
        total = self.constant
        for piece in self.pieces:
            total = total + piece.forward(values[piece.operand])
        return total

    def interval(self, bounds: Mapping[str, Bounds]) -> Bounds:
        """The interval image of the operands' boxes."""
        lower, upper = self.constant, self.constant
        for piece in self.pieces:
            image = piece.interval(bounds[piece.operand])
            lower, upper = lower + image[0], upper + image[1]
        return lower, upper


@dataclass(frozen=True, slots=True)
class NotAffine:
    """A node that has no affine map, and why."""

    reason: str


def affine_node(
    node: Node, shapes: Mapping[str, Shape], constants: Mapping[str, ExactTensor]
) -> AffineNode | NotAffine:
    """The affine map of a node, given the values of its constant operands as (1, size) rows."""
    row = ROW[node.op]
    if row.meaning is not None:
        return _of_term(node, shapes, constants)
    if row.plan is None:
        return NotAffine(f"{node.op.value} is a source")
    operands = tuple(shapes[name] for name in node.operands)
    return _of_plan(node, row.plan(operands, dict(node.attributes)), shapes, constants)


def spread_steps(source: Shape, target: Shape) -> tuple[Step, ...]:
    """The steps that broadcast a shape to another."""
    if source == target:
        return ()
    index = np.broadcast_to(positions(source), target)
    return (Gather(np.ascontiguousarray(index).ravel(), int(np.prod(source))),)


# elementwise: affine where the term is linear in what is not constant


def _of_term(
    node: Node, shapes: Mapping[str, Shape], constants: Mapping[str, ExactTensor]
) -> AffineNode | NotAffine:
    """The map of an elementwise node."""
    places = dict(zip(OPERANDS, node.operands, strict=False))
    known = attribute_values(node)
    for name, operand in places.items():
        if operand in constants:
            steps = spread_steps(shapes[operand], node.shape)
            known[name] = Piece(operand, steps).forward(constants[operand])
    meaning = ROW[node.op].meaning
    if meaning is None:
        raise TypeError(f"{node.op.value} has no elementwise meaning")
    linear = linear_reading(meaning, known)
    if isinstance(linear, NotLinear):
        return NotAffine(linear.reason)
    pieces = tuple(
        Piece(places[name], (*spread_steps(shapes[places[name]], node.shape), *_scaled(factor)))
        for name, factor in linear.factors.items()
    )
    return AffineNode(pieces, linear.constant.broadcast_to((1, node.size)))


def attribute_values(node: Node) -> dict[str, ExactTensor]:
    """The numeric attributes of a node as (1, 1) rows."""
    return {
        name: ExactTensor.full((1, 1), mpq(value))
        for name, value in node.attributes
        if not isinstance(value, tuple | str)
    }


def _scaled(factor: ExactTensor) -> tuple[Step, ...]:
    if factor.size == 1 and factor.rationals() == [mpq(1)]:
        return ()
    return (Scale(factor),)


# plans: selections, sums and means are linear, contractions with one constant operand too


def _of_plan(
    node: Node, plan: Plan, shapes: Mapping[str, Shape], constants: Mapping[str, ExactTensor]
) -> AffineNode | NotAffine:
    """The map of a node that a plan describes."""
    pieces: list[Piece] = []
    constant = ExactTensor.full((1, node.size), mpq(0))
    for summand in plan:
        names = tuple(node.operands[place] for place in summand.operands)
        found = _summand_pieces(summand, names, shapes, constants)
        if isinstance(found, NotAffine):
            return found
        for piece in found:
            if piece.operand in constants:
                constant = constant + piece.forward(constants[piece.operand])
            else:
                pieces.append(piece)
    return AffineNode(tuple(pieces), constant)


def _summand_pieces(
    summand: Summand,
    names: tuple[str, ...],
    shapes: Mapping[str, Shape],
    constants: Mapping[str, ExactTensor],
) -> tuple[Piece, ...] | NotAffine:
    factor = ExactTensor.full((1, 1), summand.factor)
    match summand.form:
        case Selection(index):
            sizes = [int(np.prod(shapes[name])) for name in names]
            return tuple(
                Piece(name, (*_gathered(part, size), *_scaled(factor)))
                for name, part, size in zip(names, _parts(index, sizes), sizes, strict=True)
            )
        case Reduction() as reduction:
            return _reduced(reduction, names[0], int(np.prod(shapes[names[0]])), factor)
        case Contraction() as contraction:
            return _contracted(contraction, names, shapes, constants, factor)


def _parts(index: Index, sizes: list[int]) -> list[Index]:
    """The index into operands laid end to end as an index into each of them."""
    parts, offset = [], 0
    for size in sizes:
        own = (index >= offset) & (index < offset + size)
        parts.append(np.where(own, index - offset, ABSENT))
        offset += size
    return parts


def _gathered(index: Index, inputs: int) -> tuple[Step, ...]:
    """The gather, unless it changes nothing."""
    if index.size == inputs and bool((index == np.arange(inputs)).all()):
        return ()
    return (Gather(index, inputs),)


def _reduced(
    reduction: Reduction, name: str, inputs: int, factor: ExactTensor
) -> tuple[Piece, ...] | NotAffine:
    if reduction.fold not in {Fold.SUM, Fold.MEAN}:
        return NotAffine(f"a {reduction.fold.value} is not affine")
    outputs, terms = reduction.index.shape
    if reduction.fold is Fold.MEAN:
        shares = (mpq(1, int(divisor)) for divisor in reduction.divisors)
        factor = factor * ExactTensor.from_rationals(shares, (1, outputs))
    gathered = _gathered(reduction.index.ravel(), inputs)
    return (Piece(name, (*gathered, Total(outputs, terms), *_scaled(factor))),)


def _contracted(
    contraction: Contraction,
    names: tuple[str, ...],
    shapes: Mapping[str, Shape],
    constants: Mapping[str, ExactTensor],
    factor: ExactTensor,
) -> tuple[Piece, ...] | NotAffine:
    """The piece linear in whichever operand is not constant (the left one if both are)."""
    left, right, order = contraction.left, contraction.right, contraction.order
    if names[1] in constants:
        variable, constant = names
    elif names[0] in constants:
        constant, variable = names
        left, right = right, left
        turned = positions((left.shape[0], left.shape[1], right.shape[1])).swapaxes(1, 2)
        order = turned.ravel()[order]
    else:
        return NotAffine("a product of two variable tensors is not affine")
    weight = Gather(right.ravel(), 0).forward(constants[constant])
    for scaling in _scaled(factor):
        weight = scaling.forward(weight)
    matrix = Matrix.of(left.shape[1], weight.reshape(*right.shape).transpose((0, 2, 1)))
    inputs = int(np.prod(shapes[variable]))
    produced = left.shape[0] * left.shape[1] * right.shape[1]
    steps = (*_gathered(left.ravel(), inputs), matrix, *_gathered(order, produced))
    return (Piece(variable, steps),)
