"""Sampling: small rational points at which an obligation is seen to fail, or to be inhabited.

The points are drawn by a generator seeded with the obligation's id, so a run can be repeated.
Where functions are involved blind points seldom meet the sides, and others are placed there. A
point counts only after exact evaluation, or where enclosures decide every relation. Finding none
means nothing.
"""

import random
from collections.abc import Iterator

from gmpy2 import mpq

from refsem.ir.enclosing import Truth, decide
from refsem.ir.readings import evaluate, relation_text
from refsem.obligations.obligation import Obligation, Point
from refsem.obligations.placing import SLACK, define, involves_functions, placed_points
from refsem.rules import Outward

_SMALL = tuple(
    mpq(n, d)
    for n, d in ((0, 1), (1, 1), (-1, 1), (2, 1), (-2, 1), (1, 2), (-1, 2), (3, 1), (-3, 1))
)


def small_points(obligation: Obligation, count: int) -> Iterator[dict[str, mpq]]:
    """That many points with small coordinates; definitions follow from the free variables."""
    source = random.Random(obligation.id)  # noqa: S311  repeatable, not secret
    for _ in range(count):
        point = {name: source.choice(_SMALL) for name in obligation.free}
        slacks = [source.choice(SLACK) for _ in obligation.definitions]
        if define(obligation, point, slacks):
            yield point


def _meets_premises(obligation: Obligation, point: dict[str, mpq]) -> bool:
    try:
        for definition in obligation.definitions:
            value = evaluate(definition.term, point)
            moved = point[definition.name] - value
            up, down = moved >= 0, moved <= 0
            allowed = {Outward.UP: up, Outward.DOWN: down, Outward.EXACT: up and down}
            if not allowed[definition.may_exceed]:
                return False
        needed = (one for one in obligation.premises if not one.cited or obligation.goal is None)
        return all(decide(premise.relation, point) is Truth.TRUE for premise in needed)
    except ArithmeticError:
        return False


def evidence(obligation: Obligation, point: dict[str, mpq]) -> Point | None:
    """What a point shows about an obligation after exact evaluation, if anything.

    Premises and definitions are evaluated too, so the point may come from anywhere. What is cited
    has to be seen to hold where a point is asked for; a point that refutes need only meet the
    sides, for a fact is true there or it is no fact.
    """
    if not _meets_premises(obligation, point):
        return None
    values = tuple(sorted(point.items()))
    if obligation.goal is None:
        return Point(values, "")
    text = relation_text(obligation.goal)
    try:
        return Point(values, text) if decide(obligation.goal, point) is Truth.FALSE else None
    except ArithmeticError:
        return Point(values, f"{text}, which has no value there,")


def search(obligation: Obligation, count: int) -> Point | None:
    """The first point found that shows something about the obligation."""
    involved = involves_functions(obligation)
    points = placed_points(obligation, count // 4) if involved else small_points(obligation, count)
    for point in points:
        found = evidence(obligation, point)
        if found is not None:
            return found
    return None
