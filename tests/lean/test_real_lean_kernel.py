"""The Lean kernel computes what refsem's does, bit for bit: a real Lean runs it on corner cases.

What is proved of the Lean kernel is proved of Lean text; that this text is refsem's kernel is what
this file tests. The operands are the grid of the kernel's own tests and TestFloat's vectors; the
answers are those of refsem's uncompiled kernel, and TestFloat's.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import islice, product
from pathlib import Path

import pytest
from lean_reports import said_by, with_verdict, write_files

from lean_export.checker import Verdict
from lean_export.core import CORE_THEOREMS, WHOLE_CORE
from lean_export.project import assembled
from lean_export.reader import read
from lean_export.toolchain import Lean
from refsem.binary32.catalogue import Call
from refsem.fuzz.vectors import Skipped, read_testfloat
from refsem.kernel.catalogue import BY_NAME
from refsem.rounding import RISCV, Mode

MODES = {
    Mode.RNE: "nearestEven",
    Mode.RNA: "nearestAway",
    Mode.RTP: "up",
    Mode.RTN: "down",
    Mode.RTZ: "zero",
}
OPERANDS = {"add": 2, "sub": 2, "mul": 2, "div": 2, "sqrt": 1, "fma": 3}
TESTFLOAT = {"f32_add": "add", "f32_mul": "mul", "f32_div": "div", "f32_mulAdd": "fma"}
TESTFLOAT |= {"f32_sub": "sub", "f32_sqrt": "sqrt"}
TESTFLOAT |= {f"f32_{name}": "fma" for name in ("mulAdd_dblround", "mulAdd_tininess")}
TESTFLOAT |= {"f32_mul_tininess": "mul"}
LINES = 60
"""How many lines of each TestFloat file, evenly spread."""
CHUNK = 256
"""How many rows one number holds: Lean reads a long one in quadratic time."""

MAGNITUDES = (
    *(0x00000000, 0x00000001, 0x00000002, 0x007FFFFF, 0x00800000, 0x00800001, 0x0BFFFFFF),
    *(0x33800000, 0x34000000, 0x3EFFFFFF, 0x3F000000, 0x3F7FFFFF, 0x3F800000, 0x3F800001),
    *(0x40000000, 0x40C90FDB, 0x4B000000, 0x4B7FFFFF, 0x4B800000, 0x4B800001, 0x5F800000),
    *(0x7F7FFFFE, 0x7F7FFFFF, 0x7F800000, 0x7F800001, 0x7FC00000, 0x7FFFFFFF),
)
GRID = tuple(sign | magnitude for magnitude in MAGNITUDES for sign in (0, 1 << 31))

AGREEMENT = """
/-- The places, of so many packed rows of operands and answers, at which an operation differs. -/
def differing (operation : Nat → Nat → Nat → Nat) : Nat → Nat → List Nat
  | 0, rows => if rows = 0 then [] else [0]
  | count + 1, rows =>
    let word (place : Nat) := rows / 2 ^ (32 * place) % 2 ^ 32
    let others := differing operation count (rows / 2 ^ 128)
    if operation (word 0) (word 1) (word 2) = word 3 then others else (count + 1) :: others
