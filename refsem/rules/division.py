"""A backward pass over parts of its rows, one process each. Trusted, as the replay is.

Every row of a target has forms of its own, and no step of a pass looks at two rows: the box of
some rows of the target is that part of the box of all of them. Each part is established by the
replay's own lifts, the first here and the others in forked processes, whose integers are handed
back exactly; a process that ends without an answer is done without. The parts' boxes are joined,
and the applications recorded are those of the whole pass.
"""

import os
import pickle
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from refsem.exact import ExactTensor
from refsem.exact.tensor import concatenate
from refsem.rules.passes import last_needed
from refsem.rules.replay import Replay
from refsem.rules.trace import Application, Box, Forgotten, Form, Line

Rows = tuple[int, int]
_BY_ROWS = frozenset(
    {
        *("substitute_affine", "substitute_upper", "substitute_lower"),
        *("substitute_plane_upper", "substitute_plane_lower"),
    }
)
"""The rules whose lifts look at each row of a form alone."""


def established_in_parts(
    replay: Replay, applications: Sequence[Application], rows: int, processes: int
) -> int:
    """The index of the box that a pass ends in, established over parts of the target's rows.

    `ReplayError` if an application does not follow; `ValueError` for what is no pass.
    """
    _check_pass(replay, applications)
    ends = [rows * part // processes for part in range(processes + 1)]
    parts = [part for part in pairwise(ends) if part[0] < part[1]]
    others: list[_Child | None] = []
    try:
        others.extend(_Child.of(replay, applications, part) for part in parts[1:])
        boxes = [_part(replay, applications, part) for part in parts[:1]]
        for child, part in zip(others, parts[1:], strict=True):
            boxes.append((child and child.answer()) or _part(replay, applications, part))
    finally:
        for child in others:
            if child is not None:
                child.end()
    lower, upper = (concatenate(list(end), 1) for end in zip(*boxes, strict=True))
    replay.applications.extend(applications)
    replay.judgements.extend(Forgotten() for _ in applications[1:])
    replay.judgements.append(Box(applications[0].node, lower, upper))
    return len(replay.judgements) - 1


def _check_pass(replay: Replay, applications: Sequence[Application]) -> None:
    """Refuse, with `ValueError`, what could look at more than one row."""
    first = len(replay.judgements)
    start, *between, end = applications
    rules = {application.rule for application in between}
    if (start.rule, end.rule, end.node) != ("start_form", "concretise", start.node):
        raise ValueError("a pass starts with the form of a target and ends in its box")
    if not rules <= _BY_ROWS:
        raise ValueError(f"not row by row: {sorted(rules - _BY_ROWS)}")
    for application in applications:
        for role, index in application.suppliers.items():
            if not 0 <= index < first:
                continue  # the replay refuses what is not earlier
            match replay.judgements[index]:
                case Form():
                    raise ValueError(f"supplier {role!r} is a form from outside the pass")
                case Line(slope=slope) if slope.shape[0] != 1:
                    raise ValueError(f"supplier {role!r} is a line for single rows")
                case _:
                    continue


def _part(
    replay: Replay, applications: Sequence[Application], rows: Rows
) -> tuple[ExactTensor, ExactTensor]:
    """The ends of the box of these rows of the target."""
    first = len(replay.judgements)
    own = Replay(
        replay.prepared,
        replay.regions,
        replay.targets,
        list(replay.applications),
        list(replay.judgements),
    )
    for application, needless in zip(applications, last_needed(applications, first), strict=True):
        index = own.establish(application)
        if index == first:
            own.judgements[index] = _rows_of(own.judgements[index], rows)
        own.forget(needless)
    box = own.box(len(own.judgements) - 1)
    if box.lower.shape != (1, rows[1] - rows[0]):
        raise ValueError(f"the box of rows {rows} has {box.lower.size} entries")
    return box.lower, box.upper


def _rows_of(form: object, rows: Rows) -> Form:
    if not isinstance(form, Form):
        raise TypeError("a pass starts with a form")
    part = slice(*rows)
    coefficients = {name: value[part] for name, value in form.coefficients.items()}
    return Form(form.target, form.side, coefficients, form.constant[part])


@dataclass(frozen=True, slots=True)
class _Child:
    """A process that establishes a part, and the pipe on which it answers."""

    number: int
    pipe: int

    @classmethod
    def of(cls, replay: Replay, applications: Sequence[Application], rows: Rows) -> "_Child | None":
        """A copy of this process at work; it prints nothing, flushes nothing and only answers.

        None where the system gives no process.
        """
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
                pickle.dump(_part(replay, applications, rows), stream)
            status = 0
        finally:
            os._exit(status)

    def answer(self) -> tuple[ExactTensor, ExactTensor] | None:
        """The ends of its box; None if it ended without an answer, whose reason is found anew."""
        with os.fdopen(os.dup(self.pipe), "rb") as stream:
            content = stream.read()
        try:
            lower, upper = pickle.loads(content)  # noqa: S301  written by our own copy
        except (EOFError, pickle.UnpicklingError):
            return None
        return lower, upper

    def end(self) -> None:
        """Stop the process, whatever it does."""
        os.close(self.pipe)
        os.kill(self.number, signal.SIGKILL)
        os.waitpid(self.number, 0)
