"""Fixing: what stands inside functions is fixed at numbers, and the solver finds the rest.

Where l, u, t and x are numbers, so is every value of a function at them, and what remains of an
obligation is an ordinary question about rationals. A value of a function is replaced by the end
of its enclosure that makes the question harder, so an answer tends to survive exact evaluation;
it counts only if it does. The generator is seeded with the obligation's id.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace

from gmpy2 import mpq

from refsem.exact.functions import Function, NotEnclosed
from refsem.ir.enclosing import enclose_term
from refsem.ir.terms import (
    Operator,
    Relation,
    Term,
    applications,
    applied,
    fold,
    free_variables,
    relation_terms,
    substitute,
)
from refsem.obligations import sampling, smt
from refsem.obligations.obligation import Obligation, Point
from refsem.obligations.placing import define, draw_within

_PRECISION = 60
_RESOURCES = 400_000
"""z3's resource limit for one question: it is asked many."""


def search(obligation: Obligation, count: int) -> Point | None:
    """The first point that shows something, of so many attempts."""
    inner = _inside_functions(obligation)
    if not inner or not set(inner) <= set(obligation.free):
        return None
    source = random.Random(obligation.id)  # noqa: S311  repeatable, not secret
    for _ in range(count):
        values = draw_within(obligation, inner, source)
        candidate = smt.ask(_with_fixed(obligation, values), _RESOURCES).candidate
        if candidate is None:
            continue
        point = {name: candidate.get(name, mpq(0)) for name in obligation.free} | values
        if define(obligation, point, [mpq(0)] * len(obligation.definitions)):
            found = sampling.evidence(obligation, point)
            if found is not None:
                return found
    return None


def _inside_functions(obligation: Obligation) -> tuple[str, ...]:
    goal = () if obligation.goal is None else (obligation.goal,)
    sides = (premise.relation for premise in obligation.premises if not premise.cited)
    found = applications(relation_terms((*sides, *goal)))
    return free_variables(argument for one in found for argument in one.arguments)


def _with_fixed(obligation: Obligation, values: Mapping[str, mpq]) -> Obligation:
    """The obligation about the other variables, harder to refute than it was."""
    numbers = {name: Term(value) for name, value in values.items()}
    goal = obligation.goal
    return replace(
        obligation,
        free=tuple(name for name in obligation.free if name not in values),
        definitions=tuple(
            replace(one, term=substitute(one.term, numbers)) for one in obligation.definitions
        ),
        premises=tuple(
            replace(one, relation=_fixed(one.relation, numbers, harder=True))
            for one in obligation.premises
            if not one.cited
        ),
        goal=None if goal is None else _fixed(goal, numbers, harder=False),
    )


def _fixed(relation: Relation, numbers: Mapping[str, Term], *, harder: bool) -> Relation:
    """The relation with numbers in, made harder to meet, or easier."""
    left = _number(substitute(relation.left, numbers), upper=harder)
    right = _number(substitute(relation.right, numbers), upper=not harder)
    return Relation(relation.comparison, left, right)


def _number(root: Term, *, upper: bool) -> Term:
    """An end of the enclosure of a term without variables; else the term with functions fixed."""
    if not applications((root,)):
        return root
    return fold(root, _Fixing()) if free_variables((root,)) else _end(root, upper=upper)


def _end(root: Term, *, upper: bool) -> Term:
    value = enclose_term(root, {}, _PRECISION)
    if isinstance(value, NotEnclosed):
        return Term(mpq(0))
    return Term(value.upper if upper else value.lower)


@dataclass(frozen=True, slots=True)
class _Fixing:
    """Terms with numbers in place of functions of numbers."""

    def constant(self, value: mpq) -> Term:
        return Term(value)

    def variable(self, name: str) -> Term:
        return Term(name)

    def apply(self, operator: Operator, arguments: tuple[Term, ...]) -> Term:
        return Term(operator, arguments)

    def function(self, function: Function, argument: Term) -> Term:
        return _end(applied(function, argument), upper=False)
