"""Propagation: which rule to apply next, and with which slopes. Untrusted.

Everything here only chooses; `refsem.rules.replay` establishes each application as it is made
and would refuse one that does not follow. Host floats may be used freely.

Intermediate boxes are the intersection of the CROWN box and one interval step from the already
intersected boxes of the operands (as auto_LiRPA credits them).
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum

import numpy as np

from refsem.errors import InputError
from refsem.exact import ExactTensor
from refsem.ir.evaluation import Prepared
from refsem.ir.operators import Op
from refsem.rules.backwards import CURVED, bounded_backwards, fixed_tensors
from refsem.rules.choices import SMOOTH, Choice, interval_choice, line_choices
from refsem.rules.lifts.branches import ROLES
from refsem.rules.pairs import PLANAR, branch_planes, pair_interval, pair_planes
from refsem.rules.piecewise import PIECEWISE, piecewise_interval, piecewise_lines
from refsem.rules.ranged import ENCLOSED, by_enclosure, enclosed_lines
from refsem.rules.replay import Replay, ReplayError
from refsem.rules.trace import Application, Combination, Form, Region

SLOPE_BITS = 30
"""Slopes are chosen on a grid of 2^-30: small numbers, and tight enough for float32 weights."""

Progress = Callable[[str, int, int], None]
"""Called with a node's name, how many are done and how many there are."""


class Method(Enum):
    """How boxes are derived."""

    IBP = "ibp"
    CROWN = "crown"
    ALPHA = "alpha"
    """CROWN with slopes that are optimised (`refsem.search.alpha`)."""


class NoRuleError(ValueError):
    """An operator for which there is no bound rule yet; `node` names its tensor."""

    def __init__(self, node: str, message: str) -> None:
        super().__init__(f"tensor {node!r}: {message}")
        self.node = node
        self.message = message


def check_covered(prepared: Prepared) -> None:
    """Nothing if every tensor can be bounded by the rules there are; else `NoRuleError`."""
    for name, node in prepared.nodes.items():
        if node.op is Op.INPUT or name in prepared.affine:
            continue
        if node.op not in {*CURVED, *PLANAR}:
            message = f"no bound rule yet for operator {node.op.value} of variable tensors"
            raise NoRuleError(name, message)
        if node.op is Op.PRELU and node.operands[1] not in prepared.constants:
            raise NoRuleError(name, "no bound rule yet for prelu whose slope is a variable tensor")


def not_affine(prepared: Prepared) -> Iterator[str]:
    """The nodes that are no inputs and not affine."""
    for name, node in prepared.nodes.items():
        if node.op is not Op.INPUT and name not in prepared.affine:
            yield name


