"""The audit of a network over a property: exact bounds, a verdict a case, every obligation.

A case is `holds` when a row of its unsafe set is proved out of reach over the whole box, by
replayed rules; `violated` when a point of the box meets the whole unsafe set, by exact
evaluation; else `undecided`. The tolerant verdict asks the same of the widened property.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from gmpy2 import mpq

from refsem.audit.boxes import BoxProof
from refsem.audit.branching import Branched, Points, SplitProof, branch
from refsem.audit.enclosed import EnclosedPoint, enclosed_witnesses
from refsem.audit.signs import SignProof, Watch
from refsem.audit.unfinished import Unfinished
from refsem.errors import InputError
from refsem.ir.evaluation import Prepared, evaluate_graph, irrational_tensor
from refsem.ir.joining import output_parts
from refsem.obligations.discharge import DEFAULT_LIMITS, audit_rule
from refsem.obligations.obligation import (
    By,
    Exact,
    Expected,
    Kind,
    Obligation,
    Outcome,
    Point,
    Proved,
    Record,
    Refuted,
    Unknown,
)
from refsem.properties import Property
from refsem.properties.claims import RegionClaims, region_claims, widened
from refsem.properties.sign_trees import RULES as SIGN_RULES
from refsem.rules import BY_NAME, Rule, enclosed
from refsem.rules.facts import Voucher
from refsem.rules.leaves import RULES as LEAF_RULES
from refsem.rules.propagation import Method, Progress, Propagation, also_from_boxes
from refsem.search.alpha import bounded_by
from refsem.search.ball_points import candidates

SEED = 2026
"""Seeds the search for counterexamples, so that a run can be repeated."""


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


@dataclass(frozen=True, slots=True)
class Budget:
    """How long a property may be branched over in all, and who is told how it goes.

    With `everywhere` a tree is wanted of every region that holds, also where bounds alone do.
    """

    seconds: float
    watch: Watch
    everywhere: bool
    unfinished: Unfinished | None = None
    """Where unfinished branching is kept, and resumed from."""


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
        return _first(witness for r in self.regions for witness in r.witnesses.values())


def _first(witnesses: Iterable[Witness]) -> Witness | None:
    return min(witnesses, key=lambda witness: witness.case, default=None)


def combined(verdicts: Iterator[Verdict]) -> Verdict:
    """The worst of some verdicts; `holds` for none at all is refused with `ValueError`."""
    order = list(Verdict)
    return max(verdicts, key=order.index)


def audit_network(
    prepared: Prepared,
    property_: Property,
    method: Method,
    progress: Progress,
    budget: Budget | None = None,
    processes: int = 1,
) -> NetworkAudit:
    """The audit of a network over a property that fits it (`check_fits`).

    The rows of large backward passes are divided between so many processes.
    """
    run = _Run(prepared, method, progress, _Clock.of(budget), processes)
    regions = run.all(region_claims(prepared, property_))
    tolerant, point = _tolerant(run, property_, regions)
    progress("obligations", 0, 1)
    return NetworkAudit(prepared, regions, tolerant, point, tuple(_records(regions)))


@dataclass(frozen=True, slots=True)
class _Clock:
    """When branching ends, if it is asked for."""

    deadline: float
    watch: Watch
    everywhere: bool
    unfinished: Unfinished | None

    @classmethod
    def of(cls, budget: Budget | None) -> "_Clock | None":
        if budget is None:
            return None
        deadline = time.monotonic() + budget.seconds
        return cls(deadline, budget.watch, budget.everywhere, budget.unfinished)

    @property
    def left(self) -> float:
        """Seconds left for branching, at least 0."""
        return max(self.deadline - time.monotonic(), 0.0)

    def shares(self, places: Sequence[int]) -> Iterator[tuple[int, float]]:
        """Each place with the deadline at which it will have had its part of the time left."""
        for number, place in enumerate(places):
            yield place, time.monotonic() + self.left / (len(places) - number)


@dataclass(frozen=True, slots=True)
class _Run:
    """What the audit of every region has in common."""

    prepared: Prepared
    method: Method
    progress: Progress
    clock: _Clock | None
    processes: int

    def all(self, regions: Sequence[RegionClaims]) -> tuple[RegionAudit, ...]:
        """The audits of some regions, among which what time there is for branching is shared.

        Each that bounds leave undecided takes at most an equal part of the time left. What is left
        in the end is shared again by those whose time ran out, which go on from where they were.
        """
        found = [self.bounded(claims) for claims in regions]
        if self.clock is None:
            return tuple(found)
        undecided = [place for place, one in enumerate(found) if self._undecided(one)]
        for place, part in self.clock.shares(undecided):
            claims, clock = found[place].claims, self.clock
            branched = branch(self.prepared, claims, part, clock.watch, clock.unfinished)
            found[place] = self._with(found[place], branched)
        while self.clock.left and (late := [p for p, one in enumerate(found) if _again(one)]):
            for place, part in self.clock.shares(late):
                if again := _again(found[place]):
                    found[place] = self._with(found[place], again(part))
        return tuple(found)

    def bounded(self, claims: RegionClaims) -> RegionAudit:
        """The audit of one region by bounds alone."""
        return audit_region(self.prepared, claims, self.method, self.progress, self.processes)

    def _undecided(self, found: RegionAudit) -> bool:
        """Whether a region is to be branched over."""
        if self.clock is None or found.witnesses:
            return False
        return self.clock.everywhere or len(found.shown) < len(found.claims.cases)

    def _with(self, found: RegionAudit, branched: Branched) -> RegionAudit:
        """A region's audit with what came of branching over it."""
        met = {
            case: _enclosed_witness(case, one)
            if isinstance(one, EnclosedPoint)
            else _witness(self.prepared, case, *one)
            for case, one in branched.found.items()
        }
        return RegionAudit(found.claims, found.propagation, found.shown, met, branched)


