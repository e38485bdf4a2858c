"""What a fact about a named function is, and how a rule cites one.

A fact is a universal statement: for all values of its variables that meet its premises, its
conclusion holds. A rule cites instances of facts, and its proofs know of functions what those
instances say, nothing else. Whose word a fact rests on is its voucher; `refsem.rules.vouchers`
checks what can be checked of an instance where it is used.

Invariant, checked on construction: names are ASCII identifiers; premises and conclusion mention
the fact's variables only and divide by nothing; a citation has one argument for each variable.
The facts themselves are in `refsem.rules.function_facts`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from gmpy2 import mpq

from refsem.exact.functions import Function
from refsem.ir.terms import (
    Operator,
    Relation,
    Term,
    applied,
    divisors,
    fold,
    free_variables,
    relation_terms,
    select,
    substitute,
    term,
)


class Voucher(Enum):
    """Whose word a fact rests on."""

    LEAN = "lean"
    """A theorem that Lean has checked."""
    BALL = "ball"
    """Checked where it is used, by exact comparison and ball arithmetic."""
    STATED = "stated"
    """Only its source."""


class Shape(Enum):
    """What a fact says about its function f."""

    DEFINITION = "definition"
    RANGE = "range"
    SYMMETRY = "symmetry"
    MONOTONE = "monotone"
    """f(x) ≤ f(y) where x ≤ y."""
    NEAR = "near"
    """f stays near its argument, on one side."""
    STEEPNESS = "steepness"
    """f changes by no more than its argument."""
    TANGENT_BELOW = "tangent below"
    TANGENT_ABOVE = "tangent above"
    CHORD_ABOVE = "chord above"
    CHORD_BELOW = "chord below"
    LEAST_SLOPE = "least slope"
    """f grows at least k times as fast as its argument between ends where f′ ≥ k."""
    PARABOLA_BELOW = "parabola below"
    """f is above its tangent less half the squared distance."""
    PARABOLA_ABOVE = "parabola above"


class FactError(ValueError):
    """A fact or citation that is not well-formed; `fact` names it."""

    def __init__(self, fact: str, message: str) -> None:
        super().__init__(f"fact {fact!r}: {message}")
        self.fact = fact
        self.message = message


@dataclass(frozen=True, slots=True)
class Assumption:
    """A named premise of a fact."""

    name: str
    relation: Relation


@dataclass(frozen=True, slots=True)
class Fact:
    """A universal statement about a named function."""

    name: str
    function: Function
    shape: Shape
    variables: tuple[Term, ...]
    premises: tuple[Assumption, ...]
    conclusion: Relation
    voucher: Voucher
    because: str
    source: str

    def __post_init__(self) -> None:
        names = [variable.head for variable in self.variables]
        for name in (self.name, *names, *(premise.name for premise in self.premises)):
            _check_name(self.name, name)
        relations = (*(premise.relation for premise in self.premises), self.conclusion)
        terms = tuple(relation_terms(relations))
        unknown = [name for name in free_variables(terms) if name not in names]
        if unknown or len(set(names)) != len(names):
            raise FactError(self.name, f"is about {names}, but mentions {unknown}")
        if divisors(terms):
            raise FactError(self.name, "divides; state it without")

    def at(self, *arguments: Term | int, named: str = "") -> "Cited":
        """The instance at some arguments; its name is made from theirs, or given."""
        terms = tuple(term(argument) for argument in arguments)
        heads = [one.head if isinstance(one.head, str) else "-" for one in terms]
        return Cited(self, named or "_".join((self.name, *heads)), terms)


@dataclass(frozen=True, slots=True)
class Cited:
    """An instance of a fact: its variables replaced by terms.

    `premises` is what has to hold for it to follow; `conclusion` what it says, with functions of
    max, min, abs and select taken apart. Both are determined by the rest, and written down once.
    """

    fact: Fact
    name: str
    arguments: tuple[Term, ...]
    premises: tuple[Assumption, ...] = field(init=False, repr=False, compare=False)
    conclusion: Relation = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _check_name(self.fact.name, self.name)
        if len(self.arguments) != len(self.fact.variables):
            count = len(self.fact.variables)
            raise FactError(self.fact.name, f"takes {count} arguments, not {len(self.arguments)}")
        if divisors(self.arguments):
            raise FactError(self.fact.name, f"{self.name!r} divides; state it without")

        premises = tuple(
            Assumption(premise.name, self._instance(premise.relation))
            for premise in self.fact.premises
        )
        object.__setattr__(self, "premises", premises)
        found = self._instance(self.fact.conclusion)
        left, right = (fold(side, _Distribution()) for side in (found.left, found.right))
        object.__setattr__(self, "conclusion", Relation(found.comparison, left, right))

    def _instance(self, relation: Relation) -> Relation:
        names = (str(variable.head) for variable in self.fact.variables)
        replacements: Mapping[str, Term] = dict(zip(names, self.arguments, strict=True))
        left, right = (substitute(side, replacements) for side in (relation.left, relation.right))
        return Relation(relation.comparison, left, right)


def _check_name(fact: str, name: object) -> None:
    """Names become parts of obligation ids, solver variables and Lean binders."""
    if not (isinstance(name, str) and name.isascii() and name.isidentifier()):
        raise FactError(fact, f"{name!r} is not an ASCII identifier; give the citation a name")


@dataclass(frozen=True, slots=True)
class _Distribution:
    """Terms with functions applied to the branches of max, min, abs and select.

    f(max(a, b)) is f(b) where a ≤ b, else f(a): what a proof knows of f(a) and f(b) is then known
    of it, whatever f is.
    """

    def constant(self, value: mpq) -> Term:
        return Term(value)

    def variable(self, name: str) -> Term:
        return Term(name)

    def apply(self, operator: Operator, arguments: tuple[Term, ...]) -> Term:
        return Term(operator, arguments)

    def function(self, function: Function, argument: Term) -> Term:
        match argument.head:
            case Operator.MAX:
                a, b = argument.arguments
                return self._chosen(function, (a, b, b, a))
            case Operator.MIN:
                a, b = argument.arguments
                return self._chosen(function, (a, b, a, b))
            case Operator.ABS:
                (a,) = argument.arguments
                return self._chosen(function, (term(0), a, a, -a))
            case Operator.SELECT:
                a, b, x, y = argument.arguments
                return self._chosen(function, (a, b, x, y))
            case _:
                return applied(function, argument)

    def _chosen(self, function: Function, branches: tuple[Term, Term, Term, Term]) -> Term:
        a, b, x, y = branches
        return select(a, b, self.function(function, x), self.function(function, y))
