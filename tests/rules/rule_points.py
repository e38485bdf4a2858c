"""Points at which a rule applies, drawn by construction from its statement: nothing is filtered.

Variables are drawn one after the other: points first, then given and chosen values, then points
that a side says are equal to something. Each side bounds the last variable it mentions, in which
it must be linear; that variable is drawn within the bounds. A variable that stands alone in a side
about named functions is drawn late, and the functions are enclosed. Given and chosen values are
binary32 values (bounds are rounded inward); points are any rationals.
"""

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from gmpy2 import mpq
from hypothesis import strategies as st

from refsem.exact.functions import NotEnclosed
from refsem.ir.enclosing import enclose_term, point_enclosure
from refsem.ir.readings import evaluate
from refsem.ir.terms import (
    Comparison,
    Relation,
    Term,
    applications,
    free_variables,
    relation_terms,
    substitute,
)
from refsem.rounding import (
    BINARY32,
    Mode,
    Unbounded,
    exact_value,
    next_up,
    round_down,
    round_to_binary32,
    round_up,
)
from refsem.rules import Rule

Point = dict[str, mpq]

SMALL = tuple(mpq(n, d) for n in range(-4, 5) for d in (1, 2))
WIDE = tuple(
    sign * value
    for sign in (1, -1)
    for value in (
        mpq(0),
        mpq(1, 2**149),
        mpq(2**23 - 1, 2**149),
        mpq(2**23 - 1, 2**148),
        mpq(1, 2**126),
        mpq(13421773, 2**27),
        mpq(2**24 - 1, 2**24),
        mpq(1),
        mpq(2**23 + 1, 2**23),
        mpq(2**24 - 1),
        mpq(2**24 + 2),
        mpq(11184811, 2**24) * 2**50,
    )
)
"""Binary32 values of every size up to 2^50: bounds that a side asks for then stay finite."""

MODEST = tuple(
    sign * value
    for sign in (1, -1)
    for value in (mpq(0), mpq(1, 2**149), mpq(1, 1024), mpq(13421773, 2**27), mpq(3), mpq(20))
)
"""Numbers at which no function of the catalogue is out of all proportion."""

SHARES = (mpq(0), mpq(1, 3), mpq(1, 2), mpq(1))
"""Where between two bounds a value is taken."""


class Source(Protocol):
    """Where the numbers come from."""

    def value(self) -> mpq:
        """Any binary32 value."""
        ...

    def share(self) -> mpq:
        """A number from 0 to 1, both often."""
        ...


@dataclass(frozen=True, slots=True)
class Seeded:
    """Numbers from a seeded generator: the same each time."""

    generator: random.Random
    values: tuple[mpq, ...]

    def value(self) -> mpq:
        return self.generator.choice(self.values)

    def share(self) -> mpq:
        return self.generator.choice(SHARES)


def _finite32(bits: int) -> mpq:
    return exact_value(BINARY32, bits)


_NUMBERS = st.one_of(
    st.sampled_from(SMALL),
    st.sampled_from(WIDE),
    # patterns of magnitude up to 2^50, both signs
    st.builds(lambda b, s: s * _finite32(b), st.integers(0, 0x58800000), st.sampled_from((1, -1))),
)


_MODEST_NUMBERS = st.one_of(
    st.sampled_from(SMALL),
    st.sampled_from(MODEST),
    # patterns of magnitude up to 16, both signs
    st.builds(lambda b, s: s * _finite32(b), st.integers(0, 0x41800000), st.sampled_from((1, -1))),
)


@dataclass(frozen=True, slots=True)
class Drawn:
    """Numbers drawn by Hypothesis."""

    draw: Callable[[st.SearchStrategy[mpq]], mpq]
    numbers: st.SearchStrategy[mpq]

    def value(self) -> mpq:
        return self.draw(self.numbers)

    def share(self) -> mpq:
        return self.draw(st.sampled_from(SHARES))


