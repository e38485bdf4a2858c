"""The audit of rules as it is printed: outcomes with their evidence, and advice about sides."""

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table
from rich.text import Text

from refsem.ir.readings import relation_text
from refsem.obligations.advice import Advice, Redundant, Suggested, Undecided
from refsem.obligations.obligation import Exact, Point, Proved, Record, Refuted, Stated, Unknown
from refsem.rules import Rule


def print_audit(
    console: Console,
    selected: Iterable[Rule],
    records: tuple[Record, ...],
    advice: tuple[Advice, ...],
) -> None:
    """Print every obligation with its outcome, and what follows for the sides."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("obligation", "expected", "outcome", "evidence"):
        table.add_column(column, overflow="fold", no_wrap=column == "obligation")
    for record in records:
        style = "red" if record.surprising else ""
        name, evidence = _outcome_cells(record)
        table.add_row(
            record.obligation.id, record.obligation.expected.value, name, evidence, style=style
        )
    console.print(table)
    surprises = sum(record.surprising for record in records)
    console.print(
        Text(
            f"{len(records)} obligations, rules: {len(tuple(selected))}, {surprises} surprising",
            style="bold",
        )
    )
    for one in advice:
        console.print(Text(advice_text(one)), soft_wrap=True)


def advice_text(advice: Advice) -> str:
    """The advice as one line."""
    match advice:
        case Redundant(rule, side, by):
            shown = relation_text(side.relation)
            return f"{rule}: side {side.name} ({shown}) is redundant, proved by {by.value}"
        case Undecided(rule, side, reason):
            shown = relation_text(side.relation)
            return f"{rule}: side {side.name} ({shown}) may be redundant: {reason}"
        case Suggested(rule, repair):
            shown = " and ".join(relation_text(side) for side in repair.sides)
            words = ", ".join(by.value for by in advice.words)
            return f"{rule}: with {shown} it would be right, proved by {words}"


def advice_object(advice: Advice) -> dict[str, object]:
    """The advice as a JSON object."""
    match advice:
        case Redundant(rule, side, by):
            return {"kind": "redundant", "rule": rule, "sides": [side.name], "by": [by.value]}
        case Undecided(rule, side, reason):
            return {"kind": "undecided", "rule": rule, "sides": [side.name], "reason": reason}
        case Suggested(rule, repair):
            return {
                "kind": "repair",
                "rule": rule,
                "sides": [relation_text(side) for side in repair.sides],
                "by": [by.value for by in advice.words],
            }


def _outcome_cells(record: Record) -> tuple[str, str]:
    match record.outcome:
        case Proved(by, Exact(what), _):
            return f"proved by {by.value}", what
        case Proved(by, evidence, _):
            return f"proved by {by.value}", _point_text(evidence) if by.value == "point" else ""
        case Refuted(evidence):
            return "refuted", _point_text(evidence)
        case Unknown(reason):
            return "unknown", reason
        case Stated(where):
            return "stated", where


def _point_text(evidence: object) -> str:
    if not isinstance(evidence, Point):
        return "no point satisfies the sides"
    patterns = dict(evidence.bits)
    shown = ((n, f"b32:{patterns[n]:08x}" if n in patterns else v) for n, v in evidence.values)
    at = ", ".join(f"{name}={value}" for name, value in shown)
    return f"{evidence.failing} fails at {at}" if evidence.failing else at
