"""Leaves of split trees established by the ordinary replay: slower, for any network that has rules.

Where a network is no chain of affine maps and ReLUs, a leaf's box becomes a region of its own and
is bounded by CROWN, application by application; a leaf is proved if that shows every case empty.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from gmpy2 import mpq, mpz

from refsem.exact import ExactTensor
from refsem.exact.sliced import FloatArray
from refsem.ir.evaluation import Prepared, restricted_to
from refsem.properties.claims import RegionClaims
from refsem.rules.leaves import Boxes
from refsem.rules.propagation import Method, Propagation, propagate
from refsem.rules.trace import Region
from refsem.rules.tree import Node, leaf_boxes


@dataclass(frozen=True, slots=True, eq=False)
class ReplayedLeaves:
    """A region whose leaves are judged one at a time."""

    prepared: Prepared
    claims: RegionClaims

    def bounded(self, lower: FloatArray, upper: FloatArray, unit: int) -> Propagation:
        """What the cases need, established over a box with ends times 2^-unit.

        `InputError` where a function is not defined throughout it.
        """
        (source,) = self.claims.region.boxes
        ends = _ends(lower, unit), _ends(upper, unit)
        region = Region({source: ends}, balls=self.claims.region.balls)
        targets = {self.claims.target: self.claims.combination}
        return propagate(self.needed(), region, Method.CROWN, targets, lambda *_: None)

    def needed(self) -> Prepared:
        """The part of the network that the cases speak of."""
        return restricted_to(self.prepared, tuple(self.claims.combination))

    def empty(self, state: Propagation) -> bool:
        """Whether the bounds show every case empty."""
        box = state.replay.box(state.boxes[self.claims.target])
        return len(self.claims.empty_cases(box)) == len(self.claims.cases)

    def covers(self, root: Boxes) -> bool:
        """Whether the root box contains the region's box, exactly."""
        ((lower, upper),) = self.claims.region.boxes.values()
        ends = _ends(root.lower[0], root.unit), _ends(root.upper[0], root.unit)
        return bool(ends[0].less_equal(lower).all() and upper.less_equal(ends[1]).all())

    def open_leaves(self, root: Boxes, nodes: Sequence[Node]) -> tuple[int, list[int]]:
        """How many leaves a tree has, and the numbers of those not proved.

        `TreeError` where nodes are no tree.
        """
        leaves = list(leaf_boxes(root, nodes, 1))
        failed = [
            number
            for number, box in enumerate(leaves)
            if not self.empty(self.bounded(box.lower[0], box.upper[0], box.unit))
        ]
        return len(leaves), failed


def _ends(values: FloatArray, unit: int) -> ExactTensor:
    scale = mpq(1, mpz(1) << unit)
    return ExactTensor.from_rationals([int(value) * scale for value in values], (1, len(values)))
