"""Rounding to nearest: witnesses are real, slacks are enough, and a little less is not."""

import random
from dataclasses import replace

import numpy as np
import pytest
from gmpy2 import mpq
from small_rules import a, claiming, d, derived, p, q, r, side, x

from refsem.ir.readings import evaluate, holds, to_text
from refsem.ir.terms import maximum, select, term
from refsem.obligations.nearest import (
    Broken,
    NoneFound,
    OverflowedError,
    executed,
    nearest_obligations,
    search,
    to_nearest,
    used,
)
from refsem.obligations.obligation import By, Exact, Expected, Point, Proved, Refuted, Unknown
from refsem.obligations.slack import NoSlackError, nearest_records, slacks
from refsem.rounding import BINARY32, exact_value
from refsem.rules import BY_NAME, CATALOGUE, EXECUTED, Claim, Outward, Rule
from refsem.rules.intervals import add_interval, relu_interval, scale_interval

ALL = [(rule, claim) for rule in CATALOGUE for claim in rule.claims if used(rule, claim)]
PAIRS = [
    pytest.param(*pair, id=f"{pair[0].name}-{pair[1].name}", marks=marks)
    for index, pair in enumerate(ALL)
    for marks in [() if index % 4 == 0 else pytest.mark.nightly]
]


def number(source: random.Random) -> mpq:
    """A binary32 value: ordinary, tiny, subnormal, or with few bits."""
    bits = source.choice((24, 24, 3, 1))
    significand = source.randrange(1 << (bits - 1), 1 << bits)
    exponent = source.choice((-24, -22, -20, -60, -100, -149))
    return source.choice((1, -1, 0, 1)) * mpq(significand) * mpq(2) ** exponent


@pytest.mark.parametrize(("rule", "claim"), PAIRS)
def test_a_slack_covers_what_rounding_did(rule: Rule, claim: Claim) -> None:
    try:
        found, _ = slacks(rule, claim)
    except NoSlackError:
        return
    source = random.Random(rule.name)  # noqa: S311  repeatable, not secret
    for _ in range(8):
        inputs = {str(v.head): to_nearest(number(source)) for v in (*rule.given, *rule.chosen)}
        try:
            moved = executed(rule, inputs, {name: one.value for name, one in found.items()})
            for value in rule.derived:
                if value.name in used(rule, claim):
                    exact = evaluate(value.term, moved)
                    up = value.outward is Outward.UP
                    assert moved[value.name] >= exact if up else moved[value.name] <= exact
        except ArithmeticError:
            continue


def test_most_claims_of_the_catalogue_have_a_slack() -> None:
    without = set()
    for rule, claim in ALL:
        try:
            slacks(rule, claim)
        except NoSlackError:
            without.add(rule.name)
    forms = {"substitute_affine", "substitute_upper", "substitute_lower", "compose_upper"}
    assert forms <= without
    assert len(without) <= 19


SOME = ("scale_interval", "relu_upper", "concretise", "exp_upper")


@pytest.mark.parametrize("name", SOME)
def test_a_witness_meets_the_sides_and_fails_with_the_executed_values(name: str) -> None:
    rule = BY_NAME[name]
    for claim in rule.claims:
        found = search(rule, claim, {})
        assert isinstance(found, Broken)
        point = dict(found.point.values)
        for variable, bits in found.point.bits:
            assert exact_value(BINARY32, bits) == point[variable]
        if name != "exp_upper":
            assert all(holds(side.relation, point) for side in rule.sides)
            assert not holds(claim.relation, point)
        assert found.point.failing


def test_a_witness_of_a_sum_is_what_numpy_computes() -> None:
    found = search(add_interval, add_interval.claims[1], {})
    assert isinstance(found, Broken)
    bits = {name: np.uint32(pattern).view(np.float32) for name, pattern in found.point.bits}
    assert bits["ux"] + bits["uy"] == bits["hi"]
    point = dict(found.point.values)
    assert point["ux"] + point["uy"] > point["hi"]


def test_where_nothing_rounds_nothing_breaks() -> None:
    for claim in relu_interval.claims:
        assert search(relu_interval, claim, {}) == NoneFound(exact=True)
    (first, second) = nearest_records(relu_interval)
    for record in (first, second):
        assert isinstance(record.outcome, Proved)
        assert record.outcome.evidence == Exact("no operation rounds")


