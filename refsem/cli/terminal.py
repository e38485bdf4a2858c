"""What the commands share: consoles, progress on standard error, JSON on standard output."""

import importlib
import importlib.util
import io
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from refsem.rules.propagation import Progress as Report


def peak_memory() -> int | None:
    """The most memory this process has held, in bytes; None where the platform does not say."""
    if importlib.util.find_spec("resource") is None:
        return None
    resource = importlib.import_module("resource")
    most = int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    return most if sys.platform == "darwin" else most * 1024


def report_console() -> Console:
    """The console for reports: standard output, as wide as it is (100 where that is unknown).

    Names come from files: nothing in them is markup.
    """
    width = None if sys.stdout.isatty() else 100
    return Console(file=sys.stdout, width=width, highlight=False, markup=False, emoji=False)


def print_json(found: object) -> None:
    """One JSON object on standard output, in ASCII: any stream can carry it."""
    click.echo(json.dumps(found, allow_nan=False, indent=2))


def tolerate_narrow_streams() -> None:
    """Let what a stream's encoding lacks be escaped: a sign must not end a run with a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


@contextmanager
def layer_progress() -> Iterator[Report]:
    """A progress bar over layers on standard error, shown only to a person."""
    with count_progress("bounds") as report:
        yield report


@contextmanager
def count_progress(description: str) -> Iterator[Report]:
    """A progress bar over countable things on standard error, shown only to a person.

    It is told the name of the thing at hand, how many are done, and how many there are.
    """
    console = Console(file=sys.stderr)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeRemainingColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task(description, total=None)

        def report(name: str, done: int, count: int) -> None:
            bar.update(task, description=name, completed=done, total=count)

        yield report
