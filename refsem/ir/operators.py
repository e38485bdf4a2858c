"""The operator catalogue: one row an operator, with the one real meaning it has.

A row states arity, attributes, the shape rule and the meaning. The meaning of an elementwise
operator is a term in x, y, z (its operands) and the names of its numeric attributes, applied to
every entry after broadcasting; the rest either rearrange entries or are contractions, whose
entries are finite sums of products (the dot-product lift of `refsem.ir.affine`). Executed
(rounded) expansions are not stated here.

Edge cases: a contraction over an axis of length zero is 0; tensors of size zero are allowed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from math import prod
from typing import TypeAlias

from gmpy2 import mpq

from refsem.exact.functions import Function
from refsem.ir.terms import Term, applied, maximum, minimum, select, substitute, variables

Shape = tuple[int, ...]
Attribute: TypeAlias = int | mpq | tuple[int, ...]
Attributes = Mapping[str, Attribute]
ShapeRule = Callable[[tuple[Shape, ...], Attributes], Shape]


class Op(Enum):
    """The operators a graph may contain; the value is the printed tag."""

    INPUT = "input"
    CONSTANT = "constant"
    ADD = "add"
    SUB = "sub"
    MUL = "mul"
    MATMUL = "matmul"
    GEMM = "gemm"
    RELU = "relu"
    NEG = "neg"
    DIV = "div"
    ABS = "abs"
    MAX = "max"
    MIN = "min"
    CLIP = "clip"
    LEAKY_RELU = "leaky_relu"
    PRELU = "prelu"
    HARD_SIGMOID = "hard_sigmoid"
    HARD_SWISH = "hard_swish"
    SQUARE = "square"
    CUBE = "cube"
    POWER4 = "power4"
    POWER5 = "power5"
    POWER6 = "power6"
    POWER7 = "power7"
    POWER8 = "power8"
    EXP = "exp"
    LOG = "log"
    SOFTPLUS = "softplus"
    TANH = "tanh"
    SIGMOID = "sigmoid"
    SIN = "sin"
    COS = "cos"
    SQRT = "sqrt"
    RECIPROCAL = "reciprocal"
    RESHAPE = "reshape"
    TRANSPOSE = "transpose"
    IDENTITY = "identity"


class ShapeError(ValueError):
    """Operand shapes or attributes to which an operator does not apply."""


@dataclass(frozen=True, slots=True)
class OperatorRow:
    """What an operator takes and means."""

    op: Op
    arity: int
    attributes: tuple[str, ...]
    shape: ShapeRule
    statement: str
    meaning: Term | None
    """The elementwise meaning in variables x, y, z and attributes' names; None for the rest."""


def _declared(_operands: tuple[Shape, ...], attributes: Attributes) -> Shape:
    shape = integers(attributes["shape"])
    if min(shape, default=0) < 0:
        raise ShapeError(f"{list(shape)} is not a shape: a length is negative")
    return shape


def _same(operands: tuple[Shape, ...], attributes: Attributes) -> Shape:
    for name, value in attributes.items():
        if isinstance(value, tuple):
            raise ShapeError(f"{name} is {list(value)}, a number expected")
    return operands[0]


def _broadcast(operands: tuple[Shape, ...], _attributes: Attributes) -> Shape:
    left, right = operands
    rank = max(len(left), len(right))
    pairs = zip((1,) * (rank - len(left)) + left, (1,) * (rank - len(right)) + right, strict=True)
    result = []
    for a, b in pairs:
        if a != b and 1 not in (a, b):
            raise ShapeError(f"shapes {list(left)} and {list(right)} do not broadcast")
        result.append(b if a == 1 else a)
    return tuple(result)


def _matmul(operands: tuple[Shape, ...], _attributes: Attributes) -> Shape:
    left, right = operands
    if len(left) < 1 or (len(right) != 2 and len(left) != 2) or len(right) < 1:
        raise ShapeError(f"matmul of {list(left)} and {list(right)}: one operand must be a matrix")
    if len(right) == 2:
        if left[-1] != right[0]:
            raise ShapeError(f"matmul of {list(left)} and {list(right)}: inner lengths differ")
        return (*left[:-1], right[1])
    if left[1] != right[-min(2, len(right))]:
        raise ShapeError(f"matmul of {list(left)} and {list(right)}: inner lengths differ")
    return (left[0],) if len(right) == 1 else (*right[:-2], left[0], right[-1])


