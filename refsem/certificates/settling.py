"""Settling the cases of a property by one exact CROWN pass and a few corners.

A case is shown empty by replayed bounds, or refuted by a point of its box whose exact values meet
it, or left open. Slopes below ReLUs may be supplied: any in [0, 1] are sound, so it does not
matter who chose them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from gmpy2 import mpq

from refsem.exact import ExactTensor
from refsem.exact.tensor import concatenate
from refsem.ir.evaluation import Prepared, evaluate_graph, irrational_tensor
from refsem.ir.operators import Op
from refsem.properties.claims import RegionClaims, region_claims
from refsem.properties.property import Property
from refsem.rules.propagation import Propagation
from refsem.rules.relaxing import relu_slopes
from refsem.rules.replay import Replay

Slopes = Mapping[str, ExactTensor]
"""Lower slopes of ReLU tensors, each of shape (1, size), every entry in [0, 1]."""

EXACT_CHORDS = 16
"""ReLU tensors of at most so many entries are given their chord's exact slope."""


@dataclass(frozen=True, slots=True)
class Settled:
    """Case numbers shown empty, and points meeting the others, as far as any was found."""

    shown: frozenset[int]
    witnesses: Mapping[int, tuple[mpq, ...]]


def settle(prepared: Prepared, property_: Property, slopes: Slopes) -> Settled:
    """What exact bounds and the corners they point at say about each case of a fitting property.

    Where values may be irrational no corner is evaluated: nothing is refuted then.
    """
    shown: set[int] = set()
    witnesses: dict[int, tuple[mpq, ...]] = {}
    for claims in region_claims(prepared, property_):
        state = propagated(prepared, claims, slopes)
        found = claims.empty_cases(state.replay.box(state.boxes[claims.target]))
        shown |= set(found)
        if len(found) < len(claims.cases) and not irrational_tensor(prepared):
            points = _corners(state, claims)
            values = evaluate_graph(prepared, {prepared.graph.inputs[0]: points})
            for case, row in claims.unsafe_points(values).items():
                witnesses[case] = tuple(points[row].rationals())
    return Settled(frozenset(shown), witnesses)


def propagated(prepared: Prepared, claims: RegionClaims, slopes: Slopes) -> Propagation:
    """Boxes of every tensor and of the claims' target, with the supplied slopes below ReLUs."""
    region = claims.region
    state = Propagation(Replay(prepared, (region,), {claims.target: claims.combination}), 0)
    for name, node in prepared.nodes.items():
        if node.op is Op.RELU:
            operand = prepared.operands(name)[0]
            if operand not in region.boxes:
                both = {"first": state.boxes[operand], "second": state.crown(operand, region.boxes)}
                state.boxes[operand] = state.apply("intersect", operand, both)
            _relax(state, name, operand, slopes.get(name))
        state.boxes[name] = state.interval(name)
    both = {"first": state.crown(claims.target, region.boxes), "second": _at_once(state, claims)}
    state.boxes[claims.target] = state.apply("intersect", claims.target, both)
    return state


def _at_once(state: Propagation, claims: RegionClaims) -> int:
    """The target's box from those of the tensors it combines: tighter where the last is a ReLU."""
    start = state.apply("start_form", claims.target, {})
    suppliers = {name: state.boxes[name] for name in claims.combination}
    return state.apply("concretise", claims.target, {"below": start, "above": start, **suppliers})


def _relax(state: Propagation, node: str, operand: str, slope: ExactTensor | None) -> None:
    """Establish the node's lines, the lower one with the supplied slope where it is unstable."""
    box = state.replay.box(state.boxes[operand])
    above, below = relu_slopes(box.lower, box.upper)
    zero, one = (ExactTensor.full((1, 1), mpq(number)) for number in (0, 1))
    rising, falling = zero.less_equal(box.lower), box.upper.less_equal(zero)
    if box.lower.size <= EXACT_CHORDS:
        width = box.upper.maximum(zero) - box.lower.minimum(zero)
        safe = width.where(~width.equal(zero), one)
        above = box.upper.maximum(zero).divide(safe)
    if slope is not None:
        below = one.where(rising, zero.where(falling, slope))
    upper = state.apply("relu_upper", node, {"operand": state.boxes[operand]}, {"s": above})
    lower = state.apply("relu_lower", node, {}, {"s": below})
    state.lines[node] = upper, lower


def _corners(state: Propagation, claims: RegionClaims) -> ExactTensor:
    """The centre, and for each row the corner at which the form below it is least."""
    ((source, (lower, upper)),) = claims.region.boxes.items()
    below, _ = state.forms(claims.target, claims.region.boxes)
    centre = (lower + upper) * ExactTensor.full((1, 1), mpq(1, 2))
    coefficients = state.form(below).coefficients.get(source)
    if coefficients is None:
        return centre
    rising = ~coefficients.less(ExactTensor.full((1, 1), mpq(0)))
    return concatenate([centre, lower.where(rising, upper)], axis=0)
