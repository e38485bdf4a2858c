"""What the audit of a network found: a verdict a case, witnesses, bounds of the outputs.

Verdicts are ordered; of several the worst is meant. Bounds are those of every means there was.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from gmpy2 import mpq

from refsem.audit.boxes import BoxProof
from refsem.audit.branching import Branched, SplitProof
from refsem.audit.signs import SignProof
from refsem.ir.evaluation import Prepared
from refsem.ir.joining import output_parts
from refsem.obligations.obligation import Kind, Record
from refsem.properties.claims import RegionClaims
from refsem.rules.propagation import Propagation


class Verdict(Enum):
    """What is known of a property, ordered from best to worst."""

    HOLDS = "holds"
    UNDECIDED = "undecided"
    VIOLATED = "violated"


@dataclass(frozen=True, slots=True)
class Witness:
    """A counterexample: an input of the box, and numbers within `error` of the outputs there.

    The error is 0, and the outputs exact, unless the network applies a named function.
    """

    case: int
    inputs: tuple[mpq, ...]
    outputs: tuple[mpq, ...]
    error: mpq


@dataclass(frozen=True, slots=True, eq=False)
class RegionAudit:
    """One region's propagation and what it says about its cases."""

    claims: RegionClaims
    propagation: Propagation
    shown: Mapping[int, int]
    witnesses: Mapping[int, Witness]
    branched: Branched | None

    @property
    def proof(self) -> SplitProof | SignProof | BoxProof | None:
        """The split tree that shows every case, if there is one."""
        return None if self.branched is None else self.branched.proof

    def verdict(self, case: int) -> Verdict:
        """The verdict on one of this region's cases."""
        if case in self.witnesses:
            return Verdict.VIOLATED
        proved = case in self.shown or self.proof is not None
        return Verdict.HOLDS if proved else Verdict.UNDECIDED


@dataclass(frozen=True, slots=True, eq=False)
class NetworkAudit:
    """The whole audit, over every region of the property."""

    prepared: Prepared
    regions: tuple[RegionAudit, ...]
    tolerant: Verdict
    tolerant_point: Witness | None
    """A counterexample to the widened property, where the tolerant verdict is `violated`."""
    records: tuple[Record, ...]

    def judged(self) -> tuple[Record, ...]:
        """The records of rules and applications, without the cases: those are the verdict."""
        return tuple(r for r in self.records if r.obligation.kind is not Kind.CLAIM)

    @property
    def verdict(self) -> Verdict:
        """Violated if a case is, holds if every case does, else undecided."""
        return combined(
            region.verdict(case) for region in self.regions for case, _ in region.claims.cases
        )

    def witness(self) -> Witness | None:
        """The counterexample of the first violated case, if there is one."""
        return first(witness for r in self.regions for witness in r.witnesses.values())


def first(witnesses: Iterable[Witness]) -> Witness | None:
    """The witness of the least case, if there is one."""
    return min(witnesses, key=lambda witness: witness.case, default=None)


def combined(verdicts: Iterator[Verdict]) -> Verdict:
    """The worst of some verdicts; `holds` for none at all is refused with `ValueError`."""
    order = list(Verdict)
    return max(verdicts, key=order.index)


def output_box(audit: NetworkAudit, region: RegionAudit) -> tuple[list[mpq], list[mpq]]:
    """The ends of the output's entries over a region: what is known of them by any means.

    Where a tree of boxes shows the region's cases, the outputs they speak of lie in the hull of
    what was established over the leaves.
    """
    state = region.propagation
    (output,) = audit.prepared.graph.outputs
    box = state.replay.box(state.boxes[output])
    lower, upper = box.lower.rationals(), box.upper.rationals()
    hulls = region.proof.hulls if isinstance(region.proof, BoxProof) else {}
    start = 0
    for name, size in output_parts(audit.prepared.graph):
        if name in hulls:
            own = slice(start, start + size)
            least, most = hulls[name].lower.rationals(), hulls[name].upper.rationals()
            lower[own] = map(max, lower[own], least)
            upper[own] = map(min, upper[own], most)
        start += size
    return lower, upper


def output_bounds(audit: NetworkAudit) -> Iterator[tuple[int, str, int, mpq, mpq]]:
    """For each case and output entry: case, tensor, index, exact lower and upper bound."""
    parts = output_parts(audit.prepared.graph)
    names = [(tensor, index) for tensor, size in parts for index in range(size)]
    for region in audit.regions:
        ends = tuple(zip(*output_box(audit, region), strict=True))
        for case, _ in region.claims.cases:
            for (tensor, index), (lower, upper) in zip(names, ends, strict=True):
                yield case, tensor, index, lower, upper
