"""What an audit says of each example of a robustness file, in exact numbers.

An example is *certified* where every case of its is proved empty, *refuted* where a point of its
region is exactly evaluated to give another class at least the label's output, else *undecided*.
Apart from that: whether the example itself is classified as labelled (its output the greatest, no
tie), which says nothing of the region where it is, and refutes the claim where it is not.

`margin` is what bounds alone establish: over the whole region the label's output is at least so
much more than every other. It may be negative where a split tree certifies the example.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from gmpy2 import mpq

from refsem.audit.enclosed import enclosed_at
from refsem.audit.executed import Executor
from refsem.audit.findings import NetworkAudit, RegionAudit, Verdict, Witness, combined
from refsem.exact import ExactTensor
from refsem.ir.evaluation import evaluate_graph, irrational_tensor
from refsem.properties.statement import LabelledPoint, Statement
from refsem.rules.trace import Box

_ROWS = 64
"""Examples that are evaluated at once."""


@dataclass(frozen=True, slots=True)
class Executed:
    """Whether an execution in binary32 gives the label's output as the greatest; or why not known.

    `nominal` at the example, `witness` at the counterexample (None where there is none).
    """

    nominal: bool | None
    witness: bool | None
    refusal: str


@dataclass(frozen=True, slots=True)
class ExampleReport:
    """One example: what is proved or refuted of it, and what is so at the example itself."""

    point: LabelledPoint
    verdict: Verdict
    margin: mpq
    right: bool | None
    """Whether the label's output is the greatest; None where enclosures do not tell."""
    nominal: tuple[mpq, mpq]
    """Numbers between which the least difference to another output lies at the example."""
    witness: Witness | None
    executed: Executed
    separated: bool
    """Whether the bounds of each output by itself suffice: the label's lower end is above all else.

    That is how reports of bounds count. Such an example is certified: a difference of outputs that
    is left open is bounded by the outputs' own bounds too.
    """


@dataclass(frozen=True, slots=True)
class Counts:
    """How many examples; `wrong` are misclassified as they stand, and in no other number.

    Those whose own class enclosures do not tell are counted with the rest, by their verdict.
    """

    examples: int
    wrong: int
    certified: int
    refuted: int
    undecided: int

    @classmethod
    def of(cls, reports: Iterable[ExampleReport]) -> "Counts":
        """The counts of some examples."""
        verdicts = [None if one.right is False else one.verdict for one in reports]
        return cls(
            len(verdicts),
            verdicts.count(None),
            *(verdicts.count(v) for v in (Verdict.HOLDS, Verdict.VIOLATED, Verdict.UNDECIDED)),
        )


def example_reports(statement: Statement, audit: NetworkAudit) -> tuple[ExampleReport, ...]:
    """One report for each labelled point of the statement that was audited."""
    regions = {case: region for region in audit.regions for case, _ in region.claims.cases}
    executor = Executor.of(statement.graph)
    nominal = _nominal(audit, statement.points, regions)
    return tuple(
        _report(executor, point, regions[point.cases[0]], ends)
        for point, ends in zip(statement.points, nominal, strict=True)
    )


def _report(
    executor: Executor, point: LabelledPoint, region: RegionAudit, nominal: tuple[mpq, mpq]
) -> ExampleReport:
    verdict = combined(region.verdict(case) for case in point.cases)
    witness = next((region.witnesses[c] for c in point.cases if c in region.witnesses), None)
    below, above = nominal
    right = True if below > 0 else (None if above > 0 else False)
    executed = _executed(executor, point, witness)
    separated = _separated(region, point.label)
    return ExampleReport(
        point, verdict, _margin(region, point), right, nominal, witness, executed, separated
    )


def _separated(region: RegionAudit, label: int) -> bool:
    state = region.propagation
    (output,) = state.replay.prepared.graph.outputs
    box = state.replay.box(state.boxes[output])
    others = (high for i, high in enumerate(box.upper.rationals()) if i != label)
    return bool(max(others) < box.lower.rational(0, label))


def _margin(region: RegionAudit, point: LabelledPoint) -> mpq:
    """The least established lower bound of the rows of the example's cases."""
    state = region.propagation
    return _least(region, point, state.replay.box(state.boxes[region.claims.target]).lower)


def _least(region: RegionAudit, point: LabelledPoint, rows: ExactTensor) -> mpq:
    places = (p for p, (number, _) in enumerate(region.claims.cases) if number in point.cases)
    return min(rows.rational(0, row) for place in places for row in region.claims.rows_of(place))


def _nominal(
    audit: NetworkAudit, points: tuple[LabelledPoint, ...], regions: Mapping[int, RegionAudit]
) -> Iterator[tuple[mpq, mpq]]:
    """Between which numbers the label's output exceeds the greatest other, at each example."""
    irrational = irrational_tensor(audit.prepared) != ""
    for start in range(0, len(points), _ROWS):
        some = points[start : start + _ROWS]
        if irrational:
            yield from (_enclosed_margin(audit, p, regions[p.cases[0]]) for p in some)
        else:
            yield from _exact_margins(audit, some)


def _exact_margins(
    audit: NetworkAudit, points: tuple[LabelledPoint, ...]
) -> Iterator[tuple[mpq, mpq]]:
    graph = audit.prepared.graph
    rows = (len(points), len(points[0].values))
    stacked = ExactTensor.from_rationals([v for p in points for v in p.values], rows)
    outputs = evaluate_graph(audit.prepared, {graph.inputs[0]: stacked})[graph.outputs[0]]
    for row, point in enumerate(points):
        margin = _least_difference(outputs[row].rationals(), point.label)
        yield margin, margin


def _least_difference(outputs: list[mpq], label: int) -> mpq:
    return min(outputs[label] - other for i, other in enumerate(outputs) if i != label)


def _enclosed_margin(
    audit: NetworkAudit, point: LabelledPoint, region: RegionAudit
) -> tuple[mpq, mpq]:
    centre = ExactTensor.from_rationals(point.values, (1, len(point.values)))
    rows: Box
    rows, _ = enclosed_at(audit.prepared, region.claims, centre)
    return _least(region, point, rows.lower), _least(region, point, rows.upper)


def _executed(executor: Executor, point: LabelledPoint, witness: Witness | None) -> Executed:
    nominal = executor.outputs(point.values)
    if isinstance(nominal, str):
        return Executed(None, None, nominal)
    if witness is None:
        return Executed(_greatest(nominal, point.label), None, "")
    there = executor.outputs(witness.inputs)
    if isinstance(there, str):
        return Executed(None, None, there)
    return Executed(_greatest(nominal, point.label), _greatest(there, point.label), "")


def _greatest(outputs: tuple[mpq | None, ...], label: int) -> bool:
    """Whether every output is finite and the label's exceeds every other."""
    finite = [value for value in outputs if value is not None]
    return len(finite) == len(outputs) and _least_difference(finite, label) > 0
