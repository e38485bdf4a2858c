"""Branch and bound of a region: the search proposes a split tree, the exact leaf check decides.

The search is untrusted: when nothing is left open, the boxes of the leaves are made again from
the cuts alone, and every one is put to the exact check; those that fail are cut further. Some
are derived again by the ordinary replay. Only then is the region's every case proved empty.
"""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from math import frexp

import numpy as np

from refsem.audit.boxes import BoxPoints, BoxProof, BoxSearch, NoProof, branch_boxes
from refsem.audit.cuts import box_text
from refsem.audit.enclosed import Met
from refsem.audit.signs import SignProof, Watch, branch_signs
from refsem.audit.unfinished import BoxProgress, Kept, Unfinished
from refsem.exact import ExactTensor
from refsem.exact.sliced import TooWideError
from refsem.exact.tensor import Toward
from refsem.ir.evaluation import Prepared, evaluate_graph
from refsem.properties.chains import chained
from refsem.properties.claims import RegionClaims, with_sums
from refsem.properties.leaves import LeafJudge
from refsem.properties.replayed_leaves import ReplayedLeaves
from refsem.properties.sign_trees import splits_signs
from refsem.properties.trees import TreeCheck
from refsem.rules.chain import NotChain
from refsem.rules.leaves import BOUND_BITS, Boxes
from refsem.rules.tree import Node, preorder
from refsem.search.branching import MEMORY, Branching, explore
from refsem.search.crown import FloatLayer, float_layers, lower_bounds

WORKERS = 2
MOST_INPUTS = 16
"""Inputs that are no single number beyond which signs of ReLUs are split, not the box."""

_ENDS_BITS = 50
_ROOM_BITS = 6
_MOST = 2.0**60

Points = dict[str, ExactTensor]


@dataclass(frozen=True, slots=True, eq=False)
class SplitProof:
    """A tree whose every leaf was established: the region's cases are empty."""

    root: Boxes
    unit: int
    nodes: tuple[Node, ...]
    leaves: int
    reviewed: int


@dataclass(frozen=True, slots=True, eq=False)
class Branched:
    """What came of a region: a proof, points that meet cases, or neither and why."""

    proof: SplitProof | SignProof | BoxProof | None
    found: Mapping[int, Met]
    """By case, a point that meets it."""
    reason: str
    float_seconds: float
    exact_seconds: float
    late: bool = False
    """Whether it was time that ran out."""
    again: Callable[[float], "Branched"] | None = None
    """Where it was: goes on from there until `time.monotonic()` passes another deadline."""


@dataclass(slots=True)
class _Work:
    """A region being branched over."""

    check: TreeCheck
    search: Branching
    root: Boxes
    kept: Kept

    def progress(self) -> BoxProgress:
        """How far it is, as kept for a run that goes on from there."""
        search = self.search
        return BoxProgress(search.unit, box_text(search.splits, search.open))


def branch(
    prepared: Prepared,
    claims: RegionClaims,
    deadline: float,
    watch: Watch,
    unfinished: Unfinished | None = None,
) -> Branched:
    """The region branched over until `time.monotonic()` passes the deadline.

    Leaves still to be checked then are checked all the same. With a file for unfinished work it
    goes on from there, and notes there how far it comes.
    """
    summed = with_sums(prepared, claims)
    work = _begin(prepared, summed, Kept.of(unfinished, summed))
    if isinstance(work, NotChain):
        return _by_signs(prepared, claims, deadline, watch, work.reason, unfinished)
    moving = int((work.root.lower != work.root.upper).sum())
    if claims.region.balls or (moving > MOST_INPUTS and not splits_signs(prepared)):
        return _by_signs(prepared, claims, deadline, watch, "", unfinished)
    before = work.kept.boxes(work.root)
    if before is not None:
        work.search.splits, work.search.open = before.splits, before.open
        work.search.leaves = len(before.claimed)
    return _until(prepared, summed, work, watch, deadline)


def _until(
    prepared: Prepared, summed: RegionClaims, work: _Work, watch: Watch, deadline: float
) -> Branched:
    """A chain's search continued until `time.monotonic()` passes the deadline."""
    found: dict[int, tuple[Points, int]] = {}
    reason, proof, late = "", None, False
    with work.kept.noted(work.progress):
        while proof is None and not found and not reason:
            found = _explored(prepared, summed, work, watch, deadline)
            if found:
                break
            work.kept.note(work.progress, now=True)
            if work.search.open:
                stopped, late = _stopped(work.search)
                reason = f"{stopped} with {len(work.search.open)} boxes open"
            else:
                proof = _checked(work)
    again = partial(_until, prepared, summed, work, watch) if late else None
    seconds = work.search.seconds, work.check.seconds
    return Branched(proof, found, reason, *seconds, late, again)


def _by_signs(
    prepared: Prepared,
    claims: RegionClaims,
    deadline: float,
    watch: Watch,
    why: str,
    unfinished: Unfinished | None,
) -> Branched:
    """The region branched over on signs instead, if the network allows it."""
    if splits_signs(prepared):
        return _by_boxes(prepared, with_sums(prepared, claims), deadline, watch, why, unfinished)
    found = branch_signs(prepared, claims, deadline, watch, Kept.of(unfinished, claims))
    return Branched(
        found.proof,
        found.found,
        found.reason,
        found.search_seconds,
        found.exact_seconds,
        found.late,
    )


