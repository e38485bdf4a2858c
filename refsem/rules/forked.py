"""Work shared with forked copies of this process, whose results are handed back exactly.

A copy knows all that this process knows, prints nothing, flushes nothing and only answers; it is
ended with its answer, or with whoever asked. What a copy does not answer is done here, where any
reason shows. Trusted, as the replay is: results are those of the same code, by way of pickle.
"""

import os
import pickle
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Part = TypeVar("Part")
Value = TypeVar("Value")


def shared(parts: Sequence[Part], work: Callable[[Part], Value]) -> list[Value]:
    """What the work makes of each part, in order: of the first here, of each other in a copy."""
    others: list[_Copy[Value] | None] = []
    try:
        others.extend(_Copy[Value].of(work, part) for part in parts[1:])
        found = [work(part) for part in parts[:1]]
        for copy, part in zip(others, parts[1:], strict=True):
            answer = [] if copy is None else copy.answer()
            found.append(answer[0] if answer else work(part))
    finally:
        for copy in others:
            if copy is not None:
                copy.end()
    return found


@dataclass(frozen=True, slots=True)
class _Copy(Generic[Value]):
    """A process at work on a part, and the pipe on which it answers."""

    number: int
    pipe: int

    @classmethod
    def of(cls, work: Callable[[Part], Value], part: Part) -> "_Copy[Value] | None":
        """A copy of this process at work; None where the system gives no process."""
        if not hasattr(os, "fork"):
            return None
        reading, writing = os.pipe()
        try:
            number = os.fork()
        except OSError:
            os.close(reading)
            os.close(writing)
            return None
        if number:
            os.close(writing)
            return cls(number, reading)
        status = 1
        try:
            os.close(reading)
            with os.fdopen(writing, "wb") as stream:
                pickle.dump([work(part)], stream)
            status = 0
        finally:
            os._exit(status)

    def answer(self) -> list[Value]:
        """Its result in a list; an empty one if it ended without an answer."""
        with os.fdopen(os.dup(self.pipe), "rb") as stream:
            content = stream.read()
        try:
            found: list[Value] = pickle.loads(content)  # noqa: S301  written by our own copy
        except (EOFError, pickle.UnpicklingError):
            return []
        return found

    def end(self) -> None:
        """Stop the process, whatever it does."""
        os.close(self.pipe)
        os.kill(self.number, signal.SIGKILL)
        os.waitpid(self.number, 0)