def test_the_slack_of_a_sum_and_a_product_is_one_unit() -> None:
    found, rules = slacks(add_interval, add_interval.claims[1])
    assert to_text(found["hi"].term(a, d)) == "1 * a * (abs(ux) + abs(uy))"
    assert rules == {"tree_error", "tree_growth"}
    found, rules = slacks(scale_interval, scale_interval.claims[0])
    assert found["lo"].multiple == 1
    assert dict(found["lo"].counts) == {term(1): 1}
    assert rules == {"product_error", "maximum_error"}


def test_a_slack_too_small_by_one_ulp_of_the_unit_is_refuted() -> None:
    """1 and 2^-24 add to a tie: the error is as large as the bound allows, but for 2^-24 of it."""
    names = {"lx": 0, "ly": 0, "ux": 1, "uy": mpq(1, 1 << 24)}
    inputs = {name: mpq(value) for name, value in names.items()}
    found, _ = slacks(add_interval, add_interval.claims[1])
    exact = inputs["ux"] + inputs["uy"]
    enough = executed(add_interval, inputs, {"hi": found["hi"].value})
    assert enough["hi"] >= exact
    less = (1 - mpq(1, 1 << 23)) * found["hi"].value
    assert executed(add_interval, inputs, {"hi": less})["hi"] < exact


@pytest.mark.parametrize("name", ["add_interval", "product_interval"])
def test_a_multiple_less_is_refuted_and_the_slack_is_not(name: str) -> None:
    rule = BY_NAME[name]
    for claim in rule.claims:
        found, _ = slacks(rule, claim)
        less = {n: replace(one, multiple=one.multiple - 1).value for n, one in found.items()}
        assert isinstance(search(rule, claim, less), Broken)
        enough = {n: one.value for n, one in found.items()}
        assert search(rule, claim, enough) == NoneFound(exact=False)


def test_moving_inward_instead_of_outward_repairs_nothing() -> None:
    found, _ = slacks(add_interval, add_interval.claims[0])
    inward = {"lo": term(0) - found["lo"].value}
    assert isinstance(search(add_interval, add_interval.claims[0], inward), Broken)


def test_records_name_what_they_rest_on_and_never_surprise() -> None:
    records = list(nearest_records(scale_interval))
    names = [record.obligation.id for record in records]
    assert names == [
        "scale_interval/nearest/lower",
        "scale_interval/nearest/lower/slack",
        "scale_interval/nearest/upper",
        "scale_interval/nearest/upper/slack",
    ]
    assert not any(record.surprising for record in records)
    assert {record.obligation.expected for record in records} == {Expected.EITHER}
    assert {record.obligation.meaning for record in records} == {"binary32"}
    broken, slack, *_ = (record.outcome for record in records)
    assert isinstance(broken, Refuted)
    assert isinstance(broken.evidence, Point)
    assert isinstance(slack, Proved)
    assert slack.by is By.INSTANCE
    known = {f"{rule.name}/sound/{claim.name}" for rule in EXECUTED for claim in rule.claims}
    assert {one for one in slack.relying_on if "/sound/" in one} <= known


def test_what_may_not_be_moved_is_not_repaired() -> None:
    *_, last = nearest_records(BY_NAME["substitute_upper"])
    assert last.outcome == Unknown("k may not be moved at all")


def test_what_is_not_bounded_is_refused_with_a_reason() -> None:
    for value, reason in (
        (select(a * d, 1, a, d), "selection"),
        (a / (a + d), "quotient"),
    ):
        rule = claiming(q >= 0, derived=(derived("q", value, Outward.UP),))
        with pytest.raises(NoSlackError, match=reason):
            slacks(rule, rule.claims[0])


def test_later_values_are_computed_from_the_moved_ones() -> None:
    values = (derived("p", a + d, Outward.UP), derived("q", p * a, Outward.UP))
    rule = claiming(q >= 0, derived=values)
    found = executed(rule, {"a": mpq(1), "d": mpq(0)}, {"p": term(1)})
    assert (found["p"], found["q"]) == (2, 2)
    assert used(rule, rule.claims[0]) == ("p", "q")


def test_claims_without_derived_values_ask_nothing() -> None:
    rule = claiming(x <= a, side("below", x <= a), derived=(derived("r", a, Outward.UP),))
    assert nearest_obligations(rule) == ()
    assert list(nearest_records(rule)) == []
    assert used(claiming(r <= a, derived=(derived("r", a, Outward.UP),)), Claim("c", r <= a))


def test_overflow_is_an_error_and_no_witness() -> None:
    with pytest.raises(OverflowedError):
        to_nearest(mpq(2) ** 128)
    rule = claiming(q >= a, derived=(derived("q", maximum(a, 0) * mpq(2) ** 127, Outward.UP),))
    assert not isinstance(search(rule, rule.claims[0], {}), OverflowedError)
