import re
from dataclasses import replace
from pathlib import Path

from lean_export.families import FAMILIES, FURTHER, grouped
from lean_export.project import project_files
from lean_export.proofs import Proof, Stub, proof
from lean_export.statements import Shape, arguments, has_theorem, signature, statement, theorem_name
from lean_export.theorems import Status, Theorem, rule_theorems
from refsem.exact.functions import Function
from refsem.ir.terms import (
    Term,
    applications,
    applied,
    equal,
    maximum,
    relation_terms,
    select,
    variables,
)
from refsem.obligations.generation import rule_obligations
from refsem.obligations.obligation import Expected, Kind, Obligation
from refsem.rules import BY_NAME, CATALOGUE, Claim, Derived, Outward, Rule, Side

a, b, l, u, x = variables("a b l u x")

EXAMPLE = Rule(
    name="example",
    operator=None,
    given=(l, u),
    chosen=(a,),
    derived=(
        Derived("b", a * u, Outward.EXACT),
        Derived("d", b + l, Outward.UP),
        Derived("unused", l, Outward.DOWN),
    ),
    point=(x,),
    sides=(
        Side("lower_end", l <= x, because="x lies in the box"),
        Side("x", x <= u, because="x lies in the box"),
    ),
    claims=(Claim("upper", x <= Term("d")),),
    because="it is an example",
    source="this test",
)


def by_kind(rule: Rule, kind: Kind) -> Obligation:
    return next(one for one in rule_obligations(rule) if one.kind is kind)


THEOREMS = rule_theorems(CATALOGUE)


def test_every_obligation_has_exactly_one_theorem_or_is_stated_in_words() -> None:
    for rule in CATALOGUE:
        obligations = rule_obligations(rule)
        expected = [theorem_name(one) for one in obligations if has_theorem(one)]
        written = [one.statement.name for one in THEOREMS if one.rule == rule]
        assert written == expected
        kinds = {one.kind for one in obligations if not has_theorem(one) and not stays(one)}
        # of an arbitrary function no point is claimed
        points = {Kind.INHABITED, Kind.NEEDED} if about_functions(rule) else set()
        assert kinds <= {Kind.LIFT, Kind.FACT, *points}


def stays(one: Obligation) -> bool:
    """Whether a side is kept although the rule is sound without it: nothing is to be refuted."""
    return one.kind is Kind.NEEDED and one.expected is Expected.PROVED


def about_functions(rule: Rule) -> bool:
    relations = (*(one.relation for one in rule.sides), *(one.relation for one in rule.claims))
    return bool(applications(relation_terms(relations)))


def test_theorem_names_are_distinct_and_begin_with_their_rule() -> None:
    names = [theorem.statement.name for theorem in THEOREMS]
    assert len(set(names)) == len(names)
    assert all(one.statement.name.startswith(f"{one.rule.name}_") for one in THEOREMS)


def test_every_rule_of_the_catalogue_is_in_exactly_one_family() -> None:
    placed = [rule for family in FAMILIES for rule in family.rules]
    assert sorted(rule.name for rule in placed) == sorted(BY_NAME)
    assert [family.name for family in grouped(CATALOGUE)] == [one.name for one in FAMILIES]
    (outside,) = grouped((EXAMPLE,))
    assert (outside.name, outside.rules) == (FURTHER, (EXAMPLE,))


def test_sound_states_derived_values_as_equations() -> None:
    assert signature(statement(by_kind(EXAMPLE, Kind.SOUND))) == (
        "theorem example_upper_sound",
        "    {l u a x b d : α} (b_eq : b = a * u) (d_eq : d = b + l) (lower_end : l ≤ x)",
        "    (x_holds : x ≤ u) :",
        "    x ≤ d",
    )


def test_weaken_states_what_may_be_moved_as_a_bound() -> None:
    moved = statement(by_kind(EXAMPLE, Kind.WEAKEN))
    assert moved.name == "example_weaken_d"
    assert "(b_eq : b = a * u) (le_d : b + l ≤ d)" in " ".join(signature(moved))
    down = replace(EXAMPLE, claims=(Claim("lower", Term("unused") <= x),))
    assert "(unused_le : unused ≤ l)" in " ".join(signature(statement(by_kind(down, Kind.WEAKEN))))


def test_a_definition_on_which_nothing_depends_is_left_out() -> None:
    assert "unused" not in " ".join(signature(statement(by_kind(EXAMPLE, Kind.SOUND))))


