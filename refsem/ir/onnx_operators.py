"""The ONNX operators that are read, version by version, as operators of the catalogue.

A row says from which operator-set version on it applies, how many inputs and which attributes the
node may have, and what it becomes. A node is read by the last row not newer than the model's
operator set; an attribute or operator without a row is refused by name, never ignored. Up to
version 6, Add, Sub, Mul and Gemm broadcast in one direction by an attribute: those are refused.

Source: the operator statements of ONNX up to operator set `NEWEST_OPSET`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import TypeAlias

import numpy as np

from refsem.ir.onnx_application import Application, Applied, Meaning
from refsem.ir.onnx_values import FloatTensor, IntegerTensor, Kind, check_shape, quoted
from refsem.ir.operators import Attribute, Op, Shape

NEWEST_OPSET = 28
"""The newest operator-set version whose statements were read."""

Translator: TypeAlias = Callable[[Application], Meaning]


@dataclass(frozen=True, slots=True)
class Version:
    """How an operator is read from an operator-set version on."""

    since: int
    inputs: tuple[int, int]
    attributes: Mapping[str, Kind]
    translate: Translator


def version_at(op_type: str, opset: int) -> Version | None:
    """The row by which an operator is read; None when it is not read at this operator set."""
    rows = [row for row in OPERATORS.get(op_type, ()) if row.since <= opset]
    return rows[-1] if rows else None


def _binary(op: Op) -> Translator:
    return lambda node: Applied(op, (node.tensor(0), node.tensor(1)), {})


def _unary(op: Op) -> Translator:
    return lambda node: Applied(op, (node.tensor(0),), {})


def _gemm(node: Application) -> Meaning:
    addend = node.zero if len(node.operands) < 3 or node.operands[2] is None else node.tensor(2)
    attributes: dict[str, Attribute] = {
        "alpha": node.factor("alpha"),
        "beta": node.factor("beta"),
        "transA": node.flag("transA"),
        "transB": node.flag("transB"),
    }
    return Applied(Op.GEMM, (node.tensor(0), node.tensor(1), addend), attributes)


def _identity(node: Application) -> Meaning:
    match node.operands[0]:
        case IntegerTensor() as value:
            return value
        case _:
            return Applied(Op.IDENTITY, (node.tensor(0),), {})


def _transpose(node: Application) -> Meaning:
    operand = node.tensor(0)
    reverse = tuple(reversed(range(len(operand.shape))))
    axes = node.list_attribute("perm")
    return Applied(Op.TRANSPOSE, (operand,), {"axes": reverse if axes is None else axes})


def _constant(node: Application) -> Meaning:
    if len(node.attributes) != 1:
        given = ", ".join(map(quoted, node.attributes)) or "none"
        raise node.refusal(f"exactly one value attribute expected, {given} given")
    match next(iter(node.attributes.values())):
        case FloatTensor() | IntegerTensor() as value:
            return value
        case int() as value:
            return IntegerTensor(np.array(value, dtype=np.int64))
        case tuple() as values:
            return IntegerTensor(np.array(values, dtype=np.int64))


# rearrangements: each becomes a reshape to a known shape


def _reshaped(node: Application, shape: Sequence[int]) -> Meaning:
    target = check_shape(shape, node.file, node.place)
    return Applied(Op.RESHAPE, (node.tensor(0),), {"shape": target})


def _axis(node: Application, axis: int, end: int, *, negative: bool) -> int:
    """An axis below `end`, counted from the end where it is negative and that is allowed."""
    if not (-end if negative else 0) <= axis < end:
        raise node.refusal(f"axis {axis} is out of range")
    return axis % end


def _axes(node: Application, axes: tuple[int, ...], end: int, *, negative: bool) -> set[int]:
    """Distinct axes; none at all is refused, since what it means is disputed."""
    found = {_axis(node, axis, end, negative=negative) for axis in axes}
    if not found or len(found) != len(axes):
        raise node.refusal(f"axes {list(axes)} are empty or not distinct")
    return found


def _flatten(*, negative: bool) -> Translator:
    def translate(node: Application) -> Meaning:
        shape = node.tensor(0).shape
        axis = node.integer("axis", 1)
        if axis != len(shape):  # the rank itself is allowed here, and leaves one column
            axis = _axis(node, axis, len(shape), negative=negative)
        return _reshaped(node, (prod(shape[:axis]), prod(shape[axis:])))

    return translate


def _reshape_attribute(node: Application) -> Meaning:
    target = node.list_attribute("shape")
    if target is None:
        raise node.refusal("attribute 'shape' is missing")
    return _reshaped(node, _reshape_target(node, target, keep_zero=False))


def _reshape_input(node: Application) -> Meaning:
    keep_zero = node.flag("allowzero") == 1
    return _reshaped(node, _reshape_target(node, node.list_input(1), keep_zero=keep_zero))


def _reshape_target(node: Application, target: tuple[int, ...], *, keep_zero: bool) -> Shape:
    """The shape meant: 0 copies the operand's dimension unless kept, one -1 is what is left."""
    shape = node.tensor(0).shape
    if not keep_zero and any(length == 0 for length in target[len(shape) :]):
        raise node.refusal(f"shape {list(target)} copies a dimension {list(shape)} has not")
    lengths = [
        shape[axis] if length == 0 and not keep_zero else length
        for axis, length in enumerate(target)
    ]
    if -1 not in lengths:
        return tuple(lengths)
    rest = prod(length for length in lengths if length != -1)
    if lengths.count(-1) > 1 or rest <= 0 or prod(shape) % rest:
        raise node.refusal(f"shape {list(target)} does not determine -1 for {list(shape)}")
    return tuple(prod(shape) // rest if length == -1 else length for length in lengths)


def _squeezed(node: Application, axes: tuple[int, ...] | None, *, negative: bool) -> Meaning:
    shape = node.tensor(0).shape
    if axes is None:
        return _reshaped(node, [length for length in shape if length != 1])
    dropped = _axes(node, axes, len(shape), negative=negative)
    for axis in sorted(dropped):
        if shape[axis] != 1:
            raise node.refusal(f"axis {axis} of {list(shape)} has length {shape[axis]}, not 1")
    return _reshaped(node, [length for axis, length in enumerate(shape) if axis not in dropped])


def _unsqueezed(node: Application, axes: tuple[int, ...] | None, *, negative: bool) -> Meaning:
    if axes is None:
        raise node.refusal("attribute 'axes' is missing")
    rest = iter(node.tensor(0).shape)
    rank = len(node.tensor(0).shape) + len(axes)
    added = _axes(node, axes, rank, negative=negative)
    return _reshaped(node, [1 if axis in added else next(rest) for axis in range(rank)])


def _squeeze_input(node: Application) -> Meaning:
    absent = len(node.operands) < 2 or node.operands[1] is None
    return _squeezed(node, None if absent else node.list_input(1), negative=True)


_GEMM = {"alpha": Kind.FLOAT, "beta": Kind.FLOAT, "transA": Kind.INT, "transB": Kind.INT}
_AXIS, _AXES = {"axis": Kind.INT}, {"axes": Kind.INTS}
_VALUE = {"value": Kind.TENSOR}
_VALUES = _VALUE | {
    "value_float": Kind.FLOAT,
    "value_floats": Kind.FLOATS,
    "value_int": Kind.INT,
    "value_ints": Kind.INTS,
}

OPERATORS: Mapping[str, tuple[Version, ...]] = {
    "Add": (Version(7, (2, 2), {}, _binary(Op.ADD)),),
    "Sub": (Version(7, (2, 2), {}, _binary(Op.SUB)),),
    "Mul": (Version(7, (2, 2), {}, _binary(Op.MUL)),),
    "MatMul": (Version(1, (2, 2), {}, _binary(Op.MATMUL)),),
    "Gemm": (Version(7, (3, 3), _GEMM, _gemm), Version(11, (2, 3), _GEMM, _gemm)),
    "Relu": (Version(1, (1, 1), {}, _unary(Op.RELU)),),
    "Exp": (Version(6, (1, 1), {}, _unary(Op.EXP)),),
    "Log": (Version(6, (1, 1), {}, _unary(Op.LOG)),),
    "Tanh": (Version(6, (1, 1), {}, _unary(Op.TANH)),),
    "Sigmoid": (Version(6, (1, 1), {}, _unary(Op.SIGMOID)),),
    "Softplus": (Version(1, (1, 1), {}, _unary(Op.SOFTPLUS)),),
    "Sin": (Version(7, (1, 1), {}, _unary(Op.SIN)),),
    "Cos": (Version(7, (1, 1), {}, _unary(Op.COS)),),
    "Sqrt": (Version(6, (1, 1), {}, _unary(Op.SQRT)),),
    "Reciprocal": (Version(6, (1, 1), {}, _unary(Op.RECIPROCAL)),),
    "Identity": (Version(1, (1, 1), {}, _identity),),
    "Transpose": (Version(1, (1, 1), {"perm": Kind.INTS}, _transpose),),
    "Constant": (Version(1, (0, 0), _VALUE, _constant), Version(12, (0, 0), _VALUES, _constant)),
    "Flatten": (
        Version(1, (1, 1), _AXIS, _flatten(negative=False)),
        Version(11, (1, 1), _AXIS, _flatten(negative=True)),
    ),
    "Reshape": (
        Version(1, (1, 1), {"shape": Kind.INTS}, _reshape_attribute),
        Version(5, (2, 2), {}, _reshape_input),
        Version(14, (2, 2), {"allowzero": Kind.INT}, _reshape_input),
    ),
    "Squeeze": (
        Version(1, (1, 1), _AXES, lambda n: _squeezed(n, n.list_attribute("axes"), negative=False)),
        Version(11, (1, 1), _AXES, lambda n: _squeezed(n, n.list_attribute("axes"), negative=True)),
        Version(13, (1, 2), {}, _squeeze_input),
    ),
    "Unsqueeze": (
        Version(
            1, (1, 1), _AXES, lambda n: _unsqueezed(n, n.list_attribute("axes"), negative=False)
        ),
        Version(
            11, (1, 1), _AXES, lambda n: _unsqueezed(n, n.list_attribute("axes"), negative=True)
        ),
        Version(13, (2, 2), {}, lambda n: _unsqueezed(n, n.list_input(1), negative=True)),
    ),
}
