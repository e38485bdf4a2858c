"""`refsem lean`: the rules as a Lean 4 project, and what a real Lean says of it."""

from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from lean_export.checker import LIMITS, LeanReport, Verdict, check_project
from lean_export.project import LeanSummary, Target, write_project, write_run
from lean_export.runs import RunProject, run_project
from lean_export.trees import tree_project
from refsem.cli.terminal import print_json, report_console
from refsem.errors import InputError


@click.command()
@click.argument("directory", type=click.Path(path_type=Path))
@click.option(
    "--target",
    type=click.Choice([one.value for one in Target]),
    default="core",
    show_default=True,
    help="What the project builds on.",
)
@click.option("--ledger", type=click.Path(path_type=Path), help="Only that run's theorems.")
@click.option("--tree", type=click.Path(path_type=Path), help="Only that split tree's theorems.")
@click.option("--model", type=click.Path(path_type=Path), help="The network of --tree.")
@click.option(
    "--property", "property_", type=click.Path(path_type=Path), help="The property of --tree."
)
@click.option("--check", "checked", is_flag=True, help="Have a real Lean read it.")
@click.option("--cache", type=click.Path(path_type=Path), help="Where a packaged Lean is kept.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def lean(
    directory: Path,
    target: str,
    ledger: Path | None,
    tree: Path | None,
    model: Path | None,
    property_: Path | None,
    checked: bool,
    cache: Path | None,
    as_json: bool,
) -> int:
    """Write a Lean 4 project to DIRECTORY: a theorem for each obligation of each rule.

    With --ledger, the theorems of that run's network and of the rules it used. With --tree, the
    theorem that the property holds, by the cuts of that split tree.
    """
    if target != "core":
        if checked:
            raise InputError("", f"--target {target}", "cannot be checked here; check `core`")
        _say(f"what --target {target} adds is read by no Lean here: it is unchecked")
    run = _run(ledger, tree, model, property_)
    seconds = 0.0
    if run is None:
        summary = write_project(directory, target=Target(target))
    else:
        summary, seconds = write_run(directory, run, Target(target)), run.seconds
        _say(f"Lean is expected to take about {seconds:.0f} s over the network on an idle core")
    report = _read_by_lean(directory, cache, seconds) if checked else None
    if as_json:
        print_json(_object(summary, report))
    else:
        _print(directory, summary, report)
    return 0 if report is None or report.as_announced else 1


def _run(
    ledger: Path | None, tree: Path | None, model: Path | None, property_: Path | None
) -> RunProject | None:
    """What is to be exported instead of the catalogue; None if nothing."""
    if tree is None:
        for option, given in (("--model", model), ("--property", property_)):
            if given is not None:
                raise InputError("", option, "is for a --tree")
        return None if ledger is None else run_project(ledger)
    if ledger is not None:
        raise InputError("", "--tree", "is exported by itself, without a --ledger")
    if model is None or property_ is None:
        raise InputError(str(tree), "--model" if model is None else "--property", "is needed")
    return tree_project(tree, model, property_, _progress)


def _progress(leaves: int) -> None:
    if leaves % 10 == 0:
        _say(f"{leaves} leaves bounded")


def _say(message: str) -> None:
    click.echo(f"refsem: {message}", err=True)


def _read_by_lean(directory: Path, cache: Path | None, seconds: float) -> LeanReport:
    return check_project(directory, _say, cache=cache, limits=LIMITS.expecting(seconds))


def _object(summary: LeanSummary, report: LeanReport | None) -> dict[str, object]:
    found: dict[str, object] = {
        "theorems": summary.theorems,
        "closed": summary.closed,
        "relative": summary.relative,
        "stubs": summary.stubs,
    }
    if report is not None:
        found |= {
            "lean": report.lean,
            "closed": report.count(Verdict.CLOSED),
            "relative": report.count(Verdict.RELATIVE),
            "stubs": report.count(Verdict.STUB),
            "errors": report.errors,
            "sorries": report.sorries,
        }
    return found


def _print(directory: Path, summary: LeanSummary, report: LeanReport | None) -> None:
    console = report_console()
    console.print(
        Text(
            f"{summary.theorems} theorems written to {directory}: announced {summary.closed} "
            f"closed, {summary.relative} relative to facts, {summary.stubs} stubs"
        )
    )
    if report is None:
        console.print(Text("not read by any Lean; `--check` has one read it", "dim"))
        return
    console.print(
        Text(
            f"read by {report.lean} in {report.seconds:.0f} s: {report.count(Verdict.CLOSED)} "
            f"closed, {report.count(Verdict.RELATIVE)} relative, {report.count(Verdict.STUB)} "
            f"stubs, {report.errors} errors, {report.sorries} sorries"
        )
    )
    table = Table(box=None, pad_edge=False, show_header=False)
    for theorem in report.theorems:
        if theorem.verdict is Verdict.ERROR:
            table.add_row(f"{theorem.file}:{theorem.line}", Text(theorem.name), theorem.message)
    for problem in report.problems:
        table.add_row(f"{problem.file}:{problem.line}", "", Text(problem.message))
    if table.row_count:
        console.print(table)
