"""Exact polynomials for the proof checker: sums, products and substitution, over the rationals.

A polynomial is a dictionary from monomials to non-zero coefficients; a monomial is the sorted
tuple of its indeterminates, each a number, repeated as often as its exponent says. The empty
dictionary is the zero polynomial, and two polynomials are equal just when their dictionaries are.

Not here: division, factors, orders. The proof search has arithmetic of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce

from gmpy2 import mpq

Monomial = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Polynomial:
    """A polynomial; `terms` holds no zero coefficient."""

    terms: Mapping[Monomial, mpq]

    def __add__(self, other: "Polynomial") -> "Polynomial":
        total = dict(self.terms)
        for monomial, coefficient in other.terms.items():
            _add(total, monomial, coefficient)
        return Polynomial(total)

    def __neg__(self) -> "Polynomial":
        return Polynomial({monomial: -value for monomial, value in self.terms.items()})

    def __sub__(self, other: "Polynomial") -> "Polynomial":
        return self + -other

    def __mul__(self, other: "Polynomial") -> "Polynomial":
        total: dict[Monomial, mpq] = {}
        for left, a in self.terms.items():
            for right, b in other.terms.items():
                _add(total, tuple(sorted(left + right)), a * b)
        return Polynomial(total)

    @property
    def is_zero(self) -> bool:
        """Whether this is the zero polynomial."""
        return not self.terms

    def constant(self) -> mpq | None:
        """The value of a polynomial without indeterminates; None for any other."""
        if any(self.terms):
            return None
        return self.terms.get((), mpq(0))

    def substitute(self, indeterminate: int, value: "Polynomial") -> "Polynomial":
        """The polynomial with one indeterminate replaced by a polynomial."""
        if not any(indeterminate in monomial for monomial in self.terms):
            return self
        total = ZERO
        for monomial, coefficient in self.terms.items():
            rest = tuple(one for one in monomial if one != indeterminate)
            factors = [value] * (len(monomial) - len(rest))
            total += product([Polynomial({rest: coefficient}), *factors])
        return total


def _add(total: dict[Monomial, mpq], monomial: Monomial, coefficient: mpq) -> None:
    value = total.get(monomial, 0) + coefficient
    if value:
        total[monomial] = value
    else:
        total.pop(monomial, None)


def constant(value: mpq | int) -> Polynomial:
    """The polynomial that is a number."""
    return Polynomial({(): mpq(value)} if value else {})


def indeterminate(number: int) -> Polynomial:
    """The polynomial that is one indeterminate."""
    return Polynomial({(number,): mpq(1)})


def product(factors: list[Polynomial]) -> Polynomial:
    """The product of some polynomials; of none, it is 1."""
    return reduce(lambda x, y: x * y, factors, ONE)


ZERO = constant(0)
ONE = constant(1)
