"""Choices for leaves: slopes below ReLUs that suit each row of a chain's target. Untrusted.

A few gradient steps in host floats, many boxes at once; bounds of the layers, and so the lines
above, stay as they are. The gradient comes of one forward pass through the points at which the
rows' bounds are attained. Whoever uses the slopes checks that they are from 0 to 1.

Source: alpha-CROWN (Xu et al. 2021), the slopes of the last pass only.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

STEPS = 5
"""Gradient steps a box."""

_RATE = 0.2
_DECAY = 0.93
_MOMENTUM = (0.9, 0.999)
_LEAST = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Relaxed:
    """An affine layer and the ReLUs behind it over some boxes, in floats.

    `weight` and `constant` are the layer's; of shape (boxes, size) are the slopes `above` and
    intercepts `over` of the lines above, and the slopes `below` to begin with; `free` marks the
    entries of either sign.
    """

    weight: Floats
    constant: Floats
    above: Floats
    over: Floats
    below: Floats
    free: npt.NDArray[np.bool_]


def better_slopes(
    relaxed: Sequence[Relaxed], weight: Floats, constant: Floats, lower: Floats, upper: Floats
) -> tuple[Floats, list[Floats]]:
    """Lower bounds of the rows weight · x + constant of the last ReLUs, and slopes that give them.

    Bounds are of shape (boxes, rows), slopes of shape (boxes, rows, size) for each layer.
    """
    size = (len(lower), len(constant))
    slopes = [np.repeat(one.below[:, np.newaxis], size[1], axis=1) for one in relaxed]
    first = [np.zeros_like(one) for one in slopes]
    second = [np.zeros_like(one) for one in slopes]
    highest, kept = np.full(size, -np.inf), list(slopes)
    steps = STEPS if relaxed else 0
    for step in range(steps + 1):
        bounds, gradient = _pass(relaxed, slopes, weight, constant, lower, upper)
        better = bounds > highest
        highest = np.where(better, bounds, highest)
        kept = [np.where(better[..., np.newaxis], *two) for two in zip(slopes, kept, strict=True)]
        if step < steps:
            slopes = _ascended(slopes, gradient, first, second, step)
    return highest, kept


def _pass(
    relaxed: Sequence[Relaxed],
    slopes: Sequence[Floats],
    weight: Floats,
    constant: Floats,
    lower: Floats,
    upper: Floats,
) -> tuple[Floats, list[Floats]]:
    """Bounds under the slopes, and their gradients by them."""
    rows = np.broadcast_to(weight, (len(lower), *weight.shape))
    total: Floats = np.broadcast_to(constant, rows.shape[:2])
    met: list[Floats] = []
    for one, slope in zip(reversed(relaxed), reversed(slopes), strict=True):
        met.append(rows)
        total = total + (np.minimum(rows, 0) @ one.over[..., np.newaxis])[..., 0]
        through = rows * np.where(rows < 0, one.above[:, np.newaxis], slope)
        total = total + through @ one.constant
        rows = through @ one.weight
    point = np.where(rows < 0, upper[:, np.newaxis], lower[:, np.newaxis])
    total = total + (rows * point).sum(axis=-1)
    gradient = []
    for one, slope, at in zip(relaxed, slopes, reversed(met), strict=True):
        operand = point @ one.weight.T + one.constant
        gradient.append(np.where((at > 0) & one.free[:, np.newaxis], at * operand, 0.0))
        over = one.above[:, np.newaxis] * operand + one.over[:, np.newaxis]
        point = np.where(at < 0, over, slope * operand)
    return total, gradient


def _ascended(
    slopes: Sequence[Floats],
    gradient: Sequence[Floats],
    first: list[Floats],
    second: list[Floats],
    step: int,
) -> list[Floats]:
    """One step of Adam, each row's gradient scaled by its own greatest entry; slopes clipped."""
    greatest = np.max([np.abs(one).max(axis=-1, initial=0.0) for one in gradient], axis=0)
    found = []
    for index, (slope, raw) in enumerate(zip(slopes, gradient, strict=True)):
        part = raw / np.maximum(greatest, _LEAST)[..., np.newaxis]
        first[index] = _MOMENTUM[0] * first[index] + (1 - _MOMENTUM[0]) * part
        second[index] = _MOMENTUM[1] * second[index] + (1 - _MOMENTUM[1]) * part * part
        mean = first[index] / (1 - _MOMENTUM[0] ** (step + 1))
        spread = np.sqrt(second[index] / (1 - _MOMENTUM[1] ** (step + 1))) + _LEAST
        moved = np.clip(slope + _RATE * _DECAY**step * mean / spread, 0.0, 1.0)
        found.append(np.where(raw != 0, moved, slope))
    return found
