"""Node-wise certificates under exact arithmetic: containment, and era A's tolerance.

*Containment* (`exact`): every claimed box contains exact interval propagation of the claimed input
box. Every claimed form follows from exact forms of its own parents' claimed ones, through one node,
by the rules of `refsem.rules.forward`; parents come first, so by induction all of them hold.
A ReLU's lower slope is the stated one where the exact box leaves the neuron unstable (either 0 or 1
where none is stated); its upper line has the chord's slope, or the one the claim itself shows.

Where functions make boxes irrational, enclosures take the place of the exact ones
(`enclosed_ends.py`): what follows from them is accepted; what contradicts them, or a value at a
point, is a finding; the rest stays open. A form of a function follows from its box, or from the
line of the slope that the claim shows.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from gmpy2 import mpq

from refsem.certificates.enclosed_ends import PRECISION, held_against, inner_ends
from refsem.certificates.foreign.regions import FlatBox
from refsem.certificates.node_files import FlatForms, NodeFile
from refsem.certificates.node_graph import NodeGraph
from refsem.certificates.report import Finding
from refsem.exact import ExactTensor
from refsem.ir.evaluation import irrational_tensor
from refsem.ir.graph_enclosures import NotEnclosedError, enclose_graph
from refsem.ir.operators import Op
from refsem.rounding import BINARY32
from refsem.rules.catalogue import BY_NAME
from refsem.rules.forward import (
    Bounds,
    Forms,
    any_of,
    beside,
    constant_forms,
    follows_above,
    follows_below,
    input_forms,
    relu_above,
    relu_below,
    through_affine,
)
from refsem.rules.propagation import Method, Propagation, propagate
from refsem.rules.trace import Line, Region, Side

_ZERO, _ONE = (ExactTensor.full((1, 1), mpq(value)) for value in (0, 1))


@dataclass(frozen=True, slots=True, eq=False)
class Claims:
    """A file all of whose claims are there, and the graph they are about."""

    graph: NodeGraph
    file: NodeFile
    boxes: Mapping[str, Bounds]
    """The claimed box of each numbered tensor."""

    @classmethod
    def of(cls, graph: NodeGraph, file: NodeFile) -> "Claims":
        """The claims of a file without findings."""
        boxes = {
            name: (box.lower, box.upper)
            for name, box in zip(graph.tensors, file.boxes, strict=True)
            if box is not None
        }
        return cls(graph, file, boxes)

    @property
    def inputs(self) -> Bounds:
        """The claimed input box as columns, for forms."""
        lower, upper = self.boxes[self.graph.prepared.graph.inputs[0]]
        return lower.reshape(-1, 1), upper.reshape(-1, 1)

    def box(self, node: int) -> FlatBox:
        """The claimed box of a node."""
        box = self.file.boxes[node]
        if box is None:
            raise ValueError(f"node {node} has no box")
        return box


@dataclass(frozen=True, slots=True)
class Found:
    """What is wrong, and what is neither right nor wrong, in words."""

    findings: list[Finding]
    open: tuple[str, ...] = ()

    def __add__(self, other: "Found") -> "Found":
        return Found(self.findings + other.findings, self.open + other.open)


def exact_state(claims: Claims) -> Propagation:
    """Exact interval propagation of the claimed input box; `ReplayError` without a rule."""
    prepared = claims.graph.prepared
    source = prepared.graph.inputs[0]
    region = Region({source: claims.boxes[source]})
    return propagate(prepared, region, Method.IBP, {}, lambda _name, _done, _count: None)


def exact_boxes(claims: Claims) -> dict[str, Bounds]:
    """The boxes of `exact_state`: outward of the exact ones where functions are applied."""
    return boxes_of(exact_state(claims))


def boxes_of(state: Propagation) -> dict[str, Bounds]:
    """The boxes that a propagation established, and constants."""
    prepared = state.replay.prepared
    found = {name: (value, value) for name, value in prepared.constants.items()}
    for name, index in state.boxes.items():
        box = state.replay.box(index)
        found[name] = box.lower, box.upper
    return found


def inward_boxes(claims: Claims, boxes: Mapping[str, Bounds]) -> Mapping[str, Bounds]:
    """Boxes inward of the exact ones: these themselves where nothing is irrational."""
    prepared = claims.graph.prepared
    if not irrational_tensor(prepared):
        return boxes
    source = prepared.graph.inputs[0]
    return inner_ends(prepared, {source: claims.boxes[source]})


def check_boxes(claims: Claims, boxes: Mapping[str, Bounds], inner: Mapping[str, Bounds]) -> Found:
    """The claimed ends inward of these."""
    findings: list[Finding] = []
    between = 0
    for node, name in enumerate(claims.graph.tensors):
        label, ends = claims.graph.label(node), inner.get(name)
        wrong, more = held_against(claims.box(node), boxes[name], ends, label, BINARY32)
        findings, between = findings + wrong, between + more
    words = f"{between} ends are inward of the enclosures, and not certainly of what they enclose"
    return Found(findings, (words,) if between else ())


def check_phases(claims: Claims, boxes: Mapping[str, Bounds], inner: Mapping[str, Bounds]) -> Found:
    """The phases that contradict the exact boxes of their operands."""
    certain = _wrong_phases(claims, inner)
    doubtful = len(_wrong_phases(claims, boxes)) - len(certain)
    words = f"{doubtful} phases are neither confirmed nor contradicted by enclosures"
    return Found(certain, (words,) if doubtful > 0 else ())


def _wrong_phases(claims: Claims, boxes: Mapping[str, Bounds]) -> list[Finding]:
    """The phases that boxes of their operands contradict, where there are such boxes."""
    findings = []
    for node, phase in enumerate(claims.file.phases):
        name = claims.graph.tensors[node]
        if phase is None:
            continue
        if name not in claims.graph.prepared.nodes or claims.graph.operator(node) != Op.RELU.value:
            if not phase.equal(_ZERO).all():
                findings.append(Finding(f"beta[{node}]", "phases of a node that is no ReLU"))
            continue
        operand = claims.graph.prepared.operands(name)[0]
        if operand not in boxes:
            continue
        lower, upper = boxes[operand]
        rows = zip(phase.rationals(), lower.rationals(), upper.rationals(), strict=True)
        for index, (value, low, high) in enumerate(rows):
            place = f"beta[{node}][{index}]"
            if value == 1 and low < 0:
                findings.append(Finding(place, "active, but the operand may be", mpq(0), low))
            if value == -1 and high > 0:
                findings.append(Finding(place, "inactive, but the operand may be", mpq(0), high))
    return findings


# forms


def check_forms(
    claims: Claims, boxes: Mapping[str, Bounds], state: Propagation | None = None
) -> Found:
    """The claimed forms that do not follow from their parents' claimed ones.

    With the state of a propagation functions have lines, and a form that does not follow is a
    finding only where a value at a corner refutes it.
    """
    known = Known(claims, boxes, {}, state)
    findings: list[Finding] = []
    doubtful = []
    for node, name in enumerate(claims.graph.tensors):
        claimed = claims.file.forms[node]
        if claimed is None:
            continue
        below, above = known.choices(node, name, claimed.forms)
        label = claims.graph.label(node)
        for key, side, established in (("loC", "below", below), ("hiC", "above", above)):
            wrong = _not_following(claimed, key, side, established, claims.inputs, label)
            findings += wrong
            doubtful += [node] if wrong else []
        known.forms[name] = claimed.forms
    if state is None or not findings:
        return Found(findings)
    refuted = false_forms(claims, tuple(dict.fromkeys(doubtful)))
    words = f"{len(findings)} forms do not follow from what is known of functions"
    return Found(refuted, () if refuted else (words,))


def _not_following(
    claimed: FlatForms,
    key: str,
    side: str,
    established: list[ExactTensor],
    inputs: Bounds,
    label: str,
) -> list[Finding]:
    columns = claimed.forms.lower if side == "below" else claimed.forms.upper
    follows = follows_below if side == "below" else follows_above
    shortfalls = [follows(columns, form, inputs) for form in established]
    wrong = np.flatnonzero(~any_of(*shortfalls)[0])
    findings = []
    for index in wrong.tolist():
        least = min(shortfall.rational(0, index) for shortfall in shortfalls)
        constant = columns.rational(-1, index)
        allowed = constant - least if side == "below" else constant + least
        message = f"{label}: the form {side} does not follow; its constant would have to be"
        place = f"{claimed.place.path}.{key}[{index}]"
        findings.append(Finding(place, message, constant, allowed))
    return findings


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """Forms of tensors so far: the claimed ones, and computed ones of tensors without a number."""

    claims: Claims
    boxes: Mapping[str, Bounds]
    forms: dict[str, Forms]
    state: Propagation | None = None

    def operand(self, name: str) -> Forms:
        """The claimed forms of a tensor, or those computed from its own operands."""
        if name not in self.forms:
            self.forms[name] = self._step(name)
        return self.forms[name]

    def _step(self, name: str) -> Forms:
        """The forms of an affine node from its operands', or its box."""
        prepared = self.claims.graph.prepared
        if name in prepared.affine:
            operands = {x: self.operand(x) for x in prepared.operands(name)}
            return through_affine(prepared.affine[name], operands)
        return self._box(name)

    def _box(self, name: str) -> Forms:
        inputs = self.claims.inputs[0].size
        return constant_forms(inputs, *self.boxes[name])

    def choices(
        self, node: int, name: str, claimed: Forms
    ) -> tuple[list[ExactTensor], list[ExactTensor]]:
        """Established forms below and above a node, any of which a claim may follow from."""
        prepared, box = self.claims.graph.prepared, self._box(name)
        below, above = [box.lower], [box.upper]
        if name in prepared.graph.inputs:
            forms = input_forms(self.claims.inputs[0].size)
            return [forms.lower, *below], [forms.upper, *above]
        if name in prepared.affine:
            forms = self._step(name)
            return [forms.lower, *below], [forms.upper, *above]
        if name in prepared.nodes and prepared.nodes[name].op is Op.RELU:
            operand = prepared.operands(name)[0]
            source, bounds = self.operand(operand), self.boxes[operand]
            stated = self.claims.file.slope(node)
            below += [relu_below(source, s) for s in lower_slopes(bounds, stated)]
            slopes = [chord(bounds), shown_slope(source.upper, claimed.upper)]
            above += [relu_above(source, bounds, s) for s in slopes]
        elif self.state is not None and len(prepared.operands(name)) == 1:
            below.append(self._line(name, Side.LOWER, claimed.lower))
            above.append(self._line(name, Side.UPPER, claimed.upper))
        return below, above

    def _line(self, name: str, side: Side, claimed: ExactTensor) -> ExactTensor:
        """A form of a function from the line of the slope that a claim shows."""
        assert self.state is not None  # noqa: S101  the caller looked
        source = self.operand(self.claims.graph.prepared.operands(name)[0])
        shown = source.lower if side is Side.LOWER else source.upper
        slope = shown_slope(shown, claimed, None)
        box = {"operand": self.state.boxes[self.claims.graph.prepared.operands(name)[0]]}
        index = self.state.apply(f"enclosed_{side.value}", name, box, {"k": slope})
        line = self.state.replay.judgements[index]
        if not isinstance(line, Line):
            raise TypeError(f"application {index} established no line")
        rule = BY_NAME[f"compose_{side.value}"]
        return beside(rule, [(line.slope, source)], line.intercept)


