"""Every wrong rule in `rejected/` is refuted by the obligation it names, with evidence that holds.

A file tells its story and defines `RULE` (named like the file), `VARIANT_OF` (the rule of the
catalogue it gets wrong) and `REFUTED_BY` (the id of the obligation with the surprise). The evidence
is evaluated a second time by `naive`, which shares no code with refsem's readings.
"""

import itertools
import runpy
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import naive
import pytest

from refsem.ir.terms import applications, relation_terms
from refsem.obligations.discharge import DEFAULT_LIMITS, Limits, audit_rule, discharge
from refsem.obligations.generation import rule_obligations
from refsem.obligations.obligation import (
    By,
    Kind,
    Obligation,
    Outcome,
    Point,
    Proved,
    Record,
    Refuted,
    SolverRun,
)
from refsem.rules import BY_NAME, CATALOGUE, Rule
from refsem.rules.loading import load_rules

FOLDER = Path(__file__).parent / "rejected"
LEAST_NUMBER_OF_VARIANTS = 75


@dataclass(frozen=True, slots=True)
class Rejected:
    path: Path
    rule: Rule
    variant_of: str
    refuted_by: str

    def obligation(self) -> Obligation:
        (found,) = (one for one in rule_obligations(self.rule) if one.id == self.refuted_by)
        return found


def load(path: Path) -> Rejected:
    values = runpy.run_path(str(path))
    return Rejected(path, values["RULE"], values["VARIANT_OF"], values["REFUTED_BY"])


REJECTED = [load(path) for path in sorted(FOLDER.glob("*.py"))]


def about_functions(rule: Rule) -> bool:
    """Whether a rule is about named functions, of which z3 knows nothing."""
    relations = [one.relation for one in (*rule.sides, *rule.claims)]
    return bool(rule.cites or applications(relation_terms(relations)))


each = pytest.mark.parametrize("rejected", REJECTED, ids=lambda rejected: rejected.path.stem)


def small_values(names: list[str], count: int) -> Iterator[dict[str, Fraction]]:
    """The first points of a grid, coordinates near 0 first."""
    numbers = [Fraction(n, 2) for n in (0, 2, -2, 1, -1, 4, -4)]
    for coordinates in itertools.islice(itertools.product(numbers, repeat=len(names)), count):
        yield dict(zip(names, coordinates, strict=True))


def without_functions(rule: Rule) -> Rule:
    """The rule with those of its sides that apply no named function."""
    plain = (s for s in rule.sides if not applications(relation_terms((s.relation,))))
    return replace(rule, sides=tuple(plain))


def check_point(rule: Rule, obligation: Obligation, point: Point) -> None:
    """Every side holds at the point, derived values are where they may be, and the goal fails."""
    values = naive.values_of(point)
    present = [derived for derived in rule.derived if derived.name in values]
    assert all(naive.moved_allowed(derived, values) for derived in present)
    if obligation.kind is Kind.DEFINED:
        # a side about a function says nothing until the function is known to have a value
        assert naive.sides_hold(without_functions(rule), values)
        assert naive.is_undefined(rule, values)
        return
    assert naive.sides_hold(rule, values)
    assert present == list(rule.derived)
    if obligation.kind is Kind.SOUND:
        unmoved = [naive.value(d.term, values) == values[d.name] for d in rule.derived]
        assert all(unmoved)
    (claim,) = (claim for claim in rule.claims if claim.relation == obligation.goal)
    assert not naive.true(claim.relation, values)


def check_evidence(rule: Rule, obligation: Obligation, outcome: Outcome) -> None:
    match obligation.kind, outcome:
        case Kind.DEFINED | Kind.SOUND | Kind.WEAKEN, Refuted(Point() as point):
            check_point(rule, obligation, point)
        case Kind.CITED | Kind.FACT, Refuted(Point() as point):
            check_unmet(rule, obligation, point)
        case Kind.INHABITED, Refuted(SolverRun(answer="unsat")):
            names = [str(v.head) for v in (*rule.given, *rule.chosen, *rule.point)]
            assert not any(naive.sides_hold(rule, v) for v in small_values(names, 2000))
        case Kind.NEEDED, Proved(by=By.Z3):
            check_superfluous(rule, obligation.id.rpartition("/")[2])
        case _:
            pytest.fail(f"{obligation.id}: {outcome}")


