"""The binary32 outward reading encloses the exact one, end by end, and says so where it cannot."""

import itertools
from collections.abc import Callable

import pytest
from gmpy2 import mpq
from hypothesis import given
from hypothesis import strategies as st

from refsem.ir.readings import Exact, evaluate
from refsem.ir.terms import Operator, Term, maximum, minimum, select, term, variables
from refsem.rounding import BINARY32, Unbounded, exact_value, round_down, round_up
from refsem.rules import BY_NAME, Outward
from refsem.rules.outward import (
    Interval,
    OutwardBinary32,
    derive_outward,
    enclosure,
    evaluate_outward,
)

GREATEST = exact_value(BINARY32, 0x7F7FFFFF)
LEAST = exact_value(BINARY32, 1)
_MAGNITUDES = (
    0x00000000,  # zero
    0x00000001,  # least and greatest subnormal
    0x007FFFFF,
    0x00800000,  # least normal and its neighbour
    0x00800001,
    0x3F000000,  # 1/2, 1 and its neighbours, 2, 2 pi
    0x3F7FFFFF,
    0x3F800000,
    0x3F800001,
    0x40000000,
    0x40C90FDB,
    0x4B000000,  # 2^23, 2^24 and its neighbours
    0x4B7FFFFF,
    0x4B800000,
    0x4B800001,
    0x7F7FFFFE,  # greatest finite and its neighbour
    0x7F7FFFFF,
)
GRID = tuple(
    sign * exact_value(BINARY32, bits)
    for bits in _MAGNITUDES
    for sign in ((1, -1) if bits else (1,))
)
ENDS = (-GREATEST, mpq(-2), -LEAST, mpq(0), LEAST, mpq(1), mpq(16777215))
NOTHING = Interval(Unbounded(), Unbounded())

finite32 = st.builds(
    lambda magnitude, sign: sign * exact_value(BINARY32, magnitude),
    st.integers(0, 0x7F7FFFFF),
    st.sampled_from((1, -1)),
)
x, y, z = variables("x y z")


def encloses(interval: Interval, value: mpq) -> bool:
    low = isinstance(interval.lower, Unbounded) or interval.lower <= value
    high = isinstance(interval.upper, Unbounded) or value <= interval.upper
    return low and high


def representable(interval: Interval) -> bool:
    ends = [end for end in (interval.lower, interval.upper) if not isinstance(end, Unbounded)]
    return all(round_down(end) == end == round_up(end) for end in ends)


def applied(operator: Operator) -> Callable[..., Interval]:
    return lambda *arguments: OutwardBinary32({}).apply(operator, arguments)


@pytest.mark.parametrize("operator", [op for op in Operator if op.arity <= 2])
def test_at_points_each_operator_gives_the_tightest_binary32_enclosure(operator: Operator) -> None:
    for values in itertools.product(GRID, repeat=operator.arity):
        found = applied(operator)(*(Interval(value, value) for value in values))
        if operator is Operator.DIV and values[1] == 0:
            assert found == NOTHING
            continue
        exact = Exact({}).apply(operator, values)
        assert found == Interval(round_down(exact), round_up(exact))


@pytest.mark.parametrize("operator", [op for op in Operator if op.arity <= 2])
def test_on_intervals_each_operator_gives_the_tightest_enclosure_of_all_values(
    operator: Operator,
) -> None:
    pairs = [(low, high) for low in ENDS for high in ENDS if low <= high]
    for arguments in itertools.product(pairs, repeat=operator.arity):
        found = applied(operator)(*(Interval(*pair) for pair in arguments))
        if operator is Operator.DIV and encloses(Interval(*arguments[1]), mpq(0)):
            assert found == NOTHING
            continue
        samples = [
            {low, (low + high) / 2, min(max(low, mpq(0)), high), high} for low, high in arguments
        ]
        values = [Exact({}).apply(operator, v) for v in itertools.product(*samples)]
        assert found == Interval(round_down(min(values)), round_up(max(values)))


def test_select_takes_a_branch_only_where_every_value_takes_it() -> None:
    ends = (mpq(-1), mpq(0), mpq(1))
    pairs = [(low, high) for low in ends for high in ends if low <= high]
    first, second = Interval(mpq(2), mpq(3)), Interval(mpq(-5), mpq(-4))
    for a, b in itertools.product(pairs, repeat=2):
        found = applied(Operator.SELECT)(Interval(*a), Interval(*b), first, second)
        taken = {left <= right for left in a for right in b}
        expected = {
            frozenset({True}): first,
            frozenset({False}): second,
            frozenset({True, False}): Interval(mpq(-5), mpq(3)),
        }
        assert found == expected[frozenset(taken)]


