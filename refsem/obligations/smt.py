"""The SMT reading of terms, and the question put to z3.

z3 searches; it is believed only for `unsat`, under its own name. A quotient n/d becomes a fresh
variable q with q·d = n and d ≠ 0: z3 leaves x/0 free and would invent models. A named function of
a term is a variable too, the same one wherever that term is its argument: what z3 knows of
functions is what the cited facts say. A `sat` answer is
a candidate point, which counts only after exact evaluation elsewhere; an algebraic coordinate is
no rational point and yields no candidate. Limits are deterministic resource counts, not seconds.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import z3
from gmpy2 import mpq

from refsem.exact.functions import Function
from refsem.ir.terms import Comparison, Operator, Relation, Term, fold
from refsem.obligations.obligation import Definition, Obligation
from refsem.rules import Outward

RESOURCES = 20_000_000
"""z3's resource limit for one question: a few seconds on current machines."""

SOLVER = f"z3 {z3.get_version_string()}"

_OPERATORS: Mapping[Operator, Callable[..., Any]] = {
    Operator.ADD: lambda x, y: x + y,
    Operator.SUB: lambda x, y: x - y,
    Operator.MUL: lambda x, y: x * y,
    Operator.NEG: lambda x: -x,
    Operator.MIN: lambda x, y: z3.If(x <= y, x, y),
    Operator.MAX: lambda x, y: z3.If(x <= y, y, x),
    Operator.ABS: lambda x: z3.If(x >= 0, x, -x),
    Operator.SELECT: lambda a, b, x, y: z3.If(a <= b, x, y),
}

_COMPARISONS: Mapping[Comparison, Callable[[Any, Any], Any]] = {
    Comparison.LE: lambda x, y: x <= y,
    Comparison.LT: lambda x, y: x < y,
    Comparison.EQ: lambda x, y: x == y,
    Comparison.NE: lambda x, y: x != y,
}


def _floor(x: Any) -> Any:  # noqa: ANN401  z3 is untyped
    return z3.ToReal(z3.ToInt(x))


def _nearest(x: Any) -> Any:  # noqa: ANN401  z3 is untyped
    """Of the integers around x the nearer, of two the even one."""
    half = z3.Q(1, 2, x.ctx)
    up, down, even = _floor(x + half), -_floor(half - x), 2 * _floor(half * x + half)
    return z3.If(up == down, up, even)


_STEPS: Mapping[Function, Callable[[Any], Any]] = {
    Function.FLOOR: _floor,
    Function.CEIL: lambda x: -_floor(-x),
    Function.ROUND: _nearest,
    Function.TRUNC: lambda x: z3.If(x >= 0, _floor(x), -_floor(-x)),
}
"""The step functions by z3's own integer part."""

Quotients = dict[tuple[int, int], tuple[Any, Any]]
Applications = dict[tuple[Function, int], tuple[Any, Any]]
"""The variable for a function of an argument, and the argument, kept so that its id stays its."""


@dataclass(slots=True)
class Smt:
    """Terms as z3 reals in one context; `constraints` collects what the quotients used demand.

    Quotients and applications of functions are shared between readings of one question, the
    constraints are not: a reading demands only that the divisors of its own terms are non-zero.
    """

    context: z3.Context
    quotients: Quotients
    applications: Applications = field(default_factory=dict)
    constraints: list[Any] = field(default_factory=list)

    def constant(self, value: mpq) -> Any:  # noqa: ANN401  z3 is untyped
        """The rational numeral."""
        return z3.Q(int(value.numerator), int(value.denominator), self.context)

    def variable(self, name: str) -> Any:  # noqa: ANN401  z3 is untyped
        """The real variable of this name."""
        return z3.Real(name, self.context)

    def apply(self, operator: Operator, arguments: tuple[Any, ...]) -> Any:  # noqa: ANN401  z3 is untyped
        """The operator in z3's terms; a quotient is a fresh variable."""
        if operator is not Operator.DIV:
            return _OPERATORS[operator](*arguments)
        numerator, divisor = arguments
        key = (numerator.get_id(), divisor.get_id())
        if key not in self.quotients:
            quotient = z3.Real(f"quotient!{len(self.quotients)}", self.context)
            meaning = z3.And(quotient * divisor == numerator, divisor != 0)
            self.quotients[key] = (quotient, meaning)
        quotient, meaning = self.quotients[key]
        self.constraints.append(meaning)
        return quotient

    def function(self, function: Function, argument: Any) -> Any:  # noqa: ANN401  z3 is untyped
        """A variable of which nothing is known, one for each argument; of a step, its value."""
        if function in _STEPS:
            return _STEPS[function](argument)
        key = (function, argument.get_id())
        if key not in self.applications:
            name = f"{function.value}!{len(self.applications)}"
            self.applications[key] = (z3.Real(name, self.context), argument)
        return self.applications[key][0]


