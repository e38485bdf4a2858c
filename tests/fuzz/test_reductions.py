"""Orders measured on reductions whose order is known, and on numpy."""

from collections.abc import Callable
from dataclasses import replace

import fake_reductions as fake
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refsem.fuzz.confirmation import Products, confirm
from refsem.fuzz.kernel_order import NotInKernel, kernel_tree
from refsem.fuzz.measure import measure
from refsem.fuzz.orders import Order, Sum, Term, depth, describe, evaluate, format_name, written
from refsem.fuzz.reveal import reveal
from refsem.kernel.loops import Array
from refsem.kernel.reductions import reduce_dot
from refsem.kernel.trees import Tree
from refsem.rounding import BFLOAT16, BINARY16, BINARY32, BINARY64, RISCV, Format, Mode

ONE, TINY, BIG = 0x3F800000, 0x33800000, 0x4B800000


def chain(count: int, *formats: object) -> Order:
    sums = tuple(
        Sum((place + (count - 1 if place else 0), place + 1), formats[0])  # type: ignore[arg-type]
        for place in range(count - 1)
    )
    return Order((Term(BINARY32),) * count, sums, from_zero=False)


def test_orders_are_evaluated_with_one_rounding_a_sum() -> None:
    ones = [ONE, ONE, ONE]
    assert evaluate(chain(3, BINARY32), [BIG, ONE, ONE], ones) == BIG
    right = Order(
        (Term(BINARY32),) * 3, (Sum((1, 2), BINARY32), Sum((0, 3), BINARY32)), from_zero=False
    )
    assert evaluate(right, [BIG, ONE, ONE], ones) == BIG + 1
    assert evaluate(chain(3, BINARY64), [BIG, ONE, ONE], ones) == BIG + 1
    assert evaluate(chain(3, BFLOAT16), [ONE, 0x3B800000, 0x3B800000], ones) == ONE
    together = Order((Term(BINARY32),) * 3, (Sum((0, 1, 2), BINARY32),), from_zero=False)
    assert evaluate(together, [BIG, ONE, ONE], ones) == BIG + 1


def test_products_are_rounded_or_fused() -> None:
    x, y = [0x3F800001, 0xBF800002], [0x3F800001, ONE]
    assert evaluate(chain(2, BINARY32), x, y) == 0
    fused = Order((Term(None), Term(BINARY32)), (Sum((0, 1), BINARY32),), from_zero=False)
    assert evaluate(fused, x, y) == 0x28800000


@pytest.mark.parametrize(("from_zero", "expected"), [(False, 1 << 31), (True, 0)])
def test_zeros_have_signs(from_zero: bool, expected: int) -> None:
    order = Order((Term(BINARY32),) * 2, (Sum((0, 1), BINARY32),), from_zero)
    assert evaluate(order, [1 << 31, 1 << 31], [ONE, ONE]) == expected
    assert evaluate(order, [ONE, ONE | 1 << 31], [ONE, ONE]) == 0
    assert evaluate(order, [1 << 31, 0], [ONE, ONE]) == 0


def test_what_is_not_finite_is_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        evaluate(chain(2, BINARY32), [0x7F800000, ONE], [ONE, ONE])
    with pytest.raises(OverflowError, match="binary32"):
        evaluate(chain(2, BINARY32), [0x7F7FFFFF] * 2, [ONE, ONE])


def found(target: Products, count: int) -> tuple[bool, str]:
    measured = measure(target, count, 6, products=True)
    return measured.confirmed, describe(measured.order)


@pytest.mark.parametrize("count", [2, 3, 7, 40])
def test_known_orders_are_found(count: int) -> None:
    direction = "left to right"
    assert found(fake.forwards, count) == (True, f"{direction}, in binary32")
    mirrored = "right to left" if count > 2 else direction
    assert found(fake.backwards, count) == (True, f"{mirrored}, in binary32")
    fused = f"{direction}, in binary32, {count - 1} of {count} products fused, +0 added"
    assert found(fake.fused, count) == (True, fused)


def test_one_term_is_one_term() -> None:
    assert found(fake.forwards, 1) == (True, "one term")


