"""Plans: what an operator that is not elementwise means, as index maps, stated once.

A plan is a sum of summands, each a number times one of three forms on tensors laid out row-major:

- `Selection`: entries of the operands, laid end to end, each result entry one of them;
- `Reduction`: each result entry a sum, mean, maximum or minimum of entries of one operand;
- `Contraction`: each result entry a sum of products of entries of two operands.

Every reading of such an operator (exact values, intervals, linear maps and their adjoints, the
executed network) follows these maps; none computes an index of its own.

Invariant: an index is a position in the operand, or `ABSENT`: no term of a sum (its value is 0).
A maximum or minimum has at least one term and no absent one. Whether the maps fit the operands'
sizes is the business of the shape rules and their tests.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from gmpy2 import mpq

from refsem.ir.shapes import Attributes, Shape

Index = npt.NDArray[np.int64]

ABSENT = -1
"""The index of a term that is not there."""


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """out[j] = entry index[j] of the operands laid end to end."""

    index: Index


class Fold(Enum):
    """What becomes of several entries; the value is the printed name."""

    SUM = "sum"
    MEAN = "mean"
    MAX = "max"
    MIN = "min"


@dataclass(frozen=True, slots=True, eq=False)
class Reduction:
    """out[j] = the fold of operand[index[j, t]] over t; a mean divides by divisors[j]."""

    index: Index
    fold: Fold
    divisors: Index


@dataclass(frozen=True, slots=True, eq=False)
class Contraction:
    """out[p] = entry order[p] of z, z[b, i, j] = Σ_k x[left[b, i, k]] · y[right[b, j, k]]."""

    left: Index
    right: Index
    order: Index


Form: TypeAlias = Selection | Reduction | Contraction


@dataclass(frozen=True, slots=True, eq=False)
class Summand:
    """A number times a form of some of the operands, named by their places."""

    operands: tuple[int, ...]
    form: Form
    factor: mpq


Plan: TypeAlias = tuple[Summand, ...]
PlanRule = Callable[[tuple[Shape, ...], Attributes], Plan]


def positions(shape: Shape) -> Index:
    """The position of every entry of a tensor, in its shape."""
    return np.arange(int(np.prod(shape, dtype=np.int64)), dtype=np.int64).reshape(shape)


def selected(index: Index, count: int = 1) -> Plan:
    """The plan that selects these entries of `count` operands."""
    flat = np.ascontiguousarray(index).ravel()
    return (Summand(tuple(range(count)), Selection(flat), mpq(1)),)


def spread(place: int, source: Shape, target: Shape, factor: mpq) -> Summand:
    """A number times an operand broadcast to a shape by numpy's rule."""
    index = np.broadcast_to(positions(source), target)
    return Summand((place,), Selection(np.ascontiguousarray(index).ravel()), factor)
