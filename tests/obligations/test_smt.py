"""The questions put to z3: no division, its own context, rational answers, repeatable."""

from collections.abc import Iterator
from typing import Any

import z3
from gmpy2 import mpq
from small_rules import a, claiming, d, derived, obligation, q, side, x, y, z

from refsem.exact.functions import Function
from refsem.ir.terms import Relation, Term, applied, equal, fold, maximum, minimum, nonzero, select
from refsem.obligations.generation import rule_obligations
from refsem.obligations.smt import RESOURCES, Smt, ask, solver_for
from refsem.rules import BY_NAME, CATALOGUE, Outward


def expressions(root: Any) -> Iterator[Any]:  # noqa: ANN401  z3 is untyped
    yield root
    for child in root.children():
        yield from expressions(child)


def asserted(solver: Any) -> list[Any]:  # noqa: ANN401  z3 is untyped
    return [one for formula in solver.assertions() for one in expressions(formula)]


def test_no_question_contains_a_division_and_the_catalogue_has_some() -> None:
    quotients = 0
    for one in (one for rule in CATALOGUE for one in rule_obligations(rule) if not one.parts):
        found = asserted(solver_for(one, RESOURCES))
        assert not any(z3.is_app_of(e, z3.Z3_OP_DIV) for e in found)
        quotients += any(z3.is_const(e) and "quotient" in str(e) for e in found)
    assert quotients > 0


def test_a_quotient_used_twice_is_one_variable() -> None:
    rule = claiming(a / d <= q, derived=(derived("q", a / d, Outward.UP),))
    one = obligation(rule, "sound/claim")
    names = {str(e) for e in asserted(solver_for(one, RESOURCES)) if z3.is_const(e)}
    assert {name for name in names if "quotient" in name} == {"quotient!0"}


def test_a_quotient_that_is_read_demands_a_divisor_and_its_law() -> None:
    reading = Smt(z3.Context(), {})
    quotient, zero = fold(a / d, reading), reading.constant(mpq(0))
    solver = z3.Solver(ctx=reading.context)
    solver.add(*reading.constraints)
    assert solver.check() == z3.sat
    assert solver.check(reading.variable("d") == zero) == z3.unsat
    assert solver.check(reading.variable("a") == zero, quotient != zero) == z3.unsat


def test_an_unused_quotient_demands_nothing() -> None:
    rule = claiming(x <= q, derived=(derived("q", a / d, Outward.UP),))
    one = obligation(rule, "defined/divisor_0")
    assert not any("quotient" in str(e) for e in asserted(solver_for(one, RESOURCES)))


def test_every_operator_means_what_it_says() -> None:
    at = {"a": mpq(-3, 2), "d": mpq(2)}
    fixed = [side("a_is", equal(2 * a, a * 0 - 3)), side("d_is", equal(d, a * 0 + 2))]
    expected = {
        a + d: mpq(1, 2),
        a - d: mpq(-7, 2),
        a * d: mpq(-3),
        a / d: mpq(-3, 4),
        -a: mpq(3, 2),
        abs(a): mpq(3, 2),
        abs(d): mpq(2),
        minimum(a, d): mpq(-3, 2),
        minimum(d, a): mpq(-3, 2),
        maximum(a, d): mpq(2),
        maximum(d, a): mpq(2),
        select(a, d, 5, 7): mpq(5),
        select(d, a, 5, 7): mpq(7),
        select(a, a, 5, 7): mpq(5),
    }
    for root, value in expected.items():
        right = claiming(equal(root, Term(value)), *fixed)
        wrong = claiming(equal(root, Term(value + mpq(1, 1000))), *fixed)
        assert ask(obligation(right, "sound/claim"), RESOURCES).word == "unsat"
        answer = ask(obligation(wrong, "sound/claim"), RESOURCES)
        assert answer.candidate is not None
        assert {name: answer.candidate[name] for name in at} == at


def test_comparisons_are_strict_where_they_say_so() -> None:
    def word(*relations: Any) -> str:  # noqa: ANN401  relations
        sides = [side(f"s{index}", relation) for index, relation in enumerate(relations)]
        return ask(obligation(claiming(x <= x + 1, *sides), "inhabited"), RESOURCES).word

    assert word(x <= y, y <= x) == "sat"
    assert word(x <= y, y <= x, nonzero(x - y)) == "unsat"
    assert word(x < y, y <= x) == "unsat"
    assert word(equal(x, y), x < y) == "unsat"
    assert word(equal(x, y), x >= y) == "sat"


def test_a_question_asked_twice_has_one_answer() -> None:
    rule = claiming(x * x + y * y <= a * a, side("z_is", equal(z * z, x + 1)))
    one = obligation(rule, "sound/claim")
    first, second = ask(one, RESOURCES), ask(one, RESOURCES)
    assert first == second
    assert first.word == "sat"


def test_rationals_of_any_size_reach_the_solver_and_return_exactly() -> None:
    huge = mpq(2**200 + 1, 3**90)
    one = obligation(claiming(nonzero(x - Term(huge))), "sound/claim")
    answer = ask(one, RESOURCES)
    assert answer.candidate is not None
    assert answer.candidate["x"] == huge


def test_the_catalogues_rules_are_decided_within_the_limit_named() -> None:
    one = obligation(BY_NAME["concretise"], "sound/upper")
    assert ask(one, RESOURCES).word == "unsat"


def test_a_function_is_a_variable_of_which_nothing_is_known_but_that_it_is_the_same() -> None:
    exp_x, exp_of_it = applied(Function.EXP, x), applied(Function.EXP, Term("x"))
    shifted, log_x = applied(Function.EXP, x + 1), applied(Function.LOG, x)
    assert word(exp_x <= exp_of_it) == "unsat"
    assert word(exp_x * exp_x >= 0, exp_x <= 1) == "unsat"
    assert word(exp_x <= exp_of_it + 1, exp_x >= 7) == "unsat"
    for claim in (exp_x <= shifted, exp_x <= log_x, exp_x >= 0, equal(log_x, exp_x)):
        assert word(claim) == "sat"


def word(claim: Relation, *sides: Relation) -> str:
    """What z3 says of a claim under some sides."""
    named = [side(f"side_{index}", relation) for index, relation in enumerate(sides)]
    return ask(obligation(claiming(claim, *named), "sound/claim"), RESOURCES).word
