"""Tensors as programs see them: a shape, and operators of the catalogue to apply.

Where an operator is applied is the tensor's *stage*: an arithmetic, which has a value at once
(`refsem.nn.eager`), or a graph that is being traced (`refsem.nn.tracing`). The same program runs on
either. Nothing here computes a value, and no program may ask for one to decide what to do next:
truth values, lengths, iteration and comparisons are errors that say what to write instead.

Numbers written into a program become constants, which in a graph are binary32 values: another
number is refused, with the nearest one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol, TypeAlias

import numpy as np

from refsem.exact.tensor import NotFiniteError, check_finite
from refsem.ir.graph import Bits, Node
from refsem.ir.operators import Attribute, Attributes, Op, Shape
from refsem.ir.steps import Bounds
from refsem.nn.errors import ContextError, DataFlowError, NumberError, OperandError
from refsem.nn.numbers import Number, exact_number, patterns, whole

Held: TypeAlias = Bounds | Bits | Node
"""What a tensor is in its stage: ends of its entries, binary32 patterns, or a node of a graph."""

_STATIC = "only shapes are known to a program; write the choice with where, maximum or minimum"


POWERS = (
    *(Op.IDENTITY, Op.SQUARE, Op.CUBE, Op.POWER4, Op.POWER5, Op.POWER6, Op.POWER7),
    Op.POWER8,
)
"""The operators of the first eight powers."""


class Stage(Protocol):
    """Where operators are applied."""

    def constant(self, bits: Bits, name: str) -> "Tensor":
        """A tensor of these finite binary32 patterns; the name is for a graph, and may be empty."""

    def apply(
        self, op: Op, operands: "tuple[Tensor, ...]", attributes: Attributes, name: str
    ) -> "Tensor":
        """An operator applied to tensors of this stage; `OperandError` where it does not apply."""


@dataclass(frozen=True, slots=True, eq=False)
class Tensor:
    """A tensor of a stage; what it is there is the stage's own business."""

    stage: Stage
    shape: Shape
    held: Held

    def __repr__(self) -> str:
        return f"Tensor of shape {list(self.shape)} in {self.stage!r}"

    # arithmetic, broadcast by numpy's rule

    def __add__(self, other: "Operand") -> "Tensor":
        """The sum, entry by entry."""
        return applied(Op.ADD, (self, other))

    def __radd__(self, other: "Operand") -> "Tensor":
        """The sum, entry by entry."""
        return applied(Op.ADD, (other, self))

    def __sub__(self, other: "Operand") -> "Tensor":
        """The difference, entry by entry."""
        return applied(Op.SUB, (self, other))

    def __rsub__(self, other: "Operand") -> "Tensor":
        """The difference, entry by entry."""
        return applied(Op.SUB, (other, self))

    def __mul__(self, other: "Operand") -> "Tensor":
        """The product, entry by entry."""
        return applied(Op.MUL, (self, other))

    def __rmul__(self, other: "Operand") -> "Tensor":
        """The product, entry by entry."""
        return applied(Op.MUL, (other, self))

    def __truediv__(self, other: "Operand") -> "Tensor":
        """The quotient, entry by entry."""
        return applied(Op.DIV, (self, other))

    def __rtruediv__(self, other: "Operand") -> "Tensor":
        """The quotient, entry by entry."""
        return applied(Op.DIV, (other, self))

    def __matmul__(self, other: "Tensor") -> "Tensor":
        """The matrix product."""
        return applied(Op.MATMUL, (self, other))

    def __pow__(self, exponent: int) -> "Tensor":
        """A whole power of every entry, from the first to the eighth."""
        if not 1 <= whole(exponent) <= len(POWERS):
            raise OperandError("power", (self.shape,), f"{exponent} is no exponent from 1 to 8")
        return applied(POWERS[whole(exponent) - 1], (self,))

    def __neg__(self) -> "Tensor":
        """The negation."""
        return applied(Op.NEG, (self,))

    def __abs__(self) -> "Tensor":
        """The absolute value."""
        return applied(Op.ABS, (self,))

    # what would look at values

    def __bool__(self) -> NoReturn:
        raise DataFlowError("bool(tensor)", _STATIC)

    def __int__(self) -> NoReturn:
        raise DataFlowError("int(tensor)", _STATIC)

    def __index__(self) -> NoReturn:
        raise DataFlowError("a tensor as an index", "indices are ints, known beforehand")

    def __float__(self) -> NoReturn:
        raise DataFlowError("float(tensor)", "and a float rounds; see refsem.nn.rationals")

    def __len__(self) -> NoReturn:
        raise DataFlowError("len(tensor)", "its lengths are in tensor.shape")

    def __iter__(self) -> NoReturn:
        raise DataFlowError("iteration over a tensor", "use row(tensor, i) for i in a range")

    def __contains__(self, item: object) -> NoReturn:
        raise DataFlowError("'in' of a tensor", _STATIC)

    def __getitem__(self, key: object) -> NoReturn:
        raise DataFlowError("tensor[…]", "use row, cut or gather, whose places are ints")

    def __eq__(self, other: object) -> NoReturn:
        raise DataFlowError("tensor == …", "use equal, whose value is 1 or 0 in every entry")

    def __ne__(self, other: object) -> NoReturn:
        raise DataFlowError("tensor != …", "use equal, whose value is 1 or 0 in every entry")

    def __lt__(self, other: object) -> NoReturn:
        raise DataFlowError("tensor < …", "use less, whose value is 1 or 0 in every entry")

    def __le__(self, other: object) -> NoReturn:
        raise DataFlowError("tensor <= …", "use less_equal, whose value is 1 or 0 in every entry")

    def __gt__(self, other: object) -> NoReturn:
        raise DataFlowError("tensor > …", "use less, whose value is 1 or 0 in every entry")

    def __ge__(self, other: object) -> NoReturn:
        raise DataFlowError("tensor >= …", "use less_equal, whose value is 1 or 0 in every entry")

    def __hash__(self) -> NoReturn:
        raise DataFlowError("hash(tensor)", "tensors are not compared")

    __array_ufunc__ = None
    """An array on the left leaves the operator to the tensor, which takes patterns only."""

    def __array__(self, *_arguments: Any, **_options: Any) -> NoReturn:  # noqa: ANN401  numpy's protocol
        raise DataFlowError("a tensor as an array", "see refsem.nn.patterns_of and rationals")


