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
from refsem.rules.leaves import Boxes, LeafCheck, Run
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
        return cls(prepared, claims, layers, check, np.array(reached, dtype=np.float64))

    def run(self, boxes: Boxes) -> tuple[Run, BooleanArray]:
        """The bounds over some boxes, and which cases (columns) they prove empty in each (row)."""
        found = self.check.run(boxes)
        above = found.target >= self.thresholds
        cases = range(len(self.claims.cases))
        empty = [above[:, list(self.claims.rows_of(case))].any(axis=1) for case in cases]
        return found, np.stack(empty, axis=1)

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
