"""The parts of the search against oracles: the simplex against z3, polynomials against sympy."""

import sympy
import z3
from gmpy2 import mpq
from hypothesis import given, settings
from hypothesis import strategies as st

from refsem.obligations.algebra.search.grading import weight, weights
from refsem.obligations.algebra.search.packed import (
    WIDTH,
    Packed,
    coefficients,
    degree,
    exponents,
    generator,
    integral_times,
    plus,
    primitive,
    replaced,
    times,
)
from refsem.obligations.algebra.search.simplex import cancelling

SYMBOLS = sympy.symbols("x0:3")
nonzero = st.sampled_from([-3, -2, -1, 1, 2, 5])
powers = st.tuples(*(st.integers(0, 2) for _ in SYMBOLS))
monomials = powers.map(lambda p: sum(power << (WIDTH * i) for i, power in enumerate(p)))
polynomials = st.dictionaries(monomials, nonzero.map(mpq), max_size=4)
small_columns = st.dictionaries(st.integers(0, 4), nonzero, max_size=4)
large_columns = st.dictionaries(
    st.integers(0, 5), st.sampled_from([-(2**40), -3, 2, 2**33 + 1]), max_size=5
)


def expression(one: Packed) -> sympy.Expr:
    return sum(
        (
            sympy.Rational(int(c.numerator), int(c.denominator))
            * sympy.prod(SYMBOLS[i] ** power for i, power in exponents(monomial))
            for monomial, c in one.items()
        ),
        sympy.Integer(0),
    )


@given(polynomials, polynomials, st.integers(0, 2))
def test_packed_polynomials_are_sympys(p: Packed, q: Packed, index: int) -> None:
    x = SYMBOLS[index]
    assert sympy.expand(expression(plus(p, q, -2)) - expression(p) + 2 * expression(q)) == 0
    assert sympy.expand(expression(times(p, q)) - expression(p) * expression(q)) == 0
    assert (
        sympy.expand(expression(replaced(p, index, q)) - expression(p).subs(x, expression(q))) == 0
    )
    parts = coefficients(p, index)
    assert sympy.expand(sum(expression(c) * x**n for n, c in parts.items()) - expression(p)) == 0
    assert all(times(p, q).values())
    assert degree(generator(index)) == 1


@given(polynomials, polynomials)
def test_primitive_parts_multiply_as_they_should(p: Packed, q: Packed) -> None:
    (one, a), (other, b) = primitive(p), primitive(q)
    whole = {m: value * a * b for m, value in integral_times(one, other).items()}
    assert whole == times(p, q)
    assert a > 0


def feasible(columns: list[dict[int, int]], wanted: list[int]) -> bool:
    """Whether there are such multiples, by z3."""
    solver = z3.Solver()
    multiples = [z3.Real(f"m{j}") for j in range(len(columns))]
    solver.add([one >= 0 for one in multiples])
    for row in {key for column in columns for key in column}:
        solver.add(
            z3.Sum([m * c.get(row, 0) for m, c in zip(multiples, columns, strict=True)]) == 0
        )
    solver.add(z3.Sum([multiples[j] for j in wanted]) >= 1)
    return bool(solver.check() == z3.sat)


def assert_right(columns: list[dict[int, int]], wanted: list[int]) -> None:
    found = cancelling(columns, wanted)
    assert (found is not None) == feasible(columns, wanted)
    if found is not None:
        assert all(value > 0 for value in found.values())
        assert any(j in found for j in wanted)
        for row in {key for column in columns for key in column}:
            assert sum(value * columns[j].get(row, 0) for j, value in found.items()) == 0


@settings(max_examples=60)
@given(st.lists(small_columns, min_size=1, max_size=9), st.data())
def test_the_simplex_finds_what_z3_says_exists(
    columns: list[dict[int, int]], data: st.DataObject
) -> None:
    wanted = sorted(data.draw(st.sets(st.integers(0, len(columns) - 1), min_size=1)))
    assert_right(columns, wanted)


@settings(max_examples=30)
@given(st.lists(large_columns, min_size=1, max_size=9))
def test_the_simplex_stays_exact_beyond_machine_integers(columns: list[dict[int, int]]) -> None:
    assert_right(columns, [0, len(columns) - 1])


@given(st.lists(polynomials, min_size=1, max_size=4))
def test_every_polynomial_is_homogeneous_under_the_weights(found: list[Packed]) -> None:
    present = [one for one in found if one]
    table = weights(present)
    length = len(next(iter(table.values()), ()))
    for one in present:
        assert len({weight(monomial, table, length) for monomial in one}) == 1


def test_the_weights_are_all_there_are() -> None:
    x, y, z = (generator(i) for i in range(3))
    table = weights([plus(times(x, y), z, -1), plus(x, y)])
    assert {index: one[0] for index, one in table.items()} == {0: 1, 1: 1, 2: 2} or {
        index: 2 * one[0] for index, one in table.items()
    } == {0: 1, 1: 1, 2: 2}
    assert len(table[0]) == 1
    assert weights([plus(x, {0: mpq(1)})]) == {0: ()}
