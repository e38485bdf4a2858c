"""Sums and dot products fuzzed; targets that hang are ended and leave nothing behind."""

import json
import multiprocessing
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import c_libraries as c
import pytest

from refsem.cli import main
from refsem.errors import InputError
from refsem.fuzz.campaign import Plan, run
from refsem.fuzz.division import NOTHING, Budget, Course
from refsem.fuzz.guarded import alarmed, in_child
from refsem.fuzz.record import Recorded, read_record, write_record
from refsem.fuzz.reduction_campaign import (
    BATCH,
    SIZES,
    ReductionFinding,
    ReductionPlan,
    operands,
    run_reductions,
)

Capture = pytest.CaptureFixture[str]

SUM = """
#include <stddef.h>
#include <math.h>
float sum(const float *x, size_t n) {
  float total = 0;
  for (size_t i = 0; i < n; i++) BODY
  return total;
}
"""
FAULTS = {
    "the tenth term is forgotten": "if (i != 9) total += x[i];",
    "NaNs are skipped": "if (x[i] == x[i]) total += x[i];",
    "subnormal terms are skipped": "if (fabsf(x[i]) >= 0x1p-126f) total += x[i];",
    "overflow saturates": "{ total += x[i]; if (isinf(total)) total = copysignf(3.4e38f, total); }",
}
DOT = """
#include <stddef.h>
float dot(const float *x, const float *y, size_t n) {
  float total = 0;
  for (size_t i = 0; i < n; i++) total += x[i] * y[i ? i : n / 40];
  return total;
}
"""


def fuzz(capsys: Capture, *arguments: str) -> tuple[int, dict[str, Any]]:
    status = main(["fuzz", *arguments, "--json"])
    shown = capsys.readouterr()
    assert shown.err == ""
    return status, json.loads(shown.out)


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_of_a_sum_are_found_and_shrunk(fault: str, tmp_path: Path, capsys: Capture) -> None:
    library = c.compiled(tmp_path, SUM.replace("BODY", FAULTS[fault]))
    status, found = fuzz(capsys, library, "--op", "sum", "--count", "200", "--seed", "1")
    assert status == 1
    assert found["mismatches"] > 0
    smallest = found["smallest"]
    (x,) = ([int(bits, 16) for bits in row] for row in smallest["operands"])
    assert sum(bits & 0x7FFFFFFF != 0 for bits in x) <= 2, x
    assert (smallest["operation"], smallest["size"]) == ("sum", len(x))
    check_programs(smallest, library, tmp_path)


def check_programs(smallest: dict[str, Any], library: str, folder: Path) -> None:
    printed = subprocess.run(
        [sys.executable, "-c", smallest["python"]], capture_output=True, text=True, check=True
    ).stdout
    assert printed == f"target {smallest['got']}, right {smallest['expected']}\n"
    compiler = shutil.which("cc")
    assert compiler is not None
    (folder / "repro.c").write_text(smallest["c"], encoding="ascii")
    program, path = str(folder / "repro"), library.removeprefix("library:")
    subprocess.run([compiler, "-o", program, str(folder / "repro.c"), path], check=True)
    printed = subprocess.run([program], capture_output=True, text=True, check=True).stdout
    assert printed == f"got 0x{smallest['got']}, right {smallest['expected']}\n"


def test_a_fault_of_a_dot_product_is_found(tmp_path: Path, capsys: Capture) -> None:
    library = c.compiled(tmp_path, DOT, "-ffp-contract=off")
    status, found = fuzz(capsys, library, "--op", "dot", "--count", "200", "--seed", "1")
    assert status == 1
    assert found["smallest"]["size"] >= 40
    assert len(found["smallest"]["operands"]) == 2
    check_programs(found["smallest"], library, tmp_path)


def test_honest_reductions_pass_beside_the_functions(tmp_path: Path, capsys: Capture) -> None:
    for library in (c.unfused(tmp_path), c.contracting(tmp_path)):
        names = ("--op", "sum", "--op", "dot", "--op", "add")
        status, found = fuzz(capsys, library, *names, "--count", "400", "--seed", "1")
        assert (status, found["checked"], found["mismatches"]) == (2, 400, 0)
        assert all(order["held"] for order in found["orders"])
        assert {order["name"] for order in found["orders"]} == {"sum", "dot"}