@st.composite
def points(draw: Callable[[st.SearchStrategy[mpq]], mpq], rule: Rule) -> Point:
    """Values of the rule's given, chosen and point variables that meet its sides."""
    return draw_point(rule, Drawn(draw, _MODEST_NUMBERS if _modest(rule) else _NUMBERS))


_ASKED = {name: {"p": mpq(1, 2**60) <= Term("p")} for name in ("l2_ball_lower", "l2_ball_upper")}
"""What is asked of a variable besides: the inverse of a multiplier is to be a binary32 value."""


def _modest(rule: Rule) -> bool:
    """Whether wide numbers have no place: in functions, and in products of two that are free."""
    return has_functions(rule) or rule.name in {"enclosed_upper", "enclosed_lower", *_ASKED}


def grids(rule: Rule) -> tuple[tuple[mpq, ...], ...]:
    """Grids of numbers for a seeded source, narrow and wide."""
    return (SMALL, MODEST if _modest(rule) else WIDE)


def has_functions(rule: Rule) -> bool:
    """Whether a rule is about named functions."""
    relations = (*(one.relation for one in rule.sides), *(one.relation for one in rule.claims))
    return bool(applications(relation_terms(relations)))


def names(rule: Rule) -> tuple[str, ...]:
    """Given, chosen and point variables."""
    return tuple(str(v.head) for v in (*rule.given, *rule.chosen, *rule.point))


def draw_point(rule: Rule, source: Source) -> Point:
    """Values of the rule's given, chosen and point variables that meet its sides."""
    determined, late = _determined(rule), _late(rule)
    inputs = [str(v.head) for v in (*rule.given, *rule.chosen)]
    free = [str(v.head) for v in rule.point if str(v.head) not in determined]
    early = [name for name in inputs if name not in late]
    order = [*free, *early, *(name for name in inputs if name in late), *determined]
    values: Point = {}
    for name in order:
        relations = [
            side.relation
            for side in rule.sides
            if name == max(_mentioned(side.relation), key=order.index)
        ]
        if name in _ASKED.get(rule.name, {}):
            relations.append(_ASKED[rule.name][name])
        if name in determined:
            values[name] = evaluate(determined[name].right, values)
        elif name in inputs:
            values[name] = _input(_bounds(name, relations, values), source)
        else:
            implied = _implied(rule, name)
            values[name] = _free(_bounds(name, [*relations, *implied], values), source)
    return values


def _late(rule: Rule) -> set[str]:
    """The variables that stand alone on one side of a relation about functions, or about lines."""
    about_functions = (
        s.relation for s in rule.sides if applications(relation_terms((s.relation,)))
    )
    return {
        one.head
        for relation in about_functions
        for one in (relation.left, relation.right)
        if isinstance(one.head, str)
    } | {"ml", "mu"}


def _implied(rule: Rule, name: str) -> Iterator[Relation]:
    """What a point has to meet so that an end of its box can: 0 < l where l ≤ x gives 0 < x."""
    point = Term(name)
    for relation in (side.relation for side in rule.sides):
        below = relation.right == point and isinstance(relation.left.head, str)
        above = relation.left == point and isinstance(relation.right.head, str)
        if below or above:
            end = str((relation.left if below else relation.right).head)
            for other in (side.relation for side in rule.sides):
                if _mentioned(other) == (end,) and below == (other.right.head == end):
                    sides = (substitute(one, {end: point}) for one in (other.left, other.right))
                    yield Relation(other.comparison, *sides)


def _mentioned(relation: Relation) -> tuple[str, ...]:
    return free_variables(relation_terms((relation,)))


def _determined(rule: Rule) -> dict[str, Relation]:
    """The point variables that stand alone on the left of an equality."""
    return {
        str(side.relation.left.head): side.relation
        for side in rule.sides
        if side.relation.comparison is Comparison.EQ and side.relation.left in rule.point
    }