Operand: TypeAlias = Tensor | Number | Bits


def applied(
    op: Op, operands: tuple[Operand, ...], name: str = "", **attributes: Attribute
) -> Tensor:
    """An operator of the catalogue at tensors and numbers, one tensor at least.

    The name is for the tensor in a graph. Raises `OperandError` where the operator does not apply,
    `NumberError` for a float or a number that is no finite binary32 value, `ContextError` for
    tensors of different stages.
    """
    stage = _stage(op, operands)
    checked = {key: _attribute(value) for key, value in attributes.items()}
    tensors = tuple(
        operand if isinstance(operand, Tensor) else constant(operand, stage, "")
        for operand in operands
    )
    return stage.apply(op, tensors, checked, name)


def _attribute(value: Attribute) -> Attribute:
    """The attribute with plain ints in lists; a float in it is refused."""
    match value:
        case tuple():
            return tuple(whole(one) for one in value)
        case str():
            return value
        case int():
            return whole(value)
        case _:
            return exact_number(value)


@contextmanager
def within(where: str) -> Iterator[None]:
    """What does not apply is said to be so in this module."""
    try:
        yield
    except OperandError as error:
        raise OperandError(f"{where}: {error.where}", error.shapes, error.reason) from error


def _stage(op: Op, operands: tuple[Operand, ...]) -> Stage:
    stages = [operand.stage for operand in operands if isinstance(operand, Tensor)]
    if not stages:
        raise ContextError(f"{op.value} of no tensor: nothing says in which arithmetic")
    for other in stages[1:]:
        if other is not stages[0] and other != stages[0]:
            raise ContextError(f"{op.value} of tensors of {stages[0]!r} and of {other!r}")
    return stages[0]


def constant(values: object, stage: Stage, name: str) -> Tensor:
    """Numbers as a constant tensor of a stage; `NumberError` unless all are finite binary32."""
    bits = patterns(values)
    try:
        check_finite(bits)
    except NotFiniteError as error:
        raise NumberError(values, f"a constant: {error}") from error
    return stage.constant(bits, name)


def refused(where: str, operands: tuple[Tensor, ...], reason: str) -> OperandError:
    """The error that says that something does not apply to these tensors."""
    return OperandError(where, tuple(operand.shape for operand in operands), reason)


def same_bits(one: Bits, other: Bits) -> bool:
    """Whether two tensors are the same bit for bit."""
    return one.shape == other.shape and bool(np.array_equal(one, other))
