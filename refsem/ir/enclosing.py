"""Terms as intervals of rationals, and relations decided by them.

Every subterm becomes an interval that contains its value at all values of the variables in given
intervals. Arithmetic on the ends is exact; functions are enclosed by ball arithmetic. A relation
between irrational values is decided where its two sides separate; where they do not, at the
precisions tried, that is an answer of its own.

Invariant: what is decided is true or false as said, about the real numbers. Not covered: rounding
to a format (`refsem.rules.outward`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from itertools import product

from gmpy2 import mpq

from refsem.exact.functions import (
    Enclosure,
    Function,
    NoRationalValue,
    NotEnclosed,
    enclose,
    enclose_over,
    rational_value,
)
from refsem.ir.readings import IrrationalError, Point, holds
from refsem.ir.terms import Comparison, Operator, Relation, Term, fold

PRECISIONS = (53, 200, 800)
"""The precisions, in bits, at which two sides of a relation are tried to be told apart."""

Spans = Mapping[str, Enclosure]
"""For each variable, an interval in which it lies."""


def point_enclosure(value: mpq) -> Enclosure:
    """The interval that holds one number."""
    return Enclosure(value, value)


def _hull(candidates: list[mpq]) -> Enclosure:
    return Enclosure(min(candidates), max(candidates))


def _multiplied(x: Enclosure, y: Enclosure) -> Enclosure:
    return _hull([a * b for a, b in product((x.lower, x.upper), (y.lower, y.upper))])


def _divided(x: Enclosure, y: Enclosure) -> Enclosure | NotEnclosed:
    if y.lower <= 0 <= y.upper:
        return NotEnclosed("the divisor may be zero")
    return _hull([a / b for a, b in product((x.lower, x.upper), (y.lower, y.upper))])


def _absolute(x: Enclosure) -> Enclosure:
    return Enclosure(max(x.lower, -x.upper, mpq(0)), max(-x.lower, x.upper))


def _selected(a: Enclosure, b: Enclosure, x: Enclosure, y: Enclosure) -> Enclosure:
    if a.upper <= b.lower:
        return x
    if a.lower > b.upper:
        return y
    return Enclosure(min(x.lower, y.lower), max(x.upper, y.upper))


_IMAGES: Mapping[Operator, Callable[..., Enclosure | NotEnclosed]] = {
    Operator.ADD: lambda x, y: Enclosure(x.lower + y.lower, x.upper + y.upper),
    Operator.SUB: lambda x, y: Enclosure(x.lower - y.upper, x.upper - y.lower),
    Operator.MUL: _multiplied,
    Operator.DIV: _divided,
    Operator.NEG: lambda x: Enclosure(-x.upper, -x.lower),
    Operator.MIN: lambda x, y: Enclosure(min(x.lower, y.lower), min(x.upper, y.upper)),
    Operator.MAX: lambda x, y: Enclosure(max(x.lower, y.lower), max(x.upper, y.upper)),
    Operator.ABS: _absolute,
    Operator.SELECT: _selected,
}


def image(operator: Operator, arguments: tuple[Enclosure, ...]) -> Enclosure | NotEnclosed:
    """An interval around all values of an operator at values in the arguments' intervals."""
    return _IMAGES[operator](*arguments)


def function_image(
    function: Function, argument: Enclosure, precision: int
) -> Enclosure | NotEnclosed:
    """An interval around all values of a function over an interval."""
    if argument.lower < argument.upper:
        return enclose_over(function, argument.lower, argument.upper, precision)
    value = rational_value(function, argument.lower)
    if isinstance(value, NoRationalValue):
        return enclose(function, argument.lower, precision)
    return point_enclosure(value)


@dataclass(frozen=True, slots=True)
class Enclosed:
    """Terms as intervals, at values of the variables in intervals; functions to some precision."""

    spans: Spans
    precision: int

    def constant(self, value: mpq) -> Enclosure | NotEnclosed:
        """The constant alone."""
        return point_enclosure(value)

    def variable(self, name: str) -> Enclosure | NotEnclosed:
        """The variable's interval."""
        return self.spans[name]

    def apply(
        self, operator: Operator, arguments: tuple[Enclosure | NotEnclosed, ...]
    ) -> Enclosure | NotEnclosed:
        """The image of the arguments' intervals, if they all have one."""
        known = []
        for argument in arguments:
            if isinstance(argument, NotEnclosed):
                return argument
            known.append(argument)
        return image(operator, tuple(known))

    def function(
        self, function: Function, argument: Enclosure | NotEnclosed
    ) -> Enclosure | NotEnclosed:
        """The function's image of the argument's interval."""
        if isinstance(argument, NotEnclosed):
            return argument
        return function_image(function, argument, self.precision)


def enclose_term(root: Term, spans: Spans, precision: int) -> Enclosure | NotEnclosed:
    """An interval around all values of a term at values of its variables in intervals."""
    return fold(root, Enclosed(spans, precision))


class Truth(Enum):
    """Whether a relation holds, as far as it can be told."""

    TRUE = "true"
    FALSE = "false"
    UNDECIDED = "undecided"


def decide(relation: Relation, point: Point) -> Truth:
    """Whether a relation holds at a point: exactly, or by enclosures that separate its sides.

    `ZeroDivisionError` or `UndefinedError` where it is seen to have no value.
    """
    try:
        return Truth.TRUE if holds(relation, point) else Truth.FALSE
    except IrrationalError:
        spans = {name: point_enclosure(value) for name, value in point.items()}
    for precision in PRECISIONS:
        found = decide_over(relation, spans, precision)
        if found is not Truth.UNDECIDED:
            return found
    return Truth.UNDECIDED


def decide_over(relation: Relation, spans: Spans, precision: int) -> Truth:
    """Whether a relation holds at all values of the variables in intervals, or at none."""
    left = enclose_term(relation.left, spans, precision)
    right = enclose_term(relation.right, spans, precision)
    if isinstance(left, NotEnclosed) or isinstance(right, NotEnclosed):
        return Truth.UNDECIDED
    difference = Enclosure(left.lower - right.upper, left.upper - right.lower)
    zero = difference.lower == difference.upper == 0
    apart = difference.lower > 0 or difference.upper < 0
    match relation.comparison:
        case Comparison.LE:
            return _told(difference.upper <= 0, difference.lower > 0)
        case Comparison.LT:
            return _told(difference.upper < 0, difference.lower >= 0)
        case Comparison.EQ:
            return _told(zero, apart)
        case Comparison.NE:
            return _told(apart, zero)


def _told(true: bool, false: bool) -> Truth:
    if true:
        return Truth.TRUE
    return Truth.FALSE if false else Truth.UNDECIDED
