"""A hunt from beginning to end: workers, a budget, and what was found."""

import time
from dataclasses import dataclass

from refsem.fuzz.division import Budget
from refsem.fuzz.guarded import Report
from refsem.hunt.campaign import BATCH, Batch, Plan, check, simplest
from refsem.hunt.judging import Falsehood, Finding
from refsem.hunt.workers import BatchRequest, ShrinkRequest, Worker, receive, start

MOST_SHRUNK = 12


@dataclass(frozen=True, slots=True)
class Shown:
    """A shrunk finding and the program that shows it."""

    finding: Finding
    repro: str


@dataclass(frozen=True, slots=True)
class Found:
    """What a hunt gave; counts are of boxes."""

    checked: int
    unclaimed: int
    false: int
    kinds: dict[Falsehood, int]
    shown: tuple[Shown, ...]
    """One for each claim and kind, the most serious first, then the simplest."""


def hunt(plan: Plan, budget: Budget, processes: int, timeout: float, progress: Report) -> Found:
    """The hunt until the budget is spent; `InputError` for a producer that cannot be asked."""
    check(plan)
    few = budget.count is not None and budget.count <= 2 * BATCH
    workers = [start(plan) for _ in range(1 if few else processes)]
    try:
        batches = _batches(workers, plan, budget, timeout, progress)
        kept = simplest([f for batch in batches for f in batch.findings], 1)[:MOST_SHRUNK]
        shown = tuple(_shrunk(workers[0], plan, finding, timeout) for finding in kept)
    finally:
        for worker in workers:
            worker.end()
    return Found(
        sum(batch.checked for batch in batches),
        sum(batch.unclaimed for batch in batches),
        sum(batch.false for batch in batches),
        {kind: sum(dict(batch.kinds).get(kind, 0) for batch in batches) for kind in Falsehood},
        shown,
    )


def _shrunk(worker: Worker, plan: Plan, finding: Finding, timeout: float) -> Shown:
    worker.line.send(ShrinkRequest(finding))
    _, (shrunk, repro) = receive([worker], plan.target, timeout)
    return Shown(shrunk, repro)


def _batches(
    workers: list[Worker], plan: Plan, budget: Budget, timeout: float, progress: Report
) -> list[Batch]:
    """The batches in the order of their numbers, as many as the budget allows."""
    deadline = None if budget.seconds is None else time.monotonic() + budget.seconds
    remaining = budget.count
    busy: dict[int, Worker] = {}
    done: dict[int, Batch] = {}
    number = 0
    while True:
        for worker in workers:
            spent = deadline is not None and time.monotonic() >= deadline and number > 0
            if worker in busy.values() or spent or remaining == 0:
                continue
            count = BATCH if remaining is None else min(BATCH, remaining)
            remaining = None if remaining is None else remaining - count
            worker.line.send(BatchRequest(number, count))
            busy[number] = worker
            number += 1
        if not busy:
            return [done[key] for key in sorted(done)]
        worker, batch = receive(list(busy.values()), plan.target, timeout)
        answered = next(key for key, value in busy.items() if value is worker)
        del busy[answered]
        done[answered] = batch
        false = sum(found.false for found in done.values())
        progress(f"{false} false", sum(found.checked for found in done.values()), budget.count or 0)
