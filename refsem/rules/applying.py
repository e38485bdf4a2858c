"""A propagation in progress: one step after another, each established as it is made. Untrusted.

A step is a box by intervals or by a backward pass, a line or plane, or a form of a forward pass.
Which steps there are, and in which order, `refsem.rules.propagation` says.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod

from refsem.errors import InputError
from refsem.exact import ExactTensor
from refsem.ir.operators import Op
from refsem.rules.backwards import fixed_tensors
from refsem.rules.ball_choices import ball_choice
from refsem.rules.choices import interval_choice
from refsem.rules.division import established_in_parts
from refsem.rules.lifts.branches import ROLES
from refsem.rules.pairs import PLANAR, pair_interval
from refsem.rules.passes import Pass, backward_pass, last_needed, replaced_nodes
from refsem.rules.piecewise import PIECEWISE, piecewise_interval
from refsem.rules.ranged import by_enclosure
from refsem.rules.relaxing import chosen_lines
from refsem.rules.replay import Replay, ReplayError
from refsem.rules.trace import Application, Form

LEAST_DIVIDED = 200_000
"""Rows times entries of the tensors on its way that a pass has before it is divided."""


class NotBoundedError(InputError):
    """A box over which a function is not bounded: it may have no value somewhere in it.

    The place is the function's tensor; what box it was, and in which file, the caller knows.
    """


@dataclass(slots=True)
class Propagation:
    """A propagation in progress over one region of a graph.

    `boxes` are those established so far, constants' too; `lines` the lines or planes above and
    below a node; `composed` the forms of a forward pass below and above a tensor. Of large backward
    passes the rows are divided between `processes`.
    """

    replay: Replay
    region: int
    boxes: dict[str, int] = field(default_factory=dict)
    lines: dict[str, tuple[int, int]] = field(default_factory=dict)
    finished: dict[tuple[str, frozenset[str]], tuple[int, int]] = field(default_factory=dict)
    composed: dict[str, tuple[int, int]] = field(default_factory=dict)
    processes: int = 1
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
            return self.apply(rule, node, self._beside(node))
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
            raise NotBoundedError("", f"tensor {node!r} ({op.value})", refusal.message) from None

    def crown(self, target: str, stops: Collection[str]) -> int:
        """The box of a tensor or named target by a backward pass.

        The forms of a tensor, of which there may be many long rows, are then forgotten; where they
        are many and there are several processes, each bounds some of the rows.
        """
        known = target in self.replay.targets or (target, frozenset(stops)) in self.finished
        if known or self.replay.regions[self.region].balls:
            box = self.concretised(target, *self.forms(target, stops))
            if target not in self.replay.targets:
                self.replay.forget(self.finished.pop((target, frozenset(stops))))
            return box
        planned, left = self._planned(target, stops)
        suppliers = {"below": planned.below, "above": planned.above}
        boxes = {name: self.boxes[name] for name in sorted(left)}
        end = Application("concretise", target, self.region, {**suppliers, **boxes})
        whole = (*planned.applications, end)
        prepared = self.replay.prepared
        rows = prod(prepared.shapes[target])
        width = sum(prod(prepared.shapes[one.node]) for one in planned.applications)
        if rows * width < LEAST_DIVIDED or self.processes == 1:
            return self._established(whole)
        return established_in_parts(self.replay, whole, self.processes)

    def within(self, form: int, side: str) -> int:
        """The form with coefficients given up for what the region's balls allow."""
        region = self.replay.regions[self.region]
        for node, ball in region.balls.items():
            if node in self.form(form).coefficients:
                coefficients, box = self.form(form).coefficients[node], region.boxes[node]
                rule, chosen = ball_choice(ball, coefficients, box, side)
                form = self.apply(rule, node, {"form": form}, chosen)
        return form

    def forms(self, target: str, stops: Collection[str]) -> tuple[int, int]:
        """Forms below and above a tensor or named target, in terms of the tensors in `stops`."""
        key = target, frozenset(stops)
        if key not in self.finished:
            planned, _ = self._planned(target, stops)
            self._established(planned.applications)
            self.finished[key] = planned.below, planned.above
        return self.finished[key]

    def _planned(self, target: str, stops: Collection[str]) -> tuple[Pass, frozenset[str]]:
        """A backward pass, all that it needs being established, and the tensors it ends in.

        What does not depend on the input stays: its box is as small as any form would make it.
        """
        prepared, names = self.replay.prepared, self.replay.targets.get(target, (target,))
        nodes, left = replaced_nodes(prepared, names, {*stops, *self.fixed})
        for node in nodes:
            if node not in prepared.affine:
                self.relaxation(node)
        for name in left:
            if name in prepared.constants:
                self.box_of(name)
        first = len(self.replay.applications)
        return backward_pass(prepared, target, self.region, nodes, self.lines, first), left

    def _established(self, applications: Sequence[Application]) -> int:
        """The index of the last of these applications, established in order."""
        first = len(self.replay.applications)
        for application, needless in zip(
            applications, last_needed(applications, first), strict=True
        ):
            self.replay.establish(application)
            self.replay.forget(needless)
        return len(self.replay.applications) - 1

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
            prepared = self.replay.prepared
            op = prepared.nodes[node].op
            suppliers = self._beside(node)
            boxes = [self.replay.box(index) for index in suppliers.values()]
            (above, over), (below, under) = chosen_lines(prepared, node, boxes)
            try:
                upper = self.apply(above, node, suppliers, over)
                lower = self.apply(below, node, {} if op is Op.RELU else suppliers, under)
            except ReplayError as refusal:
                raise NotBoundedError(
                    "", f"tensor {node!r} ({op.value})", refusal.message
                ) from None
            self.lines[node] = upper, lower
        return self.lines[node]

    def _beside(self, node: str) -> dict[str, int]:
        """The boxes of a node's operands by role; a choice has its condition first."""
        what = self.replay.prepared.nodes[node]
        if what.op not in PLANAR:
            return {"operand": self.box_of(what.operands[0])}
        return dict(zip(ROLES[-len(what.operands) :], map(self.box_of, what.operands), strict=True))

    def compose(self, node: str, stops: Collection[str]) -> tuple[int, int]:
        """Forms below and above a tensor or named target from those of its operands, kept."""
        prepared, target = self.replay.prepared, self.replay.targets.get(node)
        if node in stops or node in self.fixed:
            start = self.apply("start_form", node, {})
            self.composed[node] = start, start
            return start, start
        operands = prepared.operands(node) if target is None else tuple(target)
        suppliers: dict[str, int] = {}
        for name in operands:
            if name not in prepared.constants:
                below, above = self.composed[name]
                suppliers |= {f"lower/{name}": below, f"upper/{name}": above}
        over, under = dict(suppliers), dict(suppliers)
        if target is None and node not in prepared.affine:
            role = "plane" if prepared.nodes[node].op in PLANAR else "line"
            over[role], under[role] = self.relaxation(node)
        if target is None and self._linear(node):
            planned, _ = self._planned(node, stops)
            self._established(planned.applications)
            self.composed[node] = planned.below, planned.above
            return self.composed[node]
        below = self.apply("compose_lower", node, under)
        self.composed[node] = below, self.apply("compose_upper", node, over)
        return self.composed[node]

    def _linear(self, node: str) -> bool:
        """Whether a node is affine in tensors whose forms are equal to them."""
        pairs = [self.composed[name] for name in self.replay.prepared.operands(node)]
        return node in self.replay.prepared.affine and all(below == above for below, above in pairs)

    def concretised(self, target: str, below: int, above: int) -> int:
        """The box of a target between two of its forms."""
        below, above = self.within(below, "lower"), self.within(above, "upper")
        names = {*self.form(below).coefficients, *self.form(above).coefficients}
        suppliers = {name: self.box_of(name) for name in sorted(names)}
        return self.apply("concretise", target, {"below": below, "above": above, **suppliers})
