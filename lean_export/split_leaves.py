"""Leaves of a split tree for Lean: each with the bounds and slopes by which it is shown safe.

Untrusted. A leaf's neurons get CROWN bounds as Lean's checker will derive them, with chords above
ReLUs and slopes of 0 or 1 below. The outputs' own bounds take one interval step, for what counts
is the last passes: sums of a case's constraints pushed back to the input, first with those slopes,
then for cases still open with slopes found in floats for one of them. A leaf for which that is not
enough is cut further, for whoever found the tree may have bounded it otherwise.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from lean_export.cases import LeanCase, Sum
from lean_export.crown_boxes import (
    SLOPE_ONE,
    Affine,
    Digits,
    Ends,
    Neuron,
    Propagated,
    neurons,
)
from lean_export.interval_boxes import SCALE, UNIT, IntegerBox
from lean_export.layers import Layer
from refsem.errors import InputError
from refsem.rules.leaf_slopes import Floats, Relaxed, better_slopes

MOST_FURTHER = 12
"""How many cuts below each other may be made of a leaf that is not shown safe."""

Below = tuple[tuple[int, ...], ...]
"""Slopes below, a list a layer; an empty one leaves a layer's as they are."""


@dataclass(frozen=True, slots=True)
class Pass:
    """Rows pushed back to the input together, each to contradict the case at a place."""

    sums: tuple[tuple[int, Sum], ...]
    neurons: tuple[Neuron, ...]
    """The rows' ends; their slopes do not matter."""
    below: Below
    """Empty for the slopes by which the layers were bounded."""

    @property
    def rows(self) -> Layer:
        """The rows, as a layer after the network's."""
        return rows_layer([one for _, one in self.sums])


@dataclass(frozen=True, slots=True)
class SafeLeaf:
    """A box, the neurons of every layer over it, and the passes that show every case empty."""

    box: IntegerBox
    layers: tuple[tuple[Neuron, ...], ...]
    passes: tuple[Pass, ...]
    digits: Digits


@dataclass(frozen=True, slots=True)
class Cut:
    """A box cut at a number of one input."""

    dimension: int
    number: int
    below: "CutBox"
    above: "CutBox"


CutBox = Cut | SafeLeaf


def leaves_of(tree: CutBox) -> Iterator[SafeLeaf]:
    """The leaves, in order."""
    match tree:
        case SafeLeaf():
            yield tree
        case Cut():
            yield from leaves_of(tree.below)
            yield from leaves_of(tree.above)


def rows_layer(sums: Sequence[Sum]) -> Layer:
    """The rows of some sums as a layer."""
    return Layer("the cases", relu=False, rows=tuple(one.row for one in sums))


def depths(layers: int) -> tuple[int, ...]:
    """Through how many layers the rows of each of so many layers are pushed back."""
    return (*range(layers - 1), 0)


def parts(box: IntegerBox, dimension: int, number: int) -> tuple[IntegerBox, IntegerBox]:
    """The two parts of a box cut at a number."""
    lower, upper = list(box.ends), list(box.ends)
    low, high = box.ends[dimension]
    lower[dimension], upper[dimension] = (low, number), (number, high)
    return IntegerBox(box.scale, tuple(lower)), IntegerBox(box.scale, tuple(upper))


