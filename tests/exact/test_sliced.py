"""Integers inside floats against Python's integers; and what must not be multiplied is refused."""

import random
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refsem.exact.sliced import (
    BITS,
    Limb,
    Slices,
    TooWideError,
    carried,
    checked,
    floor_sum,
    floored_rows,
    product,
    slices,
    wide_slices,
)
from refsem.exact.tensor import IntegerArray

EDGES = [0, 1, -1, 2**17, 2**18 - 1, 2**18, -(2**18), 2**35, -(2**35), 2**36 - 1, 1 - 2**36]


def integers(values: list[int], *shape: int) -> IntegerArray:
    found = np.empty(len(values), dtype=object)
    found[:] = values
    return found.reshape(shape)


def whole(limbs: list[Limb]) -> IntegerArray:
    """The exact sum of limbs as Python integers."""
    shape = limbs[0][1].shape
    total = [
        sum(int(values.ravel()[i]) << weight for weight, values in limbs)
        for i in range(limbs[0][1].size)
    ]
    return integers(total, *shape)


def value(cut: Slices) -> IntegerArray:
    return whole([(cut.width * i, part) for i, part in enumerate(cut.parts)])


@st.composite
def factors(draw: st.DrawFn) -> tuple[IntegerArray, IntegerArray]:
    """Matrices of 36-bit and of wide integers, some of them all of one sign and extreme."""
    rows, inner, columns = (draw(st.integers(1, 4)) for _ in range(3))
    source = random.Random(draw(st.integers(0, 2**32)))  # noqa: S311  repeatable, not secret
    long = draw(st.integers(1, 70))
    one = [source.choice([*EDGES, source.randint(-(2**35), 2**35)]) for _ in range(rows * inner)]
    other = [
        source.choice([0, 1 - 2**long, 2**long - 1, source.randint(-(2**long), 2**long)])
        for _ in range(inner * columns)
    ]
    return integers(one, rows, inner), integers(other, inner, columns)


@given(factors(), st.integers(10, 30))
def test_products_are_those_of_integers(
    pair: tuple[IntegerArray, IntegerArray], width: int
) -> None:
    left, right = pair
    halves = slices(left.astype(np.float64), 18, 2)
    found = product(halves, wide_slices(right, width))
    assert (value(halves) == left).all()
    assert (value(wide_slices(right, width)) == right).all()
    exact = left @ right
    assert (whole(found) == exact).all()
    normal = carried(found)
    assert (whole(normal) == exact).all()
    for (weight, values), (above, _) in pairwise(normal):
        assert ((values >= 0) & (values < 2.0 ** (above - weight))).all()


@given(factors(), st.integers(-120, 20))
def test_floored_sums_are_below_by_less_than_one_a_limb(
    pair: tuple[IntegerArray, IntegerArray], shift: int
) -> None:
    left, right = pair
    limbs = product(slices(left.astype(np.float64), 18, 2), wide_slices(right, 25))
    exact = left @ right
    try:
        found = floor_sum(limbs, shift)
    except TooWideError:
        greatest = max(int(abs(v).max()) << w for w, v in limbs)
        assert (greatest << 200) >> (200 - shift) >= 1 << (BITS - 1)
        return
    for entry, true in zip(found.ravel(), exact.ravel(), strict=True):
        scaled = true << 200 if shift >= 0 else true << (200 + shift)
        scaled <<= max(shift, 0)
        assert int(entry) << 200 <= scaled
        assert scaled < (int(entry) + len(limbs)) << 200


@given(factors(), st.integers(4, 28))
def test_floored_rows_are_below_and_close(
    pair: tuple[IntegerArray, IntegerArray], bits: int
) -> None:
    left, right = pair
    limbs = product(slices(left.astype(np.float64), 18, 2), wide_slices(right, 25))
    exact = left @ right
    found, exponents = floored_rows(limbs, bits)
    ignored = 1 << (limbs[-2][0] if len(limbs) > 1 else 0)
    assert np.abs(found).max(initial=0.0) <= 2.0**bits
    for row in range(exact.shape[0]):
        longest = max(int(true).bit_length() for true in exact[row])
        for entry, true in zip(found[row], exact[row], strict=True):
            kept = int(entry) << int(exponents[row])
            assert kept <= true
            assert true - kept < max(1 << max(longest - bits + 2, 0), ignored)


def test_a_tiny_negative_number_floors_to_minus_one_however_far_it_is_shifted() -> None:
    limbs = [(0, np.array([-1.0, 1.0, 0.0]))]
    for shift in (-1, -52, -299, -301, -1074, -5000):
        assert floor_sum(limbs, shift).tolist() == [-1.0, 0.0, 0.0]


def test_limbs_that_cancel_outside_the_range_are_refused() -> None:
    """Their floors are huge, and host additions would round: found by the test above."""
    limbs = [(0, np.array([2.0**36 - 1])), (43, np.array([2.0**30])), (44, np.array([-(2.0**29)]))]
    with pytest.raises(TooWideError, match="a floored limb"):
        floor_sum(limbs, 0)
    assert floor_sum(limbs, -22).tolist() == [2.0**14 - 1]


def test_the_bound_is_over_all_terms_of_a_sum() -> None:
    """2^51 is the most that a product's partial sum may reach; one term more is refused."""
    one = Slices((np.full((1, 4), 2.0**25),), 25)
    other = Slices((np.full((4, 1), 2.0**24),), 25)
    assert product(one, other)[0][1].tolist() == [[2.0**51]]
    longer = Slices((np.full((1, 5), 2.0**25),), 25)
    with pytest.raises(TooWideError, match="a product over 5 terms"):
        product(longer, Slices((np.full((5, 1), 2.0**24),), 25))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 2.0**44 + 1])
def test_what_is_too_wide_or_no_number_is_refused(bad: float) -> None:
    with pytest.raises(TooWideError, match="a bound"):
        checked("a bound", np.array([0.0, bad]), 44)
    with pytest.raises(TooWideError):
        slices(np.array([bad * 2.0**10]), 18, 3)