@dataclass(slots=True)
class Propagation:
    """A propagation in progress over one region of a graph.

    `boxes` are those established so far, constants' too; `lines` the lines or planes above and
    below a node.
    """

    replay: Replay
    region: int
    boxes: dict[str, int] = field(default_factory=dict)
    lines: dict[str, tuple[int, int]] = field(default_factory=dict)
    finished: dict[tuple[str, frozenset[str]], tuple[int, int]] = field(default_factory=dict)
    fixed: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        self.fixed = fixed_tensors(self.replay.prepared)

    def apply(
        self,
        rule: str,
        node: str,
        suppliers: Mapping[str, int],
        chosen: Mapping[str, ExactTensor] | None = None,
    ) -> int:
        """The index of this application, established by the replay."""
        application = Application(rule, node, self.region, suppliers, chosen or {})
        return self.replay.establish(application)

    def box_of(self, name: str) -> int:
        """The box of a tensor: established before, or that of a constant."""
        if name not in self.boxes and name in self.replay.prepared.constants:
            self.boxes[name] = self.apply("constant_interval", name, {})
        return self.boxes[name]

    def interval(self, node: str) -> int:
        """The box of a node by one interval step from the boxes of its operands."""
        prepared = self.replay.prepared
        if node in self.replay.regions[self.region].boxes:
            return self.apply("input_interval", node, {})
        if node in prepared.affine:
            suppliers = {name: self.boxes[name] for name in prepared.operands(node)}
            return self.apply("dot_product_interval", node, suppliers)
        op, operands = prepared.nodes[node].op, prepared.nodes[node].operands
        operand = self.box_of(operands[0])
        if op in PLANAR:
            rule = "where_interval" if op is Op.WHERE else pair_interval(op)
            return self.apply(rule, node, self._several(node))
        if op in PIECEWISE:
            return self.apply(piecewise_interval(op), node, {"operand": operand})
        if op is Op.RELU:
            return self.apply("relu_interval", node, {"operand": operand})
        box = self.replay.box(operand)
        rule, chosen = "enclosed_interval", dict[str, ExactTensor]()
        if not by_enclosure(op, box.lower, box.upper):
            rule, chosen = interval_choice(op, box.lower, box.upper)
        try:
            return self.apply(rule, node, {"operand": operand}, chosen)
        except ReplayError as refusal:
            raise InputError("", f"tensor {node!r} ({op.value})", refusal.message) from None

    def crown(self, target: str, stops: Collection[str]) -> int:
        """The box of a tensor or named target by a backward pass.

        The forms of a tensor, of which there may be many long rows, are then forgotten.
        """
        below, above = self.forms(target, stops)
        names = {*self.form(below).coefficients, *self.form(above).coefficients}
        suppliers = {name: self.box_of(name) for name in sorted(names)}
        box = self.apply("concretise", target, {"below": below, "above": above, **suppliers})
        if target not in self.replay.targets:
            self.replay.forget(self.finished.pop((target, frozenset(stops))))
        return box

    def forms(self, target: str, stops: Collection[str]) -> tuple[int, int]:
        """Forms below and above a tensor or named target, in terms of the tensors in `stops`."""
        key = target, frozenset(stops)
        if key not in self.finished:
            self.finished[key] = self._backward(target, stops)
        return self.finished[key]

    def _backward(self, target: str, stops: Collection[str]) -> tuple[int, int]:
        below = above = self.apply("start_form", target, {})
        while (node := self.latest(stops, below, above)) is not None:
            before = {below, above}
            if below == above and node in self.replay.prepared.affine:
                below = above = self.apply("substitute_affine", node, {"form": below})
            else:
                below = self.substituted(below, node, "substitute_lower")
                above = self.substituted(above, node, "substitute_upper")
            self.replay.forget(before - {below, above})
        return below, above

    def form(self, index: int) -> Form:
        """The form an application established."""
        judgement = self.replay.judgements[index]
        if not isinstance(judgement, Form):
            raise TypeError(f"application {index} established no form")
        return judgement

    def latest(self, stops: Collection[str], *forms: int) -> str | None:
        """The last node, in graph order, that still has to be substituted.

        What does not depend on the input stays: its box is as small as any form would make it.
        """
        present = {name for index in forms for name in self.form(index).coefficients}
        pending = present - set(stops) - self.fixed
        order = [name for name in self.replay.prepared.nodes if name in pending]
        return order[-1] if order else None

    def substituted(self, form: int, node: str, rule: str) -> int:
        """The form with a node replaced by what it is, or by its lines."""
        if node not in self.form(form).coefficients:
            return form
        if node in self.replay.prepared.affine:
            return self.apply("substitute_affine", node, {"form": form})
        upper, lower = self.relaxation(node)
        if self.replay.prepared.nodes[node].op in PLANAR:
            rule = rule.replace("substitute", "substitute_plane")
        return self.apply(rule, node, {"form": form, "upper": upper, "lower": lower})

    def relaxation(self, node: str) -> tuple[int, int]:
        """The lines above and below a ReLU or a function, or planes, established once."""
        if node not in self.lines:
            operand = self.box_of(self.replay.prepared.nodes[node].operands[0])
            if self.replay.prepared.nodes[node].op in PLANAR:
                self.lines[node] = self._planes(node)
            elif self.replay.prepared.nodes[node].op in {*SMOOTH, *ENCLOSED}:
                self.lines[node] = self._smooth_lines(node, operand)
            elif self.replay.prepared.nodes[node].op in PIECEWISE:
                self.lines[node] = self._piecewise_lines(node, operand)
            else:
                self.lines[node] = self._relu_lines(node, operand)
        return self.lines[node]

    def _relu_lines(self, node: str, operand: int) -> tuple[int, int]:
        box = self.replay.box(operand)
        above, below = relu_slopes(box.lower, box.upper)
        upper = self.apply("relu_upper", node, {"operand": operand}, {"s": above})
        return upper, self.apply("relu_lower", node, {}, {"s": below})

    def _smooth_lines(self, node: str, operand: int) -> tuple[int, int]:
        box, prepared = self.replay.box(operand), self.replay.prepared
        op = prepared.nodes[node].op
        if by_enclosure(op, box.lower, box.upper):
            choices = enclosed_lines(prepared, node, box.lower, box.upper)
        else:
            choices = line_choices(op, box.lower, box.upper)
        return self._applied_lines(node, operand, choices)

    def _piecewise_lines(self, node: str, operand: int) -> tuple[int, int]:
        box, prepared = self.replay.box(operand), self.replay.prepared
        choices = piecewise_lines(prepared, node, box.lower, box.upper)
        try:
            return self._applied_lines(node, operand, choices)
        except ReplayError as refusal:
            op = prepared.nodes[node].op.value
            raise InputError("", f"tensor {node!r} ({op})", refusal.message) from None

    def _planes(self, node: str) -> tuple[int, int]:
        what = self.replay.prepared.nodes[node]
        suppliers = self._several(node)
        boxes = [self.replay.box(index) for index in suppliers.values()]
        choices = branch_planes(*boxes) if what.op is Op.WHERE else pair_planes(what.op, *boxes)
        (above, over), (below, under) = choices
        upper = self.apply(above, node, suppliers, over)
        return upper, self.apply(below, node, suppliers, under)

    def _several(self, node: str) -> dict[str, int]:
        """The boxes of a node's operands by role; a choice has its condition first."""
        operands = self.replay.prepared.nodes[node].operands
        return dict(zip(ROLES[-len(operands) :], map(self.box_of, operands), strict=True))

    def _applied_lines(
        self, node: str, operand: int, choices: tuple[Choice, Choice]
    ) -> tuple[int, int]:
        (above, over), (below, under) = choices
        upper = self.apply(above, node, {"operand": operand}, over)
        return upper, self.apply(below, node, {"operand": operand}, under)


