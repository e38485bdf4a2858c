"""A real Lean reads runs: it accepts their theorems, and rejects what has been tampered with.

A tampered network stands beside the right one in the same project: an end moved inward by one, a
bit of a weight flipped, a NaN, a weight lost. Each must be rejected where the fault is, and the
theorem that rests on it with it.
"""

import dataclasses
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from lean_reports import said_by, with_verdict, write_files
from lean_runs import audited, ledger_of, random_model

from lean_export.checker import LeanReport, Verdict
from lean_export.layers import Layer
from lean_export.project import run_files, write_run
from lean_export.run_text import literal
from lean_export.runs import RunProject, run_project
from lean_export.theorems import Status
from lean_export.toolchain import Lean

RUN = "Refsem.Run.Region1"


def moved(text: str, definition: str, by: int) -> str:
    """The first lower end in a definition moved by so much."""
    start = text.index(f"def {definition} ")
    end = re.search(r"\((-?\d+), |\.cons (\d+) |\.cons \(\.(?:ofNat|negSucc) (\d+)\)", text[start:])
    assert end is not None
    group = next(n for n in (1, 2, 3) if end[n] is not None)
    number = str(int(end[group]) + by)
    return text[: start + end.start(group)] + number + text[start + end.end(group) :]


def patterns(text: str, layer: int, change: str, place: int = 0) -> str:
    """The first row of a layer with a weight changed, the last one or one so far before it."""
    at = text.index("0x1", text.index(f"def weights{layer} ")) + 8 * place
    bits = int(text[at + 3 : at + 11], 16)
    new = {
        "sign": f"{bits ^ 1 << 31:08x}",
        "last place": f"{bits ^ 1:08x}",
        "NaN": "7fc00001",
        "lost": "",
    }[change]
    return text[: at + 3] + new + text[at + 11 :]


def changed(text: str, number: int) -> str:
    """The text with its namespace and the names of its theorems changed.

    The checker takes a name to mention every theorem that ends so, hence names of their own.
    """
    text = text.replace(RUN, f"Refsem.Run.Changed{number}")
    names = r"\b(step\d+|wellFormed\d+|network_wellFormed|output_bounds)\b"
    return re.sub(names, rf"\1_{number}", text)


def with_changes(run: RunProject, variants: Mapping[str, str], extra: str) -> RunProject:
    """The run with every variant of its one module announced closed beside it."""
    ((path, text),) = run.files.items()
    files = {path: text.replace(f"\nend {RUN}\n", f"{extra}\nend {RUN}\n")}
    theorems = dict(run.theorems)
    if extra:
        theorems[f"{RUN}.sample"] = Status.CLOSED
    for number, variant in enumerate(variants.values()):
        # all in one file: each file costs a start of Lean
        body = changed(variant, number)
        at = body.index(f"namespace Refsem.Run.Changed{number}")
        files[path] += "\n" + body[at:]
        theorems |= {changed(name, number): status for name, status in run.theorems.items()}
    return dataclasses.replace(run, rules=(), files=files, theorems=theorems)


ROW = (0xBE800000, 0x3EAAAAAB, 0xC0400000, 0x80000000, 0x00000001, 0x007FFFFF, 0x7F7FFFFF)
"""-1/4, then 11184811/2^25, -3, -0, the least and the greatest subnormal, the greatest number."""


def sample() -> str:
    """That Lean decodes the words of a row as we do."""
    values = Layer("sample", relu=True, rows=(ROW,)).values()[0]
    words = [f"word ({'rest (' * n}{literal(ROW)}{')' * n})" for n in range(len(ROW))]
    equal = [f"value ({w}) = {v}" for w, v in zip(words, values, strict=True)]
    lines = " ∧\n      ".join(equal)
    return f"\ntheorem sample :\n    {lines} := by\n  decide +kernel\n"


def report_on(lean: Lean, run: RunProject, folder: Path) -> LeanReport:
    write_files(run_files(run)[0], folder)
    return said_by(lean, folder)


def in_error(report: LeanReport, number: int) -> set[str]:
    prefix = f"Refsem.Run.Changed{number}."
    failed = with_verdict(report, Verdict.ERROR)
    return {
        name.removeprefix(prefix).removesuffix(f"_{number}")
        for name in failed
        if name.startswith(prefix)
    }


