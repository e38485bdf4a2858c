"""Branch and bound over the box of any network, each leaf by the ordinary replay: slow, general.

A box is bounded by CROWN and replayed as it is bounded; if that shows every case empty it is a
leaf, else it is cut where width times slope of the worst row is greatest, every fourth level at
the longest edge. Nothing is believed of the cuts: they tile the root box by construction. Boxes
that an earlier run called decided are bounded again, after those that it left open.

From the centre of a box that is cut, and from the corner where its worst bound is attained, it goes
downhill in floats, of deep boxes on every fourth level only; a point that seems unsafe there is
judged exactly, or by enclosure.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from refsem.audit.cuts import CutBoxes, box_text
from refsem.audit.enclosed import Met, met_at
from refsem.audit.unfinished import BoxProgress, Kept
from refsem.errors import InputError
from refsem.exact.sliced import FloatArray
from refsem.properties.replayed_leaves import ReplayedLeaves
from refsem.rules.leaves import Boxes
from refsem.rules.propagation import Propagation
from refsem.rules.trace import Box
from refsem.rules.tree import Node, Split, preorder, split
from refsem.search.branching import Open
from refsem.search.counterexample import Target, exact_points
from refsem.search.floating import FloatGraph

_FORCED = 4
_SEARCHED = 6
"""Levels on which every box is searched downhill; below them every fourth is."""

_STARTS = 4
_STRIDES = tuple(0.5**step for step in range(12))
"""How far each step downhill goes, of the width of the box."""

_MOST = 100_000
"""Boxes that are bounded at most: what is kept of each is small, and all of it bounded so."""

Watch = Callable[[int, int, float], None]


@dataclass(frozen=True, slots=True, eq=False)
class BoxProof:
    """A tree whose every leaf the replay established, and the rules that it took."""

    root: Boxes
    nodes: tuple[Node, ...]
    leaves: int
    rules: frozenset[str]
    hulls: Mapping[str, Box]
    """By tensor that the cases speak of: the hull of its boxes over the leaves."""

    @property
    def reviewed(self) -> int:
        """How many leaves the replay derived: all of them, for nothing else judges them."""
        return self.leaves


@dataclass(frozen=True, slots=True)
class NoProof:
    """Why there is no tree, and whether it was time that ran out."""

    reason: str
    late: bool


@dataclass(frozen=True, slots=True, eq=False)
class BoxPoints:
    """By case, points that meet it."""

    found: dict[int, Met]


@dataclass(slots=True)
class _Search:
    """The tree so far, the boxes still open, and what the replay established of the rest."""

    cut: CutBoxes
    target: Target
    unit: int
    leaves: int = 0
    rules: set[str] = field(default_factory=set)
    hulls: dict[str, Box] = field(default_factory=dict)

    @property
    def left(self) -> int:
        """Boxes still to be bounded."""
        return len(self.cut.open) + len(self.cut.claimed)

    def taken(self) -> Open:
        """The next box, an open one if there is any."""
        return (self.cut.open or self.cut.claimed).pop()

    def halve(self, box: Open, cut: Split) -> None:
        """Replace a box by its halves."""
        path, lower, upper = box
        self.cut.splits[path] = cut
        inner, outer = split(lower, upper, cut)
        self.cut.open.extend([(2 * path + 1, outer, upper), (2 * path, lower, inner)])

    def establish(self, state: Propagation) -> None:
        """Count a leaf in: the rules it took, and where what is spoken of lies over it."""
        self.leaves += 1
        self.rules |= {one.rule for one in state.replay.applications}
        for name in state.replay.prepared.graph.outputs:
            box, before = state.replay.box(state.boxes[name]), self.hulls.get(name)
            if before is not None:
                box = Box(name, box.lower.minimum(before.lower), box.upper.maximum(before.upper))
            self.hulls[name] = box

    def progress(self) -> BoxProgress:
        """How far it is, as kept for a run that goes on from there."""
        return BoxProgress(self.unit, box_text(self.cut.splits, self.cut.open))


def branch_boxes(
    leaves: ReplayedLeaves, root: Boxes, deadline: float, watch: Watch, kept: Kept
) -> BoxProof | BoxPoints | NoProof:
    """The root box branched over until `time.monotonic()` passes the deadline."""
    if not leaves.covers(root):
        raise AssertionError("the root box does not contain the region's")
    whole = CutBoxes({}, [(1, root.lower[0], root.upper[0])], [])
    target = Target.of(FloatGraph.of(leaves.needed()), leaves.claims)
    search = _Search(kept.boxes(root) or whole, target, root.unit)
    with kept.noted(search.progress):
        while search.left:
            watch(search.leaves, search.left, deadline - time.monotonic())
            kept.note(search.progress, now=False)
            stopped = _stopped(search, deadline) or _bounded(leaves, search)
            if stopped is not None:
                kept.note(search.progress, now=True)
                return stopped
    nodes = tuple(preorder(search.cut.splits))
    return BoxProof(root, nodes, search.leaves, frozenset(search.rules), search.hulls)


def _stopped(search: _Search, deadline: float) -> NoProof | None:
    """Why the search ends with boxes open, if it does."""
    if time.monotonic() >= deadline:
        return NoProof(f"out of time with {search.left} boxes open", late=True)
    if search.leaves + len(search.cut.splits) >= _MOST:
        return NoProof(f"{_MOST} boxes bounded, {search.left} open", late=False)
    return None


def _bounded(leaves: ReplayedLeaves, search: _Search) -> BoxPoints | NoProof | None:
    """One box made a leaf, or cut; or why neither is possible, or points in it."""
    box = path, lower, upper = search.taken()
    try:
        state = leaves.bounded(lower, upper, search.unit)
    except InputError as error:
        search.cut.open.append(box)
        return NoProof(str(error), late=False)
    if leaves.empty(state):
        search.establish(state)
        return None
    level = path.bit_length()
    searched = level <= _SEARCHED or level % _FORCED == 0
    if searched and (found := _met(leaves, search, state, lower, upper)):
        search.cut.open.append(box)
        return BoxPoints(found)
    cut = _cut(leaves, state, path, lower, upper)
    if cut is None:
        search.cut.open.append(box)
        return NoProof("a box cannot be cut any further", late=False)
    search.halve(box, cut)
    return None


def _met(
    leaves: ReplayedLeaves,
    search: _Search,
    state: Propagation,
    lower: FloatArray,
    upper: FloatArray,
) -> dict[int, Met]:
    """Points of a box that meet cases, if going downhill comes upon any."""
    claims, scale = leaves.claims, 2.0**-search.unit
    low, high = lower * scale, upper * scale
    slopes = _slopes(leaves, state)
    corners = [] if slopes is None else list(np.where(slopes < 0, high, low))
    pool = np.stack([(low + high) / 2, *corners])
    points = search.target.descended(low, high, pool, _STARTS, _STRIDES)
    if not len(points):
        return {}
    return met_at(leaves.prepared, claims, exact_points(claims, points))


def _slopes(leaves: ReplayedLeaves, state: Propagation) -> FloatArray | None:
    """The slopes of the lower bounds of the claims' rows; None where they have none."""
    (source,) = leaves.claims.region.boxes
    below, _ = state.forms(leaves.claims.target, leaves.claims.region.boxes)
    found = state.form(below).coefficients.get(source)
    return None if found is None else found.nearest_float64()


def _cut(
    leaves: ReplayedLeaves, state: Propagation, path: int, lower: FloatArray, upper: FloatArray
) -> Split | None:
    """Where to cut a box, if its integers leave room."""
    width = upper - lower
    score, slopes = width, _slopes(leaves, state)
    if slopes is not None and path.bit_length() % _FORCED:
        score = width * np.abs(slopes).sum(axis=0)
    order = np.where(width >= 2, score, -1.0)
    dimension = int(np.argmax(order))
    if order[dimension] < 0:
        return None
    middle = np.floor((lower[dimension] + upper[dimension]) / 2)
    return Split(dimension, int(middle))
