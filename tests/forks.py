"""Which copies of this process were made, so that a test can say that none of them is left.

A process may have other children, a tracker of `multiprocessing` for one: those are not asked for.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def none_left() -> Iterator[None]:
    """At its end, copies were made and every one of them is ended and waited for."""
    fork = os.fork
    made: list[int] = []

    def recorded() -> int:
        number = fork()
        made.append(number)
        return number

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(os, "fork", recorded)
        yield
    assert made
    for number in made:
        with pytest.raises(ChildProcessError):
            os.waitpid(number, os.WNOHANG)
