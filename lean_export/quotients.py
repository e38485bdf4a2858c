"""Steps that tell Lean what quotients are, as soon as the sign of a divisor is known.

A fraction p/q is a quotient by a number; those that a statement or its proof mentions are told of
first. Not covered: quotients by fractions, and by products of more than two divisors.
"""

from dataclasses import fields, replace

from gmpy2 import mpq

from lean_export.cleared import State, known_divisors
from lean_export.program import Program, UnprintableError, applied, leaf, product
from lean_export.statements import Statement
from lean_export.terms import term_text
from refsem.ir.terms import Comparison, Operator, Relation, Term, term
from refsem.obligations.algebra.proof import Multiple, Node, Product, Sign


def fractions(stated: Statement, state: State, root: Node) -> tuple[tuple[Program, ...], State]:
    """What a fraction is, for each that the statement or the proof mentions."""
    found: dict[Term, None] = {}
    relations = [hypothesis.relation for hypothesis in stated.hypotheses]
    relations.extend(() if stated.goal is None else (stated.goal,))
    for relation in relations:
        for side in (relation.left, relation.right):
            collect(side, found)
    collect_node(root, found)
    for one in found:
        state.table.number(one)
    numbers = {
        divisor
        for one in found
        for divisor in _factors(_divisor(one))
        if isinstance(divisor.head, mpq) and divisor.head != 0
    }
    steps: list[Program] = []
    for divisor in sorted(numbers, key=term_text):
        further, state = _signed_number(state, divisor)
        steps.extend(further)
    return tuple(steps), state


def _divisor(quotient: Term) -> Term:
    match quotient:
        case Term(Operator.DIV, (_, divisor)):
            return divisor
        case Term(mpq() as value):
            return Term(mpq(value.denominator))
        case _:
            raise TypeError(f"{quotient} is no quotient")


def _factors(divisor: Term) -> tuple[Term, ...]:
    match divisor:
        case Term(Operator.MUL, (left, right)):
            return (*_factors(left), *_factors(right))
        case _:
            return (divisor,)


def collect(root: Term, found: dict[Term, None]) -> None:
    """Add the quotients and fractions of a term, inner ones first."""
    for argument in root.arguments:
        collect(argument, found)
    if root.head is Operator.DIV or (isinstance(root.head, mpq) and root.head.denominator != 1):
        found[root] = None


def collect_node(node: Node, found: dict[Term, None]) -> None:
    """Add the quotients that a proof mentions."""
    for one in fields(node):
        value = getattr(node, one.name)
        match value:
            case Term():
                collect(value, found)
            case Relation(_, left, right):
                collect(left, found)
                collect(right, found)
            case tuple():
                for part in value:
                    for root in _terms(part):
                        collect(root, found)
            case _ if isinstance(value, Node):
                collect_node(value, found)


def _terms(part: Product | Multiple) -> tuple[Term, ...]:
    match part:
        case Product():
            return part.squares
        case Multiple():
            return (part.multiplier,)


def _signed_number(state: State, divisor: Term) -> tuple[tuple[Program, ...], State]:
    """The sign of a number, and the equations of the quotients by it."""
    value = divisor.head
    if not isinstance(value, mpq):
        raise TypeError(f"{divisor} is no number")
    if value.denominator != 1:
        raise UnprintableError("a quotient by a fraction")
    positive = value > 0
    relation = term(0) < divisor if positive else divisor < term(0)
    # The negation is that 0 - value, or value, is at least 0; with the number itself it cancels.
    cancelling = leaf((product(abs(int(value)), (), (), ()), product(1, (0,), (), ())), ())
    sign = Sign.POSITIVE if positive else Sign.NEGATIVE
    state = replace(state.skipping(), signs={**state.signs, divisor: (state.count, sign)})
    steps, state = quotient_equations(state)
    return (state.table.lemma(relation, cancelling), *steps), state


def quotient_equations(state: State) -> tuple[tuple[Program, ...], State]:
    """The equation of each quotient whose divisor's sign is known now."""
    steps = []
    for one in tuple(state.table.numbers):
        dividend = _dividend(one)
        if dividend is None or one in state.quotients:
            continue
        divisor = _divisor(one)
        try:
            parts = known_divisors(divisor, state.signs)
        except UnprintableError:
            continue
        conclusion = Relation(Comparison.EQ, one * divisor, dividend)
        conditions, because, places = _nonzero(state, divisor, parts)
        law = state.table.law(conditions, conclusion, because)
        steps.append(applied(law, map(state.at, places)))
        quotients = {**state.quotients, one: state.count}
        state = replace(state.skipping(), quotients=quotients)
    return tuple(steps), state


def _dividend(one: Term) -> Term | None:
    match one:
        case Term(Operator.DIV, (dividend, _)):
            return dividend
        case Term(mpq() as value) if value.denominator != 1:
            return Term(mpq(value.numerator))
        case _:
            return None


def _nonzero(
    state: State, divisor: Term, parts: list[Term]
) -> tuple[tuple[Relation, ...], str, list[int]]:
    """The conditions under which a quotient times its divisor is the dividend."""
    conditions = []
    zero = term(0)
    for part in parts:
        _, sign = state.signs[part]
        match sign:
            case Sign.POSITIVE:
                conditions.append(Relation(Comparison.LT, zero, part))
            case Sign.NEGATIVE:
                conditions.append(Relation(Comparison.LT, part, zero))
            case Sign.NONZERO:
                conditions.append(Relation(Comparison.NE, part, zero))
    names = [
        {Sign.POSITIVE: "pos", Sign.NEGATIVE: "neg", Sign.NONZERO: "ne"}[state.signs[part][1]]
        for part in parts
    ]
    if len(parts) == 1:
        because = f"div_mul_{names[0]}"
    elif len(parts) == 2 and divisor.arguments == tuple(parts):
        because = (
            f"(fun first second => div_mul_ne (mul_ne_zero (ne_of_{names[0]} first)"
            f" (ne_of_{names[1]} second)))"
        )
    else:
        raise UnprintableError("a quotient by a product of several divisors")
    return tuple(conditions), because, [state.signs[part][0] for part in parts]
