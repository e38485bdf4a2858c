"""A rule that breaks an invariant cannot be made; the error names the rule and the breach."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from refsem.exact.functions import Function
from refsem.ir.terms import Term, applied, maximum, term, variables
from refsem.rules import Claim, Derived, Outward, Rule, RuleError, Side
from refsem.rules.function_facts import exp_positive

c, k, x, y, q, unknown = variables("c k x y q unknown")

GOOD = Rule(
    name="good",
    operator=None,
    given=(c,),
    chosen=(k,),
    derived=(Derived("q", c * k, Outward.UP),),
    point=(x,),
    sides=(Side("below", x <= c, because="x is bounded"),),
    claims=(Claim("upper", x - c <= maximum(q, 0)),),
    because="x − c is not positive",
    source="written for this test",
)


def side(relation: object, name: str = "below") -> Side:
    return Side(name, relation, because="")  # type: ignore[arg-type]


BREACHES: list[tuple[str, dict[str, Any], str]] = [
    ("no claims", {"claims": ()}, "claims nothing"),
    (
        "derived mentions the point",
        {"derived": (Derived("q", c * x, Outward.UP),)},
        "derived 'q' mentions ['x'], which it may not depend on",
    ),
    (
        "derived mentions a later one",
        {"derived": (Derived("q", c + y, Outward.UP), Derived("y", c * k, Outward.UP))},
        "derived 'q' mentions ['y'], which it may not depend on",
    ),
    (
        "derived mentions itself",
        {"derived": (Derived("q", q + 1, Outward.UP),)},
        "derived 'q' mentions ['q'], which it may not depend on",
    ),
    (
        "side mentions an unknown variable",
        {"sides": (side(x <= unknown),)},
        "side 'below' mentions ['unknown'], which it may not depend on",
    ),
    (
        "claim mentions an unknown variable",
        {"claims": (Claim("upper", x <= unknown + q),)},
        "claim 'upper' mentions ['unknown'], which it may not depend on",
    ),
    (
        "derived applies a function",
        {"derived": (Derived("q", applied(Function.EXP, c), Outward.UP),)},
        "derived 'q' applies a function; take an enclosure as given",
    ),
    (
        "citation mentions a derived value",
        {"cites": (exp_positive.at(q),)},
        "citation 'exp_positive_q' mentions ['q'], which it may not depend on",
    ),
    (
        "citation named like a side",
        {"cites": (exp_positive.at(x, named="below"),)},
        "two premises are named 'below'",
    ),
    ("given is chosen too", {"chosen": (k, c)}, "two variables are named 'c'"),
    ("given twice", {"given": (c, c)}, "two variables are named 'c'"),
    ("derived is a point too", {"point": (x, q)}, "two variables are named 'q'"),
    (
        "derived twice",
        {"derived": (Derived("q", c, Outward.UP), Derived("q", k, Outward.UP))},
        "two variables are named 'q'",
    ),
    ("side divides", {"sides": (side(x / c <= k),)}, "side 'below' divides; state it without"),
    (
        "side divides deep inside",
        {"sides": (side(x <= maximum(k, 1 + abs(1 / c))),)},
        "side 'below' divides; state it without",
    ),
    ("given is no variable", {"given": (c + 1,)}, "given, chosen and point are lists of variables"),
    ("point is a number", {"point": (term(1),)}, "given, chosen and point are lists of variables"),
    (
        "two sides of one name",
        {"sides": (side(x <= c), side(c <= k))},
        "two sides are named 'below'",
    ),
    (
        "two claims of one name",
        {"claims": (*GOOD.claims, *GOOD.claims)},
        "two claims are named 'upper'",
    ),
    (
        "a variable that a solver could confuse",
        {"chosen": (k, Term("quotient!0"))},
        "'quotient!0' cannot name a variable: it is not an ASCII identifier",
    ),
    (
        "a side whose name would break an id",
        {"sides": (side(x <= c, "box/lower"),)},
        "'box/lower' cannot name a side: it is not an ASCII identifier",
    ),
    (
        "a claim without a name",
        {"claims": (Claim("", x <= c),)},
        "'' cannot name a claim: it is not an ASCII identifier",
    ),
]


@pytest.mark.parametrize(
    ("changes", "message"),
    [breach[1:] for breach in BREACHES],
    ids=[breach[0] for breach in BREACHES],
)
def test_a_breach_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(RuleError) as caught:
        replace(GOOD, **changes)
    assert caught.value.rule == "good"
    assert caught.value.message == message
    assert str(caught.value) == f"rule 'good': {message}"


def test_a_rule_needs_a_name_that_can_start_an_id() -> None:
    with pytest.raises(RuleError, match="'good rule' cannot name a rule"):
        replace(GOOD, name="good rule")


def test_the_sides_that_an_instance_is_held_against_do_not_mention_the_point() -> None:
    both = replace(GOOD, sides=(*GOOD.sides, side(k <= c, "chosen_below"), side(q <= 9, "small")))
    assert [one.name for one in both.checkable] == ["chosen_below", "small"]
    assert both.point_names == {"x"}


@pytest.mark.parametrize("number", [0.5, True, "1", None])
def test_constants_are_exact_numbers(number: float | str | None) -> None:
    with pytest.raises(TypeError, match="is not exact"):
        x + number  # type: ignore[operator]
    assert (x + Fraction(1, 2)).arguments[1] == term(Fraction(1, 2))


def test_terms_and_relations_have_no_truth_value() -> None:
    with pytest.raises(TypeError, match="no truth value"):
        bool(x)
    with pytest.raises(TypeError, match="no truth value"):
        assert c <= x <= k
