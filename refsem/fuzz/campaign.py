"""A differential campaign: batches of seeded cases put to a target and the model.

A batch is known by its number: the operation, mode, environment and operands follow from the seed
and the number alone, so a campaign is repeatable, can be divided among processes, and continues
where it stopped. Results are taken in the order of the batches.

Of the findings a few for each operation and mode are shrunk; all are counted.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import cache
from itertools import islice
from multiprocessing import active_children, get_context
from typing import Any

from refsem.errors import InputError
from refsem.fuzz.generators import cases
from refsem.fuzz.guarded import STARTING, Report, alarmed, end, ended, hung, in_child
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
WORTH_SECONDS = 3.0
"""Seconds from which it does."""
KEPT = 3
"""Findings of a batch that are kept, and of an operation and mode that are shrunk."""
MOST_SHRUNK = 40
SHRINKING = 10
"""How many times longer than a batch the shrinking of all findings may take."""
_AHEAD = 4
"""Batches handed out in advance, per process."""
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
class Budget:
    """When to stop: after so many cases, or so many seconds."""

    count: int | None
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Batch:
    """What one batch gave."""

    checked: int
    mismatches: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """What a campaign gave so far: the next batch, counts, and the simplest findings."""

    next_batch: int
    checked: int
    mismatches: int
    findings: tuple[Finding, ...]
    """Shrunk, one for each operation and mode, the simplest first."""
    repros: tuple[Repro, ...] = ()
    """Programs that show each of the findings of a campaign that was run."""


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


def run_batch(plan: Plan, number: int, limit: int) -> Batch:
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


Submit = Callable[..., "Future[Any]"]
"""Hands in a function and its arguments."""


def _at_once(function: Callable[..., Any], *arguments: object) -> "Future[Any]":
    """Do the work when it is handed in."""
    future: Future[Any] = Future()
    future.set_result(function(*arguments))
    return future


def run(
    plan: Plan, budget: Budget, start: Found, processes: int, patience: float, progress: Report
) -> Found:
    """The campaign continued from `start` until the budget is spent.

    Raises `InputError` for a target that cannot be had, that ends the process it runs in, or that
    takes longer than `patience` seconds over a batch.
    """
    small = budget.count is not None and budget.count < WORTH_A_PROCESS
    small = small or (budget.seconds is not None and budget.seconds < WORTH_SECONDS)
    if plan.target.startswith("library:"):
        if small:
            work = (plan, budget, start)
            found: Found = in_child(plan.target, _run_here, work, patience, progress)
            return found
    else:
        # What is wrong with the target is said at once, before any process is started.
        with alarmed(plan.target, patience, progress) as put_off:
            batch_sizes(plan)
            if small:
                return _run_here(plan, budget, start, put_off)
    before = set(active_children())
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        try:
            return _run(pool.submit, plan, budget, start, processes, patience, progress)
        except BrokenProcessPool as error:
            raise ended(plan.target) from error
        except TimeoutError as error:
            for child in set(active_children()) - before:
                end(child)
            raise hung(plan.target, patience) from error
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _run_here(plan: Plan, budget: Budget, start: Found, progress: Report) -> Found:
    """The campaign in this process."""
    return _run(_at_once, plan, budget, start, 1, None, progress)


def _run(
    submit: Submit,
    plan: Plan,
    budget: Budget,
    start: Found,
    workers: int,
    patience: float | None,
    progress: Report,
) -> Found:
    sizes = submit(batch_sizes, plan).result(patience and STARTING + patience)
    checked, mismatches, following = start.checked, start.mismatches, start.next_batch
    kept: list[Finding] = list(start.findings)
    batches = _batches(submit, plan, budget, start.next_batch, sizes, workers, patience)
    for number, batch in batches:
        following = number + 1
        checked += batch.checked
        mismatches += batch.mismatches
        kept = _simplest(kept, batch.findings, KEPT)
        done = checked - start.checked
        progress(f"{mismatches} mismatches", done, budget.count or 0)
    shrinking = submit(shrink_findings, plan, tuple(kept[:MOST_SHRUNK]))
    findings, repros = shrinking.result(patience and SHRINKING * patience)
    return Found(following, checked, mismatches, findings, repros)


def _batches(
    submit: Submit,
    plan: Plan,
    budget: Budget,
    first: int,
    sizes: tuple[int, ...],
    workers: int,
    patience: float | None,
) -> Iterator[tuple[int, Batch]]:
    """The batches in order, until the budget is spent."""
    deadline = None if budget.seconds is None else time.monotonic() + budget.seconds
    remaining = budget.count
    pending: list[tuple[int, Future[Batch]]] = []
    number = first
    while True:
        while len(pending) < _AHEAD * workers and (remaining is None or remaining > 0):
            if deadline is not None and time.monotonic() >= deadline:
                break
            size = sizes[number % len(sizes)]
            size = size if remaining is None else min(size, remaining)
            pending.append((number, submit(run_batch, plan, number, size)))
            number += 1
            remaining = None if remaining is None else remaining - size
        if not pending:
            return
        done, future = pending.pop(0)
        yield done, future.result(patience)


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


NOTHING = Found(0, 0, 0, ())
"""A campaign before its first batch."""