def lower_slopes(bounds: Bounds, stated: ExactTensor | None) -> list[ExactTensor]:
    """The slopes a form below a ReLU may have: 1 where active, 0 where inactive, else the stated.

    At an end that is 0 exactly a neuron counts as either. Where none is stated, 0 and 1 both do.
    """
    lower, upper = bounds
    active, inactive = _ZERO.less_equal(lower), upper.less_equal(_ZERO)
    unstable = (_ZERO, _ONE) if stated is None else (stated,)
    fixed = [_ONE.where(active, _ZERO.where(inactive, slope)) for slope in unstable]
    shape = lower.shape
    return [slope.broadcast_to(shape) for slope in (*fixed, *unstable)]


GRID = 40
"""Upper slopes are taken on a grid of 2^-40: any slope ≥ 0 is sound, and numbers stay small."""


def chord(bounds: Bounds) -> ExactTensor:
    """The slope of the chord of each ReLU over its box, on the grid."""
    low, high = bounds[0].minimum(_ZERO), bounds[1].maximum(_ZERO)
    width = high - low
    slope = high.divide(width.where(~width.equal(_ZERO), _ONE))
    return _on_grid(_ONE.where(_ZERO.less_equal(bounds[0]), slope))


_GREATEST = mpq(1)


def shown_slope(
    source: ExactTensor, claimed: ExactTensor, greatest: mpq | None = _GREATEST
) -> ExactTensor:
    """The slope a claim shows: its quotient with the operand's form at the greatest coefficient.

    Between 0 and the greatest, if one is stated.
    """
    slopes = []
    for entry in range(source.shape[1]):
        column = [int(abs(value)) for value in source.numerators[:, entry]]
        row = max(range(len(column)), key=column.__getitem__)
        divisor = source.rational(row, entry)
        quotient = claimed.rational(row, entry) / divisor if divisor else mpq(0)
        slopes.append(quotient if greatest is None else min(max(quotient, mpq(0)), greatest))
    return _on_grid(ExactTensor.from_rationals(slopes, (1, len(slopes))))


