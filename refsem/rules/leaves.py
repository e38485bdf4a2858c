"""Leaves: exact lower bounds of a chain's target over many boxes at once.

The reading of `relu_upper`, `relu_lower`, `floor_lower`, `substitute_lower`, `substitute_affine`
and `concretise` in integers inside host floats (`refsem.exact.sliced`). Every pass bounds rows
from below. What a ReLU gives, and x minus the lower end of its box, is at least 0, so a
coefficient there may be floored at no cost. Coefficients are integers of 28 bits with an exponent
a row, slopes multiples of 2^-8, constants and bounds integers times 2^-unit, rounded down.

Trusted, as `refsem.rules.replay` is; that one is its second opinion (`refsem.rules.review`).
Numbers that leave the exact range raise `TooWideError`: nothing is claimed then.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from gmpy2 import mpq

from refsem.exact import ExactTensor
from refsem.exact.sliced import (
    BITS,
    Exponents,
    FloatArray,
    Slices,
    TooWideError,
    checked,
    each_slice,
    floor_sum,
    floored_rows,
    product,
    slices,
    whole,
    wide_slices,
)
from refsem.exact.tensor import Toward, common_scale, concatenate
from refsem.rules.chain import ChainLayer

RULES = frozenset(
    {
        "concretise",
        "floor_lower",
        "relu_lower",
        "relu_upper",
        "start_form",
        "substitute_affine",
        "substitute_lower",
    }
)
"""The rules of which this file is a reading."""

COEFFICIENT_BITS = 28
SLOPE_BITS = 8
BOUND_BITS = 44
"""Bounds of pre-activations are at most 2^44 units."""

_ONE = 2.0**SLOPE_BITS
_HALF = (COEFFICIENT_BITS + SLOPE_BITS) // 2
_SHIFT_BITS = 6
"""What the input's box adds to the first constants is kept in units of 2^-(unit + 6)."""


@dataclass(frozen=True, slots=True, eq=False)
class Boxes:
    """Boxes of the input: integers times 2^-unit, of shape (boxes, size), lower ≤ upper."""

    lower: FloatArray
    upper: FloatArray
    unit: int

    @property
    def count(self) -> int:
        """How many."""
        return len(self.lower)


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """A ReLU's lines over each box: slopes times 2^8 and intercept above times 2^unit."""

    upper: FloatArray
    lower: FloatArray
    intercept: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Bounds:
    """Established of each box: a layer's values are at least `lower`, at most `upper`, in units."""

    lower: FloatArray
    upper: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """Everything a run established and chose, a box a row.

    `target` is the lower bound of each row of the target, times `scale`, in units; `bounds` and
    `lines` have an entry for each ReLU, `last` the slopes below it that the target's rows took,
    of shape (boxes, rows, size) or (boxes, 1, size); `floors` holds the integers and exponents of
    each floored row of coefficients, by the layer bounded and the layer whose previous tensor they
    stand on (one entry for all boxes where they do not depend on the box).
    """

    target: FloatArray
    bounds: tuple[Bounds, ...]
    lines: tuple[Lines, ...]
    floors: dict[tuple[int, int], tuple[FloatArray, Exponents]]
    last: tuple[FloatArray, ...]

    def part(self, rows: Sequence[int]) -> "Run":
        """What the run says of some of its boxes, without its floors."""
        bounds = tuple(Bounds(one.lower[rows], one.upper[rows]) for one in self.bounds)
        lines = tuple(
            Lines(one.upper[rows], one.lower[rows], one.intercept[rows]) for one in self.lines
        )
        last = tuple(one[rows] for one in self.last)
        return Run(self.target[rows], bounds, lines, {}, last)


@dataclass(frozen=True, slots=True, eq=False)
class _Layer:
    """A layer ready for a pass to go through it, and to start from it (`rows` of it bounded)."""

    weight: Slices
    weight_unit: int
    constant: Slices
    constant_unit: int
    first: FloatArray
    first_exponents: Exponents
    first_constant: FloatArray


def _width(bits: int, terms: int) -> int:
    """How wide slices may be that are multiplied with others of so many bits, so many times."""
    return BITS - 1 - bits - max(terms - 1, 0).bit_length()


class SlopeError(ValueError):
    """A slope below a ReLU was chosen that no rule allows."""

    def __init__(self) -> None:
        super().__init__(f"slopes below are integers from 0 to {int(_ONE)}")