def test_the_exact_end_beside_an_overflow_is_kept() -> None:
    total = x + y
    values = {"x": GREATEST, "y": LEAST}
    assert evaluate_outward(total, values, Outward.UP) == Unbounded()
    assert evaluate_outward(total, values, Outward.DOWN) == GREATEST
    assert evaluate_outward(total, values, Outward.EXACT) == Unbounded()


@pytest.mark.parametrize("operator", list(Operator))
def test_no_operator_accepts_an_unbounded_end(operator: Operator) -> None:
    known, half_known = Interval(mpq(1), mpq(2)), Interval(mpq(1), Unbounded())
    for position in range(operator.arity):
        arguments = [half_known if i == position else known for i in range(operator.arity)]
        assert applied(operator)(*arguments) == NOTHING


def test_no_claim_propagates_to_the_end_of_a_term() -> None:
    for outer in (minimum(x + x, 0), maximum(x + x, 0), (x + x) * 0, -(x + x), abs(x + x)):
        for direction in Outward:
            assert evaluate_outward(outer, {"x": GREATEST}, direction) == Unbounded()
    assert evaluate_outward(x, {"x": Unbounded()}, Outward.UP) == Unbounded()


def test_a_divisor_that_may_be_zero_makes_no_claim() -> None:
    product = x * x
    assert evaluate(1 / product, {"x": LEAST}) > 0
    assert evaluate_outward(1 / product, {"x": LEAST}, Outward.DOWN) == Unbounded()
    assert evaluate_outward(1 / x, {"x": mpq(0)}, Outward.UP) == Unbounded()
    assert evaluate_outward(1 / x, {"x": mpq(-3)}, Outward.UP) == round_up(mpq(-1, 3))


def test_an_exact_value_is_claimed_only_where_nothing_was_rounded() -> None:
    values = {"x": mpq(3), "y": mpq(1, 4)}
    assert evaluate_outward(x * y + 1, values, Outward.EXACT) == mpq(7, 4)
    assert evaluate_outward(y / x, values, Outward.EXACT) == Unbounded()
    assert evaluate_outward(x * mpq_term(1, 3), values, Outward.EXACT) == Unbounded()
    assert evaluate_outward(x, {"x": mpq(1, 3)}, Outward.EXACT) == Unbounded()


def mpq_term(numerator: int, denominator: int) -> Term:
    return Term(mpq(numerator, denominator))


def test_the_textbook_intercept_moves_up_and_the_moved_one_is_what_later_values_see() -> None:
    values = {"l": mpq(-1, 8), "u": mpq(11, 128), "s": mpq(13421773, 2**27)}
    rule = BY_NAME["relu_upper"]
    exact = evaluate(rule.derived[0].term, values)
    derived = derive_outward(rule, values)
    assert derived == {"b": round_up(exact)}
    assert derived["b"] > exact


@st.composite
def terms(draw: Callable[[st.SearchStrategy[Term]], Term]) -> Term:
    leaves = st.one_of(
        st.sampled_from((x, y, z)),
        st.builds(mpq_term, st.integers(-40, 40), st.integers(1, 12)),
    )

    def deeper(inner: st.SearchStrategy[Term]) -> st.SearchStrategy[Term]:
        pair = st.tuples(inner, inner)
        return st.one_of(
            st.builds(
                Term,
                st.sampled_from([op for op in Operator if op.arity == 2]),
                pair,
            ),
            st.builds(
                lambda op, one: Term(op, (one,)),
                st.sampled_from([op for op in Operator if op.arity == 1]),
                inner,
            ),
            st.builds(lambda a, b: select(*a, *b), pair, pair),
        )

    return draw(st.recursive(leaves, deeper, max_leaves=12))


@given(terms(), finite32, finite32, st.integers(-9, 9).map(mpq))
def test_every_term_lies_within_its_outward_reading(
    root: Term, first: mpq, second: mpq, third: mpq
) -> None:
    values = {"x": first, "y": second, "z": third}
    lower = evaluate_outward(root, values, Outward.DOWN)
    upper = evaluate_outward(root, values, Outward.UP)
    unmoved = evaluate_outward(root, values, Outward.EXACT)
    try:
        exact = evaluate(root, values)
    except ZeroDivisionError:
        assert lower == upper == unmoved == Unbounded()
        return
    assert encloses(Interval(lower, upper), exact)
    assert representable(Interval(lower, upper))
    assert unmoved in (exact, Unbounded())


def test_a_constant_is_read_between_its_neighbours() -> None:
    third = Term(mpq(1, 3))
    assert enclosure(mpq(1, 3), mpq(1, 3)) == Interval(
        evaluate_outward(third, {}, Outward.DOWN), evaluate_outward(third, {}, Outward.UP)
    )
    assert evaluate_outward(term(3), {}, Outward.DOWN) == 3
