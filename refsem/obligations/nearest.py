"""Nearest: what becomes of a claim when derived values are computed as libraries compute them.

Every operation of a derived value is evaluated in binary32 and rounded to nearest, ties to even,
from given and chosen values that are binary32 values. The obligation `RULE/nearest/CLAIM` asks
whether the claim survives that; its answer is informative, no surprise either way. It is refuted
by the bits of the inputs and a rational point at which the claim is false, exactly; a second
obligation then has terms that repair it (`refsem.obligations.slack`).

Invariant: a witness meets every side exactly, and its claim fails exactly with the derived values
as executed. Finding none means nothing, unless no operation rounds. Not covered: rules whose
derived values apply functions or selections, fused operations, and overflow (such inputs are
passed over).
"""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from gmpy2 import mpq

from refsem.exact.functions import Function, NotEnclosed
from refsem.ir.enclosing import Truth, decide, enclose_term, point_enclosure
from refsem.ir.readings import evaluate, relation_text
from refsem.ir.terms import (
    Comparison,
    Operator,
    Term,
    applications,
    fold,
    free_variables,
    relation_terms,
    subterms,
)
from refsem.obligations.obligation import Expected, Kind, Obligation, Point
from refsem.rounding import (
    BINARY32,
    Mode,
    Unbounded,
    exact_value,
    round_down,
    round_to_binary32,
    round_up,
)
from refsem.rules import Claim, Outward, Rule

_ROUNDING = frozenset({Operator.ADD, Operator.SUB, Operator.MUL, Operator.DIV})
_TENTHS = tuple(mpq(n, 10) for n in range(-30, 31))
_DRAWS = 1500
_PRECISION = 60

Values = dict[str, mpq]
Slack = Mapping[str, Term]
"""For each derived value the term to be added to it (subtracted where it may be moved down)."""


@dataclass(frozen=True, slots=True)
class Broken:
    """The claim is false at the point with the derived values that binary32 computes."""

    point: Point


@dataclass(frozen=True, slots=True)
class NoneFound:
    """No witness was found, which means nothing unless `exact`: no operation rounds."""

    exact: bool


class OverflowedError(ArithmeticError):
    """An operation whose rounded result is infinite."""


def to_nearest(value: mpq) -> mpq:
    """The nearest binary32 value, ties to even; `OverflowedError` beyond the range."""
    bits = round_to_binary32(Mode.RNE, value, 0)
    if bits & ~BINARY32.sign_bit == BINARY32.infinity:
        raise OverflowedError
    return exact_value(BINARY32, bits)


@dataclass(frozen=True, slots=True)
class _Executed:
    """Terms as binary32 numbers, every operation rounded to nearest."""

    point: Mapping[str, mpq]

    def constant(self, value: mpq) -> mpq:
        return to_nearest(value)

    def variable(self, name: str) -> mpq:
        return self.point[name]

    def apply(self, operator: Operator, arguments: tuple[mpq, ...]) -> mpq:
        terms = tuple(Term(argument) for argument in arguments)
        return to_nearest(evaluate(Term(operator, terms), {}))

    def function(self, function: Function, argument: mpq) -> mpq:
        raise TypeError(f"derived values apply no function, not {function.value} to {argument}")


def executed(rule: Rule, inputs: Mapping[str, mpq], slack: Slack) -> Values:
    """The derived values as binary32 computes them in order, each moved outward by its slack."""
    values = dict(inputs)
    for derived in rule.derived:
        found = fold(derived.term, _Executed(values))
        if derived.name in slack:
            moved = evaluate(slack[derived.name], values)
            found = found - moved if derived.outward is Outward.DOWN else found + moved
        values[derived.name] = found
    return values


def nearest_obligations(rule: Rule) -> tuple[Obligation, ...]:
    """One obligation for each claim that depends on a derived value."""
    why = "derived values are computed in binary32, every operation to nearest"
    return tuple(
        _informative(f"{rule.name}/{Kind.NEAREST.value}/{claim.name}", why)
        for claim in rule.claims
        if used(rule, claim)
    )


def slack_obligation(rule: Rule, claim: Claim) -> Obligation:
    """The claim survives derived values computed to nearest and moved outward by a slack."""
    why = "the values computed to nearest are moved outward by a slack; nothing overflows"
    return _informative(f"{rule.name}/{Kind.NEAREST.value}/{claim.name}/slack", why)


def _informative(identity: str, why: str) -> Obligation:
    return Obligation(
        id=identity,
        kind=Kind.NEAREST,
        free=(),
        definitions=(),
        premises=(),
        goal=None,
        expected=Expected.EITHER,
        provenance=why,
        meaning="binary32",
    )


def used(rule: Rule, claim: Claim) -> tuple[str, ...]:
    """The derived values on which a claim depends, directly or not, in order."""
    needed = set(free_variables(relation_terms((claim.relation,))))
    for derived in reversed(rule.derived):
        if derived.name in needed:
            needed |= set(free_variables((derived.term,)))
    return tuple(derived.name for derived in rule.derived if derived.name in needed)


