"""WebAssembly assertions: every delivered one passes, wrong answers fail, the rest is named."""

import gzip
from dataclasses import replace
from pathlib import Path

import pytest

from refsem.binary32.catalogue import Answer, Call
from refsem.errors import InputError
from refsem.fuzz.conformance import check_file, model, uncompiled_kernel
from refsem.fuzz.wasm_vectors import Assertion, SkippedAssertion, read_wast
from refsem.rounding import RISCV, Mode

MODULE = """(module
  (func (export "add") (param $x f32) (param $y f32) (result f32)
    (f32.add (local.get $x) (local.get $y)))
  (func $id (export "plain") (export "again") (param f32 f32) (result f32) (local.get 1)
    local.get 0 f32.sub)
  (func (export "nan") (param $x i32) (result i32)
    (i32.and (i32.reinterpret_f32 (f32.abs (f32.reinterpret_i32 (local.get $x))))
             (i32.const 0x7fc00000)))
  (func (export "trunc") (param $x f32) (result i32) (i32.trunc_f32_s (local.get $x)))
  (func (export "sat") (param $x f32) (result i64) (i64.trunc_sat_f32_u (local.get $x)))
  (func (export "less") (param $x f32) (result f32)
    (select (local.get $x) (f32.const 1) (f32.lt (local.get $x) (f32.const 1))))
  (func (export "max") (param f32 f32) (result f32) (f32.max (local.get 0) (local.get 1)))
  (func (export "loop") (param $x f32) (result f32) (loop (br 0)) (local.get $x))
  (func (export "local") (param $x f32) (result f32) (local $y f32) (local.get $y))
  (func (export "nothing")))
"""


def script(folder: Path, *lines: str) -> Path:
    path = folder / "script.wast"
    path.write_text(MODULE + "\n".join(lines), encoding="utf-8")
    return path


def outcome(folder: Path, line: str) -> str:
    (found,) = read_wast(script(folder, line))
    if isinstance(found, SkippedAssertion):
        return found.reason
    answer = found.run(model)
    return str(found.expected.accepts(answer))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("line", "holds"),
    [
        ('(assert_return (invoke "add" (f32.const 1) (f32.const 2)) (f32.const 3))', True),
        ('(assert_return (invoke "add" (f32.const 1) (f32.const 2)) (f32.const 4))', False),
        ('(assert_return (invoke "again" (f32.const 1) (f32.const 2)) (f32.const 1))', True),
        ('(assert_return (invoke "nan" (i32.const 0xff800001)) (i32.const 0x7f800000))', True),
        ('(assert_return (invoke "less" (f32.const 0.5)) (f32.const 0.5))', True),
        ('(assert_return (invoke "less" (f32.const nan)) (f32.const 1))', True),
        ('(assert_trap (invoke "trunc" (f32.const nan)) "invalid conversion to integer")', True),
        ('(assert_trap (invoke "trunc" (f32.const 2147483648.0)) "integer overflow")', True),
        ('(assert_trap (invoke "trunc" (f32.const 1)) "integer overflow")', False),
        ('(assert_return (invoke "trunc" (f32.const -1.5)) (i32.const -1))', True),
        ('(assert_return (invoke "trunc" (f32.const inf)) (i32.const -1))', False),
        ('(assert_return (invoke "sat" (f32.const inf)) (i64.const -1))', True),
        ('(assert_return (invoke "max" (f32.const nan) (f32.const 1)) (f32.const 1))', False),
        *(
            (f'({head} (invoke "max" (f32.const {x}) (f32.const 1)){result})', x != "0")
            for head, result in (
                ("assert_return", " (f32.const nan:canonical)"),
                ("assert_return", " (f32.const nan:arithmetic)"),
                ("assert_return_canonical_nan", ""),
                ("assert_return_arithmetic_nan", ""),
            )
            for x in ("-nan:0x1", "nan", "0")
        ),
    ],
)
def test_assertions_hold_or_not(tmp_path: Path, line: str, holds: bool) -> None:
    assert outcome(tmp_path, line) == str(holds)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('(assert_return (invoke "loop" (f32.const 1)) (f32.const 1))', "loop is not an operation"),
        ('(assert_return (invoke "local" (f32.const 1)) (f32.const 1))', "has a local"),
        ('(assert_return (invoke "nothing"))', "does not answer exactly one"),
        ('(assert_return (invoke "gone") (f32.const 1))', "no exported function"),
        ('(assert_return (invoke $m "add" (f32.const 1) (f32.const 1)) (f32.const 1))', "another"),
        ('(assert_return (get "g") (f32.const 1))', "something else than a function"),
        ('(assert_malformed (module quote "(") "x")', "something else than a function"),
        ('(assert_exhaustion (invoke "add") "x")', "something else than a function"),
        (
            '(assert_return (invoke "max" (f32.const 1) (f32.const 1)) (either (f32.const 1)))',
            "one of several",
        ),
    ],
)
def test_what_is_not_delivered_is_skipped_by_name(tmp_path: Path, line: str, reason: str) -> None:
    assert reason in outcome(tmp_path, line)


