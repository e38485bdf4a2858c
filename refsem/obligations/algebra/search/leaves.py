"""Leaves: products of facts and squares that cancel, found by linear programming.

Every product of at most so many facts is a column, its monomials are the rows; products of one
weight at a time (see `grading`). Columns that cannot take part, because some monomial has one
sign throughout, are dropped before the simplex sees them.
"""

from collections import defaultdict
from dataclasses import dataclass
from functools import reduce
from math import comb, gcd, lcm

from gmpy2 import mpq

from refsem.ir.terms import Term, term
from refsem.obligations.algebra.proof import Leaf, Multiple, Product
from refsem.obligations.algebra.search.grading import Weight, weight, weights
from refsem.obligations.algebra.search.packed import (
    WIDTH,
    Integral,
    Packed,
    exponents,
    indices,
    integral_times,
    primitive,
    times,
)
from refsem.obligations.algebra.search.scene import Kind, Scene
from refsem.obligations.algebra.search.simplex import cancelling
from refsem.obligations.algebra.search.squares import roots


@dataclass(frozen=True, slots=True)
class Effort:
    """How far a leaf is looked for: factors in a product, and whether squares are offered."""

    factors: int
    squares: bool


@dataclass(slots=True)
class Budget:
    """What may still be spent, in monomials written out; the search stops at none."""

    monomials: int

    def spend(self, monomials: int) -> None:
        """Take from the budget; `OutOfBudget` when there is nothing left."""
        self.monomials -= monomials
        if self.monomials < 0:
            raise OutOfBudget


class OutOfBudget(Exception):  # noqa: N818  no error: the search gives up
    """The search has spent what it was given."""


@dataclass(frozen=True, slots=True)
class _Factor:
    """Something that may occur in a product: facts by label, or the square of a root."""

    facts: tuple[str, ...]
    root: Packed | None
    cost: int
    strict: bool
    polynomial: Integral
    content: mpq
    weight: Weight


_MOST_COLUMNS = 4000
_MOST_MULTISETS = 60_000


def leaf(scene: Scene, effort: Effort, budget: Budget) -> Leaf | None:
    """A leaf that closes the branch, None if none was found with this effort."""
    visible = {label: known for label, known in scene.visible().items() if known[1]}
    trivial = _trivial(scene)
    if trivial is not None:
        return trivial
    factors, table = _factors(visible, effort)
    equalities = {label: p for label, (kind, p) in visible.items() if kind is Kind.ZERO}
    classes = _classes(factors, effort.factors)
    for target, members in sorted(classes.items(), key=lambda one: (len(one[1]), one[0])):
        strict = [member for member in members if all(factors[i].strict for i in member)]
        if not strict or len(members) > _MOST_COLUMNS:
            continue
        found = _solve(
            scene, factors, members, _multiples(equalities, table, target, effort), budget
        )
        if found is not None:
            return found
    return None


_LENGTHS = {1: 1, 2: 1, 3: 3, 4: 8, 5: 12, 6: 16}
"""How much longer a product of so many factors takes than one of two, as measured."""


def cost(scene: Scene, effort: Effort, more: int) -> int:
    """What a leaf costs, in products of two facts, with that many more facts."""
    visible = {label: known for label, known in scene.visible().items() if known[1]}
    count = len(visible) + more
    found = comb(count + effort.factors, effort.factors)
    if effort.squares:
        table = weights([polynomial for _, polynomial in visible.values()])
        offered = len(list(roots(visible, table, len(next(iter(table.values()), ())))))
        found += offered * comb(count + effort.factors - 2, effort.factors - 2)
    return found * _LENGTHS[effort.factors]


def _trivial(scene: Scene) -> Leaf | None:
    """A strict fact or a non-equality that reads 0."""
    for label, (kind, polynomial) in scene.visible().items():
        if not polynomial and kind in {Kind.STRICT, Kind.NONZERO}:
            labels = (label,) if kind is Kind.STRICT else (label, label)
            return Leaf((Product(1, labels),))
    return None


def _factors(
    visible: dict[str, tuple[Kind, Packed]], effort: Effort
) -> tuple[list[_Factor], dict[int, Weight]]:
    polynomials = [polynomial for _, polynomial in visible.values()]
    table = weights(polynomials)
    length = len(next(iter(table.values()), ()))
    found = []

    def add(facts: tuple[str, ...], root: Packed | None, strict: bool, value: Packed) -> None:
        whole, content = primitive(value)
        cost = len(facts) if root is None else 2
        of = weight(next(iter(value)), table, length)
        found.append(_Factor(facts, root, cost, strict, whole, content, of))

    for label, (kind, polynomial) in visible.items():
        match kind:
            case Kind.STRICT | Kind.WEAK:
                add((label,), None, kind is Kind.STRICT, polynomial)
            case Kind.NONZERO:
                add((label, label), None, strict=True, value=times(polynomial, polynomial))
            case Kind.ZERO:
                pass
    if effort.squares:
        for root in roots(visible, table, length):
            add((), root, strict=False, value=times(root, root))
    return found, table


def _classes(factors: list[_Factor], most: int) -> dict[Weight, list[tuple[int, ...]]]:
    """The multisets of factors by weight, those weights only that a strict product has."""
    length = len(factors[0].weight) if factors else 0
    found: dict[Weight, list[tuple[int, ...]]] = defaultdict(list)
    zero = (0,) * length
    level: list[tuple[tuple[int, ...], int, Weight]] = [((), 0, zero)]
    found[zero].append(())
    count = 0
    while level:
        following = []
        for members, cost, total in level:
            for index in range(members[-1] if members else 0, len(factors)):
                factor = factors[index]
                if cost + factor.cost <= most:
                    sum_ = tuple(map(int.__add__, total, factor.weight))
                    following.append(((*members, index), cost + factor.cost, sum_))
                    found[sum_].append((*members, index))
        count += len(following)
        if count > _MOST_MULTISETS:
            break
        level = following
    return found


