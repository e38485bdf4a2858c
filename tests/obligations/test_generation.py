"""Which obligations a rule gets: their ids, their premises and what they expect."""

from dataclasses import replace

import pytest
from small_rules import a, claiming, d, derived, obligation, p, q, side, x

from refsem.ir.terms import nonzero
from refsem.obligations.generation import rule_obligations
from refsem.obligations.obligation import Expected, Kind, Obligation
from refsem.rules import BY_NAME, CATALOGUE, Claim, Outward, Rule
from refsem.rules.function_facts import log_tangent

GOLDEN = {
    "relu_upper": """
        relu_upper/inhabited relu_upper/sound/upper relu_upper/weaken/b
        relu_upper/needed/lower_end relu_upper/needed/upper_end""",
    "relu_triangle": """
        relu_triangle/inhabited relu_triangle/defined/divisor_0 relu_triangle/sound/upper
        relu_triangle/needed/lower_end relu_triangle/needed/upper_end
        relu_triangle/needed/straddles_below relu_triangle/needed/straddles_above
        relu_triangle/needed/positive_width""",
    "substitute_affine": """
        substitute_affine/inhabited substitute_affine/sound/same
        substitute_affine/needed/affine substitute_affine/lift""",
    "concretise": """
        concretise/inhabited concretise/sound/lower concretise/sound/upper
        concretise/weaken/lo concretise/weaken/hi
        concretise/needed/form_below concretise/needed/form_above
        concretise/needed/lower_end concretise/needed/upper_end concretise/lift""",
}


def ids(rule: Rule) -> list[str]:
    return [one.id for one in rule_obligations(rule)]


def premises(one: Obligation) -> list[str]:
    return [premise.name for premise in one.premises]


@pytest.mark.parametrize("name", GOLDEN)
def test_ids_are_stable(name: str) -> None:
    assert ids(BY_NAME[name]) == GOLDEN[name].split()


def test_ids_are_unique_over_the_catalogue_and_generation_repeats() -> None:
    everything = [one for rule in CATALOGUE for one in rule_obligations(rule)]
    assert len({one.id for one in everything}) == len(everything)
    assert everything == [one for rule in CATALOGUE for one in rule_obligations(rule)]


def test_every_side_and_claim_of_the_catalogue_is_asked_about() -> None:
    for rule in CATALOGUE:
        assert {f"{rule.name}/needed/{one.name}" for one in rule.sides} <= set(ids(rule))
        assert {f"{rule.name}/sound/{one.name}" for one in rule.claims} <= set(ids(rule))
        assert f"{rule.name}/inhabited" in ids(rule)
        assert (f"{rule.name}/lift" in ids(rule)) == bool(rule.lift)


def test_what_is_expected_of_each_kind() -> None:
    expected = {
        Kind.INHABITED: Expected.PROVED,
        Kind.DEFINED: Expected.PROVED,
        Kind.FACT: Expected.STATED,
        Kind.CITED: Expected.PROVED,
        Kind.SOUND: Expected.PROVED,
        Kind.WEAKEN: Expected.PROVED,
        Kind.NEEDED: Expected.REFUTED,
        Kind.LIFT: Expected.STATED,
    }
    for rule in CATALOGUE:
        staying = {f"{rule.name}/needed/{side.name}" for side in rule.sides if side.stays}
        for one in rule_obligations(rule):
            wanted = Expected.PROVED if one.id in staying else expected[one.kind]
            assert one.expected is wanted
            assert one.meaning == "real"


def test_a_side_that_says_why_it_stays_is_expected_to_be_superfluous() -> None:
    rule = claiming(x <= a, side("below", x <= a), side("small", d <= 1, stays="users ask for it"))
    assert obligation(rule, "needed/below").expected is Expected.REFUTED
    assert obligation(rule, "needed/small").expected is Expected.PROVED


def test_needed_asks_for_definedness_and_soundness_without_the_side() -> None:
    rule = BY_NAME["relu_triangle"]
    one = obligation(rule, "needed/positive_width")
    rest = replace(rule, sides=rule.sides[:-1])
    wanted = ("relu_triangle/defined/divisor_0", "relu_triangle/sound/upper")
    assert one.parts == tuple(part for part in rule_obligations(rest) if part.id in wanted)
    assert [part.id for part in one.parts] == list(wanted)
    assert all("positive_width" not in premises(part) for part in one.parts)


def test_sound_keeps_derived_values_exact_and_weaken_lets_them_move() -> None:
    values = (derived("p", a, Outward.UP), derived("q", p + 1, Outward.EXACT))
    rule = claiming(x <= q, side("below", x <= a), derived=values)
    moves = {
        what: [definition.may_exceed for definition in obligation(rule, what).definitions]
        for what in ("sound/claim", "weaken/p")
    }
    assert moves == {
        "sound/claim": [Outward.EXACT, Outward.EXACT],
        "weaken/p": [Outward.UP, Outward.EXACT],
    }