def test_a_saturated_nan_is_skipped_when_it_is_run(tmp_path: Path) -> None:
    path = script(tmp_path, '(assert_return (invoke "sat" (f32.const nan)) (i64.const 0))')
    found = check_file(path, {"model": model})
    assert (found.passed, found.failed, found.skipped_lines) == (0, 0, 1)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ('(assert_return (invoke "add" (f32.const 1)) (f32.const 3))', "takes 2 operands"),
        ('(assert_return (invoke "add" (i32.const 1) (f32.const 1)) (f32.const 3))', "takes 2"),
        ('(assert_return (invoke "trunc" (f32.const 1)) (f32.const 1))', "answers one i32"),
        ('(assert_return (invoke "trunc" (f32.const 1_)) (i32.const 1))', "not a number"),
        ('(assert_return (invoke "trunc" (f32.add 1)) (i32.const 1))', "constant was expected"),
        ("(wat)", "no part of a script"),
        ('(module (func (export "f") (param q32)))', "not a number type"),
        ('(module (func (export "f") (result f32) f32.neg))', "lacks an operand"),
        ('(module (func (export "f") (result f32) (local.get $x)))', "no parameter"),
        ('(module (func (export "f") (result f32) f32.const))', "needs a word"),
        ("(module", "not closed"),
    ],
)
def test_malformed_scripts_are_refused(tmp_path: Path, line: str, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        list(read_wast(script(tmp_path, line)))


def test_unreadable_scripts_are_refused(tmp_path: Path) -> None:
    for name, content in (("a.wast", b"\xff"), ("a.wast.gz", b"(module)"), ("b.wast.gz", b"")):
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError):
        list(read_wast(tmp_path / "a.wast"))
    with pytest.raises(InputError):
        list(read_wast(tmp_path / "a.wast.gz"))
    with pytest.raises(InputError):
        list(read_wast(tmp_path / "absent.wast"))


def test_an_assertion_is_about_the_module_before_it(tmp_path: Path) -> None:
    path = tmp_path / "two.wast.gz"
    one = '(module (func (export "f") (result f32) (f32.const {})))'
    asked = '(assert_return (invoke "f") (f32.const 1))'
    text = f'{one.format(1)}{asked}\n{one.format(2)}{asked}\n(module binary "\\00"){asked}'
    path.write_bytes(gzip.compress(text.encode()))
    found = check_file(path, {"model": model})
    assert (found.passed, found.failed, found.skipped_lines) == (1, 1, 1)
    assert found.failures[0].line == 2
    assert (found.failures[0].expected, found.failures[0].got) == ("3F800000", "40000000")


FILES = {
    "conversions": (327, 291),
    "f32": (2500, 13),
    "f32_bitwise": (360, 3),
    "f32_cmp": (2400, 6),
    "float_exprs": (331, 488),
    "float_literals": (98, 79),
    "float_misc": (203, 267),
}


@pytest.mark.parametrize("name", FILES)
def test_every_delivered_assertion_passes(data: Path, name: str) -> None:
    path = data / "binary32" / "suites" / "wasm" / f"{name}.wast.gz"
    found = check_file(path, {"model": model, "kernel": uncompiled_kernel})
    assert not found.failures
    assert (found.passed, found.skipped_lines) == FILES[name]


def test_mutants_of_the_kernel_fail(data: Path) -> None:
    def truncating(name: str, call: Call) -> Answer:
        return uncompiled_kernel(name, replace(call, mode=Mode.RTZ))

    def flushing(name: str, call: Call) -> Answer:
        return uncompiled_kernel(
            name, replace(call, environment=replace(RISCV, flush_to_zero=True))
        )

    folder = data / "binary32" / "suites" / "wasm"
    assert check_file(folder / "f32.wast.gz", {"truncating": truncating}).failed > 10
    found = check_file(folder / "float_exprs.wast.gz", {"flushing": flushing})
    assert found.failed > 1
    assert found.failures[0].against == "flushing"


def test_assertions_are_data(data: Path) -> None:
    first = next(read_wast(data / "binary32" / "suites" / "wasm" / "f32.wast.gz"))
    assert isinstance(first, Assertion)
    assert (first.name, first.operands) == ("add", (0x80000000, 0x80000000))