@pytest.mark.nightly
def test_lean_accepts_interval_bounds_and_no_tampered_ones(lean: Lean, tmp_path: Path) -> None:
    model = random_model(tmp_path, (2, 3, 3, 2), seed=11)
    ledger = ledger_of(model, ["-1", "-1"], ["1", "0.5"], "ibp")
    run = run_project(ledger)
    ((_, text),) = run.files.items()
    variants = {
        "hidden": moved(text, "box2", 1),
        "output": moved(text, "outputBox", 1),
        "outward": moved(text, "outputBox", -1),
        "flipped": patterns(text, 3, "sign"),
        "NaN": patterns(text, 1, "NaN"),
        "lost": patterns(text, 2, "lost"),
    }
    report = report_on(lean, with_changes(run, variants, sample()), tmp_path / "project")
    closed = with_verdict(report, Verdict.CLOSED)
    assert {*run.theorems, f"{RUN}.sample"} <= set(closed)
    failures = dict(zip(variants, (in_error(report, n) for n in range(len(variants))), strict=True))
    assert "step2" in failures["hidden"]
    assert failures["output"] == {"step3", "output_bounds"}
    assert failures["outward"] == set()
    assert failures["flipped"] == {"step3", "output_bounds"}
    assert {"wellFormed1", "network_wellFormed"} <= failures["NaN"]
    assert {"wellFormed2", "network_wellFormed"} <= failures["lost"]
    assert "output_bounds" in failures["hidden"]
    assert report.warnings == ()
    assert report.sorries == 0


@pytest.mark.nightly
def test_lean_accepts_crown_bounds_and_no_tampered_ones(lean: Lean, tmp_path: Path) -> None:
    model = random_model(tmp_path, (4, 16, 16, 2), seed=8)
    ledger = ledger_of(
        model, ["-0.1", "0.2", "0.5", "-0.4"], ["0.1", "0.4", "0.7", "-0.2"], "crown"
    )
    run = run_project(ledger)
    ((_, text),) = run.files.items()
    variants = {
        "hidden": moved(text, "neurons2", 1),
        "output": moved(text, "neurons3", 1),
        # the neuron before the last one is always active; were the last one's weight negative, the
        # outputs would keep to their boxes, and Lean would be right to accept that
        "flipped": patterns(text, 3, "sign", place=1),
        "NaN": patterns(text, 1, "NaN"),
    }
    report = report_on(lean, with_changes(run, variants, ""), tmp_path / "project")
    assert set(run.theorems) <= set(with_verdict(report, Verdict.CLOSED))
    failures = dict(zip(variants, (in_error(report, n) for n in range(len(variants))), strict=True))
    assert "step2" in failures["hidden"]
    assert "step3" in failures["output"]
    assert "step3" in failures["flipped"]
    assert "wellFormed1" in failures["NaN"]
    assert all("output_bounds" in found or name == "NaN" for name, found in failures.items())


def accepted_whole(lean: Lean, ledger: Path, folder: Path) -> None:
    run = run_project(ledger)
    write_run(folder, run)
    report = said_by(lean, folder, run.seconds)
    assert report.as_announced
    assert report.warnings == ()
    assert report.count(Verdict.CLOSED) == len(report.theorems)


@pytest.mark.nightly
def test_lean_accepts_interval_bounds_of_the_digits_network(lean: Lean, tmp_path: Path) -> None:
    examples = Path(__file__).parents[2] / "examples" / "digits"
    ledger = audited(tmp_path, examples / "digits.onnx", examples / "robust.vnnlib", "ibp")
    accepted_whole(lean, ledger, tmp_path / "out")


@pytest.mark.nightly
@pytest.mark.parametrize("method", ["ibp", "crown"])
def test_lean_accepts_bounds_of_an_acas_network(
    lean: Lean, tmp_path: Path, data: Path, method: str
) -> None:
    folder = data / "networks" / "acasxu"
    model = folder / "ACASXU_run2a_1_1_batch_2000.onnx"
    ledger = audited(tmp_path, model, folder / "prop_1.vnnlib", method)
    accepted_whole(lean, ledger, tmp_path / "out")
