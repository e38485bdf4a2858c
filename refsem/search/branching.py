"""Branch and bound over the input box: proposes a split tree, leaf by leaf. Untrusted.

Boxes are bounded in floats; one that seems decided becomes a leaf. Any other is cut in two where
width times gradient is greatest, the longest edge every fourth level. Points that seem unsafe are
handed out for exact evaluation. A leaf that the exact check does not accept is reopened.

Source: input splitting as in ReluVal (Wang et al. 2018), full CROWN bounds for every layer.
"""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from refsem.exact import ExactTensor
from refsem.properties.claims import RegionClaims
from refsem.rules.leaves import Boxes
from refsem.rules.tree import Split, split
from refsem.search.crown import (
    FloatLayer,
    Floats,
    better_target_lower,
    lower_bounds,
    values_and_slopes,
)

Flags = npt.NDArray[np.bool_]

BATCH = 64
_FORCED = 4

_SLIGHT = 2.0**-20
"""Margins up to this, relative to the bounds or to 1, may be errors of floats."""

MEMORY = 2**30
"""Bytes that a search may hold, its tree and open boxes together: it ends when they are more."""

_OPEN_BYTES = 400
_SPLIT_BYTES = 300
_LEAF_BYTES = 200

Open = tuple[int, Floats, Floats]
"""A box to be looked at: its path from the root (1, halves 2·path, 2·path + 1) and its ends."""


@dataclass(slots=True)
class Branching:
    """A search over one region: the tree so far, the boxes still open, and what it has met."""

    claims: RegionClaims
    layers: tuple[FloatLayer, ...]
    bounds: Floats
    unit: int
    size: int
    open: list[Open]
    splits: dict[int, Split] = field(default_factory=dict)
    leaves: int = 0
    slack: float = 0.0
    candidates: list[Floats] = field(default_factory=list)
    stuck: bool = False
    seconds: float = 0.0

    @classmethod
    def over(cls, claims: RegionClaims, layers: tuple[FloatLayer, ...], root: Boxes) -> "Branching":
        """A search that has not begun."""
        bounds = claims.bounds.nearest_float64()[0]
        size, whole = root.lower.shape[1], (1, root.lower[0], root.upper[0])
        return cls(claims, layers, bounds, root.unit, size, [whole])

    @property
    def held(self) -> int:
        """Bytes that the tree, the open boxes and what is remembered of leaves take, at most."""
        box = 16 * self.size
        return (
            len(self.open) * (_OPEN_BYTES + box)
            + len(self.splits) * _SPLIT_BYTES
            + self.leaves * (_LEAF_BYTES + box)
        )

    def points(self) -> ExactTensor:
        """The candidates met since the last call, moved into the region's box, a row each."""
        ((lower, upper),) = self.claims.region.boxes.values()
        rows = np.stack(self.candidates)
        whole = np.empty(rows.shape, dtype=object)
        whole.ravel()[:] = [int(value) for value in rows.ravel()]
        self.candidates.clear()
        return ExactTensor(whole, self.unit, 1).maximum(lower).minimum(upper)

    def reopen(self, boxes: Sequence[Open]) -> None:
        """Cut leaves that were taken for decided too early, and be warier of slight margins.

        A leaf of a great margin failed for other slopes than the exact check has: it is cut, no
        more, for what is wary of great margins decides nothing.
        """
        self.leaves -= len(boxes)
        part = list(boxes)
        lower, upper = (np.stack([box[end] for box in part]) for end in (1, 2))
        margins = _margins(self, lower, upper)
        slight = _SLIGHT * (1.0 + float(np.abs(self.bounds).max(initial=0.0)))
        wary = 2 * float(margins.max(initial=0.0, where=margins <= slight))
        self.slack = max(self.slack, wary)
        undecided = np.zeros(len(part), dtype=np.bool_)
        _merge(self, _Found(part, undecided, *_cuts(self, part, lower, upper, ~undecided), 0.0))

    def cut(self, path: int, lower: Floats, upper: Floats, cut: Split) -> None:
        """Replace a box by its halves."""
        self.splits[path] = cut
        inner, outer = split(lower, upper, cut)
        self.open += [(2 * path + 1, outer, upper), (2 * path, lower, inner)]


