"""The judge: a bounds file's input box, endpoints and steps, in the words of the design.

An *endpoint* is refuted (a point of the property's box whose exact value escapes it), confirmed
(our exact bound is at least as tight) or open. A *step* is inductive, broken (a point of the
product of the claimed parent boxes whose exact image under this one unit escapes the claimed
box) or open. `broken` says that the derivation is unsound, not that the bound is false. Only
method `ibp` has steps that can be broken; those of `crown` are inductive or open; `other` has none.
An unbounded end makes no claim: it is not counted as an endpoint, and as a parent it leaves the
steps that need it open.

Where a named function is applied values are enclosed, to 2^-256: an escape then needs the whole
enclosure beyond the claim, and an end inside our outward bound without such a point stays open.

A unit is one node; a constant Add after MatMul is one unit with it. Its parents are its variable
operands, an unclaimed one being replaced by its nearest claimed ancestors (the input's claim is
the file's input box).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

import numpy as np
from gmpy2 import mpq

from refsem.certificates.bounds_file import BoundsFile, Claimed
from refsem.errors import InputError
from refsem.exact import ExactTensor
from refsem.exact.tensor import concatenate
from refsem.ir.evaluation import Prepared, evaluate_graph, irrational_tensor, restricted_to
from refsem.ir.graph_enclosures import NotEnclosedError, enclose_graph
from refsem.ir.operators import Op
from refsem.rounding import ulp
from refsem.rules.propagation import Propagation
from refsem.rules.replay import Replay
from refsem.rules.trace import Box, Form, Region

_ZERO = ExactTensor.full((1, 1), mpq(0))

PRECISION = 256
"""Values of networks with functions are enclosed to 2^-256."""

_INCREASING = frozenset({Op.RELU, Op.TANH, Op.SIGMOID, Op.EXP, Op.LOG, Op.SQRT, Op.SOFTPLUS})


class Finding(Enum):
    """What was found about an endpoint or a step."""

    REFUTED = "refuted"
    CONFIRMED = "confirmed"
    OPEN = "open"
    INDUCTIVE = "inductive"
    BROKEN = "broken"
    NOT_CONTAINED = "not contained"


@dataclass(frozen=True, slots=True)
class Escape:
    """A claimed end and an exact value beyond it, reached at a point of the stated tensors.

    Where `enclosed`, the value is irrational and lies at `exact` or further beyond the claim.
    """

    finding: Finding
    tensor: str
    index: int
    side: str
    claimed: mpq
    exact: mpq
    point: tuple[tuple[str, tuple[mpq, ...]], ...]
    enclosed: bool = False

    @property
    def reached(self) -> str:
        """What `exact` is of the value: `exact`, or `at most` or `at least` where enclosed."""
        if not self.enclosed:
            return "exact"
        return "at most" if self.side == "lower" else "at least"

    @property
    def ulps(self) -> mpq:
        """How far the exact value lies beyond the claim, in binary32 ulps of the claim."""
        return abs(self.exact - self.claimed) / ulp(self.claimed)


@dataclass(frozen=True, slots=True)
class TensorReport:
    """Counts for one claimed tensor, the worst escape of each kind, and the unclaimed parents."""

    tensor: str
    endpoints: Mapping[Finding, int]
    steps: Mapping[Finding, int]
    escapes: tuple[Escape, ...]
    instead_of_parents: tuple[str, ...]
    """Claimed ancestors used where a parent itself is unclaimed."""
    not_judged: str = ""
    """Why the steps were not looked at: a function that claims allow out of its domain, or none."""


@dataclass(frozen=True, slots=True)
class BoundsReport:
    """The judgement of a bounds file."""

    method: str
    input_escapes: tuple[Escape, ...]
    tensors: tuple[TensorReport, ...]

    @property
    def input_contains_box(self) -> bool:
        """Whether the file's input box contains the property's."""
        return not self.input_escapes

    def count(self, finding: Finding) -> int:
        """How many endpoints or steps were found to be so."""
        return sum(
            counts.get(finding, 0) for t in self.tensors for counts in (t.endpoints, t.steps)
        )

    @property
    def endpoints(self) -> int:
        """How many endpoints were judged."""
        return sum(sum(report.endpoints.values()) for report in self.tensors)

    @property
    def steps(self) -> int:
        """How many steps were judged."""
        return sum(sum(report.steps.values()) for report in self.tensors)

    @property
    def open_steps(self) -> int:
        """How many steps are neither inductive nor broken."""
        return sum(report.steps.get(Finding.OPEN, 0) for report in self.tensors)

    @property
    def open_endpoints(self) -> int:
        """How many endpoints are neither refuted nor confirmed."""
        return sum(report.endpoints.get(Finding.OPEN, 0) for report in self.tensors)

    def escapes(self) -> tuple[Escape, ...]:
        """Every escape kept, the input's first."""
        return self.input_escapes + tuple(e for t in self.tensors for e in t.escapes)

    @property
    def verdict(self) -> str:
        """`unsound`, `sound` (everything confirmed and inductive) or `undecided`."""
        if self.escapes():
            return "unsound"
        return "undecided" if self.open_steps or self.open_endpoints else "sound"


