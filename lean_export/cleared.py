"""What is known on one branch of a proof that is printed, and terms without quotients.

Lean's checker has a quotient q = n/d as a variable with the equation q·d = n. Here a term is read
twice: as a polynomial with such variables, and times its divisors without them; the difference is
kept as multiples of those equations, for Lean to be told.

Not covered: divisors that divide.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from gmpy2 import mpq

from lean_export.expressions import Table
from lean_export.program import UnprintableError
from lean_export.terms import term_text
from refsem.exact.functions import Function
from refsem.ir.terms import Operator, Term
from refsem.obligations.algebra.facts import Fact
from refsem.obligations.algebra.polynomials import (
    ONE,
    ZERO,
    Polynomial,
    constant,
    indeterminate,
    product,
)
from refsem.obligations.algebra.proof import Sign


@dataclass(frozen=True, slots=True)
class Cleared:
    """A term times divisors: its polynomial with quotients, the same without, and how they differ.

    The first less the second is the sum of the multiples of what each quotient times its divisor
    exceeds its dividend by.
    """

    full: Polynomial
    plain: Polynomial
    multiples: Mapping[Term, Polynomial]
    divisors: Counter[Term]

    def __add__(self, other: "Cleared") -> "Cleared":
        return Cleared(
            self.full + other.full,
            self.plain + other.plain,
            summed(self.multiples, other.multiples),
            self.divisors,
        )

    def times(self, other: "Cleared") -> "Cleared":
        """The product: full·full − plain·plain = (full − plain)·full + plain·(full − plain)."""
        left = {key: value * other.full for key, value in self.multiples.items()}
        right = {key: self.plain * value for key, value in other.multiples.items()}
        return Cleared(
            self.full * other.full,
            self.plain * other.plain,
            summed(left, right),
            self.divisors + other.divisors,
        )


def summed(
    left: Mapping[Term, Polynomial], right: Mapping[Term, Polynomial]
) -> dict[Term, Polynomial]:
    """The sums of multiples, by quotient."""
    return {key: left.get(key, ZERO) + right.get(key, ZERO) for key in {**left, **right}}


def plain(value: Polynomial) -> Cleared:
    """A polynomial without quotients."""
    return Cleared(value, value, {}, Counter())


@dataclass(frozen=True, slots=True)
class State:
    """What is known on one branch: facts by label with their places, counted from the first."""

    table: Table
    count: int = 0
    facts: Mapping[str, tuple[int, Fact]] = field(default_factory=dict)
    values: Mapping[int, Polynomial] = field(default_factory=dict)
    meanings: Mapping[Term, Term] = field(default_factory=dict)
    """The term that a resolved atom or a defined name stands for."""
    signs: Mapping[Term, tuple[int, Sign]] = field(default_factory=dict)
    quotients: Mapping[Term, int] = field(default_factory=dict)
    """The place of the equation of each quotient whose divisor is known not to be zero."""

    def adding(self, label: str, fact: Fact) -> "State":
        """The state with one more fact."""
        facts = {**self.facts, label: (self.count, fact)}
        return replace(self, facts=facts, count=self.count + 1)

    def skipping(self) -> "State":
        """The state after a fact that no label names."""
        return replace(self, count=self.count + 1)

    def at(self, place: int) -> int:
        """A fact's number in Lean: how many were added after it."""
        return self.count - 1 - place

    def found(self, label: str) -> tuple[int, Fact]:
        """The place of a fact, and the fact."""
        if label not in self.facts:
            raise UnprintableError(f"no fact {label!r}")
        return self.facts[label]

    def replacing(self, number: int, value: Polynomial) -> "State":
        """The state with a variable replaced, in earlier values too."""
        earlier = {key: old.substitute(number, value) for key, old in self.values.items()}
        return replace(self, values={**earlier, number: value})

    def raw(self, one: Term) -> Polynomial:
        """A term as a polynomial in Lean's variables."""
        match one:
            case Term(Operator.ADD | Operator.SUB | Operator.MUL as operator, (left, right)):
                x, y = self.raw(left), self.raw(right)
                if operator is Operator.MUL:
                    return x * y
                return x + y if operator is Operator.ADD else x - y
            case Term(Operator.NEG, (argument,)):
                return -self.raw(argument)
            case Term(Operator() | Function() | str()):
                return self._variable(one)
            case Term(mpq() as value) if value.denominator == 1:
                return constant(value)
            case _:
                return self._variable(one)

    def _variable(self, one: Term) -> Polynomial:
        number = self.table.number(one)
        return self.values.get(number, indeterminate(number))

    def cleared(self, one: Term) -> Cleared:  # noqa: PLR0911  one case an operator
        """A term times its divisors."""
        if one in self.meanings:
            return self.cleared(self.meanings[one])
        match one:
            case Term(Operator.ADD | Operator.SUB as operator, (left, right)):
                x, y = self.cleared(left), self.cleared(right)
                y = y if operator is Operator.ADD else y.times(plain(constant(-1)))
                common = x.divisors | y.divisors
                return self._over(x, common) + self._over(y, common)
            case Term(Operator.MUL, (left, right)):
                return self.cleared(left).times(self.cleared(right))
            case Term(Operator.NEG, (argument,)):
                return self.cleared(argument).times(plain(constant(-1)))
            case Term(Operator.DIV, (dividend, divisor)):
                return self._quotient(one, self.cleared(dividend), divisor)
            case Term(mpq() as value) if value.denominator == 1:
                return plain(constant(value))
            case Term(mpq() as value):
                return self._quotient(
                    one, plain(constant(value.numerator)), Term(mpq(value.denominator))
                )
            case _:
                return plain(self._variable(one))

    def _over(self, x: Cleared, common: Counter[Term]) -> Cleared:
        missing = [self.raw(divisor) for divisor in (common - x.divisors).elements()]
        scaled = x.times(plain(product(missing)))
        return replace(scaled, divisors=common)

    def _quotient(self, one: Term, dividend: Cleared, divisor: Term) -> Cleared:
        if one not in self.quotients:
            raise UnprintableError(f"a quotient by {term_text(divisor)}")
        below = Counter(known_divisors(divisor, self.signs))
        others = product([self.raw(inner) for inner in dividend.divisors.elements()])
        full = self._variable(one) * self.raw(divisor) * others
        multiples = summed(dividend.multiples, {one: others})
        return Cleared(full, dividend.plain, multiples, dividend.divisors + below)

    def weighed(self, fact: Fact, place: int) -> "Weighed":
        """A fact with the facts about its divisors by which it is multiplied."""
        cleared = self.cleared(fact.term)
        places: list[int] = []
        apart: list[int] = []
        factor = plain(ONE)
        for divisor, times in cleared.divisors.items():
            where, sign = self.signs[divisor]
            value = self.raw(divisor)
            further = 0
            match sign:
                case Sign.POSITIVE:
                    places.extend([where] * times)
                case Sign.NEGATIVE:
                    places.extend([where] * times)
                    value, further = -value, times
                case Sign.NONZERO:
                    further = times % 2
                    apart.extend([where] * ((times + further) // 2))
            extra = [constant(-1)] * further if sign is Sign.NEGATIVE else [value] * further
            factor = factor.times(plain(product(extra)))
        return Weighed((place, *places), tuple(apart), cleared.times(factor))


def known_divisors(divisor: Term, signs: Mapping[Term, tuple[int, Sign]]) -> list[Term]:
    """The divisors of known sign of which a divisor is the product."""
    match divisor:
        case _ if divisor in signs:
            return [divisor]
        case Term(Operator.MUL, (left, right)):
            return [*known_divisors(left, signs), *known_divisors(right, signs)]
        case _:
            raise UnprintableError(f"the sign of {term_text(divisor)} is not known")


@dataclass(frozen=True, slots=True)
class Weighed:
    """Places of inequalities and of squared non-equalities, and the polynomial they multiply to."""

    places: tuple[int, ...]
    apart: tuple[int, ...]
    value: Cleared
