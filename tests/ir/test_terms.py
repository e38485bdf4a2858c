"""Terms: what may be one, what may not be asked of one, and each reading against the others."""

import re
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from gmpy2 import mpfr, mpq, mpz
from hypothesis import given
from hypothesis import strategies as st
from term_strategies import NAMES, NUMBERS, POINTS, TERMS, naive, rational

from refsem.exact import ExactTensor
from refsem.ir.readings import (
    evaluate,
    evaluate_tensor,
    holds,
    holds_tensor,
    relation_text,
    to_text,
)
from refsem.ir.terms import (
    Comparison,
    Operator,
    Relation,
    Term,
    divisors,
    equal,
    fold,
    free_variables,
    maximum,
    minimum,
    nonzero,
    relation_terms,
    select,
    substitute,
    subterms,
    term,
    variables,
)

x, y, z = variables("x y z")

Point = dict[str, Fraction]

# what is exact


@pytest.mark.parametrize("number", [0, -7, 2**200, mpz(5), mpq(3, 7), Fraction(-2, 3)])
def test_exact_numbers_are_constants(number: int | Fraction) -> None:
    assert term(number).head == mpq(number)
    assert type(term(number).head) is type(mpq())


INEXACT = [0.5, 1.0, float("nan"), np.float64(2), np.float32(2), mpfr(2), Decimal(1), 1j, True, "1"]
USES: list[Callable[[object], object]] = [
    term,
    lambda number: x + number,
    lambda number: number + x,
    lambda number: x - number,
    lambda number: number - x,
    lambda number: x * number,
    lambda number: number * x,
    lambda number: x / number,
    lambda number: number / x,
    lambda number: x <= number,
    lambda number: x < number,
    lambda number: x >= number,
    lambda number: x > number,
    lambda number: maximum(x, number),
    lambda number: minimum(number, x),
    lambda number: select(x, number, x, y),
]


@pytest.mark.parametrize("number", INEXACT, ids=repr)
def test_floats_and_truth_values_are_refused_everywhere(number: object) -> None:
    for use in USES:
        with pytest.raises(TypeError):
            use(number)


def test_terms_and_relations_have_no_truth_value() -> None:
    for thing in (x, term(0), x <= y, x < y, equal(x, y), nonzero(x)):
        with pytest.raises(TypeError, match="no truth value"):
            bool(thing)
    with pytest.raises(TypeError, match="no truth value"):
        assert x <= y <= z


@pytest.mark.parametrize("operator", Operator)
def test_the_number_of_arguments_is_checked(operator: Operator) -> None:
    for count in {0, 1, 2, 3, 4, 5} - {operator.arity}:
        with pytest.raises(TypeError, match=f"takes {operator.arity} arguments, not {count}"):
            Term(operator, (x,) * count)
    with pytest.raises(TypeError, match="takes 0 arguments, not 1"):
        Term("x", (y,))


@pytest.mark.parametrize(
    ("built", "operator", "arguments"),
    [
        (x + 1, Operator.ADD, (x, term(1))),
        (1 + x, Operator.ADD, (term(1), x)),
        (x - 1, Operator.SUB, (x, term(1))),
        (1 - x, Operator.SUB, (term(1), x)),
        (x * 2, Operator.MUL, (x, term(2))),
        (2 * x, Operator.MUL, (term(2), x)),
        (x / 2, Operator.DIV, (x, term(2))),
        (2 / x, Operator.DIV, (term(2), x)),
        (-x, Operator.NEG, (x,)),
        (abs(x), Operator.ABS, (x,)),
        (maximum(x, y), Operator.MAX, (x, y)),
        (minimum(x, y), Operator.MIN, (x, y)),
        (select(x, y, 1, z), Operator.SELECT, (x, y, term(1), z)),
    ],
)
def test_notation(built: Term, operator: Operator, arguments: tuple[Term, ...]) -> None:
    assert built == Term(operator, arguments)


def test_comparisons_point_one_way() -> None:
    assert (x <= y) == (y >= x) == Relation(Comparison.LE, x, y)
    assert (x < y) == (y > x) == Relation(Comparison.LT, x, y)
    assert equal(x, y) == Relation(Comparison.EQ, x, y)
    assert nonzero(x) == Relation(Comparison.NE, x, term(0))


# readings against plain recursion


@given(TERMS, POINTS)
def test_the_exact_reading_is_plain_recursion(root: Term, point: Point) -> None:
    value = evaluate(root, {name: rational(number) for name, number in point.items()})
    assert value == rational(naive(root, point))
    assert type(value) is type(mpq())


