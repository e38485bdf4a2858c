"""Branch and bound on the signs of ReLUs: for inputs too many to cut.

Each case of a region has a tree of its own (`refsem.properties.sign_trees`). The search is
untrusted; a leaf counts only if the judge proves it, exactly, and what the search takes for a
counterexample is evaluated exactly.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from gmpy2 import mpq

from refsem.audit.cuts import sign_text
from refsem.audit.unfinished import Kept, SignProgress
from refsem.exact import ExactTensor
from refsem.ir.evaluation import Prepared, evaluate_graph
from refsem.properties.claims import RegionClaims
from refsem.properties.sign_trees import SignJudge, SignLeaf, SignNode, Signs, sign_leaves
from refsem.rules.propagation import not_affine
from refsem.search.alpha import float_boxes, float_form, relaxed_node
from refsem.search.branching import MEMORY
from refsem.search.relaxation import FloatForm, Floats, Relaxed
from refsem.search.signs import Case, Judged, SignSearch, judged

_POINTS = 4
"""Points a round that are evaluated exactly."""

_NODE_BYTES = 400
_SLOPE_BYTES = 40

Points = dict[str, ExactTensor]

Watch = Callable[[int, int, float], None]
"""Called now and then with leaves proved, parts open and seconds left."""


@dataclass(frozen=True, slots=True, eq=False)
class SignProof:
    """A tree for each case of a region, whose every leaf was proved."""

    trees: tuple[tuple[SignNode, ...], ...]
    leaves: int

    @property
    def reviewed(self) -> int:
        """How many leaves the replay derived: all of them, for nothing else judges them."""
        return self.leaves


@dataclass(frozen=True, slots=True, eq=False)
class SignBranched:
    """What came of a region: a proof, points that meet cases, or neither and why."""

    proof: SignProof | None
    found: Mapping[int, tuple[Points, int]]
    reason: str
    late: bool
    search_seconds: float
    exact_seconds: float


@dataclass(slots=True)
class _Work:
    """A region being branched over."""

    judge: SignJudge
    deadline: float
    search_seconds: float = 0.0
    exact_seconds: float = 0.0
    established: set[tuple[int, Signs, SignLeaf]] = field(default_factory=set)
    """The leaves that were proved, each with its case and the signs it was proved for."""

    def of(self, trees: Sequence[SignSearch], reason: str, *, late: bool) -> SignBranched:
        """What came of it when it ended without a point."""
        proof = None
        if not reason:
            proof = self._joined(tuple(tuple(_preorder(tree)) for tree in trees))
        return SignBranched(proof, {}, reason, late, self.search_seconds, self.exact_seconds)

    def _joined(self, trees: tuple[tuple[SignNode, ...], ...]) -> SignProof:
        """The proof that the trees are, their leaves known by the signs above them alone.

        `AssertionError` where the search put a leaf at another place than it was proved for.
        """
        if len(trees) != len(self.judge.claims.cases):
            raise AssertionError(f"{len(trees)} trees of {len(self.judge.claims.cases)} cases")
        leaves = 0
        for position, nodes in enumerate(trees):
            for signs, leaf in sign_leaves(nodes):
                leaves += 1
                if (position, signs, leaf) not in self.established:
                    raise AssertionError(f"leaf {leaves - 1} was not proved for its signs")
        return SignProof(trees, leaves)


def branch_signs(
    prepared: Prepared, claims: RegionClaims, deadline: float, watch: Watch, kept: Kept
) -> SignBranched:
    """The region branched over on signs until `time.monotonic()` passes the deadline."""
    work = _Work(SignJudge.of(prepared, claims), deadline)
    trees = _begun(work.judge, kept)

    def progress() -> SignProgress:
        return SignProgress(tuple(sign_text(tree.splits, tree.open) for tree in trees))

    with kept.noted(progress):
        while (position := _next(trees)) is not None:
            left = sum(tree.left for tree in trees)
            proved = sum(len(tree.leaves) for tree in trees)
            watch(proved, left, deadline - time.monotonic())
            kept.note(progress, now=False)
            reason, late = _stopped(trees, deadline)
            found = {} if reason else _round(work, position, trees[position])
            if found:
                seconds = work.search_seconds, work.exact_seconds
                return SignBranched(None, found, "", False, *seconds)
            if reason or trees[position].stuck:
                kept.note(progress, now=True)
                return work.of(trees, reason or "a part has no sign left to split", late=late)
    return work.of(trees, "", late=False)


def _begun(judge: SignJudge, kept: Kept) -> list[SignSearch]:
    """A search over each case, begun where an earlier run left it."""
    prepared, root = judge.prepared, judge.root
    stops = frozenset(n for n in prepared.nodes if n not in prepared.affine)
    relaxed = tuple(relaxed_node(root, stops, name) for name in not_affine(prepared))
    cases = [_case(judge, relaxed, stops, number) for number in range(len(judge.claims.cases))]
    before = kept.signs([prepared.nodes[name].size for name in judge.relus], len(cases))
    if before is None:
        return [SignSearch(case) for case in cases]
    return [
        SignSearch(case, cut.splits, {}, cut.open, cut.claimed)
        for case, cut in zip(cases, before, strict=True)
    ]


def _next(trees: Sequence[SignSearch]) -> int | None:
    """The case to go on with: one with an open part if there is any, else one with a claimed."""
    for left in ([tree.open for tree in trees], [tree.claimed for tree in trees]):
        for position, parts in enumerate(left):
            if parts:
                return position
    return None


def _stopped(trees: Sequence[SignSearch], deadline: float) -> tuple[str, bool]:
    """Why the search ends with parts open, if it does, and whether time is the reason."""
    if time.monotonic() >= deadline:
        return f"out of time with {sum(tree.left for tree in trees)} parts open", True
    if sum(_held(tree) for tree in trees) > MEMORY:
        return f"out of memory ({MEMORY} bytes)", False
    return "", False


def _round(work: _Work, position: int, search: SignSearch) -> dict[int, tuple[Points, int]]:
    """The next parts of a case made leaves, or cut; points that meet cases, where any are met.

    A part that can be neither stays open, and the search is stuck.
    """
    part = search.taken()
    started = time.thread_time()
    results = judged(search.case, part)
    work.search_seconds += time.thread_time() - started
    found = _met(work, results)
    if found:
        return found
    for (path, signs), one in zip(part, results, strict=True):
        if _proved(work, position, signs, one):
            search.leaves[path] = one.leaf
        elif one.cut is None:
            search.stuck = True
            search.open.append((path, signs))
        else:
            search.cut(path, signs, one.cut)
    return {}


def _proved(work: _Work, position: int, signs: Signs, one: Judged) -> bool:
    """Whether a part that looks decided is, exactly."""
    if one.margin <= 0:
        return False
    started = time.thread_time()
    proved = work.judge.proves(position, signs, one.leaf)
    work.exact_seconds += time.thread_time() - started
    if proved:
        work.established.add((position, signs, one.leaf))
    return proved


def _held(search: SignSearch) -> int:
    """Bytes that a tree takes, at most: a leaf keeps a slope for each neuron."""
    neurons = sum(len(one) for one in search.case.lower.values())
    parts = (*search.open, *search.claimed)
    depth = max((path.bit_length() for path, _ in parts), default=0)
    return (
        len(search.leaves) * (_NODE_BYTES + _SLOPE_BYTES * neurons)
        + (len(search.splits) + len(parts) * depth) * _NODE_BYTES
    )


def _case(
    judge: SignJudge, relaxed: tuple[Relaxed, ...], stops: frozenset[str], position: int
) -> Case:
    """A case in floats."""
    root, claims = judge.root, judge.claims
    lower, upper = dict[str, Floats](), dict[str, Floats]()
    for number, name in enumerate(judge.relus):
        box = root.replay.box(root.boxes[judge.operand(number)])
        lower[name], upper[name] = box.lower.nearest_float64()[0], box.upper.nearest_float64()[0]
    form = float_form(root, stops, claims.target)
    rows = list(claims.rows_of(position))
    part = FloatForm({n: value[rows] for n, value in form.weights.items()}, form.constant[rows])
    bounds = claims.bounds.nearest_float64()[0][rows]
    boxes = float_boxes(claims.region)
    return Case(relaxed, judge.relus, lower, upper, boxes, part, bounds)


def _met(work: _Work, results: Sequence[Judged]) -> dict[int, tuple[Points, int]]:
    """Cases met by the points at which the worst bounds are attained."""
    claims = work.judge.claims
    ((source, (lower, upper)),) = claims.region.boxes.items()
    worst = sorted((one for one in results if one.margin <= 0), key=lambda one: one.margin)
    rows = [one.point[source] for one in worst[:_POINTS] if source in one.point]
    if not rows:
        return {}
    exact = [mpq(float(value)) for value in np.concatenate(rows)]
    points = ExactTensor.from_rationals(exact, (len(rows), len(rows[0])))
    started = time.thread_time()
    values = evaluate_graph(work.judge.prepared, {source: points.maximum(lower).minimum(upper)})
    work.exact_seconds += time.thread_time() - started
    return {case: (values, row) for case, row in claims.unsafe_points(values).items()}


def _preorder(search: SignSearch) -> Iterator[SignNode]:
    stack = [1]
    while stack:
        path = stack.pop()
        leaf: SignLeaf | None = search.leaves.get(path)
        if leaf is not None:
            yield leaf
        else:
            yield search.splits[path]
            stack += [2 * path + 1, 2 * path]
