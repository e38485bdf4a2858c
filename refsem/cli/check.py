"""`refsem check`: a certificate in any known format."""

from pathlib import Path

import click
from gmpy2 import mpq
from rich.console import Console
from rich.text import Text

from refsem.audit.display import decimal, decimal_above, exact
from refsem.certificates.foreign.material import Material
from refsem.certificates.foreign.registry import check_file
from refsem.certificates.report import CheckReport, Finding, Semantics, Verdict
from refsem.cli.terminal import print_json, report_console
from refsem.untrusted.strict_json import read_json

STATUS = {
    Verdict.ACCEPTED: 0,
    Verdict.REJECTED: 1,
    Verdict.UNDECIDED: 2,
    Verdict.NOT_A_CERTIFICATE: 2,
}

_STYLES = {Verdict.ACCEPTED: "bold green", Verdict.REJECTED: "bold red"}


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--model",
    type=click.Path(path_type=Path),
    help="The network, or its weights.",
)
@click.option(
    "--property",
    "property_",
    type=click.Path(path_type=Path),
    help="The property a split tree is about.",
)
@click.option("--data", type=click.Path(path_type=Path), help="The data set a report is about.")
@click.option(
    "--semantics",
    type=click.Choice([semantics.value for semantics in Semantics]),
    default=Semantics.EXACT.value,
    show_default=True,
    help="How claims are held against what is recomputed.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def check(
    file: Path,
    model: Path | None,
    property_: Path | None,
    data: Path | None,
    semantics: str,
    as_json: bool,
) -> int:
    """Check a certificate FILE, ours or foreign: recompute what it claims, believe none of it.

    Exit status 0 accepted, 1 rejected, 2 undecided or no certificate, 3 malformed.
    """
    material = Material(file, read_json(file), Semantics(semantics), model, data, property_)
    found = check_file(material)
    if as_json:
        print_json(_object(found))
    else:
        _print(report_console(), file, found)
    return STATUS[found.verdict]


def _figure(value: str | mpq) -> str:
    """A text, or a distance that nothing is beyond: rounded up."""
    return value if isinstance(value, str) else decimal_above(value, 3)


def _finding_object(finding: Finding) -> dict[str, object]:
    stated: dict[str, object] = {"place": finding.place, "message": finding.message}
    if finding.claimed is not None:
        stated["claimed"] = str(finding.claimed)
    if finding.recomputed is not None:
        stated["recomputed"] = str(finding.recomputed)
    if finding.ulps is not None:
        stated["ulps"] = decimal(finding.ulps, 6)
    return stated


def _object(found: CheckReport) -> dict[str, object]:
    answers = found.answers
    return {
        "format": found.format,
        "verdict": found.verdict.value,
        "semantics": None if found.semantics is None else found.semantics.value,
        "reasons": list(found.reasons),
        "findings": [_finding_object(finding) for finding in found.findings],
        "findings_not_listed": found.uncounted,
        "facts": {name: _figure(value) for name, value in found.facts.items()},
        "checked": answers.checked,
        "candidates": answers.candidates,
        "recomputed": answers.recomputed,
        "lifted_by": answers.lifted_by,
        "outside": answers.outside,
    }


def _print(console: Console, file: Path, found: CheckReport) -> None:
    def line(label: str, text: str, style: str = "") -> None:
        row = Text(f"{label:<12}")
        row.append(text, style=style)
        console.print(row, soft_wrap=True)

    line("file", f"{file.name}: {found.format}")
    semantics = "" if found.semantics is None else f" ({found.semantics.value})"
    line("verdict", found.verdict.value + semantics, _STYLES.get(found.verdict, "bold yellow"))
    for reason in found.reasons:
        line("", reason)
    for name, value in found.facts.items():
        line("", f"{name}: {_figure(value)}")
    for finding in found.findings:
        line("finding", _finding_text(finding), "red")
    if found.uncounted:
        line("", f"… and {found.uncounted} more")
    for label, text in (
        ("checked", found.answers.checked),
        ("candidates", found.answers.candidates),
        ("recomputed", found.answers.recomputed),
        ("lifted by", found.answers.lifted_by),
        ("outside", found.answers.outside),
    ):
        line(label, text, "dim")


def _finding_text(finding: Finding) -> str:
    text = f"{finding.place}: {finding.message}"
    if finding.claimed is not None:
        text += f": claimed {exact(finding.claimed)}"
    if finding.recomputed is not None:
        text += f", recomputed {exact(finding.recomputed)}"
    if finding.ulps is not None:
        text += f", {decimal(finding.ulps, 3)} ulps apart"
    return text