# ends as tensors: a claim that is absent is replaced by a value that cannot be escaped


def _ends(claimed: Claimed, box: Box) -> tuple[ExactTensor, ExactTensor]:
    """The claimed ends, with our own bound where there is no claim."""
    lower = zip(claimed.lower, box.lower.rationals(), strict=True)
    upper = zip(claimed.upper, box.upper.rationals(), strict=True)
    return (
        ExactTensor.from_rationals(o if c is None else c for c, o in lower).reshape(1, -1),
        ExactTensor.from_rationals(o if c is None else c for c, o in upper).reshape(1, -1),
    )


def _claims_made(claimed: Claimed) -> int:
    return sum(end is not None for end in (*claimed.lower, *claimed.upper))


def judge_bounds(file: BoundsFile, states: tuple[Propagation, ...]) -> BoundsReport:
    """The judgement, given exact propagations over every region of the property.

    An endpoint is confirmed when it is over every region, refuted when it is over one.
    """
    prepared = states[0].replay.prepared
    source = prepared.graph.inputs[0]
    claims = {**file.tensors, source: file.input}
    reports = []
    for tensor in (name for name in prepared.nodes if name in file.tensors):
        endpoints, escapes = _judge_endpoints(tensor, file.tensors[tensor], states)
        steps: Mapping[Finding, int] = {}
        instead: tuple[str, ...] = ()
        reason = ""
        if file.method != "other" and tensor != source:
            unit = _unit(prepared, tensor, frozenset(claims))
            try:
                steps, broken = _judge_steps(prepared, unit, claims, file.method)
            except InputError as refusal:  # true but loose claims leave a function's domain
                steps, broken = {Finding.OPEN: _claims_made(file.tensors[tensor])}, ()
                reason = str(refusal)
            escapes, instead = escapes + broken, unit.instead
        reports.append(TensorReport(tensor, endpoints, steps, escapes, instead, reason))
    return BoundsReport(file.method, _input_escapes(source, file.input, states), tuple(reports))


def _input_escapes(
    source: str, claimed: Claimed, states: tuple[Propagation, ...]
) -> tuple[Escape, ...]:
    """The corner of the property's boxes that the file's input box leaves out by most, if any."""
    found: list[Escape] = []
    for state in states:
        lower, upper = state.replay.regions[state.region].boxes[source]
        ends = (("lower", claimed.lower, lower), ("upper", claimed.upper, upper))
        for side, claimed_ends, exact_ends in ends:
            point = ((source, tuple(exact_ends.rationals())),)
            pairs = zip(claimed_ends, exact_ends.rationals(), strict=True)
            for index, (claim, exact) in enumerate(pairs):
                if claim is not None and (exact < claim if side == "lower" else exact > claim):
                    found.append(
                        Escape(Finding.NOT_CONTAINED, source, index, side, claim, exact, point)
                    )
    return _worst(tuple(found))


# endpoints


def _judge_endpoints(
    tensor: str, claimed: Claimed, states: tuple[Propagation, ...]
) -> tuple[Mapping[Finding, int], tuple[Escape, ...]]:
    total = _claims_made(claimed)
    unconfirmed: set[tuple[str, int]] = set()
    escapes: dict[tuple[str, int], Escape] = {}
    for state in states:
        box = state.replay.box(state.boxes[tensor])
        doubtful = _doubtful(claimed, box)
        unconfirmed |= set(doubtful)
        if doubtful:
            for escape in _endpoint_escapes(tensor, _ends(claimed, box), doubtful, state):
                escapes.setdefault((escape.side, escape.index), escape)
    counts = {
        Finding.REFUTED: len(escapes),
        Finding.CONFIRMED: total - len(unconfirmed),
        Finding.OPEN: len(unconfirmed) - len(escapes),
    }
    return counts, _worst(tuple(escapes.values()))


