"""Terms and relations: the language in which operators and rules are stated, once.

A term denotes a real number: a rational constant, a variable, an operator applied to terms, or a
named function of one term. It has no truth value and never touches a float. A relation compares
two terms. Readings (exact numbers, tensors, intervals, SMT, Lean, text) are folds over a term;
each reading lives with its consumer.

Invariant: a term is an immutable tree; subterms that are the same object are read once per fold.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction
from typing import NoReturn, Protocol, TypeAlias, TypeVar

from gmpy2 import mpq, mpz

from refsem.exact.functions import STEPS, Function

Value = TypeVar("Value")


class Operator(Enum):
    """The arithmetic operators; the value is the number of arguments and the printed name."""

    ADD = (2, "+")
    SUB = (2, "-")
    MUL = (2, "*")
    DIV = (2, "/")
    NEG = (1, "-")
    MIN = (2, "min")
    MAX = (2, "max")
    ABS = (1, "abs")
    SELECT = (4, "select")
    """select(a, b, x, y) is x where a ≤ b, else y."""

    @property
    def arity(self) -> int:
        """The number of arguments."""
        return self.value[0]

    @property
    def symbol(self) -> str:
        """The name printed for readers."""
        return self.value[1]


Head: TypeAlias = mpq | str | Operator | Function
Number = int | Fraction


@dataclass(frozen=True, slots=True)
class Term:
    """A constant (head: rational), a variable (its name), an operator or a function applied."""

    head: Head
    arguments: tuple["Term", ...] = ()
    below: tuple["Term", ...] | None = field(init=False, repr=False, compare=False, default=None)
    """What `subterms` found below the term when it was first asked: terms never change."""

    def __post_init__(self) -> None:
        match self.head:
            case Operator() as operator:
                arity = operator.arity
            case Function():
                arity = 1
            case str() | mpq():
                arity = 0
            case head:
                raise TypeError(f"{head!r} is no head: a rational (mpq), a name, or an operator")
        if len(self.arguments) != arity:
            raise TypeError(f"{self.head} takes {arity} arguments, not {len(self.arguments)}")

    def __add__(self, other: "Term | Number") -> "Term":
        return Term(Operator.ADD, (self, term(other)))

    def __radd__(self, other: Number) -> "Term":
        return Term(Operator.ADD, (term(other), self))

    def __sub__(self, other: "Term | Number") -> "Term":
        return Term(Operator.SUB, (self, term(other)))

    def __rsub__(self, other: Number) -> "Term":
        return Term(Operator.SUB, (term(other), self))

    def __mul__(self, other: "Term | Number") -> "Term":
        return Term(Operator.MUL, (self, term(other)))

    def __rmul__(self, other: Number) -> "Term":
        return Term(Operator.MUL, (term(other), self))

    def __truediv__(self, other: "Term | Number") -> "Term":
        return Term(Operator.DIV, (self, term(other)))

    def __rtruediv__(self, other: Number) -> "Term":
        return Term(Operator.DIV, (term(other), self))

    def __neg__(self) -> "Term":
        return Term(Operator.NEG, (self,))

    def __abs__(self) -> "Term":
        return Term(Operator.ABS, (self,))

    def __le__(self, other: "Term | Number") -> "Relation":
        return Relation(Comparison.LE, self, term(other))

    def __ge__(self, other: "Term | Number") -> "Relation":
        return Relation(Comparison.LE, term(other), self)

    def __lt__(self, other: "Term | Number") -> "Relation":
        return Relation(Comparison.LT, self, term(other))

    def __gt__(self, other: "Term | Number") -> "Relation":
        return Relation(Comparison.LT, term(other), self)

    def __bool__(self) -> NoReturn:
        raise TypeError("a term has no truth value; chained comparisons need two relations")


class Comparison(Enum):
    """How a relation compares; the value is the printed symbol."""

    LE = "<="
    LT = "<"
    EQ = "=="
    NE = "!="


@dataclass(frozen=True, slots=True)
class Relation:
    """left ≤ right, <, = or ≠. It has no truth value until it is read."""

    comparison: Comparison
    left: Term
    right: Term

    def __bool__(self) -> NoReturn:
        raise TypeError("a relation has no truth value until it is read at a point")


def term(value: "Term | Number") -> Term:
    """The term itself, or the constant of an exact number; a Python float is refused."""
    if isinstance(value, Term):
        return value
    if isinstance(value, bool) or not isinstance(value, int | Fraction | mpz | mpq):
        raise TypeError(f"{value!r} is not exact: constants are integers or rationals")
    return Term(mpq(value))


def variables(names: str) -> tuple[Term, ...]:
    """One variable for each name in a space-separated list."""
    return tuple(Term(name) for name in names.split())


def maximum(left: Term | Number, right: Term | Number) -> Term:
    """The greater of two terms."""
    return Term(Operator.MAX, (term(left), term(right)))


def minimum(left: Term | Number, right: Term | Number) -> Term:
    """The lesser of two terms."""
    return Term(Operator.MIN, (term(left), term(right)))


def select(a: Term | Number, b: Term | Number, x: Term | Number, y: Term | Number) -> Term:
    """The term x where a ≤ b, else y."""
    return Term(Operator.SELECT, (term(a), term(b), term(x), term(y)))


def applied(function: Function, argument: Term | Number) -> Term:
    """A named function of a term."""
    return Term(function, (term(argument),))


def equal(left: Term, right: Term) -> Relation:
    """The relation left = right (`==` compares the terms themselves)."""
    return Relation(Comparison.EQ, left, right)


def nonzero(divisor: Term) -> Relation:
    """The relation divisor ≠ 0."""
    return Relation(Comparison.NE, divisor, term(0))


class Reading(Protocol[Value]):
    """A meaning of terms: what constants, variables, operators and functions become."""

    def constant(self, value: mpq) -> Value:
        """The value of a rational constant."""
        ...

    def variable(self, name: str) -> Value:
        """The value of a variable."""
        ...

    def apply(self, operator: Operator, arguments: tuple[Value, ...]) -> Value:
        """The value of an operator at the values of its arguments."""
        ...

    def function(self, function: Function, argument: Value) -> Value:
        """The value of a named function at the value of its argument."""
        ...


def fold(root: Term, reading: Reading[Value]) -> Value:
    """The value of a term under a reading."""
    known: dict[int, Value] = {}
    for node in subterms(root):
        match node.head:
            case Operator() as operator:
                arguments = tuple(known[id(argument)] for argument in node.arguments)
                known[id(node)] = reading.apply(operator, arguments)
            case Function() as function:
                known[id(node)] = reading.function(function, known[id(node.arguments[0])])
            case str() as name:
                known[id(node)] = reading.variable(name)
            case value:
                known[id(node)] = reading.constant(value)
    return known[id(root)]


def subterms(root: Term) -> tuple[Term, ...]:
    """Every subterm object once, arguments before the terms that use them."""
    if root.below is None:
        object.__setattr__(root, "below", _below(root))
    return (*(root.below or ()), root)


def _below(root: Term) -> tuple[Term, ...]:
    """The subterms but the term itself, in the order of `subterms`."""
    found: list[Term] = []
    seen: set[int] = set()
    pending: list[tuple[Term, bool]] = [(root, False)]
    while pending:
        node, ready = pending.pop()
        if ready:
            found.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            pending.append((node, True))
            pending.extend((argument, False) for argument in reversed(node.arguments))
    return tuple(found[:-1])


def free_variables(terms: Iterable[Term]) -> tuple[str, ...]:
    """The names of the variables in some terms, in order of first occurrence."""
    names = (node.head for root in terms for node in subterms(root))
    return tuple(dict.fromkeys(name for name in names if isinstance(name, str)))


def relation_terms(relations: Iterable[Relation]) -> Iterator[Term]:
    """Both sides of each relation."""
    for relation in relations:
        yield relation.left
        yield relation.right


def divisors(roots: Iterable[Term]) -> tuple[Term, ...]:
    """The distinct divisors occurring in some terms, innermost first."""
    numbered = _numbered(roots)
    numbers = {id(node): number for number, node in numbered}
    first: dict[int, Term] = {}
    for _, node in numbered:
        if node.head is Operator.DIV:
            first.setdefault(numbers[id(node.arguments[1])], node.arguments[1])
    return tuple(first.values())


def applications(roots: Iterable[Term]) -> tuple[Term, ...]:
    """The distinct subterms that apply a named function, innermost first."""
    first: dict[int, Term] = {}
    for number, node in _numbered(roots):
        if isinstance(node.head, Function):
            first.setdefault(number, node)
    return tuple(first.values())


def rational_everywhere(root: Term) -> bool:
    """Whether a term has a rational value at rational points: steps are its only functions."""
    return all(application.head in STEPS for application in applications((root,)))


def _numbered(roots: Iterable[Term]) -> list[tuple[int, Term]]:
    """Every subterm object, arguments first, with a number that equal ones share.

    Linear in the objects, where comparing or hashing terms is exponential in shared ones.
    """
    numbers: dict[tuple[Head, tuple[int, ...]], int] = {}
    known: dict[int, int] = {}
    found: list[tuple[int, Term]] = []
    for root in tuple(roots):
        for node in subterms(root):
            key = node.head, tuple(known[id(argument)] for argument in node.arguments)
            known[id(node)] = numbers.setdefault(key, len(numbers))
            found.append((known[id(node)], node))
    return found


def domain(application: Term) -> tuple[Relation, ...]:
    """Where a named function of a term has a value: the relations that say so, none if anywhere."""
    (argument,) = application.arguments
    match application.head:
        case Function.LOG | Function.LOG2 | Function.LOG10:
            return (argument > 0,)
        case Function.LOG1P:
            return (argument > -1,)
        case Function.SQRT:
            return (argument >= 0,)
        case Function.TAN:
            return (nonzero(applied(Function.COS, argument)),)
        case _:
            return ()


def substitute(root: Term, replacements: Mapping[str, Term]) -> Term:
    """The term with variables replaced by terms."""
    return fold(root, _Substitution(replacements))


@dataclass(frozen=True, slots=True)
class _Substitution:
    replacements: Mapping[str, Term]

    def constant(self, value: mpq) -> Term:
        return Term(value)

    def variable(self, name: str) -> Term:
        return self.replacements.get(name, Term(name))

    def apply(self, operator: Operator, arguments: tuple[Term, ...]) -> Term:
        return Term(operator, arguments)

    def function(self, function: Function, argument: Term) -> Term:
        return applied(function, argument)
