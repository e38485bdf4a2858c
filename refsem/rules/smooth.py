"""Rules about named functions at work: one application for every entry of a tensor, in balls.

A rule here has one point x, which ranges over the operand's box. Given values that are not ends
of that box are bounds of values of functions: each is computed from the one side that says what it
bounds, as an end of an enclosure. Then every side is decided over the box, every cited instance
of a fact is vouched for there or rests on its statement, and the derived values are computed
exactly and rounded outward, as their `weaken` obligations permit.

Invariant: what is returned follows for all x in the box, or the entry is refused with a reason.
Trusted: this file, `refsem.rules.vouchers`, `refsem.ir.enclosing`, and Arb.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from gmpy2 import mpq, mpz

from refsem.exact import ExactTensor
from refsem.exact.functions import Enclosure, NotEnclosed
from refsem.ir.enclosing import Spans, Truth, decide_over, enclose_term, point_enclosure
from refsem.ir.readings import evaluate, relation_text
from refsem.ir.terms import Term
from refsem.rules.facts import Cited, Voucher
from refsem.rules.rule import Outward, Rule
from refsem.rules.vouchers import NotVouched, vouch

PRECISION = 200
"""Bits of an enclosure."""

KEPT_BITS = 64
"""Significant bits of a value that may be moved outward."""

_LEAST_EXPONENT = -1200
"""Nothing is kept below 2^ this: it is moved outward to 0 or to 2^ this."""


@dataclass(frozen=True, slots=True)
class NotApplicable:
    """The rule does not apply to an entry, or is not seen to."""

    entry: int
    reason: str


def outward(value: mpq, direction: Outward) -> mpq:
    """The value moved outward to a number with few bits; an exact one stays."""
    if direction is Outward.EXACT or value == 0:
        return value
    size = value.numerator.bit_length() - value.denominator.bit_length()
    shift = min(KEPT_BITS - size, KEPT_BITS - _LEAST_EXPONENT)
    scaled = value * mpq(2) ** shift
    down: mpz = scaled.numerator // scaled.denominator
    kept = down if direction is Outward.DOWN or down == scaled else down + 1
    return mpq(kept) / mpq(2) ** shift


def applied_entrywise(
    rule: Rule, lower: ExactTensor, upper: ExactTensor, chosen: Mapping[str, ExactTensor]
) -> dict[str, ExactTensor] | NotApplicable:
    """Chosen and derived values of a rule in every entry of an operand's box, shape (1, size)."""
    names = [*chosen, *(value.name for value in rule.derived)]
    columns: dict[str, list[mpq]] = {name: [] for name in names}
    picked = {name: tensor.rationals() for name, tensor in chosen.items()}
    for entry, ends in enumerate(zip(lower.rationals(), upper.rationals(), strict=True)):
        values = {name: column[entry] for name, column in picked.items()}
        found = _at_entry(rule, Enclosure(*ends), values)
        if isinstance(found, str):
            return NotApplicable(entry, found)
        for name in names:
            columns[name].append(found[name])
    size = lower.size
    return {name: ExactTensor.from_rationals(column, (1, size)) for name, column in columns.items()}


def _at_entry(rule: Rule, box: Enclosure, chosen: Mapping[str, mpq]) -> dict[str, mpq] | str:
    """The values of all variables but the point in one entry, or why the rule does not apply."""
    (point,) = (str(variable.head) for variable in rule.point)
    values = {**chosen, "l": box.lower, "u": box.upper}
    for name in (str(variable.head) for variable in rule.given):
        if name not in values:
            bound = _bound(rule, name, values)
            if isinstance(bound, str):
                return bound
            values[name] = bound
    spans = {name: point_enclosure(value) for name, value in values.items()} | {point: box}
    refused = _refused(rule, spans)
    if refused:
        return refused
    for derived in rule.derived:
        values[derived.name] = outward(evaluate(derived.term, values), derived.outward)
    return values


def _bound(rule: Rule, name: str, values: Mapping[str, mpq]) -> mpq | str:
    """A number for a given value: an end of the enclosure of what a side says that it bounds."""
    spans = {known: point_enclosure(value) for known, value in values.items()}
    for relation in (side.relation for side in rule.sides):
        below, above = relation.left == Term(name), relation.right == Term(name)
        if below or above:
            found = enclose_term(relation.right if below else relation.left, spans, PRECISION)
            if isinstance(found, NotEnclosed):
                return f"{relation_text(relation)}: {found.reason}"
            end, direction = (found.lower, Outward.DOWN) if below else (found.upper, Outward.UP)
            return outward(end, direction)
    return f"no side says what {name} bounds"


def _refused(rule: Rule, spans: Spans) -> str:
    """Why a side or a cited fact is not seen to hold over the box; empty if they all are."""
    for side in rule.sides:
        if decide_over(side.relation, spans, PRECISION) is not Truth.TRUE:
            return f"side {side.name!r} is not seen to hold"
    for cited in rule.cites:
        found = vouch(cited, spans)
        if isinstance(found, NotVouched) and not _rests_on_its_statement(cited, spans):
            return f"{cited.name!r} is not vouched for: {found.reason}"
    return ""


def _rests_on_its_statement(cited: Cited, spans: Spans) -> bool:
    """Whether an instance may be taken from its source: not where it is seen to be false."""
    stated = cited.fact.voucher is Voucher.STATED
    return stated and decide_over(cited.conclusion, spans, PRECISION) is not Truth.FALSE
