"""C libraries as targets: contraction and flushing found, patterns unharmed, crashes survived."""

import ctypes.util
import json
from pathlib import Path
from typing import Any

import c_libraries as c
import numpy as np
import pytest

from refsem.cli import main
from refsem.fuzz.judging import Nans, Question, ask
from refsem.fuzz.profile import Wanted, profile
from refsem.fuzz.targets.loading import load_target
from refsem.rounding import RISCV, Mode

Capture = pytest.CaptureFixture[str]


def run(capsys: Capture, *arguments: str) -> tuple[int, dict[str, Any]]:
    status = main([*arguments, "--json"])
    shown = capsys.readouterr()
    assert shown.err == ""
    return status, json.loads(shown.out)


def does(found: dict[str, Any], topic: str, asked: str) -> str:
    (row,) = (row for row in found["rows"] if row["topic"] == topic and asked in row["asked"])
    return str(row["does"])


def test_functions_are_found_and_asked(tmp_path: Path) -> None:
    target = load_target(c.unfused(tmp_path), ())
    assert set(target.functions) == {"add", "mul", "mul_add", "negate", "relu", "to_int32"}
    assert set(target.reductions) == {"sum", "dot"}
    question = Question("negate", Mode.RNE, RISCV, Nans.EXACT)
    rows = [(0x7F800001,), (0xFFC00123,), (0,), (1,), (0x7F800000,)]
    found = ask(target, question, rows)
    assert (found.checked, found.findings) == (5, ())
    question = Question("to_int32", Mode.RTZ, RISCV, Nans.ANY)
    assert not ask(target, question, [(0x3FC00000,), (0xBFC00000,), (0x7FC00000,)]).findings


def test_the_function_f_is_what_it_is_said_to_be(tmp_path: Path) -> None:
    target = load_target(c.unfused(tmp_path), ("sub",))
    question = Question("sub", Mode.RNE, RISCV, Nans.ANY)
    assert not ask(target, question, [(0x40000000, 0x3F800000)]).findings


def test_campaigns_find_what_a_compiler_did(tmp_path: Path, capsys: Capture) -> None:
    library = c.contracting(tmp_path)
    arguments = ("fuzz", library, "--op", "mul_add", "--count", "3000", "--seed", "1")
    status, found = run(capsys, *arguments)
    assert status == 1
    smallest = found["smallest"]
    assert sum(int(bits, 16) & 0x7FFFFF != 0 for bits in smallest["operands"]) <= 3
    assert f"/* link with {library.removeprefix('library:')} */" in smallest["c"]
    assert "ctypes" in smallest["python"]


def test_an_honest_library_passes(tmp_path: Path, capsys: Capture) -> None:
    library = c.unfused(tmp_path)
    words = [word for name in ("add", "mul", "mul_add", "negate") for word in ("--op", name)]
    status, found = run(capsys, "fuzz", library, *words, "--count", "3000", "--seed", "1")
    assert (status, found["mismatches"], found["checked"]) == (2, 0, 3000)


def test_a_contracting_library_is_recognised(tmp_path: Path, capsys: Capture) -> None:
    arguments = ("--size", "5", "--size", "20")
    status, found = run(capsys, "profile", c.contracting(tmp_path), *arguments)
    assert status == 0
    assert does(found, "contraction", "mul_add") == "fused: one rounding"
    assert does(found, "subnormal", "2^-149 + 2^-149") == "kept"
    orders = {(entry["name"], entry["size"]): entry for entry in found["reductions"]}
    assert all(entry["confirmed"] for entry in orders.values())
    assert "products fused" in orders["dot", 20]["order"]
    assert "fused" not in orders["sum", 20]["order"]


def test_an_honest_library_is_recognised(tmp_path: Path, capsys: Capture) -> None:
    _, found = run(capsys, "profile", c.unfused(tmp_path), "--size", "20")
    assert does(found, "contraction", "mul_add") == "product rounded first"
    assert does(found, "rounding", "RNE") == "honoured"
    assert {row["does"] for row in found["rows"] if row["topic"] == "relu"} == {"00000000"}
    for entry in found["reductions"]:
        assert entry["order"] == "left to right, in binary32, +0 added"
        assert entry["confirmed"]


@pytest.mark.parametrize(
    ("source", "operands"), [(c.FLUSHING, "operands read as zero"), (c.RESULTS_FLUSHED, "kept")]
)
def test_a_flushing_library_is_recognised(
    source: str, operands: str, tmp_path: Path, capsys: Capture
) -> None:
    _, found = run(capsys, "profile", c.flushing(tmp_path, source))
    assert does(found, "subnormal", "2^-126") == "results flushed"
    assert does(found, "subnormal", "2^100") == operands
    assert np.float32(2.0**-149) * np.float32(2.0**100) != 0


def test_a_flushing_library_is_found_by_a_campaign(tmp_path: Path, capsys: Capture) -> None:
    library = c.flushing(tmp_path, c.FLUSHING)
    status, found = run(capsys, "fuzz", library, "--op", "mul", "--count", "2000", "--seed", "1")
    assert status == 1
    assert int(found["smallest"]["got"], 16) & 0x7FFFFFFF == 0


def test_a_crashing_library_is_3_and_one_line(tmp_path: Path, capsys: Capture) -> None:
    library = c.compiled(tmp_path, c.CRASHING)
    for command in (["fuzz", library, "--count", "10"], ["profile", library]):
        assert main(command) == 3
        shown = capsys.readouterr()
        assert "ended the process" in shown.err
        assert shown.err.count("\n") == 1


def test_what_a_library_lacks_is_3_and_one_line(tmp_path: Path, capsys: Capture) -> None:
    library = c.compiled(tmp_path, "int unrelated(void) { return 0; }")
    for words in ([], ["--op", "add"], ["--op", "sum"]):
        for command in ("fuzz", "profile"):
            assert main([command, library, *words]) == 3
            shown = capsys.readouterr()
            assert "exports no" in shown.err
            assert shown.err.count("\n") == 1
            assert shown.out == ""


def test_functions_of_other_libraries_are_not_the_target(tmp_path: Path, capsys: Capture) -> None:
    source = "float exp2f(float x);\nfloat sqrt(float x) { return exp2f(x); }"
    library = c.compiled(tmp_path, source, "-fno-builtin", "-w")
    target = load_target(library, ())
    assert set(target.functions) == {"sqrt"}
    assert target.symbols == {"sqrt": "sqrt"}
    assert main(["fuzz", library, "--op", "exp2", "--count", "1"]) == 3
    assert "exports no" in capsys.readouterr().err


def test_the_mathematics_library_has_float_functions() -> None:
    name = ctypes.util.find_library("m")
    if name is None:
        pytest.skip("no mathematics library")
    target = load_target(f"library:{name}", ())
    assert target.symbols["fma"] == "fmaf"
    assert target.symbols["sqrt"] == "sqrtf"
    question = Question("sqrt", Mode.RNE, RISCV, Nans.ANY)
    assert not ask(target, question, [(0x40000000,), (1,), (0x7F7FFFFF,)]).findings


def test_a_reduction_without_an_order_is_told(tmp_path: Path, capsys: Capture) -> None:
    source = "#include <stddef.h>\nfloat sum(const float *x, size_t n) { return n ? x[0] : 0; }"
    library = c.compiled(tmp_path, source)
    assert main(["fuzz", library, "--count", "100", "--seed", "1"]) == 1
    assert "no order confirmed" in capsys.readouterr().out
    found = profile(load_target(library, ()), Wanted((6,), 0, 0), lambda *_: None)
    assert not found.reductions[0].confirmed
