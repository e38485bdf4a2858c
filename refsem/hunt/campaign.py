"""A hunt: seeded batches of boxes put to a producer, its false claims counted, kept and shrunk.

A batch is known by its number: attributes, width and boxes follow from the seed and the number
alone. Of the false claims the simplest few of each claim and kind are kept, with the boxes asked in
the same call.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from random import Random

import numpy as np
from gmpy2 import mpq

from refsem.binary32.catalogue import Kind
from refsem.errors import InputError
from refsem.hunt.boxes import Box, Ends, arrays, draw_attributes, draw_box
from refsem.hunt.judging import Falsehood, Finding, judge
from refsem.hunt.landmarks import landmarks
from refsem.hunt.producer import Producer, ask
from refsem.hunt.shrink import complexity
from refsem.hunt.statement import Statement, subject

BATCH = 256
"""Boxes put to a producer in one call."""
KEPT = 3
"""Findings kept of each claim and kind, and shrunk."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that decides what a hunt asks."""

    target: str
    operator: str
    fixed: tuple[tuple[str, mpq], ...]
    """Attributes that are not drawn."""
    format: Kind
    """Of the boxes' ends: binary32 or binary64."""
    seed: int


@dataclass(frozen=True, slots=True)
class Batch:
    """What one batch gave; the counts are of boxes."""

    checked: int
    unclaimed: int
    """Boxes about which nothing was claimed."""
    false: int
    kinds: tuple[tuple[Falsehood, int], ...]
    """Boxes with a false claim of each kind; a box may count in several."""
    findings: tuple[Finding, ...]


def check(plan: Plan) -> None:
    """`InputError` where the operator or an attribute is not to be had."""
    known = subject(plan.operator)
    for name, _ in plan.fixed:
        if name not in known.attributes:
            names = ", ".join(known.attributes) or "none"
            raise InputError("", name, f"is no attribute of {plan.operator}; there are {names}")


def draw_batch(plan: Plan, number: int, count: int) -> tuple[Statement, list[Box]]:
    """The statement and the boxes of the batch of that number."""
    source = Random(f"{plan.seed}/{plan.operator}/{number}")  # noqa: S311  no secret
    known = subject(plan.operator)
    ends = Ends(plan.format)
    attributes = draw_attributes(source, known.attributes, dict(plan.fixed), ends)
    statement = known.statement(known.widths[number % len(known.widths)], attributes)
    marks = landmarks(statement)
    drawn = (draw_box(source, statement, marks, ends) for _ in range(count))
    return statement, [box for box in drawn if box is not None]


def run_batch(producer: Producer, plan: Plan, number: int, count: int) -> Batch:
    """The batch of that number, of at most `count` boxes."""
    statement, boxes = draw_batch(plan, number, count)
    if not boxes:
        return Batch(0, 0, 0, (), ())
    lower, upper = arrays(boxes)
    answer = ask(producer, statement, lower, upper)
    unclaimed = int(np.logical_and.reduce([claims.silent() for claims in answer]).sum())
    findings = judge(statement, plan.format, lower, upper, answer)
    kinds = tuple(
        (kind, sum(any(f.kind is kind for f in found) for found in findings)) for kind in Falsehood
    )
    kept = simplest([f for found in findings for f in found], KEPT)
    kept = [_beside(finding, boxes) for finding in kept]
    false = sum(bool(found) for found in findings)
    return Batch(len(boxes), unclaimed, false, kinds, tuple(kept))


def _beside(finding: Finding, boxes: list[Box]) -> Finding:
    """The finding with the boxes that were asked in the same call."""
    place = boxes.index(finding.box)
    return replace(finding, before=tuple(boxes[:place]), after=tuple(boxes[place + 1 :]))


def simplest(findings: Iterable[Finding], each: int) -> list[Finding]:
    """The simplest few findings of each claim and kind, the most serious and simplest first."""
    groups: dict[tuple[str, Falsehood], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.claim, finding.kind), []).append(finding)
    kept = [f for group in groups.values() for f in sorted(group, key=rank)[:each]]
    return sorted(kept, key=rank)


_SERIOUS = list(Falsehood)


def rank(finding: Finding) -> tuple[int, ...]:
    """More serious findings first, then simpler ones."""
    return (_SERIOUS.index(finding.kind), *complexity(finding))
