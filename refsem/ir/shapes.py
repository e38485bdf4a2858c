"""Shapes and attributes: what a shape rule takes, and the rules that several operators share.

Invariant: a shape rule computes with lengths alone, so that sizes are known, and can be refused,
before anything of that size exists. `ShapeError` says why an operator does not apply.
"""

from collections.abc import Callable, Mapping
from math import prod
from typing import TypeAlias

from gmpy2 import mpq

Shape = tuple[int, ...]
Attribute: TypeAlias = int | mpq | str | tuple[int, ...]
Attributes = Mapping[str, Attribute]
ShapeRule = Callable[[tuple[Shape, ...], Attributes], Shape]

INDEX_LIMIT = 2**27
"""How many entries the index maps of one operator may have."""


class ShapeError(ValueError):
    """Operand shapes or attributes to which an operator does not apply."""


def integers(attribute: Attribute) -> tuple[int, ...]:
    """The attribute as a list of integers; `ShapeError` where it is something else."""
    if not isinstance(attribute, tuple):
        raise ShapeError(f"{attribute!r} is not a list of integers")
    return attribute


def integer(attribute: Attribute) -> int:
    """The attribute as an integer; `ShapeError` where it is something else."""
    if not isinstance(attribute, int):
        raise ShapeError(f"{attribute!r} is not an integer")
    return attribute


def word(attribute: Attribute, allowed: tuple[str, ...]) -> str:
    """The attribute as one of some words; `ShapeError` where it is something else."""
    if not isinstance(attribute, str) or attribute not in allowed:
        raise ShapeError(f"{attribute!r} is none of {', '.join(allowed)}")
    return attribute


def flag(attribute: Attribute) -> bool:
    """The attribute as a truth value, 0 or 1; `ShapeError` where it is something else."""
    if attribute not in {0, 1}:
        raise ShapeError(f"{attribute!r} is not 0 or 1")
    return attribute == 1


def one_each(attribute: Attribute, count: int, least: int) -> tuple[int, ...]:
    """The attribute as so many integers, none below `least`; `ShapeError` where it is not."""
    values = integers(attribute)
    if len(values) != count or min(values, default=least) < least:
        raise ShapeError(f"{list(values)} are not {count} numbers of at least {least}")
    return values


def axis_of(attribute: Attribute, rank: int) -> int:
    """The attribute as an axis, 0 to rank − 1; `ShapeError` where it is none."""
    axis = integer(attribute)
    if not 0 <= axis < rank:
        raise ShapeError(f"axis {axis} of a tensor with {rank} dimensions")
    return axis


def check_index(entries: int) -> None:
    """Nothing if an operator's index maps may have so many entries; else `ShapeError`."""
    if entries > INDEX_LIMIT:
        raise ShapeError(f"{entries} terms to gather, at most {INDEX_LIMIT} are supported")


def declared(_operands: tuple[Shape, ...], attributes: Attributes) -> Shape:
    """The shape that an attribute states."""
    shape = integers(attributes["shape"])
    if min(shape, default=0) < 0:
        raise ShapeError(f"{list(shape)} is not a shape: a length is negative")
    return shape


def same(operands: tuple[Shape, ...], attributes: Attributes) -> Shape:
    """The shape of the operand; the attributes are numbers."""
    for name, value in attributes.items():
        if isinstance(value, tuple | str):
            shown = list(value) if isinstance(value, tuple) else value
            raise ShapeError(f"{name} is {shown}, a number expected")
    return operands[0]


def broadcast(operands: tuple[Shape, ...], _attributes: Attributes) -> Shape:
    """The operands' common shape by numpy's rule."""
    result: Shape = ()
    for operand in operands:
        result = _broadcast_pair(result, operand)
    return result


def broadcast_to_first(operands: tuple[Shape, ...], _attributes: Attributes) -> Shape:
    """The shape of the first operand, to which the others broadcast."""
    if broadcast(operands, {}) != operands[0]:
        others = " and ".join(str(list(shape)) for shape in operands[1:])
        raise ShapeError(f"{others} does not broadcast to {list(operands[0])}")
    return operands[0]


def _broadcast_pair(left: Shape, right: Shape) -> Shape:
    rank = max(len(left), len(right))
    pairs = zip((1,) * (rank - len(left)) + left, (1,) * (rank - len(right)) + right, strict=True)
    result = []
    for a, b in pairs:
        if a != b and 1 not in (a, b):
            raise ShapeError(f"shapes {list(left)} and {list(right)} do not broadcast")
        result.append(b if a == 1 else a)
    return tuple(result)


def reshaped(operands: tuple[Shape, ...], attributes: Attributes) -> Shape:
    """The target shape, of as many entries."""
    target = integers(attributes["shape"])
    if min(target, default=0) < 0 or prod(target) != prod(operands[0]):
        raise ShapeError(f"{list(operands[0])} cannot be reshaped to {list(target)}")
    return target
