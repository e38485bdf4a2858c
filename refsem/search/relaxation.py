"""CROWN of any graph in plain float64, with lower slopes that are optimised row by row. Untrusted.

A graph is seen as its relaxed nodes: each has one operand, which is an affine form in earlier
relaxed nodes and the input (forms that the replay established, as nearest floats). Every row that
is bounded from below has its own slopes below each ReLU; its upper line, and both lines of any
other activation, are fixed. Slopes move along the gradient of the bound, which one forward
pass through the minimising point gives. Nothing here is believed: slopes are chosen values.

Source: alpha-CROWN (Xu et al. 2021), a slope for each pair of bounded row and relaxed neuron.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

STEPS = 30
"""Gradient steps a row."""

_RATE = 0.2
_DECAY = 0.93
_MOMENTUM = (0.9, 0.999)
_LEAST = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class FloatForm:
    """Rows of an affine map: Σ weights[tensor] · tensor + constant."""

    weights: Mapping[str, Floats]
    constant: Floats

    def negated(self) -> "FloatForm":
        """The rows of the opposite sign."""
        return FloatForm({name: -value for name, value in self.weights.items()}, -self.constant)


@dataclass(frozen=True, slots=True, eq=False)
class Relaxed:
    """A relaxed node: its operand as a form, and lines above and below it, an entry each.

    Each is of shape (size,), or (rows, size) where rows have lines of their own.
    `free` marks entries whose slope below may be anything from 0 to 1 (with intercept 0).
    """

    name: str
    operand: FloatForm
    above: Floats
    over: Floats
    below: Floats
    under: Floats
    free: npt.NDArray[np.bool_]


Slopes = dict[str, Floats]
"""Slopes below each relaxed node: (rows, size), or (1, size) where all rows have the same."""


def starting_slopes(relaxed: Sequence[Relaxed]) -> Slopes:
    """The slopes that each node's own lines have."""
    return {node.name: np.atleast_2d(node.below) for node in relaxed}


@dataclass(frozen=True, slots=True, eq=False)
class Bounded:
    """Lower bounds of some rows, and the gradient of each with respect to its slopes.

    `values` are those of the input and the relaxed nodes where and along the lines by which each
    bound is attained, `operands` those of the nodes' operands there; `coefficients` the rows' on
    each node.
    """

    lower: Floats
    gradient: Slopes
    values: Slopes
    operands: Slopes
    coefficients: Slopes


def bounded(
    relaxed: Sequence[Relaxed],
    boxes: Mapping[str, tuple[Floats, Floats]],
    rows: FloatForm,
    slopes: Slopes,
    pulls: Mapping[str, Floats],
) -> Bounded:
    """Bounds of the rows over the input boxes; the nodes are in graph order.

    A pull is subtracted from the coefficients on a node's operand: multipliers times signs.
    """
    coefficients, total = dict(rows.weights), rows.constant
    met: dict[str, Floats] = {}
    for node in reversed(relaxed):
        if node.name not in coefficients:
            continue
        at = met[node.name] = coefficients.pop(node.name)
        total = total + _dot(np.minimum(at, 0), node.over) + _dot(np.maximum(at, 0), node.under)
        through = at * np.where(at < 0, node.above, slopes[node.name])
        if node.name in pulls:
            through = through - pulls[node.name]
        total = total + through @ node.operand.constant
        for name, weight in node.operand.weights.items():
            part = through @ weight
            coefficients[name] = coefficients[name] + part if name in coefficients else part
    values: dict[str, Floats] = {}
    for name, at in coefficients.items():
        lower, upper = boxes[name]
        values[name] = np.where(at < 0, upper, lower)
        total = total + (at * values[name]).sum(axis=1)
    operands = _attained(relaxed, boxes, met, values, slopes)
    gradient = {
        node.name: np.where((met[node.name] > 0) & node.free, met[node.name] * operand, 0.0)
        for node in relaxed
        if (operand := operands.get(node.name)) is not None
    }
    return Bounded(total, gradient, values, operands, met)


def _dot(rows: Floats, entries: Floats) -> Floats:
    """The rows times entries, which are the same for all or have rows themselves."""
    found: Floats = rows @ entries if entries.ndim == 1 else (rows * entries).sum(axis=1)
    return found


def _attained(
    relaxed: Sequence[Relaxed],
    boxes: Mapping[str, tuple[Floats, Floats]],
    met: Mapping[str, Floats],
    values: Slopes,
    slopes: Slopes,
) -> Slopes:
    """The operands of the nodes met where the bounds are attained; the values are completed."""
    found: Slopes = {}
    for node in relaxed:
        if node.name not in met:
            continue
        operand = node.operand.constant
        for name, weight in node.operand.weights.items():
            lower, _ = boxes.get(name, (np.zeros(weight.shape[1]),) * 2)
            operand = operand + values.get(name, lower) @ weight.T
        at, chosen = met[node.name], slopes[node.name]
        values[node.name] = np.where(
            at < 0, node.above * operand + node.over, chosen * operand + node.under
        )
        found[node.name] = operand
    return found


def optimised(
    relaxed: Sequence[Relaxed],
    boxes: Mapping[str, tuple[Floats, Floats]],
    rows: FloatForm,
    steps: int,
) -> Slopes:
    """Slopes, a row each, under which the rows' lower bounds are as great as was found."""
    count = len(rows.constant)
    slopes = {
        name: np.repeat(value, count, axis=0) for name, value in starting_slopes(relaxed).items()
    }
    best = bounded(relaxed, boxes, rows, slopes, {})
    kept, highest = dict(slopes), best.lower
    first = {name: np.zeros_like(value) for name, value in slopes.items()}
    second = {name: np.zeros_like(value) for name, value in slopes.items()}
    for step in range(steps if best.gradient else 0):
        slopes = _ascended(slopes, best.gradient, first, second, step)
        best = bounded(relaxed, boxes, rows, slopes, {})
        better = best.lower > highest
        highest = np.where(better, best.lower, highest)
        for name, value in slopes.items():
            kept[name] = np.where(better[:, np.newaxis], value, kept[name])
    return kept


def _ascended(slopes: Slopes, gradient: Slopes, first: Slopes, second: Slopes, step: int) -> Slopes:
    """One step of Adam, each row's gradient scaled by its own greatest entry; slopes clipped."""
    found = dict(slopes)
    greatest = np.max([np.abs(g).max(axis=1, initial=0.0) for g in gradient.values()], axis=0)
    for name, raw in gradient.items():
        part = raw / np.maximum(greatest, _LEAST)[:, np.newaxis]
        first[name] = _MOMENTUM[0] * first[name] + (1 - _MOMENTUM[0]) * part
        second[name] = _MOMENTUM[1] * second[name] + (1 - _MOMENTUM[1]) * part * part
        mean = first[name] / (1 - _MOMENTUM[0] ** (step + 1))
        spread = np.sqrt(second[name] / (1 - _MOMENTUM[1] ** (step + 1))) + _LEAST
        moved = slopes[name] + _RATE * _DECAY**step * mean / spread
        found[name] = np.clip(moved, 0.0, 1.0) * (raw != 0) + slopes[name] * (raw == 0)
    return found
