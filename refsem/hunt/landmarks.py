"""Where a function of one operand changes its behaviour: found by looking, never by name.

Kinks and edges of the domain are where an argument of max, min, abs, select, a divisor or a
function's domain changes sign; extrema and inflections where first or second differences on a grid
do. Found with host floats: boxes are aimed at landmarks and points are tried there, nothing is
believed about them.
"""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from refsem.hunt.statement import Statement
from refsem.ir.floats import Array, evaluate_floats, to_float
from refsem.ir.terms import Operator, Term, substitute, subterms, term

MOST = 32
"""Landmarks kept of one operand, the nearest to 0 first."""
_HALVINGS = 60
_STEPS = ((1, 2.0**-16), (2, 2.0**-10))
"""The orders of differences and their steps."""
_UNTOLD = 64
"""Grid points between which a difference may drown in rounding."""
_NEAR = 2.0**-8
"""A turning point so near a place that is known exactly is that place."""
_USUAL = (0.0, 1.0, -1.0)
_OTHERS = (-3, -1, 0, 1, 2)
"""Values of the other operands at which one operand is looked at."""


@lru_cache(maxsize=64)
def landmarks(statement: Statement) -> tuple[Array, ...]:
    """For each operand the places worth aiming at, in order of magnitude."""
    attributes = [to_float(value) for _, value in statement.attributes]
    found = []
    for name in statement.operands:
        exact = {*_USUAL, *attributes, *_switching(statement, name)}
        found.append(_nearest(exact, set(_turning(statement, name))))
    return tuple(found)


def _nearest(exact: set[float], rough: set[float]) -> Array:
    places = {place for place in exact if np.isfinite(place)}
    for place in sorted(rough):
        if np.isfinite(place) and all(abs(place - other) > _NEAR for other in places):
            places.add(place)
    return np.array(sorted(places, key=lambda place: (abs(place), place))[:MOST]) + 0.0


def _held(statement: Statement, name: str) -> Iterator[dict[str, Term]]:
    """The other operands at a few values."""
    others = [other for other in statement.operands if other != name]
    for value in _OTHERS if others else (0,):
        yield {other: term(value) for other in others}


def _switching(statement: Statement, name: str) -> Iterator[float]:
    """Where a branch is taken, or an edge of the domain is."""
    grid = _grid()
    conditions = [relation.left - relation.right for relation in statement.domain]
    for held in _held(statement, name):
        for switch in (*_switches(statement.term), *conditions):
            yield from _sign_changes(substitute(switch, held), name, grid)


def _turning(statement: Statement, name: str) -> Iterator[float]:
    for held in _held(statement, name):
        yield from _turning_points(substitute(statement.term, held), name)


def _grid() -> Array:
    """Multiples of 1/64 near 0, powers of 2 farther out and nearer in, both signs, and 0."""
    fine = np.arange(1, 12 * 64 + 1) / 64
    powers = 2.0 ** np.arange(-40, 41)
    positive = np.unique(np.concatenate([fine, powers]))
    return np.concatenate([-positive[::-1], [0.0], positive])


def _switches(root: Term) -> Iterator[Term]:
    """The differences whose sign decides which branch is taken, or whether there is a value."""
    for node in subterms(root):
        match node.head:
            case Operator.MAX | Operator.MIN | Operator.SELECT:
                yield node.arguments[0] - node.arguments[1]
            case Operator.ABS:
                yield node.arguments[0]
            case Operator.DIV:
                yield node.arguments[1]
            case _:
                pass


def _sign_changes(root: Term, name: str, grid: Array) -> Iterator[float]:
    values = evaluate_floats(root, {name: grid})
    signs = np.sign(values)
    zero = values == 0
    if not zero[1:-1].all():
        alone = zero[1:-1] & ~(zero[:-2] & zero[2:])
        yield from grid[1:-1][alone][:MOST].tolist()
    for place in np.flatnonzero(signs[1:] * signs[:-1] < 0)[:MOST]:
        yield _bisected(root, name, float(grid[place]), float(grid[place + 1]))


def _bisected(root: Term, name: str, lower: float, upper: float) -> float:
    rising = evaluate_floats(root, {name: np.array([lower])})[0] < 0
    for _ in range(_HALVINGS):
        middle = lower + (upper - lower) / 2
        value = evaluate_floats(root, {name: np.array([middle])})[0]
        if value == 0:
            return middle
        lower, upper = (middle, upper) if (value < 0) == rising else (lower, middle)
    return upper


def _turning_points(root: Term, name: str) -> Iterator[float]:
    """Where first or second differences change sign, found on a grid and then closed in on."""
    grid = np.asarray(np.arange(-12 * 256, 12 * 256 + 1) / 256, np.float64)
    for order, step in _STEPS:
        signs = _difference_signs(root, name, grid, order, step)
        told = np.flatnonzero(signs)
        for turn in np.flatnonzero(signs[told[1:]] * signs[told[:-1]] < 0)[: 2 * MOST]:
            before, after = told[turn], told[turn + 1]
            if after - before <= _UNTOLD:
                ends = float(grid[before]), float(grid[after])
                yield _closed_in(root, name, order, step, *ends)


def _difference_signs(root: Term, name: str, at: Array, order: int, step: float) -> Array:
    """The sign of a central difference, 0 where it drowns in rounding or has no value."""
    below, here, above = (evaluate_floats(root, {name: at + move}) for move in (-step, 0.0, step))
    with np.errstate(all="ignore"):
        found = above - below if order == 1 else above - 2 * here + below
        told = np.abs(found) > 1e-15 * (np.abs(above) + np.abs(here) + np.abs(below) + 16)
    return np.where(told & np.isfinite(found), np.sign(found), 0.0)


def _closed_in(root: Term, name: str, order: int, step: float, lower: float, upper: float) -> float:
    first = _difference_signs(root, name, np.array([lower]), order, step)[0]
    while upper - lower > step * 2.0**-10:
        middle = lower + (upper - lower) / 2
        sign = _difference_signs(root, name, np.array([middle]), order, step)[0]
        if sign == 0:
            return middle
        lower, upper = (middle, upper) if sign == first else (lower, middle)
    return lower + (upper - lower) / 2
