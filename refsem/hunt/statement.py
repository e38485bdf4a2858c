"""What a producer is asked to bound: an operator's scalar term, with its attributes put in.

Every elementwise operator of the catalogue is asked by its name; its operands are x, y, z and its
attributes the other names in its meaning. Three families are folds of catalogue terms over any
number of operands, or to any power: `max_pool` (the maximum of the window), `softmax` (its first
entry) and `pow` (x times itself, `exponent` times).

Invariant: the truth about a box is this term and nothing else. Not covered: contractions, and the
rounded execution of an operator.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import reduce

from gmpy2 import mpq

from refsem.errors import InputError
from refsem.exact.functions import Function
from refsem.ir.enclosing import Spans, Truth, decide_over
from refsem.ir.operators import CATALOGUE, OPERANDS, Op, meaning
from refsem.ir.terms import (
    Relation,
    Term,
    applications,
    applied,
    divisors,
    domain,
    free_variables,
    nonzero,
    rational_everywhere,
    substitute,
    variables,
)

EXPONENT = "exponent"
WIDTHS = (2, 3, 4, 6)
"""The numbers of operands in which a family of any width is asked."""
GREATEST_EXPONENT = 32
_PRECISION = 53


@dataclass(frozen=True, slots=True)
class Statement:
    """One scalar function: its term in the operands, and where it has a value."""

    operator: str
    operands: tuple[str, ...]
    attributes: tuple[tuple[str, mpq], ...]
    """By name; already put into the term."""
    term: Term
    domain: tuple[Relation, ...]
    """What has to hold at every point of a box for the box to be asked."""
    rational: bool
    """Whether the term is arithmetic: its value at a rational point is rational."""

    def arguments(self) -> dict[str, int | float]:
        """The attributes as a producer is given them: whole exponents as integers."""
        return {
            name: int(value) if name == EXPONENT else float(value)
            for name, value in self.attributes
        }


@dataclass(frozen=True, slots=True)
class Subject:
    """An operator that can be asked about, before its attributes and width are known."""

    operator: str
    attributes: tuple[str, ...]
    widths: tuple[int, ...]
    build: Callable[[int, Mapping[str, mpq]], Term]

    def statement(self, width: int, attributes: Mapping[str, mpq]) -> Statement:
        """The statement with so many operands and these attributes."""
        term = self.build(width, attributes)
        named = tuple((name, attributes[name]) for name in self.attributes)
        rational = rational_everywhere(term)
        conditions = tuple(_domain(term))
        return Statement(self.operator, operand_names(width), named, term, conditions, rational)


def operand_names(width: int) -> tuple[str, ...]:
    """The catalogue's names of operands; beyond those, x3, x4 and so on."""
    return tuple(OPERANDS[i] if i < len(OPERANDS) else f"x{i}" for i in range(width))


def subject(name: str) -> Subject:
    """The operator or family of that name; `InputError` naming those there are."""
    known = {found.operator: found for found in subjects()}
    if name.replace("-", "_") not in known:
        message = f"cannot be hunted; there are {', '.join(known)}"
        raise InputError("", name, message)
    return known[name.replace("-", "_")]


def subjects() -> Iterable[Subject]:
    """Every elementwise operator of the catalogue, and the families it has no row for."""
    names = set()
    for row in CATALOGUE:
        if row.meaning is not None:
            names.add(row.op.value)
            attributes = _attribute_names(row.meaning)
            yield Subject(row.op.value, attributes, (row.arity,), _elementwise(row.meaning))
    for family in _FAMILIES:
        if family.operator not in names:
            yield family


def _attribute_names(statement: Term) -> tuple[str, ...]:
    return tuple(name for name in free_variables((statement,)) if name not in OPERANDS)


def _elementwise(statement: Term) -> Callable[[int, Mapping[str, mpq]], Term]:
    def build(_width: int, attributes: Mapping[str, mpq]) -> Term:
        return substitute(statement, {name: Term(value) for name, value in attributes.items()})

    return build


def _domain(term: Term) -> Iterable[Relation]:
    yield from (nonzero(divisor) for divisor in divisors((term,)))
    for application in applications((term,)):
        yield from domain(application)


def defined_over(statement: Statement, spans: Spans) -> bool:
    """Whether the function is seen to have a value at every point of a box."""
    return all(
        decide_over(relation, spans, _PRECISION) is Truth.TRUE for relation in statement.domain
    )


def _power(_width: int, attributes: Mapping[str, mpq]) -> Term:
    exponent = attributes[EXPONENT]
    if exponent.denominator != 1 or not 1 <= exponent <= GREATEST_EXPONENT:
        message = f"is {exponent}; a whole number from 1 to {GREATEST_EXPONENT} expected"
        raise InputError("", EXPONENT, message)
    (x,) = variables("x")
    return reduce(lambda power, _: meaning(Op.MUL, power, x), range(int(exponent) - 1), x)


def _greatest(width: int, _attributes: Mapping[str, mpq]) -> Term:
    first, *rest = (Term(name) for name in operand_names(width))
    return reduce(lambda found, operand: meaning(Op.MAX, found, operand), rest, first)


def _softmax(width: int, _attributes: Mapping[str, mpq]) -> Term:
    # The quotient e^x / Σ e^operand, each exponent less x: no power of e leaves the reals' range.
    first, *rest = (Term(name) for name in operand_names(width))
    powers = (applied(Function.EXP, meaning(Op.SUB, operand, first)) for operand in rest)
    total = reduce(lambda found, power: meaning(Op.ADD, found, power), powers, Term(mpq(1)))
    return Term(mpq(1)) / total


_FAMILIES = (
    Subject("pow", (EXPONENT,), (1,), _power),
    Subject("max_pool", (), WIDTHS, _greatest),
    Subject("softmax", (), WIDTHS, _softmax),
)
