"""Discharge: an outcome for each obligation.

Small points are tried first: what they refute is refuted by arithmetic alone, and what they
inhabit is inhabited. What has a stored algebraic proof is proved if the checker accepts it. The
rest is put to z3, which is believed for `unsat` only and by name; cvc5 is then asked too, if it
is there, and where the two disagree nothing is known.
"""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from refsem.obligations import fixing, sampling, second, smt
from refsem.obligations.algebra.checker import Rejected, check
from refsem.obligations.algebra.search import NotFound, find_proof
from refsem.obligations.algebra.stored import checked
from refsem.obligations.generation import rule_obligations
from refsem.obligations.obligation import (
    Algebraic,
    By,
    Kind,
    Obligation,
    Outcome,
    Point,
    Proved,
    Record,
    Refuted,
    SolverRun,
    Stated,
    Unknown,
)
from refsem.obligations.shrinking import EVALUATIONS, shrunk
from refsem.rules import BY_NAME, Rule


@dataclass(frozen=True, slots=True)
class Limits:
    """How hard to try, per obligation: sampled points and z3's resource count.

    Also how many points may be tried to make a witness smaller, and how many monomials a search
    for a proof may write out where none is stored.
    """

    points: int
    resources: int
    shrinking: int = 0
    monomials: int = 0


_Z3_TO_CVC5 = 100
"""How many of z3's resources take about as long as one of cvc5's."""

_FEW, _MANY = 50, 2
"""Points for each attempt to fix what is inside functions, before and after asking z3 openly."""

FACTS = "refsem/rules/function_facts.py"
"""Where the facts about functions are stated."""

DEFAULT_LIMITS = Limits(points=200, resources=smt.RESOURCES)

AUDIT_LIMITS = Limits(points=400, resources=smt.RESOURCES, shrinking=EVALUATIONS, monomials=200_000)
"""For rules that somebody is at work on: small witnesses, and proofs searched for."""

