"""One ONNX node with its inputs and attributes looked up, and what it may become.

Invariant: an accessor returns a value of the kind it names or raises `InputError` naming the node.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import TypeAlias, Union

import numpy as np
from gmpy2 import mpq

from refsem.errors import InputError
from refsem.exact import ExactTensor
from refsem.ir.graph import Node
from refsem.ir.onnx_values import (
    FLOAT,
    RANK_LIMIT,
    AttributeValue,
    FloatTensor,
    IntegerTensor,
    Tensor,
    element_type_name,
)
from refsem.ir.operators import Attribute, Op, Shape

Value: TypeAlias = Node | IntegerTensor


@dataclass(frozen=True, slots=True)
class Applied:
    """What a node becomes when it is not a constant: operators of the catalogue.

    An operand may itself be applied: then it becomes an inner tensor. `element` is the ONNX
    element type of the result; truth values and integers are the reals they are written as.
    """

    op: Op
    operands: tuple[Union["Applied", Value], ...]
    attributes: Mapping[str, Attribute]
    element: int = FLOAT


Meaning: TypeAlias = Applied | Tensor


def shape_of(value: Value) -> Shape:
    """The shape of a tensor."""
    return value.shape if isinstance(value, Node) else value.values.shape


@dataclass(frozen=True, slots=True)
class Application:
    """One ONNX node, its inputs looked up (None: left out) and its attributes decoded.

    `elements` has the element type of each input, `bits` the constants among the float tensors,
    `outputs` is the number of results wanted, `zero` a constant 0 of shape (), for inputs that may
    be left out.
    """

    file: str
    place: str
    operands: tuple[Value | None, ...]
    elements: tuple[int, ...]
    bits: Mapping[str, np.ndarray[tuple[int, ...], np.dtype[np.uint32]]]
    attributes: Mapping[str, AttributeValue]
    outputs: int
    zero: Node

    def refusal(self, message: str) -> InputError:
        """The error that names this node."""
        return InputError(self.file, self.place, message)

    def given(self, index: int) -> bool:
        """Whether an optional input is there."""
        return index < len(self.operands) and self.operands[index] is not None

    def value(self, index: int) -> Value:
        """An input of any element type."""
        if not self.given(index):
            raise self.refusal(f"input {index} is missing")
        value = self.operands[index]
        if value is None:
            raise self.refusal(f"input {index} is missing")
        return value

    def shape(self, index: int) -> Shape:
        """The shape of an input of any element type."""
        return shape_of(self.value(index))

    def element(self, index: int) -> int:
        """The element type of an input."""
        return self.elements[index]

    def tensor(self, index: int) -> Node:
        """A float32 input."""
        value = self.value(index)
        if isinstance(value, Node) and self.elements[index] == FLOAT:
            return value
        found = element_type_name(self.elements[index]).lower()
        raise self.refusal(f"input {index} is an {found} tensor, float32 expected")

    def of_one_type(self, *indices: int) -> tuple[Value, ...]:
        """Inputs of one element type, whatever it is."""
        found = {self.elements[index] for index in indices}
        if len(found) > 1:
            names = " and ".join(sorted(map(element_type_name, found)))
            raise self.refusal(f"inputs of different types: {names}")
        return tuple(self.value(index) for index in indices)

    def integer_input(self, index: int) -> IntegerTensor:
        """A constant input of integers."""
        match self.value(index):
            case IntegerTensor() as value:
                return value
            case _:
                raise self.refusal(f"input {index} is not a constant int64 tensor")

    def list_input(self, index: int, most: int = RANK_LIMIT) -> tuple[int, ...]:
        """A constant int64 input, a list of so many integers at most."""
        values = self.integer_input(index).values
        if values.ndim != 1 or len(values) > most:
            shape = list(values.shape)
            message = f"input {index} has shape {shape}, at most {most} numbers expected"
            raise self.refusal(message)
        return tuple(int(value) for value in values)

    def number_input(self, index: int) -> mpq:
        """A constant float input with one entry."""
        value = self.value(index)
        if isinstance(value, IntegerTensor) and value.values.size == 1:
            return mpq(int(value.values.ravel()[0]))
        if not isinstance(value, Node) or value.name not in self.bits or prod(value.shape) != 1:
            raise self.refusal(f"input {index} is not one constant number")
        return ExactTensor.from_binary32(self.bits[value.name].reshape(())).rational()

    def numbers_input(self, index: int, most: int = RANK_LIMIT) -> tuple[mpq, ...]:
        """A constant float input, a list of so many numbers at most, exactly."""
        value = self.value(index)
        if not isinstance(value, Node) or value.name not in self.bits:
            raise self.refusal(f"input {index} is not a constant float32 tensor")
        if len(value.shape) != 1 or value.size > most:
            shape = list(value.shape)
            message = f"input {index} has shape {shape}, at most {most} numbers expected"
            raise self.refusal(message)
        return tuple(ExactTensor.from_binary32(self.bits[value.name]).rationals())

    def numbers_attribute(self, name: str, most: int = RANK_LIMIT) -> tuple[mpq, ...]:
        """An attribute that is a list of so many binary32 numbers at most, exactly."""
        match self.attributes.get(name):
            case FloatTensor(bits) if bits.ndim == 1 and bits.size <= most:
                return tuple(ExactTensor.from_binary32(bits).rationals())
            case _:
                raise self.refusal(f"attribute {name!r} is not a list of at most {most} numbers")

    def list_attribute(self, name: str, most: int = RANK_LIMIT) -> tuple[int, ...] | None:
        """A list of so many integers at most, if given."""
        match self.attributes.get(name):
            case None:
                return None
            case tuple() as values if len(values) <= most:
                return values
            case _:
                message = f"attribute {name!r} is not a list of at most {most} integers"
                raise self.refusal(message)

    def integer(self, name: str, otherwise: int) -> int:
        """An integer attribute, or the value it has when it is left out."""
        value = self.attributes.get(name, otherwise)
        if not isinstance(value, int):
            raise self.refusal(f"attribute {name!r} is not an integer")
        return value

    def flag(self, name: str, otherwise: int = 0) -> int:
        """An attribute that is 0 or 1, or the value it has when it is left out."""
        value = self.integer(name, otherwise)
        if value not in {0, 1}:
            raise self.refusal(f"attribute {name!r} is {value}, 0 or 1 expected")
        return value

    def word(self, name: str, otherwise: str) -> str:
        """A word attribute, or the value it has when it is left out."""
        value = self.attributes.get(name, otherwise)
        if not isinstance(value, str):
            raise self.refusal(f"attribute {name!r} is not a word")
        return value

    def number(self, name: str, otherwise: mpq) -> mpq:
        """The exact value of a binary32 attribute, or the value it has when it is left out."""
        match self.attributes.get(name):
            case None:
                return otherwise
            case FloatTensor(bits) if bits.shape == ():
                return ExactTensor.from_binary32(bits).rational()
            case _:
                raise self.refusal(f"attribute {name!r} is not a number")

    def factor(self, name: str) -> mpq:
        """The exact value of a binary32 attribute; 1 when it is left out."""
        return self.number(name, mpq(1))