"""


CHANGES = (
    ("else significand / 2 ^ distance / 2 * 2 + 1", "else significand / 2 ^ distance"),
    ("else whole / 2 * 2 + 1", "else whole"),
    ("2 ^ (discard - 1) - 1 + odd", "2 ^ (discard - 1) - odd"),
    ("| .nearestAway => 2 ^ (discard - 1)", "| .nearestAway => 2 ^ (discard - 1) - 1"),
    ("| .up, negative => !negative", "| .up, negative => negative"),
    ("then 2 ^ discard - 1 else 0", "then 2 ^ (discard - 1) else 0"),
    ("then infinity else infinity - 1", "then infinity else infinity"),
    ("if infinity ≤ magnitude then", "if infinity < magnitude then"),
    ("    | .down => true\n", "    | .up => true\n"),
    ("if place + length < 536 then", "if place + length < 535 then"),
    ("root + 2 ^ bit) ≤ radicand", "root + 2 ^ bit) < radicand"),
    ("(placeOf (magnitudeOf x) + 634", "(placeOf (magnitudeOf x) + 633"),
    ("product * 2 ^ 13) (place - 13)", "product * 2 ^ 13) (place - 12)"),
)
"""A mode, a sticky bit, a threshold or a place changed: what the kernel is, and what it is not."""

UNPROVED = {0: "Refsem/Kernel/Grid.lean", 2: "Refsem/Kernel/Window.lean"}
"""The file whose proofs some of these changes break."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Operands and answers of one operation in one mode."""

    operation: str
    mode: Mode
    rows: tuple[tuple[int, ...], ...]


def near(pattern: int) -> Iterator[int]:
    """Partners close by, or at the distances where bits begin to be lost."""
    yield from (pattern, pattern ^ 1 << 31, pattern + 1, pattern - 1)
    yield from (pattern + sign * (gap << 23) for gap in (1, 23, 24, 25, 26) for sign in (1, -1))


def operands(operation: str) -> Sequence[tuple[int, ...]]:
    match OPERANDS[operation]:
        case 1:
            wide = [field << 23 | 0x2AAAAB for field in range(256)]
            return [(x,) for x in (*GRID, *wide)]
        case 2:
            close = ((x, y % (1 << 32)) for x in GRID for y in near(x))
            return [*list(product(GRID, GRID))[::5], *close]
        case _:
            # 101 divides neither 54 nor its powers: every value occurs in every place
            return list(product(GRID, GRID, GRID))[::101]


def on_the_grid() -> Iterator[Rows]:
    """Every operation in every mode, as refsem's kernel computes it."""
    for name in OPERANDS:
        for mode in MODES:
            calls = (Call(mode, row, exact=False, environment=RISCV) for row in operands(name))
            answers = ((*call.operands, BY_NAME[name].evaluate(call)[0]) for call in calls)
            yield Rows(name, mode, tuple(answers))


