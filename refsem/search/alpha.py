"""Propagation with optimised slopes: every box by the slopes below ReLUs that suit each row best.

As `refsem.rules.propagation`, box after box in graph order, but the rows of each tensor are
bounded backwards with slopes of their own, found in floats (`refsem.search.relaxation`) and chosen
on a grid. Untrusted: each application is established by the replay as it is made.

Source: alpha-CROWN (Xu et al. 2021), with the slopes of every inner row optimised for that row.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from refsem.exact import ExactTensor
from refsem.ir.evaluation import Prepared
from refsem.ir.operators import Op
from refsem.rules.backwards import bounded_backwards
from refsem.rules.propagation import (
    Method,
    Progress,
    Propagation,
    from_boxes,
    not_affine,
    propagate,
)
from refsem.rules.replay import Replay
from refsem.rules.trace import Combination, Line, Region, Side
from refsem.search.relaxation import STEPS, FloatForm, Floats, Relaxed, Slopes, optimised

SLOPE_BITS = 12
"""Slopes below are chosen on a grid of 2^-12."""


def bounded_by(
    prepared: Prepared,
    region: Region,
    method: Method,
    targets: Mapping[str, Combination],
    progress: Progress,
    processes: int = 1,
) -> Propagation:
    """Boxes for every tensor and target over a region by any method, each established exactly.

    Slopes of planes, and of functions of constants, are not optimised: a network that has such
    nodes, or a target that speaks of a constant, is bounded by CROWN.
    """
    if method is not Method.ALPHA:
        return propagate(prepared, region, method, targets, progress, processes)
    if not _optimisable(prepared, targets):
        return propagate(prepared, region, Method.CROWN, targets, progress, processes)
    state = Propagation(Replay(prepared, (region,), targets), 0)
    run = _Alpha(state, frozenset(n for n in prepared.nodes if n not in prepared.affine))
    needed = bounded_backwards(prepared, region)
    for done, node in enumerate(prepared.nodes):
        progress(node, done, len(prepared.nodes))
        state.boxes[node] = state.interval(node)
        if node not in prepared.affine and node not in region.boxes:
            run.relax(node)  # first: an output that is a curve is bounded by its own lines
        if node in needed:
            second = run.box(node)
            both = {"first": state.boxes[node], "second": second}
            state.boxes[node] = state.apply("intersect", node, both)
    for name in prepared.graph.outputs:
        state.box_of(name)
    for name in targets:
        both = {"first": run.box(name), "second": from_boxes(state, name)}
        state.boxes[name] = state.apply("intersect", name, both)
    return state


def _optimisable(prepared: Prepared, targets: Mapping[str, Combination]) -> bool:
    """Whether all is affine or a curve in one variable tensor, and no target has a constant."""
    named = {name for combination in targets.values() for name in combination}
    single = all(len(prepared.operands(name)) == 1 for name in not_affine(prepared))
    return single and named <= set(prepared.nodes)


@dataclass(slots=True)
class _Alpha:
    """A propagation in progress, and its graph in floats so far."""

    state: Propagation
    stops: frozenset[str]
    relaxed: list[Relaxed] = field(default_factory=list)

    def relax(self, node: str) -> None:
        """Note a node's operand and lines, now that its operand is bounded."""
        self.relaxed.append(relaxed_node(self.state, self.stops, node))

    def box(self, target: str) -> int:
        """The box of a tensor or named target between two forms, each with slopes of its own."""
        state, rows = self.state, float_form(self.state, self.stops, target)
        region = state.replay.regions[state.region]
        boxes = float_boxes(region)
        below, above = (
            self._form(target, side, optimised(self.relaxed, boxes, signed, STEPS))
            for side, signed in ((Side.LOWER, rows), (Side.UPPER, rows.negated()))
        )
        state.finished[target, frozenset(region.boxes)] = below, above
        below, above = state.within(below, "lower"), state.within(above, "upper")
        names = {*state.form(below).coefficients, *state.form(above).coefficients}
        suppliers = {name: state.boxes[name] for name in sorted(names)}
        return state.apply("concretise", target, {"below": below, "above": above, **suppliers})

    def _form(self, target: str, side: Side, slopes: Slopes) -> int:
        """The target bounded from one side by a form in the input."""
        state = self.state
        stops = state.replay.regions[state.region].boxes
        free = {node.name for node in self.relaxed if node.free.any()}
        form, _ = state.forms(target, self.stops)
        while (node := state.latest(stops, form)) is not None:
            if node in state.replay.prepared.affine:
                form = state.apply("substitute_affine", node, {"form": form})
                continue
            upper, lower = state.relaxation(node)
            if node in free:
                lower = state.apply("relu_lower", node, {}, {"s": on_grid(slopes[node])})
            lines = {"form": form, "upper": upper, "lower": lower}
            form = state.apply(f"substitute_{side.value}", node, lines)
        return form


def relaxed_node(state: Propagation, stops: frozenset[str], node: str) -> Relaxed:
    """A node of one operand, whose operand is bounded, with its lines in floats."""
    prepared = state.replay.prepared
    (operand,) = prepared.operands(node)
    box = state.replay.box(state.boxes[operand])
    lower, upper = box.lower.nearest_float64()[0], box.upper.nearest_float64()[0]
    above, below = (_float_line(state, index) for index in state.relaxation(node))
    free = (lower < 0) & (upper > 0) & (prepared.nodes[node].op is Op.RELU)
    return Relaxed(node, float_form(state, stops, operand), *above, *below, free)


def _float_line(state: Propagation, index: int) -> tuple[Floats, Floats]:
    line = state.replay.judgements[index]
    if not isinstance(line, Line):
        raise TypeError(f"application {index} established no line")
    return line.slope.nearest_float64()[0], line.intercept.nearest_float64()[0]


def float_form(state: Propagation, stops: frozenset[str], target: str) -> FloatForm:
    """A target as an affine form in what is not affine; `stops` are the nodes that are not."""
    form = state.form(state.forms(target, stops)[0])
    if form.side is not Side.EQUAL:
        raise AssertionError(f"{target!r} is no affine form in what is not affine")
    weights = {name: part.nearest_float64() for name, part in form.coefficients.items()}
    return FloatForm(weights, form.constant.nearest_float64()[:, 0])


def float_boxes(region: Region) -> dict[str, tuple[Floats, Floats]]:
    """The region's boxes, rounded to nearest."""
    return {
        name: (lower.nearest_float64()[0], upper.nearest_float64()[0])
        for name, (lower, upper) in region.boxes.items()
    }


def on_grid(slopes: Floats) -> ExactTensor:
    """The nearest slopes from 0 to 1 on the grid."""
    steps = np.rint(np.clip(slopes, 0.0, 1.0) * 2.0**SLOPE_BITS)
    return ExactTensor(steps.astype(np.int64).astype(object), SLOPE_BITS, 1)