def _doubtful(claimed: Claimed, box: Box) -> list[tuple[str, int]]:
    """The claimed ends that lie inside our exact box: refuted or open, not confirmed."""
    lower, upper = _ends(claimed, box)
    inside_lower, inside_upper = box.lower.less(lower)[0], upper.less(box.upper)[0]
    return [("lower", int(i)) for i in np.flatnonzero(inside_lower)] + [
        ("upper", int(i)) for i in np.flatnonzero(inside_upper)
    ]


def _endpoint_escapes(
    tensor: str,
    ends: tuple[ExactTensor, ExactTensor],
    doubtful: list[tuple[str, int]],
    state: Propagation,
) -> Iterator[Escape]:
    """Escapes among the corners at which our forms of the doubtful entries are extreme."""
    prepared, region = state.replay.prepared, state.replay.regions[state.region]
    below, above = state.forms(_guide(prepared, tensor), region.boxes)
    points = _extreme_points(state.form(below), state.form(above), region, doubtful)
    values = _values(prepared, tensor, points)
    if values is not None:
        yield from _escaping(Finding.REFUTED, tensor, ends, values, points, doubtful)


def _values(
    prepared: Prepared, tensor: str, points: Mapping[str, ExactTensor]
) -> tuple[ExactTensor, ExactTensor] | None:
    """Between what a tensor's values at the points (rows) lie; None where that cannot be told.

    Both ends are the exact value unless the network applies a named function.
    """
    part = restricted_to(prepared, (tensor,))  # what comes after may have no value there
    if not irrational_tensor(prepared):
        exact = evaluate_graph(part, points)[tensor]
        return exact, exact
    given = {name: (rows, rows) for name, rows in points.items()}
    try:
        return enclose_graph(part, given, PRECISION)[tensor]
    except NotEnclosedError:
        return None


def _guide(prepared: Prepared, tensor: str) -> str:
    """The tensor whose forms say where this one is extreme: its operand where it rises with it.

    A line of slope 0 below a ReLU would say nothing about where it is least.
    """
    rises, operands = prepared.nodes[tensor].op in _INCREASING, prepared.operands(tensor)
    return operands[0] if rises and operands else tensor  # a constant's tensor has no operand


def _extreme_points(
    below: Form, above: Form, region: Region, wanted: list[tuple[str, int]]
) -> dict[str, ExactTensor]:
    """For each wanted end, the corner of the region where the form that bounds it is extreme."""
    lower_rows = [index for side, index in wanted if side == "lower"]
    upper_rows = [index for side, index in wanted if side == "upper"]
    points = {}
    for name, (lower, upper) in region.boxes.items():
        parts = []
        for form, rows, least in ((below, lower_rows, True), (above, upper_rows, False)):
            coefficients = form.coefficients.get(name)
            if coefficients is None:
                parts.append(lower.broadcast_to((len(rows), lower.size)))
                continue
            rising = ~coefficients[rows].less(_ZERO)
            parts.append(lower.where(rising, upper) if least else upper.where(rising, lower))
        points[name] = concatenate(parts, axis=0)
    return points


def _escaping(
    finding: Finding,
    tensor: str,
    ends: tuple[ExactTensor, ExactTensor],
    values: tuple[ExactTensor, ExactTensor],
    points: Mapping[str, ExactTensor],
    wanted: list[tuple[str, int]],
) -> Iterator[Escape]:
    """For each wanted end, the escape of the point (row) whose value lies furthest beyond it."""
    least, greatest = values
    enclosed = least is not greatest
    reached = {"lower": greatest, "upper": least}
    furthest = {
        "lower": np.argmin(greatest.numerators, axis=0),
        "upper": np.argmax(least.numerators, axis=0),
    }
    for side, index in wanted:
        row = int(furthest[side][index])
        claim = ends[side == "upper"].rational(0, index)
        exact = reached[side].rational(row, index)
        if exact < claim if side == "lower" else exact > claim:
            point = tuple((name, tuple(p[row].rationals())) for name, p in points.items())
            apart = enclosed and least.rational(row, index) != greatest.rational(row, index)
            yield Escape(finding, tensor, index, side, claim, exact, point, apart)


def _worst(escapes: tuple[Escape, ...]) -> tuple[Escape, ...]:
    """The furthest escape, if there is any."""
    return (max(escapes, key=lambda escape: escape.ulps),) if escapes else ()


# steps


@dataclass(frozen=True, slots=True)
class _Unit:
    """A unit to be judged: its tensor, the claimed tensors that bound it, and where it looks."""

    tensor: str
    parents: frozenset[str]
    instead: tuple[str, ...]


