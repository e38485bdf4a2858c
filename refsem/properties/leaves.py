"""Which cases of a property leaves prove empty: bounds in integers against exact thresholds.

A case is empty over a box if one of its rows is proved above its bound (at it, for a strict
constraint). The thresholds are integers in the leaf check's units, computed exactly once.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from gmpy2 import mpq, mpz

from refsem.exact.sliced import BITS, FloatArray
from refsem.exact.tensor import BooleanArray
from refsem.ir.evaluation import Prepared
from refsem.properties.claims import RegionClaims
from refsem.rules.chain import ChainLayer
from refsem.rules.leaf_slopes import Relaxed, better_slopes
from refsem.rules.leaves import SLOPE_BITS, Boxes, LeafCheck, Run
from refsem.rules.review import review


@dataclass(frozen=True, slots=True, eq=False)
class LeafJudge:
    """The cases of one region, ready to be judged over many boxes at once."""

    prepared: Prepared
    claims: RegionClaims
    layers: Sequence[ChainLayer]
    check: LeafCheck
    thresholds: FloatArray
    """A row of the target whose lower bound reaches its threshold is proved above its bound."""
    floats: tuple[tuple[FloatArray, FloatArray], ...]
    """The weight and the constant of each layer, rounded, for slopes to be chosen by."""

    @classmethod
    def of(
        cls, prepared: Prepared, claims: RegionClaims, layers: Sequence[ChainLayer], unit: int
    ) -> "LeafJudge":
        """The judge with bounds in units of 2^-unit; `TooWideError` for what does not fit."""
        check = LeafCheck.of(layers, unit)
        scaled = [bound * check.factor * (mpz(1) << unit) for bound in claims.bounds.rationals()]
        reached = [
            _threshold(value, strict=strict)
            for value, strict in zip(scaled, claims.strict[0], strict=True)
        ]
        floats = tuple(
            (layer.weight.nearest_float64(), layer.constant.nearest_float64()[:, 0])
            for layer in layers
        )
        return cls(prepared, claims, layers, check, np.array(reached, np.float64), floats)

    def run(self, boxes: Boxes) -> tuple[Run, BooleanArray]:
        """The bounds over some boxes, and which cases (columns) they prove empty in each (row)."""
        found = self.check.run(boxes)
        return found, self._empty(found)

    def derived(self, boxes: Boxes) -> tuple[Run, BooleanArray]:
        """As `run`; what is not proved is bounded once more with slopes that were optimised.

        The run that is delivered is of the slopes by which the last of the boxes was decided, and
        the review takes one box at a time.
        """
        run, empty = self.run(boxes)
        wanted = np.flatnonzero(~empty.all(axis=1))
        if not wanted.size or not run.lines:
            return run, empty
        rows = [int(row) for row in wanted]
        part = Boxes(boxes.lower[rows], boxes.upper[rows], boxes.unit)
        kept = run if len(rows) == boxes.count else run.part(rows)
        found = self.check.again(part, kept, self._slopes(part, kept))
        empty[rows] |= self._empty(found)
        return found, empty

    def _empty(self, run: Run) -> BooleanArray:
        above = run.target >= self.thresholds
        cases = range(len(self.claims.cases))
        empty = [above[:, list(self.claims.rows_of(case))].any(axis=1) for case in cases]
        return np.stack(empty, axis=1)

    def _slopes(self, boxes: Boxes, run: Run) -> list[FloatArray]:
        """Slopes below each ReLU, on the grid, a row each for every row of the target."""
        scale, unit = 2.0**SLOPE_BITS, 2.0**-self.check.unit
        *hidden, (weight, constant) = self.floats
        relaxed = [
            Relaxed(
                *layer,
                lines.upper / scale,
                lines.intercept * unit,
                lines.lower / scale,
                (bounds.lower < 0) & (bounds.upper > 0),
            )
            for layer, lines, bounds in zip(hidden, run.lines, run.bounds, strict=True)
        ]
        ends = (end * 2.0**-boxes.unit for end in (boxes.lower, boxes.upper))
        _, found = better_slopes(relaxed, weight, constant, *ends)
        return [np.rint(np.nan_to_num(one) * scale) for one in found]

    def review(self, boxes: Boxes, run: Run, row: int) -> None:
        """Nothing if the exact replay agrees about one box; see `refsem.rules.review`."""
        review(self.prepared, self.layers, self.claims.combination, self.check, boxes, run, row)

    def covers(self, boxes: Boxes) -> bool:
        """Whether the first of the boxes contains the region's box, exactly."""
        ((lower, upper),) = self.claims.region.boxes.values()
        scale = mpq(mpz(1) << boxes.unit)
        below = zip(boxes.lower[0], lower.rationals(), strict=True)
        above = zip(boxes.upper[0], upper.rationals(), strict=True)
        return all(int(low) <= end * scale for low, end in below) and all(
            end * scale <= int(high) for high, end in above
        )


def _threshold(value: mpq, *, strict: bool) -> int:
    """The least integer above the value, or at it for a strict constraint; 2^52 is out of reach."""
    floor = int(value.numerator // value.denominator)
    reached = -int(-value.numerator // value.denominator) if strict else floor + 1
    return max(-(1 << BITS), min(reached, 1 << BITS))
