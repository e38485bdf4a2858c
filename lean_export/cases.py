"""Cases of a property for Lean: constraints with integer coefficients, and sums that refute them.

A constraint is multiplied by the common denominator of its numbers. A case is empty where a sum of
its constraints on outputs is out of reach; the sum's coefficients become a row of binary32 patterns
that a form is started from, so that it is pushed back like the rows of a layer. What the words mean
is stated in `Refsem/Cover.lean`; that a row is the sum it is said to be is checked there.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import lcm

from gmpy2 import mpq

from lean_export.layers import pattern
from lean_export.layout import documentation, filled
from refsem.properties.property import Coefficients, LinearConstraint


@dataclass(frozen=True, slots=True)
class IntegerConstraint:
    """A constraint times its positive factor; without coefficients of inputs, no list of them."""

    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    bound: int
    strict: bool
    factor: int


@dataclass(frozen=True, slots=True)
class Sum:
    """A sum of a case's constraints: weights, and its row times the divisor."""

    weights: tuple[int, ...]
    divisor: int
    row: tuple[int, ...]
    bound: int
    """What the row times the divisor is at most where the constraints are met."""
    strict: bool

    def excluded(self, lower: int, scale: int) -> bool:
        """Whether the row's lower end, over the scale, contradicts the constraints."""
        least, most = self.divisor * lower, scale * self.bound
        return least > most or (self.strict and least == most)


@dataclass(frozen=True, slots=True)
class LeanCase:
    """A case, and the sums that may show it empty."""

    constraints: tuple[IntegerConstraint, ...]
    sums: tuple[Sum, ...]


def lean_case(unsafe: Sequence[LinearConstraint], inputs: int, outputs: int) -> LeanCase:
    """The case of a network of so many inputs and outputs."""
    constraints = tuple(_integer(one, inputs, outputs) for one in unsafe)
    usable = [place for place, one in enumerate(constraints) if not one.inputs]
    subsets = [[place] for place in usable]
    if len(usable) > 1:
        subsets.append(usable)
    sums = (_sum(constraints, places) for places in subsets)
    return LeanCase(constraints, tuple(one for one in sums if one is not None))


def _integer(constraint: LinearConstraint, inputs: int, outputs: int) -> IntegerConstraint:
    values = [value for _, value in (*constraint.inputs, *constraint.outputs)]
    factor = lcm(*(int(value.denominator) for value in (*values, constraint.bound)))
    return IntegerConstraint(
        _dense(constraint.inputs, inputs, factor) if constraint.inputs else (),
        _dense(constraint.outputs, outputs, factor),
        int(constraint.bound * factor),
        constraint.strict,
        factor,
    )


def _dense(coefficients: Coefficients, size: int, factor: int) -> tuple[int, ...]:
    values = [0] * size
    for index, value in coefficients:
        values[index] = int(value * factor)
    return tuple(values)


def _sum(constraints: Sequence[IntegerConstraint], places: Sequence[int]) -> Sum | None:
    """The sum of some constraints; None if no multiple tried has binary32 coefficients."""
    whole = lcm(*(constraints[place].factor for place in places))
    weights = [0] * len(constraints)
    for place in places:
        weights[place] = whole // constraints[place].factor
    total = [
        sum(weight * one.outputs[output] for weight, one in zip(weights, constraints, strict=True))
        for output in range(len(constraints[0].outputs))
    ]
    for divisor in dict.fromkeys((whole, _without_fractions(total, whole))):
        row = [pattern(mpq(value, divisor)) for value in total]
        if None not in row:
            return Sum(
                tuple(weights),
                divisor,
                (0, *(bits for bits in row if bits is not None)),
                sum(weight * one.bound for weight, one in zip(weights, constraints, strict=True)),
                any(constraints[place].strict for place in places),
            )
    return None


def _without_fractions(total: Iterable[int], whole: int) -> int:
    """The greatest divisor of the whole by which every number is divisible."""
    return whole // lcm(*(int(mpq(value, whole).denominator) for value in total))


def cases_lines(cases: Sequence[LeanCase], numbers: Sequence[int]) -> tuple[str, ...]:
    """The cases, numbered as in the property, as a Lean definition."""
    listed = []
    for position, (case, number) in enumerate(zip(cases, numbers, strict=True)):
        constraints = [_constraint_text(one) for one in case.constraints]
        end = "]" if position < len(cases) - 1 else "]]"
        listed += [
            f"  -- case {number}",
            *_listed([f"[{constraints[0]}", *constraints[1:]], end),
        ]
        if position < len(cases) - 1:
            listed[-1] += ","
    return (
        "",
        *documentation("The unsafe cases: constraints on inputs and outputs, bound, strictness."),
        "def cases : List (List Constraint) := [",
        *listed,
    )


def _listed(entries: Sequence[str], end: str) -> tuple[str, ...]:
    return filled([*(f"{entry}," for entry in entries[:-1]), entries[-1] + end], 2)


def _constraint_text(one: IntegerConstraint) -> str:
    inputs, outputs = (", ".join(map(str, part)) for part in (one.inputs, one.outputs))
    return f"⟨[{inputs}], [{outputs}], {one.bound}, {'true' if one.strict else 'false'}⟩"


def sum_text(one: Sum) -> str:
    """A sum as a Lean term."""
    return f"⟨[{', '.join(map(str, one.weights))}], {one.divisor}⟩"
