"""ONNX operators that work entry by entry, as operators of the catalogue.

A comparison gives truth values, which are the reals 0 and 1; so does a cast to BOOL. A cast of
integers or truth values to float changes nothing; of constants, it must be exact. A cast of floats
to integers is their integer part.
"""

from collections.abc import Callable, Mapping
from math import prod

import numpy as np
from gmpy2 import mpq

from refsem.ir.onnx_application import Application, Applied, Meaning, Value
from refsem.ir.onnx_values import (
    BOOL,
    FLOAT,
    INT32,
    INT64,
    FloatTensor,
    IntegerTensor,
    element_type_name,
)
from refsem.ir.operators import Attribute, Op
from refsem.ir.shapes import ShapeError, broadcast
from refsem.rounding import BINARY32, Mode, exact_value, round_to_binary32

Translator = Callable[[Application], Meaning]

POWERS = {
    1: Op.IDENTITY,
    2: Op.SQUARE,
    3: Op.CUBE,
    4: Op.POWER4,
    5: Op.POWER5,
    6: Op.POWER6,
    7: Op.POWER7,
    8: Op.POWER8,
}


def unary(op: Op, defaults: Mapping[str, mpq] | None = None) -> Translator:
    """An operator of one float, with number attributes that may be left out."""

    def translate(node: Application) -> Meaning:
        attributes: dict[str, Attribute] = {
            name: node.number(name, value) for name, value in (defaults or {}).items()
        }
        return Applied(op, (node.tensor(0),), attributes)

    return translate


def binary(op: Op) -> Translator:
    """An operator of two floats, or of two constant lists of integers."""

    def translate(node: Application) -> Meaning:
        operands = node.of_one_type(0, 1)
        if all(isinstance(operand, IntegerTensor) for operand in operands):
            return Applied(op, operands, {}, node.element(0))
        return Applied(op, (node.tensor(0), node.tensor(1)), {})

    return translate


def quotient(node: Application) -> Meaning:
    """A quotient; of constant integers only where it is an integer."""
    return binary(Op.DIV)(node)


def chained(op: Op) -> Translator:
    """An operator of two operands applied to any number of them, from the left."""

    def translate(node: Application) -> Meaning:
        operands = node.of_one_type(*range(len(node.operands)))
        element = node.element(0)
        result: Applied | Value = operands[0]
        if len(operands) == 1:
            result = Applied(Op.IDENTITY, operands, {}, element)
        for operand in operands[1:]:
            result = Applied(op, (result, operand), {}, element)
        if not isinstance(result, Applied):
            raise node.refusal("no inputs")
        if element != FLOAT and not all(isinstance(v, IntegerTensor) for v in operands):
            raise node.refusal("arithmetic on integers that depend on the input is not supported")
        return result

    return translate


def mean(node: Application) -> Meaning:
    """The mean of any number of inputs, broadcast."""
    total = chained(Op.ADD)(node)
    count = IntegerTensor(np.array(len(node.operands), np.int64), INT64)
    if not isinstance(total, Applied) or total.element != FLOAT:
        raise node.refusal("a mean of integers is not supported")
    return Applied(Op.DIV, (total, count), {})


def comparison(op: Op, *, swapped: bool, negated: bool) -> Translator:
    """Truth values of a comparison of two tensors of one type."""

    def translate(node: Application) -> Meaning:
        operands = node.of_one_type(0, 1)
        found = Applied(op, operands[::-1] if swapped else operands, {}, BOOL)
        return Applied(Op.NOT, (found,), {}, BOOL) if negated else found

    return translate


def logical(op: Op) -> Translator:
    """An operator of truth values."""

    def translate(node: Application) -> Meaning:
        operands = tuple(node.value(place) for place in range(len(node.operands)))
        if any(node.element(place) != BOOL for place in range(len(operands))):
            raise node.refusal("truth values expected")
        return Applied(op, operands, {}, BOOL)

    return translate


def where(node: Application) -> Meaning:
    """The second input where the first is true, else the third."""
    if node.element(0) != BOOL:
        raise node.refusal("input 0 does not hold truth values")
    operands = node.of_one_type(1, 2)
    return Applied(Op.WHERE, (node.value(0), *operands), {}, node.element(1))


def clip_attributes(node: Application) -> Meaning:
    """Clip before version 11: between numbers, the greatest finite ones where they are left out."""
    greatest = exact_value(BINARY32, BINARY32.infinity - 1)
    low, high = node.number("min", -greatest), node.number("max", greatest)
    return Applied(Op.CLIP, (node.tensor(0),), {"low": low, "high": high})


