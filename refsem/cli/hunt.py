"""`refsem hunt`: a black-box producer of bounds, and boxes on which its bounds are false."""

import os
import secrets

import click
from gmpy2 import mpq
from rich.console import Console
from rich.text import Text

from refsem.binary32.catalogue import Kind
from refsem.cli.fuzz import DEFAULT_SECONDS, campaign_budget
from refsem.cli.terminal import count_progress, print_json, report_console
from refsem.errors import InputError
from refsem.hunt.campaign import Plan
from refsem.hunt.judging import Finding
from refsem.hunt.running import Found, Shown, hunt

DEFAULT_TIMEOUT = 120.0
_SEED_BITS = 32
_PROCESSES = 2


@click.command("hunt")
@click.argument("target")
@click.option("--op", "operator", required=True, metavar="NAME", help="The operator bounded.")
@click.option("--seconds", type=float, help=f"Time to search [default: {DEFAULT_SECONDS:g}].")
@click.option("--count", type=int, help="Boxes to ask about, instead of a time.")
@click.option("--seed", type=int, help="Repeat the hunt of this seed.")
@click.option(
    "--format",
    "format_",
    type=click.Choice([Kind.BINARY32.value, Kind.BINARY64.value]),
    default=Kind.BINARY32.value,
    help="What the ends of boxes are values of [default: binary32].",
)
@click.option(
    "--attribute", "attributes", multiple=True, metavar="NAME=VALUE", help="Fix an attribute."
)
@click.option(
    "--timeout",
    type=float,
    default=DEFAULT_TIMEOUT,
    help=f"Seconds a call may take [default: {DEFAULT_TIMEOUT:g}].",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def hunt_command(
    target: str,
    operator: str,
    seconds: float | None,
    count: int | None,
    seed: int | None,
    format_: str,
    attributes: tuple[str, ...],
    timeout: float,
    as_json: bool,
) -> int:
    """Search for boxes on which the bounds of TARGET are false.

    TARGET is python:module:function, which is executed in a process of its own, refsem,
    auto_lirpa[:OPTION,…] or marabou.

    Exit status 1 for a false claim; 2 for none, since a search that found nothing proves nothing.
    """
    plan = Plan(
        target,
        operator,
        tuple(_attribute(text) for text in attributes),
        Kind(format_),
        secrets.randbits(_SEED_BITS) if seed is None else seed,
    )
    budget = campaign_budget(seconds, count)
    if not 0 < timeout < float("inf"):
        raise InputError("", "--timeout", "must be a positive number")
    processes = min(_PROCESSES, os.cpu_count() or 1)
    with count_progress("hunt") as progress:
        found = hunt(plan, budget, processes, timeout, progress)
    if as_json:
        print_json(_object(plan, found))
    else:
        _print(report_console(), plan, found)
    return 1 if found.false else 2


def _attribute(text: str) -> tuple[str, mpq]:
    name, separator, value = text.partition("=")
    try:
        number = mpq(value)
    except ValueError:
        separator = ""
    if not separator or mpq(float(number)) != number:
        raise InputError("", "--attribute", f"{text!r} is no NAME=VALUE of a binary64 value")
    return name, number


def _object(plan: Plan, found: Found) -> dict[str, object]:
    findings = [_finding_object(shown) for shown in found.shown]
    return {
        "target": plan.target,
        "op": plan.operator,
        "format": plan.format.value,
        "seed": plan.seed,
        "checked": found.checked,
        "unclaimed": found.unclaimed,
        "false": found.false,
        "kind": found.shown[0].finding.kind.value if found.shown else None,
        "kinds": {kind.value: count for kind, count in found.kinds.items()},
        "smallest": findings[0] if findings else None,
        "findings": findings,
    }


def _finding_object(shown: Shown) -> dict[str, object]:
    finding = shown.finding
    violation = finding.violation
    exact = violation is not None and violation.value.lower == violation.value.upper
    names = finding.statement.operands
    return {
        "claim": finding.claim,
        "kind": finding.kind.value,
        "attributes": {name: str(value) for name, value in finding.statement.attributes},
        "box": {
            "lower": [str(mpq(low)) for low, _ in finding.box],
            "upper": [str(mpq(high)) for _, high in finding.box],
        },
        "slopes": [repr(slope) for slope in finding.slopes] if finding.line else None,
        "bound": repr(finding.intercept),
        "point": None
        if violation is None
        else {name: str(x) for name, x in zip(names, violation.point, strict=True)},
        "violation": None if violation is None else str(violation.amount),
        "violation_is": None if violation is None else ("exact" if exact else "at least"),
        "with_other_boxes": len(finding.before) + len(finding.after),
        "repro": shown.repro,
    }


def _print(console: Console, plan: Plan, found: Found) -> None:
    def line(text: str, style: str = "") -> None:
        console.print(Text(text, style=style), soft_wrap=True)

    for shown in found.shown:
        line(_finding_text(shown.finding), "red")
    if found.shown:
        line("the smallest, in Python:", "bold")
        line(found.shown[0].repro)
    if not found.false:
        line("found nothing: no proof that there is nothing")
    kinds = ", ".join(f"{count} {kind.value}" for kind, count in found.kinds.items())
    line(
        f"seed {plan.seed}: {found.checked} boxes checked, {found.unclaimed} without a claim, "
        f"{found.false} false ({kinds})",
        "bold",
    )


def _finding_text(finding: Finding) -> str:
    """The kind, the claim, the box, the point, and by how much it is false."""
    ranges = " × ".join(f"[{_shown(low)}, {_shown(high)}]" for low, high in finding.box)
    attributes = "".join(f", {name} = {value}" for name, value in finding.statement.attributes)
    head = f"{finding.kind.value}: {finding.claim} of {finding.statement.operator}{attributes}"
    others = len(finding.before) + len(finding.after)
    among = f" (only when asked with {others} other boxes)" if others else ""
    violation = finding.violation
    if violation is None:
        return f"{head} on {ranges}{among} is {_claimed(finding)}"
    names = zip(finding.statement.operands, violation.point, strict=True)
    point = ", ".join(f"{name} = {_shown(float(value))}" for name, value in names)
    return f"{head} on {ranges}{among} is false at {point} by {_magnitude(violation.amount)}"


def _claimed(finding: Finding) -> str:
    slopes = f"slopes {', '.join(map(repr, finding.slopes))}, intercept " if finding.line else ""
    return f"{slopes}{finding.intercept!r}"


def _shown(value: float) -> str:
    return f"{value:.9g}"


def _magnitude(amount: mpq) -> str:
    """The size of a positive number to three digits, rounded down: for reading."""
    numerator, denominator = amount.numerator, amount.denominator
    exponent = len(str(numerator)) - len(str(denominator)) - 1
    scaled = amount / mpq(10) ** exponent
    digits = int(scaled * 100)
    while digits >= 1000:
        digits, exponent = digits // 10, exponent + 1
    return f"{digits // 100}.{digits % 100:02d}e{exponent:+d}"
