"""The audit as a terminal report that can be read in ten seconds.

Verdict first; then layers; then the bounds file with one full witness for each kind of finding;
then whose word it all rests on, and the time it took.
"""

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass

from gmpy2 import mpq
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from refsem.audit.display import decimal, exact
from refsem.audit.executed import STATED
from refsem.audit.executed_witness import executed_witness
from refsem.audit.findings import NetworkAudit, Verdict
from refsem.audit.serialise import worst_ulps
from refsem.certificates.judgement import BoundsReport, Escape, Finding, TensorReport
from refsem.exact import ExactTensor
from refsem.ir.operators import Op
from refsem.obligations.ledger import counts
from refsem.obligations.obligation import Kind, Proved, Record, Refuted, Stated

WIDTH = 100
"""Columns to which long witnesses are wrapped."""

SHOWN_COORDINATES = 64
"""A witness with more coordinates is shown in part; `--json` has it whole."""

SHOWN_TREES = 12
"""Of more regions branched over, their trees are summed up."""

_COLOURS = {"holds": "green", "sound": "green", "violated": "red", "unsound": "red"}


@dataclass(frozen=True, slots=True)
class Said:
    """What a property file says besides: names of cases, assumptions, parts for the report."""

    cases: tuple[str, ...]
    rests_on: tuple[str, ...]
    parts: tuple[RenderableType, ...]


NOTHING_SAID = Said((), (), ())


def print_report(
    console: Console,
    title: str,
    audit: NetworkAudit,
    bounds: BoundsReport | None,
    costs: Iterable[str],
    said: Said = NOTHING_SAID,
) -> None:
    """Print the whole report; `costs` say what it took."""
    console.print(Text(title, style="bold"))
    console.print(_verdict_line(audit))
    console.print(layer_table(audit, bounds))
    for part in (*_tree_lines(audit), *said.parts, *_witness_lines(audit, said.cases)):
        console.print(part)
    if bounds is not None:
        console.print(_bounds_part(bounds))
    console.print(_word_line(audit.judged()))
    for line in said.rests_on:
        console.print(_indented(f"rests on: {line}", 0))
    console.print(Text("took: " + ", ".join(costs), "dim"))


def _coloured(verdict: str) -> Text:
    return Text(verdict.upper(), style=f"bold {_COLOURS.get(verdict, 'yellow')}")


def _verdict_line(audit: NetworkAudit) -> Text:
    cases = [(r, case) for r in audit.regions for case, _ in r.claims.cases]
    empty = sum(region.verdict(case) is Verdict.HOLDS for region, case in cases)
    return Text.assemble(
        _coloured(audit.verdict.value),
        f"  {empty} of {len(cases)} unsafe cases proved empty, exactly, in real arithmetic;"
        f" with tolerance 1e-4: {audit.tolerant.value}",
    )


