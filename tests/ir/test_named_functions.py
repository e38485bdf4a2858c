"""Named functions in terms: their notation, domains and exact values, and comparing the rest."""

from collections.abc import Callable
from fractions import Fraction

import gmpy2
import pytest
from gmpy2 import mpfr, mpq
from hypothesis import given
from hypothesis import strategies as st
from term_strategies import POINTS, TERMS, naive, rational

from refsem.exact import ExactTensor
from refsem.exact.functions import Enclosure, Function, NotEnclosed
from refsem.ir.enclosing import Enclosed, Truth, decide, decide_over, enclose_term
from refsem.ir.readings import (
    IrrationalError,
    UndefinedError,
    evaluate,
    evaluate_tensor,
    relation_text,
    to_text,
)
from refsem.ir.terms import (
    Relation,
    Term,
    applications,
    applied,
    domain,
    equal,
    fold,
    free_variables,
    maximum,
    nonzero,
    substitute,
    term,
    variables,
)
from refsem.obligations.algebra.encoding import EncodingError, decode_term, encode_term

x, y = variables("x y")


def f(function: Function) -> Callable[[Term], Term]:
    return lambda argument: applied(function, argument)


exp, log, sqrt, tanh, tan = map(
    f, (Function.EXP, Function.LOG, Function.SQRT, Function.TANH, Function.TAN)
)


@pytest.mark.parametrize("function", Function)
def test_a_function_takes_one_argument(function: Function) -> None:
    for arguments in ((), (x, y)):
        with pytest.raises(TypeError, match=f"takes 1 arguments, not {len(arguments)}"):
            Term(function, arguments)
    assert applied(function, 3) == Term(function, (term(3),))
    with pytest.raises(TypeError, match="not exact"):
        applied(function, 0.5)  # type: ignore[arg-type]


def test_applications_in_deep_shared_terms_are_found_at_once() -> None:
    node = x
    for _ in range(200):
        node = exp(node + node)
    assert len(applications((node, exp(x)))) == 201


def test_functions_are_seen_inside_terms() -> None:
    root = exp(x + log(y)) * log(y)
    assert applications((root, exp(x))) == (log(y), exp(x + log(y)), exp(x))
    assert free_variables((root,)) == ("x", "y")
    assert substitute(root, {"y": x + 1}) == exp(x + log(x + 1)) * log(x + 1)
    assert to_text(root) == "exp(x + log(y)) * log(y)"
    assert relation_text(-exp(-x) <= sqrt(x / y) - 1) == "-exp(-x) <= sqrt(x / y) - 1"


def test_functions_are_stored_for_proofs() -> None:
    root = exp(x + 1) * sqrt(x)
    assert decode_term(encode_term(root)) == root
    assert encode_term(exp(x)) == ["exp", "x"]
    for data in (["exp"], ["exp", "x", "x"], ["nosuch", "x"]):
        with pytest.raises(EncodingError):
            decode_term(data)


def test_domains() -> None:
    assert domain(log(x + 1)) == (x + 1 > 0,)
    assert domain(sqrt(x)) == (x >= 0,)
    assert domain(applied(Function.LOG1P, x)) == (x > -1,)
    assert domain(tan(x)) == (nonzero(applied(Function.COS, x)),)
    assert domain(exp(x)) == domain(tanh(x)) == ()


def test_exact_values_are_found_where_they_are_rational() -> None:
    point = {"x": mpq(9, 4), "y": mpq(0)}
    assert evaluate(sqrt(x) + exp(y) * 2, point) == mpq(7, 2)
    assert evaluate(sqrt(sqrt(x * x)), point) == mpq(3, 2)
    for root in (exp(x), sqrt(x + 1), exp(exp(y))):
        with pytest.raises(IrrationalError):
            evaluate(root, point)


@pytest.mark.parametrize("root", [log(y), log(-x), sqrt(-x), applied(Function.LOG1P, -x)])
def test_outside_its_domain_a_function_has_no_value(root: Term) -> None:
    point = {"x": mpq(3, 2), "y": mpq(0)}
    with pytest.raises(UndefinedError):
        evaluate(root, point)
    with pytest.raises(UndefinedError):
        decide(root <= 0, point)


def test_the_tangent_has_a_value_at_every_rational() -> None:
    assert decide(tan(x) > 1, {"x": mpq(3, 2)}) is Truth.TRUE


def test_tensors_hold_the_rational_values_of_functions_alone() -> None:
    zero, one = ExactTensor.full((2,), mpq(0)), ExactTensor.full((2,), mpq(1))
    assert evaluate_tensor(exp(x), {"x": zero}).rationals() == [mpq(1)] * 2
    with pytest.raises(IrrationalError, match=r"exp\(1\) is not known to be rational"):
        evaluate_tensor(exp(x), {"x": one})