def of_testfloat(data: Path) -> Iterator[Rows]:
    """Some lines of every TestFloat file of these operations, with TestFloat's answers."""
    for path in sorted((data / "binary32" / "testfloat").glob("*.txt.gz")):
        name = TESTFLOAT.get(path.name.partition(".")[0])
        if name is not None and ".before." not in path.name:
            read_lines = read_testfloat(path)
            assert not isinstance(read_lines, Skipped)
            vectors = list(islice(read_lines, 60_000))
            chosen = vectors[:: max(1, len(vectors) // LINES)]
            rows = tuple((*one.call.operands, one.expected[0]) for one in chosen)
            yield Rows(name, chosen[0].call.mode, rows)


def packed(rows: Iterable[tuple[int, ...]]) -> str:
    """Rows as one number: four words each, the answer last."""
    number = 0
    for at, (*given, answer) in enumerate(rows):
        words = (*given, *(0,) * (3 - len(given)), answer)
        for place, word in enumerate(words):
            number |= word << 128 * at + 32 * place
    return hex(number)


def questions(parts: Iterable[Rows]) -> tuple[str, ...]:
    """A command a chunk of rows, which prints where Lean's answers differ."""
    lines = []
    for part in parts:
        names = ["x", "y", "z"][: OPERANDS[part.operation]]
        others = " ".join(["_"] * (3 - len(names)))
        call = f"{part.operation} .{MODES[part.mode]} {' '.join(names)}"
        function = f"fun {' '.join(names)} {others} => {call}".replace("  ", " ")
        for start in range(0, len(part.rows), CHUNK):
            rows = part.rows[start : start + CHUNK]
            lines.append(f"#eval differing ({function}) {len(rows)} {packed(rows)}")
    return tuple(lines)


def thinned(parts: Iterable[Rows], every: int) -> list[Rows]:
    return [Rows(part.operation, part.mode, part.rows[::every]) for part in parts]


def kernel_text() -> str:
    return (files("lean_export") / "project/Refsem/Kernel.lean").read_text("utf-8")


def agreement(kernel: str, namespace: str, lines: Sequence[str]) -> str:
    """The kernel's text under another name, and questions about it."""
    head, _, rest = kernel.partition("\nnamespace Refsem.Kernel\n")
    body, _, after = rest.partition("\nend Refsem.Kernel\n")
    assert head
    assert not after
    return "\n".join((f"namespace {namespace}", body, AGREEMENT, *lines, f"end {namespace}", ""))


def printed(lean: Lean, folder: Path, texts: Iterable[str]) -> list[str]:
    """What Lean prints, line by line, for questions about kernels."""
    (folder / "Questions.lean").write_text("\n".join(texts), "utf-8")
    run = read(lean, folder, "Questions", 1500)
    assert run.failure == ""
    return [message.text for message in run.messages]


def test_lean_computes_what_the_kernel_computes(lean: Lean, tmp_path: Path) -> None:
    parts = thinned(on_the_grid(), 23)
    assert {part.operation for part in parts} == set(OPERANDS)
    lines = questions(parts)
    assert printed(lean, tmp_path, [agreement(kernel_text(), "Kernel", lines)]) == ["[]"] * len(
        lines
    )


@pytest.mark.nightly
def test_lean_computes_all_of_it(lean: Lean, tmp_path: Path, data: Path) -> None:
    parts = [*on_the_grid(), *of_testfloat(data)]
    assert {(part.operation, part.mode) for part in parts} == set(product(OPERANDS, MODES))
    lines = questions(parts)
    assert printed(lean, tmp_path, [agreement(kernel_text(), "Kernel", lines)]) == ["[]"] * len(
        lines
    )


@pytest.mark.nightly
def test_every_change_of_the_kernel_is_noticed(lean: Lean, tmp_path: Path) -> None:
    lines = questions(thinned(on_the_grid(), 5))
    texts = []
    for number, (old, new) in enumerate(CHANGES):
        assert kernel_text().count(old) == 1, old
        texts.append(agreement(kernel_text().replace(old, new), f"Changed{number}", lines))
    answers = printed(lean, tmp_path, texts)
    assert len(answers) == len(lines) * len(CHANGES)
    alike = [
        CHANGES[number]
        for number in range(len(CHANGES))
        if set(answers[number * len(lines) : (number + 1) * len(lines)]) == {"[]"}
    ]
    assert alike == []


@pytest.mark.nightly
def test_lean_accepts_what_is_proved_of_the_kernel(lean: Lean, tmp_path: Path) -> None:
    write_files(assembled((), WHOLE_CORE, statuses=CORE_THEOREMS), tmp_path)
    report = said_by(lean, tmp_path)
    assert set(with_verdict(report, Verdict.CLOSED)) == set(CORE_THEOREMS)
    assert report.problems == report.warnings == ()
    assert report.sorries == 0


@pytest.mark.nightly
@pytest.mark.parametrize("number", UNPROVED)
def test_of_a_changed_kernel_nothing_is_proved(lean: Lean, tmp_path: Path, number: int) -> None:
    to_here = WHOLE_CORE[: WHOLE_CORE.index("Refsem/Kernel/Window.lean") + 1]
    content = assembled((), [path for path in to_here if path != "Refsem/Algebra.lean"])
    old, new = CHANGES[number]
    content["Refsem/Kernel.lean"] = content["Refsem/Kernel.lean"].replace(old, new)
    write_files(content, tmp_path)
    wrong = {one.file for one in said_by(lean, tmp_path).problems}
    assert UNPROVED[number] in wrong