@given(TERMS, st.lists(POINTS, min_size=1, max_size=4))
def test_the_tensor_reading_is_the_exact_one_entry_by_entry(
    root: Term, points: list[Point]
) -> None:
    columns = {
        name: ExactTensor.from_rationals([rational(point[name]) for point in points])
        for name in NAMES
    }
    tensor = evaluate_tensor(root, columns).broadcast_to((len(points),))
    assert tensor.rationals() == [rational(naive(root, point)) for point in points]


@given(TERMS, POINTS, POINTS)
def test_the_tensor_reading_broadcasts(root: Term, one: Point, other: Point) -> None:
    """x varies down, y across, z not at all."""
    bound = {
        "x": ExactTensor.from_rationals([rational(one["x"]), rational(other["x"])], (2, 1)),
        "y": ExactTensor.from_rationals([rational(one["y"]), rational(other["y"])], (1, 2)),
        "z": ExactTensor.from_rationals([rational(one["z"])], ()),
    }
    grid = [
        {"x": down["x"], "y": across["y"], "z": one["z"]}
        for down in (one, other)
        for across in (one, other)
    ]
    tensor = evaluate_tensor(root, bound).broadcast_to((2, 2))
    assert tensor.rationals() == [rational(naive(root, point)) for point in grid]


RELATIONS = st.builds(Relation, st.sampled_from(Comparison), TERMS, TERMS)


def naively_holds(relation: Relation, point: Point) -> bool:
    left, right = naive(relation.left, point), naive(relation.right, point)
    return {
        Comparison.LE: left <= right,
        Comparison.LT: left < right,
        Comparison.EQ: left == right,
        Comparison.NE: left != right,
    }[relation.comparison]


@given(
    RELATIONS | st.builds(lambda c, t: Relation(c, t, t), st.sampled_from(Comparison), TERMS),
    st.lists(POINTS, min_size=1, max_size=3),
)
def test_relations_are_compared_exactly(relation: Relation, points: list[Point]) -> None:
    expected = [naively_holds(relation, point) for point in points]
    found = [
        holds(relation, {name: rational(number) for name, number in point.items()})
        for point in points
    ]
    assert found == expected
    columns = {
        name: ExactTensor.from_rationals([rational(point[name]) for point in points])
        for name in NAMES
    }
    assert holds_tensor(relation, columns) == all(expected)


@given(NUMBERS)
def test_a_zero_divisor_is_an_error_in_both_readings(number: Fraction) -> None:
    root = term(number) / (x - x)
    with pytest.raises(ZeroDivisionError):
        evaluate(root, {"x": mpq(1)})
    with pytest.raises(ZeroDivisionError):
        evaluate_tensor(root, {"x": ExactTensor.from_rationals([mpq(1), mpq(2)])})


def test_both_branches_of_a_choice_are_read() -> None:
    root = select(x, 0, 1 / x, x)
    with pytest.raises(ZeroDivisionError):
        evaluate(root, {"x": mpq(0)})
    with pytest.raises(ZeroDivisionError):
        evaluate(select(0, 1, x, 1 / x), {"x": mpq(0)})
    assert evaluate(select(x, y, 1, 2), {"x": mpq(3), "y": mpq(3)}) == 1


def test_an_unbound_variable_is_an_error() -> None:
    with pytest.raises(KeyError):
        evaluate(x + y, {"x": mpq(1)})


# text

CALLS = {
    "max": max,
    "min": min,
    "abs": abs,
    "select": lambda a, b, chosen, other: chosen if a <= b else other,
    "number": Fraction,
}


def evaluated(text: str, point: Point) -> Fraction:
    """The text as Python reads it, its numbers being fractions."""
    exact = re.sub(r"\d+", r"number(\g<0>)", text)
    return Fraction(eval(exact, {"__builtins__": {}}, {**CALLS, **point}))  # noqa: S307  our own text


@given(TERMS, POINTS)
def test_printed_terms_mean_what_they_say(root: Term, point: Point) -> None:
    assert evaluated(to_text(root), point) == naive(root, point)


@given(RELATIONS)
def test_printed_relations_are_their_sides(relation: Relation) -> None:
    sides = to_text(relation.left), to_text(relation.right)
    assert relation_text(relation) == f" {relation.comparison.value} ".join(sides)


