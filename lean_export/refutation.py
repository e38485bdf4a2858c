"""Algebraic proofs as Lean data: the tree that `Refsem.Algebra.check` reads, and what it is about.

A stored proof refutes an obligation's hypotheses together with its negated goal. In Lean the same
tree is data, and one theorem, `Refsem.Algebra.refuted`, says that where the checker computes to
`true` the hypotheses do not hold together. There a number, a variable, a max, min, abs, select, a
named function of a term, a quotient and a barycentric parameter are variables alike; what is known
of them (the value of a max in each case, a quotient times its divisor) are laws, each a lemma.

Nothing here is trusted: Lean's kernel computes the checker. Where the two checkers differ (a
quotient is a variable there, and a polynomial over divisors here) steps are added.

Not covered: divisors that divide, and variables replaced by means of an equation with quotients.
"""

from dataclasses import dataclass, replace

from gmpy2 import mpq

from lean_export.cleared import State
from lean_export.expressions import Table, polynomial_expression
from lean_export.leaves import leaf_program
from lean_export.program import Program, UnprintableError, applied, replaced, signs, split
from lean_export.quotients import fractions, quotient_equations
from lean_export.statements import Statement
from lean_export.steps import after, branches, uses, with_parameter
from lean_export.terms import lean_name
from refsem.ir.terms import Comparison, Operator, Relation, Term, substitute, term
from refsem.obligations.algebra.facts import Fact, Strict, Weak, Zero, assumed, negated
from refsem.obligations.algebra.polynomials import constant, indeterminate
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
from refsem.rules import Outward


@dataclass(frozen=True, slots=True)
class Printed:
    """Values of variables, laws and facts with their proofs, all as text, and the tree."""

    values: tuple[str, ...]
    laws: tuple[tuple[str, str], ...]
    facts: tuple[tuple[str, str], ...]
    tree: Program


def printed(stated: Statement, proof: AlgebraicProof, *, cancelling: bool = True) -> Printed:
    """The proof of a statement as Lean data; `UnprintableError` where it has no such form.

    With `cancelling=False` also a proof that proves something else, for Lean to reject.
    """
    if stated.goal is None:
        raise TypeError(f"{stated.name} has nothing to be argued for")
    table = Table(cancelling=cancelling)
    for name in (*stated.implicit, *stated.explicit):
        table.number(Term(name))
    relations = [negation(stated.goal)]
    state = State(table)
    start = list(labelled(stated, stated.obligation))
    for label, relation in start:
        state = state.adding(label, assumed(relation))
        relations.insert(0, relation)
    state = state.adding("goal", negated(stated.goal))
    # Lean's list begins with what is added last.
    given = [(negation(stated.goal), "goal")]
    named = [hypothesis.name for hypothesis in stated.hypotheses]
    given.extend(
        reversed(
            [(relation, lean_name(name)) for (_, relation), name in zip(start, named, strict=True)]
        )
    )
    tree = _defining(stated, state, proof.root)
    facts = tuple((table.relation(relation), name) for relation, name in given)
    laws = []
    for (conditions, conclusion), (_, because) in table.laws.items():
        met = ", ".join(table.relation(condition) for condition in conditions)
        laws.append((f"Law.mk [{met}] ({table.relation(conclusion)})", because))
    return Printed(tuple(table.texts), tuple(laws), facts, tree)


def labelled(stated: Statement, obligation: Obligation) -> list[tuple[str, Relation]]:
    """The hypotheses with the labels that proofs know them by."""
    premises = [f"side/{premise.name}" for premise in obligation.premises]
    names = {definition.name for definition in obligation.definitions}
    found = []
    for hypothesis in stated.hypotheses:
        if hypothesis.defines:
            sides = (hypothesis.relation.left.head, hypothesis.relation.right.head)
            name = next(
                one.name
                for one in obligation.definitions
                if one.name in sides
                and one.term in (hypothesis.relation.left, hypothesis.relation.right)
            )
            names.discard(name)
            found.append((f"definition/{name}", hypothesis.relation))
        else:
            found.append((premises.pop(0), hypothesis.relation))
    return found