def _unit(prepared: Prepared, tensor: str, claimed: frozenset[str]) -> _Unit:
    """The unit that defines a tensor, and its nearest claimed ancestors."""
    node, operands = prepared.nodes[tensor], prepared.operands(tensor)
    if node.op is Op.ADD and any(name in prepared.constants for name in node.operands):
        inner = prepared.nodes[operands[0]]
        if inner.op is Op.MATMUL:
            operands = prepared.operands(inner.name)
    parents, pending = set(), list(operands)
    while pending:
        name = pending.pop()
        if name in claimed:
            parents.add(name)
        else:
            pending.extend(prepared.operands(name))
    instead = tuple(sorted(parents - set(operands)))
    return _Unit(tensor, frozenset(parents), instead)


def _judge_steps(
    prepared: Prepared, unit: _Unit, claims: Mapping[str, Claimed], method: str
) -> tuple[Mapping[Finding, int], tuple[Escape, ...]]:
    claimed = claims[unit.tensor]
    total = _claims_made(claimed)
    region = _claimed_region(unit.parents, claims)
    if region is None:
        return {Finding.OPEN: total}, ()
    state, box = _image(prepared, unit.tensor, region)
    doubtful = _doubtful(claimed, box)
    if method == "crown":
        doubtful = _still_doubtful(prepared, unit.tensor, claims, doubtful)
        return {Finding.INDUCTIVE: total - len(doubtful), Finding.OPEN: len(doubtful)}, ()
    broken: tuple[Escape, ...] = ()
    if doubtful:
        ends = _ends(claimed, box)
        below, above = state.forms(_guide(prepared, unit.tensor), region.boxes)
        points = _extreme_points(state.form(below), state.form(above), region, doubtful)
        values = _values(prepared, unit.tensor, points)
        if values is not None:
            broken = tuple(_escaping(Finding.BROKEN, unit.tensor, ends, values, points, doubtful))
    counts = {
        Finding.INDUCTIVE: total - len(doubtful),
        Finding.BROKEN: len(broken),
        Finding.OPEN: len(doubtful) - len(broken),
    }
    return counts, _worst(broken)


def _claimed_region(parents: frozenset[str], claims: Mapping[str, Claimed]) -> Region | None:
    """The product of the claimed boxes of some tensors; None if one of them is unbounded."""
    boxes = {}
    for name in parents:
        lower, upper = (
            [e for e in ends if e is not None] for ends in (claims[name].lower, claims[name].upper)
        )
        if len(lower) + len(upper) < 2 * len(claims[name].lower):
            return None
        boxes[name] = (
            ExactTensor.from_rationals(lower).reshape(1, -1),
            ExactTensor.from_rationals(upper).reshape(1, -1),
        )
    return Region(boxes)


def _image(prepared: Prepared, tensor: str, region: Region) -> tuple[Propagation, Box]:
    """Exact bounds of a tensor over claimed boxes: interval steps and a backward pass together."""
    state = Propagation(Replay(prepared, (region,), {}), 0)
    for name in _between(prepared, tensor, frozenset(region.boxes)):
        state.boxes[name] = state.interval(name)
    both = {"first": state.boxes[tensor], "second": state.crown(tensor, region.boxes)}
    return state, state.replay.box(state.apply("intersect", tensor, both))


def _between(prepared: Prepared, tensor: str, region: frozenset[str]) -> list[str]:
    """The tensors needed to compute one from those of a region, in order, ends included."""
    needed, pending = set(), [tensor]
    while pending:
        name = pending.pop()
        if name not in needed:
            needed.add(name)
            pending.extend(() if name in region else prepared.operands(name))
    return [name for name in prepared.nodes if name in needed]


def _still_doubtful(
    prepared: Prepared,
    tensor: str,
    claims: Mapping[str, Claimed],
    doubtful: list[tuple[str, int]],
) -> list[tuple[str, int]]:
    """The ends that a full backward pass, relaxed over the claimed boxes, does not reach either."""
    ancestors = set(_between(prepared, tensor, frozenset())) - {tensor}
    region = _claimed_region(frozenset(ancestors & set(claims)), claims)
    if region is None or not doubtful or not ancestors:  # none: a function of constants
        return doubtful
    state = Propagation(Replay(prepared, (region,), {}), 0)
    for name in _between(prepared, tensor, frozenset()):
        if name != tensor:
            state.boxes[name] = state.interval(name)
    box = state.replay.box(state.crown(tensor, prepared.graph.inputs))
    beyond_reach = set(_doubtful(claims[tensor], box))
    return [end for end in doubtful if end in beyond_reach]
