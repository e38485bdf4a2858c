"""Squares that a leaf may use: of derivatives of the goal, of monomials, of their sums.

Roots are homogeneous, so that grading stays valid. Where the goal is a quadratic, the square of
its derivative completes it; differences of monomials of one weight serve tangents, and where the
goal vanishes at x = t, monomials in x and t.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import combinations

from gmpy2 import mpq

from refsem.obligations.algebra.search.grading import Weight, weight
from refsem.obligations.algebra.search.packed import (
    WIDTH,
    Integral,
    Packed,
    coefficients,
    degree,
    exponents,
    generator,
    indices,
    number,
    plus,
    primitive,
    replaced,
    times,
)
from refsem.obligations.algebra.search.scene import Kind


def roots(
    visible: dict[str, tuple[Kind, Packed]], table: dict[int, Weight], length: int
) -> Iterator[Packed]:
    """Polynomials whose squares are worth a try: derivatives and sums of two monomials."""
    goals = [p for label, (_, p) in visible.items() if label.startswith("goal")]
    used = sorted(frozenset[int]().union(*(indices(goal) for goal in goals)))
    others = frozenset[int]().union(*(indices(p) for _, p in visible.values()))
    linear = [1 << WIDTH * index for index in sorted(others)]
    quadratic = []
    if max((degree(goal) for goal in goals), default=0) >= 4:
        monomials = [1 << WIDTH * index for index in used]
        quadratic = sorted({m + g for m in monomials for g in monomials})
    seen: list[Integral] = []
    found = (
        *_derivatives(goals, used),
        *_touching(goals, table, length),
        *_crossing(goals, table, length),
        *_pairs([0, *linear, *quadratic], table, length),
    )
    for root in found:
        whole = primitive(root)[0]
        if whole not in seen and {m: -v for m, v in whole.items()} not in seen:
            seen.append(whole)
            yield {monomial: mpq(value) for monomial, value in whole.items()}


def _derivatives(goals: list[Packed], used: Sequence[int]) -> Iterator[Packed]:
    for goal in goals:
        for index in used:
            found: Packed = {}
            for monomial, value in goal.items():
                for other, power in exponents(monomial):
                    if other == index:
                        found[monomial - (1 << WIDTH * index)] = value * power
            if found and degree(found) == 1 and len(found) <= 3:
                yield found


def _touching(goals: list[Packed], table: dict[int, Weight], length: int) -> Iterator[Packed]:
    """Roots for what is left of the goal without a factor x − t, or without its square.

    Where the square divides, as with a tangent at t, the roots are multiples of x − t.
    """
    for goal in goals:
        for one, other in combinations(sorted(indices(goal)), 2):
            # with x = t + d, nothing is left of the power d⁰, or of d⁰ and d¹
            shifted = replaced(goal, one, plus(generator(one), generator(other)))
            times_divided = min(2, *coefficients(shifted, one))
            gap = plus(generator(one), generator(other), -1) if times_divided == 2 else number(1)
            power = (degree(goal) - times_divided) // 2 if times_divided else 0
            factors = [_monomial(one, k) + _monomial(other, power - k) for k in range(power + 1)]
            for multiple in _pairs(factors, table, length) if times_divided else ():
                yield times(gap, multiple)


def _monomial(index: int, power: int) -> int:
    return power << (WIDTH * index)


def _crossing(goals: list[Packed], table: dict[int, Weight], length: int) -> Iterator[Packed]:
    """Sums and differences of two monomials of one weight whose product is one of the goal's."""
    for monomial in (monomial for goal in goals for monomial in goal):
        factors = [1 << WIDTH * index for index, power in exponents(monomial) for _ in range(power)]
        for one in sorted({m + g for m in factors for g in factors if factors.count(m) > (m == g)}):
            other = monomial - one
            weights = {weight(part, table, length) for part in (one, other)}
            if one != other and len(weights) == 1 and degree([other]) <= 2:
                yield {one: mpq(1), other: mpq(-1)}
                yield {one: mpq(1), other: mpq(1)}


def _pairs(monomials: list[int], table: dict[int, Weight], length: int) -> Iterator[Packed]:
    """Monomials, and sums and differences of two of the same weight."""
    by_weight = defaultdict(list)
    for monomial in monomials:
        by_weight[weight(monomial, table, length)].append(monomial)
    for group in by_weight.values():
        for place, one in enumerate(group):
            if one:
                yield {one: mpq(1)}
            for other in group[:place]:
                yield {one: mpq(1), other: mpq(-1)}
                yield {one: mpq(1), other: mpq(1)}
