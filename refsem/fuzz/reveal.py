"""The tree of a reduction, revealed by its results alone.

Set term i to M, term j to −M and every other term to 1, M so large that M + n = M in any format a
sum may use. What is added to ±M before the two cancel is lost; the result counts the terms outside
the smallest subtree that holds both. So the size of that subtree is known for every pair, and with
it the tree: the terms that meet term i first are those with the least size, and so on.

A subtree of more than two parts that meet at once is one step that cannot be resolved. Sizes that
no tree has mean that nothing was lost (an exact accumulator) or that the order depends on values:
then the whole reduction is one such step. Nothing here is trusted: `confirmation.py` decides.

Source: the idea is that of FPRev, arXiv 2411.00442.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from refsem.kernel.loops import Array

Reducer = Callable[[Array], np.float32]
"""A reduction of an array of binary32 terms; for dot products the other factors are 1."""

MASKS = ((np.float32(2.0**100), np.float32(1)), (np.float32(2.0**15), np.float32(2.0**-9)))
"""M and the unit: the first pair loses up to 2^35 units in 64-bit significands; the second is for
accumulators with the range of binary16, and loses up to 2^13 in 11-bit ones."""

Parts = tuple["Tree", ...]


@dataclass(frozen=True, slots=True)
class Tree:
    """A term (no parts), or parts that are added at once; `least` is its least term."""

    least: int
    size: int
    parts: Parts


class _NoTreeError(Exception):
    """The sizes are those of no tree."""


@dataclass(slots=True)
class _Counter:
    """Sizes of smallest common subtrees, by at most `units` ones at a time."""

    reduce: Reducer
    terms: Array
    units: int
    mask: np.float32
    unit: np.float32

    def subtree(self, one: int, other: int) -> int:
        """How many terms the smallest subtree with both has."""
        count = self.terms.size
        outside = 0
        for start in range(0, count, self.units):
            self.terms[:] = 0
            self.terms[start : start + self.units] = self.unit
            self.terms[one], self.terms[other] = self.mask, -self.mask
            outside += _count(self.reduce(self.terms) / self.unit, count)
        return count - outside


def _count(value: np.float32, most: int) -> int:
    """A result that counts terms."""
    if not 0 <= value <= most or value != int(value):
        raise _NoTreeError
    return int(value)


def reveal(reduce: Reducer, count: int) -> Tree:
    """The tree of a reduction of `count` ≥ 1 terms; one unresolved step where there is none."""
    everything = Tree(0, count, tuple(_leaf(place) for place in range(count)))
    if count == 1:
        return _leaf(0)
    try:
        mask, unit = MASKS[has_narrow_range(reduce, count)]
        units = _exact_units(reduce, count)
        counter = _Counter(reduce, np.zeros(count, np.float32), units, mask, unit)
        (tree,) = _parts(counter, list(range(count)), count + 1)
    except (_NoTreeError, ValueError):
        return everything
    return tree


def has_narrow_range(reduce: Reducer, count: int) -> bool:
    """Whether 2^100 overflows in the reduction, as it does in binary16."""
    terms = np.zeros(count, np.float32)
    terms[0] = MASKS[0][0]
    return not bool(np.isfinite(reduce(terms)))


def _leaf(place: int) -> Tree:
    return Tree(place, 1, ())


def _exact_units(reduce: Reducer, count: int) -> int:
    """The greatest number of ones, halved from `count`, that the reduction counts exactly."""
    units = count
    while units > 1:
        if _counts(reduce, count, units):
            return units
        units = (units + 1) // 2
    return units


def _counts(reduce: Reducer, count: int, units: int) -> bool:
    for start in range(0, count, units):
        terms = np.zeros(count, np.float32)
        terms[start : start + units] = 1
        if reduce(terms) != min(units, count - start):
            return False
    return True


def _parts(counter: _Counter, places: Sequence[int], above: int) -> list[Tree]:
    """The parts, of fewer than `above` terms each, that the terms make up.

    Starting from a term in the middle halves a chain, whichever way it grows.
    """
    found: list[Tree] = []
    rest = list(places)
    while rest:
        start = rest[len(rest) // 2]
        others = [place for place in rest if place != start]
        sizes = {place: counter.subtree(start, place) for place in others}
        inside = {place: size for place, size in sizes.items() if size < above}
        found.append(_grown(counter, start, inside))
        rest = [place for place in others if place not in inside]
    return found


def _grown(counter: _Counter, start: int, sizes: dict[int, int]) -> Tree:
    """The part that begins with a term: what it meets first, then what that meets, and so on."""
    tree = _leaf(start)
    for size in sorted(set(sizes.values())):
        met = [place for place, value in sizes.items() if value == size]
        if tree.size + len(met) != size:
            raise _NoTreeError
        parts = sorted((tree, *_parts(counter, met, size)), key=lambda part: part.least)
        tree = Tree(parts[0].least, size, tuple(parts))
    return tree
