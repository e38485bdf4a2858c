"""Advice: redundant sides are named, missing ones found and proved; nothing wrong is suggested."""

import runpy
from dataclasses import replace
from pathlib import Path

import pytest
from small_rules import a, claiming, d, derived, q, side, x, y

from refsem.cli.rule_audit import advice_text
from refsem.ir.readings import relation_text
from refsem.ir.terms import Relation, nonzero, select
from refsem.obligations.advice import Advice, Redundant, Suggested, Undecided, advise
from refsem.obligations.discharge import (
    AUDIT_LIMITS,
    REPAIR_LIMITS,
    Limits,
    audit_rule,
    discharge,
)
from refsem.obligations.obligation import (
    By,
    Kind,
    Obligation,
    Outcome,
    Proved,
    Record,
    Refuted,
    Unknown,
)
from refsem.obligations.repair import DECIDING, repairs, with_sides
from refsem.rules import BY_NAME, CATALOGUE, Outward, Rule

REJECTED = Path(__file__).parents[1] / "corpus" / "rejected"


def judged(obligation: Obligation) -> Outcome:
    return discharge(obligation, REPAIR_LIMITS)


def advice(rule: Rule, limits: Limits = AUDIT_LIMITS) -> tuple[Advice, ...]:
    return tuple(advise(rule, audit_rule(rule, limits), judged))


def suggested(rule: Rule) -> list[tuple[str, ...]]:
    return [
        tuple(relation_text(side) for side in one.repair.sides)
        for one in advice(rule)
        if isinstance(one, Suggested)
    ]


def test_the_missing_side_of_a_leak_is_found() -> None:
    claim = a * x <= select(0, x, x, a * x)
    assert suggested(claiming(claim, side("leak", a >= 0))) == [("a <= 1",)]


def test_the_weakest_side_comes_first() -> None:
    found = suggested(claiming(x <= 1, side("below", x <= a), point=(x,)))
    assert found[0] == ("a <= 1",)
    assert ("a < 1",) not in found


def test_a_side_about_the_point_is_suggested_only_if_no_other_will_do() -> None:
    found = suggested(claiming(x <= a, given=(a,), point=(x,)))
    assert found == [("x <= a",)]


def test_a_divisor_that_may_vanish_is_excluded() -> None:
    found = suggested(claiming(x / (a - d) <= x / (a - d) + 1, point=(x,)))
    assert found == [("a - d != 0",)]


def test_two_sides_are_found_together() -> None:
    claim = a * x <= select(0, x, x, 0 * x)
    assert suggested(claiming(claim, given=(a,), point=(x,))) == [("0 <= a", "a <= 1")]


def test_what_cannot_be_repaired_gets_no_suggestion() -> None:
    assert suggested(claiming(x - x <= -1)) == []


def test_a_right_rule_and_a_vacuous_one_get_no_suggestion() -> None:
    assert suggested(claiming(x <= a, side("below", x <= a))) == []
    assert suggested(claiming(x <= a - 1, side("low", a < x), side("high", x < a))) == []


def test_sides_against_moved_values_are_found_too() -> None:
    rule = claiming(q * d >= a * d, derived=(derived("q", a, Outward.UP),))
    assert suggested(rule)[0] == ("0 <= d",)


def test_a_redundant_side_is_named_with_whose_word() -> None:
    rule = claiming(x <= a, side("below", x <= a), side("small", d <= 1), side("zero", nonzero(y)))
    found = advice(rule)
    assert [(one.side.name, one.by) for one in found if isinstance(one, Redundant)] == [
        ("small", By.ALGEBRA),
        ("zero", By.ALGEBRA),
    ]


def test_a_side_that_says_why_it_stays_is_not_called_redundant() -> None:
    rule = claiming(x <= a, side("below", x <= a), side("small", d <= 1, stays="for the reader"))
    assert advice(rule) == ()


