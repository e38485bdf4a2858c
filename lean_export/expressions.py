"""Terms as expressions of `Lean.Grind.CommRing`, and what their variables are.

In Lean's checker a number, a variable, a max, min, abs, select, a named function of a term, a
quotient, a fraction and a barycentric parameter are variables alike. A table numbers them as they
are met, with the laws that say what is known of them. Nothing here is trusted: Lean compares the
values of the expressions with the statement.
"""

from dataclasses import dataclass, field

from gmpy2 import mpq

from lean_export.program import Code, Expression, Program, UnprintableError, lemma, number
from lean_export.terms import argument_text
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

    def expression(self, one: Term) -> Expression:
        """A term as an expression of `Lean.Grind.CommRing`."""
        match one:
            case Term(Operator.ADD | Operator.SUB | Operator.MUL as operator, (left, right)):
                code = {"+": Code.ADD, "-": Code.SUB, "*": Code.MUL}[operator.symbol]
                return Expression(code, parts=(self.expression(left), self.expression(right)))
            case Term(Operator.NEG, (argument,)):
                return Expression(Code.NEGATE, parts=(self.expression(argument),))
            case Term(mpq() as value) if value.denominator == 1:
                return number(int(value))
            case _:
                return Expression(Code.INDETERMINATE, self.number(one))

    def relation(self, relation: Relation) -> str:
        """A relation as one of `Refsem.Algebra`."""
        name = relation.comparison.name.lower()
        left, right = self.expression(relation.left), self.expression(relation.right)
        return f".{name} {left.text} {right.text}"

    def lemma(self, relation: Relation, proof: Program) -> Program:
        """The end of a program in which a relation is proved first."""
        left, right = self.expression(relation.left), self.expression(relation.right)
        return lemma(Code[relation.comparison.name], left, right, proof)


def polynomial_expression(value: Polynomial) -> Expression:
    """A polynomial as an expression: a sum of multiples of products of variables."""
    sums: list[Expression] = []
    for monomial, coefficient in sorted(value.terms.items()):
        if coefficient.denominator != 1:
            raise UnprintableError("a polynomial with fractions")
        factors = [Expression(Code.INDETERMINATE, one) for one in monomial]
        if coefficient != 1 or not factors:
            factors.insert(0, number(int(coefficient)))
        sums.append(_joined(Code.MUL, factors))
    return _joined(Code.ADD, sums or [number(0)])


def _joined(code: Code, parts: list[Expression]) -> Expression:
    """The sum or product, from the left."""
    whole, *others = parts
    for one in others:
        whole = Expression(code, parts=(whole, one))
    return whole
