"""Claims: a property over a graph as regions, linear targets, and exact tests of emptiness.

Cases over the same box share one region. For each constraint Σ a·X + Σ b·Y ≤ bound of a case the
region's target has one row a·X + b·Y; the case is empty if one of its rows is proved above its
bound over the whole region (at it, for a strict constraint). A point is a counterexample if it
lies in the box and meets every constraint of a case, exactly: touching a `<=` counts.

`widened` is VNN-COMP's tolerance as an exact property of its own: every box larger and every
constraint looser by 1e-4.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from math import prod

import numpy as np
from gmpy2 import mpq

from refsem.errors import InputError
from refsem.exact import ExactTensor
from refsem.exact.tensor import BooleanArray
from refsem.ir.evaluation import Prepared
from refsem.ir.joining import output_parts
from refsem.properties.property import Case, Coefficients, LinearConstraint, Property
from refsem.rules.trace import Ball, Box, Combination, Region

TOLERANCE = mpq(1, 10_000)


@dataclass(frozen=True, slots=True, eq=False)
class RegionClaims:
    """The cases over one box: their numbers in the property, the region, and the rows to bound."""

    cases: tuple[tuple[int, Case], ...]
    region: Region
    target: str
    combination: Combination
    bounds: ExactTensor
    """One bound a row, shape (1, rows); rows are the cases' constraints in order."""
    strict: BooleanArray

    def rows_of(self, position: int) -> range:
        """The rows of the case at this position in `cases`."""
        start = sum(len(case.unsafe) for _, case in self.cases[:position])
        return range(start, start + len(self.cases[position][1].unsafe))

    def empty_cases(self, rows: Box) -> dict[int, int]:
        """The cases that bounds of the rows prove empty: number, and the row that shows it."""
        above = self.bounds.less(rows.lower)
        touching = self.bounds.less_equal(rows.lower) & self.strict
        shown = (above | touching)[0]
        found = {}
        for position, (number, _) in enumerate(self.cases):
            proofs = [row for row in self.rows_of(position) if shown[row]]
            if proofs:
                found[number] = proofs[0]
        return found

    def met(self, values: Mapping[str, ExactTensor]) -> BooleanArray:
        """Which constraints (columns) each point (row) meets, exactly; inputs are not checked."""
        total = ExactTensor.full((1, 1), mpq(0))
        for tensor, coefficients in self.combination.items():
            total = total + values[tensor].matmul(coefficients.transpose((1, 0)))
        return np.asarray(total.less(self.bounds) | (total.equal(self.bounds) & ~self.strict))

    def inside(self, points: ExactTensor) -> BooleanArray:
        """Which points (rows) lie in the region's box, and its ball if it has one."""
        ((lower, upper),) = self.region.boxes.values()
        within = np.asarray((lower.less_equal(points) & points.less_equal(upper)).all(axis=1))
        for ball in self.region.balls.values():
            held = [ball.holds(points[row].rationals()) for row in range(points.shape[0])]
            within = within & np.array(held, dtype=np.bool_)
        return within

    def unsafe_points(self, values: Mapping[str, ExactTensor]) -> dict[int, int]:
        """For each case with a counterexample among the points: its number and the point's row."""
        ((tensor, _),) = self.region.boxes.items()
        met, inside = self.met(values), self.inside(values[tensor])
        found = {}
        for position, (number, _) in enumerate(self.cases):
            unsafe = inside & met[:, list(self.rows_of(position))].all(axis=1)
            if unsafe.any():
                found[number] = int(np.argmax(unsafe))
        return found


def check_fits(prepared: Prepared, property_: Property, file: str) -> None:
    """Nothing if the property is about such a network; `InputError` naming both counts if not."""
    graph = prepared.graph
    if len(graph.inputs) != 1 or len(graph.outputs) != 1:
        raise InputError(
            file, "", "a network with several inputs or outputs has to be joined first"
        )
    for what, name, count in (
        ("inputs", graph.inputs[0], property_.inputs),
        ("outputs", graph.outputs[0], property_.outputs),
    ):
        size = prod(prepared.shapes[name])
        if size != count:
            raise InputError(
                file, "", f"the property has {count} {what}, the network's {name!r} has {size}"
            )


def region_claims(prepared: Prepared, property_: Property) -> tuple[RegionClaims, ...]:
    """The claims of a property that fits the graph, one for each distinct box, or ball in a box."""
    groups: dict[tuple[tuple[mpq, ...], tuple[mpq, ...], Ball | None], list[tuple[int, Case]]] = {}
    for number, case in enumerate(property_.cases):
        groups.setdefault((case.lower, case.upper, case.ball), []).append((number, case))
    return tuple(_claims(prepared, tuple(cases)) for cases in groups.values())


