"""Where in a box a claim is most likely false: points proposed by host floats, none believed.

The gap of a claim at a point is the function less the line (or the line less the function, above);
a claim is false where a gap is negative. Points tried in every box: its corners, evenly and
geometrically spaced ones, landmarks, and powers of two; from the point of least gap a pattern
search goes on to the interior extremum. A point is worth exact evaluation if its gap is below what
host floats can tell.
"""

from dataclasses import dataclass

import numpy as np

from refsem.hunt.claims import Claims, Mask
from refsem.hunt.statement import Statement
from refsem.ir.floats import Array, evaluate_floats

NOISE = 1e-11
"""Relative to the terms of a gap: below this its sign is left to exact evaluation."""
_ROUNDS = 20
_LADDER = 2.0 ** np.arange(-30, 128, 6)
_SEVERAL = 6
"""Operands up to which all corners are tried."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Boxes of one statement: (operands, boxes) arrays of ends, and points tried in each."""

    statement: Statement
    lower: Array
    upper: Array
    points: Array
    """(operands, boxes, points)"""
    values: Array
    """(boxes, points): the function there, roughly."""


def batch(statement: Statement, marks: tuple[Array, ...], lower: Array, upper: Array) -> Batch:
    """The boxes with their points, and the function at them."""
    if len(marks) == 1:
        points = _axis(lower[0], upper[0], marks[0], 33)[None]
    elif len(marks) == 2:
        points = _plane(marks, lower, upper)
    else:
        points = _several(lower, upper)
    return Batch(statement, lower, upper, points, _values(statement, points))


def _values(statement: Statement, points: Array) -> Array:
    bound = dict(zip(statement.operands, points, strict=True))
    return evaluate_floats(statement.term, bound)


def _axis(lower: Array, upper: Array, marks: Array, even: int) -> Array:
    """(boxes, points) of one operand, the ends first."""
    low, high = lower[:, None], upper[:, None]
    share = np.linspace(0, 1, even)
    near = 2.0 ** -np.arange(6, 31, 4)
    columns = [
        low,
        high,
        low * (1 - share) + high * share,
        low * (1 - near) + high * near,
        low * near + high * (1 - near),
        np.broadcast_to(np.concatenate([marks, _LADDER, -_LADDER]), (lower.size, _extra(marks))),
    ]
    return np.asarray(np.clip(np.concatenate(columns, axis=1), low, high))


def _extra(marks: Array) -> int:
    return marks.size + 2 * _LADDER.size


def _plane(marks: tuple[Array, ...], lower: Array, upper: Array) -> Array:
    """(2, boxes, points): all pairs of a few points of each operand, and the diagonal."""
    x, y = (_thinned(lower[i], upper[i], marks[i][:6]) for i in range(2))
    boxes = lower.shape[1]
    pairs = np.broadcast_arrays(x[:, :, None], y[:, None, :])
    grid = [part.reshape(boxes, -1) for part in pairs]
    crossing_x = np.concatenate([x, np.clip(y, lower[0][:, None], upper[0][:, None])], axis=1)
    crossing_y = np.clip(crossing_x, lower[1][:, None], upper[1][:, None])
    return np.stack(
        [
            np.concatenate([grid[0], crossing_x], axis=1),
            np.concatenate([grid[1], crossing_y], axis=1),
        ]
    )


def _thinned(lower: Array, upper: Array, marks: Array) -> Array:
    low, high = lower[:, None], upper[:, None]
    share = np.linspace(0, 1, 9)
    near = 2.0 ** -np.array([10.0, 20.0])
    columns = [
        low,
        high,
        low * (1 - share) + high * share,
        low * (1 - near) + high * near,
        low * near + high * (1 - near),
        np.broadcast_to(marks, (lower.size, marks.size)),
    ]
    return np.asarray(np.clip(np.concatenate(columns, axis=1), low, high))