def _again(found: RegionAudit) -> Callable[[float], Branched] | None:
    """How a region's branching goes on, if only time ran out."""
    return None if found.branched is None else found.branched.again


def audit_region(
    prepared: Prepared,
    claims: RegionClaims,
    method: Method,
    progress: Progress,
    processes: int = 1,
) -> RegionAudit:
    """Bounds over one region; cases they leave undecided are searched for a counterexample."""
    targets = {claims.target: claims.combination}
    state = bounded_by(prepared, claims.region, method, targets, progress, processes)
    shown = claims.empty_cases(state.replay.box(state.boxes[claims.target]))
    if len(shown) < len(claims.cases) and method is Method.CROWN:
        also_from_boxes(state, claims.target)
        shown = claims.empty_cases(state.replay.box(state.boxes[claims.target]))
    witnesses = {} if len(shown) == len(claims.cases) else find_witnesses(state, claims, shown)
    return RegionAudit(claims, state, shown, witnesses, None)


def _witness(prepared: Prepared, case: int, values: Points, row: int) -> Witness:
    source, sink = prepared.graph.inputs[0], prepared.graph.outputs[0]
    inputs, outputs = values[source][row], values[sink][row]
    return Witness(case, tuple(inputs.rationals()), tuple(outputs.rationals()), mpq(0))


def _enclosed_witness(case: int, point: EnclosedPoint) -> Witness:
    ends = tuple(zip(point.lower, point.upper, strict=True))
    error = max((high - low) / 2 for low, high in ends)
    return Witness(case, point.inputs, tuple((low + high) / 2 for low, high in ends), error)


def find_witnesses(
    state: Propagation, claims: RegionClaims, shown: Mapping[int, int]
) -> dict[int, Witness]:
    """Counterexamples to the cases not shown empty, among the candidates of the search."""
    prepared = state.replay.prepared
    source = prepared.graph.inputs[0]
    (target,) = state.replay.targets
    below, _ = state.forms(target, claims.region.boxes)
    if irrational_tensor(prepared):
        enclosed = enclosed_witnesses(prepared, claims, state.form(below), SEED, shown)
        return {case: _enclosed_witness(case, point) for case, point in enclosed.items()}
    found: dict[int, Witness] = {}
    for points in candidates(prepared, claims, state.form(below), SEED):
        values = evaluate_graph(prepared, {source: points})
        for case, row in claims.unsafe_points(values).items():
            if case not in found:
                found[case] = _witness(prepared, case, values, row)
        if len(found) + len(shown) == len(claims.cases):
            break
    return found


def _tolerant(
    run: _Run, property_: Property, regions: tuple[RegionAudit, ...]
) -> tuple[Verdict, Witness | None]:
    """The verdict on the widened property, which can hold only where the exact one does."""
    exact = combined(r.verdict(case) for r in regions for case, _ in r.claims.cases)
    if exact is Verdict.VIOLATED:
        return exact, _first(witness for r in regions for witness in r.witnesses.values())
    wider = region_claims(run.prepared, widened(property_))
    if exact is Verdict.HOLDS:
        clock = run.clock and replace(run.clock, everywhere=False)  # nobody asks for its trees
        try:
            audits = replace(run, clock=clock).all(wider)
        except InputError:  # so much wider, the region leaves the domain of a function
            return Verdict.UNDECIDED, None
        found = [audit.witnesses for audit in audits]
        verdict = combined(r.verdict(case) for r in audits for case, _ in r.claims.cases)
        return verdict, _first(witness for one in found for witness in one.values())
    # wider regions come in the same order; the forms of the exact ones still guide the search
    for region, claims in zip(regions, wider, strict=True):
        if witness := _first(find_witnesses(region.propagation, claims, {}).values()):
            return Verdict.VIOLATED, witness
    return Verdict.UNDECIDED, None


# the records: rules used, applications replayed, cases judged