def test_pairwise_trees_are_found() -> None:
    measured = measure(fake.halves, 6, 6, products=True)
    assert measured.confirmed
    assert written(measured.order) == "((0+(1+2))+(3+(4+5)))"
    assert depth(measured.order) == 3


def test_wide_accumulators_are_found() -> None:
    measured = measure(fake.in_double, 9, 6, products=True)
    assert measured.confirmed
    assert {total.format_ for total in measured.order.sums} == {BINARY64}
    assert all(term.rounded is None for term in measured.order.terms[1:])


@pytest.mark.parametrize("terms_too", [True, False])
@pytest.mark.parametrize(
    ("rounded", "format_"), [(fake.to_bfloat16, BFLOAT16), (fake.to_binary16, BINARY16)]
)
def test_narrow_accumulators_are_found(
    rounded: Callable[[Array], Array], format_: Format, terms_too: bool
) -> None:
    measured = measure(fake.narrow(rounded, terms_too=terms_too), 20, 12, products=False)
    assert measured.confirmed
    assert describe(measured.order).startswith(f"left to right, in {format_name(format_)}")
    assert {total.format_ for total in measured.order.sums} == {format_}
    entering = {term.rounded for term in measured.order.terms[1:]}
    assert entering == {format_ if terms_too else BINARY32}
    assert {total.via for total in measured.order.sums} == {None if terms_too else BINARY32}


def test_more_terms_than_bfloat16_can_count() -> None:
    measured = measure(fake.levels, 512, 3, products=False)
    assert measured.confirmed
    assert depth(measured.order) == 9
    assert {total.format_ for total in measured.order.sums} == {BFLOAT16}


def test_what_has_no_tree_is_named_and_not_confirmed_wrongly() -> None:
    exact = measure(fake.exact, 9, 6, products=False)
    assert exact.confirmed
    assert "unresolved: 9 values added in one step" in describe(exact.order)
    assert not exact.in_kernel
    assert exact.order.unresolved
    moved = measure(fake.by_size, 9, 60, products=True)
    assert not moved.confirmed
    assert moved.mismatch is not None
    x, y = (np.array(v, np.uint32).view(np.float32) for v in (moved.mismatch.x, moved.mismatch.y))
    assert int(fake.by_size(x, y).view(np.uint32)) == moved.mismatch.got != moved.mismatch.expected


def test_steps_of_several_terms_are_one_block_each() -> None:
    measured = measure(fake.in_threes, 9, 1, products=False)
    assert [len(total.addends) for total in measured.order.sums] == [3, 4, 4]
    assert "unresolved" in describe(measured.order)


def test_a_wrong_order_is_not_confirmed() -> None:
    right = measure(fake.forwards, 20, 6, products=True).order
    assert confirm(fake.forwards, right, 6, products=True).confirmed
    assert confirm(fake.forwards, right, 6, products=True).in_kernel
    assert not confirm(fake.backwards, right, 6, products=True).confirmed
    fused = Order((Term(BINARY32), *[Term(None)] * 19), right.sums, from_zero=False)
    assert not confirm(fake.forwards, fused, 6, products=True).confirmed
    assert not confirm(fake.in_double, right, 6, products=True).confirmed


@st.composite
def trees(draw: st.DrawFn) -> Order:
    """Any binary tree over any terms."""
    count = draw(st.integers(2, 14))
    open_values = list(range(count))
    sums = []
    while len(open_values) > 1:
        one = open_values.pop(draw(st.integers(0, len(open_values) - 1)))
        other = open_values.pop(draw(st.integers(0, len(open_values) - 1)))
        sums.append(Sum((one, other), BINARY32))
        open_values.append(count + len(sums) - 1)
    terms = tuple(Term(BINARY32) for _ in range(count))
    return Order(terms, tuple(sums), from_zero=False)


def members(order: Order) -> set[frozenset[frozenset[int]]]:
    """What is added to what, whatever the numbering."""
    sets = [frozenset([place]) for place in range(len(order.terms))]
    for total in order.sums:
        sets.append(frozenset().union(*(sets[place] for place in total.addends)))
    return {frozenset(sets[place] for place in total.addends) for total in order.sums}