def _by_boxes(
    prepared: Prepared,
    claims: RegionClaims,
    deadline: float,
    watch: Watch,
    why: str,
    unfinished: Unfinished | None,
) -> Branched:
    """The region branched over with every leaf bounded by the ordinary replay."""
    ((lower, upper),) = claims.region.boxes.values()
    try:
        root = _root(lower, upper)
    except TooWideError as error:
        return Branched(None, {}, f"{why}; {error}", 0.0, 0.0)
    kept = Kept.of(unfinished, claims)
    search = BoxSearch.begun(ReplayedLeaves(prepared, claims), root, kept)
    return _boxes_until(search, watch, 0.0, deadline)


def _boxes_until(search: BoxSearch, watch: Watch, before: float, deadline: float) -> Branched:
    """A search by boxes that took so many seconds before, continued until the deadline."""
    started = _spent()
    found = branch_boxes(search, deadline, watch, WORKERS)
    seconds = before + _spent() - started
    match found:
        case NoProof(reason, late):
            again = partial(_boxes_until, search, watch, seconds) if late else None
            return Branched(None, {}, reason, 0.0, seconds, late, again)
        case BoxPoints():
            return Branched(None, found.found, "", 0.0, seconds)
        case BoxProof():
            return Branched(found, {}, "", 0.0, seconds)


def _spent() -> float:
    """Processor seconds of this thread, and of processes that have ended."""
    times = os.times()
    return time.thread_time() + times.children_user + times.children_system


def _stopped(search: Branching) -> tuple[str, bool]:
    """Why a search ended with boxes open, and whether time was the reason."""
    if search.stuck:
        return "a box cannot be cut any further", False
    if search.held > MEMORY:
        return f"out of memory ({MEMORY} bytes)", False
    return "out of time", True


def _begin(prepared: Prepared, claims: RegionClaims, kept: Kept) -> _Work | NotChain:
    found = chained(prepared, claims)
    if isinstance(found, NotChain):
        return found
    ((lower, upper),) = claims.region.boxes.values()
    floats = float_layers(found.layers)
    try:
        root = _root(lower, upper)
        unit = _unit(floats, lower, upper)
        judge = LeafJudge.of(found.prepared, found.claims, found.layers, unit)
    except TooWideError as error:
        return NotChain(str(error))
    if not judge.covers(root):
        raise AssertionError("the root box does not contain the region's")
    return _Work(TreeCheck(judge), Branching.over(claims, floats, root), root, kept)


def _root(lower: ExactTensor, upper: ExactTensor) -> Boxes:
    """The least box with ends of 50 bits around the region's."""
    most = max(np.abs(end.nearest_float64()).max(initial=0.0) for end in (lower, upper))
    unit = _at_least_one("an end of the box", _ENDS_BITS, most)
    ends = lower.rounded(Toward.DOWN, unit), upper.rounded(Toward.UP, unit)
    first, last = (end.numerators.astype(np.float64) for end in ends)
    return Boxes(first, last, unit)


def _unit(layers: tuple[FloatLayer, ...], lower: ExactTensor, upper: ExactTensor) -> int:
    """Units in which the bounds of every layer should fit, with room to spare."""
    bounds = lower_bounds(layers, lower.nearest_float64(), upper.nearest_float64())
    most = max(float(np.abs(one).max(initial=0.0)) for one in bounds)
    return _at_least_one("a bound", BOUND_BITS - _ROOM_BITS, most)


def _at_least_one(what: str, bits: int, most: float) -> int:
    """The unit in which numbers up to `most` take so many bits; `TooWideError` below 1."""
    unit = bits - frexp(most)[1] if most < _MOST else 0
    if unit < 1:
        raise TooWideError(what, most)
    return unit


def _explored(
    prepared: Prepared, claims: RegionClaims, work: _Work, watch: Watch, deadline: float
) -> dict[int, tuple[Points, int]]:
    """Points that meet cases, if the search comes upon any before it ends."""
    search = work.search
    (source,) = claims.region.boxes
    for _ in explore(search, deadline, WORKERS):
        watch(search.leaves, len(search.open), deadline - time.monotonic())
        work.kept.note(work.progress, now=False)
        if search.candidates:
            values = evaluate_graph(prepared, {source: search.points()})
            met = claims.unsafe_points(values)
            if met:
                return {case: (values, row) for case, row in met.items()}
    return {}


def _checked(work: _Work) -> SplitProof | None:
    """The proof, if every leaf is proved; else those that are not have been cut further."""
    nodes = tuple(preorder(work.search.splits))
    leaves, failed = work.check.open_leaves(work.root, nodes, WORKERS)
    if failed:
        paths = list(leaf_paths(work.search.splits))
        work.search.reopen([(paths[one.number], one.lower, one.upper) for one in failed])
        return None
    unit, reviewed = work.check.judge.check.unit, work.check.review(work.root, nodes)
    return SplitProof(work.root, unit, nodes, leaves, reviewed)


def leaf_paths(splits: Mapping[int, object]) -> Iterator[int]:
    """The paths of the leaves in the order of `leaf_boxes`."""
    stack = [1]
    while stack:
        path = stack.pop()
        if path in splits:
            stack += [2 * path + 1, 2 * path]
        else:
            yield path
