"""Dimensional analysis: the weightings of indeterminates under which every fact is homogeneous.

If all facts are homogeneous under a weighting, so are their products, and an identity among
products splits by weight: each part can be looked for by itself, and only products of one weight
have to be multiplied out. Nothing is lost by it, as long as the squares offered are homogeneous.
"""

from collections.abc import Iterable, Mapping, Sequence

from gmpy2 import mpq

from refsem.obligations.algebra.search.packed import exponents, indices

Weight = tuple[int, ...]


def weights(polynomials: Sequence[Iterable[int]]) -> dict[int, Weight]:
    """For each indeterminate its weights under a basis of the weightings."""
    support = sorted(frozenset().union(*(indices(one) for one in polynomials)))
    position = {index: place for place, index in enumerate(support)}
    rows = []
    for one in polynomials:
        monomials = sorted(one)
        for other in monomials[1:]:
            row = [mpq(0)] * len(support)
            for index, power in exponents(other):
                row[position[index]] += power
            for index, power in exponents(monomials[0]):
                row[position[index]] -= power
            rows.append(row)
    basis = _kernel(rows, len(support))
    return {index: tuple(vector[position[index]] for vector in basis) for index in support}


def weight(monomial: int, table: Mapping[int, Weight], length: int) -> Weight:
    """The weight of a monomial."""
    total = [0] * length
    for index, power in exponents(monomial):
        for place, value in enumerate(table[index]):
            total[place] += power * value
    return tuple(total)


def _kernel(rows: list[list[mpq]], width: int) -> list[list[int]]:
    """A basis, in integers, of the vectors orthogonal to all rows."""
    pivots: dict[int, list[mpq]] = {}
    for row in rows:
        reduced = row
        for column, other in pivots.items():
            if reduced[column]:
                factor = reduced[column]
                reduced = [x - factor * y for x, y in zip(reduced, other, strict=True)]
        lead = next((column for column, value in enumerate(reduced) if value), None)
        if lead is not None:
            scaled = [value / reduced[lead] for value in reduced]
            for column, other in pivots.items():
                factor = other[lead]
                pivots[column] = [x - factor * y for x, y in zip(other, scaled, strict=True)]
            pivots[lead] = scaled
    found = []
    for free in (column for column in range(width) if column not in pivots):
        vector = [mpq(0)] * width
        vector[free] = mpq(1)
        for column, row in pivots.items():
            vector[column] = -row[free]
        below = 1
        for value in vector:
            below = max(below, 1) * int((value * below).denominator)
        found.append([int(value * below) for value in vector])
    return found
