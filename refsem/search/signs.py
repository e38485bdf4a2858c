"""The search for a tree of signs: slopes, multipliers and weights by gradient steps. Untrusted.

Many leaves at once, a row each: the weighted rows of one case are bounded from below where the
leaf's signs hold, and what is chosen moves along the bound's gradient. A leaf whose bound is
positive is handed out to be judged; any other is cut at the unstable neuron whose lines leave the
greatest gap. Points that attain a bound are handed out as candidates for counterexamples.

Source: beta-CROWN (Wang et al. 2021); the choice of neurons is akin to BaBSR (Bunel et al. 2020).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from refsem.properties.sign_trees import (
    MULTIPLIER_BITS,
    SLOPE_BITS,
    SignLeaf,
    Signs,
    SignSplit,
)
from refsem.search.relaxation import FloatForm, Floats, Relaxed, Slopes, bounded

BATCH = 32
STEPS = 25
CANDIDATES = 8
"""Neurons a part whose halves are bounded before one is chosen."""

_RATES = {"slope": 0.2, "pull": 0.3, "weight": 0.2}
_DECAY = 0.95
_MOMENTUM = (0.9, 0.999)
_LEAST = 1e-12
_WEIGHT_BITS = 16
_SMALL = 1e-9
_TIE = 0.1

Key = tuple[str, str]
"""What is chosen: `slope` or `pull` (a multiplier) of a relaxed node, or `weight` of the rows."""

Part = tuple[int, Signs]
"""A part of the region: its path from the root (1, halves 2·path and 2·path + 1), its signs."""


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """A case in floats: relaxed nodes over the whole region, boxes, its rows and their bounds.

    `lower` and `upper` are the boxes of the operands of the ReLUs, whose names `relus` has in
    order; all other nodes have fixed lines.
    """

    relaxed: tuple[Relaxed, ...]
    relus: tuple[str, ...]
    lower: Mapping[str, Floats]
    upper: Mapping[str, Floats]
    boxes: Mapping[str, tuple[Floats, Floats]]
    rows: FloatForm
    bounds: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """What came of a part: its float margin, a leaf for it, where to cut it, and a point."""

    margin: float
    leaf: SignLeaf
    cut: SignSplit | None
    point: Mapping[str, Floats]


@dataclass(slots=True)
class SignSearch:
    """A search over one case: the tree so far, what is open, and what an earlier run called a leaf.

    What is claimed is not believed: it is looked at like any other part, when nothing is open.
    """

    case: Case
    splits: dict[int, SignSplit] = field(default_factory=dict)
    leaves: dict[int, SignLeaf] = field(default_factory=dict)
    open: list[Part] = field(default_factory=lambda: [(1, ())])
    claimed: list[Part] = field(default_factory=list)
    stuck: bool = False
    """Whether a part was met that is not proved and cannot be cut."""

    @property
    def left(self) -> int:
        """Parts still to be judged."""
        return len(self.open) + len(self.claimed)

    def taken(self) -> list[Part]:
        """The parts to be looked at next, removed from the open ones."""
        source = self.open or self.claimed
        part = source[-BATCH:]
        del source[-BATCH:]
        return part

    def cut(self, path: int, signs: Signs, split: SignSplit) -> None:
        """Replace a part by its halves."""
        self.splits[path] = split
        self.open += [
            (2 * path + 1, (*signs, (split, 1))),
            (2 * path, (*signs, (split, -1))),
        ]


def judged(case: Case, part: Sequence[Part]) -> list[Judged]:
    """Each part bounded with slopes, multipliers and weights that were optimised for it."""
    relaxed, signs = _halved(case, part)
    count, rows = len(part), len(case.bounds)
    chosen: dict[Key, Floats] = {
        ("weight", ""): np.full((count, rows), 1.0 / rows),
    }
    for node in relaxed:
        chosen["slope", node.name] = np.broadcast_to(node.below, (count, node.below.shape[-1]))
        if node.name in signs:
            chosen["pull", node.name] = np.zeros_like(signs[node.name])
    best = found = _Pass.of(case, relaxed, signs, chosen)
    kept, state = dict(chosen), _Adam({}, {})
    for step in range(STEPS):
        chosen = state.ascended(chosen, found, step)
        found = _Pass.of(case, relaxed, signs, chosen)
        better = found.margin > best.margin
        kept = {
            key: np.where(better[:, np.newaxis], value, kept[key]) for key, value in chosen.items()
        }
        best = _Pass.of(case, relaxed, signs, kept) if step == STEPS - 1 else best.better(found)
    cuts = _cuts(case, part, kept, best, relaxed)
    return [
        Judged(
            float(best.margin[row]),
            _leaf(case, kept, part[row][1], row),
            cuts[row],
            {name: value[row] for name, value in best.point.items()},
        )
        for row in range(count)
    ]


def _halved(case: Case, part: Sequence[Part]) -> tuple[list[Relaxed], dict[str, Floats]]:
    """The relaxed nodes with lines a row each for their halved boxes, and the signs assumed."""
    signs: dict[str, Floats] = {}
    for row, (_, known) in enumerate(part):
        for split, sign in known:
            name = case.relus[split.relu]
            if name not in signs:
                signs[name] = np.zeros((len(part), len(case.lower[name])))
            signs[name][row, split.entry] = sign
    found = []
    for node in case.relaxed:
        if node.name not in case.lower:
            found.append(node)
            continue
        half = signs.get(node.name, np.zeros((1, len(case.lower[node.name]))))
        low = np.where(half > 0, np.maximum(case.lower[node.name], 0), case.lower[node.name])
        high = np.where(half < 0, np.minimum(case.upper[node.name], 0), case.upper[node.name])
        width = np.maximum(high, 0) - np.minimum(low, 0)
        above = np.where(low >= 0, 1.0, np.maximum(high, 0) / np.where(width > 0, width, 1.0))
        over = np.where(low >= 0, 0.0, -above * np.minimum(low, 0))
        below = np.where(high > -low, 1.0, 0.0)
        free = (low < 0) & (high > 0)
        found.append(
            Relaxed(node.name, node.operand, above, over, below, np.zeros_like(below), free)
        )
    return found, signs


@dataclass(frozen=True, slots=True, eq=False)
class _Pass:
    """Margins under what was chosen, and the gradient with respect to it."""

    margin: Floats
    gradient: Mapping[Key, Floats]
    coefficients: Slopes
    slopes: Slopes
    point: Mapping[str, Floats]

    @classmethod
    def of(
        cls,
        case: Case,
        relaxed: Sequence[Relaxed],
        signs: Mapping[str, Floats],
        chosen: Mapping[Key, Floats],
    ) -> "_Pass":
        weights = chosen["weight", ""]
        form = FloatForm(
            {name: weights @ rows for name, rows in case.rows.weights.items()},
            weights @ (case.rows.constant - case.bounds),
        )
        slopes = {node.name: chosen["slope", node.name] for node in relaxed}
        pulls = {name: chosen["pull", name] * sign for name, sign in signs.items()}
        found = bounded(relaxed, case.boxes, form, slopes, pulls)
        gradient: dict[Key, Floats] = {
            ("slope", name): value for name, value in found.gradient.items()
        }
        for name, sign in signs.items():
            if name in found.operands:
                gradient["pull", name] = -sign * found.operands[name]
        gradient["weight", ""] = (
            case.rows.constant
            - case.bounds
            + sum(found.values[name] @ rows.T for name, rows in case.rows.weights.items())
        )
        point = {name: found.values[name] for name in case.boxes if name in found.values}
        return cls(found.lower, gradient, found.coefficients, slopes, point)

    def better(self, other: "_Pass") -> "_Pass":
        """The greater margins of both; the rest of this one."""
        margin = np.maximum(self.margin, other.margin)
        return _Pass(margin, self.gradient, self.coefficients, self.slopes, self.point)


@dataclass(frozen=True, slots=True)
class _Adam:
    """Adam's averages of everything that is chosen."""

    first: dict[Key, Floats]
    second: dict[Key, Floats]

    def ascended(self, chosen: Mapping[Key, Floats], found: _Pass, step: int) -> dict[Key, Floats]:
        """Everything one step further: slopes in [0, 1], the rest from 0, weights summing to 1."""
        moved = dict(chosen)
        for key, gradient in found.gradient.items():
            kind, name = key
            part = gradient / np.maximum(np.abs(gradient).max(axis=1, keepdims=True), _LEAST)
            first = _MOMENTUM[0] * self.first.get(key, 0.0) + (1 - _MOMENTUM[0]) * part
            second = _MOMENTUM[1] * self.second.get(key, 0.0) + (1 - _MOMENTUM[1]) * part * part
            self.first[key], self.second[key] = first, second
            mean = first / (1 - _MOMENTUM[0] ** (step + 1))
            spread = np.sqrt(second / (1 - _MOMENTUM[1] ** (step + 1))) + _LEAST
            rate: Floats = np.full((1, 1), _RATES[kind] * _DECAY**step)
            if kind == "pull":
                size = np.abs(found.coefficients[name]).max(axis=1, keepdims=True, initial=0.0)
                rate = rate * np.maximum(size, _SMALL)
            value = chosen[key] + rate * mean / spread
            if kind == "slope":
                moved[key] = np.where(gradient != 0, np.clip(value, 0.0, 1.0), chosen[key])
            elif kind == "pull":
                moved[key] = np.where(gradient != 0, np.maximum(value, 0.0), 0.0)
            else:
                value = np.maximum(value, 0.0) + _LEAST
                moved[key] = value / value.sum(axis=1, keepdims=True)
        return moved


