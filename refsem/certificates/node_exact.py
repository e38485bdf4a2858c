"""Node-wise certificates under exact arithmetic: containment, and era A's tolerance.

*Containment* (`exact`): every claimed box contains exact interval propagation of the claimed input
box. Every claimed form follows from exact forms of its own parents' claimed ones, through one node,
by the rules of `refsem.rules.forward`; parents come first, so by induction all of them hold.
A ReLU's lower slope is the stated one where the exact box leaves the neuron unstable (either 0 or 1
where none is stated); its upper line has the chord's slope, or the one the claim itself shows.

*Tolerance*: every number within 1e-5 of what is recomputed from the certificate's own parents.
That is no enclosure: errors add up from node to node, and `drift` says how far.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from gmpy2 import mpq

from refsem.certificates.comparison import TOLERANCE, apart, inward
from refsem.certificates.foreign.regions import FlatBox
from refsem.certificates.node_files import FlatForms, NodeFile
from refsem.certificates.node_graph import NodeGraph
from refsem.certificates.report import Finding
from refsem.exact import ExactTensor
from refsem.ir.operators import Op
from refsem.rounding import BINARY32
from refsem.rules.forward import (
    Bounds,
    Forms,
    any_of,
    constant_forms,
    follows_above,
    follows_below,
    input_forms,
    relu_above,
    relu_below,
    through_affine,
)
from refsem.rules.propagation import Method, Propagation, propagate
from refsem.rules.replay import Replay
from refsem.rules.trace import Region

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


def exact_boxes(claims: Claims) -> dict[str, Bounds]:
    """Exact interval propagation of the claimed input box; `ReplayError` without a rule."""
    prepared = claims.graph.prepared
    source = prepared.graph.inputs[0]
    region = Region({source: claims.boxes[source]})
    state = propagate(prepared, region, Method.IBP, {}, lambda _name, _done, _count: None)
    found = {name: (value, value) for name, value in prepared.constants.items()}
    for name, index in state.boxes.items():
        box = state.replay.box(index)
        found[name] = box.lower, box.upper
    return found


def check_boxes(claims: Claims, boxes: Mapping[str, Bounds]) -> list[Finding]:
    """The claimed ends inward of these."""
    findings = []
    for node, name in enumerate(claims.graph.tensors):
        label = claims.graph.label(node)
        findings += inward(claims.box(node), *boxes[name], label, BINARY32)
    return findings


def check_phases(claims: Claims, boxes: Mapping[str, Bounds]) -> list[Finding]:
    """The phases that contradict the exact boxes of their operands."""
    findings = []
    for node, phase in enumerate(claims.file.phases):
        name = claims.graph.tensors[node]
        if phase is None:
            continue
        if name not in claims.graph.prepared.nodes or claims.graph.operator(node) != Op.RELU.value:
            if not phase.equal(_ZERO).all():
                findings.append(Finding(f"beta[{node}]", "phases of a node that is no ReLU"))
            continue
        lower, upper = boxes[claims.graph.prepared.operands(name)[0]]
        rows = zip(phase.rationals(), lower.rationals(), upper.rationals(), strict=True)
        for index, (value, low, high) in enumerate(rows):
            place = f"beta[{node}][{index}]"
            if value == 1 and low < 0:
                findings.append(Finding(place, "active, but the operand may be", mpq(0), low))
            if value == -1 and high > 0:
                findings.append(Finding(place, "inactive, but the operand may be", mpq(0), high))
    return findings


# forms


def check_forms(claims: Claims, boxes: Mapping[str, Bounds]) -> list[Finding]:
    """The claimed forms that do not follow from their parents' claimed ones."""
    known = _Known(claims, boxes, {})
    findings: list[Finding] = []
    for node, name in enumerate(claims.graph.tensors):
        claimed = claims.file.forms[node]
        if claimed is None:
            continue
        below, above = known.choices(node, name, claimed.forms)
        label = claims.graph.label(node)
        for key, side, established in (("loC", "below", below), ("hiC", "above", above)):
            findings += _not_following(claimed, key, side, established, claims.inputs, label)
        known.forms[name] = claimed.forms
    return findings


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
class _Known:
    """Forms of tensors so far: the claimed ones, and computed ones of tensors without a number."""

    claims: Claims
    boxes: Mapping[str, Bounds]
    forms: dict[str, Forms]

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
        return below, above


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


