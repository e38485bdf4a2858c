"""CROWN boxes in integers: the bounds that Lean's checker of backward propagation will confirm.

Untrusted: the same steps as `Refsem/Crown.lean`, on all rows of a layer at once, so that the ends
written are those that the checker derives, rounded outward. Slopes are the run's; the intercepts
follow from them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from flint import fmpz_mat

from lean_export.interval_boxes import SCALE, UNIT, IntegerBox
from lean_export.layers import Layer

SLOPE_ONE = 2**30
"""Slopes are numerators over this."""
FINE = 2**60
"""Coefficients after an activation are numerators over this."""
SMALL = 2**278
"""No value of a pattern is larger, in units."""


@dataclass(frozen=True, slots=True)
class Neuron:
    """The box of a neuron before its activation, and the slopes of the lines below and above."""

    lower: int
    upper: int
    below: int
    above: int


Slopes = Sequence[tuple[int, int]]
"""Of each neuron of a layer the slope below and the slope above."""


@dataclass(slots=True)
class _Forms:
    """Lower forms, one a row: constants, coefficients, and the largest sum of coefficients met."""

    constants: list[int]
    coefficients: list[list[int]]
    largest: int = 0


@dataclass(frozen=True, slots=True)
class CrownBoxes:
    """The neurons of every layer, and the field that packed coefficients need."""

    layers: tuple[tuple[Neuron, ...], ...]
    bits: int


def crown_boxes(
    layers: Sequence[Layer], start: IntegerBox, slopes: Sequence[Slopes], depths: Sequence[int]
) -> CrownBoxes:
    """The boxes of all layers, each from the ones before; slopes and depth are given a layer.

    The depth is through how many layers forms are pushed back: all before it, or none.
    """
    known: list[tuple[Neuron, ...]] = []
    matrices = [_matrix(layer) for layer in layers]
    largest = 1
    for number, layer in enumerate(layers):
        lower, size_lower = _bounds(layers, matrices, known, start, depths[number], 1)
        upper, size_upper = _bounds(layers, matrices, known, start, depths[number], -1)
        largest = max(largest, size_lower, size_upper)
        ends = zip(lower, upper, slopes[number], strict=True)
        known.append(tuple(Neuron(low, -high, *slope) for low, high, slope in ends))
        if len(known[-1]) != len(layer.rows):
            raise ValueError(f"{len(known[-1])} slopes for {len(layer.rows)} rows")
    return CrownBoxes(tuple(known), (largest * SMALL * 4).bit_length())


def _matrix(layer: Layer) -> fmpz_mat:
    weights = [row[1:] for row in layer.values()]
    return fmpz_mat(len(weights), len(weights[0]), [value for row in weights for value in row])


def _bounds(
    layers: Sequence[Layer],
    matrices: Sequence[fmpz_mat],
    known: Sequence[tuple[Neuron, ...]],
    start: IntegerBox,
    depth: int,
    sign: int,
) -> tuple[list[int], int]:
    """Lower ends of the rows of the next layer times the sign, by that depth or one step."""
    number = len(known)
    rows = layers[number].values()
    forms = _Forms(
        [sign * FINE * SCALE * row[0] for row in rows],
        [[sign * FINE * weight for weight in row[1:]] for row in rows],
    )
    found: list[list[int]] = []
    for earlier in range(number - 1, -1, -1):
        neurons = known[earlier]
        if earlier == number - 1:
            box = [
                (_activate(layers[earlier], one.lower), _activate(layers[earlier], one.upper))
                for one in neurons
            ]
            found.append(_least(forms, box, 1, 1))
            if depth == 0:
                break
        _push_back(forms, layers[earlier], matrices[earlier], neurons)
    if depth == number:
        found.append(_least(forms, start.ends, start.scale, SCALE))
    return [max(ends) for ends in zip(*found, strict=True)], forms.largest


def _activate(layer: Layer, end: int) -> int:
    return max(end, 0) if layer.relu else end


def _least(
    forms: _Forms, box: Sequence[tuple[int, int]], constant_factor: int, factor: int
) -> list[int]:
    """The greatest integers over `SCALE` that the forms are at least, over a box."""
    ends = []
    for constant, row in zip(forms.constants, forms.coefficients, strict=True):
        total = sum(t * (low if t >= 0 else high) for t, (low, high) in zip(row, box, strict=True))
        ends.append(
            (constant_factor * constant + factor * total) // (constant_factor * FINE * UNIT)
        )
    return ends


def _push_back(forms: _Forms, layer: Layer, matrix: fmpz_mat, neurons: Sequence[Neuron]) -> None:
    """Replace every activation by its line and the layer by what it computes."""
    constants = [row[0] for row in layer.values()]
    pushed = []
    for index, row in enumerate(forms.coefficients):
        new = []
        total = forms.constants[index]
        for t, neuron in zip(row, neurons, strict=True):
            d = _coefficient(t, neuron)
            total += _intercept(layer, t, d, neuron)
            new.append(d)
        total += SCALE * sum(d * c for d, c in zip(new, constants, strict=True))
        forms.constants[index] = total
        forms.largest = max(forms.largest, sum(abs(d) for d in new))
        pushed.append(new)
    height, width = len(pushed), len(neurons)
    product = fmpz_mat(height, width, [d for row in pushed for d in row]) * matrix
    entries = [int(entry) for entry in product.entries()]
    columns = product.ncols()
    forms.coefficients = [entries[i * columns : (i + 1) * columns] for i in range(height)]


def _coefficient(t: int, neuron: Neuron) -> int:
    magnitude = abs(t) * (neuron.below if t >= 0 else neuron.above) // (SLOPE_ONE * UNIT)
    return magnitude if t >= 0 else -magnitude


def _intercept(layer: Layer, t: int, d: int, neuron: Neuron) -> int:
    missed = [t * _activate(layer, end) - UNIT * d * end for end in (neuron.lower, neuron.upper)]
    if layer.relu and neuron.lower < 0:
        missed.append(0)
    return min(missed)