def _on_grid(slopes: ExactTensor) -> ExactTensor:
    numerators = slopes.numerators * (2 ** (GRID + 1)) // slopes.denominator
    return ExactTensor(np.asarray((numerators + 1) // 2, dtype=object), GRID, 1)


def false_forms(claims: Claims, nodes: tuple[int, ...]) -> list[Finding]:
    """The forms claimed of these nodes that values at corners of the input box refute."""
    prepared, (low, high) = claims.graph.prepared, claims.inputs
    source = prepared.graph.inputs[0]
    findings: list[Finding] = []
    for node in nodes:
        claimed, name = claims.file.forms[node], claims.graph.tensors[node]
        if claimed is None or name in prepared.constants:
            continue
        for key, columns, below in (
            ("loC", claimed.forms.lower, True),
            ("hiC", claimed.forms.upper, False),
        ):
            rising = ~columns[:-1].less(_ZERO)
            corners = high.where(rising, low) if below else low.where(rising, high)
            points = corners.transpose((1, 0))
            try:
                values = enclose_graph(prepared, {source: (points, points)}, PRECISION)[name]
            except NotEnclosedError:
                continue
            said = (columns[:-1] * corners).sum((0,)).reshape(1, -1) + columns[-1:]
            for index in range(columns.shape[1]):
                value = values[1 if below else 0].rational(index, index)
                claim = said.rational(0, index)
                if claim > value if below else claim < value:
                    message = f"{claims.graph.label(node)}: the form is false at a corner"
                    place = f"{claimed.place.path}.{key}[{index}]"
                    findings.append(Finding(place, message, claim, value))
    return findings