def _records(regions: tuple[RegionAudit, ...]) -> Iterator[Record]:
    used = {a.rule for r in regions for a in r.propagation.replay.applications}
    for region in regions:
        if region.proof is not None:
            used |= _leaf_rules(region.proof)
    for name in sorted(used):
        yield from audit_rule(BY_NAME[name], DEFAULT_LIMITS)
    for number, region in enumerate(regions):
        yield from _instances(number, region.propagation)
        if region.proof is not None:
            yield _tree(number, region.proof)
        yield from _cases(number, region)


def _obligation(identity: str, kind: Kind, provenance: str, assumes: tuple[str, ...]) -> Obligation:
    return Obligation(
        id=identity,
        kind=kind,
        free=(),
        definitions=(),
        premises=(),
        goal=None,
        expected=Expected.PROVED,
        provenance=provenance,
        assumes=assumes,
    )


def instance_id(region: int, application: int) -> str:
    """The id of the instance obligation of one application."""
    return f"instance/{region}/{application}"


def _instances(number: int, state: Propagation) -> Iterator[Record]:
    """Every application was established by the replay, or there would be no audit."""
    for index, application in enumerate(state.replay.applications):
        suppliers = tuple(instance_id(number, i) for i in application.suppliers.values())
        rule = BY_NAME[application.rule]
        relying = (*(f"{rule.name}/sound/{claim.name}" for claim in rule.claims), *_stated(rule))
        yield Record(
            _obligation(
                instance_id(number, index),
                Kind.INSTANCE,
                f"{application.rule} at {application.node!r}",
                suppliers,
            ),
            Proved(By.INSTANCE, Exact(_how(rule)), relying),
        )


def _how(rule: Rule) -> str:
    """What was compared when an application of the rule was established."""
    if rule in enclosed.RULES:
        return "bounds over the box are ends of balls on pieces of it; derived values moved outward"
    if rule.cites:
        return "sides hold and cited facts are vouched for, by balls; derived values moved outward"
    return "sides hold; derived values recomputed exactly"


def _stated(rule: Rule) -> Iterator[str]:
    """The facts that a rule cites and nothing vouches for."""
    for fact in dict.fromkeys(cited.fact for cited in rule.cites):
        if fact.voucher is Voucher.STATED:
            yield f"{rule.name}/fact/{fact.name}"


def tree_id(region: int) -> str:
    """The id of the instance obligation of a region's split tree."""
    return f"instance/{region}/tree"


def _leaf_rules(proof: SplitProof | SignProof | BoxProof) -> frozenset[str]:
    if isinstance(proof, BoxProof):
        return proof.rules
    return LEAF_RULES if isinstance(proof, SplitProof) else SIGN_RULES


def _tree(number: int, proof: SplitProof | SignProof | BoxProof) -> Record:
    """Every leaf was established, or there would be no proof."""
    relying = tuple(
        f"{name}/sound/{claim.name}"
        for name in sorted(_leaf_rules(proof))
        for claim in BY_NAME[name].claims
    )
    if isinstance(proof, BoxProof):
        why = f"{proof.leaves} leaves tile the region; the replay established each"
    else:
        why = _how_leaves(proof)
    obligation = _obligation(tree_id(number), Kind.INSTANCE, "every leaf of a split tree", ())
    return Record(obligation, Proved(By.INSTANCE, Exact(why), relying))


def _how_leaves(proof: SplitProof | SignProof) -> str:
    return (
        f"{proof.leaves} leaves tile the region; each was established in integers inside floats, "
        f"{proof.reviewed} of them again by the replay"
        if isinstance(proof, SplitProof)
        else f"{proof.leaves} leaves take both signs of each neuron split, each by the replay"
    )


def _cases(number: int, region: RegionAudit) -> Iterator[Record]:
    state = region.propagation
    index = state.boxes[region.claims.target]
    for case, _ in region.claims.cases:
        outcome: Outcome = Unknown("bounds leave it open and no counterexample was found")
        if case in region.witnesses:
            point = region.witnesses[case].inputs
            named = tuple((f"X_{i}", value) for i, value in enumerate(point))
            outcome = Refuted(Point(named, f"case {case} is empty"))
        elif case in region.shown:
            row = region.shown[case]
            bound = state.replay.box(index).lower.rational(0, row)
            where = "the box and its ball" if region.claims.region.balls else "the box"
            why = f"row {row} is at least {bound} throughout {where}"
            outcome = Proved(By.INSTANCE, Exact(why), (instance_id(number, index),))
        elif region.proof is not None:
            why = "a row is above its bound in every leaf of the split tree"
            outcome = Proved(By.INSTANCE, Exact(why), (tree_id(number),))
        elif region.branched is not None:
            outcome = Unknown(f"branch and bound left it open: {region.branched.reason}")
        yield Record(
            _obligation(f"case/{case}", Kind.CLAIM, "the case's unsafe set is empty", ()), outcome
        )


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


def silent(_node: str, _done: int, _count: int) -> None:
    """No progress shown."""
