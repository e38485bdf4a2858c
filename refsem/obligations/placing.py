"""Placing: points for obligations about functions, placed where the sides hold.

Blind points seldom meet sides like exp(u) ≤ v. A variable that a side bounds by a term is placed
on that bound, or a little beyond, as tightly as the term can be enclosed by a simple number. The
generator is seeded with the obligation's id, so a run can be repeated. The points are candidates:
what they show is for exact evaluation to say.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from gmpy2 import mpq

from refsem.exact.functions import NotEnclosed
from refsem.ir.enclosing import Truth, decide_over, enclose_term, point_enclosure
from refsem.ir.readings import evaluate
from refsem.ir.terms import (
    Comparison,
    Relation,
    Term,
    applications,
    free_variables,
    relation_terms,
)
from refsem.obligations.obligation import Obligation
from refsem.rules import Outward

_NUMBERS = tuple(
    mpq(n, d) for n, d in ((0, 1), *((s * n, 1) for n in (1, 2, 3) for s in (1, -1)))
) + tuple(mpq(n, d) for d in (2, 4, 8) for n in (1, -1))
_BEYOND = (mpq(0), mpq(0), mpq(1, 4), mpq(1))
SLACK = (mpq(0), mpq(0), mpq(1, 2), mpq(1))
"""How far a definition may be moved from its term."""
_BITS = (5, 12, 40)
_PRECISION = 53


def involves_functions(obligation: Obligation) -> bool:
    """Whether the goal or a side applies a named function."""
    goal = () if obligation.goal is None else (obligation.goal,)
    return bool(applications(relation_terms((*_sides(obligation), *goal))))


def _sides(obligation: Obligation) -> list[Relation]:
    return [premise.relation for premise in obligation.premises if not premise.cited]


def placed_points(obligation: Obligation, count: int) -> Iterator[dict[str, mpq]]:
    """Of so many points those that seem to show something; definitions follow from the rest."""
    source = random.Random(obligation.id)  # noqa: S311  repeatable, not secret
    for _ in range(count):
        point = draw_within(obligation, obligation.free, source)
        slacks = [source.choice(SLACK) for _ in obligation.definitions]
        if define(obligation, point, slacks) and _promising(point, obligation):
            yield point


def draw_within(
    obligation: Obligation, names: tuple[str, ...], source: random.Random
) -> dict[str, mpq]:
    """Small numbers for some variables, moved to where the sides about those hold, mostly."""
    point = {name: source.choice(_NUMBERS) for name in names}
    _place(point, tuple(_bounds(obligation, set(names))), source)
    return point


@dataclass(frozen=True, slots=True)
class _Bound:
    """A variable that a side bounds by a term: from above, from below, or both at once."""

    name: str
    term: Term
    above: bool
    below: bool


def _bounds(obligation: Obligation, free: set[str]) -> Iterator[tuple[_Bound, ...]]:
    """For each side that bounds a free variable by a term in free variables, what it bounds."""
    for relation in _sides(obligation):
        left, right = relation.left, relation.right
        mentioned = free_variables((left, right))
        if relation.comparison is not Comparison.NE and free.issuperset(mentioned):
            both = relation.comparison is Comparison.EQ
            above = [_Bound(str(left.head), right, True, both)] if left.head in free else []
            below = [_Bound(str(right.head), left, both, True)] if right.head in free else []
            if above or below:
                yield (*above, *below)


def _place(
    point: dict[str, mpq], bounds: tuple[tuple[_Bound, ...], ...], source: random.Random
) -> None:
    """Move coordinates until the sides hold, as far as those bound single variables.

    A coordinate that bounds a value of a function is moved even if it does so already: a loose
    bound shows nothing.
    """
    bits = source.choice(_BITS)
    spans = {name: point_enclosure(value) for name, value in point.items()}
    chosen = [(source.choice(one), source.choice(_BEYOND)) for one in bounds]
    for bound, beyond in (*chosen, *chosen):
        value, old = enclose_term(bound.term, spans, bits), point[bound.name]
        tight = bool(bound.term.arguments)
        if isinstance(value, NotEnclosed):
            continue
        if bound.above and bound.below:
            point[bound.name] = value.lower
        elif bound.above and (tight or old > value.lower):
            point[bound.name] = value.lower - beyond
        elif bound.below and (tight or old < value.upper):
            point[bound.name] = value.upper + beyond
        spans[bound.name] = point_enclosure(point[bound.name])


def define(obligation: Obligation, point: dict[str, mpq], slacks: list[mpq]) -> bool:
    """Add the defined variables to the point; False where a definition divides by zero."""
    for definition, slack in zip(obligation.definitions, slacks, strict=True):
        try:
            value = evaluate(definition.term, point)
        except ZeroDivisionError:
            return False
        match definition.may_exceed:
            case Outward.UP:
                point[definition.name] = value + slack
            case Outward.DOWN:
                point[definition.name] = value - slack
            case Outward.EXACT:
                point[definition.name] = value
    return True


def _promising(point: dict[str, mpq], obligation: Obligation) -> bool:
    """Whether the sides seem to hold and the goal, if there is one, does not."""
    spans = {name: point_enclosure(value) for name, value in point.items()}
    sides = _sides(obligation)
    if any(decide_over(side, spans, _PRECISION) is not Truth.TRUE for side in sides):
        return False
    goal = obligation.goal
    return goal is None or decide_over(goal, spans, _PRECISION) is not Truth.TRUE
