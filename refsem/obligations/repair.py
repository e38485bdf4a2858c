"""Repair: sides that would make a refuted rule right, weakest first.

Candidates come from a small grammar over the rule's variables and constants. One is tried if it
is false at every known point where the rule fails; what it leaves of the points where the rule
holds says how weak it is. The normal obligations of the rule with the side added decide, and a
point they find joins the known ones. Sides that an application can be held against, for they do
not speak of the point, are tried before others, and those before pairs.

What is returned is proved by those obligations; that it is the weakest is judged on points only.
Not covered: sides outside the grammar, and repairs other than sides.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations, islice, permutations

from gmpy2 import mpq

from refsem.ir.enclosing import Truth, decide
from refsem.ir.readings import relation_text
from refsem.ir.terms import (
    Relation,
    Term,
    divisors,
    free_variables,
    nonzero,
    relation_terms,
    subterms,
    term,
)
from refsem.obligations import sampling
from refsem.obligations.generation import rule_obligations
from refsem.obligations.obligation import Kind, Obligation, Outcome, Point, Record, Refuted
from refsem.obligations.placing import define
from refsem.rules import Rule, Side

DECIDING = frozenset({Kind.INHABITED, Kind.DEFINED, Kind.FACT, Kind.CITED, Kind.SOUND, Kind.WEAKEN})
"""The obligations that a repaired rule must pass."""

_DRAWN = 6000
_POINTS = 250
_TRIES = 12
_MOST_REPAIRS = 3
_MOST_JOINED = 60
"""Single sides of which pairs are made: those that leave much and exclude much."""
_SLACKS = (mpq(0), mpq(1))

Values = dict[str, mpq]
Known = tuple[Values, bool]
"""A point that meets the sides, and whether something fails there."""

Judge = Callable[[Obligation], Outcome]


@dataclass(frozen=True, slots=True)
class Repair:
    """Sides which, added to the rule, have all its deciding obligations come out as expected."""

    sides: tuple[Relation, ...]
    records: tuple[Record, ...]


@dataclass(frozen=True, slots=True)
class _Candidate:
    """Sides, and at which of the known points they hold: bit i for the i-th point."""

    sides: tuple[Relation, ...]
    failing: int
    passing: int


def repairs(rule: Rule, records: Iterable[Record], judge: Judge) -> tuple[Repair, ...]:
    """Repairs of a rule some of whose obligations are refuted at a point; none for others."""
    broken = tuple(
        record.obligation
        for record in records
        if record.obligation.kind in {Kind.DEFINED, Kind.SOUND, Kind.WEAKEN}
        and isinstance(record.outcome, Refuted)
    )
    if not broken:
        return ()
    points = list(_points(rule, broken))
    points += [(dict(evidence), True) for evidence in _witnesses(records)]
    every = _candidates(rule)
    checkable = tuple(one for one in every if not _names(one) & rule.point_names)
    for grammar, together in ((checkable, 1), (every, 1), (checkable, 2)):
        found = _search(rule, grammar, points, judge, together)
        if found:
            return found
    return ()


def _names(relation: Relation) -> set[str]:
    return set(free_variables(relation_terms((relation,))))


def _witnesses(records: Iterable[Record]) -> Iterator[tuple[tuple[str, mpq], ...]]:
    for record in records:
        match record.outcome:
            case Refuted(Point(values=values)) if record.obligation.kind in DECIDING:
                yield values
            case _:
                continue


def _points(rule: Rule, broken: tuple[Obligation, ...]) -> Iterator[Known]:
    """Small points that meet the sides."""
    inhabited = rule_obligations(rule)[0]
    drawn = sampling.small_points(inhabited, _DRAWN)
    met = (point for point in drawn if sampling.evidence(inhabited, point) is not None)
    for point in islice(met, _POINTS):
        yield point, any(_fails(obligation, point) for obligation in broken)


def _fails(obligation: Obligation, point: Values) -> bool:
    for slack in _SLACKS:
        values = {name: point[name] for name in obligation.free}
        defined = define(obligation, values, [slack] * len(obligation.definitions))
        if defined and sampling.evidence(obligation, values) is not None:
            return True
    return False


def _search(
    rule: Rule, grammar: tuple[Relation, ...], points: list[Known], judge: Judge, together: int
) -> tuple[Repair, ...]:
    """Repairs of so many sides; points that the obligations find are added to the known ones."""
    found: list[tuple[_Candidate, Repair]] = []
    tried: set[tuple[Relation, ...]] = set()
    single = [_placed(_Candidate((relation,), 0, 0), points, 0) for relation in grammar]
    while len(tried) < _TRIES and len(found) < _MOST_REPAIRS:
        ranked = _ranked(single, together)
        candidate = next((one for one in ranked if _is_new(one, tried, found)), None)
        if candidate is None:
            break
        tried.add(candidate.sides)
        records, point = _judged(with_sides(rule, candidate.sides), judge)
        if point is not None:
            points.append((dict(point.values), True))
            single = [_placed(one, points, len(points) - 1) for one in single]
        elif not any(record.surprising for record in records):
            found.append((candidate, Repair(candidate.sides, records)))
    return tuple(repair for _, repair in found)


def _is_new(
    candidate: _Candidate,
    tried: set[tuple[Relation, ...]],
    found: list[tuple[_Candidate, Repair]],
) -> bool:
    """Whether it was not tried, and leaves some point that no repair so far leaves."""
    stronger = any(candidate.passing & ~other.passing == 0 for other, _ in found)
    return candidate.sides not in tried and not stronger


def _ranked(single: list[_Candidate], together: int) -> list[_Candidate]:
    """The candidates that hold at no failing point, the weakest first, then the shortest."""
    useful = [one for one in single if one.passing]
    if together > 1:
        useful.sort(key=lambda one: one.failing.bit_count() - one.passing.bit_count())
        useful = useful[:_MOST_JOINED]
    joined = (_joined(group) for group in combinations(useful, together))
    excluding = [one for one in joined if one.failing == 0 and one.passing]
    return sorted(excluding, key=lambda one: (-one.passing.bit_count(), _length(one)))


def _placed(candidate: _Candidate, points: list[Known], start: int) -> _Candidate:
    """The candidate with one side, held against the points from a number on."""
    (relation,) = candidate.sides
    failing, passing = candidate.failing, candidate.passing
    for index, (values, fails) in enumerate(points[start:], start=start):
        if decide(relation, values) is Truth.TRUE:
            if fails:
                failing |= 1 << index
            else:
                passing |= 1 << index
    return _Candidate((relation,), failing, passing)


def _joined(group: tuple[_Candidate, ...]) -> _Candidate:
    whole = group[0]
    for one in group[1:]:
        sides = (*whole.sides, *one.sides)
        whole = _Candidate(sides, whole.failing & one.failing, whole.passing & one.passing)
    return whole


def _length(candidate: _Candidate) -> int:
    return sum(len(relation_text(relation)) for relation in candidate.sides)


def with_sides(rule: Rule, sides: tuple[Relation, ...]) -> Rule:
    """The rule with more sides."""
    more = (
        Side(f"suggested_{number}", relation, because="suggested: the rule fails without it")
        for number, relation in enumerate(sides, start=1)
    )
    return replace(rule, sides=(*rule.sides, *more))


def _judged(rule: Rule, judge: Judge) -> tuple[tuple[Record, ...], Point | None]:
    """The deciding obligations as far as they came out as expected, and a point that refutes."""
    records = []
    for obligation in rule_obligations(rule):
        if obligation.kind in DECIDING:
            outcome = judge(obligation)
            if isinstance(outcome, Refuted) and isinstance(outcome.evidence, Point):
                return (), outcome.evidence
            records.append(Record(obligation, outcome))
            if records[-1].surprising:
                break
    return tuple(records), None


def _candidates(rule: Rule) -> tuple[Relation, ...]:
    """The grammar: variables against constants, each other and 0 in sums; divisors against 0."""
    variables = (*rule.given, *rule.chosen, *rule.point)
    roots = [value.term for value in rule.derived]
    roots += relation_terms((*(side.relation for side in rule.sides), *_claimed(rule)))
    heads = {node.head for root in roots for node in subterms(root)}
    numbers = {head for head in heads if isinstance(head, type(mpq()))}
    found = [*_against(variables, {mpq(0), mpq(1), mpq(-1)} | numbers)]
    found += [side for a, b in permutations(variables, 2) for side in (a <= b, a < b)]
    found += [side for a, b in combinations(variables, 2) for side in (a + b <= 0, a + b >= 0)]
    found += [
        side for a, b in permutations(variables, 2) for side in (2 * a + b <= 0, 2 * a + b >= 0)
    ]
    names = {str(variable.head) for variable in variables}
    for divisor in divisors(roots):
        if not divisors((divisor,)) and names.issuperset(free_variables((divisor,))):
            found += [nonzero(divisor), divisor > 0, divisor < 0]
    existing = {side.relation for side in rule.sides}
    return tuple(dict.fromkeys(side for side in found if side not in existing))


def _claimed(rule: Rule) -> Iterator[Relation]:
    return (claim.relation for claim in rule.claims)


def _against(variables: tuple[Term, ...], numbers: set[mpq]) -> Iterator[Relation]:
    for variable in variables:
        for number in islice(sorted(numbers, key=abs), 9):
            constant = term(number)
            yield from (variable <= constant, constant <= variable)
            yield from (variable < constant, constant < variable)
            yield nonzero(variable - constant) if number else nonzero(variable)
