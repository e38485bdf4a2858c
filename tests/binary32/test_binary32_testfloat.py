"""Every line of the TestFloat vectors: value and flags of the model."""

import gzip
from dataclasses import replace
from pathlib import Path

import pytest

from refsem.errors import InputError
from refsem.fuzz.vectors import FUNCTIONS, Skipped, Vector, read_testfloat
from refsem.rounding import RISCV, Mode, NanPolicy, Tininess

EXTRAS = ("f32_mul_tininess", "f32_mulAdd_tininess", "f32_mulAdd_dblround")


def vectors(path: Path) -> list[Vector]:
    read = read_testfloat(path)
    assert not isinstance(read, Skipped), read
    return list(read)


def failures(lines: list[Vector]) -> list[Vector]:
    return [line for line in lines if line.operation.evaluate(line.call) != line.expected]


@pytest.mark.parametrize("function", [*FUNCTIONS, *EXTRAS])
def test_every_line_passes(data: Path, function: str) -> None:
    folder = data / "binary32" / "testfloat"
    files = sorted(folder.rglob(f"{function}.*.txt.gz"))
    assert files
    for file in files:
        lines = vectors(file)
        assert lines
        assert not failures(lines)[:3], file


def test_no_file_is_left_out(data: Path) -> None:
    folder = data / "binary32" / "testfloat"
    for file in folder.rglob("*.txt.gz"):
        assert file.name.split(".")[0] in (*FUNCTIONS, *EXTRAS)


def write(path: Path, *lines: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="ascii")
    return path


def test_a_wrong_value_or_flag_is_a_failure(tmp_path: Path) -> None:
    file = write(
        tmp_path / "f32_add.rnear_even.txt",
        "3F800000 3F800000 40000000 00",
        "3F800000 3F800000 40000001 00",
        "3F800000 3F800000 40000000 01",
    )
    assert [line.line for line in failures(vectors(file))] == [2, 3]


def test_names_say_mode_tininess_and_exactness(tmp_path: Path) -> None:
    file = write(tmp_path / "f32_div.rmax.before.txt", "3F800000 3F800000 3F800000 00")
    (line,) = vectors(file)
    assert line.call.mode is Mode.RTP
    assert line.call.environment == replace(RISCV, tininess=Tininess.BEFORE)
    for exact in ("exact", "notexact"):
        file = write(tmp_path / f"f32_to_i32.rminMag.{exact}.txt", "3F000000 00000000 01")
        (line,) = vectors(file)
        assert line.call.exact == (exact == "exact")
        assert bool(failures([line])) == (exact == "notexact")


def test_two_columns_of_flags(tmp_path: Path) -> None:
    file = write(tmp_path / "f32_mul_tininess.rmax.txt", "007FFFFF 3F800001 00800000 01 03")
    after, before = vectors(file)
    assert (after.call.environment.tininess, after.expected[1]) == (Tininess.AFTER, 1)
    assert (before.call.environment.tininess, before.expected[1]) == (Tininess.BEFORE, 3)
    assert not failures([after, before])


def test_the_x86_folder_has_its_own_rules(tmp_path: Path) -> None:
    file = write(tmp_path / "x86" / "f32_add.rnear_even.txt", "7F800000 FF800000 FFC00000 10")
    (line,) = vectors(file)
    assert line.call.environment.nan_policy is NanPolicy.X86
    assert not failures([line])


def test_compressed_and_plain_files_read_alike(tmp_path: Path) -> None:
    line = "3F800000 BF800000 80000000 00\n"
    (tmp_path / "f32_add.rmin.txt.gz").write_bytes(gzip.compress(line.encode()))
    assert not failures(vectors(tmp_path / "f32_add.rmin.txt.gz"))


def test_an_unknown_function_is_skipped_by_name(tmp_path: Path) -> None:
    skipped = read_testfloat(write(tmp_path / "f64_add.rmin.txt", "0 0 0 00"))
    assert isinstance(skipped, Skipped)
    assert "f64_add" in skipped.reason


@pytest.mark.parametrize(
    ("name", "line", "complaint"),
    [
        ("f32_add.txt", "0 0 0 00", "the name is not"),
        ("f32_add.upwards.txt", "0 0 0 00", "the name is not"),
        ("f32_add.rmin.txt", "0 0 00", "4 fields expected, not 3"),
        ("f32_add.rmin.txt", "0 0 0 00 00", "4 fields expected, not 5"),
        ("f32_add.rmin.txt", "0 zero 0 00", "invalid literal"),
        ("f32_add.rmin.txt", "100000000 0 0 00", "100000000 is not"),
    ],
)
def test_malformed_files_are_refused(tmp_path: Path, name: str, line: str, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        vectors(write(tmp_path / name, line))


def test_unreadable_files_are_refused(tmp_path: Path) -> None:
    whole = gzip.compress(b"3F800000 BF800000 80000000 00\n" * 100)
    spoilt = {"cut": whole[:30], "text": b"3F800000\n", "garbled": whole[:15] + b"\xff" * 9}
    for content in spoilt.values():
        (tmp_path / "f32_add.rmin.txt.gz").write_bytes(content)
        with pytest.raises(InputError):
            vectors(tmp_path / "f32_add.rmin.txt.gz")
    (tmp_path / "f32_add.rmin.txt").write_bytes(b"\xff\n")
    with pytest.raises(InputError):
        vectors(tmp_path / "f32_add.rmin.txt")
    with pytest.raises(InputError):
        vectors(tmp_path / "f32_add.rmax.txt")