def relu_slopes(lower: ExactTensor, upper: ExactTensor) -> tuple[ExactTensor, ExactTensor]:
    """Slopes above (the chord's) and below (0 or 1, whichever leaves less area), on the grid."""
    low, high = lower.nearest_float64(), upper.nearest_float64()
    width = np.maximum(high, 0) - np.minimum(low, 0)
    chord = np.divide(np.maximum(high, 0), width, out=np.zeros_like(width), where=width > 0)
    above = np.where(low >= 0, 1.0, np.where(high <= 0, 0.0, chord))
    below = np.where(high > -low, 1.0, 0.0)
    return _on_grid(above), _on_grid(below)


def _on_grid(slopes: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> ExactTensor:
    steps = np.rint(np.clip(slopes, 0.0, 1.0) * 2.0**SLOPE_BITS)
    return ExactTensor(steps.astype(np.int64).astype(object), SLOPE_BITS, 1)


def propagate(
    prepared: Prepared,
    region: Region,
    method: Method,
    targets: Mapping[str, Combination],
    progress: Progress,
) -> Propagation:
    """Boxes for every tensor and every named target over a region, each established exactly.

    `ValueError` for a method that is not of fixed slopes.
    """
    if method is Method.ALPHA:
        raise ValueError("optimised slopes are chosen by refsem.search.alpha")
    state = Propagation(Replay(prepared, (region,), targets), 0)
    needed = bounded_backwards(prepared) if method is Method.CROWN else frozenset()
    for done, node in enumerate(prepared.nodes):
        progress(node, done, len(prepared.nodes))
        state.boxes[node] = state.interval(node)
        if node in needed:
            second = state.crown(node, region.boxes)
            both = {"first": state.boxes[node], "second": second}
            state.boxes[node] = state.apply("intersect", node, both)
    for name in prepared.graph.outputs:
        state.box_of(name)
    for name in targets:
        state.boxes[name] = _target(state, name, region, method)
    return state


def _target(state: Propagation, name: str, region: Region, method: Method) -> int:
    """The box of a target; of functions the better of both methods, for lines may be loose."""
    loose = {*SMOOTH, *ENCLOSED, *PLANAR}
    curved = any(node.op in loose for node in state.replay.prepared.nodes.values())
    if method is Method.CROWN and curved:
        both = {"first": state.crown(name, region.boxes), "second": from_boxes(state, name)}
        return state.apply("intersect", name, both)
    if method is Method.CROWN:
        return state.crown(name, region.boxes)
    return from_boxes(state, name)


def from_boxes(state: Propagation, name: str) -> int:
    """The box of a target from the boxes of the tensors that define it."""
    start = state.apply("start_form", name, {})
    suppliers = {tensor: state.box_of(tensor) for tensor in state.form(start).coefficients}
    return state.apply("concretise", name, {"below": start, "above": start, **suppliers})
