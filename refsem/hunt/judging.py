"""Claims held against the truth: exact evaluation at rational points, enclosures for functions.

A violation is a point of the box, read exactly from host floats, at which the exact line passes the
function: by an exact amount where the value is rational, by at least a proved amount elsewhere.
Points come from `refsem.hunt.screen`, which may miss some: what is not found is not proved.

Kinds. `rule`: the violation is more than 16 roundings explain, greater than
16 · (2^-23 · M + 2^-149 · X) for binary32 boxes, 2^-52 and 2^-1074 for binary64; M is the sum of
the magnitudes of the intercept, of each slope times the largest operand of the box, and of the
function at the point; X is 1, for a line 1 + the largest operands. Infinity on the wrong side is
such a violation too. `rounding`: at most that. `nan`: the answer is no number. The kind is a
statement about size: a wrong rule whose effect is below that size counts as rounding.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

import numpy as np
from gmpy2 import mpq

from refsem.binary32.catalogue import FORMATS, Kind
from refsem.exact.functions import Enclosure, NotEnclosed
from refsem.hunt.boxes import Box
from refsem.hunt.claims import Claims, Side
from refsem.hunt.landmarks import landmarks
from refsem.hunt.screen import batch, suspects
from refsem.hunt.statement import Statement
from refsem.ir.enclosing import PRECISIONS, enclose_term, point_enclosure
from refsem.ir.floats import Array
from refsem.ir.readings import evaluate
from refsem.rounding import power_of_two

ROUNDINGS = 16


class Falsehood(Enum):
    """How a claim is false; the most serious first."""

    RULE = "rule"
    NAN = "nan"
    ROUNDING = "rounding"


@dataclass(frozen=True, slots=True)
class Violation:
    """A point of the box where a claim is false."""

    point: tuple[mpq, ...]
    value: Enclosure
    """The function there: one number, or around an irrational one."""
    bound: mpq
    """What was claimed there."""
    amount: mpq
    """By how much it is false: exactly, or at least if the value is irrational."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One box with one false claim."""

    statement: Statement
    format: Kind
    box: Box
    claim: str
    kind: Falsehood
    slopes: tuple[float, ...]
    intercept: float
    violation: Violation | None
    """None where the answer is no number, or infinite on the wrong side."""
    before: tuple[Box, ...] = ()
    after: tuple[Box, ...] = ()
    """The boxes asked in the same call, where the claim is not false without them."""

    @property
    def side(self) -> Side:
        """The side the claim bounds from."""
        return Side.LOWER if self.claim.startswith("lower") else Side.UPPER

    @property
    def line(self) -> bool:
        """Whether the claim is a line."""
        return self.claim.endswith("line")


def judge(
    statement: Statement,
    kind: Kind,
    lower: Array,
    upper: Array,
    answer: tuple[Claims, ...],
) -> list[list[Finding]]:
    """For each box its false claims, as far as they are found."""
    found: list[list[Finding]] = [[] for _ in range(lower.shape[1])]
    if not found:
        return found
    boxes = batch(statement, landmarks(statement), lower, upper)
    for claims in answer:
        broken, silent = claims.no_number(), claims.silent()
        points, worth = suspects(boxes, claims)
        for place in range(lower.shape[1]):
            if silent[place]:
                continue
            case = _Case(statement, kind, _box(lower, upper, place), claims, place)
            if broken[place]:
                found[place].append(case.finding(Falsehood.NAN, None))
            elif not np.isfinite(claims.intercepts[place]):
                found[place].append(case.finding(Falsehood.RULE, None))
            else:
                chosen = points[:, place, worth[place]].T
                violation = case.worst(_distinct(chosen))
                if violation is not None:
                    found[place].append(case.finding(case.kind_of(violation), violation))
    return found


def _box(lower: Array, upper: Array, place: int) -> Box:
    pairs = zip(lower[:, place].tolist(), upper[:, place].tolist(), strict=True)
    return tuple((low, high) for low, high in pairs)


def _distinct(points: Array) -> Iterator[tuple[mpq, ...]]:
    for row in dict.fromkeys(tuple(row) for row in points.tolist()):
        yield tuple(mpq(value) for value in row)


@dataclass(frozen=True, slots=True)
class _Case:
    """One claim about one box."""

    statement: Statement
    format: Kind
    box: Box
    claims: Claims
    place: int

    def finding(self, kind: Falsehood, violation: Violation | None) -> Finding:
        slopes = tuple(self.claims.slopes[:, self.place].tolist())
        return Finding(
            self.statement,
            self.format,
            self.box,
            self.claims.name,
            kind,
            slopes,
            float(self.claims.intercepts[self.place]),
            violation,
        )

    def worst(self, points: Iterator[tuple[mpq, ...]]) -> Violation | None:
        """The greatest violation at these points."""
        slopes = [mpq(slope) for slope in self.claims.slopes[:, self.place].tolist()]
        intercept = mpq(float(self.claims.intercepts[self.place]))
        found = None
        for point in points:
            products = (slope * x for slope, x in zip(slopes, point, strict=True))
            bound = sum(products, intercept)
            violation = violated(self.statement, self.claims.side, point, bound)
            if violation is not None and (found is None or violation.amount > found.amount):
                found = violation
        return found

    def kind_of(self, violation: Violation) -> Falsehood:
        """Whether roundings explain a violation of that size."""
        slopes = self.claims.slopes[:, self.place].tolist()
        size = abs(mpq(float(self.claims.intercepts[self.place]))) + max(
            abs(violation.value.lower), abs(violation.value.upper)
        )
        reach = mpq(1)
        for slope, (low, high) in zip(slopes, self.box, strict=True):
            greatest = max(abs(mpq(low)), abs(mpq(high)))
            size += abs(mpq(slope)) * greatest
            reach += greatest
        format_ = FORMATS[self.format]
        relative = power_of_two(1 - format_.precision)
        # A slope that underflows is wrong by a subnormal, times the operand.
        least = power_of_two(format_.least_quantum) * (reach if self.claims.line else 1)
        allowed = ROUNDINGS * (relative * size + least)
        return Falsehood.ROUNDING if violation.amount <= allowed else Falsehood.RULE


def violated(
    statement: Statement, side: Side, point: tuple[mpq, ...], bound: mpq
) -> Violation | None:
    """How the exact function passes a bound at a point; None where it is not seen to."""
    for value in values_at(statement, point):
        amount = bound - value.upper if side is Side.LOWER else value.lower - bound
        if amount > 0:
            return Violation(point, value, bound, mpq(amount))
        other = bound - value.lower if side is Side.LOWER else value.upper - bound
        if other <= 0:
            return None
    return None


def values_at(statement: Statement, point: tuple[mpq, ...]) -> Iterator[Enclosure]:
    """The function at a point: its value, or ever tighter enclosures of it."""
    bound = dict(zip(statement.operands, point, strict=True))
    if statement.rational:
        yield point_enclosure(evaluate(statement.term, bound))
        return
    spans = {name: point_enclosure(value) for name, value in bound.items()}
    for precision in PRECISIONS:
        found = enclose_term(statement.term, spans, precision)
        if not isinstance(found, NotEnclosed):
            yield found