def _gemm(operands: tuple[Shape, ...], attributes: Attributes) -> Shape:
    a, b, c = operands
    for name in ("alpha", "beta"):
        if isinstance(attributes[name], tuple):
            raise ShapeError(f"gemm: {name} is {attributes[name]}, a number expected")
    for name in ("transA", "transB"):
        if attributes[name] not in {0, 1}:
            raise ShapeError(f"gemm: {name} is {attributes[name]}, 0 or 1 expected")
    if len(a) != 2 or len(b) != 2:
        raise ShapeError(f"gemm of {list(a)} and {list(b)}: both must be matrices")
    rows, inner = a[::-1] if attributes["transA"] else a
    other, columns = b[::-1] if attributes["transB"] else b
    if inner != other:
        raise ShapeError(f"gemm of {list(a)} and {list(b)}: inner lengths differ")
    if _broadcast((c, (rows, columns)), {}) != (rows, columns):
        raise ShapeError(f"gemm: {list(c)} does not broadcast to {[rows, columns]}")
    return rows, columns


def _reshape(operands: tuple[Shape, ...], attributes: Attributes) -> Shape:
    target = integers(attributes["shape"])
    if min(target, default=0) < 0 or prod(target) != prod(operands[0]):
        raise ShapeError(f"{list(operands[0])} cannot be reshaped to {list(target)}")
    return target


def _transpose(operands: tuple[Shape, ...], attributes: Attributes) -> Shape:
    axes = integers(attributes["axes"])
    if sorted(axes) != list(range(len(operands[0]))):
        raise ShapeError(f"axes {list(axes)} do not permute shape {list(operands[0])}")
    return tuple(operands[0][axis] for axis in axes)


def integers(attribute: Attribute) -> tuple[int, ...]:
    """The attribute as a list of integers; `ShapeError` where it is something else."""
    if not isinstance(attribute, tuple):
        raise ShapeError(f"{attribute!r} is not a list of integers")
    return attribute


x, y, low, high, alpha, beta = variables("x y low high alpha beta")


def _clip(value: Term, least: Term | int, greatest: Term | int) -> Term:
    """The value moved up to the least, then down to the greatest."""
    return minimum(maximum(value, least), greatest)


def _leaky(value: Term, slope: Term) -> Term:
    return select(0, value, value, slope * value)


