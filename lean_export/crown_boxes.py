"""CROWN boxes in integers: the bounds that Lean's checker of backward propagation will confirm.

Untrusted: the same steps as `Refsem/Crown.lean`, on all rows of a layer at once, so that the ends
written are those that the checker derives, rounded outward. Slopes are the run's; the intercepts
follow from them.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from flint import fmpz_mat

from lean_export.interval_boxes import SCALE, IntegerBox
from lean_export.layers import Layer

SLOPE_BITS = 30
SLOPE_ONE = 2**SLOPE_BITS
"""Slopes are numerators over this."""
GREATEST_SLOPE = 2 * SLOPE_ONE
"""The checker takes no greater ones."""
FINE_BITS = 60
"""Coefficients of activations are numerators over two to this."""
DROPPED_BITS = 149 + SLOPE_BITS
"""A coefficient times a slope and a weight has so many bits more, which are rounded away."""
VALUE_BITS = 278
"""No value of a pattern has more, in units."""
LEAST_SIZE = FINE_BITS - 1
"""The first forms need so many bits."""


@dataclass(frozen=True, slots=True)
class Neuron:
    """The box of a neuron before its activation, and the slopes of the lines below and above."""

    lower: int
    upper: int
    below: int
    above: int


Slopes = Sequence[tuple[int, int]]
"""Of each neuron of a layer the slope below and the slope above."""

Ends = Sequence[tuple[int, int]]
"""Of each neuron of a layer the ends of its box before its activation."""

Chooser = Callable[[int, Ends], Slopes]
"""The slopes of a layer, numbered from 0, by the ends of its neurons."""


@dataclass(frozen=True, slots=True)
class Digits:
    """The digits of packed forms: to the base two to `bits`, coefficients below two to `size`."""

    bits: int
    size: int


@dataclass(frozen=True, slots=True)
class CrownBoxes:
    """The neurons of every layer, and the digits that packed forms need."""

    layers: tuple[tuple[Neuron, ...], ...]
    digits: Digits


@dataclass(frozen=True, slots=True, eq=False)
class Affine:
    """A layer, and its matrix, whose first column holds the constants."""

    layer: Layer
    matrix: fmpz_mat

    @classmethod
    def of(cls, layer: Layer) -> "Affine":
        """The layer with its matrix."""
        values = layer.values()
        entries = [value for row in values for value in row]
        return cls(layer, fmpz_mat(len(values), len(values[0]), entries))


@dataclass(slots=True)
class _Forms:
    """Lower forms, one a row: constants, coefficients; what the digits must have room for."""

    constants: list[int]
    coefficients: list[list[int]]
    total: int = 0
    largest: int = 0
    greatest_total: int = 0


def crown_boxes(
    layers: Sequence[Layer], start: IntegerBox, slopes: Chooser, depths: Sequence[int]
) -> CrownBoxes:
    """The boxes of all layers, each from the ones before; slopes are chosen, depth given a layer.

    The depth is through how many layers forms are pushed back: all before it, or fewer.
    """
    found = Propagated(start)
    for number, (layer, depth) in enumerate(zip(layers, depths, strict=True)):
        affine = Affine.of(layer)
        ends = found.ends(affine, depth)
        found.add(affine, neurons(ends, slopes(number, ends)))
    return CrownBoxes(tuple(found.known), found.digits)


def neurons(ends: Ends, slopes: Slopes) -> tuple[Neuron, ...]:
    """A layer's neurons by their ends and slopes."""
    return tuple(Neuron(*two, *chosen) for two, chosen in zip(ends, slopes, strict=True))