def shown_slope(source: ExactTensor, claimed: ExactTensor) -> ExactTensor:
    """The slope a claim shows: its quotient with the operand's form at the greatest coefficient."""
    slopes = []
    for entry in range(source.shape[1]):
        column = [int(abs(value)) for value in source.numerators[:, entry]]
        row = max(range(len(column)), key=column.__getitem__)
        divisor = source.rational(row, entry)
        quotient = claimed.rational(row, entry) / divisor if divisor else mpq(0)
        slopes.append(min(max(quotient, mpq(0)), mpq(1)))
    return _on_grid(ExactTensor.from_rationals(slopes, (1, len(slopes))))


def _on_grid(slopes: ExactTensor) -> ExactTensor:
    numerators = slopes.numerators * (2 ** (GRID + 1)) // slopes.denominator
    return ExactTensor(np.asarray((numerators + 1) // 2, dtype=object), GRID, 1)


# era A


def check_tolerance(claims: Claims) -> list[Finding]:
    """The claimed numbers further than 1e-5 from what their own parents' claims give."""
    findings = []
    known = _Known(claims, claims.boxes, {})
    for node, name in enumerate(claims.graph.tensors):
        label = claims.graph.label(node)
        image = _image(claims, name)
        findings += apart(claims.box(node), *image, TOLERANCE, label, BINARY32)
        claimed = claims.file.forms[node] if claims.file.forms else None
        if claimed is not None:
            findings += _forms_apart(known, node, name, claimed, label)
            known.forms[name] = claimed.forms
    return findings


def _image(claims: Claims, name: str) -> Bounds:
    """The exact interval image of a tensor over its nearest numbered ancestors' claimed boxes."""
    prepared = claims.graph.prepared
    if name in prepared.constants:
        return prepared.constants[name], prepared.constants[name]
    if name in prepared.graph.inputs:
        return claims.boxes[name]
    needed, region, pending = {name}, {}, list(prepared.operands(name))
    while pending:
        operand = pending.pop()
        if operand in claims.boxes:
            region[operand] = claims.boxes[operand]
        elif operand not in needed:
            needed.add(operand)
            pending.extend(prepared.operands(operand))
    state = Propagation(Replay(prepared, (Region(region),), {}), 0)
    for tensor in prepared.nodes:
        if tensor in needed or tensor in region:
            state.boxes[tensor] = state.interval(tensor)
    box = state.replay.box(state.boxes[name])
    return box.lower, box.upper


def _forms_apart(
    known: _Known, node: int, name: str, claimed: FlatForms, label: str
) -> list[Finding]:
    below, above = known.choices(node, name, claimed.forms)
    allowed = ExactTensor.full((1, 1), TOLERANCE)
    findings = []
    for key, columns, choices in (
        ("lo", claimed.forms.lower, below),
        ("hi", claimed.forms.upper, above),
    ):
        near = np.zeros((1, columns.shape[1]), dtype=np.bool_)
        for choice in choices:
            near |= (~allowed.less(abs(columns - choice))).all(axis=0, keepdims=True)
        findings += [
            Finding(
                f"{claimed.place.path}.{key}A[{index}]",
                f"{label}: the form is further than the tolerance from every recomputed one",
            )
            for index in np.flatnonzero(~near[0]).tolist()
        ]
    return findings


def drift(claims: Claims) -> mpq | None:
    """How far inward of the truth an output's end may lie though every step is within tolerance.

    None where an operator is neither affine nor a ReLU.
    """
    prepared = claims.graph.prepared
    own = ExactTensor.full((1, 1), TOLERANCE)
    drifts: dict[str, ExactTensor] = {}
    numbered = set(claims.graph.tensors)
    for name, node in prepared.nodes.items():
        if name in prepared.graph.inputs:
            drifts[name] = ExactTensor.full((1, node.size), mpq(0))
            continue
        if name in prepared.affine:
            total = ExactTensor.full((1, node.size), mpq(0))
            for piece in prepared.affine[name].pieces:
                radius = drifts[piece.operand]
                total = total + piece.interval((-radius, radius))[1]
        elif node.op is Op.RELU:
            total = drifts[prepared.operands(name)[0]]
        else:
            return None
        drifts[name] = total + own if name in numbered else total
    outputs = [v for name in prepared.graph.outputs for v in drifts[name].rationals()]
    return max(outputs, default=mpq(0))
