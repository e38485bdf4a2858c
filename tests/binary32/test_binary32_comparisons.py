"""Predicates and extrema on every pair of the grid; the total order on every triple of a few."""

from dataclasses import replace
from itertools import product

import pytest
from binary32_grids import GRID

from refsem.binary32 import Binary32
from refsem.binary32.bits import (
    absolute,
    copy_sign,
    negate,
    next_down,
    next_up,
    total_order,
    total_order_magnitude,
)
from refsem.binary32.comparisons import (
    Predicate,
    Relation,
    compare,
    max_num,
    maximum,
    maximum_number,
    min_num,
    minimum,
    minimum_number,
    relation,
)
from refsem.rounding import RISCV, X86

VALUES = [Binary32(bits) for bits in GRID]
PAIRS = list(product(VALUES, VALUES))
NUMBERS = [x for x in VALUES if not x.is_nan]


def host(x: Binary32) -> float:
    return float.fromhex(str(x))


def test_relation_is_the_order_of_the_reals() -> None:
    for x, y in product(NUMBERS, NUMBERS):
        one, other = host(x), host(y)
        expected = "<" if one < other else "=" if one == other else ">"
        assert relation(x, y, RISCV).value == expected


def test_unordered_exactly_with_a_nan() -> None:
    for x, y in PAIRS:
        assert (relation(x, y, RISCV) is Relation.UNORDERED) == (x.is_nan or y.is_nan)


@pytest.mark.parametrize("predicate", Predicate)
def test_predicates(predicate: Predicate) -> None:
    accepted, signalling = predicate.value
    for x, y in PAIRS:
        result = compare(predicate, x, y, RISCV)
        assert result.value == (relation(x, y, RISCV).value in accepted)
        nans = x.is_nan or y.is_nan
        invalid = nans if signalling else x.is_signalling or y.is_signalling
        assert result.flags.bits == (16 if invalid else 0)


def test_each_negated_predicate_is_the_negation() -> None:
    negations = [
        (Predicate.QUIET_EQUAL, Predicate.QUIET_NOT_EQUAL),
        (Predicate.QUIET_GREATER, Predicate.QUIET_NOT_GREATER),
        (Predicate.QUIET_GREATER_EQUAL, Predicate.QUIET_LESS_UNORDERED),
        (Predicate.QUIET_LESS, Predicate.QUIET_NOT_LESS),
        (Predicate.QUIET_LESS_EQUAL, Predicate.QUIET_GREATER_UNORDERED),
        (Predicate.QUIET_ORDERED, Predicate.QUIET_UNORDERED),
        (Predicate.SIGNALLING_EQUAL, Predicate.SIGNALLING_NOT_EQUAL),
        (Predicate.SIGNALLING_GREATER, Predicate.SIGNALLING_NOT_GREATER),
        (Predicate.SIGNALLING_GREATER_EQUAL, Predicate.SIGNALLING_LESS_UNORDERED),
        (Predicate.SIGNALLING_LESS, Predicate.SIGNALLING_NOT_LESS),
        (Predicate.SIGNALLING_LESS_EQUAL, Predicate.SIGNALLING_GREATER_UNORDERED),
    ]
    assert sorted(p.name for pair in negations for p in pair) == sorted(p.name for p in Predicate)
    for one, other in negations:
        for x, y in PAIRS:
            assert compare(one, x, y, RISCV).value != compare(other, x, y, RISCV).value


def test_extrema_of_numbers() -> None:
    for x, y in product(NUMBERS, NUMBERS):
        for low in (minimum, minimum_number, min_num):
            assert low(x, y, RISCV).value == (x if total_order(x, y) else y)
            assert low(x, y, RISCV).flags.bits == 0
        for high in (maximum, maximum_number, max_num):
            assert high(x, y, RISCV).value == (y if total_order(x, y) else x)
            assert high(x, y, RISCV).flags.bits == 0


def test_extrema_of_nans() -> None:
    one, quiet, signalling = (Binary32(b) for b in (0x3F800000, 0x7FC00001, 0x7F800001))
    nan = Binary32(0x7FC00000)
    for number, propagating, old in (
        (minimum_number, minimum, min_num),
        (maximum_number, maximum, max_num),
    ):
        for x, y in ((one, quiet), (quiet, one)):
            assert (propagating(x, y, RISCV).value, number(x, y, RISCV).value) == (nan, one)
            assert old(x, y, RISCV).value == one
            assert propagating(x, y, RISCV).flags.bits == number(x, y, RISCV).flags.bits == 0
        for x, y in ((one, signalling), (signalling, one)):
            assert (propagating(x, y, RISCV).value, number(x, y, RISCV).value) == (nan, one)
            assert old(x, y, RISCV).value == nan
            assert {f(x, y, RISCV).flags.bits for f in (number, propagating, old)} == {16}
        assert number(quiet, quiet, RISCV).value == nan
        assert number(quiet, quiet, X86).value == quiet


def test_denormals_are_zero_in_comparisons_and_extrema() -> None:
    reading = replace(RISCV, denormals_are_zero=True)
    zero, least = Binary32(0), Binary32(1)
    assert relation(zero, least, reading) is Relation.EQUAL
    assert relation(zero, least, RISCV) is Relation.LESS
    assert maximum(zero, least, reading).value == zero


def test_total_order_is_a_total_order_with_the_named_ends() -> None:
    ends = [0xFFFFFFFF, 0xFFC00001, 0xFFC00000, 0xFFBFFFFF, 0xFF800001, 0xFF800000, 0xFF7FFFFF]
    ends += [0x80000001, 0x80000000, 0, 1, 0x7F7FFFFF, 0x7F800000]
    ends += [0x7F800001, 0x7FBFFFFF, 0x7FC00000, 0x7FC00001, 0x7FFFFFFF]
    ascending = [Binary32(bits) for bits in ends]
    for i, x in enumerate(ascending):
        for j, y in enumerate(ascending):
            assert total_order(x, y) == (i <= j)
            assert total_order_magnitude(x, y) == total_order(absolute(x).value, absolute(y).value)


def test_signs_move_without_signalling() -> None:
    for x, y in PAIRS:
        assert negate(x).value.bits == x.bits ^ 0x80000000
        assert absolute(x).value.bits == x.bits & 0x7FFFFFFF
        copied = copy_sign(x, y).value
        assert copied.magnitude == x.magnitude
        assert copied.is_negative == y.is_negative
        assert negate(x).flags.bits == absolute(x).flags.bits == copy_sign(x, y).flags.bits == 0


def test_neighbours_of_specials() -> None:
    for step in (next_up, next_down):
        assert step(Binary32(0x7F800001), RISCV).flags.bits == 16
        assert step(Binary32(0x7F800001), RISCV).value.bits == 0x7FC00000
        assert step(Binary32(0x7FC00009), X86).value.bits == 0x7FC00009
        assert step(Binary32(0x7FC00009), X86).flags.bits == 0
    for x in NUMBERS:
        if not x.is_infinite:
            assert relation(next_down(x, RISCV).value, x, RISCV) is Relation.LESS
            assert relation(next_up(x, RISCV).value, x, RISCV) is Relation.GREATER
