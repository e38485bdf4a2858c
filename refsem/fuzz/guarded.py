"""Code that may hang, or end its process: run in a child, or under an alarm, and ended in time.

Patience is the time for which nothing is heard: work that reports now and then may take as long as
it likes. What is ended takes everything it started with it, and is said to have hung by name.

An alarm interrupts Python, and calls that wait; a loop inside C it does not reach. That is why
libraries run in children only.
"""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from types import FrameType
from typing import Any

from refsem.errors import InputError

Report = Callable[[str, int, int], None]
"""Told what is at hand, how much is done, and how much there is in all."""

DEFAULT_PATIENCE = 60.0
STARTING = 60.0
"""Seconds a child may take beyond that until it is at work: the machine may be busy."""
_SENT_EVERY = 0.1
"""Seconds between reports of a child: they tell that it lives, and move a bar."""


class _AlarmError(BaseException):
    """The alarm went off; no target's exception handling takes it for its own."""


def hung(target: str, patience: float) -> InputError:
    """The error that names a target which hung."""
    return InputError("", target, f"gave no answer for {patience:g} seconds and was ended")


def ended(target: str) -> InputError:
    """The error that names a target which ended the process it ran in."""
    return InputError("", target, "the target ended the process it ran in")


def in_child(
    target: str,
    work: Callable[..., Any],
    arguments: tuple[object, ...],
    patience: float,
    report: Report,
) -> Any:  # noqa: ANN401  whatever the work gives
    """What work(*arguments, report) gives, in a process of its own; its exceptions are raised.

    Raises `InputError` where the process ends by itself, or nothing is heard from it for so long.
    """
    context = get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    child = context.Process(target=_serve, args=(theirs, work, arguments), daemon=True)
    child.start()
    theirs.close()
    wait = STARTING + patience
    try:
        while True:
            if not ours.poll(wait):
                raise hung(target, patience)
            try:
                kind, told = ours.recv()
            except EOFError as error:
                raise ended(target) from error
            wait = patience
            if kind == "error":
                raise told
            if kind == "result":
                return told
            if kind == "report":
                report(*told)
    finally:
        end(child)
        ours.close()


def end(child: BaseProcess) -> None:
    """End a child, with what it started where it leads a group of its own."""
    if child.pid is not None and child.is_alive():
        with suppress(ProcessLookupError, PermissionError):
            if os.getpgid(child.pid) == child.pid:
                os.killpg(child.pid, signal.SIGKILL)
        child.kill()
    child.join()


def _serve(pipe: Connection, work: Callable[..., Any], arguments: tuple[object, ...]) -> None:
    os.setsid()
    pipe.send(("started", None))
    sent = 0.0

    def report(name: str, done: int, count: int) -> None:
        nonlocal sent
        if time.monotonic() - sent >= _SENT_EVERY:
            pipe.send(("report", (name, done, count)))
            sent = time.monotonic()

    try:
        pipe.send(("result", work(*arguments, report)))
    except Exception as error:  # noqa: BLE001  it is raised where the work was asked for
        pipe.send(("error", error))


@contextmanager
def alarmed(target: str, patience: float, report: Report) -> Iterator[Report]:
    """A report that also puts the alarm off; `InputError` when it goes off.

    There is no alarm outside of the main thread.
    """
    if threading.current_thread() is not threading.main_thread():
        yield report
        return

    def put_off(name: str, done: int, count: int) -> None:
        signal.setitimer(signal.ITIMER_REAL, patience)
        report(name, done, count)

    before = signal.signal(signal.SIGALRM, _go_off)
    try:
        signal.setitimer(signal.ITIMER_REAL, patience)
        yield put_off
    except _AlarmError as error:
        raise hung(target, patience) from error
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _go_off(_number: int, _frame: FrameType | None) -> None:
    raise _AlarmError