def _leaf(case: Case, kept: Mapping[Key, Floats], signs: Signs, row: int) -> SignLeaf:
    """What was chosen for a row, on the grids; weights and multipliers scaled alike."""
    scale = 2.0**_WEIGHT_BITS
    weights = [int(value) for value in np.rint(kept["weight", ""][row] * scale)]
    slopes = tuple(
        tuple(int(s) for s in np.rint(kept["slope", name][row] * 2.0**SLOPE_BITS))
        if ("slope", name) in kept
        else (0,) * len(case.lower[name])
        for name in case.relus
    )
    met: set[SignSplit] = set()
    multipliers = []
    for split, _ in signs:
        value = kept["pull", case.relus[split.relu]][row, split.entry]
        multipliers.append(0 if split in met else int(value * scale * 2.0**MULTIPLIER_BITS))
        met.add(split)
    return SignLeaf(slopes, tuple(multipliers), tuple(weights))


def _candidates(case: Case, relaxed: Sequence[Relaxed], found: _Pass, row: int) -> list[SignSplit]:
    """The unstable neurons whose lines leave the greatest gaps."""
    gaps: list[tuple[float, int, int]] = []
    for node in relaxed:
        if node.name not in case.lower or node.name not in found.coefficients:
            continue
        at, free = found.coefficients[node.name][row], node.free[row % len(node.free)]
        slope = found.slopes[node.name][row]
        over = np.broadcast_to(node.over, found.coefficients[node.name].shape)[row]
        low, high = case.lower[node.name], case.upper[node.name]
        gap = np.where(at < 0, -at * over, at * np.maximum(-slope * low, (1 - slope) * high))
        relu = case.relus.index(node.name)
        gaps += [(float(gap[entry]), relu, int(entry)) for entry in np.flatnonzero(free)]
    gaps.sort(reverse=True)
    return [SignSplit(relu, entry) for _, relu, entry in gaps[:CANDIDATES]]


def _cuts(
    case: Case,
    part: Sequence[Part],
    kept: Mapping[Key, Floats],
    found: _Pass,
    relaxed: list[Relaxed],
) -> list[SignSplit | None]:
    """Of each part's candidates the one whose worse half is bounded best, nothing else changed."""
    options = [_candidates(case, relaxed, found, row) for row in range(len(part))]
    tried = [(row, split) for row, splits in enumerate(options) for split in splits]
    if not tried:
        return [None] * len(part)
    halves = [(0, (*part[row][1], (split, sign))) for row, split in tried for sign in (-1, 1)]
    origin = [row for row, _ in tried for _ in (-1, 1)]
    chosen = {key: value[origin] for key, value in kept.items()}
    nodes, signs = _halved(case, halves)
    for name, sign in signs.items():
        chosen.setdefault(("pull", name), np.zeros_like(sign))
    margins = _Pass.of(case, nodes, signs, chosen).margin.reshape(-1, 2)
    score = margins.min(axis=1) + _TIE * margins.max(axis=1)
    best: list[SignSplit | None] = [None] * len(part)
    reached = np.full(len(part), -np.inf)
    for (row, split), value in zip(tried, score, strict=True):
        if value > reached[row]:
            reached[row], best[row] = value, split
    return best
