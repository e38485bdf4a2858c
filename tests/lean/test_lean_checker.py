"""The checker with a stand-in for Lean: a script that says what each test tells it to say."""

import json
import stat
import sys
import threading
from pathlib import Path

import pytest

from lean_export import checker, manifest
from lean_export.batches import Batch
from lean_export.checker import LIMITS, LeanReport, Limits, Verdict, check_project
from lean_export.project import write_project
from lean_export.reader import Run
from lean_export.theorems import Status
from lean_export.toolchain import Lean, find_lean
from refsem.errors import InputError
from refsem.rules import BY_NAME

RULES = (BY_NAME["relu_lower"],)
NAME = "Refsem.relu_lower_lower_sound"
PROOF = "Refsem.Proofs.relu_lower_weaken_b"

STAND_IN = """#!{python}
import json, pathlib, sys, time
plan = json.loads(pathlib.Path({plan!r}).read_text())
_, json_, *option, source = sys.argv
compiled = pathlib.Path(source).with_suffix(".olean").as_posix()
assert (json_, option) in [("--json", ["-o", compiled]), ("--json", [])], sys.argv
text = pathlib.Path(source).read_text()
def say(line, severity, data, kind="x"):
    print(json.dumps({{"pos": {{"line": line, "column": 0}}, "severity": severity,
                      "kind": kind, "data": data}}), flush=True)
print("not JSON"); print('{{"half": ')
lines = text.split("\\n")
wrong = 0
for number, line in enumerate(lines, 1):
    for word, (severity, data, kind) in plan["say"].items():
        if word in line and not line.startswith("#check"):
            say(number, severity, data, kind)
            wrong |= severity == "error"
if plan["sleep"] and plan["sleep"] in text:
    time.sleep(60)
for number, line in enumerate(lines, 1):
    if line.startswith("#check @") and line[8:] not in plan["unknown"]:
        say(number, "information", line[8:] + " : True")
if option and not (plan["uncompiled"] and plan["uncompiled"] in text):
    pathlib.Path(compiled).write_text("")
sys.exit(plan["status"] or int(wrong))
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write_project(tmp_path / "project", RULES)
    return tmp_path / "project"


def check(project: Path, *, limits: Limits = LIMITS, **plan: object) -> LeanReport:
    """The report when the stand-in says what the plan maps a piece of a line to."""
    nothing = {"say": {}, "unknown": [], "sleep": "", "uncompiled": "", "status": 0}
    (project.parent / "plan").write_text(json.dumps({**nothing, **plan}))
    script = project.parent / "lean"
    script.write_text(STAND_IN.format(python=sys.executable, plan=str(project.parent / "plan")))
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    lean = Lean((str(script),), "stand-in", None)
    heard: list[str] = []
    report = check_project(project, heard.append, limits=limits, find=lambda *_: lean)
    assert heard[0].startswith("Lean reads RefsemBatch1: ")
    return report


def failing(report: LeanReport) -> dict[str, str]:
    found = {one.name: one.message for one in report.theorems if one.verdict is Verdict.ERROR}
    return found | {f"{one.file}:{one.line}": one.message for one in report.problems}


def line_of(project: Path, file: str, text: str) -> int:
    lines = (project / file).read_text("utf-8").split("\n")
    return next(number for number, line in enumerate(lines, 1) if text in line)


def test_what_lean_confirms_without_complaint_is_closed(project: Path) -> None:
    report = check(project)
    assert report.as_announced
    assert (report.lean, report.errors, report.sorries) == ("stand-in", 0, 0)
    assert report.count(Verdict.CLOSED) == len(report.theorems) == 5
    assert report.problems == report.warnings == ()
    stated = "Refsem/Statements/Relu.lean"
    (one,) = (theorem for theorem in report.theorems if theorem.name == NAME)
    assert (one.file, one.line) == (
        stated,
        line_of(project, stated, "theorem relu_lower_lower_sound"),
    )


def test_an_error_in_a_statement_is_its_own_with_file_and_line(project: Path) -> None:
    said = {"Proofs.relu_lower_weaken_b x (Algebra": ("error", "type mismatch\n  and more", "")}
    report = check(project, say=said)
    assert failing(report) == {NAME: "type mismatch and more"}
    (one,) = (theorem for theorem in report.theorems if theorem.verdict is Verdict.ERROR)
    line = line_of(project, "Refsem/Statements/Relu.lean", "Proofs.relu_lower_weaken_b x (Algebra")
    assert (one.file, one.line) == ("Refsem/Statements/Relu.lean", line)
    assert not report.as_announced


def test_an_error_in_a_proof_fails_the_statement_too(project: Path) -> None:
    report = check(project, say={"refine le_of_refuted fun": ("error", "`grind` failed", "")})
    found = failing(report)
    assert found[NAME] == f"announced closed, but leans on {PROOF}, which is in error"
    file = "Refsem/Proofs/Relu.lean"
    assert found[f"{file}:{line_of(project, file, 'refine le_of_refuted fun')}"] == "`grind` failed"


def test_a_sorry_in_a_closed_theorem_fails(project: Path) -> None:
    sorry = ("warning", "declaration uses `sorry`", "hasSorry")
    report = check(project, say={"theorem relu_lower_lower_sound": sorry})
    found = failing(report)
    assert found[NAME] == "announced closed, but has a `sorry`"
    assert report.sorries == 1
    assert report.count(Verdict.CLOSED) == 4


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("Algebra", "refuted"),
        ("Polynomial", "normal_sound"),
        # These are used as `h.1.mono` and `blt_iff.1`.
        ("Polynomial", "Fits.mono"),
        ("Polynomial", "Polynomial.Bounded.mono"),
        ("Polynomial", "blt_iff"),
    ],
)
def test_a_sorry_beneath_a_closed_theorem_fails(project: Path, file: str, name: str) -> None:
    sorry = ("warning", "declaration uses `sorry`", "hasSorry")
    begins = f"theorem {name.removeprefix('Polynomial.')} "
    (core,) = (
        line
        for line in (project / f"Refsem/{file}.lean").read_text("utf-8").split("\n")
        if line.startswith(begins)
    )
    report = check(project, say={core: sorry})
    assert f"leans on Refsem.Algebra.{name}, which has a `sorry`" in failing(report)[NAME]
    assert report.sorries == 1


def test_a_theorem_that_lean_does_not_know_fails(project: Path) -> None:
    report = check(project, unknown=[NAME, "Refsem.min_cases"])
    found = failing(report)
    assert found.pop(NAME) == "Lean does not know it"
    (place, message) = found.popitem()
    assert place.startswith("Refsem/Basic.lean:")
    assert message == "Refsem.min_cases: Lean does not know it"
    assert not found


def test_a_time_out_is_an_error_and_never_a_pass(project: Path) -> None:
    limits = Limits(start=2, theorem=0, at_once=2)
    report = check(project, sleep="namespace Refsem.Proofs", limits=limits)
    assert report.count(Verdict.CLOSED) == 0
    assert failing(report)[NAME] == failing(report)["RefsemBatch2:0"] == "stopped after 2 s"
    assert not report.as_announced


def test_a_silent_failure_of_lean_is_an_error(project: Path) -> None:
    report = check(project, status=139)
    assert set(failing(report)) == {"RefsemBatch1:0", "RefsemBatch2:0"}
    assert set(failing(report).values()) == {"exit status 139 without an error message"}


def test_what_needs_an_unread_file_is_not_read(project: Path) -> None:
    report = check(project, uncompiled="le_of_mul_le_mul {d")
    assert failing(report)[NAME] == "not read, for RefsemBatch1 could not be"


def test_a_batch_is_read_as_soon_as_what_it_needs_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def batch(module: str, needs: tuple[str, ...], size: int) -> Batch:
        return Batch(module, needs, "x" * size, (), {})

    made = (batch("slow", (), 9), batch("core", (), 5), batch("next", ("core",), 5))
    started = threading.Event()
    compiled: dict[str, bool] = {}
    order: list[str] = []

    def reading(_: Lean, folder: Path, module: str, __: float, **asked: bool) -> Run:
        compiled[module] = asked["compiled"]
        (folder / f"{module}.olean").write_text("")
        if module == "next":
            started.set()
        # What waits for nothing runs beside both of the others.
        return Run((), "" if module != "slow" or started.wait(20) else "waited in vain")

    monkeypatch.setattr(checker, "read", reading)
    lean = Lean(("lean",), "stand-in", None)
    limits = Limits(start=1, theorem=1, at_once=2)
    findings = checker._read_all(lean, tmp_path, made, limits, order.append)
    assert findings.failures == {}
    assert compiled == {"slow": False, "core": True, "next": False}
    # First what most has to be read after.
    assert sorted(order[:2]) == sorted(
        f"Lean reads {name}: 0 theorems" for name in ("slow", "core")
    )
    assert [checker._length(one, made) for one in made] == [9, 10, 5]


def test_a_lean_that_cannot_be_run_is_an_error(project: Path) -> None:
    lean = Lean((str(project / "absent"),), "absent", None)
    report = check_project(project, lambda _: None, find=lambda *_: lean)
    assert "cannot be run: No such file" in failing(report)["RefsemBatch1:0"]
    assert failing(report)[NAME] == "not read, for RefsemBatch1 could not be"


def test_files_of_a_run_are_given_ten_times_what_they_are_expected_to_take() -> None:
    assert LIMITS.expecting(60) == Limits(LIMITS.start + 600, LIMITS.theorem, LIMITS.at_once)


def test_warnings_are_reported_and_do_not_fail(project: Path) -> None:
    report = check(
        project,
        say={"Proofs.relu_lower_weaken_b x (Algebra": ("warning", "unused variable", "linter.x")},
    )
    assert report.as_announced
    assert [warning.message for warning in report.warnings] == ["unused variable"]


def announce(project: Path, name: str, status: Status | None) -> None:
    listed = json.loads((project / manifest.NAME).read_text("utf-8"))
    if status is None:
        del listed["theorems"][name]
    else:
        listed["theorems"][name] = status.value
    (project / manifest.NAME).write_text(json.dumps(listed), "utf-8")


def test_an_announced_stub_is_a_stub_and_one_without_sorry_is_closed(project: Path) -> None:
    announce(project, NAME, Status.STUB)
    sorry = ("warning", "declaration uses `sorry`", "hasSorry")
    report = check(project, say={"Proofs.relu_lower_weaken_b x (Algebra": sorry})
    assert report.as_announced
    assert (report.count(Verdict.STUB), report.sorries) == (1, 1)
    report = check(project)
    assert report.count(Verdict.STUB) == 0
    (one,) = (theorem for theorem in report.theorems if theorem.message)
    assert one.message == "announced as a stub, but Lean finds no `sorry`"


def test_a_sorry_in_an_unannounced_theorem_is_a_problem(project: Path) -> None:
    announce(project, NAME, None)
    sorry = ("warning", "declaration uses `sorry`", "hasSorry")
    report = check(project, say={"Proofs.relu_lower_weaken_b x (Algebra": sorry})
    assert list(failing(report).values()) == ["declaration uses `sorry`"]


def test_a_missing_theorem_an_edit_and_a_forbidden_word_are_problems(project: Path) -> None:
    announce(project, "Refsem.absent", Status.CLOSED)
    stated = project / "Refsem/Statements/Relu.lean"
    text = stated.read_text("utf-8").replace("Proofs.relu_lower_inhabited", "by native_decide")
    stated.write_text(text, "utf-8")
    found = failing(check(project))
    assert found.pop("Refsem.absent") == "is not in the project"
    assert found.pop("Refsem/Statements/Relu.lean:0") == "is not as refsem wrote it"
    line = line_of(project, "Refsem/Statements/Relu.lean", "native_decide")
    assert found == {f"Refsem/Statements/Relu.lean:{line}": "the word `native_decide`"}


def test_a_folder_that_is_no_project_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no refsem-lean\.json"):
        check_project(tmp_path, lambda _: None)


def test_the_lean_on_the_path_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "lean"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    lean = find_lean(tmp_path / "cache", lambda _: None)
    assert lean.command == (str(script),)
    assert lean.home is None
    assert not (tmp_path / "cache").exists()
