"""Candidate counterexamples in a ball: its centre, and where linear forms are least in it.

The forms are the one that bounds the target from below, some drawn at random, and the target's
own gradients in floats. Every point is
moved towards the centre by a millionth, so that rounding leaves it in the ball. Untrusted, as
`counterexample` is: the caller evaluates every point exactly, and asks whether it is in the ball.
"""

from collections.abc import Iterator

import numpy as np
from gmpy2 import mpq

from refsem.exact import ExactTensor
from refsem.ir.evaluation import Prepared
from refsem.properties.claims import RegionClaims
from refsem.rules.ball_choices import Floats, multipliers, workable, workable_radius
from refsem.rules.trace import Ball, Form, Norm
from refsem.search import counterexample
from refsem.search.counterexample import Target
from refsem.search.floating import FloatGraph

DIRECTIONS = 64
STEPS = 8
_BITS = 60
_INWARD = 1 - mpq(1, 1 << 20)


def candidates(
    prepared: Prepared, claims: RegionClaims, form: Form, seed: int
) -> Iterator[ExactTensor]:
    """Batches of points (rows) of a region, with a ball or without; the form bounds its target."""
    if not claims.region.balls:
        yield from counterexample.candidates(prepared, claims, form, seed)
        return
    ((tensor, ball),) = claims.region.balls.items()
    centre = ExactTensor.from_rationals(ball.centre, (1, len(ball.centre)))
    yield centre
    first = centre
    if tensor in form.coefficients:
        first = least_points(claims, form.coefficients[tensor].nearest_float64())
        yield first
    drawn = np.random.default_rng(seed).standard_normal((DIRECTIONS, len(ball.centre)))
    yield least_points(claims, drawn)
    yield from _downhill(Target.of(FloatGraph.of(prepared), claims), claims, first)


def _downhill(target: Target, claims: RegionClaims, first: ExactTensor) -> Iterator[ExactTensor]:
    """For each row where its gradient is least, then half way there, and so on (Frank-Wolfe)."""
    rows = np.arange(target.bounds.size)
    points = first.broadcast_to((rows.size, first.shape[1]))
    for _ in range(STEPS):
        values, _ = target.margins(points.nearest_float64())
        slopes = target.graph.gradient(values, target.rows)
        ends = least_points(claims, slopes)
        yield ends
        total = points + ends
        points = ExactTensor(total.numerators, total.exponent + 1, total.odd)
        yield points


def least_points(claims: RegionClaims, slopes: Floats) -> ExactTensor:
    """For each row of slopes the point of ball and box at which they are least, nearly."""
    ((_, ball),) = claims.region.balls.items()
    ((lower, upper),) = claims.region.boxes.values()
    centre = ExactTensor.from_rationals(ball.centre, (1, len(ball.centre)))
    slopes = workable(slopes)
    below, above = (workable((end - centre).nearest_float64()) for end in (lower, upper))
    room = np.maximum(np.where(slopes > 0, -below, above), 0.0)
    steps = -np.sign(slopes) * _distances(ball, np.abs(slopes), room)
    return (centre + _inward(steps)).maximum(lower).minimum(upper)


def _distances(ball: Ball, sizes: Floats, room: Floats) -> Floats:
    """How far each entry goes: the ball is used up by those that count most."""
    radius = workable_radius(ball)
    if ball.norm is Norm.L2:
        found: Floats = np.minimum(sizes / (2 * multipliers(sizes, room, radius)), room)
        return found
    order = np.argsort(-sizes, axis=1)
    used = np.cumsum(np.take_along_axis(room, order, axis=1), axis=1)
    taken = np.diff(np.minimum(used, radius), axis=1, prepend=0.0)
    found = np.zeros_like(room)
    np.put_along_axis(found, order, taken, axis=1)
    return found


def _inward(steps: Floats) -> ExactTensor:
    values = [mpq(round(float(step) * 2**_BITS), 1 << _BITS) * _INWARD for step in steps.ravel()]
    return ExactTensor.from_rationals(values, steps.shape)
