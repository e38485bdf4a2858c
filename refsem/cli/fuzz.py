"""`refsem fuzz`: a target put to the model on corner cases."""

import os
import secrets
from pathlib import Path

import click
from rich.console import Console
from rich.text import Text

from refsem.binary32.catalogue import Kind
from refsem.cli.fuzz_reductions import (
    NONE,
    divided,
    halved,
    orders_lines,
    orders_object,
    reduction_lines,
    shown_object,
)
from refsem.cli.terminal import count_progress, print_json, report_console
from refsem.errors import InputError
from refsem.fuzz.campaign import Found, Plan, run
from refsem.fuzz.division import Budget, Course
from refsem.fuzz.graph_campaign import GraphFinding, fuzz_model, plan_of
from refsem.fuzz.guarded import DEFAULT_PATIENCE
from refsem.fuzz.judging import Finding, Nans
from refsem.fuzz.operations import BY_NAME
from refsem.fuzz.record import Recorded, finding_object, graph_object, read_record, write_record
from refsem.fuzz.reduction_campaign import ReductionsFound, run_reductions
from refsem.fuzz.reduction_repro import reduction_repro
from refsem.fuzz.repro import Repro, value_text
from refsem.rounding import Mode

DEFAULT_SECONDS = 10.0
MOST_SHOWN = 12
"""Findings printed; with `--json` and in the file are all."""
GRAPH = "onnxruntime:"
_SEED_BITS = 32
_CORES = os.cpu_count() or 1


@click.command()
@click.argument("target")
@click.option("--op", "operations", multiple=True, metavar="NAME", help="An operation to ask.")
@click.option(
    "--mode",
    "modes",
    multiple=True,
    type=click.Choice([mode.value for mode in Mode]),
    help="A mode.",
)
@click.option("--seconds", type=float, help=f"Time to search [default: {DEFAULT_SECONDS:g}].")
@click.option("--count", type=int, help="Cases to ask, instead of a time.")
@click.option("--seed", type=int, help="Repeat the campaign of this seed.")
@click.option(
    "--nans",
    type=click.Choice([rule.value for rule in Nans]),
    help="How NaN results are compared [default: exact for kernel, any elsewhere].",
)
@click.option(
    "--write",
    "file",
    type=click.Path(path_type=Path),
    help="Write what was found here; continue from it if it is there.",
)
@click.option(
    "--timeout",
    "patience",
    type=float,
    default=DEFAULT_PATIENCE,
    show_default=True,
    help="Seconds of silence after which the target is ended.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def fuzz(
    target: str,
    operations: tuple[str, ...],
    modes: tuple[str, ...],
    seconds: float | None,
    count: int | None,
    seed: int | None,
    nans: str | None,
    file: Path | None,
    patience: float,
    as_json: bool,
) -> int:
    """Search for operands on which TARGET departs from the model.

    TARGET is kernel, numpy, torch, python:module[:function], library:FILE.so or
    onnxruntime:MODEL.onnx. A Python module or a library is executed. Elementary functions are
    asked only by --op; so are sum and dot, but of a library.

    Exit status 1 for a mismatch; 2 for none, since a search that found nothing proves nothing.
    """
    budget = campaign_budget(seconds, count)
    plan = Plan(
        target,
        operations,
        tuple(Mode(mode) for mode in modes),
        None if nans is None else Nans(nans),
        secrets.randbits(_SEED_BITS) if seed is None else seed,
    )
    if not 0 < patience < float("inf"):
        raise InputError("", "--timeout", "must be a positive number")
    if target.startswith(GRAPH):
        return _fuzz_graph(plan, file, budget, patience, as_json)
    start = Recorded() if file is None else read_record(file, plan)
    with count_progress("fuzz") as progress:
        scalars, reductions = divided(plan, patience, progress)
        share = halved(budget) if scalars and reductions else budget
        found, reduced = Found(start.functions, ()), NONE
        if scalars is not None:
            found = run(scalars, share, start.functions, _CORES, patience, progress)
        if reductions is not None:
            reduced = run_reductions(
                reductions, share, start.reductions, _CORES, patience, progress
            )
    if file is not None:
        write_record(file, plan, Recorded(found.course, reduced.course))
    if as_json:
        print_json(_object(plan, found, reduced))
    else:
        _print(report_console(), plan, found, reduced)
    return 1 if found.course.mismatches or reduced.course.mismatches else 2


def _fuzz_graph(
    plan: Plan, file: Path | None, budget: Budget, patience: float, as_json: bool
) -> int:
    """A campaign on a whole graph, which has operations and modes of its own."""
    asked = {"--op": plan.operations, "--mode": plan.modes, "--nans": plan.nans}
    for option, given in asked.items():
        if given:
            raise InputError("", option, "is not for whole graphs")
    graph = plan_of(plan.target.removeprefix(GRAPH), plan.seed)
    start = Recorded() if file is None else read_record(file, graph)
    with count_progress("fuzz") as progress:
        found = fuzz_model(graph, budget, start.graph, _CORES, patience, progress)
    if file is not None:
        write_record(file, graph, Recorded(graph=found))
    if as_json:
        smallest = graph_object(found.findings[0]) if found.findings else None
        counts = {"checked": found.checked, "mismatches": found.mismatches, "smallest": smallest}
        print_json({"target": plan.target, "seed": plan.seed, **counts})
    else:
        _print_graph(report_console(), plan, found)
    return 1 if found.mismatches else 2


