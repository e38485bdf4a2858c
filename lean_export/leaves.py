"""Leaves of proofs: summands that cancel, quotients cleared by divisors and by their equations.

A stored proof multiplies facts that are cleared of quotients already. In Lean a product has the
facts about its divisors among its factors, and the equations of quotients are added. Where the
divisors are numbers, all summands are brought to one denominator.
"""

from collections import Counter
from dataclasses import dataclass
from math import lcm, prod

from gmpy2 import mpq

from lean_export.cleared import Cleared, State, plain
from lean_export.expressions import polynomial_expression
from lean_export.program import Program, UnprintableError, leaf, multiple
from lean_export.program import product as program_product
from refsem.ir.terms import Term
from refsem.obligations.algebra.facts import Nonzero
from refsem.obligations.algebra.polynomials import ZERO, constant, product
from refsem.obligations.algebra.proof import Multiple, Product


def leaf_program(
    state: State, products: tuple[Product, ...], multiples: tuple[Multiple, ...]
) -> Program:
    """The summands; quotients are cleared by the signs of divisors, and by their equations."""
    summands = [_summand(state, one) for one in products]
    scaled = []
    for one in multiples:
        place, fact = state.found(one.equality)
        scaled.append((place, state.cleared(fact.term), state.raw(one.multiplier)))
    weights = [_number(summand.value.divisors) for summand in summands]
    weights.extend(_number(cleared.divisors) for _, cleared, _ in scaled)
    whole = lcm(*weights)
    sums = Cleared(ZERO, ZERO, {}, Counter())
    inequalities, equations = [], []
    for summand, weight in zip(summands, weights, strict=False):
        times = whole // weight
        sums += summand.value.times(plain(constant(times)))
        inequalities.append(summand.program(state, times))
    for (place, cleared, factor), weight in zip(scaled, weights[len(summands) :], strict=True):
        scale = [state.raw(divisor) for divisor in cleared.divisors.elements()]
        scale.append(constant(whole // weight))
        value = polynomial_expression(product([factor, *scale]))
        equations.append(multiple(state.at(place), value))
        sums += cleared.times(plain(factor * constant(whole // weight)))
    if not sums.plain.is_zero and state.table.cancelling:
        raise UnprintableError("a leaf whose summands do not cancel")
    for quotient, excess in sums.multiples.items():
        if not excess.is_zero:
            place = state.at(state.quotients[quotient])
            equations.append(multiple(place, polynomial_expression(-excess)))
    return leaf(inequalities, equations)


def _number(divisors: Counter[Term]) -> int:
    """The product of the numbers among the divisors, without its sign."""
    values = (one.head for one in divisors.elements())
    return prod(abs(int(value)) for value in values if isinstance(value, mpq))


@dataclass(frozen=True, slots=True)
class Summand:
    """A product at a leaf, with the places of its facts, and its value."""

    times: int
    places: tuple[int, ...]
    apart: tuple[int, ...]
    squares: tuple[Term, ...]
    value: Cleared

    def program(self, state: State, times: int) -> Program:
        """The product so many times, for Lean."""
        return program_product(
            self.times * times,
            map(state.at, self.places),
            map(state.at, self.apart),
            map(state.table.expression, self.squares),
        )


def _summand(state: State, one: Product) -> Summand:
    value = plain(constant(one.multiplier))
    places: list[int] = []
    apart: list[int] = []
    for label, times in Counter(one.facts).items():
        place, fact = state.found(label)
        weighed = state.weighed(fact, place)
        if isinstance(fact, Nonzero) and weighed.value.divisors:
            raise UnprintableError("a squared non-equality with quotients")
        for _ in range(times):
            value = value.times(weighed.value)
        if isinstance(fact, Nonzero):
            apart.extend([place] * (times // 2))
        else:
            places.extend(weighed.places * times)
            apart.extend(weighed.apart * times)
    for root in one.squares:
        polynomial = plain(state.raw(root))
        value = value.times(polynomial).times(polynomial)
    return Summand(one.multiplier, tuple(places), tuple(apart), one.squares, value)