REPAIR_LIMITS = Limits(points=400, resources=smt.RESOURCES // 20, monomials=50_000)
"""For rules that a search proposes: many are tried, and what is right is seldom hard."""


def discharge(obligation: Obligation, limits: Limits) -> Outcome:
    """What came of an obligation within the limits."""
    match obligation.kind:
        case Kind.LIFT:
            applied = obligation.id.partition("/")[0] in BY_NAME
            where = "refsem/ir/affine.py and refsem/rules/lifts/" if applied else "with the rule"
            return Stated(f"{where}, by induction")
        case Kind.NEEDED:
            return _without(obligation.parts, limits)
        case Kind.INHABITED:
            return _inhabited(obligation, limits)
        case Kind.INSTANCE | Kind.CLAIM:
            raise TypeError(f"{obligation.id} is discharged by replay, not by a solver")
        case Kind.NEAREST:
            raise TypeError(f"{obligation.id} is discharged by execution, with its rule")
        case Kind.FACT:
            found = _sampled(obligation, limits)
            return Stated(FACTS) if found is None else Refuted(found)
        case Kind.DEFINED | Kind.CITED | Kind.SOUND | Kind.WEAKEN:
            return _implied(obligation, limits)


def _without(parts: tuple[Obligation, ...], limits: Limits) -> Outcome:
    """What comes of a rule without a side: refuted if it is undefined or unsound, at a point.

    A citation that no longer applies refutes nothing: the claim may hold for another reason.
    """
    for part in parts:
        found = None if part.kind is Kind.CITED else _sampled(part, limits)
        if found is not None:
            return Refuted(found)
    for one_in in (_FEW, _MANY):
        for part in parts:
            found = _fixed(part, limits, one_in) if part.kind is Kind.SOUND else None
            if found is not None:
                return Refuted(found)
    outcomes: list[Outcome] = []
    for part in parts:
        outcome = discharge(part, limits)
        if part.kind is Kind.CITED and isinstance(outcome, Refuted):
            outcome = Unknown(f"without the side, {part.id} does not follow")
        outcomes.append(outcome)
        if isinstance(outcome, Refuted):
            break
    return _conjunction(outcomes)


def _conjunction(outcomes: list[Outcome]) -> Outcome:
    """Refuted if a part is, proved if every part is (by z3 if one needs it), else unknown."""
    for outcome in outcomes:
        if isinstance(outcome, Refuted):
            return outcome
    for outcome in outcomes:
        if not isinstance(outcome, Proved):
            return outcome
    proofs = [outcome for outcome in outcomes if isinstance(outcome, Proved)]
    least = next((one for one in proofs if one.by is By.Z3), proofs[-1])
    return Proved(least.by, least.evidence, proofs[-1].relying_on)


def _inhabited(obligation: Obligation, limits: Limits) -> Outcome:
    found = _sampled(obligation, limits)
    if found is not None:
        return Proved(By.POINT, found)
    answer, run = _asked(obligation, limits)
    if answer.word == "unsat":
        return Refuted(run)
    point = _replayed(obligation, answer, limits)
    return Proved(By.POINT, point) if isinstance(point, Point) else point


def _implied(obligation: Obligation, limits: Limits) -> Outcome:
    found = _sampled(obligation, limits)
    if found is not None:
        return Refuted(found)
    proof = checked(obligation) or _searched(obligation, limits)
    if proof is not None:
        return Proved(By.ALGEBRA, proof, obligation.assumes)
    found = _fixed(obligation, limits, _FEW)
    if found is not None:
        return Refuted(found)
    answer, run = _asked(obligation, limits)
    if answer.word == "unsat":
        return Proved(By.Z3, run, obligation.assumes)
    point = _replayed(obligation, answer, limits)
    if isinstance(point, Unknown):
        point = _fixed(obligation, limits, _MANY) or point
    return Refuted(point) if isinstance(point, Point) else point


def _sampled(obligation: Obligation, limits: Limits) -> Point | None:
    """A small point that shows something, in numbers as small as they can be made."""
    found = sampling.search(obligation, limits.points)
    return None if found is None else shrunk(obligation, found, limits.shrinking)


def _fixed(obligation: Obligation, limits: Limits, one_in: int) -> Point | None:
    """A point that a solver finds once what is inside functions is fixed, made small."""
    found = fixing.search(obligation, limits.points // one_in)
    return None if found is None else shrunk(obligation, found, limits.shrinking)


def _searched(obligation: Obligation, limits: Limits) -> Algebraic | None:
    """A proof found now and accepted by the checker; nothing is searched for without a budget."""
    if not limits.monomials:
        return None
    found = find_proof(obligation, limits.monomials)
    if isinstance(found, NotFound):
        return None
    accepted = check(obligation, found)
    if isinstance(accepted, Rejected):
        return None
    return Algebraic("", accepted.leaves, accepted.products)


def _asked(obligation: Obligation, limits: Limits) -> tuple[smt.Answer, SolverRun]:
    started = time.perf_counter()
    answer = smt.ask(obligation, limits.resources)
    seconds = f"{time.perf_counter() - started:.3f}"
    if answer.word != "unsat":
        return answer, SolverRun(smt.SOLVER, answer.word, seconds)
    other = second.ask(smt.smt_text(obligation), limits.resources // _Z3_TO_CVC5)
    if isinstance(other, second.NotInstalled):
        return answer, SolverRun(smt.SOLVER, answer.word, seconds)
    if other.answer == "sat":
        answer = smt.Answer("unknown", f"unsat, but {other.solver} says sat: they disagree", None)
    said = f"{other.solver}: {other.answer}"
    return answer, SolverRun(smt.SOLVER, answer.word, seconds, said)


def _replayed(obligation: Obligation, answer: smt.Answer, limits: Limits) -> Point | Unknown:
    """The solver's model if it survives exact evaluation, else why nothing is known."""
    if answer.word == "unknown":
        return Unknown(f"{smt.SOLVER}: {answer.reason}")
    if answer.candidate is None:
        return Unknown(f"{smt.SOLVER} has a model, but not at a rational point")
    found = sampling.evidence(obligation, answer.candidate)
    if found is None:
        return Unknown(f"{smt.SOLVER}'s model does not survive exact evaluation")
    return shrunk(obligation, found, limits.shrinking)


def audit_rule(rule: Rule, limits: Limits) -> tuple[Record, ...]:
    """Every obligation of a rule with its outcome."""
    return tuple(
        Record(obligation, discharge(obligation, limits)) for obligation in rule_obligations(rule)
    )


def audit_rules(rules: Iterable[Rule], limits: Limits) -> Iterator[Record]:
    """The records of several rules, one rule after the other."""
    for rule in rules:
        yield from audit_rule(rule, limits)