def with_sums(prepared: Prepared, claims: RegionClaims) -> RegionClaims:
    """The same claims, every case of several constraints with their sum as one more.

    Constraints imply their sum (`weighted_constraint`, all weights 1), so no set changes; but the
    sum may be proved out of reach where no constraint is.
    """
    return _claims(prepared, tuple((number, _with_sum(case)) for number, case in claims.cases))


def _with_sum(case: Case) -> Case:
    if len(case.unsafe) == 1:
        return case
    total = LinearConstraint(
        _summed(constraint.inputs for constraint in case.unsafe),
        _summed(constraint.outputs for constraint in case.unsafe),
        sum((constraint.bound for constraint in case.unsafe), mpq(0)),
        any(constraint.strict for constraint in case.unsafe),
    )
    return Case(case.lower, case.upper, (*case.unsafe, total), case.ball)


def _summed(parts: Iterable[Coefficients]) -> Coefficients:
    found: dict[int, mpq] = {}
    for part in parts:
        for index, coefficient in part:
            found[index] = found.get(index, mpq(0)) + coefficient
    return tuple((index, found[index]) for index in sorted(found) if found[index] != 0)


def _claims(prepared: Prepared, cases: tuple[tuple[int, Case], ...]) -> RegionClaims:
    source = prepared.graph.inputs[0]
    constraints = [constraint for _, case in cases for constraint in case.unsafe]
    combination = _of_outputs(prepared, [c.outputs for c in constraints])
    if any(constraint.inputs for constraint in constraints) or not combination:
        rows = _rows([c.inputs for c in constraints], prepared.nodes[source].size)
        combination[source] = combination[source] + rows if source in combination else rows
    case = cases[0][1]
    lower, upper = (ExactTensor.from_rationals(e).reshape(1, -1) for e in (case.lower, case.upper))
    return RegionClaims(
        cases,
        Region({source: (lower, upper)}, balls={source: case.ball} if case.ball else {}),
        _unused_name(prepared, f"unsafe rows of case {cases[0][0]}"),
        combination,
        ExactTensor.from_rationals([c.bound for c in constraints]).reshape(1, -1),
        np.array([[c.strict for c in constraints]], dtype=np.bool_),
    )


def _of_outputs(prepared: Prepared, constraints: list[Coefficients]) -> dict[str, ExactTensor]:
    """The rows in terms of the outputs that they speak of, each by itself.

    Where one of these is a constant, which no search evaluates, in terms of all outputs in a row.
    """
    found = _of_parts(output_parts(prepared.graph), constraints)
    if not any(name in prepared.constants for name in found):
        return found
    (sink,) = prepared.graph.outputs
    return _of_parts(((sink, prod(prepared.shapes[sink])),), constraints)


def _of_parts(
    parts: Iterable[tuple[str, int]], constraints: list[Coefficients]
) -> dict[str, ExactTensor]:
    """The rows in terms of tensors whose entries are numbered through, those with a coefficient."""
    found: dict[str, ExactTensor] = {}
    start = 0
    for name, size in parts:
        own = [
            tuple((place - start, factor) for place, factor in one if start <= place < start + size)
            for one in constraints
        ]
        if any(own):
            rows = _rows(own, size)
            found[name] = found[name] + rows if name in found else rows
        start += size
    return found


def _rows(constraints: list[Coefficients], size: int) -> ExactTensor:
    values = [mpq(0)] * (len(constraints) * size)
    for row, coefficients in enumerate(constraints):
        for index, coefficient in coefficients:
            values[row * size + index] = coefficient
    return ExactTensor.from_rationals(values, (len(constraints), size))


def _unused_name(prepared: Prepared, name: str) -> str:
    while name in prepared.shapes:
        name += "'"
    return name


def widened(property_: Property) -> Property:
    """The property with every box larger and every constraint looser by VNN-COMP's tolerance.

    So is the radius of every ball.
    """
    return Property(
        property_.inputs,
        property_.outputs,
        tuple(
            Case(
                tuple(value - TOLERANCE for value in case.lower),
                tuple(value + TOLERANCE for value in case.upper),
                tuple(_relaxed(constraint) for constraint in case.unsafe),
                case.ball and replace(case.ball, radius=case.ball.radius + TOLERANCE),
            )
            for case in property_.cases
        ),
    )


def _relaxed(constraint: LinearConstraint) -> LinearConstraint:
    return LinearConstraint(
        constraint.inputs, constraint.outputs, constraint.bound + TOLERANCE, constraint.strict
    )
