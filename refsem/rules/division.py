"""A backward pass over parts of its rows, one process each. Trusted, as the replay is.

Every row of a target has forms of its own, and no step of a pass looks at two rows: the box of
some rows of the target is that part of the box of all of them. Each part is established by the
replay's own lifts, the first here and the others in forked processes (`refsem.rules.forked`). The
parts' boxes are joined, and the applications recorded are those of the whole pass.
"""

from collections.abc import Sequence
from functools import partial
from itertools import pairwise

from refsem.exact import ExactTensor
from refsem.exact.tensor import concatenate
from refsem.rules.forked import shared
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
    replay: Replay, applications: Sequence[Application], processes: int
) -> int:
    """The index of the box that a pass ends in, established over parts of the target's rows.

    How many these are is what the target's form says, nobody else.

    `ReplayError` if an application does not follow; `ValueError` for what is no pass.
    """
    _check_pass(replay, applications)
    rows = _height(replay, applications[0])
    ends = [rows * part // processes for part in range(processes + 1)]
    parts = [part for part in pairwise(ends) if part[0] < part[1]]
    boxes = shared(parts, partial(_part, replay, applications))
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


def _copy(replay: Replay) -> Replay:
    """A replay that goes on from here, on its own."""
    return Replay(
        replay.prepared,
        replay.regions,
        replay.targets,
        list(replay.applications),
        list(replay.judgements),
    )


def _height(replay: Replay, start: Application) -> int:
    """The rows of the form that a pass starts with."""
    own = _copy(replay)
    form = own.judgements[own.establish(start)]
    if not isinstance(form, Form):
        raise TypeError("a pass starts with a form")
    return int(form.constant.shape[0])


def _part(
    replay: Replay, applications: Sequence[Application], rows: Rows
) -> tuple[ExactTensor, ExactTensor]:
    """The ends of the box of these rows of the target."""
    first = len(replay.judgements)
    own = _copy(replay)
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
