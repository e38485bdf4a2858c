"""One branch of a proof as the checker sees it: what is known there, and terms read as quotients.

A term reads as a polynomial over a product of divisors; variables, functions of a term and
unresolved atoms (max, min, abs, select) are its indeterminates. Reading uses what the branch has
established: the branch that an atom takes, the polynomial that a variable equals, the signs of
divisors. A term that divides by anything else has no reading, and so no fact that needs one can
be used.

Invariant: at every point of the branch, every replacement here has the value of what it replaces,
and every fact is true. `checker` keeps it; nothing here is shared with the search.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from refsem.exact.functions import Function
from refsem.ir.terms import Operator, Term, free_variables, relation_terms
from refsem.obligations.algebra.facts import Fact, Nonzero, Weak, Zero, assumed, negated
from refsem.obligations.algebra.polynomials import Polynomial, constant, indeterminate, product
from refsem.obligations.algebra.proof import Sign
from refsem.obligations.obligation import Obligation
from refsem.rules import Outward


class RejectedError(Exception):
    """The proof does not prove; the message says why."""


@dataclass(frozen=True, slots=True)
class Quotient:
    """A polynomial over the numerators of some divisors, each with its exponent."""

    numerator: Polynomial
    divisors: Counter[Term]


@dataclass(frozen=True, slots=True)
class Branch:
    """What is known on one branch. `numbers` numbers the indeterminates of the whole proof."""

    names: frozenset[str]
    exact: Mapping[str, Term] = field(default_factory=dict)
    facts: Mapping[str, Fact] = field(default_factory=dict)
    resolved: Mapping[Term, Term] = field(default_factory=dict)
    signs: Mapping[Term, Sign] = field(default_factory=dict)
    rewritten: Mapping[str, Polynomial] = field(default_factory=dict)
    numbers: dict[Term, int] = field(default_factory=dict)
    known: dict[Term, Quotient] = field(default_factory=dict)

    # what the branch knows, and how it comes to know more

    def fact(self, label: str) -> Fact:
        """The fact under a label; rejected where none is in scope."""
        if label not in self.facts:
            raise RejectedError(f"no fact {label!r} is in scope")
        return self.facts[label]

    def require_known(self, *terms: Term) -> None:
        """Reject terms about anything but the variables that exist here."""
        for name in free_variables(terms):
            if name not in self.names:
                raise RejectedError(f"there is no variable {name!r} here")

    def with_name(self, name: str) -> "Branch":
        """The branch with a new variable."""
        if name in self.names:
            raise RejectedError(f"the variable {name!r} exists already")
        return replace(self, names=self.names | {name}, known={})

    def with_fact(self, label: str, fact: Fact) -> "Branch":
        """The branch with one more fact, under a label that is not in use."""
        if label in self.facts:
            raise RejectedError(f"the label {label!r} is in use")
        self.require_known(fact.term)
        return replace(self, facts={**self.facts, label: fact})

    def with_resolved(self, atom: Term, value: Term) -> "Branch":
        """The branch with an atom that takes the value of a term."""
        return replace(self, resolved={**self.resolved, atom: value}, known={})

    def with_sign(self, divisor: Term, sign: Sign) -> "Branch":
        """The branch with a divisor of known sign."""
        return replace(self, signs={**self.signs, divisor: sign}, known={})

    def with_rewritten(self, name: str, value: Polynomial) -> "Branch":
        """The branch with a variable replaced by a polynomial of equal value everywhere."""
        if name in self.rewritten or name in self.exact or name not in self.names:
            raise RejectedError(f"{name!r} is no variable that can be replaced")
        number = self._number(Term(name))
        earlier = {key: old.substitute(number, value) for key, old in self.rewritten.items()}
        return replace(self, rewritten={**earlier, name: value}, known={})

    # terms and facts as polynomials

    def polynomial(self, one: Term) -> Polynomial:
        """A term of the proof as a polynomial; rejected if it divides."""
        self.require_known(one)
        quotient = self.read(one)
        if quotient.divisors:
            raise RejectedError("a term of the proof divides")
        return quotient.numerator

    def cleared(self, fact: Fact) -> Polynomial:
        """A polynomial of which the same holds as of the fact's term."""
        quotient = self.read(fact.term)
        if isinstance(fact, Zero | Nonzero):
            return quotient.numerator
        odd = (divisor for divisor, times in quotient.divisors.items() if times % 2)
        return product([quotient.numerator, *map(self._same_sign, odd)])

    def _same_sign(self, divisor: Term) -> Polynomial:
        """A polynomial with the sign of the divisor's numerator: ±1 if that is known."""
        orientation = {Sign.POSITIVE: 1, Sign.NEGATIVE: -1, Sign.NONZERO: 0}[self.signs[divisor]]
        quotient = self.read(divisor)
        for inner, times in quotient.divisors.items():
            if times % 2:
                orientation *= int(self._same_sign(inner).constant() or 0)
        return constant(orientation) if orientation else quotient.numerator

    def read(self, one: Term) -> Quotient:
        """The term as a quotient; rejected if it divides by what is not known to be non-zero."""
        if one not in self.known:
            self.known[one] = self._read(one)
        return self.known[one]

    def _read(self, one: Term) -> Quotient:
        match one.head:
            case Operator() as operator:
                return self._applied(operator, one)
            case str() as name if name in self.exact:
                return self.read(self.exact[name])
            case str() as name:
                plain = indeterminate(self._number(one))
                return Quotient(self.rewritten.get(name, plain), Counter())
            case Function():
                return Quotient(indeterminate(self._number(one)), Counter())
            case value:
                return Quotient(constant(value), Counter())

    def _applied(self, operator: Operator, one: Term) -> Quotient:
        match operator:
            case Operator.ADD | Operator.SUB:
                x, y = (self.read(argument) for argument in one.arguments)
                return self._sum(x, y if operator is Operator.ADD else _negative(y))
            case Operator.NEG:
                return _negative(self.read(one.arguments[0]))
            case Operator.MUL:
                x, y = (self.read(argument) for argument in one.arguments)
                return Quotient(x.numerator * y.numerator, x.divisors + y.divisors)
            case Operator.DIV:
                return self._divided(self.read(one.arguments[0]), one.arguments[1])
            case _ if one in self.resolved:
                return self.read(self.resolved[one])
            case _:
                return Quotient(indeterminate(self._number(one)), Counter())

    def _sum(self, x: Quotient, y: Quotient) -> Quotient:
        common = x.divisors | y.divisors
        left, right = (
            product([part.numerator, *self._numerators(common - part.divisors)]) for part in (x, y)
        )
        return Quotient(left + right, common)

    def _divided(self, dividend: Quotient, divisor: Term) -> Quotient:
        """A quotient by a divisor whose sign was proved, a product of such, or a number."""
        if divisor in self.signs:
            inner = self._numerators(self.read(divisor).divisors)
            divisors = dividend.divisors + Counter([divisor])
            return Quotient(product([dividend.numerator, *inner]), divisors)
        if divisor.head is Operator.MUL:
            return self._divided(
                self._divided(dividend, divisor.arguments[0]), divisor.arguments[1]
            )
        read = self.read(divisor)
        value = None if read.divisors else read.numerator.constant()
        if not value:
            raise RejectedError("a fact divides by what is not known to be non-zero")
        return Quotient(dividend.numerator * constant(1 / value), dividend.divisors)

    def _numerators(self, divisors: Counter[Term]) -> list[Polynomial]:
        return [self.read(divisor).numerator for divisor in divisors.elements()]

    def _number(self, generator: Term) -> int:
        return self.numbers.setdefault(generator, len(self.numbers))


def _negative(x: Quotient) -> Quotient:
    return Quotient(-x.numerator, x.divisors)


def whole(obligation: Obligation) -> Branch:
    """The branch that holds the obligation's own facts: nothing that a proof could have written."""
    if obligation.goal is None or obligation.parts:
        raise RejectedError(f"{obligation.id} has no goal")
    branch = Branch(frozenset(obligation.free))
    for definition in obligation.definitions:
        name, excess = definition.name, Term(definition.name) - definition.term
        branch.require_known(definition.term)
        branch = branch.with_name(name)
        match definition.may_exceed:
            case Outward.EXACT:
                branch = replace(branch, exact={**branch.exact, name: definition.term})
            case Outward.UP:
                branch = branch.with_fact(f"definition/{name}", Weak(excess))
            case Outward.DOWN:
                branch = branch.with_fact(f"definition/{name}", Weak(-excess))
    for premise in obligation.premises:
        branch.require_known(*relation_terms((premise.relation,)))
        branch = branch.with_fact(f"side/{premise.name}", assumed(premise.relation))
    return branch.with_fact("goal", negated(obligation.goal))
