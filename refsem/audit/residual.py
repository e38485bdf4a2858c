"""What an audit says of each expression of a residual file: where its values lie, and how tightly.

From outside: over the whole region every value lies between two numbers, the hull of what the
replay established over the leaves of the split tree, or over the region itself where that sufficed.
From inside: at one of some points of the region the value is at least so far from 0, by an
enclosure there. The ratio of the two says how tight the bound is: no true bound of the absolute
value is below the second.

The points are a regular grid over the region, ends included. Where the expression has no finite
enclosure there, nothing is said from inside.
"""

from dataclasses import dataclass
from itertools import product

from gmpy2 import mpq

from refsem.audit.boxes import BoxProof
from refsem.audit.findings import NetworkAudit, RegionAudit, output_box
from refsem.exact import ExactTensor
from refsem.ir.graph_enclosures import NotEnclosedError, enclose_graph
from refsem.properties.statement import BoundedOutput, Statement

POINTS = 1000
"""Points of a grid at most."""

_PRECISION = 60
_BATCH = 100


@dataclass(frozen=True, slots=True)
class Attained:
    """A point of a region, and a number that the absolute value there is not below."""

    point: tuple[mpq, ...]
    least: mpq


@dataclass(frozen=True, slots=True)
class Enclosed:
    """An expression over its region: between which numbers it lies, and how far it gets."""

    claim: BoundedOutput
    lower: mpq
    upper: mpq
    attained: Attained | None
    points: int
    """How many points were tried."""
    leaves: int
    """In how many parts the region was bounded."""

    @property
    def most(self) -> mpq:
        """A number that no absolute value of the expression is above."""
        return max(abs(self.lower), abs(self.upper))

    @property
    def ratio(self) -> mpq | None:
        """The bound by what is attained: 1 would be exact. None where nothing above 0 is."""
        if self.attained is None or self.attained.least <= 0:
            return None
        return self.most / self.attained.least


def enclosures(statement: Statement, audit: NetworkAudit) -> tuple[Enclosed, ...]:
    """What the audit of a residual file says of each of its expressions; nothing for others."""
    regions = {case: region for region in audit.regions for case, _ in region.claims.cases}
    return tuple(_enclosed(audit, regions[one.case], one) for one in statement.bounded)


def _enclosed(audit: NetworkAudit, region: RegionAudit, claim: BoundedOutput) -> Enclosed:
    lower, upper = output_box(audit, region)
    points = grid(region)
    attained = _attained(audit, region, claim.output, points)
    leaves = region.proof.leaves if isinstance(region.proof, BoxProof) else 1
    ends = lower[claim.output], upper[claim.output]
    return Enclosed(claim, *ends, attained, len(points), leaves)


def grid(region: RegionAudit) -> list[tuple[mpq, ...]]:
    """At most so many points of a regular grid over a region's box, its corners among them."""
    ((lower, upper),) = region.claims.region.boxes.values()
    sides = tuple(zip(lower.rationals(), upper.rationals(), strict=True))
    moving = sum(low < high for low, high in sides)
    count = 2
    while moving and (count + 1) ** moving <= POINTS:
        count += 1
    steps = [
        [low + (high - low) * step / (count - 1) for step in range(count)] if low < high else [low]
        for low, high in sides
    ]
    return list(product(*steps))


def _attained(
    audit: NetworkAudit, region: RegionAudit, output: int, points: list[tuple[mpq, ...]]
) -> Attained | None:
    """The point among these at which the output is seen to be farthest from 0."""
    (source,) = region.claims.region.boxes
    (sink,) = audit.prepared.graph.outputs
    found: Attained | None = None
    for start in range(0, len(points), _BATCH):
        batch = points[start : start + _BATCH]
        values = [value for point in batch for value in point]
        rows = ExactTensor.from_rationals(values, (len(batch), len(batch[0])))
        try:
            ends = enclose_graph(audit.prepared, {source: (rows, rows)}, _PRECISION)[sink]
        except NotEnclosedError:
            continue
        below, above = (end[:, [output]].rationals() for end in ends)
        for point, low, high in zip(batch, below, above, strict=True):
            least = max(low, -high, mpq(0))
            if found is None or least > found.least:
                found = Attained(point, least)
    return found
