"""The examples of a robustness file as a short table, and as the JSON object scripts rely on.

Margins are shown rounded down: they are established as they are shown.
"""

import textwrap
from collections.abc import Iterable, Iterator

from gmpy2 import mpq
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from refsem.audit.display import decimal_below
from refsem.audit.executed import STATED
from refsem.audit.findings import Verdict
from refsem.audit.robustness import Counts, ExampleReport
from refsem.audit.serialise import witness_object

WIDTH = 100
LISTED = 20
"""So many examples, or classes, have a line each; of more examples their classes have one."""

WORDS = {
    Verdict.HOLDS: "certified",
    Verdict.VIOLATED: "refuted",
    Verdict.UNDECIDED: "undecided",
}
RIGHT = {True: "right", False: "wrong", None: "unknown"}
"""How an example itself is classified."""


def robustness_object(reports: tuple[ExampleReport, ...]) -> dict[str, object]:
    """Counts, and for each example its verdict, exact margins, witness and execution."""
    found = Counts.of(reports)
    return {
        "examples": found.examples,
        "misclassified": found.wrong,
        "certified": found.certified,
        "refuted": found.refuted,
        "undecided": found.undecided,
        "verified_accuracy": str(mpq(found.certified, found.examples)),
        "separated": sum(report.separated for report in reports),
        "execution": STATED,
        "each": [_object(report) for report in reports],
    }


def _object(report: ExampleReport) -> dict[str, object]:
    below, above = report.nominal
    found: dict[str, object] = {
        "example": report.point.number,
        "label": report.point.label,
        "verdict": WORDS[report.verdict],
        "nominal": RIGHT[report.right],
        "nominal_margin": {"lower": str(below), "upper": str(above)},
        "margin": str(report.margin),
        "cases": [report.point.cases.start, report.point.cases.stop],
        "binary32": _executed(report),
    }
    if report.witness is not None:
        found["witness"] = witness_object(report.witness)
    return found


def _executed(report: ExampleReport) -> dict[str, object]:
    executed = report.executed
    if executed.refusal:
        return {"refused": executed.refusal}
    found: dict[str, object] = {"nominal": RIGHT[executed.nominal]}
    if executed.witness is not None:
        found["witness"] = RIGHT[executed.witness]
    return found


def robustness_parts(reports: tuple[ExampleReport, ...]) -> Iterator[RenderableType]:
    """Counts; a line for each example if they are few, else for each class; what executions say."""
    found = Counts.of(reports)
    yield Text(
        f"{found.examples} examples: {found.certified} certified, {found.refuted} refuted, "
        f"{found.undecided} undecided; {found.wrong} misclassified as they stand"
    )
    separated = sum(one.separated for one in reports)
    yield Text.assemble(
        (f"verified accuracy {found.certified} of {found.examples}", "bold"),
        f"; bounds of each output by itself would show {separated}",
    )
    yield _by_example(reports) if len(reports) <= LISTED else _by_class(reports)
    yield Text(textwrap.fill(_executions(reports), WIDTH), style="dim")


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in columns:
        table.add_column(column, justify="right")
    return table


def _by_example(reports: Iterable[ExampleReport]) -> Table:
    table = _table("example", "label", "as it stands", "in the region", "margin is at least")
    for one in reports:
        point = one.point
        cells = (str(point.number), str(point.label), RIGHT[one.right], WORDS[one.verdict])
        table.add_row(*cells, decimal_below(one.margin, 4))
    return table


def _by_class(reports: tuple[ExampleReport, ...]) -> Table:
    columns = ("examples", "certified", "refuted", "undecided", "misclassified")
    table = _table("label", *columns, "least margin certified")
    labels = sorted({one.point.label for one in reports})
    for label in labels[:LISTED]:
        own = [one for one in reports if one.point.label == label]
        found = Counts.of(own)
        numbers = (found.certified, found.refuted, found.undecided, found.wrong)
        margins = [one.margin for one in own if one.verdict is Verdict.HOLDS]
        table.add_row(str(label), *(str(n) for n in (found.examples, *numbers)), _least(margins))
    if len(labels) > LISTED:
        table.add_row("…", *[""] * (len(columns) + 1))
    return table


def _least(margins: list[mpq]) -> str:
    """The least of the margins of certified examples.

    Where a split tree shows one of them, bounds establish no number, but that it is positive.
    """
    if not margins:
        return ""
    return decimal_below(min(margins), 4) if min(margins) > 0 else "> 0"


def _executions(reports: tuple[ExampleReport, ...]) -> str:
    """Where the network as executed in binary32 predicts otherwise than in the reals."""
    run = [one for one in reports if not one.executed.refusal]
    start = f"in binary32 ({STATED}; no verdict rests on it): "
    if not run:
        return f"{start}not executed: {reports[0].executed.refusal}"
    apart = sum(one.right is not None and one.executed.nominal is not one.right for one in run)
    fooled = [one.executed.witness for one in run if one.executed.witness is not None]
    text = f"{start}{apart} of {len(run)} examples differ"
    if fooled:
        text += f"; {fooled.count(False)} of {len(fooled)} counterexamples fool it too"
    return text
