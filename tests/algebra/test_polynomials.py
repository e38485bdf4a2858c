"""The checker's polynomials against sympy's, and at points."""

import sympy
from gmpy2 import mpq
from hypothesis import given
from hypothesis import strategies as st

from refsem.obligations.algebra.polynomials import (
    ONE,
    ZERO,
    Polynomial,
    constant,
    indeterminate,
    product,
)

SYMBOLS = sympy.symbols("x0:3")
rationals = st.builds(mpq, st.integers(-9, 9), st.integers(1, 4))
monomials = st.lists(st.integers(0, 2), max_size=3).map(lambda one: tuple(sorted(one)))
coefficients = st.builds(mpq, st.sampled_from([-9, -2, -1, 1, 3]), st.integers(1, 4))
polynomials = st.dictionaries(monomials, coefficients, max_size=4).map(Polynomial)


def expression(one: Polynomial) -> sympy.Expr:
    return sum(
        (
            sympy.Rational(int(c.numerator), int(c.denominator))
            * sympy.prod(SYMBOLS[i] for i in monomial)
            for monomial, c in one.terms.items()
        ),
        sympy.Integer(0),
    )


def same(one: Polynomial, other: sympy.Expr) -> bool:
    assert all(one.terms.values())
    assert all(list(monomial) == sorted(monomial) for monomial in one.terms)
    return bool(sympy.expand(expression(one) - other) == 0)


@given(polynomials, polynomials)
def test_sums_and_products_are_those_of_sympy(p: Polynomial, q: Polynomial) -> None:
    assert same(p + q, expression(p) + expression(q))
    assert same(p - q, expression(p) - expression(q))
    assert same(p * q, expression(p) * expression(q))
    assert same(product([p, q, q]), expression(p) * expression(q) ** 2)


@given(polynomials, polynomials, st.integers(0, 2))
def test_substitution_is_that_of_sympy(p: Polynomial, q: Polynomial, index: int) -> None:
    assert same(p.substitute(index, q), expression(p).subs(SYMBOLS[index], expression(q)))


@given(polynomials, polynomials)
def test_equal_polynomials_have_equal_dictionaries(p: Polynomial, q: Polynomial) -> None:
    assert (p == q) == (sympy.expand(expression(p) - expression(q)) == 0)
    assert (p - p) == ZERO
    assert (p - p).is_zero
    assert p * ONE == p
    assert p * ZERO == ZERO


@given(rationals)
def test_constants(value: mpq) -> None:
    assert constant(value).constant() == value
    assert constant(value).is_zero == (value == 0)
    assert (constant(value) + indeterminate(0)).constant() is None
    assert indeterminate(0).constant() is None