@pytest.mark.parametrize(
    ("relation", "truth"),
    [
        (exp(x) <= mpq(2718281829, 10**9), Truth.TRUE),
        (exp(x) <= mpq(2718281828, 10**9), Truth.FALSE),
        (exp(x) < mpq(2718281829, 10**9), Truth.TRUE),
        (exp(x) < mpq(2718281828, 10**9), Truth.FALSE),
        (equal(exp(x), term(3)), Truth.FALSE),
        (nonzero(exp(x) - 3), Truth.TRUE),
        (exp(x) <= exp(x), Truth.UNDECIDED),
        (exp(x) < exp(x), Truth.UNDECIDED),
        (equal(exp(x), exp(x)), Truth.UNDECIDED),
        (nonzero(exp(x) - exp(x)), Truth.UNDECIDED),
        (equal(exp(x - 1), term(1)), Truth.TRUE),
        (exp(x) * 0 <= 0, Truth.TRUE),
        (exp(x) * 0 < 0, Truth.FALSE),
        (equal(exp(x) * 0, term(0)), Truth.TRUE),
        (nonzero(exp(x) * 0), Truth.FALSE),
        (log(exp(x)) <= mpq(1001, 1000), Truth.TRUE),
        (tanh(50 * x) < 1, Truth.TRUE),
        (tanh(mpq(10**4) * x) < 1, Truth.UNDECIDED),
        (log(exp(x) - 3) <= 0, Truth.UNDECIDED),
        (1 / (exp(x) - exp(x)) <= 0, Truth.UNDECIDED),
        (exp(mpq(10**9) * x) > 0, Truth.UNDECIDED),
    ],
    ids=lambda value: relation_text(value) if isinstance(value, Relation) else "",
)
def test_relations_are_decided_only_where_their_sides_separate(
    relation: Relation, truth: Truth
) -> None:
    assert decide(relation, {"x": mpq(1)}) is truth


def test_nothing_divides_by_zero() -> None:
    with pytest.raises(ZeroDivisionError):
        decide(1 / (x - 1) <= exp(x), {"x": mpq(1)})


@given(TERMS, POINTS)
def test_at_a_point_an_enclosure_is_the_exact_value(root: Term, point: dict[str, Fraction]) -> None:
    spans = {name: Enclosure(rational(value), rational(value)) for name, value in point.items()}
    value = rational(naive(root, point))
    assert enclose_term(root, spans, 10) == Enclosure(value, value)


@given(TERMS, POINTS, POINTS, st.fractions(0, 1))
def test_over_intervals_an_enclosure_holds_the_values_between(
    root: Term, one: dict[str, Fraction], other: dict[str, Fraction], share: Fraction
) -> None:
    lowest = {name: min(value, other[name]) for name, value in one.items()}
    highest = {name: max(value, other[name]) for name, value in one.items()}
    inside = {name: low + share * (highest[name] - low) for name, low in lowest.items()}
    spans = {
        name: Enclosure(rational(low), rational(highest[name])) for name, low in lowest.items()
    }
    found = enclose_term(root, spans, 10)
    assert isinstance(found, Enclosure)
    assert found.lower <= rational(naive(root, inside)) <= found.upper


SMOOTH = (Function.EXP, Function.TANH, Function.SIGMOID, Function.SIN, Function.COS, Function.ERF)


@given(st.sampled_from(SMOOTH), st.sampled_from(SMOOTH), st.fractions(-3, 3, max_denominator=50))
def test_nested_functions_are_enclosed(
    outer: Function, inner: Function, argument: Fraction
) -> None:
    oracles = {
        Function.EXP: gmpy2.exp,
        Function.TANH: gmpy2.tanh,
        Function.SIGMOID: lambda value: 1 / (1 + gmpy2.exp(-value)),
        Function.SIN: gmpy2.sin,
        Function.COS: gmpy2.cos,
        Function.ERF: gmpy2.erf,
    }
    point = Enclosure(rational(argument), rational(argument))
    root = maximum(applied(outer, applied(inner, x) * 2), -5) / 3
    found = enclose_term(root, {"x": point}, 80)
    with gmpy2.context(precision=300):
        value = mpq(oracles[outer](oracles[inner](mpfr(rational(argument))) * 2) / 3)
    slack = mpq(1, 2**200)
    assert isinstance(found, Enclosure)
    assert found.lower - slack <= value <= found.upper + slack
    assert found.upper - found.lower <= (1 + abs(value)) * mpq(1, 2**60)


def test_over_an_interval_a_relation_is_decided_for_all_its_points_or_for_none() -> None:
    spans = {"x": Enclosure(mpq(1), mpq(2))}
    assert decide_over(exp(x) > 2, spans, 53) is Truth.TRUE
    assert decide_over(exp(x) < 2, spans, 53) is Truth.FALSE
    assert decide_over(exp(x) < 3, spans, 53) is Truth.UNDECIDED
    assert decide_over(log(x - 2) < 3, spans, 53) is Truth.UNDECIDED
    assert isinstance(enclose_term(exp(log(x - 2)), spans, 53), NotEnclosed)


def test_a_fold_asks_a_reading_for_functions() -> None:
    assert fold(exp(x * 0), Enclosed({"x": Enclosure(mpq(0), mpq(5))}, 53)) == Enclosure(
        mpq(1), mpq(1)
    )
