"""A campaign divided: numbered batches, handed to processes where that pays, and taken in order.

What is asked in a batch follows from the campaign's seed and the batch's number alone; so a
campaign is repeatable, can be divided, and continues where it stopped.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import active_children, get_context
from typing import Any, Concatenate, Generic, TypeVar

from refsem.fuzz.guarded import STARTING, Report, alarmed, end, ended, hung, in_child

WORTH_SECONDS = 3.0
"""Seconds from which starting processes pays."""
SHRINKING = 10
"""How many times longer than a batch the shrinking of all findings may take."""
_AHEAD = 4
"""Batches handed out in advance, per process."""

F = TypeVar("F")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Budget:
    """When to stop: after so many cases, or so many seconds."""

    count: int | None
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Batch(Generic[F]):
    """What one batch gave; of its findings, a few."""

    checked: int
    mismatches: int
    findings: tuple[F, ...]


@dataclass(frozen=True, slots=True)
class Course(Generic[F]):
    """How far a campaign came: the next batch, counts, and the simplest findings."""

    next_batch: int
    checked: int
    mismatches: int
    findings: tuple[F, ...]


NOTHING: Course[Any] = Course(0, 0, 0, ())
"""A campaign before its first batch."""


@dataclass(frozen=True, slots=True)
class Hands:
    """Who does the work: how it is handed in, by how many it is done, who hears of it.

    `patience` is how long one piece may take, in seconds; `None` where others watch over that.
    """

    submit: Callable[..., "Future[Any]"]
    number: int
    patience: float | None
    aside: Report
    """Told of what goes on inside a piece of work; another process's is not heard."""
    progress: Report


Work = Callable[Concatenate[Hands, ...], R]
"""A campaign: given hands and its arguments, it does the whole of it."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a campaign runs: the target, and whether only a child may hold it."""

    target: str
    child: bool
    processes: int
    worth: int
    """Cases from which starting processes pays."""
    patience: float


def follow(
    hands: Hands,
    batch: Callable[[int, int], Batch[F]],
    sizes: Sequence[int],
    start: Course[F],
    budget: Budget,
    simplest: Callable[[tuple[F, ...]], tuple[F, ...]],
) -> Course[F]:
    """The campaign continued from `start` until the budget is spent.

    `batch` is given its number and how many cases to ask; `sizes` are those of batches in turn.
    """
    course = start
    for number, given in _in_order(hands, batch, sizes, start.next_batch, budget):
        course = Course(
            number + 1,
            course.checked + given.checked,
            course.mismatches + given.mismatches,
            simplest((*course.findings, *given.findings)) if given.findings else course.findings,
        )
        done = course.checked - start.checked
        hands.progress(f"{course.mismatches} mismatches", done, budget.count or 0)
    return course


def _in_order(
    hands: Hands,
    batch: Callable[[int, int], Batch[F]],
    sizes: Sequence[int],
    first: int,
    budget: Budget,
) -> Iterator[tuple[int, Batch[F]]]:
    """The batches in order, until the budget is spent."""
    deadline = None if budget.seconds is None else time.monotonic() + budget.seconds
    remaining = budget.count
    pending: list[tuple[int, Future[Batch[F]]]] = []
    number = first
    while True:
        while len(pending) < _AHEAD * hands.number and (remaining is None or remaining > 0):
            if deadline is not None and time.monotonic() >= deadline:
                break
            size = sizes[number % len(sizes)]
            size = size if remaining is None else min(size, remaining)
            pending.append((number, hands.submit(batch, number, size)))
            number += 1
            remaining = None if remaining is None else remaining - size
        if not pending:
            return
        done, future = pending.pop(0)
        yield done, future.result(hands.patience)


def divided(
    work: Work[R],
    arguments: tuple[object, ...],
    budget: Budget,
    place: Place,
    check: Callable[[], object],
    progress: Report,
) -> R:
    """What work(hands, *arguments) gives, by one process or several as the budget is worth it.

    `check` says at once what is wrong with the target, where it may be loaded here. Raises
    `InputError` for a target that cannot be had, that ends the process it runs in, or is silent
    for longer than its patience.
    """
    few = budget.count is not None and budget.count < place.worth
    few = few or (budget.seconds is not None and budget.seconds < WORTH_SECONDS)
    if place.child:
        if few:
            given = (work, arguments)
            found: R = in_child(place.target, _here, given, place.patience, progress)
            return found
    else:
        with alarmed(place.target, place.patience, progress) as put_off:
            check()
            if few:
                return _here(work, arguments, put_off)
    return _in_pool(work, arguments, place, progress)


def _here(work: Work[R], arguments: tuple[object, ...], progress: Report) -> R:
    """The work done in this process, when it is handed in."""
    return work(here(progress), *arguments)


def here(progress: Report) -> Hands:
    """The hands of this process alone, which is watched over by others."""
    return Hands(_at_once, 1, None, progress, progress)


def _at_once(function: Callable[..., Any], *arguments: object) -> "Future[Any]":
    future: Future[Any] = Future()
    future.set_result(function(*arguments))
    return future


def _in_pool(work: Work[R], arguments: tuple[object, ...], place: Place, progress: Report) -> R:
    before = set(active_children())
    with ProcessPoolExecutor(place.processes, mp_context=get_context("spawn")) as pool:
        hands = Hands(pool.submit, place.processes, place.patience, unheard, progress)
        try:
            return work(hands, *arguments)
        except BrokenProcessPool as error:
            raise ended(place.target) from error
        except TimeoutError as error:
            for child in set(active_children()) - before:
                end(child)
            raise hung(place.target, place.patience) from error
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def unheard(_name: str, _done: int, _count: int) -> None:
    """The report of a process that nobody listens to."""


def begun(hands: Hands, function: Callable[..., R], *arguments: object) -> R:
    """What the first piece of work gives: a process may have to be started for it."""
    found: R = hands.submit(function, *arguments).result(
        None if hands.patience is None else STARTING + hands.patience
    )
    return found


def concluded(hands: Hands, function: Callable[..., R], *arguments: object) -> R:
    """What the last piece gives, the shrinking of all findings, which may take longer."""
    found: R = hands.submit(function, *arguments).result(
        None if hands.patience is None else SHRINKING * hands.patience
    )
    return found