@dataclass(frozen=True, slots=True, eq=False)
class LeafCheck:
    """A chain ready to be bounded: hidden layers are bounded from both sides, the last from below.

    `scale` is the positive integer by which the target's rows are multiplied.
    """

    layers: tuple[_Layer, ...]
    unit: int
    scale: int

    @classmethod
    def of(cls, layers: Sequence[ChainLayer], unit: int) -> "LeafCheck":
        """The check with bounds in units of 2^-unit; `TooWideError` for what does not fit."""
        *hidden, last = layers
        _, scale = common_scale(last.weight, last.constant)
        if any(common_scale(layer.weight, layer.constant)[1] != 1 for layer in hidden):
            raise TooWideError("weights that are no binary fractions", float("inf"))
        weight, constant = (_times(part, scale) for part in (last.weight, last.constant))
        target = ChainLayer(last.value, last.previous, weight, constant)
        ready = [_layer(layer, unit, both=True) for layer in hidden]
        return cls((*ready, _layer(target, unit, both=False)), unit, scale)

    @property
    def factor(self) -> mpq:
        """`scale` as a rational."""
        return mpq(self.scale)

    def run(self, boxes: Boxes) -> Run:
        """Bounds of every layer over each box."""
        origin = _Origin.of(self.layers[0], boxes, self.unit, both=len(self.layers) > 1)
        bounds: list[Bounds] = []
        lines: list[Lines] = []
        floors: dict[tuple[int, int], tuple[FloatArray, Exponents]] = {}
        for index in range(len(self.layers)):
            slopes = tuple(line.lower[:, np.newaxis] for line in lines)
            below = self._pass(index, lines, slopes, origin, floors)
            if index == len(self.layers) - 1:
                return Run(below, tuple(bounds), tuple(lines), floors, slopes)
            half = below.shape[1] // 2
            bounds.append(Bounds(below[:, :half], -below[:, half:]))
            lines.append(relu_lines(bounds[-1]))
        raise ValueError("a chain has at least one layer")

    def again(self, boxes: Boxes, run: Run, slopes: Sequence[FloatArray]) -> Run:
        """The run with its target bounded once more, with other slopes below the ReLUs.

        `SlopeError` for slopes that are no multiples of 2^-8 (here integers) from 0 to 1.
        """
        for one in slopes:
            if not ((one >= 0) & (one <= _ONE) & (one == np.floor(one))).all():
                raise SlopeError
        last, both = len(self.layers) - 1, len(self.layers) > 1
        origin = _Origin.of(self.layers[0], boxes, self.unit, both=both)
        floors = {key: value for key, value in run.floors.items() if key[0] != last}
        below = self._pass(last, run.lines, slopes, origin, floors)
        return Run(below, run.bounds, run.lines, floors, tuple(slopes))

    def _pass(
        self,
        bounded: int,
        lines: Sequence[Lines],
        slopes: Sequence[FloatArray],
        origin: "_Origin",
        floors: dict[tuple[int, int], tuple[FloatArray, Exponents]],
    ) -> FloatArray:
        """Lower bounds of a layer's rows over each box: (boxes, rows), in units."""
        start = self.layers[bounded]
        rows, exponents = start.first[np.newaxis], start.first_exponents[np.newaxis]
        floors[bounded, bounded] = rows, exponents
        total = origin.first if bounded == 0 else start.first_constant[np.newaxis]
        for index in range(bounded - 1, -1, -1):
            layer, line = self.layers[index], lines[index]
            negative = np.minimum(rows, 0.0)
            total = _sum(total, _dot(negative, line.intercept, BOUND_BITS, exponents))
            slope = np.where(rows < 0, line.upper[:, np.newaxis], slopes[index])
            halves = slices(rows * slope, _HALF, 2)
            exponents = exponents - SLOPE_BITS
            if index == 0:
                total = _sum(total, origin.constant(halves, exponents))
            else:
                found = product(halves, layer.constant)
                shift = exponents[..., np.newaxis] + (self.unit - layer.constant_unit)
                total = _sum(total, floor_sum(found, shift)[..., 0])
            rows, shift = floored_rows(product(halves, layer.weight), COEFFICIENT_BITS)
            exponents = exponents + shift - layer.weight_unit
            floors[bounded, index] = rows, exponents
        spread = _dot(
            np.minimum(rows, 0.0), origin.widths, BITS, exponents + (self.unit - origin.unit)
        )
        return checked("a bound", total + spread, BOUND_BITS)


def _times(tensor: ExactTensor, scale: int) -> ExactTensor:
    """The tensor times a multiple of its odd denominator."""
    return ExactTensor(tensor.at_scale(tensor.exponent, scale), tensor.exponent, 1)


