"""Shrinking: the point that shows something about an obligation, in smaller numbers.

A coordinate is a free variable, or how far a definition has been moved. Moves make one coordinate
simpler, or several that are equal, or two, or all of them in proportion; a move is kept if exact
evaluation finds the same thing failing at the new point. Each kept move makes the coordinates
simpler in all, so this ends; it also ends after a stated number of evaluations.

Invariant: what is returned is evidence as `sampling.evidence` judges it, or the point itself.
"""

from collections.abc import Iterator, Mapping
from itertools import combinations, product

from gmpy2 import mpq

from refsem.ir.readings import evaluate
from refsem.obligations import sampling
from refsem.obligations.obligation import Obligation, Point
from refsem.obligations.placing import define

EVALUATIONS = 1500
"""Points that may be tried for one witness."""

Coordinates = dict[str, mpq]
"""Values of the free variables, and by how much each definition is moved outward."""

_SMALL = tuple(mpq(number) for number in (0, 1, -1, 2, -2))
_DENOMINATORS = (1, 2, 4, 10, 1000)
_SHARES = (mpq(1, 2), mpq(3, 4), mpq(7, 8), mpq(99, 100))


def shrunk(obligation: Obligation, point: Point, evaluations: int) -> Point:
    """A point at which the same fails, in simpler numbers, after at most so many evaluations."""
    current, found = _coordinates(obligation, point), point
    left = evaluations
    moved = True
    while moved and left > 0:
        moved = False
        for candidate in _moves(current):
            left -= 1
            better = _shown(obligation, candidate)
            if better is not None and better.failing == point.failing:
                current, found, moved = candidate, better, True
                break
            if left <= 0:
                break
    return found


def _coordinates(obligation: Obligation, point: Point) -> Coordinates:
    values = dict(point.values)
    coordinates = {name: values[name] for name in obligation.free}
    for definition in obligation.definitions:
        coordinates[definition.name] = abs(
            values[definition.name] - evaluate(definition.term, values)
        )
    return coordinates


def _shown(obligation: Obligation, coordinates: Coordinates) -> Point | None:
    point = {name: coordinates[name] for name in obligation.free}
    slacks = [coordinates[definition.name] for definition in obligation.definitions]
    return sampling.evidence(obligation, point) if define(obligation, point, slacks) else None


def _complexity(value: mpq) -> tuple[int, int, int, bool]:
    """Short numbers before long ones, whole ones before fractions, small ones before great ones."""
    digits = int(value.numerator).bit_length() + int(value.denominator).bit_length()
    return digits, int(value.denominator), abs(int(value.numerator)), value < 0


def _total(coordinates: Mapping[str, mpq]) -> tuple[int, ...]:
    columns = zip(*(_complexity(value) for value in coordinates.values()), strict=True)
    return tuple(sum(column) for column in columns)


def _moves(current: Coordinates) -> Iterator[Coordinates]:
    """Simpler coordinates, the boldest moves first."""
    limit = _total(current)
    for candidate in _proposals(current):
        if _total(candidate) < limit:
            yield candidate


def _proposals(current: Coordinates) -> Iterator[Coordinates]:
    names = list(current)
    for value in sorted(set(current.values()), key=_complexity, reverse=True):
        equal = [name for name in names if current[name] == value]
        for simpler in _simpler(value):
            yield current | dict.fromkeys(equal, simpler)
            if len(equal) > 1:
                yield from (current | {name: simpler} for name in equal)
    for factor in {abs(value) for value in current.values() if value not in (0, 1, -1)} | {mpq(2)}:
        yield {name: value / factor for name, value in current.items()}
    for pair in combinations(names, 2):
        for values in product(_SMALL, repeat=2):
            yield current | dict(zip(pair, values, strict=True))


def _simpler(value: mpq) -> list[mpq]:
    """Simpler numbers than this one, the simplest first: small ones, and those near it."""
    near = {
        mpq((value * d).numerator // (value * d).denominator + more, d)
        for d in _DENOMINATORS
        for more in (0, 1)
    }
    nearer_zero = {mpq(int(value * share)) for share in _SHARES} | {value / 2}
    found = {*_SMALL, *near, *nearer_zero, mpq(1, 2), mpq(-1, 2), mpq(3), mpq(-3)}
    return sorted((one for one in found if _complexity(one) < _complexity(value)), key=_complexity)