def _multiples(
    equalities: dict[str, Packed], table: dict[int, Weight], target: Weight, effort: Effort
) -> list[tuple[str, int, Packed]]:
    """Equalities times monomials, of one weight."""
    found = []
    length = len(target)
    for label, polynomial in equalities.items():
        monomials = {0}
        generators = [1 << WIDTH * index for index in indices(polynomial)]
        for _ in range(effort.factors - 1):
            monomials |= {m + g for m in monomials for g in generators}
        own = weight(next(iter(polynomial)), table, length)
        for monomial in sorted(monomials):
            total = tuple(map(int.__add__, own, weight(monomial, table, length)))
            if total == target:
                shifted = {monomial + m: value for m, value in polynomial.items()}
                found.append((label, monomial, shifted))
    return found


def _solve(
    scene: Scene,
    factors: list[_Factor],
    members: list[tuple[int, ...]],
    multiples: list[tuple[str, int, Packed]],
    budget: Budget,
) -> Leaf | None:
    products: dict[tuple[int, ...], Integral] = {(): {0: 1}}

    def value(key: tuple[int, ...]) -> Integral:
        if key not in products:
            products[key] = integral_times(value(key[:-1]), factors[key[-1]].polynomial)
        return products[key]

    columns = []
    for key in members:
        columns.append(value(key))
        budget.spend(len(columns[-1]))
    for _, _, polynomial in multiples:
        whole = primitive(polynomial)[0]
        columns.extend((whole, {m: -v for m, v in whole.items()}))
    wanted = [j for j, key in enumerate(members) if all(factors[i].strict for i in key)]
    solution = _cancelled(columns, wanted)
    if solution is None:
        return None
    return _assembled(scene, factors, members, multiples, solution)


def _cancelled(columns: list[Integral], wanted: list[int]) -> dict[int, mpq] | None:
    """The multiples of columns that cancel, after dropping columns that cannot take part."""
    alive = _participants(columns)
    kept = sorted(alive)
    places = {j: place for place, j in enumerate(kept)}
    targets = [places[j] for j in wanted if j in places]
    if not targets:
        return None
    found = cancelling([columns[j] for j in kept], targets)
    return None if found is None else {kept[place]: v for place, v in found.items()}


def _participants(columns: list[Integral]) -> set[int]:
    """The columns left after dropping, again and again, those with a monomial of one sign."""
    rows: dict[int, list[int]] = defaultdict(list)
    positive: dict[int, int] = defaultdict(int)
    negative: dict[int, int] = defaultdict(int)
    for j, column in enumerate(columns):
        for monomial, coefficient in column.items():
            rows[monomial].append(j)
            (positive if coefficient > 0 else negative)[monomial] += 1
    alive = set(range(len(columns)))
    pending = [monomial for monomial in rows if not positive[monomial] or not negative[monomial]]
    while pending:
        for j in rows[pending.pop()]:
            if j in alive:
                alive.discard(j)
                for monomial, coefficient in columns[j].items():
                    count = positive if coefficient > 0 else negative
                    count[monomial] -= 1
                    if not count[monomial]:
                        pending.append(monomial)
    return alive


def _assembled(
    scene: Scene,
    factors: list[_Factor],
    members: list[tuple[int, ...]],
    multiples: list[tuple[str, int, Packed]],
    solution: dict[int, mpq],
) -> Leaf:
    """The leaf of a solution, its multipliers made integers."""
    weighted: list[tuple[mpq, tuple[int, ...]]] = []
    added: dict[tuple[str, int], mpq] = defaultdict(mpq)
    for j, multiplier in sorted(solution.items()):
        if j < len(members):
            content = reduce(lambda x, i: x * factors[i].content, members[j], mpq(1))
            weighted.append((multiplier / content, members[j]))
        else:
            label, monomial, polynomial = multiples[(j - len(members)) // 2]
            sign = -1 if (j - len(members)) % 2 else 1
            added[label, monomial] += sign * multiplier / primitive(polynomial)[1]
    below = lcm(*(int(value.denominator) for value, _ in weighted))
    scale = mpq(below, gcd(*(int(value * below) for value, _ in weighted)))
    products = tuple(
        Product(
            int(value * scale),
            tuple(label for i in key for label in factors[i].facts),
            tuple(as_term(scene, root) for i in key if (root := factors[i].root) is not None),
        )
        for value, key in weighted
    )
    grouped: dict[str, Packed] = defaultdict(dict)
    for (label, monomial), value in added.items():
        if value:
            grouped[label][monomial] = value * scale
    return Leaf(products, tuple(Multiple(label, as_term(scene, p)) for label, p in grouped.items()))


def as_term(scene: Scene, polynomial: Packed) -> Term:
    """A polynomial as a term."""
    generators = scene.generators()
    total: Term | None = None
    for monomial, coefficient in sorted(polynomial.items(), key=lambda one: (one[1] < 0, -one[0])):
        factors = [generators[i] for i, power in exponents(monomial) for _ in range(power)]
        size = Term(mpq(abs(coefficient)))
        part = reduce(lambda x, y: x * y, factors) if factors else size
        if factors and size.head != 1:
            part = size * part
        if total is None:
            total = part if coefficient > 0 else -part
        else:
            total = total + part if coefficient > 0 else total - part
    return term(0) if total is None else total