def check_unmet(rule: Rule, obligation: Obligation, point: Point) -> None:
    """What is supposed holds at the point, and the goal fails there or has no value."""
    values = naive.values_of(point)
    assert obligation.goal is not None
    if obligation.kind is Kind.CITED:
        assert naive.sides_hold(rule, values)
    else:
        assert all(naive.true(premise.relation, values) for premise in obligation.premises)
    sides = (obligation.goal.left, obligation.goal.right)
    assert naive.has_no_value(sides, values) or not naive.true(obligation.goal, values)


def check_superfluous(rule: Rule, name: str) -> None:
    """On a grid of points that meet the other sides, the claims hold without the side."""
    rest = replace(rule, sides=tuple(side for side in rule.sides if side.name != name))
    assert len(rest.sides) == len(rule.sides) - 1
    names = [str(v.head) for v in (*rule.given, *rule.chosen, *rule.point)]
    met = 0
    for values in small_values(names, 5000):
        if naive.sides_hold(rest, values):
            met += 1
            for derived in rest.derived:
                values[derived.name] = naive.value(derived.term, values)
            assert all(naive.true(claim.relation, values) for claim in rest.claims)
    assert met > 0


@each
def test_the_named_obligation_has_the_surprise_with_evidence_that_holds(rejected: Rejected) -> None:
    obligation = rejected.obligation()
    outcome = discharge(obligation, DEFAULT_LIMITS)
    assert Record(obligation, outcome).surprising
    check_evidence(rejected.rule, obligation, outcome)


@pytest.mark.parametrize(
    "rejected",
    [one for one in REJECTED if not about_functions(one.rule)],
    ids=lambda rejected: rejected.path.stem,
)
def test_z3_alone_finds_the_same_and_its_model_holds(rejected: Rejected) -> None:
    obligation = rejected.obligation()
    outcome = discharge(obligation, replace(DEFAULT_LIMITS, points=0))
    check_evidence(rejected.rule, obligation, outcome)


@each
def test_a_rejected_rule_is_not_the_one_it_is_a_variant_of(rejected: Rejected) -> None:
    original = BY_NAME[rejected.variant_of]
    assert rejected.rule.name == rejected.path.stem
    renamed = replace(
        rejected.rule, name=original.name, because=original.because, source=original.source
    )
    assert renamed != original


@each
def test_a_rejected_file_loads_as_one_rule_and_tells_its_story(rejected: Rejected) -> None:
    assert load_rules(rejected.path) == (rejected.rule,)
    assert runpy.run_path(str(rejected.path))["__doc__"].strip()


def test_every_rule_of_the_catalogue_has_a_rejected_variant() -> None:
    assert {rejected.variant_of for rejected in REJECTED} == set(BY_NAME)
    assert len(REJECTED) >= LEAST_NUMBER_OF_VARIANTS


@pytest.mark.parametrize("rule", CATALOGUE, ids=lambda rule: rule.name)
def test_no_rule_of_the_catalogue_has_a_surprise(rule: Rule) -> None:
    records = audit_rule(rule, DEFAULT_LIMITS)
    assert [record.obligation.id for record in records if record.surprising] == []


def test_every_kind_of_surprise_is_among_the_rejected() -> None:
    kinds = {rejected.obligation().kind for rejected in REJECTED}
    rest = {Kind.FACT, Kind.CITED, Kind.WEAKEN, Kind.NEEDED}
    assert kinds >= {Kind.INHABITED, Kind.DEFINED, Kind.SOUND, *rest}


def test_without_search_and_without_a_solver_nothing_is_proved_or_refuted() -> None:
    for obligation in (rejected.obligation() for rejected in REJECTED[::4]):
        outcome = discharge(obligation, Limits(points=0, resources=1))
        assert not isinstance(outcome, Proved | Refuted)