def test_a_library_is_asked_for_all_it_has(tmp_path: Path, capsys: Capture) -> None:
    library = c.compiled(tmp_path, DOT + "float mul(float x, float y) { return x * y; }")
    assert main(["fuzz", library, "--count", "400", "--seed", "1"]) == 1
    text = capsys.readouterr().out
    assert "dot of " in text
    assert "held against their measured orders: dot of 1" in text
    assert "held only against the bound of every order: dot of 64" in text
    assert "link with" in text


def test_numpy_gives_what_its_orders_give() -> None:
    plan = ReductionPlan("numpy", ("sum", "dot"), 1)
    found = run_reductions(plan, Budget(260, None), NOTHING, 1, 60.0, lambda *_: None)
    assert (found.course.checked, found.course.mismatches) == (260, 0)
    assert sum(held for *_, held in found.orders) > len(SIZES)


def test_the_seed_decides_the_operands() -> None:
    for name in ("sum", "dot"):
        one, again, other = (operands(name, 9, seed, 4) for seed in (1, 1, 2))
        assert all((one[key] == again[key]).all() for key in one)
        assert any((one[key] != other[key]).any() for key in one)


def test_a_campaign_on_reductions_is_continued(tmp_path: Path, capsys: Capture) -> None:
    library = c.compiled(tmp_path, SUM.replace("BODY", FAULTS["NaNs are skipped"]))
    file = tmp_path / "found.json"
    words = [library, "--op", "sum", "--seed", "5"]
    _, first = fuzz(capsys, *words, "--write", str(file), "--count", str(2 * BATCH))
    _, second = fuzz(capsys, *words, "--write", str(file), "--count", "30")
    _, whole = fuzz(capsys, *words, "--count", str(2 * BATCH + 30))
    assert 0 < first["mismatches"] < second["mismatches"] == whole["mismatches"]
    assert first["checked"] < second["checked"] == whole["checked"]
    record = json.loads(file.read_text(encoding="utf-8"))
    assert record["reductions"]["next_batch"] == 3
    assert record["reductions"]["findings"][0]["operands"] == second["smallest"]["operands"]


