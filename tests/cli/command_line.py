"""What the tests of the command line pass around: a run, the command, and small files."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Run:
    """What a command gave: exit status and the two streams."""

    status: int
    out: str
    err: str


Command = Callable[..., Run]


@dataclass(frozen=True, slots=True)
class Files:
    """y = |x| over [−1, 1/3], as a model, three properties and three bounds files.

    They are named after the verdict that `--method ibp` gives: intervals reach [0, 4/3] only.
    """

    folder: Path
    model: Path
    properties: dict[str, Path]
    bounds: dict[str, Path]
