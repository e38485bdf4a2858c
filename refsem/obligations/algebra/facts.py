"""What a proof may use of an obligation: facts of four kinds, each a type of its own.

A strict and a weak inequality, an equality and a non-equality cannot be taken for one another:
whoever uses a fact has to say which types will do.
"""

from dataclasses import dataclass

from refsem.ir.terms import Comparison, Relation, Term


@dataclass(frozen=True, slots=True)
class Strict:
    """The term is > 0."""

    term: Term


@dataclass(frozen=True, slots=True)
class Weak:
    """The term is ≥ 0."""

    term: Term


@dataclass(frozen=True, slots=True)
class Zero:
    """The term is = 0."""

    term: Term


@dataclass(frozen=True, slots=True)
class Nonzero:
    """The term is ≠ 0."""

    term: Term


Fact = Strict | Weak | Zero | Nonzero


def assumed(relation: Relation) -> Fact:
    """The fact that a relation states."""
    left, right = relation.left, relation.right
    match relation.comparison:
        case Comparison.LE:
            return Weak(right - left)
        case Comparison.LT:
            return Strict(right - left)
        case Comparison.EQ:
            return Zero(left - right)
        case Comparison.NE:
            return Nonzero(left - right)


def negated(relation: Relation) -> Fact:
    """The fact that a relation does not hold."""
    left, right = relation.left, relation.right
    match relation.comparison:
        case Comparison.LE:
            return Strict(left - right)
        case Comparison.LT:
            return Weak(left - right)
        case Comparison.EQ:
            return Nonzero(left - right)
        case Comparison.NE:
            return Zero(left - right)