@given(trees())
def test_any_tree_is_found(order: Order) -> None:
    def target(x: Array, y: Array) -> np.float32:
        values = list(np.asarray(x * y, np.float32))
        for total in order.sums:
            values.append(np.float32(values[total.addends[0]] + values[total.addends[1]]))
        return values[-1]

    measured = measure(target, len(order.terms), 3, products=True)
    assert measured.confirmed
    assert members(measured.order) == members(order)


def test_deep_trees_need_no_deep_recursion() -> None:
    tree = reveal(lambda x: np.float32(np.cumsum(x, dtype=np.float32)[-1]), 1500)
    assert tree.size == 1500
    tree = reveal(lambda x: np.float32(np.cumsum(x[::-1], dtype=np.float32)[-1]), 1500)
    assert tree.size == 1500


SIZES = (*range(1, 65), 100, *range(127, 130), *range(255, 258), 1000)


@pytest.mark.parametrize("sizes", [SIZES[i::4] for i in range(4)], ids="abcd")
def test_numpy_sums_and_dots_run_under_their_measured_order(sizes: tuple[int, ...]) -> None:
    for count in sizes:
        for target, products in ((lambda x, _: np.sum(x), False), (np.dot, True)):
            measured = measure(target, count, 6, products=products)
            assert measured.confirmed, (count, describe(measured.order))
            assert measured.in_kernel
            assert not measured.order.unresolved


@pytest.mark.nightly
@pytest.mark.parametrize("count", [1024, 4096])
def test_large_numpy_sums_and_dots_too(count: int) -> None:
    for target, products in ((lambda x, _: np.sum(x), False), (np.dot, True)):
        measured = measure(target, count, 12, products=products)
        assert measured.confirmed
        assert not measured.order.unresolved


@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_chain_fused_onto_zero_keeps_the_sign_of_what_underflows(count: int) -> None:
    """The story is tests/corpus/regressions/fused_onto_zero.md."""
    x, y = np.full(count, -(2.0**-100), np.float32), np.full(count, 2.0**-100, np.float32)
    bits = x.view(np.uint32), y.view(np.uint32)
    for target, expected in ((fake.fused, 1 << 31), (fake.from_zero, 0)):
        measured = measure(target, count, 6, products=True)
        assert measured.confirmed
        assert evaluate(measured.order, bits[0].tolist(), bits[1].tolist()) == expected
        tree = kernel_tree(measured.order)
        assert isinstance(tree, Tree)
        (got,), _ = reduce_dot(Mode.RNE, bits[0][None], bits[1][None], tree, RISCV)
        assert int(got) == expected
        assert int(np.asarray(target(x, y), np.float32).view(np.uint32)) == expected


def test_what_the_kernel_cannot_run_is_said() -> None:
    zero = Order((Term(None), Term(None)), (Sum((0, 1), BINARY32),), from_zero=False)
    assert kernel_tree(zero) == NotInKernel("a sum of two fused products")
    odd = Order((Term(BINARY32),) * 2, (Sum((0, 1), Format(17, 8)),), from_zero=False)
    assert kernel_tree(odd) == NotInKernel("a format it does not reduce in")
    three = Order((Term(BINARY32),) * 3, (Sum((0, 1, 2), BINARY32),), from_zero=False)
    assert kernel_tree(three) == NotInKernel("a sum of more than two values")


@given(trees(), st.data())
def test_the_kernel_runs_any_order_as_it_is_evaluated(order: Order, data: st.DataObject) -> None:
    count = len(order.terms)
    numbers = st.integers(0x3E000000, 0x41000000) | st.integers(0xBE000000, 0xC1000000)
    formats = st.sampled_from([BINARY32, BINARY64, BFLOAT16])
    sums = tuple(
        replace(total, format_=data.draw(formats), via=data.draw(st.sampled_from([None, BINARY32])))
        for total in order.sums
    )
    fused = data.draw(st.integers(0, count - 1))
    terms = tuple(Term(None if place == fused else BINARY32) for place in range(count))
    order = Order(terms, sums, from_zero=data.draw(st.booleans()))
    x, y = (np.array([data.draw(numbers) for _ in range(count)], np.uint32) for _ in range(2))
    tree = kernel_tree(order)
    assert isinstance(tree, Tree)
    (got,), _ = reduce_dot(Mode.RNE, x[None], y[None], tree, RISCV)
    assert int(got) == evaluate(order, x.tolist(), y.tolist())