def _several(lower: Array, upper: Array) -> Array:
    """(operands, boxes, points) for many operands: corners, diagonals, mixtures, equal values."""
    operands, boxes = lower.shape
    corners = min(operands, _SEVERAL)
    chosen = np.indices((2,) * corners).reshape(corners, -1)
    chosen = np.resize(chosen, (operands, chosen.shape[1])).astype(np.float64)
    mixed = np.random.default_rng(operands).integers(0, 5, (operands, 64)) / 4
    shares = np.concatenate([chosen, np.full((operands, 1), 0.5), mixed], axis=1)[:, None, :]
    inside = lower[:, :, None] * (1 - shares) + upper[:, :, None] * shares
    levels = np.concatenate([lower, upper]).T[None]
    levels = np.broadcast_to(levels, (operands, boxes, 2 * operands))
    found = np.concatenate([inside, levels], axis=2)
    return np.asarray(np.clip(found, lower[:, :, None], upper[:, :, None]))


def _line(claims: Claims, points: Array) -> tuple[Array, Array]:
    """The line at points, and the sum of the magnitudes it is made of."""
    extra = (1,) * (points.ndim - claims.slopes.ndim)
    slopes = claims.slopes.reshape(claims.slopes.shape + extra)
    intercepts = claims.intercepts.reshape(claims.intercepts.shape + extra)
    products = slopes * points
    return products.sum(axis=0) + intercepts, np.abs(products).sum(axis=0) + np.abs(intercepts)


def gaps(claims: Claims, points: Array, values: Array) -> tuple[Array, Array]:
    """The gaps at points, and what a sign of them may be mistaken by; NaN gaps become +∞."""
    with np.errstate(all="ignore"):
        line, size = _line(claims, points)
        found = claims.side.value * (values - line)
        noise = NOISE * (np.abs(values) + size) + 1e-300
    return np.where(np.isfinite(found), found, np.inf), np.where(np.isfinite(noise), noise, np.inf)


def suspects(found: Batch, claims: Claims) -> tuple[Array, Mask]:
    """For each box points worth exact evaluation, the likeliest first: (operands, boxes, k).

    The mask (boxes, k) says which of them are.
    """
    gap, noise = gaps(claims, found.points, found.values)
    clear = np.isfinite(found.values) & np.isfinite(gap)
    best = np.argmin(gap, axis=1)
    start = np.take_along_axis(found.points, best[None, :, None], axis=2)[:, :, 0]
    refined = _searched(found, claims, start, np.min(gap, axis=1))
    columns = [refined[:, :, None], start[:, :, None], found.points[:, :, :2]]
    points = np.concatenate(columns, axis=2)
    refined_values = _values(found.statement, points)
    gap, noise = gaps(claims, points, refined_values)
    doubtful = ~np.all(clear, axis=1, keepdims=True) & ~np.isfinite(refined_values)
    return points, (gap <= noise) | doubtful


def _searched(found: Batch, claims: Claims, start: Array, least: Array) -> Array:
    """Pattern search from a point of each box: the best of steps each way in each operand."""
    point, least = start, least.copy()
    low, high = found.lower[:, :, None], found.upper[:, :, None]
    moves = _moves(point.shape[0])
    with np.errstate(all="ignore"):
        step = high / 16 - low / 16
        for _ in range(_ROUNDS):
            moved = np.clip(point[:, :, None] + moves[:, None, :] * step, low, high)
            gap, _ = gaps(claims, moved, _values(found.statement, moved))
            best = np.argmin(gap, axis=1)
            chosen = np.take_along_axis(moved, best[None, :, None], axis=2)[:, :, 0]
            reached = np.take_along_axis(gap, best[:, None], axis=1)[:, 0]
            point = np.where(reached < least, chosen, point)
            least = np.minimum(reached, least)
            step = step / 3
    return point


def _moves(operands: int) -> Array:
    """(operands, moves): one operand moved by a step or half a step, either way."""
    units = np.eye(operands)
    return np.concatenate([units, -units, units / 2, -units / 2], axis=1)
