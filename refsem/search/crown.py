"""CROWN of a chain over many boxes in plain float64: what the search steers by. Untrusted.

The same passes as `refsem.rules.leaves`, without its care: bounds may be wrong in the last
places, and only the exact check closes a leaf.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from refsem.rules.chain import ChainLayer
from refsem.rules.leaf_slopes import Relaxed, better_slopes

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class FloatLayer:
    """value = weight · previous + constant, as floats."""

    weight: Floats
    constant: Floats


def float_layers(layers: Sequence[ChainLayer]) -> tuple[FloatLayer, ...]:
    """The nearest floats of a chain."""
    return tuple(
        FloatLayer(layer.weight.nearest_float64(), layer.constant.nearest_float64()[:, 0])
        for layer in layers
    )


def lower_bounds(layers: Sequence[FloatLayer], lower: Floats, upper: Floats) -> list[Floats]:
    """Lower bounds over each box: (boxes, rows) of every layer.

    The rows of a hidden layer are its values and then their negations; the target's are its own.
    """
    centre, radius = (lower + upper) / 2, (upper - lower) / 2
    lines: list[tuple[Floats, Floats, Floats]] = []
    bounds: list[Floats] = []
    for index, layer in enumerate(layers):
        both = index < len(layers) - 1
        start = np.concatenate([layer.weight, -layer.weight]) if both else layer.weight
        offset = np.concatenate([layer.constant, -layer.constant]) if both else layer.constant
        found = _pass(layers, lines, start, offset, centre, radius, index)
        bounds.append(found)
        if both:
            half = found.shape[1] // 2
            lines.append(_lines(found[:, :half], -found[:, half:]))
    return bounds


def better_target_lower(
    layers: Sequence[FloatLayer], lower: Floats, upper: Floats, bounds: Sequence[Floats]
) -> Floats:
    """Lower bounds of the target's rows over each box, (boxes, rows), with optimised slopes.

    `bounds` are those of every layer, as `lower_bounds` gives them.
    """
    relaxed = []
    for layer, found in zip(layers[:-1], bounds[:-1], strict=True):
        half = found.shape[1] // 2
        low, high = found[:, :half], -found[:, half:]
        above, below, over = _lines(low, high)
        free = (low < 0) & (high > 0)
        relaxed.append(Relaxed(layer.weight, layer.constant, above, over, below, free))
    return better_slopes(relaxed, layers[-1].weight, layers[-1].constant, lower, upper)[0]


def _pass(
    layers: Sequence[FloatLayer],
    lines: Sequence[tuple[Floats, Floats, Floats]],
    rows: Floats,
    offset: Floats,
    centre: Floats,
    radius: Floats,
    bounded: int,
) -> Floats:
    boxes = centre.shape[0]
    rows = np.broadcast_to(rows, (boxes, *rows.shape))
    total = np.broadcast_to(offset, (boxes, *offset.shape))
    for index in range(bounded - 1, -1, -1):
        above, below, intercept = lines[index]
        total = total + (np.minimum(rows, 0) @ intercept[..., np.newaxis])[..., 0]
        through = rows * np.where(rows < 0, above[:, np.newaxis], below[:, np.newaxis])
        total = total + through @ layers[index].constant
        rows = through @ layers[index].weight
    found: Floats = (
        total
        + (rows @ centre[..., np.newaxis])[..., 0]
        - (np.abs(rows) @ radius[..., np.newaxis])[..., 0]
    )
    return found


def _lines(low: Floats, high: Floats) -> tuple[Floats, Floats, Floats]:
    width = np.maximum(high, 0) - np.minimum(low, 0)
    above = np.where(low >= 0, 1.0, np.maximum(high, 0) / np.where(width > 0, width, 1.0))
    below = np.where(high > -low, 1.0, 0.0)
    return above, below, np.where(low >= 0, 0.0, -above * np.minimum(low, 0))


def values_and_slopes(layers: Sequence[FloatLayer], points: Floats) -> tuple[Floats, Floats]:
    """The target's rows at each point, (points, rows), and their gradients (points, rows, size)."""
    value, active = points, []
    for index, layer in enumerate(layers):
        value = value @ layer.weight.T + layer.constant
        if index < len(layers) - 1:
            active.append(value > 0)
            value = np.maximum(value, 0)
    rows: Floats = np.broadcast_to(layers[-1].weight, (len(points), *layers[-1].weight.shape))
    for index in range(len(layers) - 2, -1, -1):
        rows = (rows * active[index][:, np.newaxis]) @ layers[index].weight
    return value, rows