def _power(value: Term, exponent: int) -> Term:
    """The power by repeated squaring: 4 and 8 are squares of squares."""
    if exponent == 1:
        return value
    root = _power(value, exponent // 2)
    return root * root * value if exponent % 2 else root * root


CATALOGUE: tuple[OperatorRow, ...] = (
    OperatorRow(Op.INPUT, 0, ("shape",), _declared, "a real in the region", None),
    OperatorRow(Op.CONSTANT, 0, ("shape",), _declared, "the value of a binary32 pattern", None),
    OperatorRow(Op.ADD, 2, (), _broadcast, "x + y, broadcast", x + y),
    OperatorRow(Op.SUB, 2, (), _broadcast, "x - y, broadcast", x - y),
    OperatorRow(Op.MUL, 2, (), _broadcast, "x · y, broadcast", x * y),
    OperatorRow(Op.MATMUL, 2, (), _matmul, "out[.., i, j] = Σ_k x[.., i, k] · y[.., k, j]", None),
    OperatorRow(
        Op.GEMM,
        3,
        ("alpha", "beta", "transA", "transB"),
        _gemm,
        "out[i, j] = alpha · Σ_k x'[i, k] · y'[k, j] + beta · z[i, j]",
        None,
    ),
    OperatorRow(Op.RELU, 1, (), _same, "max(x, 0)", maximum(x, 0)),
    OperatorRow(Op.NEG, 1, (), _same, "-x", -x),
    OperatorRow(Op.DIV, 2, (), _broadcast, "x / y, broadcast, where y ≠ 0", x / y),
    OperatorRow(Op.ABS, 1, (), _same, "|x|", abs(x)),
    OperatorRow(Op.MAX, 2, (), _broadcast, "max(x, y), broadcast", maximum(x, y)),
    OperatorRow(Op.MIN, 2, (), _broadcast, "min(x, y), broadcast", minimum(x, y)),
    OperatorRow(Op.CLIP, 1, ("low", "high"), _same, "min(max(x, low), high)", _clip(x, low, high)),
    OperatorRow(
        Op.LEAKY_RELU, 1, ("alpha",), _same, "x where 0 ≤ x, else alpha · x", _leaky(x, alpha)
    ),
    OperatorRow(Op.PRELU, 2, (), _broadcast, "x where 0 ≤ x, else y · x, broadcast", _leaky(x, y)),
    OperatorRow(
        Op.HARD_SIGMOID,
        1,
        ("alpha", "beta"),
        _same,
        "alpha · x + beta, between 0 and 1",
        _clip(alpha * x + beta, 0, 1),
    ),
    OperatorRow(
        Op.HARD_SWISH, 1, (), _same, "x · (x + 3, between 0 and 6) / 6", x * _clip(x + 3, 0, 6) / 6
    ),
    OperatorRow(Op.SQUARE, 1, (), _same, "x²", _power(x, 2)),
    OperatorRow(Op.CUBE, 1, (), _same, "x³", _power(x, 3)),
    OperatorRow(Op.POWER4, 1, (), _same, "x⁴", _power(x, 4)),
    OperatorRow(Op.POWER5, 1, (), _same, "x⁵", _power(x, 5)),
    OperatorRow(Op.POWER6, 1, (), _same, "x⁶", _power(x, 6)),
    OperatorRow(Op.POWER7, 1, (), _same, "x⁷", _power(x, 7)),
    OperatorRow(Op.POWER8, 1, (), _same, "x⁸", _power(x, 8)),
    OperatorRow(Op.EXP, 1, (), _same, "e^x", applied(Function.EXP, x)),
    OperatorRow(Op.LOG, 1, (), _same, "ln x, where 0 < x", applied(Function.LOG, x)),
    OperatorRow(Op.SOFTPLUS, 1, (), _same, "ln(1 + e^x)", applied(Function.SOFTPLUS, x)),
    OperatorRow(Op.TANH, 1, (), _same, "(e^x - e^-x) / (e^x + e^-x)", applied(Function.TANH, x)),
    OperatorRow(Op.SIGMOID, 1, (), _same, "1 / (1 + e^-x)", applied(Function.SIGMOID, x)),
    OperatorRow(Op.SIN, 1, (), _same, "the sine of x radians", applied(Function.SIN, x)),
    OperatorRow(Op.COS, 1, (), _same, "the cosine of x radians", applied(Function.COS, x)),
    OperatorRow(Op.SQRT, 1, (), _same, "√x, where 0 ≤ x", applied(Function.SQRT, x)),
    OperatorRow(Op.RECIPROCAL, 1, (), _same, "1 / x, where x ≠ 0", 1 / x),
    OperatorRow(Op.RESHAPE, 1, ("shape",), _reshape, "the same entries, row-major", None),
    OperatorRow(Op.TRANSPOSE, 1, ("axes",), _transpose, "out axis i is operand axis axes[i]", None),
    OperatorRow(Op.IDENTITY, 1, (), _same, "x", x),
)

ROW: Mapping[Op, OperatorRow] = {row.op: row for row in CATALOGUE}


OPERANDS = "xyz"
"""The names of operands in the meanings of elementwise operators."""


def meaning(op: Op, *arguments: Term, **attributes: Term) -> Term:
    """The catalogue's term for an elementwise operator, at these arguments and attributes."""
    statement = ROW[op].meaning
    if statement is None:
        raise TypeError(f"{op.value} has no elementwise meaning")
    return substitute(statement, dict(zip(OPERANDS, arguments, strict=False)) | attributes)
