"""Comparison predicates and extrema.

Two operands are related in exactly one of four ways; a predicate is the set of relations it
accepts, quiet or signalling. Quiet ones signal invalid for signalling NaNs only, signalling ones
for every NaN. The zeros are equal. Source: IEEE 754-2019 §5.6.1, §9.6; minNum and maxNum from
754-2008 §5.3.1, which 2019 withdrew.

In the extrema −0 counts as less than +0 throughout (2008 left it open).
"""

from dataclasses import dataclass
from enum import Enum

from refsem.binary32.delivery import propagated, read, unchanged
from refsem.binary32.value import Binary32, Result
from refsem.rounding import FLAGS, Environment, Flags
from refsem.rounding.environment import INVALID


class Relation(Enum):
    """How one operand stands to another."""

    LESS = "<"
    EQUAL = "="
    GREATER = ">"
    UNORDERED = "?"


@dataclass(frozen=True, slots=True)
class BooleanResult:
    """A truth value and the exceptions signalled on the way to it."""

    value: bool
    flags: Flags


class Predicate(Enum):
    """The 22 predicates of IEEE 754: the relations accepted, and whether quiet NaNs signal."""

    QUIET_EQUAL = ("=", False)
    QUIET_NOT_EQUAL = ("<>?", False)
    QUIET_GREATER = (">", False)
    QUIET_GREATER_EQUAL = (">=", False)
    QUIET_LESS = ("<", False)
    QUIET_LESS_EQUAL = ("<=", False)
    QUIET_UNORDERED = ("?", False)
    QUIET_NOT_GREATER = ("<=?", False)
    QUIET_LESS_UNORDERED = ("<?", False)
    QUIET_NOT_LESS = (">=?", False)
    QUIET_GREATER_UNORDERED = (">?", False)
    QUIET_ORDERED = ("<=>", False)
    SIGNALLING_EQUAL = ("=", True)
    SIGNALLING_NOT_EQUAL = ("<>?", True)
    SIGNALLING_GREATER = (">", True)
    SIGNALLING_GREATER_EQUAL = (">=", True)
    SIGNALLING_LESS = ("<", True)
    SIGNALLING_LESS_EQUAL = ("<=", True)
    SIGNALLING_NOT_GREATER = ("<=?", True)
    SIGNALLING_LESS_UNORDERED = ("<?", True)
    SIGNALLING_NOT_LESS = (">=?", True)
    SIGNALLING_GREATER_UNORDERED = (">?", True)


def relation(x: Binary32, y: Binary32, environment: Environment) -> Relation:
    """The one relation that holds between x and y as the environment reads them."""
    x, y = read(x, environment), read(y, environment)
    if x.is_nan or y.is_nan:
        return Relation.UNORDERED
    if x.is_finite and y.is_finite:
        one, other = x.value, y.value
    else:
        one, other = _infinite_rank(x), _infinite_rank(y)
    if one == other:
        return Relation.EQUAL
    return Relation.LESS if one < other else Relation.GREATER


def _infinite_rank(x: Binary32) -> int:
    """Enough to order two operands one of which is infinite."""
    return 0 if x.is_finite else -1 if x.is_negative else 1


def compare(
    predicate: Predicate, x: Binary32, y: Binary32, environment: Environment
) -> BooleanResult:
    """Whether the predicate accepts the relation of x to y."""
    accepted, signalling = predicate.value
    unordered = x.is_nan or y.is_nan
    invalid = (signalling and unordered) or x.is_signalling or y.is_signalling
    truth = relation(x, y, environment).value in accepted
    return BooleanResult(truth, FLAGS[INVALID if invalid else 0])


def _lesser(x: Binary32, y: Binary32, environment: Environment) -> tuple[Binary32, Binary32]:
    """Two numbers in ascending order, −0 before +0."""
    swap = {Relation.GREATER: True, Relation.EQUAL: y.is_negative}
    return (y, x) if swap.get(relation(x, y, environment), False) else (x, y)


def minimum(x: Binary32, y: Binary32, environment: Environment) -> Result:
    """The lesser operand; a NaN if either is one."""
    x, y = read(x, environment), read(y, environment)
    if x.is_nan or y.is_nan:
        return propagated(environment, x, y)
    return unchanged(_lesser(x, y, environment)[0])


def maximum(x: Binary32, y: Binary32, environment: Environment) -> Result:
    """The greater operand; a NaN if either is one."""
    x, y = read(x, environment), read(y, environment)
    if x.is_nan or y.is_nan:
        return propagated(environment, x, y)
    return unchanged(_lesser(x, y, environment)[1])


def minimum_number(x: Binary32, y: Binary32, environment: Environment) -> Result:
    """The lesser operand; a number is preferred to any NaN, a signalling one still signals."""
    return _number(x, y, environment, 0)


def maximum_number(x: Binary32, y: Binary32, environment: Environment) -> Result:
    """The greater operand; a number is preferred to any NaN, a signalling one still signals."""
    return _number(x, y, environment, 1)


def _number(x: Binary32, y: Binary32, environment: Environment, which: int) -> Result:
    x, y = read(x, environment), read(y, environment)
    if x.is_nan and y.is_nan:
        return propagated(environment, x, y)
    if x.is_nan or y.is_nan:
        nan, number = (x, y) if x.is_nan else (y, x)
        return Result(number, FLAGS[INVALID if nan.is_signalling else 0])
    return unchanged(_lesser(x, y, environment)[which])


def min_num(x: Binary32, y: Binary32, environment: Environment) -> Result:
    """The minNum of 2008: a number is preferred to a quiet NaN; a signalling one gives a NaN."""
    if x.is_signalling or y.is_signalling:
        return propagated(environment, x, y)
    return minimum_number(x, y, environment)


def max_num(x: Binary32, y: Binary32, environment: Environment) -> Result:
    """The maxNum of 2008: a number is preferred to a quiet NaN; a signalling one gives a NaN."""
    if x.is_signalling or y.is_signalling:
        return propagated(environment, x, y)
    return maximum_number(x, y, environment)
