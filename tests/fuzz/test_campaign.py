"""`refsem fuzz`: planted bugs found and shrunk, repeatable by seed, and everything refused."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import planted
import pytest

from refsem.binary32.catalogue import Kind
from refsem.cli import main
from refsem.fuzz.campaign import Plan, questions, run, run_batch
from refsem.fuzz.division import NOTHING, Budget
from refsem.fuzz.judging import Nans, Question, ask
from refsem.fuzz.operations import BY_NAME
from refsem.fuzz.record import Recorded, read_record, write_record
from refsem.fuzz.repro import value_text
from refsem.fuzz.shrink import complexity, shrink
from refsem.fuzz.targets.kernel_target import kernel_target
from refsem.fuzz.targets.loading import load_target
from refsem.fuzz.targets.numpy_target import numpy_target
from refsem.fuzz.targets.target import hardware_directions
from refsem.rounding import RISCV, Mode

Capture = pytest.CaptureFixture[str]


def fuzz(capsys: Capture, *arguments: str) -> tuple[int, dict[str, Any]]:
    status = main(["fuzz", *arguments, "--json"])
    shown = capsys.readouterr()
    assert shown.err == ""
    return status, json.loads(shown.out)


def plan(target: str, *operations: str, seed: int = 1, modes: tuple[Mode, ...] = ()) -> Plan:
    return Plan(target, operations, modes, None, seed)


def campaign(asked: Plan, count: int) -> Any:  # noqa: ANN401
    return run(asked, Budget(count, None), NOTHING, 1, 60.0, lambda *_: None)


PLANTED = {
    "ties_away": "add",
    "upwards": "add",
    "flushed": "mul",
    "reads_zero": "add",
    "fma_in_double": "fma",
    "fma_unfused": "fma",
    "relu": "relu",
    "relu_of_scalars": "relu",
    "greater": "maximum",
    "quotient_by_reciprocal": "div",
    "root_in_double": "sqrt",
    "root_of_scalars": "sqrt",
    "raising": "add",
    "of_one_shape": "add",
    "rounded_integer": "to_int32",
}


@pytest.mark.parametrize("function", PLANTED)
def test_planted_bugs_are_found_and_shrunk(function: str, capsys: Capture) -> None:
    operation = PLANTED[function]
    target = f"python:planted:{function}"
    status, found = fuzz(capsys, target, "--op", operation, "--count", "3000", "--seed", "7")
    assert status == 1
    assert 0 < found["mismatches"] <= found["checked"] <= 3000
    smallest = found["smallest"]
    mode = Mode.RTZ if operation == "to_int32" else Mode.RNE
    assert (smallest["operation"], smallest["mode"]) == (operation, mode.value)
    operands = tuple(int(text, 16) for text in smallest["operands"])
    loaded = load_target(target, (operation,))
    question = Question(operation, mode, RISCV, Nans.ANY)
    assert len(ask(loaded, question, [operands]).findings) == 1
    again = shrink(loaded, ask(loaded, question, [operands]).findings[0])
    assert again.operands == operands


def smallest(function: str, operation: str, count: int = 3000) -> tuple[int, ...]:
    found = campaign(plan(f"python:planted:{function}", operation), count)
    return tuple(found.course.findings[0].operands)


def test_shrunk_operands_are_simple() -> None:
    x, y = smallest("ties_away", "add")
    assert min(x & 0x7FFFFF, y & 0x7FFFFF) == 0
    assert {x, y} & {0x3F800000, 0x3F800001, 0x40000000, 0x4B800000}
    assert smallest("relu", "relu")[0] & 0x7FFFFFFF in (0x7FC00000, 0x7F800001)
    x, y = smallest("flushed", "mul")
    assert max(x.bit_count(), y.bit_count()) <= 8
    x, y, z = smallest("fma_unfused", "fma")
    assert sum((v & 0x7FFFFF).bit_count() for v in (x, y, z)) <= 6


def test_right_callables_pass_and_that_proves_nothing(capsys: Capture) -> None:
    for function, operation in (("add", "add"), ("relu_right", "relu")):
        status, found = fuzz(
            capsys, f"python:planted:{function}", "--op", operation, "--count", "1000"
        )
        assert (status, found["checked"], found["mismatches"]) == (2, 1000, 0)
        assert found["smallest"] is None


def test_a_module_is_asked_for_what_its_functions_are_named_after() -> None:
    target = load_target("python:planted", ())
    assert set(target.functions) == {"add", "relu"}


def test_the_bits_of_nans_are_compared_on_request(capsys: Capture) -> None:
    arguments = ["numpy", "--op", "add", "--count", "2000", "--seed", "3"]
    assert fuzz(capsys, *arguments)[0] == 2
    status, found = fuzz(capsys, *arguments, "--nans", "exact")
    assert status == 1
    assert int(found["smallest"]["expected"], 16) == 0x7FC00000


def test_numpy_is_right_where_it_promises_to_be(capsys: Capture) -> None:
    status, found = fuzz(capsys, "numpy", "--count", "9000", "--seed", "5")
    assert (status, found["mismatches"]) == (2, 0)
    assert found["checked"] > 8000


def test_numpy_functions_are_not_correctly_rounded(capsys: Capture) -> None:
    status, found = fuzz(capsys, "numpy", "--op", "tan", "--op", "exp", "--count", "600")
    assert status == 1
    assert {finding["operation"] for finding in found["findings"]} <= {"tan", "exp"}


@pytest.mark.skipif(Mode.RTP not in hardware_directions(), reason="one direction only")
def test_directed_modes_of_the_hardware(capsys: Capture) -> None:
    modes = [word for mode in ("RTP", "RTN", "RTZ") for word in ("--mode", mode)]
    operations = [word for name in ("add", "mul", "div", "sqrt") for word in ("--op", name)]
    status, found = fuzz(capsys, "numpy", *modes, *operations, "--count", "6000")
    assert (status, found["mismatches"]) == (2, 0)
    status, found = fuzz(
        capsys, "python:planted:upwards", "--op", "add", *modes, "--count", "3000", "--seed", "1"
    )
    assert status == 1
    assert {finding["mode"] for finding in found["findings"]} == {"RTN", "RTZ"}
    assert np.float32(1) + np.float32(2.0**-24) == 1


def test_the_kernel_is_the_model(capsys: Capture) -> None:
    status, found = fuzz(capsys, "kernel", "--count", "6000", "--seed", "2")
    assert (status, found["checked"], found["mismatches"]) == (2, 6000, 0)


def test_every_question_of_the_kernel_is_asked_in_turn() -> None:
    target = kernel_target()
    asked = questions(target, plan("kernel", "add", "negate"))
    assert len(asked) == len(set(asked)) == len(target.environments) * (5 + 1)
    assert all(question.nans is Nans.EXACT for question in asked)


def test_the_same_seed_asks_the_same() -> None:
    asked = plan("numpy", "exp", "tanh", seed=11)
    assert run_batch(asked, 3, 40) == run_batch(asked, 3, 40)
    assert campaign(asked, 300) == campaign(asked, 300)
    assert campaign(asked, 300) != campaign(plan("numpy", "exp", "tanh", seed=12), 300)


def test_processes_find_what_one_finds() -> None:
    asked = plan("numpy", "add", "minimum_number", seed=4)
    told: list[int] = []
    several = run(
        asked, Budget(20_480, None), NOTHING, 2, 60.0, lambda _name, done, _all: told.append(done)
    )
    here = campaign(asked, 19_968).course
    rest = run(asked, Budget(512, None), here, 1, 60.0, lambda *_: None)
    assert several == rest
    assert told == sorted(told)
    assert told[-1] == several.course.checked


def test_a_campaign_stops_in_time() -> None:
    found = run(plan("numpy", "add"), Budget(None, 1.0), NOTHING, 1, 60.0, lambda *_: None)
    assert found.course.checked > 0


def test_a_file_is_continued(tmp_path: Path, capsys: Capture) -> None:
    file = tmp_path / "found.json"
    arguments = ["numpy", "--op", "exp", "--seed", "9", "--write", str(file)]
    status, first = fuzz(capsys, *arguments, "--count", "128")
    assert status == 1
    status, second = fuzz(capsys, *arguments, "--count", "128")
    assert second["checked"] == 2 * first["checked"] == 256
    whole = fuzz(capsys, *arguments[:-2], "--count", "256")[1]
    assert (whole["checked"], whole["mismatches"]) == (256, second["mismatches"])
    record = json.loads(file.read_text(encoding="utf-8"))
    assert record["format"] == "refsem.fuzz.v1"
    assert record["functions"]["next_batch"] == 4
    assert record["functions"]["findings"][0]["operands"] == second["smallest"]["operands"]


def test_a_file_round_trips(tmp_path: Path) -> None:
    file = tmp_path / "found.json"
    for target, operation in (("python:planted:raising", "add"), ("numpy", "exp")):
        asked = plan(target, operation)
        found = Recorded(campaign(asked, 600).course)
        assert found.functions.findings
        write_record(file, asked, found)
        assert read_record(file, asked) == found


REPROS = (
    ("numpy", "exp", False),
    ("python:planted:rounded_integer", "to_int32", True),
    ("python:planted:ties_away", "add", True),
    ("python:planted:fma_in_double", "fma", True),
    ("python:planted:greater", "maximum", False),
)


@pytest.mark.parametrize(("target", "operation", "right_in_c"), REPROS)
def test_repros_run(target: str, operation: str, right_in_c: bool, tmp_path: Path) -> None:
    asked = Plan(target, (operation,), (), None, 3)
    found = campaign(asked, 3000)
    finding, repro = found.course.findings[0], found.repros[0]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    command = [sys.executable, "-c", repro.python]
    printed = subprocess.run(
        command, capture_output=True, text=True, check=True, env=environment
    ).stdout
    assert printed == f"target {finding.got[0]:#X}, right 0x{finding.expected[0]:08X}\n"
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler")
    (tmp_path / "repro.c").write_text(repro.c, encoding="ascii")
    program = str(tmp_path / "repro")
    options = ["-O1", "-ffp-contract=off", "-o", program, str(tmp_path / "repro.c"), "-lm"]
    subprocess.run([compiler, *options], check=True, capture_output=True)
    printed = subprocess.run([program], capture_output=True, text=True, check=True).stdout
    assert printed.startswith("got 0x")
    assert printed.endswith(f"right 0x{finding.expected[0]:08X}\n")
    if right_in_c:
        assert printed.startswith(f"got 0x{finding.expected[0]:08X}")


def test_text_says_bits_values_and_programs(capsys: Capture) -> None:
    arguments = ["python:planted:relu", "--op", "relu", "--count", "500", "--seed", "1"]
    assert main(["fuzz", *arguments]) == 1
    text = capsys.readouterr().out
    assert "relu RNE: " in text
    assert "nan:0x400000" in text
    assert "import planted" in text
    assert "#include <math.h>" in text
    assert text.splitlines()[-1].startswith("seed 1: 500 checked, ")
    assert main(["fuzz", "kernel", "--op", "add", "--count", "100", "--seed", "1"]) == 2
    assert "found nothing" in capsys.readouterr().out


BAD = {
    "no target": ["fpga"],
    "no file": ["python:"],
    "kernel takes nothing": ["kernel:x"],
    "unknown operation": ["numpy", "--op", "frobnicate"],
    "not of the target": ["numpy", "--op", "total_order"],
    "unknown mode": ["numpy", "--mode", "up"],
    "two budgets": ["numpy", "--seconds", "1", "--count", "1"],
    "no cases": ["numpy", "--count", "0"],
    "no time": ["numpy", "--seconds", "0"],
    "endless": ["numpy", "--seconds", "inf"],
    "no module": ["python:no_such_module_here"],
    "no function": ["python:planted:absent"],
    "not callable": ["python:planted:NUMBER", "--op", "add"],
    "no operation known": ["python:planted:ties_away"],
    "casts truncate": ["numpy", "--op", "to_int32", "--mode", "RTP"],
    "no ties away in hardware": ["numpy", "--op", "add", "--mode", "RNA", "--count", "10"],
    "no library": ["library:absent.so"],
    "not a library": [f"library:{__file__}"],
    "unwritable": ["kernel", "--op", "add", "--count", "1", "--write", "/proc/x/y"],
}


@pytest.mark.parametrize("name", BAD)
def test_bad_targets_are_3_and_one_line(name: str, capsys: Capture) -> None:
    assert main(["fuzz", *BAD[name]]) == 3
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.count("\n") == 1
    assert shown.err.startswith("refsem: ")


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"format": "other"}', '{"format": "refsem.fuzz.v1", "plan": {}}'],
)
def test_a_wrong_file_is_3(text: str, tmp_path: Path, capsys: Capture) -> None:
    file = tmp_path / "found.json"
    file.write_text(text, encoding="utf-8")
    assert main(["fuzz", "kernel", "--seed", "1", "--count", "1", "--write", str(file)]) == 3
    assert capsys.readouterr().err.count("\n") == 1
    assert file.read_text(encoding="utf-8") == text


def test_a_file_of_another_campaign_is_3(tmp_path: Path, capsys: Capture) -> None:
    file = str(tmp_path / "found.json")
    arguments = ["fuzz", "kernel", "--op", "add", "--count", "10", "--write", file]
    assert main([*arguments, "--seed", "1"]) == 2
    assert main([*arguments, "--seed", "2"]) == 3
    assert "another campaign" in capsys.readouterr().err


def test_a_module_that_fails_on_import_is_3(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    bodies = {"broken_one": "1 / 0", "broken_two": "import sys; sys.exit(0)", "broken_three": "("}
    for name, body in bodies.items():
        (tmp_path / f"{name}.py").write_text(body, encoding="utf-8")
        assert main(["fuzz", f"python:{name}:add"]) == 3
        assert "cannot be imported" in capsys.readouterr().err


def test_a_bad_operation_executes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    text = f"open({str(tmp_path / 'ran')!r}, 'w').close()\ndef add(x, y): return x + y\n"
    (tmp_path / "leaves_a_trace.py").write_text(text, encoding="utf-8")
    assert main(["fuzz", "python:leaves_a_trace:add", "--op", "nothing"]) == 3
    assert main(["fuzz", "python:leaves_a_trace:add", "--count", "-1"]) == 3
    assert not (tmp_path / "ran").exists()
    assert main(["fuzz", "python:leaves_a_trace:add", "--count", "20"]) == 2
    assert (tmp_path / "ran").exists()
    capsys.readouterr()


def test_complexity_prefers_simple_numbers() -> None:
    order = (0, 0x3F800000, 0x40000000, 0x3FC00000, 0x3F800001, 0x12345678, 0x7FC00000, 0x7F800001)
    costs = [complexity((Kind.BINARY32,), (bits,)) for bits in order]
    assert costs == sorted(costs)
    assert complexity((Kind.INT32,), (1,)) < complexity((Kind.INT32,), (0xFFFFFFFF,))


def test_values_are_shown_as_values() -> None:
    assert value_text(Kind.BINARY32, 0xBFC00000) == "-0x1.8p+0"
    assert value_text(Kind.BINARY32, 1) == "0x0.000002p-126"
    assert value_text(Kind.BINARY16, 0x3C01) == "0x1.004p+0"
    assert value_text(Kind.BINARY64, 0x3FF8000000000000) == "0x1.8p+0"
    assert value_text(Kind.BFLOAT16, 0xFF80) == "-inf"
    assert value_text(Kind.BINARY32, 0x7F800001) == "snan:0x1"
    assert value_text(Kind.INT32, 0xFFFFFFFF) == "-1"
    assert value_text(Kind.UINT32, 0xFFFFFFFF) == "4294967295"


def test_what_is_not_promised_is_not_held_against_a_target() -> None:
    target = numpy_target()
    question = Question("maximum", Mode.RNE, RISCV, Nans.ANY)
    assert not ask(target, question, [(1 << 31, 0), (0, 1 << 31)]).findings
    question = Question("to_int32", Mode.RNE, RISCV, Nans.ANY)
    assert ask(target, question, [(0x7FC00000,), (0x7F800000,)]).checked == 0
    question = Question("to_int32", Mode.RTZ, RISCV, Nans.ANY)
    assert ask(target, question, [(0x3FC00000,)]).checked == 1
    assert planted.NUMBER == 3
    assert BY_NAME["relu"].evaluate is not BY_NAME["maximum"].evaluate
