"""Processes in which producers run: one that crashes, hangs or prints harms only itself.

Each worker loads the producer once and answers requests in order. Before every call of the
producer it says so; a worker that says nothing for too long is ended. Standard output of a worker
goes to standard error.
"""

import os
import time
import traceback
from dataclasses import dataclass, replace
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any

from refsem.errors import InputError
from refsem.fuzz.guarded import end
from refsem.hunt.campaign import Plan, run_batch
from refsem.hunt.judging import Finding
from refsem.hunt.producer import Producer, load_producer
from refsem.hunt.repro import python_repro
from refsem.hunt.shrink import shrink

_POLL = 0.5


@dataclass(frozen=True, slots=True)
class Worker:
    """A process and the line to it."""

    process: SpawnProcess
    line: Connection

    def end(self) -> None:
        """Stop the process, whatever it does, and what it started."""
        self.line.close()
        end(self.process)


@dataclass(frozen=True, slots=True)
class BatchRequest:
    """Run the batch of that number."""

    number: int
    count: int


@dataclass(frozen=True, slots=True)
class ShrinkRequest:
    """Shrink a finding and write its program."""

    finding: Finding


@dataclass(frozen=True, slots=True)
class _Calling:
    """The producer is about to be called."""


@dataclass(frozen=True, slots=True)
class _Defect:
    """A traceback of refsem itself."""

    text: str


class WorkerError(RuntimeError):
    """refsem itself failed in a worker; the traceback there is the message."""


def start(plan: Plan) -> Worker:
    """A worker for a plan; it loads the producer when it is first asked."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs, plan), daemon=True)
    process.start()
    theirs.close()
    return Worker(process, ours)


def serve(line: Connection, plan: Plan) -> None:
    """Answer requests until the line is closed."""
    os.dup2(2, 1)
    os.setsid()  # a group of its own, which is ended as a whole
    producer: Producer | None = None
    while True:
        try:
            request = line.recv()
        except EOFError:
            return
        try:
            producer = producer or _told(load_producer(plan.target), line)
            reply = _answer(producer, plan, request)
        except InputError as error:
            reply = error
        except Exception:  # noqa: BLE001  carried to the parent, which raises
            reply = _Defect(traceback.format_exc())
        line.send(reply)


def _told(producer: Producer, line: Connection) -> Producer:
    """The producer, saying so on the line before each call."""

    def function(*arguments: object, **attributes: object) -> object:
        line.send(_Calling())
        return producer.function(*arguments, **attributes)

    return replace(producer, function=function)


def _answer(producer: Producer, plan: Plan, request: BatchRequest | ShrinkRequest) -> object:
    match request:
        case BatchRequest():
            return run_batch(producer, plan, request.number, request.count)
        case ShrinkRequest():
            shrunk = shrink(producer, request.finding, dict(plan.fixed))
            return shrunk, python_repro(producer, shrunk)


def receive(workers: list[Worker], target: str, timeout: float) -> tuple[Worker, Any]:
    """The next reply of any of some busy workers.

    Raises `InputError` where the producer was refused, ended its process, or was silent too long.
    """
    heard = dict.fromkeys((worker.line for worker in workers), time.monotonic())
    by_line: dict[Any, Worker] = {worker.line: worker for worker in workers}
    while True:
        for line in wait(list(by_line), _POLL):
            worker = by_line[line]
            try:
                reply = worker.line.recv()
            except EOFError as error:
                worker.process.join()
                code = worker.process.exitcode
                message = f"the producer ended the process it ran in (exit status {code})"
                raise InputError("", target, message) from error
            match reply:
                case InputError():
                    raise reply
                case _Defect(text=text):
                    raise WorkerError(text)
                case _Calling():
                    heard[worker.line] = time.monotonic()
                case _:
                    return worker, reply
        if time.monotonic() - min(heard.values()) > timeout:
            raise InputError("", target, f"gave no answer in {timeout:g} s")
