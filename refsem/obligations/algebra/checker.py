"""The proof checker: exact polynomial arithmetic decides whether a proof proves an obligation.

Premises, definitions and goal are read from the obligation itself; of the proof, nothing is
believed. Invariant: every point that satisfies the obligation's premises and definitions but not
its goal lies on some pending branch, where all facts are true. A branch is done with at a leaf:
numbers that are not negative there, at least one of them positive, would have to sum to zero. So
when no branch is left there is no such point, and the goal follows.

Not covered: obligations that ask for a point, have parts, or are stated in words: rejected.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from gmpy2 import mpq

from refsem.ir.terms import Operator, Term, term
from refsem.obligations.algebra.branch import Branch, RejectedError, whole
from refsem.obligations.algebra.facts import (
    Fact,
    Nonzero,
    Strict,
    Weak,
    Zero,
    assumed,
    negated,
)
from refsem.obligations.algebra.polynomials import ZERO, Polynomial, constant, product
from refsem.obligations.algebra.proof import (
    AlgebraicProof,
    Apart,
    Barycentric,
    Bounds,
    Divide,
    Leaf,
    Lemma,
    Node,
    Product,
    Resolve,
    Rewrite,
    Sign,
    Split,
)
from refsem.obligations.obligation import Obligation


@dataclass(frozen=True, slots=True)
class Accepted:
    """The proof proves the obligation; its size."""

    leaves: int
    products: int


@dataclass(frozen=True, slots=True)
class Rejected:
    """The proof proves nothing, and why."""

    reason: str


def check(obligation: Obligation, proof: AlgebraicProof) -> Accepted | Rejected:
    """Whether the proof proves the obligation: every branch is followed to a valid leaf."""
    leaves = products = 0
    try:
        pending: list[tuple[Branch, Node]] = [(whole(obligation), proof.root)]
        while pending:
            branch, node = pending.pop()
            if isinstance(node, Leaf):
                _check_leaf(branch, node)
                leaves, products = leaves + 1, products + len(node.products)
            else:
                pending.extend(reversed(tuple(_cover(branch, node))))
    except RejectedError as error:
        return Rejected(str(error))
    except RecursionError:
        return Rejected("a term is nested too deeply")
    return Accepted(leaves, products)


def _check_leaf(branch: Branch, leaf: Leaf) -> None:
    """The summands cancel, and one of them is positive at every point of the branch."""
    total, positive = ZERO, False
    for summand in leaf.products:
        total += _product(branch, summand)
        weak = any(isinstance(branch.fact(label), Weak) for label in summand.facts)
        positive |= not weak and not summand.squares
    for multiple in leaf.multiples:
        equality = _expect(branch, multiple.equality, Zero)
        total += branch.polynomial(multiple.multiplier) * branch.cleared(equality)
    if not positive:
        raise RejectedError("no summand is a product of strict facts only")
    if not total.is_zero:
        raise RejectedError("the summands do not cancel")


def _product(branch: Branch, summand: Product) -> Polynomial:
    """A number that is not negative anywhere on the branch, as a polynomial."""
    if type(summand.multiplier) is not int or summand.multiplier <= 0:
        raise RejectedError(f"{summand.multiplier!r} is no positive integer")
    for label, times in Counter(summand.facts).items():
        fact = branch.fact(label)
        if isinstance(fact, Zero) or (isinstance(fact, Nonzero) and times % 2):
            raise RejectedError(f"{label!r} is no inequality")
    facts = [branch.cleared(branch.fact(label)) for label in summand.facts]
    roots = [branch.polynomial(root) for root in summand.squares]
    return product([constant(summand.multiplier), *facts, *roots, *roots])


def _cover(branch: Branch, node: Node) -> Iterator[tuple[Branch, Node]]:
    """Branches that together hold every point of this one, with what remains to be read there."""
    match node:
        case Split(label, one, nonnegative, negative):
            yield branch.with_fact(label, Weak(one)), nonnegative
            yield branch.with_fact(label, Strict(-one)), negative
        case Apart(label, other, positive, negative):
            apart = _expect(branch, other, Nonzero)
            yield branch.with_fact(label, Strict(apart.term)), positive
            yield branch.with_fact(label, Strict(-apart.term)), negative
        case Resolve(atom, index, because, rest):
            yield _resolved(branch, atom, index, because), rest
        case Bounds(label, atom, rest):
            yield _bounded(branch, label, atom), rest
        case Lemma(label, relation, proof, rest):
            yield branch.with_fact(label, negated(relation)), proof
            yield branch.with_fact(label, assumed(relation)), rest
        case Divide(label, divisor, sign, proof, rest):
            yield branch.with_fact(label, _refuted_sign(divisor, sign)), proof
            yield branch.with_sign(divisor, sign), rest
        case Rewrite(variable, equality, factor, rest):
            yield _rewritten(branch, variable, equality, factor), rest
        case Barycentric(variable, lower, upper, parameter, rest):
            yield _barycentric(branch, variable, (lower, upper), parameter), rest
        case _:
            raise RejectedError(f"{node!r} is no node of a proof")


def _expect(branch: Branch, label: str, *kinds: type[Fact]) -> Fact:
    """The fact under a label, if it is of one of these kinds."""
    fact = branch.fact(label)
    if not isinstance(fact, kinds):
        raise RejectedError(f"{label!r} is {type(fact).__name__}, which will not do")
    return fact


def _refuted_sign(divisor: Term, sign: Sign) -> Fact:
    match sign:
        case Sign.POSITIVE:
            return Weak(-divisor)
        case Sign.NEGATIVE:
            return Weak(divisor)
        case Sign.NONZERO:
            return Zero(divisor)
        case _:
            raise RejectedError(f"{sign!r} is no sign")


def _values(atom: Term) -> tuple[Term, ...]:
    """The two terms whose value a max, min, abs or select may take."""
    match atom.head:
        case Operator.MAX | Operator.MIN:
            return atom.arguments
        case Operator.ABS:
            return (atom.arguments[0], -atom.arguments[0])
        case Operator.SELECT:
            return atom.arguments[2:]
        case _:
            raise RejectedError(f"{atom.head} has no branches")


def _resolved(branch: Branch, atom: Term, index: int, because: str) -> Branch:
    """The branch with an atom resolved, if the fact is the condition of the value it takes."""
    branch.require_known(atom)
    values = _values(atom)
    if type(index) is not int or index not in {0, 1}:
        raise RejectedError(f"{index!r} is no branch")
    match atom.head:
        case Operator.SELECT:
            excess = atom.arguments[1] - atom.arguments[0]
            condition = Strict(-excess) if index else Weak(excess)
        case Operator.ABS:
            condition = Weak(values[index])
        case Operator.MIN:
            condition = Weak(values[1 - index] - values[index])
        case _:
            condition = Weak(values[index] - values[1 - index])
    fact = _expect(branch, because, Strict, *(() if isinstance(condition, Strict) else (Weak,)))
    if branch.cleared(fact) != branch.cleared(condition):
        raise RejectedError(f"{because!r} is not the condition of that branch")
    return branch.with_resolved(atom, values[index])


def _bounded(branch: Branch, label: str, atom: Term) -> Branch:
    if atom.head is Operator.SELECT:
        raise RejectedError("a select has no bounds")
    sign = -1 if atom.head is Operator.MIN else 1
    first, second = (sign * (atom - value) for value in _values(atom))
    branch = branch.with_fact(f"{label}.0", Weak(first)).with_fact(f"{label}.1", Weak(second))
    return branch.with_fact(f"{label}.2", Zero(first * second))


def _rewritten(branch: Branch, variable: str, equality: str, factor: mpq) -> Branch:
    """The variable x becomes x − factor·t, which equals x since t = 0."""
    vanishing = branch.cleared(_expect(branch, equality, Zero))
    old = branch.polynomial(Term(variable))
    return branch.with_rewritten(variable, old - constant(factor) * vanishing)


def _barycentric(branch: Branch, variable: str, ends: tuple[str, str], parameter: str) -> Branch:
    """The variable x, with x − l and u − x not negative, becomes l + θ·(u − l), 0 ≤ θ ≤ 1."""
    below, above = (branch.cleared(_expect(branch, label, Weak, Strict)) for label in ends)
    old = branch.polynomial(Term(variable))
    branch, theta = branch.with_name(parameter), Term(parameter)
    moved = old - below + branch.polynomial(theta) * (below + above)
    branch = branch.with_rewritten(variable, moved)
    branch = branch.with_fact(f"{parameter}.0", Weak(theta))
    return branch.with_fact(f"{parameter}.1", Weak(term(1) - theta))