def test_weaken_is_named_after_the_last_value_that_may_move() -> None:
    values = (derived("p", a, Outward.UP), derived("q", p + d, Outward.DOWN))
    both = claiming(
        x <= q,
        derived=values,
        claims=(Claim("first", x <= q), Claim("second", q <= x), Claim("third", x <= p)),
    )
    found = [one.split("/", 1)[1] for one in ids(both) if "/weaken/" in one]
    assert found == ["weaken/q/first", "weaken/q/second", "weaken/p"]


def test_what_leans_on_no_movable_value_has_no_weaken() -> None:
    values = (derived("p", a, Outward.EXACT), derived("q", d, Outward.UP))
    rule = claiming(x <= p, derived=values)
    assert [one for one in ids(rule) if "/weaken/" in one] == []


def test_a_rule_about_a_function_is_asked_for_its_domain_its_facts_and_where_they_apply() -> None:
    rule = BY_NAME["log_upper"]
    assert [one for one in ids(rule) if "needed" not in one] == [
        "log_upper/inhabited",
        "log_upper/defined/divisor_0",
        "log_upper/defined/domain_0",
        "log_upper/defined/domain_1",
        "log_upper/fact/log_tangent",
        "log_upper/cited/log_tangent_t_x/x_positive",
        "log_upper/sound/upper",
        "log_upper/weaken/b",
    ]
    sound = obligation(rule, "sound/upper")
    assert [premise.name for premise in sound.premises if premise.cited] == ["log_tangent_t_x"]
    asked = [one for one in ids(rule) if one.split("/")[1] in ("defined", "fact", "cited")]
    assert sorted(sound.assumes) == sorted(asked)
    fact = obligation(rule, "fact/log_tangent")
    assert fact.free == ("t", "x")
    assert fact.goal == log_tangent.conclusion


def test_a_side_about_a_function_is_no_premise_of_its_domain() -> None:
    rule = BY_NAME["log_interval"]
    first, second, third = (obligation(rule, f"defined/domain_{index}") for index in range(3))
    assert premises(first) == ["lower_end", "upper_end", "positive"]
    assert premises(second) == [*premises(first), "value_at_lower_end", "domain_0"]
    assert premises(third)[-2:] == ["domain_0", "domain_1"]


def test_inner_divisors_come_first_and_license_the_outer_ones() -> None:
    rule = claiming(x / (1 / a + d) <= 1)
    first, second = (obligation(rule, f"defined/divisor_{index}") for index in (0, 1))
    assert first.goal == nonzero(a)
    assert second.goal == nonzero(1 / a + d)
    assert (premises(first), first.assumes) == ([], ())
    assert (premises(second), second.assumes) == (["divisor_0"], ("small/defined/divisor_0",))
    sound = obligation(rule, "sound/claim")
    assert premises(sound) == ["divisor_0", "divisor_1"]
    assert sound.assumes == ("small/defined/divisor_0", "small/defined/divisor_1")


def test_a_divisor_used_twice_is_judged_once() -> None:
    rule = claiming(x / a <= d / a, derived=(derived("q", 1 / a, Outward.EXACT),))
    assert [one for one in ids(rule) if "/defined/" in one] == ["small/defined/divisor_0"]


def test_no_premise_of_a_divisor_mentions_what_divides_by_it() -> None:
    values = (derived("p", 1 / d, Outward.EXACT), derived("q", a / p, Outward.UP))
    sides = (side("on_p", p >= 1), side("on_q", q >= 1), side("on_a", a >= 1))
    rule = claiming(x <= q, *sides, derived=values)
    first, second = (obligation(rule, f"defined/divisor_{index}") for index in (0, 1))
    assert (premises(first), first.definitions) == (["on_a"], ())
    assert premises(second) == ["on_p", "on_a", "divisor_0"]
    assert [definition.name for definition in second.definitions] == ["p"]
    assert premises(obligation(rule, "sound/claim"))[:3] == ["on_p", "on_q", "on_a"]


def test_inhabited_defines_the_derived_values_that_sides_mention_and_no_others() -> None:
    values = (
        derived("p", a + 1, Outward.UP),
        derived("q", p + 1, Outward.UP),
        derived("r", d, Outward.UP),
    )
    rule = claiming(x <= q, side("on_q", q >= 1), derived=values)
    assert [one.name for one in obligation(rule, "inhabited").definitions] == ["p", "q"]
