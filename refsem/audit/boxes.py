"""Branch and bound over the box of any network, each leaf by the ordinary replay: slow, general.

A box is bounded by CROWN and replayed as it is bounded; if that shows every case empty it is a
leaf, else it is cut where width times slope of the worst row is greatest, every fourth level at
the longest edge. Nothing is believed of the cuts: they tile the root box by construction.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from refsem.errors import InputError
from refsem.exact.sliced import FloatArray
from refsem.properties.replayed_leaves import ReplayedLeaves
from refsem.rules.leaves import Boxes
from refsem.rules.propagation import Propagation
from refsem.rules.tree import Node, Split, preorder, split

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


def branch_boxes(
    leaves: ReplayedLeaves, root: Boxes, deadline: float, watch: Watch
) -> BoxProof | NoProof:
    """The root box branched over until `time.monotonic()` passes the deadline."""
    if not leaves.covers(root):
        raise AssertionError("the root box does not contain the region's")
    splits: dict[int, Split] = {}
    open_ = [(1, root.lower[0], root.upper[0])]
    done, rules = 0, set[str]()
    while open_:
        watch(done, len(open_), deadline - time.monotonic())
        if time.monotonic() >= deadline:
            return NoProof(f"out of time with {len(open_)} boxes open", late=True)
        if done + len(splits) >= _MOST:
            return NoProof(f"{_MOST} boxes bounded, {len(open_)} open", late=False)
        path, lower, upper = open_.pop()
        try:
            state = leaves.bounded(lower, upper, root.unit)
        except InputError as error:
            return NoProof(str(error), late=False)
        if leaves.empty(state):
            done += 1
            rules |= {one.rule for one in state.replay.applications}
            continue
        cut = _cut(leaves, state, path, lower, upper)
        if cut is None:
            return NoProof("a box cannot be cut any further", late=False)
        splits[path] = cut
        inner, outer = split(lower, upper, cut)
        open_ += [(2 * path + 1, outer, upper), (2 * path, lower, inner)]
    return BoxProof(root, tuple(preorder(splits)), done, frozenset(rules))


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
