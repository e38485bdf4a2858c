"""Discharge: an outcome for each obligation.

Small points are tried first: what they refute is refuted by arithmetic alone, and what they
inhabit is inhabited. What has a stored algebraic proof is proved if the checker accepts it. The
rest is put to z3, which is believed for `unsat` only and by name.
"""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from refsem.obligations import sampling, smt
from refsem.obligations.algebra.stored import checked
from refsem.obligations.generation import rule_obligations
from refsem.obligations.obligation import (
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
from refsem.rules import Rule


@dataclass(frozen=True, slots=True)
class Limits:
    """How hard to try: sampled points and z3's resource count, per obligation."""

    points: int
    resources: int


FACTS = "refsem/rules/function_facts.py"
"""Where the facts about functions are stated."""

DEFAULT_LIMITS = Limits(points=200, resources=smt.RESOURCES)


def discharge(obligation: Obligation, limits: Limits) -> Outcome:
    """What came of an obligation within the limits."""
    match obligation.kind:
        case Kind.LIFT:
            return Stated("refsem/ir/affine.py and refsem/rules/replay.py, by induction")
        case Kind.NEEDED:
            return _without(obligation.parts, limits)
        case Kind.INHABITED:
            return _inhabited(obligation, limits)
        case Kind.INSTANCE | Kind.CLAIM:
            raise TypeError(f"{obligation.id} is discharged by replay, not by a solver")
        case Kind.FACT:
            found = sampling.search(obligation, limits.points)
            return Stated(FACTS) if found is None else Refuted(found)
        case Kind.DEFINED | Kind.CITED | Kind.SOUND | Kind.WEAKEN:
            return _implied(obligation, limits)


def _without(parts: tuple[Obligation, ...], limits: Limits) -> Outcome:
    """What comes of a rule without a side: refuted if it is undefined or unsound, at a point.

    A citation that no longer applies refutes nothing: the claim may hold for another reason.
    """
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
    found = sampling.search(obligation, limits.points)
    if found is not None:
        return Proved(By.POINT, found)
    answer, run = _asked(obligation, limits)
    if answer.word == "unsat":
        return Refuted(run)
    point = _replayed(obligation, answer)
    return Proved(By.POINT, point) if isinstance(point, Point) else point


def _implied(obligation: Obligation, limits: Limits) -> Outcome:
    found = sampling.search(obligation, limits.points)
    if found is not None:
        return Refuted(found)
    proof = checked(obligation)
    if proof is not None:
        return Proved(By.ALGEBRA, proof, obligation.assumes)
    answer, run = _asked(obligation, limits)
    if answer.word == "unsat":
        return Proved(By.Z3, run, obligation.assumes)
    point = _replayed(obligation, answer)
    return Refuted(point) if isinstance(point, Point) else point


def _asked(obligation: Obligation, limits: Limits) -> tuple[smt.Answer, SolverRun]:
    started = time.perf_counter()
    answer = smt.ask(obligation, limits.resources)
    seconds = f"{time.perf_counter() - started:.3f}"
    return answer, SolverRun(smt.SOLVER, answer.word, seconds)


def _replayed(obligation: Obligation, answer: smt.Answer) -> Point | Unknown:
    """The solver's model if it survives exact evaluation, else why nothing is known."""
    if answer.word == "unknown":
        return Unknown(f"{smt.SOLVER}: {answer.reason}")
    if answer.candidate is None:
        return Unknown(f"{smt.SOLVER} has a model, but not at a rational point")
    found = sampling.evidence(obligation, answer.candidate)
    return found or Unknown(f"{smt.SOLVER}'s model does not survive exact evaluation")


def audit_rule(rule: Rule, limits: Limits) -> tuple[Record, ...]:
    """Every obligation of a rule with its outcome."""
    return tuple(
        Record(obligation, discharge(obligation, limits)) for obligation in rule_obligations(rule)
    )


def audit_rules(rules: Iterable[Rule], limits: Limits) -> Iterator[Record]:
    """The records of several rules, one rule after the other."""
    for rule in rules:
        yield from audit_rule(rule, limits)
