"""Slack: how far a derived value computed to nearest is from the exact one, as a term.

By induction on the term of a derived value: its exact value is at most `size` in size, and the
computed one is off by at most growth·size + absolute·least. Each step of the induction is a rule
on executed arithmetic with a stored proof, in which rounding is opaque; growth and absolute are
exact, with unit = 2^-24 and least = 2^-150. So a value moved outward by
multiple·unit·size + counts·least, where growth ≤ multiple·unit and absolute ≤ counts, is as far out
as the rule asks, and `weaken` proves the claim of it. The move itself is exact or rounded outward.

Sides: the given and chosen values are binary32 values, and no operation overflows. Not covered
(and said so): values that may not be moved, quotients of computed values, functions.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import ceil

from gmpy2 import mpq

from refsem.exact.functions import Function
from refsem.ir.readings import to_text
from refsem.ir.terms import Operator, Term, fold, maximum
from refsem.obligations.generation import rule_obligations
from refsem.obligations.nearest import (
    Broken,
    NoneFound,
    Slack,
    nearest_obligations,
    search,
    slack_obligation,
    to_nearest,
    used,
)
from refsem.obligations.obligation import (
    By,
    Exact,
    Kind,
    Outcome,
    Proved,
    Record,
    Refuted,
    Unknown,
)
from refsem.rules import EXECUTED, Claim, Outward, Rule

UNIT = mpq(1, 1 << 24)
LEAST = mpq(1, 1 << 150)
WHERE = "unit = 2^-24, least = 2^-150"


class NoSlackError(ValueError):
    """A derived value of which the error is not bounded here, and why."""


Counts = Mapping[Term, mpq]
"""A sum of products of a number and a term."""

_ONCE: Counts = {Term(mpq(1)): mpq(1)}


@dataclass(frozen=True, slots=True)
class Computed:
    """A term's value is ≤ size in size; what is computed is off by ≤ growth·size + absolute·least.

    `rules` are the rules on executed arithmetic that say so; there are none where nothing rounds.
    """

    term: Term
    growth: mpq
    size: Term
    absolute: Counts
    rules: frozenset[str]

    @property
    def exact(self) -> bool:
        """Whether nothing has been rounded."""
        return not self.rules


def _rounded_once(growth: mpq) -> mpq:
    return growth + UNIT + UNIT * growth


def _exactly(one: Term, size: Term) -> Computed:
    return Computed(one, mpq(0), size, {}, frozenset())


def _once(one: Term, size: Term) -> Computed:
    """What is rounded once, from exact operands."""
    return Computed(one, UNIT, size, _ONCE, frozenset({"leaf_error"}))


def _more(left: Counts, right: Counts) -> Counts:
    """(1 + unit) times the sum of both."""
    keys = dict.fromkeys((*left, *right))
    return {key: (1 + UNIT) * (left.get(key, 0) + right.get(key, 0)) for key in keys}


def _most(left: Counts, right: Counts) -> Counts:
    keys = dict.fromkeys((*left, *right))
    return {key: max(left.get(key, mpq(0)), right.get(key, mpq(0))) for key in keys}


@dataclass(frozen=True, slots=True)
class _Errors:
    """Terms as the errors of their computation.

    The values of variables are exact, but for derived ones that were moved outward before: what is
    computed with them is their rounding.
    """

    moved: frozenset[str]

    def constant(self, value: mpq) -> Computed:
        size = Term(abs(value))
        return (_exactly if to_nearest(value) == value else _once)(Term(value), size)

    def variable(self, name: str) -> Computed:
        one = Term(name)
        return (_once if name in self.moved else _exactly)(one, abs(one))

    def function(self, function: Function, argument: Computed) -> Computed:
        raise NoSlackError(f"{function.value}({to_text(argument.term)}) is not bounded here")

    def apply(self, operator: Operator, arguments: tuple[Computed, ...]) -> Computed:
        one = Term(operator, tuple(argument.term for argument in arguments))
        match operator, arguments:
            case Operator.NEG | Operator.ABS, (inner,):
                return replace(inner, term=one)
            case Operator.ADD | Operator.SUB, (left, right):
                return _sum(one, left, right)
            case Operator.MUL, (left, right):
                return _product(one, left, right)
            case Operator.DIV, (left, right) if left.exact and right.exact:
                return _once(one, abs(one))
            case Operator.MAX | Operator.MIN, (left, right):
                return _either(one, left, right)
            case Operator.SELECT, (low, high, left, right) if low.exact and high.exact:
                return _either(one, left, right)
            case _:
                raise NoSlackError("a selection by, or a quotient of, computed values")


def _sum(one: Term, left: Computed, right: Computed) -> Computed:
    return Computed(
        one,
        _rounded_once(max(left.growth, right.growth)),
        left.size + right.size,
        _more(left.absolute, right.absolute),
        left.rules | right.rules | {"tree_error", "tree_growth"},
    )


def _product(one: Term, left: Computed, right: Computed) -> Computed:
    """By `product_error`, with each error written as growth·size + absolute·least.

    The square of least in it is at most least·2^-150, which the counts absorb.
    """
    crossed = left.growth + right.growth + left.growth * right.growth
    absolute: dict[Term, mpq] = {}
    for scale, near, far in ((left.size, left, right), (right.size, right, left)):
        for key, count in far.absolute.items():
            place = _times(scale, key)
            absolute[place] = absolute.get(place, mpq(0)) + (1 + near.growth) * count
    for key, count in left.absolute.items():
        for other, times in right.absolute.items():
            place = _times(key, other)
            absolute[place] = absolute.get(place, mpq(0)) + count * times * LEAST
    counts = _more(absolute, {})
    unity = Term(mpq(1))
    return Computed(
        one,
        _rounded_once(crossed),
        left.size * right.size,
        {**counts, unity: counts.get(unity, mpq(0)) + 1},
        left.rules | right.rules | {"product_error"},
    )


def _times(left: Term, right: Term) -> Term:
    unity = Term(mpq(1))
    return right if left == unity else left if right == unity else left * right


def _either(one: Term, left: Computed, right: Computed) -> Computed:
    rules = left.rules | right.rules
    return Computed(
        one,
        max(left.growth, right.growth),
        left.size if left.size == right.size else maximum(left.size, right.size),
        _most(left.absolute, right.absolute),
        rules | {"maximum_error"} if rules else rules,
    )


@dataclass(frozen=True, slots=True)
class Multiple:
    """A slack: multiple·unit·size, and so many least ones for each term."""

    multiple: int
    size: Term
    counts: Mapping[Term, int]

    def term(self, unit: Term, least: Term) -> Term:
        """The slack as a term."""
        found = self.multiple * unit * self.size
        for scale, count in self.counts.items():
            once = scale == Term(mpq(1))
            found = found + (count * least if once else count * scale * least)
        return found

    @property
    def value(self) -> Term:
        """The slack with the numbers of binary32."""
        return self.term(Term(UNIT), Term(LEAST))


def slacks(rule: Rule, claim: Claim) -> tuple[dict[str, Multiple], frozenset[str]]:
    """The slack of each derived value that a claim depends on, and the rules it rests on.

    `NoSlackError` where one is not bounded, or rounds and may not be moved.
    """
    found: dict[str, Multiple] = {}
    rules: frozenset[str] = frozenset()
    names = used(rule, claim)
    for derived in rule.derived:
        if derived.name in names:
            errors = fold(derived.term, _Errors(frozenset(found)))
            if errors.exact:
                continue
            if derived.outward is Outward.EXACT:
                raise NoSlackError(f"{derived.name} may not be moved at all")
            counts = {scale: ceil(count) for scale, count in errors.absolute.items()}
            found[derived.name] = Multiple(ceil(errors.growth / UNIT), errors.size, counts)
            rules |= errors.rules
    return found, rules


def nearest_records(rule: Rule) -> Iterator[Record]:
    """What becomes of each claim that depends on derived values, and what repairs it."""
    asked = {one.id.rpartition("/")[2]: one for one in nearest_obligations(rule)}
    for claim in rule.claims:
        if claim.name in asked:
            outcome = _outcome(search(rule, claim, {}))
            yield Record(asked[claim.name], outcome)
            if isinstance(outcome, Refuted):
                yield Record(slack_obligation(rule, claim), repaired(rule, claim))


def _outcome(found: Broken | NoneFound) -> Outcome:
    match found:
        case Broken(point):
            return Refuted(point)
        case NoneFound(exact=True):
            return Proved(By.INSTANCE, Exact("no operation rounds"))
        case NoneFound():
            return Unknown("no input was found at which it fails")


def repaired(rule: Rule, claim: Claim) -> Outcome:
    """Proved with the slack that repairs the claim, or why there is none."""
    try:
        found, rules = slacks(rule, claim)
    except NoSlackError as error:
        return Unknown(str(error))
    words = [_words(rule, name, slack) for name, slack in found.items()]
    least = isinstance(search(rule, claim, _less(found)), Broken)
    note = "one multiple less does not do" if least else "a lesser multiple may do"
    licences = [f"{name}/sound/{c.name}" for name in sorted(rules) for c in _claims(name)]
    weaken = [
        one.id
        for one in rule_obligations(rule)
        if one.kind is Kind.WEAKEN and one.goal == claim.relation
    ]
    evidence = Exact(f"{'; '.join(words)}, {WHERE}; {note}")
    properties = ("docs/rounding.md: error, sum_error",)
    return Proved(By.INSTANCE, evidence, (*weaken, *licences, *properties))


def _words(rule: Rule, name: str, slack: Multiple) -> str:
    (derived,) = (one for one in rule.derived if one.name == name)
    sign = "-" if derived.outward is Outward.DOWN else "+"
    return f"{name} {sign} ({to_text(slack.term(Term('unit'), Term('least')))})"


def _less(found: dict[str, Multiple]) -> Slack:
    """The slacks with one multiple of the unit less each."""
    return {name: replace(one, multiple=one.multiple - 1).value for name, one in found.items()}


def _claims(name: str) -> tuple[Claim, ...]:
    (rule,) = (rule for rule in EXECUTED if rule.name == name)
    return rule.claims