def test_two_processes_find_what_one_finds() -> None:
    plan = ReductionPlan("numpy", ("sum",), 3)
    count = 80 * BATCH
    several = run_reductions(plan, Budget(count, None), NOTHING, 2, 60.0, lambda *_: None)
    half = run_reductions(plan, Budget(count // 2, None), NOTHING, 2, 60.0, lambda *_: None)
    rest = Budget(count // 2, None)
    assert run_reductions(plan, rest, half.course, 2, 60.0, lambda *_: None) == several
    assert several.course.next_batch == 80


def damaged(record: dict[str, Any], path: tuple[str | int, ...], value: object) -> str:
    """The record with one member replaced, as text."""
    changed = json.loads(json.dumps(record))
    *way, last = path
    place = changed
    for key in way:
        place = place[key]
    place[last] = value
    return json.dumps(changed)


FIRST = ("reductions", "findings", 0)
DAMAGES: tuple[tuple[tuple[str | int, ...], object, str], ...] = (
    (("format",), "refsem.fuzz.v0", "format: is not refsem.fuzz.v1"),
    (("plan", "seed"), 6, "plan: the file is of another campaign"),
    (("plan", "seed"), "5", "plan.seed: "),
    (("plan", "target"), None, "another campaign"),
    (("reductions", "checked"), -1, "reductions.checked: -1 is not between"),
    (("reductions", "next_batch"), 1.5, "reductions.next_batch: "),
    (("reductions", "findings"), {}, "an object where a list was expected"),
    ((*FIRST, "operation"), "add", "'add' is none of sum, dot"),
    ((*FIRST, "size"), 2, "are not those of a sum of 2 terms"),
    ((*FIRST, "operands"), [["1"], ["1"]], "are not those of a sum"),
    ((*FIRST, "operands"), [["100000000"]], "where a pattern of 32 bits was expected"),
    ((*FIRST, "got"), "nan", "where a pattern of 32 bits was expected"),
    ((*FIRST, "order"), 3, "a number where a string was expected"),
    (("more",), 1, "unknown key"),
)


def test_a_damaged_file_is_refused_by_place(tmp_path: Path) -> None:
    finding = ReductionFinding("sum", (0x7FC00000,), (), 0, "7FC00000", "one term")
    plan = Plan("numpy", ("sum",), (), None, 5)
    file = tmp_path / "found.json"
    right = Recorded(reductions=Course(1, BATCH, 1, (finding,)))
    write_record(file, plan, right)
    assert read_record(file, plan) == right
    record = json.loads(file.read_text(encoding="utf-8"))
    for path, value, message in DAMAGES:
        file.write_text(damaged(record, path, value), encoding="utf-8")
        with pytest.raises(InputError) as caught:
            read_record(file, plan)
        assert message in str(caught.value), (path, str(caught.value))


def nothing_left() -> bool:
    return not multiprocessing.active_children()


HANGS = {
    "a function": ("float add(float x, float y) { for (;;) ; return x; }", ["--op", "add"]),
    "a sum": (
        "#include <stddef.h>\nfloat sum(const float *x, size_t n) { for (;;) ; return *x; }",
        [],
    ),
    "loading": ("__attribute__((constructor)) static void f(void) { for (;;) ; }", []),
}


@pytest.mark.parametrize("what", HANGS)
def test_a_library_that_hangs_is_ended(what: str, tmp_path: Path, capsys: Capture) -> None:
    source, words = HANGS[what]
    library = c.compiled(
        tmp_path, source.replace("for (;;) ;", "volatile int go = 1; while (go) ;")
    )
    for command in (["fuzz", *words, "--count", "10"], ["profile", *words]):
        assert main([command[0], library, *command[1:], "--timeout", "1"]) == 3
        shown = capsys.readouterr()
        assert shown.out == ""
        assert shown.err == f"refsem: {library}: gave no answer for 1 seconds and was ended\n"
        assert nothing_left()


def test_a_long_campaign_ends_the_processes_that_hang(tmp_path: Path) -> None:
    source = "float add(float x, float y) { volatile int go = 1; while (go) ; return x; }"
    plan = Plan(c.compiled(tmp_path, source), ("add",), (), None, 1)
    with pytest.raises(InputError, match="gave no answer for 1 seconds"):
        run(plan, Budget(100_000, None), NOTHING, 2, 1.0, lambda *_: None)
    assert nothing_left()


def test_a_module_that_hangs_is_interrupted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    text = "import time\ndef add(x, y):\n    while True: time.sleep(1)\n"
    text += "def sum(x): return add(x, x)\n"
    (tmp_path / "sleeps_for_ever.py").write_text(text, encoding="ascii")
    for words in (["fuzz", "--op", "add", "--count", "9"], ["profile", "--size", "4"]):
        command = [words[0], "python:sleeps_for_ever", *words[1:], "--timeout", "0.5"]
        assert main(command) == 3
        assert "gave no answer for 0.5 seconds" in capsys.readouterr().err
    command = ["fuzz", "python:sleeps_for_ever", "--op", "sum", "--count", "9", "--timeout", "1"]
    assert main(command) == 3
    assert "gave no answer for 1 seconds" in capsys.readouterr().err
    assert nothing_left()


def slow(report: Any) -> str:  # noqa: ANN401
    for number in range(6):
        time.sleep(0.6)
        report("at work", number, 6)
    return "done"


def ends(report: Any) -> None:  # noqa: ANN401
    del report
    sys.exit(4)


def test_work_that_reports_may_take_long() -> None:
    told: list[tuple[str, int, int]] = []
    assert in_child("it", slow, (), 2.0, lambda *report: told.append(report)) == "done"
    assert told[0] == ("at work", 0, 6)
    with pytest.raises(InputError, match="it: the target ended the process"):
        in_child("it", ends, (), 2.0, lambda *_: None)
    with alarmed("it", 0.4, lambda *_: None) as put_off:
        for _ in range(4):
            time.sleep(0.2)
            put_off("", 0, 0)
    with pytest.raises(InputError, match="it: gave no answer"), alarmed("it", 0.1, print):
        time.sleep(5)


@pytest.mark.parametrize(
    "words",
    [
        ["--op", "sum", "--mode", "RTP"],
        ["--op", "matmul"],
        ["--timeout", "0"],
        ["--timeout", "inf"],
    ],
)
def test_what_cannot_be_asked_is_3_and_one_line(words: list[str], capsys: Capture) -> None:
    assert main(["fuzz", "numpy", "--count", "1", *words]) == 3
    shown = capsys.readouterr()
    assert (shown.out, shown.err.count("\n")) == ("", 1)