@dataclass(frozen=True, slots=True)
class _Bounds:
    lower: list[mpq]
    upper: list[mpq]
    above: list[mpq]
    """Strict lower bounds."""
    below: list[mpq]
    """Strict upper bounds."""


def _function_bound(name: str, relation: Relation, values: Mapping[str, mpq]) -> tuple[mpq, mpq]:
    """Numbers around the side of a relation on which the variable does not stand alone."""
    root = relation.right if relation.left == Term(name) else relation.left
    spans = {other: point_enclosure(value) for other, value in values.items()}
    found = enclose_term(root, spans, 200)
    assert not isinstance(found, NotEnclosed), found
    return found.lower, found.upper


def _bounds(name: str, relations: list[Relation], values: Mapping[str, mpq]) -> _Bounds:
    bounds = _Bounds([], [], [], [])
    for relation in relations:
        if applications(relation_terms((relation,))):
            assert relation.comparison is Comparison.LE, "no construction: extend this file"
            low, high = _function_bound(name, relation, values)
            if relation.left == Term(name):
                bounds.upper.append(low)
            else:
                bounds.lower.append(high)
            continue
        at_0, at_1, at_2 = (
            evaluate(relation.right, {**values, name: mpq(n)})
            - evaluate(relation.left, {**values, name: mpq(n)})
            for n in range(3)
        )
        slope = at_1 - at_0
        if slope == 0 <= at_0 and relation.comparison is Comparison.LE:
            continue  # a product with 0 is met by every value
        assert slope != 0, f"{name} is last in a side that does not depend on it"
        assert at_2 - at_1 == slope, f"a side is not linear in {name}"
        match relation.comparison, slope > 0:
            case Comparison.LE, True:
                bounds.lower.append(-at_0 / slope)
            case Comparison.LE, False:
                bounds.upper.append(-at_0 / slope)
            case Comparison.LT, True:
                bounds.above.append(-at_0 / slope)
            case Comparison.LT, False:
                bounds.below.append(-at_0 / slope)
            case other:
                raise AssertionError(f"no construction for {other}: extend this file")
    return bounds


def _free(bounds: _Bounds, source: Source) -> mpq:
    """Any rational within bounds, on at most one side."""
    drawn = source.value() + source.share() * source.value()
    lowest, highest = [*bounds.lower, *bounds.above], [*bounds.upper, *bounds.below]
    assert not (lowest and highest), "a point is bounded on both sides: extend this file"
    # a strict bound leaves room for the end of a box, which is a binary32 value
    distance = max(abs(drawn), mpq(bool(bounds.above or bounds.below), 1024))
    if lowest:
        return max(lowest) + distance
    return min(highest) - distance if highest else drawn


def _input(bounds: _Bounds, source: Source) -> mpq:
    """A binary32 value within bounds, on them as often as not."""
    lowest = [_finite(round_up(bound)) for bound in bounds.lower]
    lowest += [_neighbour(bound) for bound in bounds.above]
    highest = [_finite(round_down(bound)) for bound in bounds.upper]
    highest += [-_neighbour(-bound) for bound in bounds.below]
    drawn, share = source.value(), source.share()
    if lowest and highest:
        low, high = max(lowest), min(highest)
        assert low <= high, "the sides leave nothing to choose"
        return max(low, _finite(round_down(low + share * (high - low))))
    if lowest:
        return _finite(round_up(max(lowest) + share * abs(drawn)))
    if highest:
        return _finite(round_down(min(highest) - share * abs(drawn)))
    return drawn


def _neighbour(bound: mpq) -> mpq:
    """The least binary32 value above a bound."""
    bits = round_to_binary32(Mode.RTN, bound, 0)
    return exact_value(BINARY32, next_up(BINARY32, bits))


def _finite(value: mpq | Unbounded) -> mpq:
    assert not isinstance(value, Unbounded)
    return value