def test_a_variable_that_no_hypothesis_mentions_is_handed_over() -> None:
    free = replace(EXAMPLE, sides=(), claims=(Claim("same", equal(x, x)),))
    assert signature(statement(by_kind(free, Kind.SOUND))) == (
        "theorem example_same_sound",
        "    (x : α) :",
        "    x = x",
    )


def test_inhabited_is_an_existence_with_its_point() -> None:
    stated = statement(by_kind(BY_NAME["relu_lower"], Kind.INHABITED))
    assert stated.shape is Shape.EXISTENCE
    assert signature(stated)[1].strip() == "∃ s x : α, 0 ≤ s ∧ s ≤ 1"
    assert isinstance(proof(stated), Proof)
    without = replace(EXAMPLE, sides=())
    stated = statement(by_kind(without, Kind.INHABITED))
    assert signature(stated)[1].strip() == "∃ l u a x : α, True"
    assert "trivial" in str(proof(stated))


def test_an_impossible_existence_is_a_stub_with_a_reason() -> None:
    vacuous = replace(EXAMPLE, sides=(Side("never", x < x + 0, because="it is a test"),))
    stub = proof(statement(by_kind(vacuous, Kind.INHABITED)))
    assert stub == Stub("no point with small coordinates was found")
    (theorem,) = (
        one for one in rule_theorems((vacuous,)) if one.statement.name == "example_inhabited"
    )
    assert theorem.status is Status.STUB
    content, _ = project_files((vacuous,))
    stated = content["Refsem/Statements/Further.lean"]
    assert "A stub: no point with small coordinates was\nfound. -/" in stated
    assert "∃ l u a x : α, x < x + 0 :=\n  by sorry\n" in stated
    assert "sorry" not in content["Refsem/Proofs/Further.lean"]


def test_needed_is_a_rational_counterexample() -> None:
    needed = [one for one in rule_obligations(BY_NAME["relu_lower"]) if one.kind is Kind.NEEDED]
    lines = signature(statement(needed[0]))
    assert lines[0] == "theorem relu_lower_needed_slope_nonnegative :"
    assert lines[1].strip() == "∃ s x b : Rat, b = 0 ∧ s ≤ 1 ∧ ¬(s * x + b ≤ max x 0)"


def test_a_needed_side_without_a_counterexample_is_a_stub() -> None:
    true_anyway = replace(
        EXAMPLE,
        sides=(Side("idle", l <= u, because="it is a test"),),
        claims=(Claim("same", equal(x, x)),),
    )
    (needed,) = (one for one in rule_obligations(true_anyway) if one.kind is Kind.NEEDED)
    assert needed.expected is Expected.REFUTED
    assert isinstance(proof(statement(needed)), Stub)


STEEP = replace(
    EXAMPLE,
    name="steep",
    derived=(),
    sides=(
        Side("above", applied(Function.TANH, maximum(x, 0)) <= u, because="a cited fact"),
        Side("order", x <= maximum(x, 0), because="it is a test"),
    ),
    claims=(Claim("upper", applied(Function.TANH, maximum(x, 0)) <= u + 0),),
)


def test_a_theorem_about_a_named_function_is_about_any_and_closed_relative_to_facts() -> None:
    stated = statement(by_kind(STEEP, Kind.SOUND))
    assert stated.functions == ("tanh",)
    assert signature(stated)[1].startswith("    {tanh : α → α} {u x : α}")
    assert "(above : tanh (max x 0) ≤ u)" in " ".join(signature(stated))
    assert arguments(stated) == "(tanh := tanh) above order"
    proved = Theorem(STEEP, stated, proof(stated))
    assert proved.status is Status.RELATIVE


def test_a_selection_is_made_computable_before_it_is_computed() -> None:
    chosen = Claim("upper", select(l, u, x, a) <= x - 1)
    failing = statement(by_kind(replace(EXAMPLE, derived=(), claims=(chosen,)), Kind.NEEDED))
    found = proof(failing)
    assert isinstance(found, Proof)
    assert found.tactics[-1].endswith(" <;> (try simp only [select_eq]) <;> decide +kernel")


def test_no_point_is_claimed_where_a_function_has_a_value() -> None:
    kinds = {one.kind for one in rule_obligations(STEEP) if has_theorem(one)}
    assert kinds == {Kind.SOUND}


def test_the_statements_of_one_small_rule_are_the_golden_ones() -> None:
    # The proofs name sampled points, which are not fixed; the tests above fix their form.
    content, _ = project_files((BY_NAME["relu_lower"],))
    golden = Path(__file__).parent / "golden" / "Relu.lean"
    found = re.sub("⟨[^⟩]*⟩", "⟨…⟩", content["Refsem/Statements/Relu.lean"])
    assert found == golden.read_text("utf-8")
