"""Conformance vectors in the form of lists of hard-to-round arguments.

The first line is `# f32 FUNCTION: …`; every other line is `X KIND HARDNESS RNE RNA RTZ RTN RTP`,
patterns in hexadecimal, KIND M (near a midpoint) or D (near a value) and HARDNESS for people. A
line is five vectors, values only.
"""

from collections.abc import Iterator
from pathlib import Path

from refsem.binary32.catalogue import BY_NAME, Call, Operation
from refsem.errors import InputError
from refsem.fuzz.vectors import Skipped, Vector, text_lines
from refsem.rounding import RISCV, Mode

HEADER = "# f32 "
MODES = (Mode.RNE, Mode.RNA, Mode.RTZ, Mode.RTN, Mode.RTP)
_FIELDS = 3 + len(MODES)


def read_hard_to_round(path: Path) -> Iterator[Vector] | Skipped:
    """The vectors of one list, in order; `InputError` for a line that is none."""
    first = next(text_lines(path), "")
    name = first.removeprefix(HEADER).partition(":")[0].strip()
    if not first.startswith(HEADER):
        raise InputError(str(path), "line 1", f"a list begins with {HEADER!r} and a function")
    if name not in BY_NAME:
        return Skipped(str(path), f"{name} is not an operation of refsem")
    return _lines(path, BY_NAME[name])


def _lines(path: Path, operation: Operation) -> Iterator[Vector]:
    for number, line in enumerate(text_lines(path), start=1):
        if line.startswith("#"):
            continue
        try:
            operand, results = _patterns(line.split())
        except ValueError as error:
            raise InputError(str(path), f"line {number}", str(error)) from error
        for mode, result in zip(MODES, results, strict=True):
            call = Call(mode, (operand,), exact=False, environment=RISCV)
            yield Vector(operation, call, (result, 0), 0, str(path), number)


def _patterns(fields: list[str]) -> tuple[int, list[int]]:
    if len(fields) != _FIELDS or fields[1] not in ("M", "D"):
        raise ValueError(f"{_FIELDS} fields expected, the second M or D")
    patterns = [int(text, 16) for text in (fields[0], *fields[3:])]
    for pattern in patterns:
        if not 0 <= pattern < 1 << 32:
            raise ValueError(f"{pattern:X} is not a 32-bit pattern")
    return patterns[0], patterns[1:]
