"""Every line of the TestFloat vectors: value and flags of the kernel, compiled and not."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from kernel_operands import on_arrays

from refsem.fuzz.vectors import FUNCTIONS, Skipped, Vector, read_testfloat
from refsem.kernel.catalogue import BY_NAME

EXTRAS = ("f32_mul_tininess", "f32_mulAdd_tininess", "f32_mulAdd_dblround")
EVERY = 16


def files(data: Path, function: str) -> list[Path]:
    found = sorted((data / "binary32" / "testfloat").rglob(f"{function}.*.txt.gz"))
    assert found
    return found


def vectors(path: Path) -> list[Vector]:
    read = read_testfloat(path)
    assert not isinstance(read, Skipped), read
    lines = list(read)
    assert lines
    return lines


def array_failures(lines: list[Vector]) -> Iterator[Vector]:
    groups = defaultdict(list)
    for line in lines:
        call = line.call
        groups[line.operation.name, call.mode, call.exact, call.environment].append(line)
    for (name, mode, exact, environment), group in groups.items():
        rows = [line.call.operands for line in group]
        answers = on_arrays(BY_NAME[name], mode, rows, exact, environment)
        for line, answer in zip(group, answers, strict=True):
            if answer != line.expected:
                yield line


def scalar_failures(lines: list[Vector]) -> list[Vector]:
    return [
        line for line in lines if BY_NAME[line.operation.name].evaluate(line.call) != line.expected
    ]


@pytest.mark.parametrize("function", [*FUNCTIONS, *EXTRAS])
def test_every_line_passes_on_arrays_and_some_uncompiled(data: Path, function: str) -> None:
    for file in files(data, function):
        lines = vectors(file)
        assert not list(array_failures(lines))[:3], file
        assert not scalar_failures(lines[::EVERY])[:3], file


@pytest.mark.nightly
@pytest.mark.parametrize("function", [*FUNCTIONS, *EXTRAS])
def test_every_line_passes_uncompiled(data: Path, function: str) -> None:
    for file in files(data, function):
        assert not scalar_failures(vectors(file))[:3], file


def test_a_wrong_expectation_is_noticed_both_ways(tmp_path: Path) -> None:
    file = tmp_path / "f32_add.rnear_even.txt"
    right = "3F800000 3F800000 40000000 00\n"
    wrong = "3F800000 3F800000 40000001 00\n3F800000 3F800000 40000000 01\n"
    file.write_text(right * 300 + wrong, encoding="ascii")
    lines = vectors(file)
    assert [line.line for line in array_failures(lines)] == [301, 302]
    assert [line.line for line in scalar_failures(lines)] == [301, 302]
