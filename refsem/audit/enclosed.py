"""Counterexamples of networks whose values are irrational: enclosed at a point by the replay.

At a rational input a network with tanh or exp has no rational outputs. It is propagated over the
box that is that one point; a case is violated there if every constraint holds at all numbers in
the resulting boxes.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gmpy2 import mpq

from refsem.exact import ExactTensor
from refsem.ir.evaluation import Prepared
from refsem.properties.claims import RegionClaims
from refsem.rules.propagation import Method, propagate
from refsem.rules.trace import Box, Form, Region
from refsem.search import counterexample

_CORNERS = 16


@dataclass(frozen=True, slots=True)
class EnclosedPoint:
    """An input at which a case is violated, and numbers around each output there."""

    inputs: tuple[mpq, ...]
    lower: tuple[mpq, ...]
    upper: tuple[mpq, ...]


def enclosed_witnesses(
    prepared: Prepared, claims: RegionClaims, form: Form, seed: int, shown: Mapping[int, int]
) -> dict[int, EnclosedPoint]:
    """Counterexamples to cases not shown empty among the centre and some corners of the box."""
    found: dict[int, EnclosedPoint] = {}
    for point in _points(claims, form, seed):
        inputs = tuple(point.rationals())
        rows, outputs = enclosed_at(prepared, claims, point)
        for case in _violated(claims, rows):
            ends = (tuple(end.rationals()) for end in (outputs.lower, outputs.upper))
            found.setdefault(case, EnclosedPoint(inputs, *ends))
        if len(found) + len(shown) == len(claims.cases):
            break
    return found


def _points(claims: RegionClaims, form: Form, seed: int) -> Iterator[ExactTensor]:
    batches = (
        counterexample.least_corners(claims, form),
        counterexample.centre(claims),
        counterexample.random_corners(claims, seed, _CORNERS),
    )
    for batch in batches:
        for row in range(batch.shape[0]):
            yield batch[[row]]


def enclosed_at(prepared: Prepared, claims: RegionClaims, point: ExactTensor) -> tuple[Box, Box]:
    """Boxes of the claims' rows and of the output at one input."""
    ((tensor, _),) = claims.region.boxes.items()
    region, targets = Region({tensor: (point, point)}), {claims.target: claims.combination}
    state = propagate(prepared, region, Method.IBP, targets, lambda *_: None)
    names = (claims.target, prepared.graph.outputs[0])
    rows, outputs = (state.replay.box(state.boxes[name]) for name in names)
    return rows, outputs


def _violated(claims: RegionClaims, rows: Box) -> Iterator[int]:
    """The cases whose every constraint is met wherever in the boxes the rows are."""
    met = rows.upper.less(claims.bounds) | (rows.upper.equal(claims.bounds) & ~claims.strict)
    for position, (number, _) in enumerate(claims.cases):
        if met[0, list(claims.rows_of(position))].all():
            yield number
