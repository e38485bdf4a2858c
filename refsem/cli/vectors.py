"""`refsem vectors`: conformance vectors put to the model and the kernel."""

import os
from collections import Counter
from pathlib import Path

import click
from rich.console import Console
from rich.text import Text

from refsem.cli.terminal import count_progress, print_json, report_console
from refsem.errors import InputError
from refsem.fuzz.conformance import SHOWN, Against, Conformance, check_files

MOST_REASONS = 20
"""Reasons for skipping that are printed; with `--json` all are."""


@click.command()
@click.argument("paths", metavar="PATH...", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--against",
    type=click.Choice([choice.value for choice in Against]),
    default=Against.BOTH.value,
    show_default=True,
    help="What answers.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def vectors(paths: tuple[Path, ...], against: str, as_json: bool) -> int:
    """Check every line of vector files: TestFloat, glibc, WebAssembly, hard-to-round lists.

    Exit status 0 if all pass, 1 if one fails, 2 if nothing was run, 3 for a malformed file.
    """
    if not paths:
        raise InputError("", "PATH", "at least one file or folder is needed")
    with count_progress("vectors") as progress:
        found = check_files(paths, Against(against), os.cpu_count() or 1, progress)
    if as_json:
        print_json(_object(found))
    else:
        _print(report_console(), found)
    if found.failed:
        return 1
    return 0 if found.passed else 2


def _object(found: Conformance) -> dict[str, object]:
    return {
        "passed": found.passed,
        "failed": found.failed,
        "skipped": found.skipped_lines,
        "failures": [
            {
                "file": failure.file,
                "line": failure.line,
                "against": failure.against,
                "call": failure.call,
                "expected": failure.expected,
                "got": failure.got,
            }
            for failure in found.failures
        ],
        "skips": [
            {"file": file, "reason": reason, "lines": count}
            for file, reason, count in found.skipped
        ],
    }


def _print(console: Console, found: Conformance) -> None:
    def line(text: str, style: str = "") -> None:
        console.print(Text(text, style=style), soft_wrap=True)

    for failure in found.failures:
        place = f"{failure.file}:{failure.line}: {failure.call}"
        answers = f"expected {failure.expected}, {failure.against} got {failure.got}"
        line(f"{place}: {answers}", "red")
    if found.failed > SHOWN:
        line(f"… and {found.failed - SHOWN} more failures")
    reasons = Counter[str]()
    for _, reason, count in found.skipped:
        reasons[reason] += count
    for reason, count in reasons.most_common(MOST_REASONS):
        line(f"skipped {count}: {reason}", "dim")
    rest = reasons.most_common()[MOST_REASONS:]
    if rest:
        others = sum(count for _, count in rest)
        line(f"skipped {others}: {len(rest)} other reasons (--json has them)", "dim")
    line(f"{found.passed} passed, {found.failed} failed, {found.skipped_lines} skipped")
