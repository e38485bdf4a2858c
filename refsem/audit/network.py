"""The audit of a network over a property: exact bounds, a verdict a case, every obligation.

A case is `holds` when a row of its unsafe set is proved out of reach over the whole box, by
replayed rules; `violated` when a point of the box meets the whole unsafe set, by exact
evaluation; else `undecided`. The tolerant verdict asks the same of the widened property.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from gmpy2 import mpq

from refsem.audit.branching import Branched, Points, branch
from refsem.audit.enclosed import EnclosedPoint, enclosed_witnesses
from refsem.audit.findings import NetworkAudit, RegionAudit, Verdict, Witness, combined, first
from refsem.audit.records import audit_records
from refsem.audit.signs import Watch
from refsem.audit.unfinished import Unfinished
from refsem.errors import InputError
from refsem.ir.evaluation import Prepared, evaluate_graph, irrational_tensor
from refsem.properties import Property
from refsem.properties.claims import RegionClaims, region_claims, widened
from refsem.rules.propagation import Method, Progress, Propagation, also_from_boxes
from refsem.search.alpha import bounded_by
from refsem.search.ball_points import candidates

SEED = 2026
"""Seeds the search for counterexamples, so that a run can be repeated."""


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
    return NetworkAudit(prepared, regions, tolerant, point, tuple(audit_records(regions)))


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
        return exact, first(witness for r in regions for witness in r.witnesses.values())
    wider = region_claims(run.prepared, widened(property_))
    if exact is Verdict.HOLDS:
        clock = run.clock and replace(run.clock, everywhere=False)  # nobody asks for its trees
        try:
            audits = replace(run, clock=clock).all(wider)
        except InputError:  # so much wider, the region leaves the domain of a function
            return Verdict.UNDECIDED, None
        found = [audit.witnesses for audit in audits]
        verdict = combined(r.verdict(case) for r in audits for case, _ in r.claims.cases)
        return verdict, first(witness for one in found for witness in one.values())
    # wider regions come in the same order; the forms of the exact ones still guide the search
    for region, claims in zip(regions, wider, strict=True):
        if witness := first(find_witnesses(region.propagation, claims, {}).values()):
            return Verdict.VIOLATED, witness
    return Verdict.UNDECIDED, None


def silent(_node: str, _done: int, _count: int) -> None:
    """No progress shown."""
