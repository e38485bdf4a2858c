"""A whole graph as executed: between which numbers every permitted execution lies.

Each operation is rounded to nearest in binary32, or more precisely; the order of the sums of a
contraction, its formats (binary32 or wider), fused products and a bias added within it are left
open. From the inputs' bits exact intervals follow: elementwise operations round monotonely, and a
contraction of n terms, each of which passes through at most n + 3 roundings, stays within
γ·Σ|terms| + (2n + 4)·2^-149 of its exact value, γ = r·u/(1 − r·u), r = n + 3, u = 2^-24 (Higham
2002, §3.1; the last summand for products below the normal range).

Not here: functions such as tanh, whose accuracy is the platform's own, and graph optimisers that
change the graph. An execution that may overflow is not judged.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from gmpy2 import mpq

from refsem.errors import InputError
from refsem.ir.graph import Graph, Node
from refsem.ir.operators import Op, integers
from refsem.kernel.loops import Array
from refsem.rounding import BINARY32, Mode, exact_value, power_of_two, round_to

UNIT, LEAST, OVERFLOW = power_of_two(-24), power_of_two(-149), power_of_two(127)
_EXACT = np.vectorize(lambda bits: exact_value(BINARY32, int(bits)), otypes=[object])


class MayOverflowError(ArithmeticError):
    """An execution may leave the finite numbers."""


@dataclass(frozen=True, slots=True, eq=False)
class Between:
    """Arrays of rationals between which the entries of a tensor lie."""

    lower: Array
    upper: Array

    @property
    def magnitude(self) -> Array:
        """The greatest magnitude of each entry."""
        return np.asarray(np.maximum(abs(self.lower), abs(self.upper)))


def exactly(bits: Array) -> Between:
    """The values of finite patterns."""
    values = _EXACT(bits) if bits.size else np.empty(bits.shape, object)
    return Between(values, values)


SUPPORTED = (
    *(Op.INPUT, Op.CONSTANT, Op.ADD, Op.SUB, Op.MUL, Op.MATMUL, Op.GEMM),
    *(Op.RELU, Op.RESHAPE, Op.TRANSPOSE, Op.IDENTITY),
)


def check_supported(graph: Graph, file: str) -> None:
    """Nothing if every execution of the graph can be enclosed; `InputError` naming an operator."""
    for node in graph.nodes:
        if node.op not in SUPPORTED:
            message = f"{node.op.value} is not judged: its accuracy is the platform's own"
            raise InputError(file, node.name, message)


def executions(graph: Graph, inputs: Mapping[str, Array]) -> dict[str, Between]:
    """Between which numbers the outputs lie, for the bits of the inputs.

    Raises `MayOverflowError` where an execution may.
    """
    values: dict[str, Between] = {}
    terms: dict[str, int] = {}
    for node in graph.nodes:
        if node.op is Op.INPUT:
            values[node.name] = exactly(inputs[node.name])
        elif node.op is Op.CONSTANT:
            values[node.name] = exactly(graph.constants[node.name])
        else:
            values[node.name] = _executed(node, values, terms)
        _check_finite(values[node.name])
    return {name: values[name] for name in graph.outputs}


def _check_finite(value: Between) -> None:
    if value.lower.size and bool((value.magnitude >= OVERFLOW).any()):
        raise MayOverflowError


def _executed(node: Node, values: Mapping[str, Between], terms: dict[str, int]) -> Between:
    """One node; `terms` remembers how many terms the sums of contractions have."""
    operands = [values[name] for name in node.operands]
    match node.op:
        case Op.MATMUL:
            terms[node.name] = operands[0].lower.shape[-1]
            return contracted(operands[0], operands[1], None, mpq(1), mpq(1))
        case Op.GEMM:
            left, right = _turned(node, operands)
            terms[node.name] = left.lower.shape[-1]
            scale, bias = mpq(node.attribute("alpha")), mpq(node.attribute("beta"))
            return contracted(left, right, operands[2], scale, bias)
        case Op.ADD | Op.SUB | Op.MUL:
            count = max((terms.get(name, 0) for name in node.operands), default=0)
            return _elementwise(node.op, operands[0], operands[1], count)
        case _:
            return _moved(node, operands[0])


def _moved(node: Node, x: Between) -> Between:
    """ReLU, and what only rearranges entries."""
    match node.op:
        case Op.RELU:
            return Between(np.maximum(x.lower, mpq(0)), np.maximum(x.upper, mpq(0)))
        case Op.RESHAPE:
            return Between(x.lower.reshape(node.shape), x.upper.reshape(node.shape))
        case Op.TRANSPOSE:
            axes = integers(node.attribute("axes"))
            return Between(x.lower.transpose(axes), x.upper.transpose(axes))
        case Op.IDENTITY:
            return x
        case _:
            raise TypeError(f"{node.op.value} is not judged")


def _turned(node: Node, operands: list[Between]) -> tuple[Between, Between]:
    """The factors of a gemm as it multiplies them."""
    left, right = operands[0], operands[1]
    if node.attribute("transA"):
        left = Between(left.lower.T, left.upper.T)
    if node.attribute("transB"):
        right = Between(right.lower.T, right.upper.T)
    return left, right


def _products(x: Between, y: Between) -> Between:
    """The exact products of entries."""
    corners = [a * b for a in (x.lower, x.upper) for b in (y.lower, y.upper)]
    return Between(np.minimum.reduce(corners), np.maximum.reduce(corners))


def contracted(
    left: Between, right: Between, bias: Between | None, alpha: mpq, beta: mpq
) -> Between:
    """Sums of products, in any order; the bias may be added anywhere among them."""
    wide = Between(left.lower[..., :, None], left.upper[..., :, None])
    if right.lower.ndim == 1:
        wide = left
    elif left.lower.ndim > 1:
        right = Between(right.lower[..., None, :, :], right.upper[..., None, :, :])
    terms = _products(wide, right)
    axis = -1 if right.lower.ndim == 1 else -2
    count = terms.lower.shape[axis]
    lower, upper = terms.lower.sum(axis=axis), terms.upper.sum(axis=axis)
    size = terms.magnitude.sum(axis=axis)
    ends = np.minimum(alpha * lower, alpha * upper), np.maximum(alpha * lower, alpha * upper)
    size = abs(alpha) * size
    if bias is not None:
        scaled = beta * bias.lower, beta * bias.upper
        ends = ends[0] + np.minimum(*scaled), ends[1] + np.maximum(*scaled)
        size = size + abs(beta) * bias.magnitude
    error = _relative(count) * size + (2 * count + 4) * LEAST * max(1, abs(alpha))
    return Between(ends[0] - error, ends[1] + error)


def _relative(count: int) -> mpq:
    roundings = (count + 3) * UNIT
    return roundings / (1 - roundings)


def _elementwise(op: Op, x: Between, y: Between, count: int) -> Between:
    """One rounding; an operand that is a sum of `count` terms may have taken the other in."""
    match op:
        case Op.ADD:
            ends = Between(x.lower + y.lower, x.upper + y.upper)
        case Op.SUB:
            ends = Between(x.lower - y.upper, x.upper - y.lower)
        case _:
            ends = _products(x, y)
    slack = mpq(0)
    if count and op is not Op.MUL:
        slack = _relative(count) * (x.magnitude + y.magnitude)
    return Between(_rounded(ends.lower - slack), _rounded(ends.upper + slack))


def _rounded(values: Array) -> Array:
    """Entries rounded to nearest; `MayOverflowError` for those too great."""
    if values.size and bool((abs(values) >= OVERFLOW).any()):
        raise MayOverflowError
    nearest = np.vectorize(
        lambda value: exact_value(BINARY32, round_to(BINARY32, Mode.RNE, value, 0)),
        otypes=[object],
    )
    return np.asarray(nearest(values)) if values.size else values