def search(rule: Rule, claim: Claim, slack: Slack) -> Broken | NoneFound:
    """Inputs at which the claim fails as executed, in short significands, if any are found."""
    names = used(rule, claim)
    nodes = (n for d in rule.derived if d.name in names for n in subterms(d.term))
    if not slack and not any(node.head in _ROUNDING for node in nodes):
        return NoneFound(exact=True)
    source = random.Random(f"{rule.name}/{claim.name}")  # noqa: S311  repeatable, not secret
    for _ in range(_DRAWS):
        drawn = _drawn(rule, source)
        if _fails(rule, claim, slack, drawn):
            return _broken(rule, claim, slack, _shorter(rule, claim, slack, drawn))
    return NoneFound(exact=False)


@dataclass(frozen=True, slots=True)
class _Drawn:
    """Values of the given and chosen variables, and where each point variable is placed."""

    inputs: Values
    places: tuple[int, ...]


def _drawn(rule: Rule, source: random.Random) -> _Drawn:
    inputs = {str(v.head): _number(source) for v in (*rule.given, *rule.chosen)}
    return _Drawn(inputs, tuple(source.randrange(6) for _ in rule.point))


def _number(source: random.Random) -> mpq:
    """A binary32 value: a rounded decimal, a full significand, a small whole number, or 0."""
    match source.randrange(5):
        case 0 | 1:
            return to_nearest(source.choice(_TENTHS))
        case 2 | 3:
            significand = source.randrange(1 << 23, 1 << 24) * source.choice((1, -1))
            return mpq(significand, 1 << source.randrange(20, 27))
        case _:
            return mpq(source.randrange(-3, 4))


def _point(rule: Rule, drawn: _Drawn) -> Values | None:
    """The inputs with the point variables placed on what bounds them; None if a side fails."""
    values = _tight(rule, drawn.inputs)
    for variable, place in zip(rule.point, drawn.places, strict=True):
        name = str(variable.head)
        bounds = sorted(set(_bounds(rule, name, values)))
        values[name] = bounds[place % len(bounds)] if bounds else mpq(place - 2)
    if all(decide(side.relation, values) is Truth.TRUE for side in rule.sides):
        return values
    return None


def _tight(rule: Rule, inputs: Values) -> Values:
    """The inputs, those that sides hold against functions of others moved there, outward."""
    values = dict(inputs)
    for side in rule.sides:
        left, right = side.relation.left, side.relation.right
        for one, other, above in ((left, right, True), (right, left, False)):
            names = free_variables((other,))
            if one.head in inputs and applications((other,)) and inputs.keys() >= set(names):
                spans = {name: point_enclosure(values[name]) for name in names}
                found = enclose_term(other, spans, _PRECISION)
                if not isinstance(found, NotEnclosed):
                    outward = round_down(found.lower) if above else round_up(found.upper)
                    if not isinstance(outward, Unbounded):
                        values[str(one.head)] = outward
    return values


def _bounds(rule: Rule, name: str, values: Values) -> Iterator[mpq]:
    """What the sides compare a point variable with, where that has a value already."""
    for side in rule.sides:
        left, right = side.relation.left, side.relation.right
        for one, other in ((left, right), (right, left)):
            known = values.keys() >= set(free_variables((other,)))
            if one.head == name and known and side.relation.comparison is not Comparison.NE:
                yield evaluate(other, values)


def _failing(rule: Rule, claim: Claim, slack: Slack, drawn: _Drawn) -> Values | None:
    """All values of a point at which the claim is false, if it is."""
    try:
        point = _point(rule, drawn)
        if point is None:
            return None
        values = executed(rule, point, slack)
        return values if decide(claim.relation, values) is Truth.FALSE else None
    except ArithmeticError:
        return None


def _fails(rule: Rule, claim: Claim, slack: Slack, drawn: _Drawn) -> bool:
    return _failing(rule, claim, slack, drawn) is not None


def _shorter(rule: Rule, claim: Claim, slack: Slack, drawn: _Drawn) -> _Drawn:
    """The same failure with inputs of fewer significant bits, as far as single changes go."""
    for _ in range(3):
        before = drawn
        for name, value in drawn.inputs.items():
            for simpler in _simpler(value):
                changed = replace(drawn, inputs=drawn.inputs | {name: simpler})
                if _fails(rule, claim, slack, changed):
                    drawn = changed
                    break
        if drawn == before:
            break
    return drawn


def _simpler(value: mpq) -> Iterator[mpq]:
    """0, ±1, and the value with its significand cut to fewer bits."""
    yield from (one for one in (mpq(0), mpq(1), mpq(-1)) if one != value)
    numerator = int(value.numerator)
    for bits in range(1, abs(numerator).bit_length()):
        shift = abs(numerator).bit_length() - bits
        cut = (abs(numerator) >> shift) << shift
        yield mpq(cut if numerator > 0 else -cut, value.denominator)


def _broken(rule: Rule, claim: Claim, slack: Slack, drawn: _Drawn) -> Broken:
    values = _failing(rule, claim, slack, drawn)
    if values is None:
        raise AssertionError("a witness was lost while it was made shorter")
    names = (*drawn.inputs, *(derived.name for derived in rule.derived))
    bits = tuple((name, round_to_binary32(Mode.RNE, values[name], 0)) for name in names)
    text = relation_text(claim.relation)
    return Broken(Point(tuple(sorted(values.items())), text, () if slack else bits))