def negation(relation: Relation) -> Relation:
    """What holds where a relation does not."""
    left, right = relation.left, relation.right
    match relation.comparison:
        case Comparison.LE:
            return Relation(Comparison.LT, right, left)
        case Comparison.LT:
            return Relation(Comparison.LE, right, left)
        case Comparison.EQ:
            return Relation(Comparison.NE, left, right)
        case Comparison.NE:
            return Relation(Comparison.EQ, left, right)


def _defining(stated: Statement, state: State, root: Node) -> Program:
    """The tree after every name that is defined by an equation is replaced."""
    known = {label for label, _ in labelled(stated, stated.obligation)}
    steps = []
    for definition in stated.obligation.definitions:
        label = f"definition/{definition.name}"
        if definition.may_exceed is Outward.EXACT and label in known:
            place, _ = state.found(label)
            number = state.table.number(Term(definition.name))
            value = polynomial_expression(state.raw(definition.term))
            steps.append(replaced(number, value, state.at(place)))
            state = state.replacing(number, state.raw(definition.term))
            meanings = {**state.meanings, Term(definition.name): definition.term}
            state = replace(state, meanings=meanings)
    before, state = fractions(stated, state, root)
    return after((*steps, *before), _tree(state, root))


def _tree(state: State, node: Node) -> Program:  # noqa: PLR0911  one case a kind of node
    match node:
        case Leaf(products, multiples):
            return leaf_program(state, products, multiples)
        case Split(label, one, nonnegative, negative):
            left = _tree(state.adding(label, Weak(one)), nonnegative)
            right = _tree(state.adding(label, Strict(-one)), negative)
            return split(state.table.expression(one), left, right)
        case Apart(label, other, positive, negative):
            place, fact = state.found(other)
            left = _tree(state.adding(label, Strict(fact.term)), positive)
            right = _tree(state.adding(label, Strict(-fact.term)), negative)
            return signs(state.at(place), left, right)
        case Resolve(atom, index, because, rest):
            return _resolved(state, atom, index, because, rest)
        case Bounds(label, atom, rest):
            return _bounded(state, label, atom, rest)
        case Lemma(label, relation, proof, rest):
            first = _tree(state.adding(label, negated(relation)), proof)
            then = _tree(state.adding(label, assumed(relation)), rest)
            return (*then, *state.table.lemma(relation, first))
        case Divide(label, divisor, sign, proof, rest):
            return _divided(state, label, divisor, sign, proof, rest)
        case Rewrite(variable, equality, factor, rest):
            return _rewritten(state, variable, equality, factor, rest)
        case Barycentric(variable, lower, upper, parameter, rest):
            return _barycentric(state, variable, (lower, upper), parameter, rest)


def _resolved(state: State, atom: Term, index: int, because: str, rest: Node) -> Program:
    value, condition, lemma = branches(atom)[index]
    place, fact = state.found(because)
    steps = []
    wanted = assumed(condition)
    if state.raw(fact.term) != state.raw(wanted.term):
        # The condition follows, but not word for word: there are quotients in it.
        trial = state.adding("", negated(condition))
        inner = leaf_program(
            replace(trial, facts={**trial.facts, "": (state.count, negated(condition))}),
            (Product(1, (because,)), Product(1, ("",))),
            (),
        )
        steps.append(state.table.lemma(condition, inner))
        place, state = state.count, state.skipping()
    conclusion = Relation(Comparison.EQ, atom, value)
    law = state.table.law((condition,), conclusion, lemma)
    number = state.table.number(atom)
    steps.append(applied(law, (state.at(place),)))
    state = state.skipping()
    # Lean replaces variables once: what was replaced before must not occur in the value.
    steps.append(replaced(number, polynomial_expression(state.raw(value)), 0))
    state = state.replacing(number, state.raw(value))
    state = replace(state, meanings={**state.meanings, atom: value})
    return after(tuple(steps), _tree(state, rest))


