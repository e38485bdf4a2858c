"""Branch and bound over the box of any network, each leaf by the ordinary replay: slow, general.

A box is bounded by CROWN and replayed as it is bounded; if that shows every case empty it is a
leaf, else it is cut where width times slope of the worst row is greatest, every fourth level at
the longest edge. Nothing is believed of the cuts: they tile the root box by construction. Boxes
that an earlier run called decided are bounded again, after those that it left open.

From the centre of a box that is cut, and from the corner where its worst bound is attained, it goes
downhill in floats, of deep boxes on every fourth level only; a point that seems unsafe there is
judged exactly, or by enclosure. Boxes are divided between forked processes: those do what would be
done here, and hand it back.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from refsem.audit.cuts import CutBoxes, box_text
from refsem.audit.enclosed import Met, met_at
from refsem.audit.unfinished import BoxProgress, Kept
from refsem.errors import InputError
from refsem.exact.sliced import FloatArray
from refsem.properties.replayed_leaves import ReplayedLeaves
from refsem.rules.forked import shared
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

_ROUND = 8
"""Boxes that are bounded before any of them is cut: divided between processes."""

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


@dataclass(frozen=True, slots=True, eq=False)
class _Leaf:
    """A box in which every case is empty: the rules it took, and where what is spoken of lies."""

    rules: frozenset[str]
    boxes: tuple[Box, ...]


_Outcome = _Leaf | Split | BoxPoints | NoProof
"""What came of a box: a leaf, where it is cut, points in it, or why none of these."""


@dataclass(slots=True)
class BoxSearch:
    """The tree so far, the boxes still open, and what the replay established of the rest."""

    leaves: ReplayedLeaves
    root: Boxes
    target: Target
    cut: CutBoxes
    kept: Kept
    count: int = 0
    rules: set[str] = field(default_factory=set)
    hulls: dict[str, Box] = field(default_factory=dict)

    @classmethod
    def begun(cls, leaves: ReplayedLeaves, root: Boxes, kept: Kept) -> "BoxSearch":
        """A search over a root box, or that which is kept of one."""
        if not leaves.covers(root):
            raise AssertionError("the root box does not contain the region's")
        whole = CutBoxes({}, [(1, root.lower[0], root.upper[0])], [])
        target = Target.of(FloatGraph.of(leaves.needed()), leaves.claims)
        return cls(leaves, root, target, kept.boxes(root) or whole, kept)

    @property
    def left(self) -> int:
        """Boxes still to be bounded."""
        return len(self.cut.open) + len(self.cut.claimed)

    def halve(self, box: Open, cut: Split) -> None:
        """Replace a box by its halves."""
        path, lower, upper = box
        self.cut.splits[path] = cut
        inner, outer = split(lower, upper, cut)
        self.cut.open.extend([(2 * path + 1, outer, upper), (2 * path, lower, inner)])

    def establish(self, leaf: _Leaf) -> None:
        """Count a leaf in."""
        self.count += 1
        self.rules |= leaf.rules
        for box in leaf.boxes:
            before = self.hulls.get(box.target, box)
            lower, upper = box.lower.minimum(before.lower), box.upper.maximum(before.upper)
            self.hulls[box.target] = Box(box.target, lower, upper)

    def progress(self) -> BoxProgress:
        """How far it is, as kept for a run that goes on from there."""
        return BoxProgress(self.root.unit, box_text(self.cut.splits, self.cut.open))


def branch_boxes(
    search: BoxSearch, deadline: float, watch: Watch, processes: int
) -> BoxProof | BoxPoints | NoProof:
    """A search continued until `time.monotonic()` passes the deadline.

    The boxes of a round are divided between so many processes; what is found does not depend on
    their number, unless time runs out.
    """
    with search.kept.noted(search.progress):
        while search.left:
            watch(search.count, search.left, deadline - time.monotonic())
            search.kept.note(search.progress, now=False)
            stopped = _stopped(search, deadline) or _round(search, deadline, processes)
            if stopped is not None:
                search.kept.note(search.progress, now=True)
                return stopped
    nodes = tuple(preorder(search.cut.splits))
    return BoxProof(search.root, nodes, search.count, frozenset(search.rules), search.hulls)


def _stopped(search: BoxSearch, deadline: float) -> NoProof | None:
    """Why the search ends with boxes open, if it does."""
    if time.monotonic() >= deadline:
        return NoProof(f"out of time with {search.left} boxes open", late=True)
    if search.count + len(search.cut.splits) >= _MOST:
        return NoProof(f"{_MOST} boxes bounded, {search.left} open", late=False)
    return None


def _round(search: BoxSearch, deadline: float, processes: int) -> BoxPoints | NoProof | None:
    """Some boxes made leaves, or cut; or points in one, or why it is neither."""
    source = search.cut.open or search.cut.claimed
    taken = source[-_ROUND:]
    found: list[_Outcome | None] = [None] * len(taken)
    parts = [taken[first::processes] for first in range(min(processes, len(taken)))]
    judged = shared(parts, lambda part: _judged(search, part, deadline))
    for first, outcomes in enumerate(judged):
        for place, outcome in enumerate(outcomes):
            found[first + place * processes] = outcome
    del source[-len(taken) :]
    stopped: BoxPoints | NoProof | None = None
    for box, what in zip(taken, found, strict=True):
        match what:
            case _Leaf():
                search.establish(what)
            case Split():
                search.halve(box, what)
            case _:
                search.cut.open.append(box)
                stopped = stopped if isinstance(stopped, BoxPoints) else what or stopped
    return stopped


def _judged(search: BoxSearch, part: Sequence[Open], deadline: float) -> list[_Outcome]:
    """What comes of some boxes, one after another: of the first, and more while there is time."""
    found: list[_Outcome] = []
    for box in part:
        if found and time.monotonic() >= deadline:
            break
        found.append(_bounded(search, box))
    return found


def _bounded(search: BoxSearch, box: Open) -> _Outcome:
    """What comes of a box."""
    path, lower, upper = box
    leaves = search.leaves
    try:
        state = leaves.bounded(lower, upper, search.root.unit)
    except InputError as error:
        return NoProof(str(error), late=False)
    if leaves.empty(state):
        boxes = [
            state.replay.box(state.boxes[name]) for name in state.replay.prepared.graph.outputs
        ]
        return _Leaf(frozenset(one.rule for one in state.replay.applications), tuple(boxes))
    level = path.bit_length()
    if level <= _SEARCHED or level % _FORCED == 0:
        found = _met(search, state, lower, upper)
        if found:
            return BoxPoints(found)
    cut = _cut(leaves, state, path, lower, upper)
    return NoProof("a box cannot be cut any further", late=False) if cut is None else cut


def _met(
    search: BoxSearch, state: Propagation, lower: FloatArray, upper: FloatArray
) -> dict[int, Met]:
    """Points of a box that meet cases, if going downhill comes upon any."""
    leaves, scale = search.leaves, 2.0**-search.root.unit
    claims = leaves.claims
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
