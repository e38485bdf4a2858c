"""`refsem vectors`: what is read, what passes, fails or is skipped, and the exit status."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from refsem.cli import main
from refsem.errors import InputError
from refsem.fuzz.conformance import (
    Against,
    check_file,
    check_files,
    model,
    reader_of,
    uncompiled_kernel,
    vector_files,
)
from refsem.fuzz.glibc_vectors import read_glibc
from refsem.fuzz.hard_to_round import read_hard_to_round
from refsem.fuzz.vectors import read_testfloat
from refsem.fuzz.wasm_vectors import read_wast

RIGHT = "3F800000 3F800000 40000000 00\n"
WRONG = "3F800000 3F800000 40000001 00\n"
HARD = "# f32 exp: x kind hardness RNE RNA RTZ RDN RUP\n"
EXP = "C16912CD M 28.66 34FD331B 34FD331B 34FD331A 34FD331A 34FD331B\n"


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    def written(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(text, encoding="ascii")
        return path

    return written


Write = Callable[[str, str], Path]


def test_names_choose_the_reader(write: Write) -> None:
    assert reader_of(write("f32_add.rmin.txt", RIGHT)) is read_testfloat
    assert reader_of(write("exp.b32.txt", "")) is read_glibc
    assert reader_of(write("f32.wast", "")) is read_wast
    assert reader_of(write("exp.txt", HARD)) is read_hard_to_round
    assert reader_of(write("f32_add.rmin.txt", HARD)) is read_testfloat


def test_folders_are_searched_and_other_files_left(write: Write, tmp_path: Path) -> None:
    wanted = [write("a/f32_add.rmin.txt", ""), write("a/b/f32.wast", "")]
    write("a/README.md", "")
    write("a/b/notes.tsv", "")
    found = vector_files([tmp_path / "a", wanted[0]])
    assert sorted(found) == sorted(wanted)
    with pytest.raises(InputError, match="vectors are named"):
        vector_files([tmp_path / "a" / "README.md"])
    with pytest.raises(InputError, match="no such file"):
        vector_files([tmp_path / "absent"])


def test_two_columns_of_flags_are_one_line(write: Write) -> None:
    lines = "007FFFFF 3F800001 00800000 01 03\n007FFFFF 3F800001 00800000 01 01\n"
    path = write("f32_mul_tininess.rmax.txt", lines)
    found = check_file(path, {"model": model, "kernel": uncompiled_kernel})
    assert (found.passed, found.failed, found.failures[0].line) == (1, 1, 2)
    assert "tininess before" in found.failures[0].call


def test_hard_to_round_lists(write: Write) -> None:
    path = write("exp.txt", HARD + EXP + EXP.replace("34FD331A 34FD331B\n", "0 34FD331B\n"))
    found = check_file(path, {"kernel": uncompiled_kernel})
    assert (found.passed, found.failed) == (1, 1)
    assert (found.failures[0].expected, found.failures[0].got) == ("00000000", "34FD331A")
    skipped = check_file(write("sec.txt", HARD.replace("exp", "sec") + EXP), {"model": model})
    assert (skipped.passed, skipped.skipped_lines) == (0, 2)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (HARD + "C16912CD M 28.66 0 0 0 0\n", "line 2: 8 fields"),
        (HARD + EXP.replace(" M ", " X "), "the second M or D"),
        (HARD + EXP.replace("C16912CD", "zero"), "invalid literal"),
        (HARD + EXP.replace("C16912CD", "100000000"), "not a 32-bit"),
    ],
)
def test_malformed_lists_are_refused(write: Write, text: str, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        check_file(write("exp.txt", text), {"model": model})
    with pytest.raises(InputError, match="a list begins"):
        read_hard_to_round(write("exp.txt", EXP))


def test_hard_lists_pass(data: Path) -> None:
    def report(_name: str, done: int, count: int) -> None:
        assert 0 < done <= count

    folder = data / "binary32" / "hard_to_round"
    files = vector_files([folder])[:3]
    found = check_files(files, Against.MODEL, 1, report)
    assert found.passed > 100
    assert not found.failed


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, list[str], str]:
    status = main(["vectors", *arguments])
    shown = capsys.readouterr()
    return status, shown.out.splitlines(), shown.err


def test_all_passing_is_0(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    path = write("f32_add.rnear_even.txt", RIGHT * 3)
    for against in Against:
        status, lines, errors = run(capsys, str(path), "--against", against.value)
        assert (status, lines, errors) == (0, ["3 passed, 0 failed, 0 skipped"], "")


def test_a_failure_is_1_and_shown(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    path = write("f32_add.rnear_even.txt", RIGHT + WRONG * 21)
    status, lines, _ = run(capsys, str(path))
    assert status == 1
    assert len(lines) == 22
    assert lines[0].startswith(f"{path}:2: add RNE 3F800000 3F800000")
    assert lines[0].endswith("expected 40000001 00, model got 40000000 00")
    assert lines[-2:] == ["… and 1 more failures", "1 passed, 21 failed, 0 skipped"]


def test_flags_alone_are_a_failure(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    path = write("f32_add.rnear_even.txt", RIGHT.replace(" 00\n", " 01\n"))
    status, lines, _ = run(capsys, str(path), "--against", "kernel")
    assert status == 1
    assert "expected 40000000 01, kernel got 40000000 00" in lines[0]


def test_nothing_run_is_2(write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, str(tmp_path))[:2] == (2, ["0 passed, 0 failed, 0 skipped"])
    write("f64_add.rmin.txt", "0 0 0 00\n" * 2)
    status, lines, _ = run(capsys, str(tmp_path))
    assert status == 2
    assert lines == [
        "skipped 2: f64_add is not an operation of refsem",
        "0 passed, 0 failed, 2 skipped",
    ]


def test_bad_input_is_3_and_one_line(
    write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    malformed = write("f32_add.rmin.txt", RIGHT + "0 0 0\n")
    unknown = write("add.txt", RIGHT)
    absent = tmp_path / "absent"
    for arguments in ([str(malformed)], [str(unknown)], [str(absent)], [], ["--against", "both"]):
        status, lines, errors = run(capsys, *arguments)
        assert (status, lines, errors.count("\n")) == (3, [], 1)


def test_json_is_one_object(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    first = write("f32_add.rnear_even.txt", RIGHT + WRONG)
    second = write("f64_add.rmin.txt", "0 0 0 00\n")
    status, lines, _ = run(capsys, str(first), str(second), "--json")
    found = json.loads("\n".join(lines))
    assert status == 1
    assert (found["passed"], found["failed"], found["skipped"]) == (1, 1, 1)
    assert found["failures"][0]["line"] == 2
    assert found["skips"] == [
        {"file": str(second), "reason": "f64_add is not an operation of refsem", "lines": 1}
    ]


def test_processes_find_what_one_finds(write: Write, tmp_path: Path) -> None:
    write("f32_add.rnear_even.txt", RIGHT * 1500 + WRONG)
    write("f32_mul.rnear_even.before.txt", "3F800000 3F800000 3F800000 00\n" * 1500)
    seen: list[tuple[str, int, int]] = []
    found = [
        check_files([tmp_path], Against.MODEL, count, lambda *told: seen.append(told))
        for count in (1, 2)
    ]
    assert found[0] == found[1]
    assert (found[0].passed, found[0].failed) == (3000, 1)
    assert seen[:2] == seen[2:]
    write("f32_sub.rmin.txt", "nonsense\n")
    with pytest.raises(InputError, match="line 1"):
        check_files([tmp_path], Against.MODEL, 2, lambda *_: None)


def test_the_delivered_vectors_pass(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    suites = data / "binary32" / "suites" / "glibc"
    testfloat = data / "binary32" / "testfloat" / "x86"
    status, lines, _ = run(capsys, str(suites / "fma.b32.txt.gz"), str(testfloat))
    assert status == 0
    assert lines[-1].endswith(" passed, 0 failed, 0 skipped")
    assert int(lines[-1].split()[0]) > 1000