def clip_inputs(node: Application) -> Meaning:
    """Clip between tensors of one number, either of which may be left out."""
    for place in (1, 2):
        if node.given(place) and prod(node.shape(place)) != 1:
            raise node.refusal(f"input {place} is not one number")
    given = [node.given(1), node.given(2)]
    if all(given) and all(_is_constant(node, place) for place in (1, 2)):
        low, high = node.number_input(1), node.number_input(2)
        if node.element(0) == FLOAT:
            return Applied(Op.CLIP, (node.tensor(0),), {"low": low, "high": high})
    result: Applied = Applied(Op.IDENTITY, (node.value(0),), {}, node.element(0))
    for place, op in ((1, Op.MAX), (2, Op.MIN)):
        if node.given(place):
            inner = result.operands[0] if result.op is Op.IDENTITY else result
            bound = Applied(Op.RESHAPE, (node.of_one_type(0, place)[1],), {"shape": ()}, FLOAT)
            result = Applied(op, (inner, bound), {}, node.element(0))
    return result


def _is_constant(node: Application, place: int) -> bool:
    value = node.value(place)
    return isinstance(value, IntegerTensor) or value.name in node.bits


def prelu(node: Application) -> Meaning:
    """Leaky ReLU with a slope that broadcasts to the input."""
    slope, operand = node.tensor(1), node.tensor(0)
    _check_unidirectional(node, operand.shape, slope.shape)
    return Applied(Op.PRELU, (operand, slope), {})


def _check_unidirectional(node: Application, to: tuple[int, ...], shape: tuple[int, ...]) -> None:
    try:
        fits = broadcast((to, shape), {}) == to
    except ShapeError:
        fits = False
    if not fits:
        raise node.refusal(f"{list(shape)} does not broadcast to {list(to)}")


def power(node: Application) -> Meaning:
    """A power with one constant exponent: an integer other than 0, or ½."""
    operand, exponent = node.tensor(0), node.number_input(1)
    _check_unidirectional(node, operand.shape, node.shape(1))
    if exponent == mpq(1, 2):
        return Applied(Op.SQRT, (operand,), {})
    if exponent.denominator != 1 or exponent == 0 or abs(exponent) > 64:
        raise node.refusal(f"exponent {exponent} is not supported: 1 to 64, -1 to -64 and 1/2 are")
    found = _whole_power(operand, abs(int(exponent)))
    return found if exponent > 0 else Applied(Op.RECIPROCAL, (found,), {})


def _whole_power(operand: Value, exponent: int) -> Applied:
    if exponent in POWERS:
        return Applied(POWERS[exponent], (operand,), {})
    root = Applied(Op.SQUARE, (_whole_power(operand, exponent // 2),), {})
    return Applied(Op.MUL, (root, operand), {}) if exponent % 2 else root


def gelu(node: Application) -> Meaning:
    """GELU by the error function or by tanh."""
    form = node.word("approximate", "none")
    if form not in {"none", "tanh"}:
        raise node.refusal(f"approximate {form!r} is not known")
    return Applied(Op.GELU if form == "none" else Op.GELU_TANH, (node.tensor(0),), {})


# casts


def cast(node: Application) -> Meaning:
    """To FLOAT, INT64, INT32 or BOOL; of floats to integers, their integer parts.

    That those fit into the type is supposed where they depend on the input: ONNX leaves the
    rest undefined. A cast to another type of floats rounds, and is refused.
    """
    wanted = node.integer("to", 0)
    if wanted not in {FLOAT, INT64, INT32, BOOL}:
        raise node.refusal(f"a cast to {element_type_name(wanted)} is not supported")
    value = node.value(0)
    if isinstance(value, IntegerTensor):
        return _cast_constant(node, value, wanted)
    if wanted == BOOL and node.element(0) != BOOL:
        return Applied(Op.NOT, (Applied(Op.ZERO, (value,), {}, BOOL),), {}, BOOL)
    if node.element(0) == FLOAT and wanted != FLOAT:
        if value.name not in node.bits:
            return Applied(Op.TRUNC, (value,), {}, wanted)
        return _truncated(node, value.name, wanted)
    return Applied(Op.IDENTITY, (value,), {}, wanted)


def _cast_constant(node: Application, value: IntegerTensor, wanted: int) -> Meaning:
    if wanted == FLOAT:
        return FloatTensor(binary32_bits(node, value))
    values = (value.values != 0).astype(np.int64) if wanted == BOOL else value.values
    return IntegerTensor(values, wanted)


def binary32_bits(
    node: Application, value: IntegerTensor
) -> "np.ndarray[tuple[int, ...], np.dtype[np.uint32]]":
    """The patterns of integers; `InputError` for one that is no binary32 value."""
    found = []
    for entry in value.values.ravel().tolist():
        bits = round_to_binary32(Mode.RNE, mpq(entry), 0)
        if exact_value(BINARY32, bits) != entry:
            raise node.refusal(f"{entry} is not a binary32 value")
        found.append(bits)
    return np.array(found, dtype=np.uint32).reshape(value.values.shape)


def _truncated(node: Application, name: str, wanted: int) -> IntegerTensor:
    bits = node.bits[name]
    values = [int(exact_value(BINARY32, pattern)) for pattern in bits.ravel().tolist()]
    if any(abs(value) >= 2**31 for value in values):
        raise node.refusal("a cast to integers out of range")
    return IntegerTensor(np.array(values, np.int64).reshape(bits.shape), wanted)
