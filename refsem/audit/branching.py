"""Branch and bound of a region: the search proposes a split tree, the exact leaf check decides.

The search is untrusted: when nothing is left open, the boxes of the leaves are made again from
the cuts alone, and every one is put to the exact check; those that fail are cut further. Some
are derived again by the ordinary replay. Only then is the region's every case proved empty.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from math import frexp

import numpy as np

from refsem.exact import ExactTensor
from refsem.exact.sliced import TooWideError
from refsem.exact.tensor import Toward
from refsem.ir.evaluation import Prepared, evaluate_graph
from refsem.properties.claims import RegionClaims
from refsem.properties.leaves import LeafJudge
from refsem.rules.chain import NotChain, chain
from refsem.rules.leaves import BOUND_BITS, Boxes
from refsem.rules.tree import Node, leaf_boxes, preorder
from refsem.search.branching import Branching, explore
from refsem.search.crown import FloatLayer, float_layers, interval_magnitude

WORKERS = 2
LEAF_BATCH = 64
REVIEWED = 2
"""Leaves of a region that the ordinary replay derives again: so many and one of each thousand."""

_ENDS_BITS = 50
_ROOM_BITS = 6

Watch = Callable[[int, int, float], None]
"""Called now and then with leaves found, boxes open and seconds left."""

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

    proof: SplitProof | None
    found: Mapping[int, tuple[Points, int]]
    """By case, exact values of points and the row that meets it."""
    reason: str
    float_seconds: float
    exact_seconds: float


@dataclass(slots=True)
class _Work:
    """A region being branched over."""

    judge: LeafJudge
    search: Branching
    root: Boxes
    deadline: float
    accepted: set[bytes] = field(default_factory=set)
    exact_seconds: float = 0.0


def branch(prepared: Prepared, claims: RegionClaims, deadline: float, watch: Watch) -> Branched:
    """The region branched over until `time.monotonic()` passes the deadline.

    Leaves still to be checked then are checked all the same.
    """
    work = _begin(prepared, claims, deadline)
    if isinstance(work, NotChain):
        return Branched(None, {}, work.reason, 0.0, 0.0)
    found: dict[int, tuple[Points, int]] = {}
    reason, proof = "", None
    while proof is None and not found and not reason:
        found = _explored(prepared, work, watch)
        if found:
            break
        if work.search.open:
            stuck = "a box cannot be cut any further" if work.search.stuck else "out of time"
            reason = f"{stuck} with {len(work.search.open)} boxes open"
        else:
            proof = _checked(work)
    return Branched(proof, found, reason, work.search.seconds, work.exact_seconds)


def _begin(prepared: Prepared, claims: RegionClaims, deadline: float) -> _Work | NotChain:
    layers = chain(prepared, claims.region, {claims.target: claims.combination})
    if isinstance(layers, NotChain):
        return layers
    ((lower, upper),) = claims.region.boxes.values()
    floats = float_layers(layers)
    root = _root(lower, upper)
    try:
        judge = LeafJudge.of(prepared, claims, layers, _unit(floats, lower, upper))
    except TooWideError as error:
        return NotChain(str(error))
    if not judge.covers(root):
        raise AssertionError("the root box does not contain the region's")
    return _Work(judge, Branching.over(claims, floats, root), root, deadline)


def _root(lower: ExactTensor, upper: ExactTensor) -> Boxes:
    """The least box with ends of 50 bits around the region's."""
    most = max(np.abs(end.nearest_float64()).max(initial=0.0) for end in (lower, upper))
    unit = _ENDS_BITS - frexp(most)[1]
    ends = lower.rounded(Toward.DOWN, unit), upper.rounded(Toward.UP, unit)
    first, last = (end.numerators.astype(np.float64) for end in ends)
    return Boxes(first, last, unit)


def _unit(layers: tuple[FloatLayer, ...], lower: ExactTensor, upper: ExactTensor) -> int:
    """Units in which the bounds of every layer should fit, with room to spare."""
    low, high = lower.nearest_float64()[0], upper.nearest_float64()[0]
    return BOUND_BITS - _ROOM_BITS - frexp(interval_magnitude(layers, low, high))[1]


def _explored(prepared: Prepared, work: _Work, watch: Watch) -> dict[int, tuple[Points, int]]:
    """Points that meet cases, if the search comes upon any before it ends."""
    search, claims = work.search, work.judge.claims
    (source,) = claims.region.boxes
    for _ in explore(search, work.deadline, WORKERS):
        watch(search.leaves, len(search.open), work.deadline - time.monotonic())
        if search.candidates:
            values = evaluate_graph(prepared, {source: search.points()})
            met = claims.unsafe_points(values)
            if met:
                return {case: (values, row) for case, row in met.items()}
    return {}


def _checked(work: _Work) -> SplitProof | None:
    """The proof, if every leaf is accepted; else those that are not have been cut further."""
    nodes = tuple(preorder(work.search.splits))
    paths = leaf_paths(work.search.splits)
    leaves, failed = 0, []
    with ThreadPoolExecutor(WORKERS) as pool:
        batches = leaf_boxes(work.root, nodes, LEAF_BATCH)
        while group := list(islice(batches, WORKERS)):
            for boxes, passed, seconds in pool.map(lambda one: _accepted(work, one), group):
                work.exact_seconds += seconds
                for row, path in enumerate(islice(paths, boxes.count)):
                    leaves += 1
                    if not passed[row]:
                        failed.append((path, boxes.lower[row], boxes.upper[row]))
    if failed:
        work.search.reopen(failed)
        return None
    return SplitProof(work.root, work.judge.check.unit, nodes, leaves, _reviewed(work, nodes))


def _accepted(work: _Work, boxes: Boxes) -> tuple[Boxes, list[bool], float]:
    """Which of the boxes are established, now or before."""
    started = time.thread_time()
    keys = [
        low.tobytes() + high.tobytes() for low, high in zip(boxes.lower, boxes.upper, strict=True)
    ]
    new = [row for row, key in enumerate(keys) if key not in work.accepted]
    if new:
        fresh = Boxes(boxes.lower[new], boxes.upper[new], boxes.unit)
        for row, empty in zip(new, _empty(work.judge, fresh), strict=True):
            if empty:
                work.accepted.add(keys[row])
    return boxes, [key in work.accepted for key in keys], time.thread_time() - started


def _empty(judge: LeafJudge, boxes: Boxes) -> list[bool]:
    try:
        return [bool(all(cases)) for cases in judge.run(boxes)[1]]
    except TooWideError:
        return [False] * boxes.count


def _reviewed(work: _Work, nodes: tuple[Node, ...]) -> int:
    """How many leaves, spread over the tree, the ordinary replay derived again."""
    leaves = sum(node is None for node in nodes)
    wanted = min(leaves, REVIEWED + leaves // 1000)
    chosen = {index * leaves // wanted for index in range(wanted)}
    for index, boxes in enumerate(leaf_boxes(work.root, nodes, 1)):
        if index in chosen:
            run, _ = work.judge.run(boxes)
            work.judge.review(boxes, run, 0)
    return len(chosen)


def leaf_paths(splits: Mapping[int, object]) -> Iterator[int]:
    """The paths of the leaves in the order of `leaf_boxes`."""
    stack = [1]
    while stack:
        path = stack.pop()
        if path in splits:
            stack += [2 * path + 1, 2 * path]
        else:
            yield path
