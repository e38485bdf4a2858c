"""Conformance vectors in the form of glibc's libm tests.

A file is named `FUNCTION.b32.txt[.gz]`; a line is
`= FUNCTION ROUNDING binary32 OPERAND… : RESULT : FLAG…` with numbers in hexadecimal, `plus_infty`
or `minus_infty`. A flag that is not listed must not be signalled, `FLAG-ok` leaves it open, and
`FLAG:CONDITION` holds under that condition only; of the conditions `before-rounding` concerns
binary32, the rest other formats. `errno` and `xfail` say nothing about values.

The results are correctly rounded. A line is a vector for each rule of tininess.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from refsem.binary32.catalogue import BY_NAME, Call, Operation
from refsem.errors import InputError
from refsem.fuzz.vectors import ALL_FLAGS, Skipped, Vector, text_lines
from refsem.rounding import BINARY32, RISCV, Mode, Tininess
from refsem.rounding.environment import DIVIDE_BY_ZERO, INEXACT, INVALID, OVERFLOW, UNDERFLOW
from refsem.rounding.text import read_text

MODES = {
    "tonearest": Mode.RNE,
    "towardzero": Mode.RTZ,
    "upward": Mode.RTP,
    "downward": Mode.RTN,
}
_FLAGS = {
    "inexact": INEXACT,
    "underflow": UNDERFLOW,
    "overflow": OVERFLOW,
    "divbyzero": DIVIDE_BY_ZERO,
    "invalid": INVALID,
}
_INFINITIES = {"plus_infty": "inf", "minus_infty": "-inf"}


def read_glibc(path: Path) -> Iterator[Vector] | Skipped:
    """The vectors of one file, in order; `InputError` for a line that is none."""
    name = path.name.split(".")[0]
    if name not in BY_NAME:
        return Skipped(str(path), f"{name} is not an operation of refsem")
    return _read_lines(path, BY_NAME[name])


def _read_lines(path: Path, operation: Operation) -> Iterator[Vector]:
    for number, line in enumerate(text_lines(path), start=1):
        try:
            yield from _vectors(line, operation, str(path), number)
        except ValueError as error:
            raise InputError(str(path), f"line {number}", str(error)) from error


def _vectors(line: str, operation: Operation, file: str, number: int) -> Iterator[Vector]:
    left, result, flags = line.split(" :")
    equals, name, mode, format_, *operands = left.split()
    if (equals, name, format_) != ("=", operation.name, "binary32") or mode not in MODES:
        raise ValueError(f"not a line of {operation.name}")
    if len(operands) != len(operation.operands):
        raise ValueError(f"{len(operation.operands)} operands expected, not {len(operands)}")
    patterns = tuple(_pattern(text) for text in operands)
    for tininess in Tininess:
        environment = replace(RISCV, tininess=tininess)
        raised, compared = _flags(flags.split(), tininess)
        yield Vector(
            operation=operation,
            call=Call(MODES[mode], patterns, exact=True, environment=environment),
            expected=(_pattern(result.strip()), raised),
            compared=compared,
            file=file,
            line=number,
        )


def _pattern(text: str) -> int:
    read = read_text(BINARY32, Mode.RNE, _INFINITIES.get(text, text), RISCV)
    if read.flags.bits:
        raise ValueError(f"{text} is not a binary32 value")
    return read.bits


def _flags(words: list[str], tininess: Tininess) -> tuple[int, int]:
    """The flags that must be raised, and those that are fixed."""
    raised, compared = 0, ALL_FLAGS
    met = {f"{tininess.value}-rounding"}
    for word in words:
        name, *conditions = word.split(":")
        flag = _FLAGS.get(name.removesuffix("-ok"), 0)
        if not met.issuperset(conditions):
            continue
        if name.endswith("-ok"):
            compared &= ~flag
        else:
            raised |= flag
    return raised, compared
