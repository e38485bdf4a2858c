"""One ONNX node with its inputs and attributes looked up, and what it may become.

Invariant: an accessor returns a value of the kind it names or raises `InputError` naming the node.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from gmpy2 import mpq

from refsem.errors import InputError
from refsem.exact import ExactTensor
from refsem.ir.graph import Node
from refsem.ir.onnx_values import (
    RANK_LIMIT,
    AttributeValue,
    FloatTensor,
    IntegerTensor,
    Tensor,
)
from refsem.ir.operators import Attribute, Op

Value: TypeAlias = Node | IntegerTensor


@dataclass(frozen=True, slots=True)
class Applied:
    """What a node becomes when it is not a constant: an operator of the catalogue."""

    op: Op
    operands: tuple[Node, ...]
    attributes: Mapping[str, Attribute]


@dataclass(frozen=True, slots=True)
class Application:
    """One ONNX node, its inputs looked up (None: left out) and its attributes decoded.

    `zero` is a constant 0 of shape (), for inputs that may be left out.
    """

    file: str
    place: str
    operands: tuple[Value | None, ...]
    attributes: Mapping[str, AttributeValue]
    zero: Node

    def refusal(self, message: str) -> InputError:
        """The error that names this node."""
        return InputError(self.file, self.place, message)

    def tensor(self, index: int) -> Node:
        """A float32 input."""
        match self.operands[index]:
            case Node() as node:
                return node
            case IntegerTensor():
                raise self.refusal(f"input {index} is an int64 tensor, float32 expected")
            case None:
                raise self.refusal(f"input {index} is missing")

    def list_input(self, index: int) -> tuple[int, ...]:
        """A constant int64 input, a list of integers."""
        match self.operands[index]:
            case IntegerTensor(values) if values.ndim == 1 and len(values) <= RANK_LIMIT:
                return tuple(int(value) for value in values)
            case IntegerTensor(values):
                shape = list(values.shape)
                message = f"input {index} has shape {shape}, at most {RANK_LIMIT} numbers expected"
                raise self.refusal(message)
            case Node():
                raise self.refusal(f"input {index} is not a constant int64 tensor")
            case None:
                raise self.refusal(f"input {index} is missing")

    def list_attribute(self, name: str) -> tuple[int, ...] | None:
        """A list of integers, if given."""
        match self.attributes.get(name):
            case None:
                return None
            case tuple() as values if len(values) <= RANK_LIMIT:
                return values
            case _:
                message = f"attribute {name!r} is not a list of at most {RANK_LIMIT} integers"
                raise self.refusal(message)

    def integer(self, name: str, otherwise: int) -> int:
        """An integer attribute, or the value it has when it is left out."""
        value = self.attributes.get(name, otherwise)
        if not isinstance(value, int):
            raise self.refusal(f"attribute {name!r} is not an integer")
        return value

    def flag(self, name: str) -> int:
        """An attribute that is 0 (also when left out) or 1."""
        value = self.integer(name, 0)
        if value not in {0, 1}:
            raise self.refusal(f"attribute {name!r} is {value}, 0 or 1 expected")
        return value

    def factor(self, name: str) -> mpq:
        """The exact value of a binary32 attribute; 1 when it is left out."""
        match self.attributes.get(name):
            case None:
                return mpq(1)
            case FloatTensor(bits) if bits.shape == ():
                return ExactTensor.from_binary32(bits).rational()
            case _:
                raise self.refusal(f"attribute {name!r} is not a number")


Meaning: TypeAlias = Applied | Tensor
