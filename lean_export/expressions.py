"""Terms as expressions of `Lean.Grind.CommRing`, and what their variables are.

In Lean's checker a number, a variable, a max, min, abs, select, a named function of a term, a
quotient, a fraction and a barycentric parameter are variables alike. A table numbers them as they
are met, with the laws that say what is known of them. Nothing here is trusted: Lean compares the
values of the expressions with the statement.
"""

from dataclasses import dataclass, field

from gmpy2 import mpq

from lean_export.terms import argument_text
from refsem.exact.functions import Function
from refsem.ir.terms import Operator, Relation, Term, substitute
from refsem.obligations.algebra.polynomials import Polynomial


@dataclass(slots=True)
class Table:
    """The variables and laws of one proof, numbered as they are met."""

    numbers: dict[Term, int] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)
    laws: dict[tuple[tuple[Relation, ...], Relation], tuple[int, str]] = field(default_factory=dict)
    shares: dict[str, Term] = field(default_factory=dict)
    """What barycentric parameters stand for, by name."""
    cancelling: bool = True
    """Whether a leaf whose summands do not cancel is refused."""

    def number(self, generator: Term) -> int:
        """The number of a variable, or of what is one in Lean."""
        if generator not in self.numbers:
            self.numbers[generator] = len(self.texts)
            self.texts.append(argument_text(substitute(generator, self.shares)))
        return self.numbers[generator]

    def law(self, conditions: tuple[Relation, ...], conclusion: Relation, because: str) -> int:
        """The number of a law, with the lemma that proves it."""
        key = (conditions, conclusion)
        if key not in self.laws:
            self.laws[key] = (len(self.laws), because)
        return self.laws[key][0]

    def expression(self, one: Term) -> str:
        """A term as an expression of `Lean.Grind.CommRing`."""
        match one:
            case Term(Operator.ADD | Operator.SUB | Operator.MUL as operator, (left, right)):
                name = {"+": "add", "-": "sub", "*": "mul"}[operator.symbol]
                return f"(.{name} {self.expression(left)} {self.expression(right)})"
            case Term(Operator.NEG, (argument,)):
                return f"(.neg {self.expression(argument)})"
            case Term(Operator() | Function() | str()):
                return f"(.var {self.number(one)})"
            case Term(mpq() as value) if value.denominator != 1:
                return f"(.var {self.number(one)})"
            case Term(mpq() as value) if value < 0:
                return f"(.neg (.num {-value}))"
            case Term(value):
                return f"(.num {value})"

    def relation(self, relation: Relation) -> str:
        """A relation as one of `Refsem.Algebra`."""
        name = relation.comparison.name.lower()
        return f".{name} {self.expression(relation.left)} {self.expression(relation.right)}"


def polynomial_text(value: Polynomial) -> str:
    """A polynomial as an expression: a sum of multiples of products of variables."""
    sums: list[str] = []
    for monomial, coefficient in sorted(value.terms.items()):
        if coefficient.denominator != 1:
            raise UnprintableError("a polynomial with fractions")
        number = int(coefficient)
        text = f"(.num {number})" if number >= 0 else f"(.num ({number}))"
        factors = [f"(.var {one})" for one in monomial]
        if number == 1 and factors:
            text, *factors = factors
        for one in factors:
            text = f"(.mul {text} {one})"
        sums.append(text)
    total, *others = sums or ["(.num 0)"]
    for one in others:
        total = f"(.add {total} {one})"
    return total


class UnprintableError(Exception):
    """The proof has a step that is not printed; the message says which."""