def _bounded(state: State, label: str, atom: Term, rest: Node) -> Program:
    (first, _, _), (second, _, _) = branches(atom)
    sign = -1 if atom.head is Operator.MIN else 1
    kind = atom.head.symbol if isinstance(atom.head, Operator) else ""
    pairs = [(first, f"{kind}_bound_left"), (second, f"{kind}_bound_right")]
    steps = []
    for index, (value, lemma) in enumerate(pairs):
        bound = atom <= value if sign < 0 else value <= atom
        law = state.table.law((), bound, lemma)
        steps.append(applied(law, ()))
        state = state.adding(f"{label}.{index}", assumed(bound))
    both = Relation(Comparison.EQ, (atom - first) * (atom - second), term(0))
    if uses(rest, f"{label}.2"):
        law = state.table.law((), both, f"{kind}_is_either")
        steps.append(applied(law, ()))
        state = state.adding(f"{label}.2", assumed(both))
    return after(tuple(steps), _tree(state, rest))


def _divided(
    state: State, label: str, divisor: Term, sign: Sign, proof: Node, rest: Node
) -> Program:
    zero = term(0)
    match sign:
        case Sign.POSITIVE:
            relation = Relation(Comparison.LT, zero, divisor)
            denied: Fact = Weak(-divisor)
        case Sign.NEGATIVE:
            relation = Relation(Comparison.LT, divisor, zero)
            denied = Weak(divisor)
        case Sign.NONZERO:
            relation = Relation(Comparison.NE, divisor, zero)
            denied = Zero(divisor)
    first = _tree(state.adding(label, denied), proof)
    known = {**state.signs, divisor: (state.count, sign)}
    state = replace(state.skipping(), signs=known)
    steps, state = quotient_equations(state)
    return after((state.table.lemma(relation, first), *steps), _tree(state, rest))


def _rewritten(state: State, variable: str, equality: str, factor: mpq, rest: Node) -> Program:
    place, fact = state.found(equality)
    cleared = state.cleared(fact.term)
    if cleared.divisors or abs(factor) != 1:
        raise UnprintableError("a variable replaced by means of an equation with quotients")
    number = state.table.number(Term(variable))
    value = indeterminate(number) - constant(factor) * cleared.plain
    step = replaced(number, polynomial_expression(value), state.at(place))
    return after((step,), _tree(state.replacing(number, value), rest))


def _barycentric(
    state: State, variable: str, ends: tuple[str, str], parameter: str, rest: Node
) -> Program:
    (low, below), (high, above) = (state.found(label) for label in ends)
    if state.cleared(below.term).divisors or state.cleared(above.term).divisors:
        raise UnprintableError("a variable between ends with quotients")
    table, zero = state.table, term(0)
    theta, width = Term(parameter), below.term + above.term
    share = substitute(below.term / width, table.shares)
    if table.shares.setdefault(parameter, share) != share:
        # The name means something else on another branch, where this may have another name.
        known = (name for name, other in table.shares.items() if other == share)
        fresh = next(known, f"{parameter}_{len(table.shares)}")
        return _barycentric(state, variable, ends, fresh, with_parameter(rest, parameter, fresh))
    conditions = (zero <= below.term, zero <= above.term)
    steps = []
    for label, conclusion, lemma in (
        (f"{parameter}.0", zero <= theta, "share_nonneg"),
        (f"{parameter}.1", theta <= term(1), "share_le_one"),
        ("", Relation(Comparison.EQ, below.term, theta * width), "share_mul"),
    ):
        law = table.law(conditions, conclusion, lemma)
        steps.append(applied(law, (state.at(low), state.at(high))))
        state = state.adding(label, assumed(conclusion)) if label else state.skipping()
    number = table.number(Term(variable))
    x, lower = state.raw(Term(variable)), state.raw(below.term)
    value = x - lower + state.raw(theta) * state.raw(width)
    steps.append(replaced(number, polynomial_expression(value), 0))
    return after(tuple(steps), _tree(state.replacing(number, value), rest))