def test_where_nothing_decides_a_side_is_undecided() -> None:
    rule = claiming(x * x * x <= a * a * a, side("below", x <= a), side("small", d <= 1))
    (found,) = advice(rule, Limits(points=200, resources=1))
    assert isinstance(found, Undecided)
    assert found.side.name == "small"
    assert advice_text(found).startswith("small: side small (d <= 1) may be redundant: z3")


def test_a_suggestion_is_only_what_the_judge_proves() -> None:
    rule = claiming(a * x <= select(0, x, x, a * x), side("leak", a >= 0))
    records = audit_rule(rule, AUDIT_LIMITS)
    assert repairs(rule, records, lambda _: Unknown("no time")) == ()
    asked: list[str] = []

    def counting(obligation: Obligation) -> Outcome:
        asked.append(obligation.kind.value)
        return judged(obligation)

    (found,) = repairs(rule, records, counting)
    kinds = {record.obligation.kind for record in found.records}
    assert {Kind.INHABITED, Kind.SOUND} <= kinds <= DECIDING
    assert len(asked) < 100


VARIANTS = {
    "relu_lower_slope_two": ("s <= 1",),
    "relu_lower_falling": ("0 <= s",),
    "relu_triangle_without_width": ("l < u",),
    "relu_triangle_stable_neuron": ("0 <= u",),
    "add_interval_one_box_missing": ("ly <= y",),
    "input_interval_without_upper_end": ("x <= u",),
    "scale_interval_sign_ignored": ("0 <= c",),
}


@pytest.mark.parametrize("name", VARIANTS)
def test_variants_of_the_catalogue_without_a_side_get_it_back(name: str) -> None:
    rule = runpy.run_path(str(REJECTED / f"{name}.py"))["RULE"]
    assert suggested(rule)[0] == VARIANTS[name]


@pytest.mark.parametrize("name", ["relu_triangle_leaky", "relu_triangle_slope_rounded_up"])
def test_every_suggestion_survives_a_full_audit(name: str) -> None:
    rule = runpy.run_path(str(REJECTED / f"{name}.py"))["RULE"]
    for one in advice(rule):
        assert isinstance(one, Suggested)
        records = audit_rule(with_sides(rule, one.repair.sides), AUDIT_LIMITS)
        deciding = [record for record in records if record.obligation.kind in DECIDING]
        assert not any(record.surprising for record in deciding)
        assert all(isinstance(record.outcome, Proved) for record in deciding)
        added = [r for r in records if r.obligation.id.startswith(f"{rule.name}/needed/suggested")]
        assert all(isinstance(record.outcome, Refuted) for record in added)


def dropped(rule: Rule, index: int) -> tuple[Rule, Relation]:
    sides = rule.sides[:index] + rule.sides[index + 1 :]
    return replace(rule, name="dropped", sides=sides), rule.sides[index].relation


QUICK = ("relu_lower", "relu_interval")
DROPPED = [
    pytest.param(name, index, marks=() if name in QUICK else pytest.mark.nightly)
    for name in (*QUICK, "concretise", "substitute_upper", "relu_triangle")
    for index in range(len(BY_NAME[name].sides))
]


@pytest.mark.parametrize(("name", "index"), DROPPED)
def test_a_dropped_side_or_one_as_good_is_suggested(name: str, index: int) -> None:
    """The catalogue's side, where the grammar has it; whatever is suggested is proved."""
    rule, side = dropped(BY_NAME[name], index)
    for one in advice(rule):
        assert isinstance(one, Suggested)
        assert not any(record.surprising for record in one.repair.records)
    if name == "relu_lower":
        assert (relation_text(side),) in suggested(rule)


def test_no_rule_of_the_catalogue_gets_advice() -> None:
    for rule in CATALOGUE[::15]:
        records: tuple[Record, ...] = audit_rule(rule, Limits(points=200, resources=20_000_000))
        assert tuple(advise(rule, records, judged)) == ()
