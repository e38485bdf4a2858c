"""A differential campaign: batches of seeded cases put to a target and the model.

A batch is known by its number: the operation, mode, environment and operands follow from the seed
and the number alone, so a campaign is repeatable, can be divided among processes, and continues
where it stopped. Results are taken in the order of the batches.

Of the findings a few for each operation and mode are shrunk; all are counted.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import islice

from refsem.errors import InputError
from refsem.fuzz.division import (
    Batch,
    Budget,
    Course,
    Hands,
    Place,
    begun,
    concluded,
    divided,
    follow,
)
from refsem.fuzz.generators import cases
from refsem.fuzz.guarded import Report
from refsem.fuzz.judging import Finding, Nans, Question, ask
from refsem.fuzz.operations import BY_NAME, ELEMENTARY
from refsem.fuzz.repro import Repro, repro
from refsem.fuzz.shrink import complexity, shrink
from refsem.fuzz.targets.loading import load_target
from refsem.fuzz.targets.target import Target
from refsem.rounding import Mode

BATCH, FUNCTION_BATCH = 256, 64
"""Cases in a batch; elementary functions cost the model more."""
WORTH_A_PROCESS = 20_000
"""Cases from which starting processes pays."""
KEPT = 3
"""Findings of a batch that are kept, and of an operation and mode that are shrunk."""
MOST_SHRUNK = 40
_SEEDS = 1 << 40


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that decides what a campaign asks."""

    target: str
    operations: tuple[str, ...]
    modes: tuple[Mode, ...]
    nans: Nans | None
    """How NaNs are compared; `None`: as the target promises."""
    seed: int


@dataclass(frozen=True, slots=True)
class Found:
    """What a campaign that was run gave so far."""

    course: Course[Finding]
    """Its findings are shrunk, one for each operation and mode, the simplest first."""
    repros: tuple[Repro, ...]
    """Programs that show each of the findings."""


@cache
def loaded(text: str, operations: tuple[str, ...]) -> Target:
    """The target, loaded once in a process."""
    return load_target(text, operations)


def questions(target: Target, plan: Plan) -> tuple[Question, ...]:
    """What is asked in turn: operations change fastest, environments slowest."""
    nans = plan.nans or (Nans.EXACT if target.exact_nans else Nans.ANY)
    named = tuple(name for name in plan.operations if name in target.functions)
    names = named if plan.operations else target.usual
    modes = plan.modes or tuple(Mode)
    return tuple(
        Question(name, mode, environment, nans)
        for environment in target.environments
        for mode in modes
        for name in names
        if mode in _modes(target, name, plan)
    )


def _modes(target: Target, name: str, plan: Plan) -> tuple[Mode, ...]:
    """The modes an operation is asked in; one that does not depend on it, in one."""
    function = target.functions[name]
    if function.modes:
        return function.modes
    modes = plan.modes or target.modes
    return modes if BY_NAME[name].moded else modes[:1]


def run_batch(plan: Plan, number: int, limit: int) -> Batch[Finding]:
    """The batch of that number, of `limit` cases."""
    target = loaded(plan.target, plan.operations)
    asked = questions(target, plan)
    question = asked[number % len(asked)]
    operation = BY_NAME[question.operation]
    source = cases(operation, plan.seed * _SEEDS + number)
    rows = [case.operands for case in islice(source, limit)]
    verdicts = ask(target, question, rows)
    kinds = operation.operands
    simplest = sorted(verdicts.findings, key=lambda f: complexity(kinds, f.operands))
    return Batch(verdicts.checked, len(verdicts.findings), tuple(simplest[:KEPT]))


def shrink_findings(
    plan: Plan, findings: tuple[Finding, ...]
) -> tuple[tuple[Finding, ...], tuple[Repro, ...]]:
    """The findings shrunk, the simplest of each operation and mode, and programs that show them."""
    target = loaded(plan.target, plan.operations)
    shrunk = _simplest([], [shrink(target, finding) for finding in findings], 1)
    return tuple(shrunk), tuple(repro(target, finding) for finding in shrunk)


def batch_sizes(plan: Plan) -> tuple[int, ...]:
    """The size of a batch of each question in turn; `InputError` for a target not to be had."""
    asked = questions(loaded(plan.target, plan.operations), plan)
    if not asked:
        message = "has no operation to ask in these modes (refsem profile measures reductions)"
        raise InputError("", plan.target, message)
    return tuple(
        FUNCTION_BATCH if question.operation in ELEMENTARY else BATCH for question in asked
    )


def run(
    plan: Plan,
    budget: Budget,
    start: Course[Finding],
    processes: int,
    patience: float,
    progress: Report,
) -> Found:
    """The campaign continued from `start` until the budget is spent.

    Raises `InputError` for a target that cannot be had, that ends the process it runs in, or that
    takes longer than `patience` seconds over a batch.
    """
    place = Place(
        plan.target, plan.target.startswith("library:"), processes, WORTH_A_PROCESS, patience
    )
    return divided(_run, (plan, budget, start), budget, place, partial(batch_sizes, plan), progress)


def _run(hands: Hands, plan: Plan, budget: Budget, start: Course[Finding]) -> Found:
    sizes = begun(hands, batch_sizes, plan)
    course = follow(hands, partial(run_batch, plan), sizes, start, budget, _few)
    shrunk, repros = concluded(hands, shrink_findings, plan, course.findings[:MOST_SHRUNK])
    return Found(replace(course, findings=shrunk), repros)


def _few(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    return tuple(_simplest([], findings, KEPT))


def _simplest(kept: Iterable[Finding], more: Iterable[Finding], each: int) -> list[Finding]:
    """The simplest few findings of each operation and mode, the simplest of all first."""
    by_question: dict[tuple[str, Mode], list[Finding]] = {}
    for finding in (*kept, *more):
        key = finding.question.operation, finding.question.mode
        by_question.setdefault(key, []).append(finding)
    found = [
        finding for group in by_question.values() for finding in sorted(group, key=rank)[:each]
    ]
    return sorted(found, key=rank)


def rank(finding: Finding) -> tuple[int, ...]:
    """Simpler findings first."""
    return complexity(BY_NAME[finding.question.operation].operands, finding.operands)
