"""Small parts of printing a proof's tree: what an atom's values are, names, what is used below."""

from lean_export.program import Program
from refsem.ir.terms import Operator, Relation, Term, term
from refsem.obligations.algebra.encoding import decode, encode
from refsem.obligations.algebra.proof import (
    AlgebraicProof,
    Apart,
    Barycentric,
    Bounds,
    Divide,
    Leaf,
    Lemma,
    Node,
    Resolve,
    Rewrite,
    Split,
)


def branches(atom: Term) -> tuple[tuple[Term, Relation, str], ...]:
    """The values of an atom, the condition of each, and the lemma that says so."""
    match atom:
        case Term(Operator.MAX, (a, b)):
            return (a, b <= a, "max_left"), (b, a <= b, "max_right")
        case Term(Operator.MIN, (a, b)):
            return (a, a <= b, "min_left"), (b, b <= a, "min_right")
        case Term(Operator.ABS, (a,)):
            return (a, term(0) <= a, "abs_left"), (-a, a <= term(0), "abs_right")
        case Term(Operator.SELECT, (a, b, x, y)):
            return (x, a <= b, "select_left"), (y, b < a, "select_right")
        case _:
            raise TypeError(f"{atom.head} has no branches")


def with_parameter(node: Node, old: str, new: str) -> Node:
    """The tree with another name for a parameter, and for the facts about it."""
    names = {old: new, f"{old}.0": f"{new}.0", f"{old}.1": f"{new}.1"}

    def renamed(data: object) -> object:
        match data:
            case str():
                return names.get(data, data)
            case list():
                return [renamed(one) for one in data]
            case dict():
                return {key: renamed(value) for key, value in data.items()}
            case _:
                return data

    return decode(renamed(encode(AlgebraicProof(node)))).root


def uses(node: Node, label: str) -> bool:
    """Whether a leaf below multiplies the equality."""
    match node:
        case Leaf(_, multiples):
            return any(one.equality == label for one in multiples)
        case Split(_, _, left, right) | Apart(_, _, left, right):
            return uses(left, label) or uses(right, label)
        case Lemma(_, _, proof, rest) | Divide(_, _, _, proof, rest):
            return uses(proof, label) or uses(rest, label)
        case Rewrite(_, equality, _, rest):
            return equality == label or uses(rest, label)
        case Resolve(_, _, _, rest) | Bounds(_, _, rest) | Barycentric(_, _, _, _, rest):
            return uses(rest, label)


def after(steps: tuple[Program, ...], rest: Program) -> Program:
    """The program of the tree that makes some steps first."""
    return (*rest, *(one for step in reversed(steps) for one in step))