@dataclass(slots=True)
class Propagated:
    """The layers so far with their neurons, and what the digits of packed forms have room for."""

    start: IntegerBox
    layers: list[Affine] = field(default_factory=list)
    known: list[tuple[Neuron, ...]] = field(default_factory=list)
    largest: int = 0
    total: int = 0
    height: int = 0

    def add(self, layer: Affine, found: tuple[Neuron, ...]) -> None:
        """One layer more."""
        self.layers.append(layer)
        self.known.append(found)

    def ends(self, layer: Affine, depth: int) -> list[tuple[int, int]]:
        """The ends of a layer's rows, by that depth or by one step."""
        below, above = (self._least(layer, depth, sign) for sign in (1, -1))
        return [(low, -high) for low, high in zip(below, above, strict=True)]

    @property
    def digits(self) -> Digits:
        """Room for every coefficient and every sum that the checker met."""
        size = max(self.largest.bit_length(), LEAST_SIZE)
        product = (self.height << size + VALUE_BITS + SLOPE_BITS + 1) + (1 << size + DROPPED_BITS)
        return Digits(max(product.bit_length(), (self.total << size + 2).bit_length()), size)

    def _least(self, layer: Affine, depth: int, sign: int) -> list[int]:
        """Lower ends of the rows times the sign."""
        height = len(layer.layer.rows)
        one = sign << FINE_BITS + SLOPE_BITS
        unit = [[one if i == j else 0 for j in range(height)] for i in range(height)]
        forms = _Forms([0] * height, unit)
        found, number = [], len(self.layers)
        for step in range(depth + 1):
            pushed = layer if step == 0 else self.layers[number - step]
            _push_affine(forms, pushed.matrix)
            self.height = max(self.height, len(pushed.layer.rows))
            if step in (0, depth):
                found.append(self._over(forms, number - step))
            if step < depth:
                earlier = number - step - 1
                _push_activation(forms, self.layers[earlier].layer, self.known[earlier])
        self.largest = max(self.largest, forms.largest)
        self.total = max(self.total, forms.greatest_total)
        return [max(ends) for ends in zip(*found, strict=True)]

    def _over(self, forms: "_Forms", number: int) -> list[int]:
        """The greatest integers over `SCALE` that the forms are at least, over a layer's inputs."""
        if number == 0:
            scale, factor, box = self.start.scale, SLOPE_ONE * SCALE, self.start.ends
        else:
            layer, earlier = self.layers[number - 1].layer, self.known[number - 1]
            scale, factor = 1, SLOPE_ONE
            box = tuple(
                (_activate(layer, one.lower), _activate(layer, one.upper)) for one in earlier
            )
        value = _Forms(list(forms.constants), forms.coefficients, forms.total)
        _add(
            value,
            scale,
            [(factor * low, -factor * high, factor * min(low, 0)) for low, high in box],
        )
        forms.greatest_total = max(forms.greatest_total, value.greatest_total)
        return [constant // (scale << FINE_BITS + SLOPE_BITS) for constant in value.constants]


def _push_affine(forms: _Forms, matrix: fmpz_mat) -> None:
    """Replace a layer by what it computes, and round the coefficients down."""
    height, width = len(forms.coefficients), matrix.nrows()
    product = fmpz_mat(height, width, [d for row in forms.coefficients for d in row]) * matrix
    entries = [int(entry) >> DROPPED_BITS for entry in product.entries()]
    columns = product.ncols()
    for index in range(height):
        row = entries[index * columns : (index + 1) * columns]
        forms.constants[index] += SCALE * SLOPE_ONE * row[0]
        forms.coefficients[index] = row[1:]
    forms.total += SCALE * SLOPE_ONE
    forms.largest = max(forms.largest, *map(abs, entries))


def _push_activation(forms: _Forms, layer: Layer, neurons: Sequence[Neuron]) -> None:
    """Replace every activation by its lines."""
    lines = [
        (
            _intercept(layer, SLOPE_ONE, one.below, one),
            _intercept(layer, -SLOPE_ONE, -one.above, one),
            SLOPE_ONE * min(_activate(layer, one.lower), 0),
        )
        for one in neurons
    ]
    _add(forms, 1, lines)
    forms.coefficients = [
        [t * (one.below if t >= 0 else one.above) for t, one in zip(row, neurons, strict=True)]
        for row in forms.coefficients
    ]


def _add(forms: _Forms, factor: int, lines: Iterable[tuple[int, int, int]]) -> None:
    """Multiply the constants, then add what the coefficients make of each variable's numbers.

    These are a number for positive coefficients, one for negative ones, and one besides.
    """
    numbers = list(lines)
    besides = sum(number for _, _, number in numbers)
    for index, row in enumerate(forms.coefficients):
        forms.constants[index] = factor * forms.constants[index] + besides
        for t, (over, under, _) in zip(row, numbers, strict=True):
            forms.constants[index] += t * over if t >= 0 else -t * under
    forms.total = factor * forms.total + sum(abs(n) for three in numbers for n in three)
    forms.greatest_total = max(forms.greatest_total, forms.total)


def _activate(layer: Layer, end: int) -> int:
    return max(end, 0) if layer.relu else end


def _intercept(layer: Layer, c: int, d: int, neuron: Neuron) -> int:
    """The greatest b such that d·y + b is at most c times the activation of every y in the box."""
    missed = [c * _activate(layer, end) - d * end for end in (neuron.lower, neuron.upper)]
    if layer.relu and neuron.lower < 0:
        missed.append(0)
    return min(missed)
