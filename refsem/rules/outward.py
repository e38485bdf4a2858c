"""The binary32 outward reading: terms as intervals whose ends are binary32 values.

Every subterm becomes an interval: its ends are computed exactly from the ends of the arguments
and then rounded outward, the lower one down, the upper one up. Invariant: at values of the
variables for which a term has a value, that value lies in the term's interval (by induction on
the term; the tests hold this reading against the exact one).

Where an end has no finite bound it is `Unbounded`: no claim. Arithmetic does not accept it: the
interval of any operator applied to such an argument is unbounded at both ends. A divisor whose
interval contains 0 gives the same. An end that must not move is claimed only where no step had
to round.

Source: interval arithmetic (Moore 1966) with directed rounding. Not here: the order of summation
of a tensor operation, and numbers of any other format.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import TypeAlias, assert_never

from gmpy2 import mpq

from refsem.ir.terms import Operator, Term, fold
from refsem.rounding import Unbounded, round_down, round_up
from refsem.rules.rule import Outward, Rule

End: TypeAlias = mpq | Unbounded
Values: TypeAlias = Mapping[str, End]

_ZERO = mpq(0)


@dataclass(frozen=True, slots=True)
class Interval:
    """All numbers from a lower to an upper end; each is a binary32 value or no claim."""

    lower: End
    upper: End


@dataclass(frozen=True, slots=True)
class _Bounded:
    """An interval with two finite ends: what arithmetic accepts."""

    lower: mpq
    upper: mpq


_NO_CLAIM = Interval(Unbounded(), Unbounded())


def enclosure(lower: mpq, upper: mpq) -> Interval:
    """The least interval with binary32 ends around all numbers from `lower` to `upper`."""
    return Interval(round_down(lower), round_up(upper))


def _hull(candidates: list[mpq]) -> Interval:
    return enclosure(min(candidates), max(candidates))


def _multiplied(x: _Bounded, y: _Bounded) -> Interval:
    return _hull([a * b for a, b in product((x.lower, x.upper), (y.lower, y.upper))])


def _divided(x: _Bounded, y: _Bounded) -> Interval:
    if y.lower <= 0 <= y.upper:
        return _NO_CLAIM
    return _hull([a / b for a, b in product((x.lower, x.upper), (y.lower, y.upper))])


def _absolute(x: _Bounded) -> Interval:
    return enclosure(max(x.lower, -x.upper, _ZERO), max(-x.lower, x.upper))


def _selected(a: _Bounded, b: _Bounded, x: _Bounded, y: _Bounded) -> Interval:
    if a.upper <= b.lower:
        return enclosure(x.lower, x.upper)
    if a.lower > b.upper:
        return enclosure(y.lower, y.upper)
    return enclosure(min(x.lower, y.lower), max(x.upper, y.upper))


_IMAGES: Mapping[Operator, Callable[..., Interval]] = {
    Operator.ADD: lambda x, y: enclosure(x.lower + y.lower, x.upper + y.upper),
    Operator.SUB: lambda x, y: enclosure(x.lower - y.upper, x.upper - y.lower),
    Operator.MUL: _multiplied,
    Operator.DIV: _divided,
    Operator.NEG: lambda x: enclosure(-x.upper, -x.lower),
    Operator.MIN: lambda x, y: enclosure(min(x.lower, y.lower), min(x.upper, y.upper)),
    Operator.MAX: lambda x, y: enclosure(max(x.lower, y.lower), max(x.upper, y.upper)),
    Operator.ABS: _absolute,
    Operator.SELECT: _selected,
}


def _bounded(interval: Interval) -> _Bounded | None:
    if isinstance(interval.lower, Unbounded) or isinstance(interval.upper, Unbounded):
        return None
    return _Bounded(interval.lower, interval.upper)


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
        bounded = [_bounded(argument) for argument in arguments]
        return _NO_CLAIM if None in bounded else _IMAGES[operator](*bounded)


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