@pytest.mark.parametrize(
    ("root", "text"),
    [
        (x + y + z, "x + y + z"),
        (x - (y - z), "x - (y - z)"),
        (x - y - z, "x - y - z"),
        (x * (y + z), "x * (y + z)"),
        (x / (y * z), "x / (y * z)"),
        (x / y / z, "x / y / z"),
        (-(x + y), "-(x + y)"),
        (-x * y, "(-x) * y"),
        (-(x * y), "-x * y"),
        (x - -y, "x - (-y)"),
        (x * Fraction(1, 2), "x * (1/2)"),
        (Fraction(1, 2) - x, "1/2 - x"),
        (Fraction(1, 2) * x, "1/2 * x"),
        (x + -2, "x + -2"),
        (x - Fraction(-1, 2), "x - (-1/2)"),
        (maximum(x + y, 0), "max(x + y, 0)"),
        (select(x, y, abs(z), -z), "select(x, y, abs(z), -z)"),
    ],
)
def test_text_has_the_parentheses_it_needs(root: Term, text: str) -> None:
    assert to_text(root) == text


# structure


class Counting:
    """A reading that counts what it is asked."""

    def __init__(self) -> None:
        self.applied = 0

    def constant(self, value: mpq) -> int:
        return int(value)

    def variable(self, name: str) -> int:
        return len(name)

    def apply(self, operator: Operator, arguments: tuple[int, ...]) -> int:
        assert operator is Operator.ADD
        self.applied += 1
        return sum(arguments)


def test_a_shared_subterm_is_read_once() -> None:
    root = x
    for _ in range(60):
        root = root + root
    counting = Counting()
    assert fold(root, counting) == 2**60
    assert counting.applied == 60
    assert evaluate(root, {"x": mpq(1, 3)}) == mpq(2**60, 3)


def test_deep_terms_are_read_without_recursion() -> None:
    root = x
    for _ in range(20_000):
        root = -root
    assert evaluate(root, {"x": mpq(5)}) == 5
    assert free_variables([root]) == ("x",)


@given(TERMS)
def test_subterms_come_before_the_terms_that_use_them(root: Term) -> None:
    order = [id(node) for node in subterms(root)]
    assert len(order) == len(set(order))
    assert order[-1] == id(root)
    for node in subterms(root):
        for argument in node.arguments:
            assert order.index(id(argument)) < order.index(id(node))


def test_free_variables_in_order_of_first_occurrence() -> None:
    assert free_variables([z + x, y * x, term(1)]) == ("z", "x", "y")
    assert free_variables([]) == ()
    assert free_variables(relation_terms([x <= y, equal(z, x)])) == ("x", "y", "z")


def test_divisors_of_deep_shared_terms_are_found_at_once() -> None:
    def deep() -> Term:
        node = 1 / Term("x")
        for _ in range(400):
            node = node + 1 / (node + node)
        return node

    found = divisors([deep(), deep(), Term("y") / Term("x")])
    assert len(found) == 401
    assert found[0] == Term("x")


@pytest.mark.parametrize("head", [0.5, 1, True, None, Fraction(1, 2), mpz(2), mpfr(1), ("x",)])
def test_a_term_has_no_other_head(head: object) -> None:
    with pytest.raises(TypeError, match="is no head"):
        Term(head)  # type: ignore[arg-type]


def test_divisors_are_found_once_innermost_first() -> None:
    inner = x / (y + 1)
    assert divisors([inner / z, 1 / (y + 1), x + y]) == (y + 1, z)


@given(TERMS, TERMS, POINTS)
def test_substitution_is_evaluation_at_the_value(root: Term, put: Term, point: Point) -> None:
    replaced = substitute(root, {"x": put})
    assert naive(replaced, point) == naive(root, {**point, "x": naive(put, point)})


def test_substitution_is_simultaneous() -> None:
    assert substitute(x - y, {"x": y, "y": x}) == y - x


def test_every_operator_is_drawn() -> None:
    """The strategies above leave no operator out."""
    drawn: set[object] = set()

    @given(TERMS)
    def draw(root: Term) -> None:
        drawn.update(node.head for node in subterms(root) if isinstance(node.head, Operator))

    draw()
    assert drawn == set(Operator)


def test_every_prefix_of_a_chain_prints_apart() -> None:
    chain = [x]
    for operator in (Operator.ADD, Operator.SUB, Operator.MUL, Operator.DIV):
        chain.append(Term(operator, (chain[-1], y)))
    assert all(to_text(one) != to_text(other) for one, other in pairwise(chain))
