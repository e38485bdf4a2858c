"""Polynomials of the search: dictionaries from packed monomials to rational coefficients.

A monomial is one integer, the exponents of the indeterminates in fields of `WIDTH` bits, so that
monomials multiply by addition. Invariant: no coefficient is zero. Exponents stay below
2^`WIDTH`: the search gives up long before.

Shares nothing with the checker's polynomials, on purpose.
"""

from collections.abc import Iterable, Iterator
from math import gcd, lcm

from gmpy2 import mpq

WIDTH = 8
_FIELD = (1 << WIDTH) - 1

Packed = dict[int, mpq]
Integral = dict[int, int]


def number(value: mpq | int) -> Packed:
    """The polynomial that is a number."""
    return {0: mpq(value)} if value else {}


def generator(index: int) -> Packed:
    """The polynomial that is one indeterminate."""
    return {1 << (WIDTH * index): mpq(1)}


def plus(left: Packed, right: Packed, factor: mpq | int = 1) -> Packed:
    """The sum left + factor·right."""
    total = dict(left)
    for monomial, coefficient in right.items():
        value = total.get(monomial, 0) + factor * coefficient
        if value:
            total[monomial] = value
        else:
            total.pop(monomial, None)
    return total


def times(left: Packed, right: Packed) -> Packed:
    """The product left · right."""
    total: Packed = {}
    for one, a in left.items():
        for other, b in right.items():
            monomial = one + other
            total[monomial] = total.get(monomial, 0) + a * b
    return {monomial: value for monomial, value in total.items() if value}


def integral_times(left: Integral, right: Integral) -> Integral:
    """The product left · right, in integers."""
    total: Integral = {}
    for one, a in left.items():
        for other, b in right.items():
            monomial = one + other
            total[monomial] = total.get(monomial, 0) + a * b
    return {monomial: value for monomial, value in total.items() if value}


def primitive(one: Packed) -> tuple[Integral, mpq]:
    """Coprime integer coefficients, and the positive content with which they were multiplied."""
    below = lcm(*(int(value.denominator) for value in one.values()))
    whole = {monomial: int(value * below) for monomial, value in one.items()}
    above = gcd(*whole.values()) or 1
    return {monomial: value // above for monomial, value in whole.items()}, mpq(above, below)


def exponents(monomial: int) -> Iterator[tuple[int, int]]:
    """The indeterminates of a monomial with their exponents."""
    index = 0
    while monomial:
        if monomial & _FIELD:
            yield index, monomial & _FIELD
        monomial >>= WIDTH
        index += 1


def degree(one: Iterable[int]) -> int:
    """The total degree of a polynomial."""
    return max((sum(power for _, power in exponents(monomial)) for monomial in one), default=0)


def indices(one: Iterable[int]) -> frozenset[int]:
    """The indeterminates that occur."""
    return frozenset(index for monomial in one for index, _ in exponents(monomial))


def coefficients(one: Packed, index: int) -> dict[int, Packed]:
    """The polynomial's coefficients by powers of one indeterminate."""
    found: dict[int, Packed] = {}
    for monomial, value in one.items():
        power = monomial >> (WIDTH * index) & _FIELD
        rest = monomial - (power << (WIDTH * index))
        found.setdefault(power, {})[rest] = value
    return found


def replaced(one: Packed, index: int, value: Packed) -> Packed:
    """The polynomial with one indeterminate replaced."""
    total: Packed = {}
    for power, rest in coefficients(one, index).items():
        part = rest
        for _ in range(power):
            part = times(part, value)
        total = plus(total, part)
    return total