def _sum(total: FloatArray, more: FloatArray) -> FloatArray:
    return checked("a sum", total + more, BITS)


def _layer(layer: ChainLayer, unit: int, *, both: bool) -> _Layer:
    size, _ = layer.weight.shape
    width = _width(_HALF, size)
    rows = concatenate([layer.weight, -layer.weight], axis=0) if both else layer.weight
    constants = concatenate([layer.constant, -layer.constant], axis=0) if both else layer.constant
    exact = wide_slices(rows.numerators, width)
    first, exponents = floored_rows(list(each_slice(exact)), COEFFICIENT_BITS)
    lowered = constants.rounded(Toward.DOWN, unit).numerators[:, 0]
    return _Layer(
        wide_slices(layer.weight.numerators, width),
        layer.weight.exponent,
        wide_slices(layer.constant.numerators, width),
        layer.constant.exponent,
        first,
        exponents - layer.weight.exponent,
        whole("a constant", lowered, BOUND_BITS),
    )


def _dot(coefficients: FloatArray, values: FloatArray, bits: int, shift: Exponents) -> FloatArray:
    """At most Σ coefficients · values · 2^shift: (boxes, rows, size) times (boxes, size)."""
    width = _width(COEFFICIENT_BITS, coefficients.shape[-1])
    cut = slices(values[..., np.newaxis], width, -(-bits // width))
    found = product(Slices((coefficients,), 0), cut)
    return floor_sum(found, shift[..., np.newaxis])[..., 0]


@dataclass(frozen=True, slots=True, eq=False)
class _Origin:
    """The first layer seen from the lower ends of the boxes: W·x + d = W·(x − l) + (W·l + d).

    The constant lies between `constants`, in units of 2^-(unit + 6), and `gap` more.
    """

    widths: FloatArray
    unit: int
    constants: FloatArray
    gap: int
    first: FloatArray

    @classmethod
    def of(cls, layer: _Layer, boxes: Boxes, unit: int, *, both: bool) -> "_Origin":
        size = boxes.lower.shape[1]
        bits = layer.weight.width
        width = BITS - 1 - bits - max(size - 1, 0).bit_length()
        cut = slices(boxes.lower, width, -(-BITS // width))
        found = product(cut, layer.weight.transposed())
        finer = unit + _SHIFT_BITS
        below = floor_sum(found, finer - boxes.unit - layer.weight_unit)
        columns = [(weight, part[:, 0]) for weight, part in each_slice(layer.constant)]
        below = _sum(below, floor_sum(columns, finer - layer.constant_unit))
        gap = len(found) + len(columns)
        checked("a first constant", below, BOUND_BITS + _SHIFT_BITS)
        down = np.floor(below * 2.0**-_SHIFT_BITS)
        up = np.ceil((below + gap) * 2.0**-_SHIFT_BITS)
        first = np.concatenate([down, -up], axis=1) if both else down
        return cls(boxes.upper - boxes.lower, boxes.unit, below, gap, first)

    def constant(self, halves: Slices, exponents: Exponents) -> FloatArray:
        """At most Σ coefficients · constant, in units of 2^-unit, whatever the constant is."""
        width = _width(_HALF, self.constants.shape[1])
        bits = BOUND_BITS + _SHIFT_BITS
        cut = slices(self.constants[..., np.newaxis], width, -(-bits // width))
        found = product(halves, cut)
        shift = exponents[..., np.newaxis] - _SHIFT_BITS
        exact = floor_sum(found, shift)[..., 0]
        whole = halves.parts[0] + halves.parts[1] * 2.0**halves.width
        loss = np.minimum(whole, 0.0).sum(axis=-1) * self.gap
        return _sum(exact, floor_sum([(0, checked("a gap", loss, BITS))], shift[..., 0]))


def relu_lines(bounds: Bounds) -> Lines:
    """Lines above with the chord's slope, below with slope 0 or 1; intercepts rounded up."""
    low, high = bounds.lower, bounds.upper
    positive_low, positive_high = np.maximum(low, 0.0), np.maximum(high, 0.0)
    width = positive_high - np.minimum(low, 0.0)
    chord = np.rint(_ONE * positive_high / np.where(width > 0, width, 1.0))
    upper = np.where(low >= 0, _ONE, np.clip(chord, 0.0, _ONE))
    lower = np.where(high > -low, _ONE, 0.0)
    ends = np.maximum(_ONE * positive_low - upper * low, _ONE * positive_high - upper * high)
    return Lines(upper, lower, np.ceil(ends / _ONE))