@dataclass(frozen=True, slots=True, eq=False)
class Leaves:
    """What leaves are shown safe of: a network and its unsafe cases."""

    network: tuple[Affine, ...]
    cases: tuple[LeanCase, ...]
    floats: tuple[Floats, ...]
    """The layers' matrices, constants first."""
    reach: tuple[int, ...]
    """By how much each input moves the first layer, in some unit."""
    file: str

    @classmethod
    def of(cls, network: Sequence[Layer], cases: Sequence[LeanCase], file: str) -> "Leaves":
        """A network and its cases; errors name the file."""
        return cls(
            tuple(Affine.of(layer) for layer in network),
            tuple(cases),
            tuple(_floats(layer) for layer in network),
            tuple(sum(map(abs, column)) for column in zip(*network[0].values(), strict=True))[1:],
            file,
        )

    def safe(self, box: IntegerBox, place: str, cuts: int = MOST_FURTHER) -> CutBox:
        """The box as a leaf, or cut further; `InputError` naming the place where that fails."""
        leaf = self.shown(box)
        if leaf is not None:
            return leaf
        dimension = self._widest(box.ends)
        if cuts == 0 or dimension is None:
            message = "not shown safe by what Lean checks, nor are the parts that it was cut into"
            raise InputError(self.file, place, message)
        number = sum(box.ends[dimension]) // 2
        halves = parts(box, dimension, number)
        return Cut(dimension, number, *(self.safe(half, place, cuts - 1) for half in halves))

    def shown(self, box: IntegerBox) -> SafeLeaf | None:
        """The leaf, if every case is shown empty over the box."""
        found = Propagated(box)
        for layer, depth in zip(self.network, depths(len(self.network)), strict=True):
            ends = found.ends(layer, depth)
            relu = layer.layer.relu
            slopes = [_relu_slopes(*one) if relu else _STRAIGHT for one in ends]
            found.add(layer, neurons(ends, slopes))
        known = found.known
        places = list(range(len(self.cases)))
        passes = [self._pass(found, places, ())]
        while open_ := [place for place in places if not _covered(place, passes)]:
            below = self._below(box, known, open_[0])
            found.known = [
                _with_below(one, slopes) for one, slopes in zip(known, below, strict=True)
            ]
            further = self._pass(found, open_, below)
            if not _covered(open_[0], [further]):
                return None
            passes.append(further)
        passes = [one for one in passes if one.sums]
        return SafeLeaf(box, tuple(known), tuple(passes), found.digits)

    def _pass(self, found: Propagated, places: Sequence[int], below: Below) -> Pass:
        """The pass over the cases at some places that are shown empty by it."""
        every = [(place, one) for place in places for one in self.cases[place].sums]
        rows = Affine.of(rows_layer([one for _, one in every]))
        ends = found.ends(rows, len(self.network))
        kept: dict[int, int] = {}
        for index, (place, one) in enumerate(every):
            if place not in kept and one.excluded(ends[index][0], SCALE):
                kept[place] = index
        chosen = tuple(kept.values())
        bounds = neurons([ends[index] for index in chosen], [_STRAIGHT] * len(chosen))
        return Pass(tuple(every[index] for index in chosen), bounds, below)

    def _below(self, box: IntegerBox, known: Sequence[Sequence[Neuron]], place: int) -> Below:
        """Slopes below that suit the sum of the case at a place that comes nearest."""
        sums = self.cases[place].sums
        target = _floats(rows_layer(sums))
        ends = np.array([[_quotient(end, box.scale) for end in two] for two in box.ends]).T
        bounds = np.array([_quotient(one.bound, one.divisor) for one in sums])
        # where numbers are too large for floats the slopes are bad ones, and 0 if there are none
        with np.errstate(all="ignore"):
            relaxed = [
                _relaxed(floats, layer.layer, layer_neurons)
                for floats, layer, layer_neurons in zip(
                    self.floats, self.network, known, strict=True
                )
            ]
            lower, slopes = better_slopes(relaxed, target[:, 1:], target[:, 0], ends[:1], ends[1:])
            best = int(np.argmax((lower[0] - bounds) / (1 + np.abs(bounds))))
        return tuple(
            tuple(int(slope) for slope in np.rint(np.nan_to_num(one[0, best]) * SLOPE_ONE))
            if layer.layer.relu
            else ()
            for one, layer in zip(slopes, self.network, strict=True)
        )

    def _widest(self, ends: Ends) -> int | None:
        """The input whose width moves the first layer most; None if no box of integers is left."""
        wide = [index for index, (low, high) in enumerate(ends) if high - low > 1]
        moved = {index: self.reach[index] * (ends[index][1] - ends[index][0]) for index in wide}
        return max(wide, key=moved.__getitem__, default=None)


_STRAIGHT = (SLOPE_ONE, SLOPE_ONE)
"""The slopes of a neuron without an activation."""


def _covered(place: int, passes: Sequence[Pass]) -> bool:
    return any(place == one for found in passes for one, _ in found.sums)


def _with_below(layer: Sequence[Neuron], below: Sequence[int]) -> tuple[Neuron, ...]:
    if not below:
        return tuple(layer)
    chosen = zip(layer, below, strict=True)
    return tuple(Neuron(one.lower, one.upper, slope, one.above) for one, slope in chosen)


def _relu_slopes(low: int, high: int) -> tuple[int, int]:
    """Slopes below and above a ReLU: the chord above, 0 or 1 below, whichever leaves less."""
    if low >= 0:
        return SLOPE_ONE, SLOPE_ONE
    if high <= 0:
        return 0, 0
    return (SLOPE_ONE if high > -low else 0), SLOPE_ONE * high // (high - low)


def _quotient(numerator: int, denominator: int) -> float:
    """The quotient as a float, infinite where it is too large for one."""
    try:
        return numerator / denominator
    except OverflowError:
        return float("inf") if numerator > 0 else float("-inf")


def _floats(layer: Layer) -> Floats:
    return np.array([[value / UNIT for value in row] for row in layer.values()])


def _relaxed(matrix: Floats, layer: Layer, found: Sequence[Neuron]) -> Relaxed:
    """A layer in floats, with the lines of its activations."""
    low, high = (
        np.array([[_quotient(end, SCALE) for end in ends]])
        for ends in ([one.lower for one in found], [one.upper for one in found])
    )
    above, below = (
        np.array([[slope / SLOPE_ONE for slope in slopes]])
        for slopes in ([one.above for one in found], [one.below for one in found])
    )
    free = (low < 0) & (high > 0) & layer.relu
    return Relaxed(
        matrix[:, 1:], matrix[:, 0], above, np.where(free, -above * low, 0.0), below, free
    )
