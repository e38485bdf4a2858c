"""Which coefficients to keep for the box, and which multipliers to take in a ball. Untrusted.

Any choice is sound; these are the best ones, up to rounding. Seen from the centre the box allows
an entry so much to either side. In L1 the multiplier is the greatest coefficient at which the
entries with greater ones use up the radius; in L2 it is where the point that is least over the box,
for that multiplier, has the radius as its distance.
"""

import numpy as np
import numpy.typing as npt
from gmpy2 import mpq

from refsem.exact import ExactTensor
from refsem.rules.trace import Ball, Norm

Floats = npt.NDArray[np.float64]
Chosen = dict[str, ExactTensor]

_BITS = 40
"""Coefficients given up in part are so many bits long, and multipliers of squares about as many."""
_HALVINGS = 80
_FAR = 1e100
_TINY = 1e-300
_NOTHING = ExactTensor.full((1, 1), mpq(0))
_LEAST = 2.0**-40
"""Multipliers of squares are no smaller than the greatest one times this."""


def ball_choice(
    ball: Ball,
    coefficients: ExactTensor,
    box: tuple[ExactTensor, ExactTensor],
    side: str,
) -> tuple[str, Chosen]:
    """The rule for one side, `lower` or `upper`, and what it chooses for rows of coefficients."""
    rule = f"{ball.norm.value.lower()}_ball_{side}"
    falling = coefficients if side == "lower" else -coefficients
    room = _room(ball, box, falling)
    if ball.norm is Norm.L1:
        return rule, _taxicab(ball, coefficients, room)
    return rule, _euclidean(ball, coefficients, room)


def workable(values: Floats) -> Floats:
    """The values, none of them too large to go on with; what is no number is 0."""
    return np.clip(np.nan_to_num(values), -_FAR, _FAR)


def workable_radius(ball: Ball) -> float:
    """The radius, neither too large nor too small to go on with: cut before it is a float."""
    return float(min(max(ball.radius, mpq(1 / _FAR)), mpq(_FAR)))


def _floats(tensor: ExactTensor) -> Floats:
    return workable(tensor.nearest_float64())


def _room(ball: Ball, box: tuple[ExactTensor, ExactTensor], falling: ExactTensor) -> Floats:
    """How far from the centre each entry may go in the direction in which its row falls."""
    centre = ExactTensor.from_rationals(ball.centre, (1, len(ball.centre)))
    lower, upper = (_floats(end - centre) for end in box)
    return np.maximum(np.where(_floats(falling) > 0, -lower, upper), 0.0)


def _taxicab(ball: Ball, coefficients: ExactTensor, room: Floats) -> Chosen:
    sizes = np.abs(_floats(coefficients))
    order = np.argsort(-sizes, axis=1)
    spent = np.cumsum(np.take_along_axis(room, order, axis=1), axis=1) > workable_radius(ball)
    places = np.take_along_axis(order, spent.argmax(axis=1)[:, np.newaxis], axis=1)
    rows = np.arange(sizes.shape[0])[:, np.newaxis]
    beyond = spent[:, -1:]
    limit = abs(coefficients[rows, places]).where(beyond, _NOTHING)
    given_up = coefficients.minimum(limit).maximum(-limit)
    return {"k": coefficients - given_up, "g": limit.broadcast_to(coefficients.shape)}


def _euclidean(ball: Ball, coefficients: ExactTensor, room: Floats) -> Chosen:
    c = _floats(coefficients)
    found = multipliers(np.abs(c), room, workable_radius(ball))
    partial = 2 * found * room
    given_up = _rounded(np.sign(c) * partial).where(np.abs(c) > partial, coefficients)
    pairs = [_pair(float(value)) for value in found[:, 0]]
    p, s = (
        ExactTensor.from_rationals(one, (len(pairs), 1)).broadcast_to(coefficients.shape)
        for one in zip(*pairs, strict=True)
    )
    return {"k": coefficients - given_up, "p": p, "s": s}


def multipliers(sizes: Floats, room: Floats, radius: float) -> Floats:
    """For each row the s at which Σ min(|c| / 2s, room)² is the square of the radius: a column."""
    greatest = np.linalg.norm(sizes, axis=1, keepdims=True) / (2 * radius)
    least = max(_LEAST * (float(greatest.max(initial=0.0)) or 1.0), _TINY)
    low, high = np.full_like(greatest, least), np.maximum(greatest, least)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        reach = np.minimum(sizes / (2 * middle), room)
        far = np.linalg.norm(reach, axis=1, keepdims=True) > radius
        low, high = np.where(far, middle, low), np.where(far, high, middle)
    return np.asarray(high)


def _pair(multiplier: float) -> tuple[mpq, mpq]:
    """Multipliers p and s of squares with 4·p·s ≥ 1, hardly more."""
    s = mpq(*multiplier.as_integer_ratio())
    bits = _BITS + max(0, int(s.numerator).bit_length() - int(s.denominator).bit_length())
    inverse = (1 << bits) / (4 * s)
    return mpq(-(-inverse.numerator // inverse.denominator), 1 << bits), s


def _rounded(values: Floats) -> ExactTensor:
    """The values to so many bits below the greatest."""
    most = float(np.abs(values).max(initial=0.0))
    exponent = _BITS - int(np.frexp(most)[1]) if most > 0 else 0
    steps = np.rint(np.ldexp(values, exponent))
    whole = np.empty(values.shape, dtype=object)
    whole.ravel()[:] = [int(step) for step in steps.ravel()]
    if exponent < 0:
        return ExactTensor(whole * (1 << -exponent), 0, 1)
    return ExactTensor(whole, exponent, 1)
