"""Sampling: small rational points at which an obligation is seen to fail, or to be inhabited.

The points are drawn by a generator seeded with the obligation's id, so a run can be repeated.
A point counts only after exact evaluation. Finding none means nothing.
"""

import random
from collections.abc import Iterator

from gmpy2 import mpq

from refsem.ir.readings import evaluate, holds, relation_text
from refsem.obligations.obligation import Obligation, Point
from refsem.rules import Outward

_SMALL = tuple(
    mpq(n, d)
    for n, d in ((0, 1), (1, 1), (-1, 1), (2, 1), (-2, 1), (1, 2), (-1, 2), (3, 1), (-3, 1))
)
_SLACK = (mpq(0), mpq(0), mpq(1, 2), mpq(1))


def small_points(obligation: Obligation, count: int) -> Iterator[dict[str, mpq]]:
    """That many points with small coordinates; definitions follow from the free variables."""
    source = random.Random(obligation.id)  # noqa: S311  repeatable, not secret
    for _ in range(count):
        point = {name: source.choice(_SMALL) for name in obligation.free}
        slacks = [source.choice(_SLACK) for _ in obligation.definitions]
        if define(obligation, point, slacks):
            yield point


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


def _meets_premises(obligation: Obligation, point: dict[str, mpq]) -> bool:
    try:
        for definition in obligation.definitions:
            value = evaluate(definition.term, point)
            moved = point[definition.name] - value
            up, down = moved >= 0, moved <= 0
            allowed = {Outward.UP: up, Outward.DOWN: down, Outward.EXACT: up and down}
            if not allowed[definition.may_exceed]:
                return False
        return all(holds(premise.relation, point) for premise in obligation.premises)
    except ZeroDivisionError:
        return False


def evidence(obligation: Obligation, point: dict[str, mpq]) -> Point | None:
    """What a point shows about an obligation after exact evaluation, if anything.

    Premises and definitions are evaluated too, so the point may come from anywhere.
    """
    if not _meets_premises(obligation, point):
        return None
    values = tuple(sorted(point.items()))
    if obligation.goal is None:
        return Point(values, "")
    return None if holds(obligation.goal, point) else Point(values, relation_text(obligation.goal))


def search(obligation: Obligation, count: int) -> Point | None:
    """The first small point that shows something about the obligation."""
    for point in small_points(obligation, count):
        found = evidence(obligation, point)
        if found is not None:
            return found
    return None
