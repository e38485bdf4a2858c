"""Algebraic proofs printed as data for the checker in Lean."""

from dataclasses import replace

import pytest
from program_machine import executed

from lean_export.program import UnprintableError
from lean_export.proofs import Proof, Stub, proof, tree_proof
from lean_export.refutation import Printed, printed
from lean_export.statements import Statement, has_theorem, statement
from refsem.obligations.algebra.checker import Accepted, check
from refsem.obligations.algebra.proof import AlgebraicProof, Leaf, Product
from refsem.obligations.algebra.stored import read
from refsem.obligations.generation import rule_obligations
from refsem.obligations.obligation import Kind, Obligation
from refsem.rules import BY_NAME


def obligation(name: str) -> Obligation:
    rule = BY_NAME[name.partition("/")[0]]
    return next(one for one in rule_obligations(rule) if one.id == name)


def stored(one: Obligation) -> AlgebraicProof:
    found = read(one.id.partition("/")[0])[one.id]
    return next(each for each in found if isinstance(check(one, each), Accepted))


def data(name: str) -> tuple[Statement, Printed]:
    one = obligation(name)
    stated = statement(one)
    return stated, printed(stated, stored(one))


def test_a_proof_names_values_laws_facts_and_the_tree() -> None:
    _, found = data("max_lower/weaken/b")
    assert found.values == ("s", "t", "b", "x", "y", "(max x y)")
    assert found.laws[0] == ("Law.mk [] (.le (.var 3) (.var 5))", "max_bound_left")
    assert [name for _, name in found.facts] == [
        *("goal", "share_at_most_one", "share_at_least_zero", "b_le", "t_eq")
    ]
    assert found.facts[3][0] == ".le (.var 2) (.num 0)"


def test_a_defined_name_is_replaced_first() -> None:
    _, found = data("max_lower/weaken/b")
    (first,) = executed(found.tree).trees
    value = ("add", ("num", 1), ("mul", ("neg", ("num", 1)), ("var", 0)))
    assert first[:4] == ("replace", 1, value, 4)


def test_a_quotient_is_a_variable_with_a_law_for_its_divisor() -> None:
    _, found = data("relu_triangle/sound/upper")
    assert "(u / (u - l))" in found.values
    assert "div_mul_pos" in [name for _, name in found.laws]


def test_a_barycentric_parameter_is_a_quotient() -> None:
    _, found = data("square_upper/weaken/b")
    assert {"share_mul", "share_nonneg", "share_le_one"} <= {name for _, name in found.laws}
    assert any("/" in value for value in found.values)


def test_a_leaf_that_does_not_cancel_is_refused_unless_asked_for() -> None:
    stated = statement(obligation("max_lower/weaken/b"))
    wrong = AlgebraicProof(Leaf((Product(1, ("goal",)),)))
    with pytest.raises(UnprintableError, match="do not cancel"):
        printed(stated, wrong)
    (first,) = executed(printed(stated, wrong, cancelling=False).tree).trees
    assert first[-1] == ("leaf", [(1, [0], [], [])], [])


def test_a_fact_that_is_not_there_is_refused() -> None:
    stated = statement(obligation("max_lower/weaken/b"))
    with pytest.raises(UnprintableError, match="no fact 'side/none'"):
        printed(stated, AlgebraicProof(Leaf((Product(1, ("side/none",)),))), cancelling=False)


def test_the_text_is_one_application_of_the_checker() -> None:
    stated, found = data("max_lower/weaken/b")
    lines = tree_proof(stated, found).tactics
    assert lines[0].startswith("refine le_of_refuted fun goal => refuted (context := values s ")
    assert "(by decide +kernel)" in " ".join(lines)
    assert lines[-1].strip().endswith("(.cons b_le (.cons t_eq .nil)))))")


def test_what_is_proved_of_moved_values_is_proved_of_the_values() -> None:
    others = tuple(filter(has_theorem, rule_obligations(BY_NAME["max_lower"])))
    found = proof(statement(obligation("max_lower/sound/lower")), others)
    assert isinstance(found, Proof)
    assert found.beside
    assert " ".join(map(str.strip, found.tactics)) == (
        "exact Proofs.max_lower_weaken_b x y t_eq (Algebra.le_of_eq b_eq) share_at_least_zero "
        "share_at_most_one"
    )


def test_without_a_proof_there_is_a_stub() -> None:
    sound = obligation("max_lower/sound/lower")
    false = replace(sound, id="elsewhere/sound/lower", premises=(), kind=Kind.WEAKEN)
    assert proof(statement(false)) == Stub("no algebraic proof was found")
