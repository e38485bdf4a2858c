"""A module of producers as a user would write it, for the command line."""

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Answer = dict[str, Array]


def right(op: str, lower: Array, upper: Array) -> Answer:
    """ReLU's interval."""
    del op
    return {"lower": np.maximum(lower[0], 0), "upper": np.maximum(upper[0], 0)}


def wrong(op: str, lower: Array, upper: Array) -> Answer:
    """An upper end of half the right one."""
    return right(op, lower, upper) | {"upper": np.maximum(upper[0], 0) / 2}


def leaky(op: str, lower: Array, upper: Array, alpha: float) -> Answer:
    """As if alpha were positive."""
    del op, upper
    return {"lower": np.where(lower[0] < 0, alpha * lower[0], lower[0])}


def noisy(op: str, lower: Array, upper: Array) -> Answer:
    """Prints on standard output."""
    print("hello")  # noqa: T201
    return wrong(op, lower, upper)


def raising(op: str, lower: Array, upper: Array) -> Answer:
    del lower, upper
    raise ValueError(f"no {op}")


def leaving(op: str, lower: Array, upper: Array) -> Answer:
    del op, lower, upper
    sys.exit(0)


def dying(op: str, lower: Array, upper: Array) -> Answer:
    del op, lower, upper
    os._exit(9)


def hanging(op: str, lower: Array, upper: Array) -> Answer:
    del op, lower, upper
    time.sleep(100)


def starting(op: str, lower: Array, upper: Array) -> Answer:
    """Starts a process, says which, and hangs."""
    command = [sys.executable, "-c", "import time; time.sleep(100)"]
    nothing = subprocess.DEVNULL
    started = subprocess.Popen(command, stdin=nothing, stdout=nothing, stderr=nothing)
    Path(os.environ["HUNTED_STARTED"]).write_text(str(started.pid))
    return hanging(op, lower, upper)


def shapeless(op: str, lower: Array, upper: Array) -> Answer:
    del op, upper
    return {"lower": lower}
