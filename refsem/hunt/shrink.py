"""The simplest box on which a producer's claim is still false, in the same way.

Simple is short: ends of few significant bits near 1, no sign, usual attributes. From a finding the
simplest variation on which the same claim is false with the same kind is taken, again and again.
Every step asks the producer afresh and judges its answer exactly.
"""

from collections.abc import Container, Iterator, Sequence
from dataclasses import replace
from math import isfinite

from gmpy2 import mpq

from refsem.binary32.catalogue import Kind
from refsem.fuzz.shrink import complexity as bit_complexity
from refsem.fuzz.shrink import variations
from refsem.hunt.boxes import Box, Ends, arrays, inside
from refsem.hunt.judging import Finding, judge
from refsem.hunt.producer import Producer, ask
from refsem.hunt.statement import EXPONENT, Statement, subject

MOST_STEPS = 80
MOST_VARIATIONS = 160
"""Boxes asked in one step."""
_USUAL = (0, 1, 2, 3, mpq(1, 2), -1)


def complexity(finding: Finding) -> tuple[int, ...]:
    """What is minimised: how long the ends and attributes are, then the patterns."""
    attributes = _attribute_bits(finding.statement)
    cost, *patterns = _cost(finding.format, finding.box)
    return (cost + attributes, *patterns)


def _cost(kind: Kind, box: Box) -> tuple[int, ...]:
    ends = Ends(kind)
    patterns = tuple(ends.bits(end) for range_ in box for end in range_)
    return bit_complexity((kind,) * len(patterns), patterns)


def _attribute_bits(statement: Statement) -> int:
    return sum(
        v.numerator.bit_length() + v.denominator.bit_length() + 2 * (v < 0)
        for _, v in statement.attributes
    )


def false_among(
    producer: Producer, like: Finding, statement: Statement, boxes: Sequence[Box]
) -> list[Finding | None]:
    """For each box asked in one call, the finding on it of the same claim and kind, if any."""
    lower, upper = arrays(boxes)
    answer = ask(producer, statement, lower, upper)
    same = tuple(claims for claims in answer if claims.name == like.claim)
    judged = judge(statement, like.format, lower, upper, same)
    return [next((f for f in found if f.kind is like.kind), None) for found in judged]


def separated(producer: Producer, finding: Finding) -> Finding:
    """The finding with as few of the boxes asked with it as it needs to be false: mostly none."""

    def still(before: Sequence[Box], after: Sequence[Box]) -> Finding | None:
        asked = (*before, finding.box, *after)
        found = false_among(producer, finding, finding.statement, asked)[len(before)]
        return None if found is None else replace(found, before=tuple(before), after=tuple(after))

    alone = still((), ())
    if alone is not None:
        return alone
    before, after, kept = list(finding.before), list(finding.after), finding
    for group in (before, after):
        size = len(group)
        while size:
            start = 0
            while start < len(group):
                removed = group[start : start + size]
                group[start : start + size] = []
                found = still(before, after)
                if found is None:
                    group[start:start] = removed
                    start += size
                else:
                    kept = found
            size //= 2
    return kept


def shrink(producer: Producer, finding: Finding, fixed: Container[str] = ()) -> Finding:
    """The simplest finding reached from this one; one that needs other boxes stays as it is.

    Attributes that are `fixed` stay what they are.
    """
    finding = separated(producer, finding)
    if finding.before or finding.after:
        return finding
    finding = _simpler_attributes(producer, finding, fixed)
    for _ in range(MOST_STEPS):
        here = _cost(finding.format, finding.box)
        simpler = {box for box in _boxes(finding) if _cost(finding.format, box) < here}
        ordered = sorted(simpler, key=lambda box: _cost(finding.format, box))
        asked = [box for box in ordered if inside(finding.statement, box)][:MOST_VARIATIONS]
        found = _first(producer, finding, finding.statement, asked)
        if found is None:
            return finding
        finding = found
    return finding


def _first(
    producer: Producer, finding: Finding, statement: Statement, boxes: Sequence[Box]
) -> Finding | None:
    """The finding on the first box on which the claim is false, asked alone."""
    if not boxes:
        return None
    for found in false_among(producer, finding, statement, boxes):
        if found is not None:
            alone = false_among(producer, finding, statement, (found.box,))[0]
            if alone is not None:
                return alone
    return None


def _simpler_attributes(producer: Producer, finding: Finding, fixed: Container[str]) -> Finding:
    for name in (name for name, _ in finding.statement.attributes if name not in fixed):
        for value in _USUAL:
            attributes = dict(finding.statement.attributes)
            if name == EXPONENT and value not in (2, 3):
                continue
            attributes[name] = mpq(value)
            statement = subject(finding.statement.operator).statement(len(finding.box), attributes)
            if _attribute_bits(statement) >= _attribute_bits(finding.statement):
                continue
            if inside(statement, finding.box):
                finding = _first(producer, finding, statement, (finding.box,)) or finding
    return finding


def _boxes(finding: Finding) -> Iterator[Box]:
    """Boxes with the range of one operand varied, or with a range copied to another operand."""
    kind, ends = finding.format, Ends(finding.format)
    for place, (lower, upper) in enumerate(finding.box):
        others = finding.box[:place], finding.box[place + 1 :]
        for bits in variations((kind, kind), (ends.bits(lower), ends.bits(upper))):
            low, high = (ends.value(pattern) for pattern in bits)
            if isfinite(low) and isfinite(high) and low <= high:
                yield (*others[0], (low + 0.0, high + 0.0), *others[1])
        for other in finding.box:
            yield (*others[0], other, *others[1])
