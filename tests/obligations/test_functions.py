"""Obligations about named functions: points are placed where sides hold, and count if exact."""

from dataclasses import replace

import pytest
from gmpy2 import mpq
from small_rules import a, claiming, d, derived, obligation, q, side, x, y

from refsem.exact.functions import Function
from refsem.ir.terms import Term, applied
from refsem.obligations import fixing, sampling
from refsem.obligations.discharge import DEFAULT_LIMITS, discharge
from refsem.obligations.generation import rule_obligations
from refsem.obligations.obligation import (
    By,
    Kind,
    Obligation,
    Point,
    Proved,
    Refuted,
    Stated,
    Unknown,
)
from refsem.obligations.placing import involves_functions, placed_points
from refsem.rules import BY_NAME, Outward
from refsem.rules.function_facts import exp_monotone, exp_positive, exp_tangent


def exp(argument: Term) -> Term:
    return applied(Function.EXP, argument)


RISING = claiming(
    exp(x) <= a,
    side("below", x <= y),
    side("value", exp(y) <= a),
    cites=(exp_monotone.at(x, y),),
)


def test_a_proof_knows_what_is_cited_and_nothing_else() -> None:
    one = obligation(RISING, "sound/claim")
    assert isinstance(discharge(one, DEFAULT_LIMITS), Proved)
    without = obligation(replace(RISING, cites=()), "sound/claim")
    assert isinstance(discharge(without, DEFAULT_LIMITS), Unknown)


def test_a_proof_relies_on_the_facts_it_may_use() -> None:
    found = discharge(obligation(RISING, "sound/claim"), DEFAULT_LIMITS)
    assert isinstance(found, Proved)
    assert "small/fact/exp_monotone" in found.relying_on


def test_points_are_placed_where_sides_about_functions_hold() -> None:
    one = obligation(RISING, "inhabited")
    assert involves_functions(one)
    found = sampling.search(one, DEFAULT_LIMITS.points)
    assert found is not None
    values = dict(found.values)
    assert values["x"] <= values["y"]
    assert values["a"] > 0
    assert list(placed_points(one, 20)) == list(placed_points(one, 20))


def test_a_point_that_refutes_meets_the_sides_and_need_not_meet_a_false_fact() -> None:
    falling = replace(exp_monotone, name="exp_falling", premises=())
    rule = replace(RISING, sides=RISING.sides[1:], cites=(falling.at(x, y),))
    sound = discharge(obligation(rule, "sound/claim"), DEFAULT_LIMITS)
    assert isinstance(sound, Refuted)
    fact = discharge(obligation(rule, "fact/exp_falling"), DEFAULT_LIMITS)
    assert isinstance(fact, Refuted)
    assert isinstance(fact.evidence, Point)
    values = dict(fact.evidence.values)
    assert values["x"] > values["y"]


def test_a_fact_that_nothing_contradicts_is_stated_and_not_proved() -> None:
    found = discharge(obligation(RISING, "fact/exp_monotone"), DEFAULT_LIMITS)
    assert found == Stated("refsem/rules/function_facts.py")


def test_nothing_inhabits_a_rule_whose_citation_is_false_where_its_sides_hold() -> None:
    negative = replace(exp_positive, conclusion=exp(x) < 0)
    rule = replace(RISING, cites=(negative.at(x),))
    found = discharge(obligation(rule, "inhabited"), DEFAULT_LIMITS)
    assert not isinstance(found, Proved)


def test_a_citation_must_apply_under_the_sides() -> None:
    # here the premise x ≤ y is a side
    assert all(one.kind is not Kind.CITED for one in rule_obligations(RISING))
    loose = replace(RISING, sides=RISING.sides[1:])
    one = obligation(loose, "cited/exp_monotone_x_y/in_order")
    found = discharge(one, DEFAULT_LIMITS)
    assert isinstance(found, Refuted)


def test_definitions_are_moved_at_placed_points_too() -> None:
    for direction, refuted in ((Outward.UP, False), (Outward.DOWN, True)):
        rule = claiming(
            exp(x) <= q,
            side("value", exp(x) <= a),
            derived=(derived("q", a + 0, direction),),
        )
        found = discharge(obligation(rule, "weaken/q"), DEFAULT_LIMITS)
        assert isinstance(found, Refuted if refuted else Proved)


def test_what_is_not_defined_refutes() -> None:
    rule = claiming(applied(Function.SQRT, x) >= 0, side("above", x >= -1))
    found = discharge(obligation(rule, "defined/domain_0"), DEFAULT_LIMITS)
    assert isinstance(found, Refuted)
    assert isinstance(found.evidence, Point)
    assert dict(found.evidence.values)["x"] < 0


def test_with_functions_fixed_a_solver_finds_the_rest() -> None:
    """A line through two values: its other numbers are a matter of rationals."""
    rule = claiming(
        exp(x) <= a * x + d,
        side("at_y", exp(y) <= a * y + d),
        cites=(exp_tangent.at(x, y),),
    )
    one = obligation(rule, "sound/claim")
    found = fixing.search(one, 20)
    assert found is not None
    assert sampling.evidence(one, dict(found.values)) == found


def test_fixing_has_nothing_to_do_where_no_function_is() -> None:
    assert fixing.search(obligation(claiming(x <= a), "sound/claim"), 5) is None


@pytest.mark.parametrize("name", ["exp_interval", "tanh_upper", "sin_interval"])
def test_the_inhabitant_of_a_rule_satisfies_what_it_cites(name: str) -> None:
    one: Obligation = obligation(BY_NAME[name], "inhabited")
    found = discharge(one, DEFAULT_LIMITS)
    assert isinstance(found, Proved)
    assert found.by is By.POINT
    assert any(premise.cited for premise in one.premises)
    assert isinstance(found.evidence, Point)
    assert all(isinstance(value, type(mpq())) for _, value in found.evidence.values)
