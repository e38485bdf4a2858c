"""The binary32 outward reading: terms as intervals whose ends are binary32 values.

Every subterm becomes an interval: its ends are computed from the ends of the arguments (exactly
but for the enclosure of a named function) and then rounded outward, the lower one down, the upper
one up. Invariant: at values of the variables for which a term has a value, that value lies in the
term's interval (by induction on the term; the tests hold this reading against the exact one).

Where an end has no finite bound it is `Unbounded`: no claim. Arithmetic does not accept it: the
interval of any operator applied to such an argument is unbounded at both ends. A divisor whose
interval contains 0 gives the same. An end that must not move is claimed only where no step had
to round.

Source: interval arithmetic (Moore 1966) with directed rounding. Not here: the order of summation
of a tensor operation, and numbers of any other format.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias, assert_never

from gmpy2 import mpq

from refsem.exact.functions import Enclosure, Function, NotEnclosed
from refsem.ir.enclosing import function_image, image
from refsem.ir.terms import Operator, Term, fold
from refsem.rounding import Unbounded, round_down, round_up
from refsem.rules.rule import Outward, Rule

_PRECISION = 64
"""Bits of a function's enclosure, before its ends are rounded."""

End: TypeAlias = mpq | Unbounded
Values: TypeAlias = Mapping[str, End]


@dataclass(frozen=True, slots=True)
class Interval:
    """All numbers from a lower to an upper end; each is a binary32 value or no claim."""

    lower: End
    upper: End


_NO_CLAIM = Interval(Unbounded(), Unbounded())


def enclosure(lower: mpq, upper: mpq) -> Interval:
    """The least interval with binary32 ends around all numbers from `lower` to `upper`."""
    return Interval(round_down(lower), round_up(upper))


def _rounded(exact: Enclosure | NotEnclosed) -> Interval:
    return _NO_CLAIM if isinstance(exact, NotEnclosed) else enclosure(exact.lower, exact.upper)


def _bounded(interval: Interval) -> Enclosure | None:
    """The interval if both its ends are finite: what arithmetic accepts."""
    if isinstance(interval.lower, Unbounded) or isinstance(interval.upper, Unbounded):
        return None
    return Enclosure(interval.lower, interval.upper)


@dataclass(frozen=True, slots=True)
class OutwardBinary32:
    """Terms as intervals with binary32 ends, at values of the variables."""

    values: Values

    def constant(self, value: mpq) -> Interval:
        """The constant between its two nearest binary32 values."""
        return enclosure(value, value)

    def variable(self, name: str) -> Interval:
        """The value between its two nearest binary32 values: a point, if it is one of them."""
        value = self.values[name]
        return _NO_CLAIM if isinstance(value, Unbounded) else enclosure(value, value)

    def apply(self, operator: Operator, arguments: tuple[Interval, ...]) -> Interval:
        """The image of the arguments' intervals, its ends rounded outward."""
        bounded = []
        for argument in arguments:
            finite = _bounded(argument)
            if finite is None:
                return _NO_CLAIM
            bounded.append(finite)
        return _rounded(image(operator, tuple(bounded)))

    def function(self, function: Function, argument: Interval) -> Interval:
        """The function's image of the argument's interval, its ends rounded outward."""
        bounded = _bounded(argument)
        if bounded is None:
            return _NO_CLAIM
        return _rounded(function_image(function, bounded, _PRECISION))


def evaluate_outward(term: Term, values: Values, outward: Outward) -> End:
    """The binary32 end of a term's interval on the stated side: where a derived value may move.

    UP gives a value that is at least the exact one, DOWN one that is at most it, EXACT the exact
    one; `Unbounded` where this reading finds no such value.
    """
    interval = fold(term, OutwardBinary32(values))
    match outward:
        case Outward.UP:
            return interval.upper
        case Outward.DOWN:
            return interval.lower
        case Outward.EXACT:
            return interval.lower if interval.lower == interval.upper else Unbounded()
        case _:
            assert_never(outward)


def derive_outward(rule: Rule, values: Values) -> dict[str, End]:
    """The derived values of a rule in order, each from the already moved ones before it."""
    known = dict(values)
    for derived in rule.derived:
        known[derived.name] = evaluate_outward(derived.term, known, derived.outward)
    return {derived.name: known[derived.name] for derived in rule.derived}