def _print_graph(console: Console, plan: Plan, found: Course[GraphFinding]) -> None:
    def line(text: str) -> None:
        console.print(Text(text), soft_wrap=True)

    for finding in found.findings:
        value = value_text(Kind.BINARY32, finding.got)
        line(f"{finding.output}[{finding.index}] is {finding.got:08X} = {value}")
        line(f"no order of its sums leaves [{finding.lower}, {finding.upper}]; inputs:")
        for name, row in finding.inputs:
            line(f"{name}: {' '.join(f'{bits:08X}' for bits in row)}")
    if not found.findings:
        line("found nothing: no proof that there is nothing")
    line(f"seed {plan.seed}: {found.checked} checked, {found.mismatches} mismatches")


def campaign_budget(seconds: float | None, count: int | None) -> Budget:
    """The budget of a search; `InputError` where the options are not one."""
    if seconds is not None and count is not None:
        raise InputError("", "--seconds", "and --count are alternatives")
    if seconds is not None and not 0 < seconds < float("inf"):
        raise InputError("", "--seconds", "must be a positive number")
    if count is not None and count < 1:
        raise InputError("", "--count", "must be at least 1")
    if seconds is None and count is None:
        seconds = DEFAULT_SECONDS
    return Budget(count, seconds)


def _object(plan: Plan, found: Found, reduced: ReductionsFound) -> dict[str, object]:
    findings = [
        _finding_object(finding, repro)
        for finding, repro in zip(found.course.findings, found.repros, strict=True)
    ]
    findings += [shown_object(plan.target, finding) for finding in reduced.course.findings]
    return {
        "target": plan.target,
        "seed": plan.seed,
        "checked": found.course.checked + reduced.course.checked,
        "mismatches": found.course.mismatches + reduced.course.mismatches,
        "smallest": findings[0] if findings else None,
        "findings": findings,
        "orders": orders_object(reduced),
    }


def _finding_object(finding: Finding, repro: Repro) -> dict[str, object]:
    return {
        **finding_object(finding),
        "values": [value_text(kind, bits) for kind, bits in _operands(finding)],
        "python": repro.python,
        "c": repro.c,
    }


def _operands(finding: Finding) -> list[tuple[Kind, int]]:
    kinds = BY_NAME[finding.question.operation].operands
    return list(zip(kinds, finding.operands, strict=True))


def _print(console: Console, plan: Plan, found: Found, reduced: ReductionsFound) -> None:
    def line(text: str, style: str = "") -> None:
        console.print(Text(text, style=style), soft_wrap=True)

    for finding in found.course.findings[:MOST_SHOWN]:
        line(_finding_text(finding), "red")
    if len(found.course.findings) > MOST_SHOWN:
        more = len(found.course.findings) - MOST_SHOWN
        line(f"… and {more} more operations and modes (--json has them)")
    for reduction in reduced.course.findings:
        for text in reduction_lines(reduction):
            line(text, "red")
    repros = (
        *found.repros,
        *(reduction_repro(plan.target, one) for one in reduced.course.findings),
    )
    if repros:
        line("the smallest, in Python:", "bold")
        line(repros[0].python)
        if repros[0].c:
            line("in C:", "bold")
            line(repros[0].c)
    for text in orders_lines(reduced):
        line(text)
    mismatches = found.course.mismatches + reduced.course.mismatches
    if not mismatches:
        line("found nothing: no proof that there is nothing")
    checked = found.course.checked + reduced.course.checked
    line(f"seed {plan.seed}: {checked} checked, {mismatches} mismatches", "bold")


def _finding_text(finding: Finding) -> str:
    """Operation, mode, operands as bits and values, and both answers."""
    question = finding.question
    result = BY_NAME[question.operation].result
    operands = ", ".join(
        f"{bits:0{max(1, kind.width // 4)}X} = {value_text(kind, bits)}"
        for kind, bits in _operands(finding)
    )

    def answer(bits: int, flags: int) -> str:
        text = f"{bits:0{max(1, result.width // 4)}X} = {value_text(result, bits)}"
        return f"{text}, flags {flags:02X}" if finding.flags_compared else text

    environment = question.environment
    departures = "".join(
        f" {name}" for name in ("flush_to_zero", "denormals_are_zero") if getattr(environment, name)
    )
    if finding.flags_compared:
        departures += f" tininess {environment.tininess.value}, NaN {environment.nan_policy.value}"
    got = finding.foreign or answer(*finding.got)
    return (
        f"{question.operation} {question.mode.value}{departures}: {operands}: "
        f"right {answer(*finding.expected)}; got {got}"
    )