def explore(search: Branching, deadline: float, workers: int) -> Iterator[None]:
    """One round after another until nothing is open or `time.monotonic()` passes the deadline.

    It ends also when the search is stuck, or holds more than `MEMORY`.
    """
    with ThreadPoolExecutor(workers) as pool:
        while (
            search.open
            and not search.stuck
            and search.held <= MEMORY
            and time.monotonic() < deadline
        ):
            parts = [_taken(search) for _ in range(workers)]
            found = pool.map(lambda part: _bounded(search, part), [p for p in parts if p])
            for one in list(found):
                _merge(search, one)
            yield


def _taken(search: Branching) -> list[Open]:
    taken = search.open[-BATCH:]
    del search.open[-BATCH:]
    return taken


@dataclass(frozen=True, slots=True)
class _Found:
    """What came of one batch of boxes: a cut for each that is not decided."""

    part: list[Open]
    decided: Flags
    cuts: list[Split | None]
    candidates: list[Floats]
    seconds: float


def _bounded(search: Branching, part: list[Open]) -> _Found:
    started = time.thread_time()
    lower, upper = (np.stack([box[end] for box in part]) for end in (1, 2))
    decided = _margins(search, lower, upper) > search.slack
    cuts, candidates = _cuts(search, part, lower, upper, ~decided)
    return _Found(part, decided, cuts, candidates, time.thread_time() - started)


def _margins(search: Branching, lower: Floats, upper: Floats) -> Floats:
    """The best margin of each case's rows over each box, and of these the worst: (boxes,).

    Where that is not positive, slopes below the ReLUs are optimised.
    """
    scale = 2.0**-search.unit
    low, high = lower * scale, upper * scale
    bounds = lower_bounds(search.layers, low, high)
    least = _least(search, bounds[-1])
    wanted = np.flatnonzero(least <= search.slack)
    if wanted.size and len(bounds) > 1:
        part = [one[wanted] for one in bounds]
        found = better_target_lower(search.layers, low[wanted], high[wanted], part)
        least[wanted] = np.maximum(least[wanted], _least(search, found))
    return least


def _least(search: Branching, target: Floats) -> Floats:
    """The worst case's best margin, given lower bounds of the target's rows: (boxes,)."""
    margins, claims = target - search.bounds, search.claims
    best = [margins[:, list(claims.rows_of(case))].max(axis=1) for case in range(len(claims.cases))]
    least: Floats = np.min(best, axis=0)
    return least


def _cuts(
    search: Branching, part: list[Open], lower: Floats, upper: Floats, wanted: Flags
) -> tuple[list[Split | None], list[Floats]]:
    """Where to cut the boxes that are wanted, and points in them that seem unsafe."""
    centre = np.floor((lower + upper) / 2)
    values, slopes = values_and_slopes(search.layers, centre * 2.0**-search.unit)
    margins = values - search.bounds
    score = (upper - lower) * np.abs(slopes).sum(axis=1)
    cuts: list[Split | None] = [None] * len(part)
    seeming: list[Floats] = []
    for row in np.flatnonzero(wanted):
        width = upper[row] - lower[row]
        forced = part[row][0].bit_length() % _FORCED == 0
        order = np.where(width >= 2, width if forced else score[row], -1.0)
        dimension = int(np.argmax(order))
        if order[dimension] >= 0:
            cuts[row] = Split(dimension, int(centre[row, dimension]))
        seeming += _unsafe(search, centre[row], margins[row], slopes[row], part[row])
    return cuts, seeming


def _unsafe(
    search: Branching, centre: Floats, margins: Floats, slopes: Floats, box: Open
) -> Iterator[Floats]:
    """The centre if it seems unsafe, or the corner downhill from there if that does."""
    for case in range(len(search.claims.cases)):
        rows = list(search.claims.rows_of(case))
        if margins[rows].max() <= 0:
            yield centre
            continue
        worst = rows[int(np.argmax(margins[rows]))]
        corner = np.where(slopes[worst] > 0, box[1], box[2])
        found, _ = values_and_slopes(search.layers, corner[np.newaxis] * 2.0**-search.unit)
        if (found[0] - search.bounds)[rows].max() <= 0:
            yield corner


def _merge(search: Branching, found: _Found) -> None:
    search.leaves += int(found.decided.sum())
    search.candidates += found.candidates
    search.seconds += found.seconds
    for (path, lower, upper), decided, cut in zip(
        found.part, found.decided, found.cuts, strict=True
    ):
        if decided:
            continue
        if cut is None:
            search.stuck = True
            search.open.append((path, lower, upper))
            continue
        search.cut(path, lower, upper, cut)
