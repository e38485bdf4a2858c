"""Reduction trees: the order of a sum or dot product, as data.

Floating-point addition is not associative, so "the sum of x" means nothing until an order is
named. A `Tree` names it completely: which partial results are added, in which format each is
rounded, whether the sum starts from +0 or from its first term, whether products are fused. It is
a flat list of steps, each using earlier ones, so that a chain of thousands is no deep structure.

A term is the element x[i] of a sum, or the product x[i]·y[i] of a dot product.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import assert_never

from refsem.rounding import BFLOAT16, BINARY16, BINARY32, BINARY64, Format

FORMATS = (BINARY32, BINARY64, BFLOAT16, BINARY16)
"""The formats a step may round into."""


@dataclass(frozen=True, slots=True)
class Term:
    """The term of that index, rounded into the format; an element of binary32 stays as it is."""

    index: int
    format: Format


@dataclass(frozen=True, slots=True)
class Zero:
    """The value +0 that a sum may start from."""

    format: Format


@dataclass(frozen=True, slots=True)
class Add:
    """The exact sum of the results of two earlier steps, rounded once into the format."""

    left: int
    right: int
    format: Format


@dataclass(frozen=True, slots=True)
class FusedAdd:
    """The exact x[i]·y[i] plus the result of an earlier step, rounded once into the format."""

    index: int
    addend: int
    format: Format


@dataclass(frozen=True, slots=True)
class Convert:
    """The result of an earlier step rounded into the format."""

    operand: int
    format: Format


Step = Term | Zero | Add | FusedAdd | Convert


def uses(step: Step) -> tuple[int, ...]:
    """The earlier steps whose results a step takes."""
    match step:
        case Term() | Zero():
            return ()
        case Add(left=left, right=right):
            return left, right
        case FusedAdd(addend=addend):
            return (addend,)
        case Convert(operand=operand):
            return (operand,)
        case _:
            assert_never(step)


def indices(steps: tuple[Step, ...]) -> Iterator[int]:
    """The indices of the terms taken, in the order of the steps."""
    for step in steps:
        match step:
            case Term(index=index) | FusedAdd(index=index):
                yield index
            case Zero() | Add() | Convert():
                pass
            case _:
                assert_never(step)


@dataclass(frozen=True, slots=True)
class Tree:
    """The steps of a reduction of so many terms, the last of which is the result.

    Raises `ValueError` unless every step uses earlier steps only, every result but the last is
    used exactly once, every term is taken exactly once, and the formats are among `FORMATS`.
    """

    terms: int
    steps: tuple[Step, ...]

    def __post_init__(self) -> None:
        if not self.steps:
            raise ValueError("a reduction tree without steps has no result")
        used = [False] * len(self.steps)
        for place, step in enumerate(self.steps):
            if step.format not in FORMATS:
                raise ValueError(f"step {place}: the kernel does not reduce in {step.format}")
            for operand in uses(step):
                if not 0 <= operand < place or used[operand]:
                    raise ValueError(f"step {place}: {step} uses a later or an already used step")
                used[operand] = True
        if not all(used[:-1]):
            raise ValueError(f"the result of step {used.index(False)} is not used")
        taken = sorted(indices(self.steps))
        if taken != list(range(self.terms)):
            raise ValueError(f"{self.terms} terms are to be taken once each, not {taken}")

    @property
    def format(self) -> Format:
        """The format of the result."""
        return self.steps[-1].format

    @property
    def fused(self) -> bool:
        """Whether some product is added unrounded, so that the terms must be products."""
        return any(isinstance(step, FusedAdd) for step in self.steps)