def _formula(relation: Relation, shared: Smt) -> tuple[Any, list[Any]]:
    """The relation as a z3 formula, and what its quotients demand."""
    reading = Smt(shared.context, shared.quotients, shared.applications)
    left, right = fold(relation.left, reading), fold(relation.right, reading)
    return _COMPARISONS[relation.comparison](left, right), reading.constraints


@dataclass(frozen=True, slots=True)
class Answer:
    """z3's word (`unsat`, `sat`, `unknown`), its reason, and a rational candidate point."""

    word: str
    reason: str
    candidate: dict[str, mpq] | None


def solver_for(obligation: Obligation, resources: int) -> Any:  # noqa: ANN401  z3 is untyped
    """A z3 solver holding the definitions, the premises and, if there is a goal, its negation."""
    shared = Smt(z3.Context(), Quotients())
    solver = z3.Solver(ctx=shared.context)
    solver.set("rlimit", resources)
    relations = [_definition_relation(definition) for definition in obligation.definitions]
    relations += [premise.relation for premise in obligation.premises]
    for relation in relations:
        formula, constraints = _formula(relation, shared)
        solver.add(formula, *constraints)
    if obligation.goal is not None:
        formula, constraints = _formula(obligation.goal, shared)
        solver.add(z3.Not(formula, shared.context), *constraints)
    return solver


def _definition_relation(definition: Definition) -> Relation:
    comparison, flipped = {
        Outward.UP: (Comparison.LE, True),
        Outward.DOWN: (Comparison.LE, False),
        Outward.EXACT: (Comparison.EQ, False),
    }[definition.may_exceed]
    sides = (Term(definition.name), definition.term)
    left, right = sides[::-1] if flipped else sides
    return Relation(comparison, left, right)


def ask(obligation: Obligation, resources: int) -> Answer:
    """z3's answer to an obligation, with a rational candidate if it has a model of rationals."""
    try:
        solver = solver_for(obligation, resources)
        word = solver.check()
        if word == z3.unsat:
            return Answer("unsat", "", None)
        if word == z3.sat:
            names = (*obligation.free, *(d.name for d in obligation.definitions))
            return Answer("sat", "", _rational_point(solver.model(), names, solver.ctx))
        return Answer("unknown", solver.reason_unknown(), None)
    except z3.Z3Exception as failure:
        return Answer("unknown", str(failure), None)


def _rational_point(
    model: z3.ModelRef, names: tuple[str, ...], context: z3.Context
) -> dict[str, mpq] | None:
    point = {}
    for name in names:
        value = model.eval(z3.Real(name, context), model_completion=True)
        if not z3.is_rational_value(value):
            return None
        point[name] = mpq(value.numerator_as_long(), value.denominator_as_long())
    return point


def smt_text(obligation: Obligation) -> str:
    """The question put to z3, in SMT-LIB; `unsat` means that the goal follows."""
    text: str = solver_for(obligation, RESOURCES).to_smt2()
    return text.strip()
