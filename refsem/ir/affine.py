"""The dot-product lift: affine nodes as exact linear maps, forwards, backwards and on intervals.

This is the only hand-written matrix code that propagation and replay trust. An affine node is
Σ mapᵢ(operandᵢ) + constant, each map a chain of steps on flattened tensors:

- `Gather`: out[j] = in[index[j]] (reshape, transpose, broadcast);
- `Scale`: out[j] = factor[j] · in[j];
- `Matrix`: out[b·n + j] = Σ_k in[b·m + k] · W[k, j] for blocks b (matmul, gemm).

Each step states three things: its value (`forward`), its adjoint, and its image of an interval
(`interval`), which for a weight w is w⁺·l + w⁻·u below and w⁺·u + w⁻·l above: the scaling rule
and the addition rule, summed over any number of terms by induction. The tests hold each step
against the rules evaluated one entry at a time.

Rows: every tensor here has shape (rows, size); a row is one point, one box or one target.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod

import numpy as np
import numpy.typing as npt
from flint import fmpz_mat
from gmpy2 import mpq

from refsem.exact.tensor import (
    ExactTensor,
    IntegerArray,
    concatenate,
    integer_matrix,
    integer_product,
)
from refsem.ir.graph import Node
from refsem.ir.operators import Op, Shape, integers

Bounds = tuple[ExactTensor, ExactTensor]


@dataclass(frozen=True, slots=True, eq=False)
class Gather:
    """out[j] = in[index[j]]."""

    index: npt.NDArray[np.int64]
    inputs: int

    def forward(self, value: ExactTensor) -> ExactTensor:
        """The image of each row."""
        return value[:, self.index]

    def adjoint(self, coefficients: ExactTensor) -> ExactTensor:
        """The coefficients on the input that give the same sum as these on the output."""
        gathered = np.zeros((coefficients.shape[0], self.inputs), dtype=object)
        if len(np.unique(self.index)) == len(self.index):
            gathered[:, self.index] = coefficients.numerators
        else:
            np.add.at(gathered.T, self.index, coefficients.numerators.T)
        return ExactTensor(gathered, coefficients.exponent, coefficients.odd)

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

    def interval(self, bounds: Bounds) -> Bounds:
        """The image of a box: the ends trade places where the factor is negative."""
        one, other = bounds[0] * self.factor, bounds[1] * self.factor
        return one.minimum(other), one.maximum(other)


@dataclass(frozen=True, slots=True, eq=False)
class Matrix:
    """out[b·n + j] = Σ_k in[b·m + k] · W[k, j], with W = numerators / (2^exponent · odd)."""

    blocks: int
    whole: fmpz_mat
    positive: fmpz_mat
    negative: fmpz_mat
    transposed: fmpz_mat
    exponent: int
    odd: int

    @classmethod
    def of(cls, blocks: int, weight: ExactTensor) -> "Matrix":
        """The step that multiplies each of `blocks` blocks by this weight matrix."""
        zero = ExactTensor.full((), mpq(0))
        return cls(
            blocks,
            integer_matrix(weight.numerators),
            integer_matrix(weight.maximum(zero).numerators),
            integer_matrix(weight.minimum(zero).numerators),
            integer_matrix(weight.numerators.T),
            weight.exponent,
            weight.odd,
        )

    def _times(self, value: ExactTensor, *matrices: fmpz_mat) -> list[IntegerArray]:
        rows, inner = value.shape[0], matrices[0].nrows()
        left = integer_matrix(value.numerators.reshape(rows * self.blocks, inner))
        return [
            integer_product(left, matrix).reshape(rows, self.blocks * matrix.ncols())
            for matrix in matrices
        ]

    def _scaled(self, numerators: IntegerArray, value: ExactTensor) -> ExactTensor:
        return ExactTensor(numerators, value.exponent + self.exponent, value.odd * self.odd)

    def forward(self, value: ExactTensor) -> ExactTensor:
        """The image of each row."""
        return self._scaled(self._times(value, self.whole)[0], value)

    def adjoint(self, coefficients: ExactTensor) -> ExactTensor:
        """The coefficients on the input that give the same sum as these on the output."""
        return self._scaled(self._times(coefficients, self.transposed)[0], coefficients)

    def interval(self, bounds: Bounds) -> Bounds:
        """The image of a box: W⁺·l + W⁻·u below, W⁺·u + W⁻·l above."""
        ends = concatenate(bounds, axis=0)
        through_positive, through_negative = self._times(ends, self.positive, self.negative)
        rows = bounds[0].shape[0]
        return (
            self._scaled(through_positive[:rows] + through_negative[rows:], ends),
            self._scaled(through_positive[rows:] + through_negative[:rows], ends),
        )


Step = Gather | Scale | Matrix


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


class NotAffineError(ValueError):
    """A product that has no affine map here; `node` names it."""

    def __init__(self, node: str, message: str) -> None:
        super().__init__(f"tensor {node!r}: {message}")
        self.node = node


def affine_node(
    node: Node, shapes: Mapping[str, Shape], constants: Mapping[str, ExactTensor]
) -> AffineNode:
    """The affine map of a node, given the values of its constant operands as (1, size) rows.

    Raises `NotAffineError` for a product of two operands of which neither is constant, or whose
    constant one is not a matrix.
    """
    zero = ExactTensor.full((1, node.size), mpq(0))
    parts = _PARTS[node.op](node, shapes, constants)
    pieces = tuple(part for part in parts if part.operand not in constants)
    known = AffineNode(tuple(part for part in parts if part.operand in constants), zero)
    return AffineNode(pieces, known.forward(constants))


Parts = Callable[[Node, Mapping[str, Shape], Mapping[str, ExactTensor]], tuple[Piece, ...]]


def _spread(source: Shape, target: Shape) -> tuple[Step, ...]:
    """The steps that broadcast a shape to another."""
    if source == target:
        return ()
    index = np.arange(prod(source), dtype=np.int64).reshape(source)
    return (Gather(np.broadcast_to(index, target).ravel(), prod(source)),)


def _permuted(source: Shape, axes: tuple[int, ...]) -> tuple[Step, ...]:
    """The steps that permute the axes of a tensor."""
    if axes == tuple(range(len(source))):
        return ()
    index = np.arange(prod(source), dtype=np.int64).reshape(source)
    return (Gather(index.transpose(axes).ravel(), prod(source)),)


def _factor(value: mpq) -> tuple[Step, ...]:
    return () if value == 1 else (Scale(ExactTensor.full((1, 1), value)),)


def _sum(
    node: Node, shapes: Mapping[str, Shape], _constants: Mapping[str, ExactTensor]
) -> tuple[Piece, ...]:
    signs = (mpq(1), mpq(-1) if node.op is Op.SUB else mpq(1))
    return tuple(
        Piece(name, _spread(shapes[name], node.shape) + _factor(sign))
        for name, sign in zip(node.operands, signs, strict=True)
    )


def _product(
    node: Node, shapes: Mapping[str, Shape], constants: Mapping[str, ExactTensor]
) -> tuple[Piece, ...]:
    variable, constant = _variable_and_constant(node, constants)
    factor = Piece(constant, _spread(shapes[constant], node.shape)).forward(constants[constant])
    return (Piece(variable, (*_spread(shapes[variable], node.shape), Scale(factor))),)


def _variable_and_constant(node: Node, constants: Mapping[str, ExactTensor]) -> tuple[str, str]:
    """The operand a product is taken to be linear in, and the constant one."""
    left, right = node.operands[:2]
    if right in constants:
        return left, right
    if left in constants:
        return right, left
    raise NotAffineError(node.name, "a product of two variable tensors is not affine")


def _contraction(
    node: Node,
    matrices: tuple[Shape, Shape],
    transposed: tuple[bool, bool],
    factor: mpq,
    constants: Mapping[str, ExactTensor],
) -> Piece:
    """The piece of factor · left' · right', linear in whichever operand is not constant."""
    variable, constant = _variable_and_constant(node, constants)
    swapped = constant == node.operands[0] and variable != constant
    weight_shape, value_shape = matrices if swapped else matrices[::-1]
    if len(weight_shape) != 2:
        message = f"the constant factor of a product has shape {list(weight_shape)}, not a matrix"
        raise NotAffineError(node.name, message)
    weight_transposed, value_transposed = transposed if swapped else transposed[::-1]
    weight = constants[constant].reshape(*weight_shape) * ExactTensor.full((1, 1), factor)
    # Linear in the left operand: rows of it times W. In the right one: columns times Wᵀ.
    if weight_transposed != swapped:
        weight = weight.transpose((1, 0))
    axes = tuple(range(len(value_shape)))
    turned = (*axes[:-2], axes[-1], axes[-2])
    before = _permuted(value_shape, turned if value_transposed != swapped else axes)
    rows = prod(value_shape) // max(weight.shape[0], 1)
    step = Matrix.of(rows, weight)
    if not swapped:
        return Piece(variable, (*before, step))
    inner = value_shape[-2] if value_transposed else value_shape[-1]
    after = _permuted((*value_shape[:-2], inner, weight.shape[1]), turned)
    return Piece(variable, (*before, step, *after))


def _matmul(
    node: Node, shapes: Mapping[str, Shape], constants: Mapping[str, ExactTensor]
) -> tuple[Piece, ...]:
    left, right = (shapes[name] for name in node.operands)
    matrices = (left if len(left) > 1 else (1, *left), right if len(right) > 1 else (*right, 1))
    return (_contraction(node, matrices, (False, False), mpq(1), constants),)


def _gemm(
    node: Node, shapes: Mapping[str, Shape], constants: Mapping[str, ExactTensor]
) -> tuple[Piece, ...]:
    left, right, addend = node.operands
    transposed = (bool(node.attribute("transA")), bool(node.attribute("transB")))
    alpha, beta = mpq(node.attribute("alpha")), mpq(node.attribute("beta"))
    product = _contraction(node, (shapes[left], shapes[right]), transposed, alpha, constants)
    return (
        product,
        Piece(addend, _spread(shapes[addend], node.shape) + _factor(beta)),
    )


def _renamed(
    node: Node, _shapes: Mapping[str, Shape], _constants: Mapping[str, ExactTensor]
) -> tuple[Piece, ...]:
    return (Piece(node.operands[0], ()),)


def _negated(
    node: Node, _shapes: Mapping[str, Shape], _constants: Mapping[str, ExactTensor]
) -> tuple[Piece, ...]:
    return (Piece(node.operands[0], _factor(mpq(-1))),)


def _transpose(
    node: Node, shapes: Mapping[str, Shape], _constants: Mapping[str, ExactTensor]
) -> tuple[Piece, ...]:
    axes = integers(node.attribute("axes"))
    return (Piece(node.operands[0], _permuted(shapes[node.operands[0]], axes)),)


_PARTS: Mapping[Op, Parts] = {
    Op.ADD: _sum,
    Op.SUB: _sum,
    Op.NEG: _negated,
    Op.MUL: _product,
    Op.MATMUL: _matmul,
    Op.GEMM: _gemm,
    Op.RESHAPE: _renamed,
    Op.IDENTITY: _renamed,
    Op.TRANSPOSE: _transpose,
}

AFFINE_OPERATORS = frozenset(_PARTS)
