"""`refsem profile`: one table of what a platform does."""

from dataclasses import asdict

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from refsem.cli.terminal import count_progress, print_json, report_console
from refsem.errors import InputError
from refsem.fuzz.accuracy import Accuracy
from refsem.fuzz.guarded import DEFAULT_PATIENCE
from refsem.fuzz.profile import EVERY_PATTERN, Profile, Wanted, guarded_profile

DEFAULT_SIZES = (8, 64, 100, 1000)
DEFAULT_SAMPLES = 2000
MOST_TERMS = 1 << 16


@click.command(name="profile")
@click.argument("target")
@click.option("--op", "operations", multiple=True, metavar="NAME", help="An operation to ask.")
@click.option("--size", "sizes", multiple=True, type=int, help="Terms of measured reductions.")
@click.option(
    "--samples", type=int, default=DEFAULT_SAMPLES, show_default=True, help="Operands a function."
)
@click.option("--exhaustive", "every", is_flag=True, help="All 2^32 operands (hours).")
@click.option(
    "--timeout",
    "patience",
    type=float,
    default=DEFAULT_PATIENCE,
    show_default=True,
    help="Seconds of silence after which the target is ended.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def profile_command(
    target: str,
    operations: tuple[str, ...],
    sizes: tuple[int, ...],
    samples: int,
    every: bool,
    patience: float,
    as_json: bool,
) -> int:
    """Say what TARGET does where IEEE 754 leaves a choice, or is not followed.

    The order of sums is measured, then confirmed by evaluating it exactly, bit for bit.
    TARGET is named as for `refsem fuzz`; a Python module or a library is executed.
    """
    for size in sizes:
        if not 1 <= size <= MOST_TERMS:
            raise InputError("", "--size", f"must lie between 1 and {MOST_TERMS}")
    if samples < 0:
        raise InputError("", "--samples", "must not be negative")
    wanted = Wanted(sizes or DEFAULT_SIZES, samples, EVERY_PATTERN if every else 0)
    if not 0 < patience < float("inf"):
        raise InputError("", "--timeout", "must be a positive number")
    with count_progress("profile") as progress:
        found = guarded_profile(target, operations, wanted, patience, progress)
    if as_json:
        print_json(asdict(found))
    else:
        _print(report_console(), found)
    return 0


def _print(console: Console, found: Profile) -> None:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("topic", "asked", "does"):
        table.add_column(column, overflow="fold")
    for row in found.rows:
        table.add_row(row.topic, row.asked, row.does)
    for accuracy in found.accuracies:
        table.add_row("accuracy", accuracy.function, _accuracy_text(accuracy))
    for reduction in found.reductions:
        kernel = " and in the kernel" if reduction.in_kernel else ""
        trials = f"confirmed exactly{kernel} on {reduction.trials} operands"
        verdict = trials if reduction.confirmed else "NOT CONFIRMED: no such order gives its bits"
        asked = f"{reduction.name} of {reduction.size}"
        style = "" if reduction.confirmed else "red"
        table.add_row("order", asked, f"{reduction.order}: {verdict}", style=style)
    console.print(Text(f"profile of {found.target}", style="bold"))
    console.print(table)


def _accuracy_text(accuracy: Accuracy) -> str:
    if not accuracy.differing and not accuracy.wrong:
        return f"correctly rounded on {accuracy.checked} operands"
    share = f"{accuracy.differing} of {accuracy.checked} not correctly rounded"
    worst = "" if accuracy.worst is None else f", at {accuracy.worst:08X}"
    wrong = f", {accuracy.wrong} wrong about NaN" if accuracy.wrong else ""
    return f"{share}, at most {accuracy.most_ulps} ulp{worst}{wrong}"
