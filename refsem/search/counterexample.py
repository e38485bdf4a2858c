"""Candidate counterexamples: centre, corners, and points reached downhill in floats.

Many points are scored in floats (`refsem.search.floating`), the best of each case go downhill
along the gradient of its worst row, and those that seem unsafe, or nearly, are handed out.
Untrusted: every candidate is evaluated exactly by the caller, and one that is no counterexample
costs only time. A search that finds none shows nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from gmpy2 import mpq

from refsem.exact import ExactTensor
from refsem.exact.tensor import concatenate
from refsem.ir.evaluation import Prepared
from refsem.properties.claims import RegionClaims
from refsem.rules.trace import Form
from refsem.search.floating import FloatGraph, Floats

POOL = 64
"""Corners, and points between them, that are drawn at random and scored."""

STARTS = 8
"""Points of each case from which it goes downhill."""

KEPT = 3
"""Points of each case that are handed out at most."""

STRIDES = (*(0.6**step for step in range(5)), *(0.8**step for step in range(8, 60)))
"""How far each step goes, of the width of the box: the first one to a corner."""

_ROOM = 2**22
"""Numbers that a batch of points may take."""

_LONG = 0.1
_SHARE = 0.7
_CLOSE = 1e-6
_SNAP = 2.0**-40
_ZERO = ExactTensor.full((1, 1), mpq(0))


def corners(claims: RegionClaims, signs: npt.NDArray[np.bool_]) -> ExactTensor:
    """The corners of the box that take the upper end where the sign is true, a row each."""
    ((lower, upper),) = claims.region.boxes.values()
    return upper.where(signs, lower)


def centre(claims: RegionClaims) -> ExactTensor:
    """The centre of the box."""
    ((lower, upper),) = claims.region.boxes.values()
    total = lower + upper
    return ExactTensor(total.numerators, total.exponent + 1, total.odd)


def least_corners(claims: RegionClaims, form: Form) -> ExactTensor:
    """For each row of a form in terms of the input, the corner at which it is least."""
    ((tensor, _),) = claims.region.boxes.items()
    if tensor not in form.coefficients:
        return centre(claims)
    return corners(claims, form.coefficients[tensor].less(_ZERO))


def candidates(
    prepared: Prepared, claims: RegionClaims, form: Form, seed: int
) -> Iterator[ExactTensor]:
    """Batches of points (rows), the likeliest first; the form bounds the target from below."""
    first = concatenate([centre(claims), least_corners(claims, form)], axis=0)
    yield first
    target = Target.of(FloatGraph.of(prepared), claims)
    ((lower, upper),) = (
        (low.nearest_float64()[0], high.nearest_float64()[0])
        for low, high in claims.region.boxes.values()
    )
    pool = np.concatenate([first.nearest_float64(), _drawn(target, lower, upper, seed)])
    found = target.descended(lower, upper, pool, STARTS, STRIDES)
    if len(found):
        yield exact_points(claims, found)


def _drawn(target: "Target", lower: Floats, upper: Floats, seed: int) -> Floats:
    """Corners and points between them, drawn at random, repeatably."""
    source, count = np.random.default_rng(seed), min(POOL, target.room)
    shares = source.random((2 * count, len(lower)))
    shares[:count] = np.rint(shares[:count])
    return np.asarray(lower + shares * (upper - lower))


def exact_points(claims: RegionClaims, points: Floats) -> ExactTensor:
    """The points as they are, moved into the box; what is next to an end of it is that end."""
    ((lower, upper),) = claims.region.boxes.values()
    low, high = lower.nearest_float64(), upper.nearest_float64()
    close = _SNAP * (high - low)
    values = [mpq(float(value)) for value in points.ravel()]
    exact = ExactTensor.from_rationals(values, points.shape)
    exact = lower.where(points <= low + close, upper.where(points >= high - close, exact))
    return exact.maximum(lower).minimum(upper)


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """The rows of a region's cases over a graph in floats."""

    graph: FloatGraph
    rows: dict[str, Floats]
    bounds: Floats
    cases: Sequence[Sequence[int]]

    @classmethod
    def of(cls, graph: FloatGraph, claims: RegionClaims) -> "Target":
        """The nearest floats of the claims."""
        rows = {name: part.nearest_float64() for name, part in claims.combination.items()}
        cases = [list(claims.rows_of(position)) for position in range(len(claims.cases))]
        return cls(graph, rows, claims.bounds.nearest_float64()[0], cases)

    @property
    def room(self) -> int:
        """Points that may be evaluated at once."""
        return max(2, _ROOM // max(1, self.graph.size))

    def margins(self, points: Floats) -> tuple[dict[str, Floats], Floats]:
        """All values at the points, and by how much each row is above its bound: (points, rows).

        A row that has no value counts as far above.
        """
        values = self.graph.values(points)
        with np.errstate(all="ignore"):
            total = sum((values[name] @ part.T for name, part in self.rows.items()), -self.bounds)
        return values, np.nan_to_num(
            np.broadcast_to(total, (len(points), len(self.bounds))), nan=np.inf
        )

    def scores(self, points: Floats) -> Floats:
        """For each point and case how far the worst row is from being met: (points, cases)."""
        found = []
        for start in range(0, len(points), self.room):
            _, margins = self.margins(points[start : start + self.room])
            found.append(np.stack([margins[:, rows].max(axis=1) for rows in self.cases], axis=1))
        return np.concatenate(found)

    def descended(
        self,
        lower: Floats,
        upper: Floats,
        pool: Floats,
        starts: int,
        strides: Sequence[float],
    ) -> Floats:
        """The best points met of each case that seem unsafe, or nearly; rows of a float array."""
        scores = self.scores(pool)
        found = [np.zeros((0, pool.shape[1]))]
        for case, rows in enumerate(self.cases):
            order = np.argsort(scores[:, case], kind="stable")[: min(starts, self.room)]
            points, reached = self._downhill(lower, upper, pool[order], rows, strides)
            scale = 1.0 + np.abs(self.bounds[rows]).max()
            best = np.argsort(reached, kind="stable")[:KEPT]
            found.append(points[[row for row in best if reached[row] <= _CLOSE * scale]])
        return np.concatenate(found)

    def _downhill(
        self,
        lower: Floats,
        upper: Floats,
        points: Floats,
        rows: Sequence[int],
        strides: Sequence[float],
    ) -> tuple[Floats, Floats]:
        """The best point met from each start, and how far its worst row is from being met."""
        best, reached = points, np.full(len(points), np.inf)
        width, led = upper - lower, np.zeros_like(points)
        for stride in (*strides, 0.0):
            values, margins = self.margins(points)
            worst = np.array(rows)[np.argmax(margins[:, rows], axis=1)]
            score = margins[np.arange(len(points)), worst]
            better = score < reached
            best = np.where(better[:, np.newaxis], points, best)
            reached = np.where(better, score, reached)
            pulled = {name: part[worst] for name, part in self.rows.items()}
            slope = self.graph.gradient(values, pulled) * width
            outward = ((points <= lower) & (slope > 0)) | ((points >= upper) & (slope < 0))
            slope = _normal(np.where(outward, 0.0, slope))
            # the mean of slopes leads along a valley between kinks that each of them would cross
            led = _SHARE * led + (1 - _SHARE) * slope
            direction = np.sign(slope) if stride >= _LONG else _normal(led)
            points = np.clip(points - stride * width * direction, lower, upper)
        return best, reached


def _normal(rows: Floats) -> Floats:
    """The rows with a greatest entry of 1 in size."""
    greatest = np.abs(rows).max(axis=1, keepdims=True, initial=0.0)
    return np.asarray(rows / np.where(greatest > 0, greatest, 1.0))
