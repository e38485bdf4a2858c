"""ONNX operators whose result is known from shapes and constants alone, and those that do nothing.

Shape, Size, ConstantOfShape, Range and Constant give constants; Identity and Dropout (as used
after training) give their input.
"""

from math import prod

import numpy as np

from refsem.ir.onnx_application import Application, Applied, Meaning
from refsem.ir.onnx_values import (
    BOOL,
    INT64,
    FloatTensor,
    IntegerTensor,
    check_shape,
    quoted,
)
from refsem.ir.operators import Op

RANGE_LIMIT = 2**20
"""How long a range may be."""


def constant(node: Application) -> Meaning:
    """The one value attribute."""
    if len(node.attributes) != 1:
        given = ", ".join(map(quoted, node.attributes)) or "none"
        raise node.refusal(f"exactly one value attribute expected, {given} given")
    match next(iter(node.attributes.values())):
        case FloatTensor() | IntegerTensor() as value:
            return value
        case int() as value:
            return IntegerTensor(np.array(value, dtype=np.int64), INT64)
        case tuple() as values:
            return IntegerTensor(np.array(values, dtype=np.int64), INT64)
        case str():
            raise node.refusal("a text constant is not supported")


def identity(node: Application) -> Meaning:
    """The input."""
    match node.value(0):
        case IntegerTensor() as value:
            return value
        case value:
            return Applied(Op.IDENTITY, (value,), {}, node.element(0))


def dropout(node: Application) -> Meaning:
    """The input, where nothing is dropped: outside training mode, as is the default."""
    if "is_test" in node.attributes and node.flag("is_test") == 0:
        raise node.refusal("training mode (is_test 0) is not supported")
    if node.given(2) and bool(node.integer_input(2).values.any()):
        raise node.refusal("training mode is not supported")
    return Applied(Op.IDENTITY, (node.tensor(0),), {})


def dropout_unless_told(node: Application) -> Meaning:
    """Dropout before version 7, whose default is training."""
    if node.integer("is_test", 0) != 1:
        raise node.refusal("training mode (is_test 0) is not supported")
    return dropout(node)


def shape(node: Application) -> Meaning:
    """The lengths of the axes from start to end."""
    lengths = node.shape(0)
    start, end = node.integer("start", 0), node.integer("end", len(lengths))
    return IntegerTensor(np.array(lengths[slice(start, end)], dtype=np.int64), INT64)


def size(node: Application) -> Meaning:
    """The number of entries."""
    return IntegerTensor(np.array(prod(node.shape(0)), dtype=np.int64), INT64)


def constant_of_shape(node: Application) -> Meaning:
    """A constant everywhere, 0 where none is stated."""
    target = check_shape(node.list_input(0), node.file, node.place)
    match node.attributes.get("value"):
        case None:
            return FloatTensor(np.zeros(target, dtype=np.uint32))
        case FloatTensor(bits) if bits.size == 1:
            return FloatTensor(np.full(target, bits.ravel()[0], dtype=np.uint32))
        case IntegerTensor(values, element) if values.size == 1:
            return IntegerTensor(np.full(target, values.ravel()[0], dtype=np.int64), element)
        case _:
            raise node.refusal("attribute 'value' is not one number")


def range_of(node: Application) -> Meaning:
    """The integers from start to before limit, delta apart."""
    ends = [node.integer_input(place).values for place in range(3)]
    if any(end.size != 1 for end in ends) or node.element(0) == BOOL:
        raise node.refusal("start, limit and delta are single integers")
    start, limit, delta = (int(end.ravel()[0]) for end in ends)
    if delta == 0 or len(range(start, limit, delta)) > RANGE_LIMIT:
        raise node.refusal(f"a range of no or more than {RANGE_LIMIT} steps")
    return IntegerTensor(np.array(range(start, limit, delta), dtype=np.int64), node.element(0))
