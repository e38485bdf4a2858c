"""Reductions against an oracle of rationals, on random trees and values; known orders; traps."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kernel_operands import ENVIRONMENTS, GRID, environments
from reduction_reference import evaluate

from refsem import kernel
from refsem.kernel import compilation, reductions
from refsem.kernel.orders import (
    Products,
    Start,
    blocked,
    delivered_in,
    explicit,
    interleaved,
    left_to_right,
    pairwise,
)
from refsem.kernel.reductions import (
    Extremum,
    matmul,
    reduce_dot,
    reduce_extremum,
    reduce_mean,
    reduce_sum,
)
from refsem.kernel.trees import FORMATS, Add, Convert, FusedAdd, Step, Term, Tree, Zero
from refsem.rounding import BFLOAT16, BINARY32, BINARY64, RISCV, Environment, Format, Mode

elements = (
    st.sampled_from(GRID)
    | st.integers(0, (1 << 32) - 1)
    | st.builds(lambda field, low: field << 23 | low, st.integers(118, 136), st.integers(0, 3))
)


@st.composite
def trees(draw: st.DrawFn, *, fused: bool, formats: tuple[Format, ...]) -> Tree:
    """Any tree: pieces are joined at random until one is left."""
    terms = draw(st.integers(1, 6))
    steps: list[Step] = []
    open_steps: list[int] = []

    def put(step: Step) -> None:
        steps.append(step)
        open_steps.append(len(steps) - 1)

    def take() -> int:
        return open_steps.pop(draw(st.integers(0, len(open_steps) - 1)))

    order = draw(st.permutations(range(terms)))
    for index in order:
        format_ = draw(st.sampled_from(formats))
        if fused and open_steps and draw(st.booleans()):
            put(FusedAdd(index, take(), format_))
        else:
            put(Term(index, format_))
    if draw(st.booleans()):
        put(Zero(draw(st.sampled_from(formats))))
    while len(open_steps) > 1:
        left, right = take(), take()
        put(Add(left, right, draw(st.sampled_from(formats))))
    if draw(st.booleans()):
        put(Convert(take(), draw(st.sampled_from(formats))))
    return Tree(terms, tuple(steps))


def row(draw: st.DrawFn, tree: Tree) -> list[int]:
    return draw(st.lists(elements, min_size=tree.terms, max_size=tree.terms))


def check_sum(tree: Tree, mode: Mode, x: list[int], environment: Environment) -> None:
    bits, flags = reduce_sum(mode, np.array(x, np.uint32), tree, environment)
    assert (int(bits), int(flags)) == evaluate(tree, mode, x, None, environment)


def check_dot(tree: Tree, mode: Mode, x: list[int], y: list[int], environment: Environment) -> None:
    bits, flags = reduce_dot(mode, np.uint32(x), np.uint32(y), tree, environment)
    assert (int(bits), int(flags)) == evaluate(tree, mode, x, y, environment)


@given(st.data(), trees(fused=False, formats=FORMATS), st.sampled_from(Mode), environments)
def test_sums_of_any_tree_and_formats(
    data: st.DataObject, tree: Tree, mode: Mode, environment: Environment
) -> None:
    check_sum(tree, mode, row(data.draw, tree), environment)


@given(st.data(), trees(fused=True, formats=FORMATS), st.sampled_from(Mode), environments)
def test_dot_products_of_any_tree_and_formats(
    data: st.DataObject, tree: Tree, mode: Mode, environment: Environment
) -> None:
    check_dot(tree, mode, row(data.draw, tree), row(data.draw, tree), environment)


@given(st.data(), trees(fused=True, formats=(BINARY32,)), st.sampled_from(Mode), environments)
def test_dot_products_in_binary32(
    data: st.DataObject, tree: Tree, mode: Mode, environment: Environment
) -> None:
    check_dot(tree, mode, row(data.draw, tree), row(data.draw, tree), environment)


@pytest.mark.parametrize("target", FORMATS, ids=str)
def test_single_steps_on_the_grid(target: Format) -> None:
    for number, x in enumerate(GRID):
        for y in GRID[number % 3 :: 3]:
            for mode in (Mode.RNE, Mode.RTN):
                environment = ENVIRONMENTS[(number + y) % len(ENVIRONMENTS)]
                wide = Tree(2, (Term(0, BINARY64), Term(1, BINARY32), Add(0, 1, target)))
                check_sum(wide, mode, [x, y], environment)
                fused = Tree(2, (Term(0, BINARY32), FusedAdd(1, 0, target)))
                check_dot(fused, mode, [x, y], [0x3F800001, x], environment)


def random_rows(*shape: int) -> np.ndarray:
    source = np.random.default_rng(list(shape))
    values = source.standard_normal(shape) * np.exp2(source.integers(-20, 20, shape))
    return values.astype(np.float32).view(np.uint32)


@pytest.mark.skipif(not compilation.available(), reason="numba is not installed")
@pytest.mark.parametrize("formats", [(BINARY32,), (BINARY64, BINARY32), FORMATS], ids=len)
def test_compiled_and_interpreted_agree(
    formats: tuple[Format, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    x, y = random_rows(40, 12), random_rows(40, 12)[::-1]
    base = interleaved(12, 4, BINARY32, Start.FIRST_TERM, Products.FUSED)
    steps = tuple(
        replace(step, format=formats[place % len(formats)]) for place, step in enumerate(base.steps)
    )
    tree = Tree(12, steps)
    monkeypatch.setattr(reductions, "WORTH_COMPILING", 0)
    compiled = reduce_dot(Mode.RTP, x, y, tree, RISCV)
    monkeypatch.setattr(compilation, "available", lambda: False)
    interpreted = reduce_dot(Mode.RTP, x, y, tree, RISCV)
    for one, other in zip(compiled, interpreted, strict=True):
        assert one.dtype == other.dtype
        assert (one == other).all()


@pytest.mark.parametrize(
    "terms", [*range(1, 65), 100, 127, 128, 129, 255, 256, 257, 1000, 1024, 4096]
)
def test_numpys_sum_is_pairwise(terms: int) -> None:
    x = random_rows(terms)
    tree = pairwise(terms, 128, 8, BINARY32, Start.FIRST_TERM)
    bits, _ = reduce_sum(Mode.RNE, x, tree, RISCV)
    assert int(bits) == int(x.view(np.float32).sum().view(np.uint32))


def test_cumulative_sum_is_left_to_right() -> None:
    x = random_rows(300)
    tree = left_to_right(300, BINARY32, Start.FIRST_TERM, Products.ROUNDED)
    bits, _ = reduce_sum(Mode.RNE, x, tree, RISCV)
    assert int(bits) == int(np.cumsum(x.view(np.float32))[-1].view(np.uint32))


def test_orders_give_what_they_say() -> None:
    rounded, first = Products.ROUNDED, Start.FIRST_TERM
    for tree, nested in (
        (left_to_right(4, BINARY32, first, rounded), (((0, 1), 2), 3)),
        (blocked(5, 2, BINARY32, first, rounded), (((0, 1), (2, 3)), 4)),
        (interleaved(6, 2, BINARY32, first, rounded), (((0, 2), 4), ((1, 3), 5))),
        (interleaved(3, 3, BINARY32, first, rounded), ((0, 1), 2)),
        (pairwise(5, 1, 1, BINARY32, first), ((0, 1), (2, (3, 4)))),
        (pairwise(3, 128, 8, BINARY32, first), ((0, 1), 2)),
    ):
        assert shape(tree) == nested
        assert shape(explicit(nested, BINARY32)) == nested


def shape(tree: Tree) -> object:
    """The order of a tree of terms and sums, as nested pairs."""
    shapes: list[object] = []
    for step in tree.steps:
        match step:
            case Term(index=index):
                shapes.append(index)
            case Add(left=left, right=right):
                shapes.append((shapes[left], shapes[right]))
    return shapes[-1]


def test_long_chains_are_no_deep_structure() -> None:
    tree = left_to_right(20_000, BINARY32, Start.ZERO, Products.FUSED)
    assert tree == left_to_right(20_000, BINARY32, Start.ZERO, Products.FUSED)
    assert hash(tree) == hash(left_to_right(20_000, BINARY32, Start.ZERO, Products.FUSED))


def ones(count: int) -> np.ndarray:
    return np.full(count, 0x3F800000, np.uint32)


def test_a_bfloat16_accumulator_stops_at_256() -> None:
    tree = left_to_right(512, BFLOAT16, Start.ZERO, Products.ROUNDED)
    bits, flags = reduce_sum(Mode.RNE, ones(512), tree, RISCV)
    assert (int(bits), int(flags)) == (0x4380, 1)
    bits, _ = reduce_sum(Mode.RNE, ones(512), delivered_in(tree, BINARY32), RISCV)
    assert (int(bits), bits.dtype) == (0x43800000, np.uint32)


def test_order_matters() -> None:
    x = np.uint32([0x4B800000, 0x3F800000, 0x3F800000])
    left, _ = reduce_sum(Mode.RNE, x, explicit(((0, 1), 2), BINARY32), RISCV)
    right, _ = reduce_sum(Mode.RNE, x, explicit((0, (1, 2)), BINARY32), RISCV)
    assert (int(left), int(right)) == (0x4B800000, 0x4B800001)


def test_fusing_matters() -> None:
    x, y = np.uint32([0xBF800002, 0x3F800001]), np.uint32([0x3F800000, 0x3F800001])
    for products, expected in ((Products.ROUNDED, 0), (Products.FUSED, 0x28800000)):
        tree = left_to_right(2, BINARY32, Start.FIRST_TERM, products)
        assert int(reduce_dot(Mode.RNE, x, y, tree, RISCV)[0]) == expected


def test_the_start_matters_for_minus_zero() -> None:
    x = np.uint32([0x80000000])
    for start, expected in ((Start.ZERO, 0), (Start.FIRST_TERM, 0x80000000)):
        sequential = left_to_right(1, BINARY32, start, Products.ROUNDED)
        halved = pairwise(1, 128, 8, BINARY32, start)
        for tree in (sequential, halved):
            assert int(reduce_sum(Mode.RNE, x, tree, RISCV)[0]) == expected
    none = left_to_right(0, BINARY32, Start.ZERO, Products.ROUNDED)
    assert int(reduce_sum(Mode.RNE, np.zeros(0, np.uint32), none, RISCV)[0]) == 0


def test_products_are_exact_in_binary64() -> None:
    x, y = random_rows(7), random_rows(3, 7)[1]
    tree = left_to_right(7, BINARY64, Start.FIRST_TERM, Products.ROUNDED)
    bits, _ = reduce_dot(Mode.RNE, x, y, tree, RISCV)
    products = x.view(np.float32).astype(np.float64) * y.view(np.float32)
    assert int(bits) == int(np.cumsum(products)[-1].view(np.uint64))
    assert bits.dtype == np.uint64


def test_matrix_products_are_dot_products() -> None:
    x, y = random_rows(5, 9), random_rows(9, 4)
    tree = blocked(9, 4, BINARY32, Start.ZERO, Products.FUSED)
    bits, flags = matmul(Mode.RTZ, x, y, tree, RISCV)
    assert bits.shape == flags.shape == (5, 4)
    for i in range(5):
        for j in range(4):
            one, signalled = reduce_dot(Mode.RTZ, x[i], y[:, j], tree, RISCV)
            assert (int(bits[i, j]), int(flags[i, j])) == (int(one), int(signalled))


def test_leading_axes_are_kept_and_broadcast() -> None:
    x, y = random_rows(2, 1, 6), random_rows(3, 6)
    tree = pairwise(6, 2, 1, BINARY32, Start.FIRST_TERM)
    bits, _ = reduce_dot(Mode.RNE, x, y, tree, RISCV)
    assert bits.shape == (2, 3)
    assert int(bits[1, 2]) == int(reduce_dot(Mode.RNE, x[1, 0], y[2], tree, RISCV)[0])
    assert reduce_sum(Mode.RNE, x, tree, RISCV)[0].shape == (2, 1)
    empty = np.zeros((0, 6), np.uint32)
    assert reduce_sum(Mode.RNE, empty, tree, RISCV)[0].shape == (0,)


def test_a_mean_is_a_sum_divided() -> None:
    x = random_rows(4, 10)
    tree = left_to_right(10, BINARY32, Start.ZERO, Products.ROUNDED)
    total, flags = reduce_sum(Mode.RTP, x, tree, RISCV)
    mean, mean_flags = reduce_mean(Mode.RTP, x, tree, RISCV)
    ten = np.uint32(0x41200000)
    expected, division_flags = kernel.div(Mode.RTP, total, np.full(4, ten), RISCV)
    assert (mean == expected).all()
    assert (mean_flags == flags | division_flags).all()


@pytest.mark.parametrize("extremum", Extremum)
def test_extrema_follow_the_tree(extremum: Extremum) -> None:
    x = np.random.default_rng(4).choice(np.array(GRID, np.uint32), (200, 3))
    function = getattr(kernel, extremum.value)
    for nested in (((0, 1), 2), (0, (1, 2)), (2, (1, 0))):
        bits, flags = reduce_extremum(extremum, x, explicit(nested, BINARY32), RISCV)
        one, other = (nested[0], nested[1]) if isinstance(nested[0], tuple) else nested[::-1]
        inner, inner_flags = function(x[:, one[0]], x[:, one[1]], RISCV)
        pair = (inner, x[:, other]) if isinstance(nested[0], tuple) else (x[:, other], inner)
        expected, outer_flags = function(*pair, RISCV)
        assert (bits == expected).all()
        assert (flags == inner_flags | outer_flags).all()


def test_max_num_depends_on_the_order() -> None:
    # A signalling NaN gives a quiet one, and a quiet one is then passed over.
    x = np.uint32([0x7F800001, 0x3F800000, 0x40000000])
    first = reduce_extremum(Extremum.MAX_NUM, x, explicit(((0, 1), 2), BINARY32), RISCV)
    last = reduce_extremum(Extremum.MAX_NUM, x, explicit((0, (1, 2)), BINARY32), RISCV)
    assert [int(bits) for bits, _ in (first, last)] == [0x40000000, 0x7FC00000]


TWO = (Term(0, BINARY32), Term(1, BINARY32))


@pytest.mark.parametrize(
    ("terms", "steps", "complaint"),
    [
        (0, (), "without steps"),
        (2, (*TWO, Add(0, 2, BINARY32)), "later or an already used"),
        (2, (*TWO, Add(1, 1, BINARY32)), "later or an already used"),
        (2, (*TWO, Add(0, -1, BINARY32)), "later or an already used"),
        (2, TWO, "result of step 0 is not used"),
        (2, (Term(0, BINARY32), Term(0, BINARY32), Add(0, 1, BINARY32)), "taken once each"),
        (3, (*TWO, Add(0, 1, BINARY32)), "taken once each"),
        (1, (Term(0, Format(5, 5)),), "does not reduce in"),
    ],
)
def test_broken_trees_are_refused(terms: int, steps: tuple[Step, ...], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Tree(terms, steps)


def test_orders_without_sense_are_refused() -> None:
    rounded, first = Products.ROUNDED, Start.FIRST_TERM
    with pytest.raises(ValueError, match="no first term"):
        left_to_right(0, BINARY32, first, rounded)
    with pytest.raises(ValueError, match="block_width is 0"):
        blocked(4, 0, BINARY32, first, rounded)
    with pytest.raises(ValueError, match="do not fill 8 lanes"):
        interleaved(7, 8, BINARY32, first, rounded)
    with pytest.raises(ValueError, match="may not fill 8 lanes"):
        pairwise(100, 14, 8, BINARY32, first)
    with pytest.raises(ValueError, match="taken once each"):
        explicit((0, 0), BINARY32)


def test_arrays_and_trees_that_do_not_fit_are_refused() -> None:
    tree = left_to_right(3, BINARY32, Start.ZERO, Products.ROUNDED)
    fused = left_to_right(3, BINARY32, Start.ZERO, Products.FUSED)
    x = ones(3)
    with pytest.raises(TypeError, match="binary32 travels as uint32"):
        reduce_sum(Mode.RNE, x.view(np.float32), tree, RISCV)
    with pytest.raises(ValueError, match="tree of 3 terms"):
        reduce_sum(Mode.RNE, ones(4), tree, RISCV)
    with pytest.raises(ValueError, match="no products to fuse"):
        reduce_sum(Mode.RNE, x, fused, RISCV)
    with pytest.raises(ValueError, match="not defined"):
        matmul(Mode.RNE, x, x, tree, RISCV)
    with pytest.raises(ValueError, match="mean divides in binary32"):
        reduce_mean(Mode.RNE, x, delivered_in(tree, BINARY64), RISCV)
    with pytest.raises(ValueError, match="taken in binary32"):
        reduce_extremum(Extremum.MAXIMUM, x, explicit((0, (1, 2)), BINARY64), RISCV)
    with pytest.raises(ValueError, match="has no use for"):
        reduce_extremum(Extremum.MAXIMUM, x, tree, RISCV)
