"""Branch and bound over the box of any network, each leaf by the ordinary replay: slow, general.

A box is bounded by CROWN and replayed as it is bounded; if that shows every case empty it is a
leaf, else it is cut where width times slope of the worst row is greatest, every fourth level at
the longest edge. Nothing is believed of the cuts: they tile the root box by construction. Boxes
that an earlier run called decided are bounded again, after those that it left open.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from refsem.audit.cuts import CutBoxes, box_text
from refsem.audit.unfinished import BoxProgress, Kept
from refsem.errors import InputError
from refsem.exact.sliced import FloatArray
from refsem.properties.replayed_leaves import ReplayedLeaves
from refsem.rules.leaves import Boxes
from refsem.rules.propagation import Propagation
from refsem.rules.tree import Node, Split, preorder, split
from refsem.search.branching import Open

_FORCED = 4
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

    @property
    def reviewed(self) -> int:
        """How many leaves the replay derived: all of them, for nothing else judges them."""
        return self.leaves


@dataclass(frozen=True, slots=True)
class NoProof:
    """Why there is no tree, and whether it was time that ran out."""

    reason: str
    late: bool


@dataclass(slots=True)
class _Search:
    """The tree so far, the boxes still open, and what the replay established of the rest."""

    cut: CutBoxes
    unit: int
    leaves: int = 0
    rules: set[str] = field(default_factory=set)

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

    def progress(self) -> BoxProgress:
        """How far it is, as kept for a run that goes on from there."""
        return BoxProgress(self.unit, box_text(self.cut.splits, self.cut.open))


def branch_boxes(
    leaves: ReplayedLeaves, root: Boxes, deadline: float, watch: Watch, kept: Kept
) -> BoxProof | NoProof:
    """The root box branched over until `time.monotonic()` passes the deadline."""
    if not leaves.covers(root):
        raise AssertionError("the root box does not contain the region's")
    whole = CutBoxes({}, [(1, root.lower[0], root.upper[0])], [])
    search = _Search(kept.boxes(root) or whole, root.unit)
    with kept.noted(search.progress):
        while search.left:
            watch(search.leaves, search.left, deadline - time.monotonic())
            kept.note(search.progress, now=False)
            stopped = _stopped(search, deadline) or _bounded(leaves, search)
            if stopped is not None:
                kept.note(search.progress, now=True)
                return stopped
    nodes = tuple(preorder(search.cut.splits))
    return BoxProof(root, nodes, search.leaves, frozenset(search.rules))


def _stopped(search: _Search, deadline: float) -> NoProof | None:
    """Why the search ends with boxes open, if it does."""
    if time.monotonic() >= deadline:
        return NoProof(f"out of time with {search.left} boxes open", late=True)
    if search.leaves + len(search.cut.splits) >= _MOST:
        return NoProof(f"{_MOST} boxes bounded, {search.left} open", late=False)
    return None


def _bounded(leaves: ReplayedLeaves, search: _Search) -> NoProof | None:
    """One box made a leaf, or cut; or why neither is possible."""
    box = path, lower, upper = search.taken()
    try:
        state = leaves.bounded(lower, upper, search.unit)
    except InputError as error:
        search.cut.open.append(box)
        return NoProof(str(error), late=False)
    if leaves.empty(state):
        search.leaves += 1
        search.rules |= {one.rule for one in state.replay.applications}
        return None
    cut = _cut(leaves, state, path, lower, upper)
    if cut is None:
        search.cut.open.append(box)
        return NoProof("a box cannot be cut any further", late=False)
    search.halve(box, cut)
    return None


def _cut(
    leaves: ReplayedLeaves, state: Propagation, path: int, lower: FloatArray, upper: FloatArray
) -> Split | None:
    """Where to cut a box, if its integers leave room."""
    claims = leaves.claims
    (source,) = claims.region.boxes
    below, _ = state.forms(claims.target, claims.region.boxes)
    width = upper - lower
    score = width
    slopes = state.form(below).coefficients.get(source)
    if slopes is not None and path.bit_length() % _FORCED:
        score = width * np.abs(slopes.nearest_float64()).sum(axis=0)
    order = np.where(width >= 2, score, -1.0)
    dimension = int(np.argmax(order))
    if order[dimension] < 0:
        return None
    middle = np.floor((lower[dimension] + upper[dimension]) / 2)
    return Split(dimension, int(middle))