def layer_table(audit: NetworkAudit, bounds: BoundsReport | None) -> Table:
    """One row a tensor: entries, unstable ReLUs, widths, and what was found of its claims."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    columns = ["tensor", "operator", "entries", "unstable", "median width"]
    if bounds is not None:
        columns += ["refuted", "open", "broken", "step open", "worst ulp"]
    for column in columns:
        table.add_column(column, justify="left" if column in ("tensor", "operator") else "right")
    judged = {} if bounds is None else {report.tensor: report for report in bounds.tensors}
    for name, node in audit.prepared.nodes.items():
        row = [name, node.op.value, str(node.size), _unstable(audit, name), _width(audit, name)]
        if bounds is not None:
            row += _judged_cells(judged.get(name))
        table.add_row(*row)
    return table


def _unstable(audit: NetworkAudit, name: str) -> str:
    """Over the first region, how many ReLUs have an operand that may be of either sign."""
    if audit.prepared.nodes[name].op is not Op.RELU:
        return ""
    state = audit.regions[0].propagation
    box = state.replay.box(state.boxes[audit.prepared.operands(name)[0]])
    zero = ExactTensor.full((1, 1), mpq(0))
    return str(int((box.lower.less(zero) & zero.less(box.upper)).sum()))


def _width(audit: NetworkAudit, name: str) -> str:
    state = audit.regions[0].propagation
    box = state.replay.box(state.boxes[name])
    widths = sorted((box.upper - box.lower).rationals())
    return decimal(widths[len(widths) // 2], 4) if widths else ""


def _judged_cells(report: TensorReport | None) -> list[str]:
    if report is None:
        return [""] * 5
    cells = [
        report.endpoints.get(Finding.REFUTED, 0),
        report.endpoints.get(Finding.OPEN, 0),
        report.steps.get(Finding.BROKEN, 0),
        report.steps.get(Finding.OPEN, 0),
    ]
    ulps = worst_ulps(report.escapes)
    return [*(str(cell) for cell in cells), decimal(ulps, 3) if ulps else ""]


def _tree_lines(audit: NetworkAudit) -> Iterable[Text]:
    """What branch and bound made of the regions that bounds alone left open."""
    branched = [region for region in audit.regions if region.branched is not None]
    if len(branched) > SHOWN_TREES:
        proofs = [region.proof for region in branched if region.proof is not None]
        leaves, reviewed = sum(p.leaves for p in proofs), sum(p.reviewed for p in proofs)
        yield Text(
            f"split trees of {len(proofs)} of {len(branched)} regions branched over: "
            f"{leaves} leaves, every one established; {reviewed} derived again by the replay"
        )
        return
    for number, region in enumerate(audit.regions):
        if region.branched is None:
            continue
        where = "" if len(audit.regions) == 1 else f" of region {number}"
        if region.proof is not None:
            yield Text(
                f"split tree{where}: {region.proof.leaves} leaves, every one established; "
                f"{region.proof.reviewed} derived again by the replay"
            )
        elif not region.witnesses:
            yield Text(f"split tree{where}: {region.branched.reason}", style="yellow")


def _witness_lines(audit: NetworkAudit, cases: tuple[str, ...]) -> Iterable[RenderableType]:
    witness = audit.witness()
    if witness is not None:
        how = "enclosed" if witness.error else "evaluated exactly"
        name = cases[witness.case] if cases else f"case {witness.case}"
        yield Text(f"counterexample to {name}, {how}:", style="bold")
        yield _indented("inputs  " + _coordinates(witness.inputs), 2)
        yield _indented("outputs " + _coordinates(witness.outputs), 2)
        if witness.error:
            yield _indented(f"each of them give or take {witness.error}", 2)
        yield _indented(_executed_line(audit), 2)


def _executed_line(audit: NetworkAudit) -> str:
    """What the counterexample is as executed in binary32."""
    found, start = executed_witness(audit), f"in binary32 ({STATED}; no verdict rests on it): "
    if isinstance(found, str):
        return f"{start}not executed: {found}"
    unsafe = "unsafe too" if found.unsafe else "not unsafe"
    where = "" if found.inside else ", at a point outside the region by rounding"
    return f"{start}{unsafe}{where}; outputs {_coordinates(found.outputs)}"


def _indented(text: str, spaces: int) -> Text:
    indent = " " * spaces
    return Text(textwrap.fill(text, WIDTH, initial_indent=indent, subsequent_indent=indent))


def _coordinates(values: tuple[mpq, ...]) -> str:
    shown = " ".join(exact(value) for value in values[:SHOWN_COORDINATES])
    more = len(values) - SHOWN_COORDINATES
    return shown if more <= 0 else f"{shown} … and {more} more"


def _bounds_part(report: BoundsReport) -> RenderableType:
    lines: list[RenderableType] = [
        Text.assemble(
            "bounds file: ",
            _coloured(report.verdict),
            f"  {report.endpoints} endpoints: {report.count(Finding.REFUTED)} refuted, "
            f"{report.count(Finding.CONFIRMED)} confirmed, {report.open_endpoints} open",
        ),
        Text(
            f"  {report.steps} steps (method {report.method}): {report.count(Finding.BROKEN)} "
            f"broken, {report.count(Finding.INDUCTIVE)} inductive, {report.open_steps} open"
        ),
    ]
    if report.count(Finding.BROKEN):
        lines.append(
            Text("  broken: the derivation is unsound there, not that the bound is false", "dim")
        )
    lines.extend(_instead(report))
    for finding in (Finding.NOT_CONTAINED, Finding.REFUTED, Finding.BROKEN):
        kind = [escape for escape in report.escapes() if escape.finding is finding]
        if kind:
            lines.extend(_escape_lines(max(kind, key=lambda escape: escape.ulps)))
    return Group(*lines)


def _instead(report: BoundsReport) -> Iterable[Text]:
    """Where a unit was judged from claimed ancestors because a parent is unclaimed."""
    for tensor in report.tensors:
        if tensor.instead_of_parents:
            names = ", ".join(tensor.instead_of_parents)
            yield Text(f"  {tensor.tensor}: its operand is unclaimed; judged from {names}", "dim")
        if tensor.not_judged:
            yield Text(f"  {tensor.tensor}: its steps are open: {tensor.not_judged}", "dim")


_WORDS = {
    Finding.NOT_CONTAINED: "the file's input box leaves out part of the property's box",
    Finding.REFUTED: "an endpoint is refuted: a point of the box escapes it",
    Finding.BROKEN: "a step is broken: a point of the claimed parents escapes it",
}


def _escape_lines(escape: Escape) -> Iterable[RenderableType]:
    yield Text(f"  {_WORDS[escape.finding]}", style="bold")
    relation = ">" if escape.side == "upper" else "<"
    yield _indented(
        f"{escape.tensor}[{escape.index}] {escape.side}: {escape.reached} {exact(escape.exact)} "
        f"{relation} claimed {exact(escape.claimed)} (by {decimal(escape.ulps, 3)} ulp)",
        4,
    )
    for name, values in escape.point:
        yield _indented(f"at {name} = {_coordinates(values)}", 4)


def _word_line(records: tuple[Record, ...]) -> Text:
    """Whose word the audit rests on."""
    found = counts(records)
    proved = found["proved"]
    by = ", ".join(f"{n} by {who}" for who, n in _items(proved) if n)
    refuted = sum(isinstance(r.outcome, Refuted) and not r.surprising for r in records)
    unproved = sum(not isinstance(r.outcome, Proved | Refuted | Stated) for r in records)
    facts = any(r.obligation.kind is Kind.FACT for r in records)
    words = "inductions, facts" if facts else "inductions"
    text = (
        f"obligations: proved {by}; refuted as expected {refuted}; stated in words ({words}) "
        f"{found['stated']}; unknown {unproved}; surprising {found['surprising']}"
    )
    return Text(textwrap.fill(text, WIDTH), "dim")


def _items(proved: object) -> list[tuple[str, int]]:
    if not isinstance(proved, dict):
        raise TypeError("counts by prover are a dictionary")
    return list(proved.items())
