"""Points judged: evaluated exactly, or where values are irrational enclosed by the replay.

At a rational input a network with tanh or exp has no rational outputs. It is propagated over the
box that is that one point; a case is violated there if every constraint holds at all numbers in
the resulting boxes.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gmpy2 import mpq

from refsem.exact import ExactTensor
from refsem.ir.evaluation import Prepared, evaluate_graph, irrational_tensor
from refsem.properties.claims import RegionClaims
from refsem.rules.propagation import Method, propagate
from refsem.rules.trace import Box, Form, Region
from refsem.search.ball_points import candidates


@dataclass(frozen=True, slots=True)
class EnclosedPoint:
    """An input at which a case is violated, and numbers around each output there."""

    inputs: tuple[mpq, ...]
    lower: tuple[mpq, ...]
    upper: tuple[mpq, ...]


def enclosed_witnesses(
    prepared: Prepared, claims: RegionClaims, form: Form, seed: int, shown: Mapping[int, int]
) -> dict[int, EnclosedPoint]:
    """Counterexamples to cases not shown empty among the candidates of the search."""
    found: dict[int, EnclosedPoint] = {}
    for batch in candidates(prepared, claims, form, seed):
        for row in range(batch.shape[0]):
            for case, point in enclosed_point(prepared, claims, batch[[row]]).items():
                found.setdefault(case, point)
            if len(found) + len(shown) == len(claims.cases):
                return found
    return found


def enclosed_point(
    prepared: Prepared, claims: RegionClaims, point: ExactTensor
) -> dict[int, EnclosedPoint]:
    """The cases violated at one point (a row), each with what is known of it; maybe none."""
    if not claims.inside(point).all():
        return {}
    rows, outputs = enclosed_at(prepared, claims, point)
    ends = (tuple(end.rationals()) for end in (outputs.lower, outputs.upper))
    found = EnclosedPoint(tuple(point.rationals()), *ends)
    return dict.fromkeys(_violated(claims, rows), found)


Met = tuple[dict[str, ExactTensor], int] | EnclosedPoint
"""A point that meets a case: exact values of some points and its row, or what encloses it."""


def met_at(prepared: Prepared, claims: RegionClaims, points: ExactTensor) -> dict[int, Met]:
    """The cases violated at any of the points (rows), each with such a point; maybe none."""
    if irrational_tensor(prepared):
        found: dict[int, Met] = {}
        for row in range(points.shape[0]):
            for case, point in enclosed_point(prepared, claims, points[[row]]).items():
                found.setdefault(case, point)
        return found
    (source,) = claims.region.boxes
    values = evaluate_graph(prepared, {source: points})
    return {case: (values, row) for case, row in claims.unsafe_points(values).items()}


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
