"""Conformance vectors: TestFloat's files read into calls with their expected answers.

A file is named `FUNCTION.ROUNDING[.TININESS][.EXACT].txt[.gz]`; a line is `OPERAND… RESULT FLAGS`
in hexadecimal. A function name ending in `_tininess` has two columns of flags, after and before;
`_dblround` marks extra lines of the same function. Under a folder `x86` the NaN and integer rules
are x86's; elsewhere RISC-V's. In both ∞·0 + quiet NaN signals invalid, as SoftFloat has it.

A function this project does not deliver is a `Skipped` value; a malformed line is an `InputError`.
"""

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from refsem.binary32.catalogue import BY_NAME, Answer, Call, Operation
from refsem.errors import InputError
from refsem.rounding import RISCV, X86, Environment, Mode, Tininess

MODES = {
    "rnear_even": Mode.RNE,
    "rnear_maxMag": Mode.RNA,
    "rminMag": Mode.RTZ,
    "rmin": Mode.RTN,
    "rmax": Mode.RTP,
}
FUNCTIONS = {
    "f32_add": "add",
    "f32_sub": "sub",
    "f32_mul": "mul",
    "f32_div": "div",
    "f32_mulAdd": "fma",
    "f32_sqrt": "sqrt",
    "f32_rem": "remainder",
    "f32_roundToInt": "round_to_integral",
    "f32_eq": "compare_quiet_equal",
    "f32_le": "compare_signalling_less_equal",
    "f32_lt": "compare_signalling_less",
    "f32_eq_signaling": "compare_signalling_equal",
    "f32_le_quiet": "compare_quiet_less_equal",
    "f32_lt_quiet": "compare_quiet_less",
    "f32_to_f16": "to_binary16",
    "f32_to_bf16": "to_bfloat16",
    "f32_to_f64": "to_binary64",
    "f32_to_i32": "to_int32",
    "f32_to_i64": "to_int64",
    "f32_to_ui32": "to_uint32",
    "f32_to_ui64": "to_uint64",
    "f16_to_f32": "from_binary16",
    "bf16_to_f32": "from_bfloat16",
    "f64_to_f32": "from_binary64",
    "i32_to_f32": "from_int32",
    "i64_to_f32": "from_int64",
    "ui32_to_f32": "from_uint32",
    "ui64_to_f32": "from_uint64",
}
ALL_FLAGS = 31
_EXTRAS = ("_tininess", "_dblround")


@dataclass(frozen=True, slots=True)
class Vector:
    """One expected answer: the operation, the call, the answer, and where it stands."""

    operation: Operation
    call: Call
    expected: Answer
    compared: int
    """The flags the file fixes; the others may be signalled or not."""
    file: str
    line: int

    def accepts(self, answer: Answer) -> bool:
        """Whether an implementation's answer is the expected one."""
        bits, flags = answer
        return bits == self.expected[0] and not (flags ^ self.expected[1]) & self.compared


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file of a function this project does not deliver."""

    file: str
    reason: str


@dataclass(frozen=True, slots=True)
class _Header:
    """What a file name says: the flags columns are one per environment."""

    operation: Operation
    mode: Mode
    exact: bool
    environments: tuple[Environment, ...]


def read_testfloat(path: Path) -> Iterator[Vector] | Skipped:
    """The vectors of one file, in order; `InputError` for a name or line that is none."""
    header = _read_name(path)
    return header if isinstance(header, Skipped) else _read_lines(path, header)


def _read_name(path: Path) -> _Header | Skipped:
    name = path.name.removesuffix(".gz").removesuffix(".txt")
    function, *parts = name.split(".")
    if not parts or parts[0] not in MODES:
        raise InputError(str(path), "", "the name is not FUNCTION.ROUNDING[.TININESS][.EXACT]")
    extra = next((suffix for suffix in _EXTRAS if function.endswith(suffix)), "")
    known = FUNCTIONS.get(function.removesuffix(extra))
    if known is None:
        return Skipped(str(path), f"{function} is not an operation of refsem")
    environment = RISCV
    if path.parent.name == "x86":
        environment = replace(X86, fused_nan_invalid=True)
    tininesses = [t for t in Tininess if t.value in parts] or [Tininess.AFTER]
    if extra == "_tininess":
        tininesses = [Tininess.AFTER, Tininess.BEFORE]
    return _Header(
        operation=BY_NAME[known],
        mode=MODES[parts[0]],
        exact="exact" in parts,
        environments=tuple(replace(environment, tininess=t) for t in tininesses),
    )


def _read_lines(path: Path, header: _Header) -> Iterator[Vector]:
    arity = len(header.operation.operands)
    for number, line in enumerate(text_lines(path), start=1):
        fields = _fields(line, header, str(path), number)
        for environment, flags in zip(header.environments, fields[arity + 1 :], strict=True):
            call = Call(header.mode, tuple(fields[:arity]), header.exact, environment)
            yield Vector(
                header.operation, call, (fields[arity], flags), ALL_FLAGS, str(path), number
            )


def text_lines(path: Path) -> Iterator[str]:
    """The lines of a plain or compressed file; `InputError` if it cannot be read."""
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rt", encoding="ascii") as lines:
            yield from lines
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        raise InputError(str(path), "", str(error)) from error


def _fields(line: str, header: _Header, file: str, number: int) -> list[int]:
    """The numbers of a line, each within the width of what it stands for."""
    kinds = (*header.operation.operands, header.operation.result)
    widths = [kind.width for kind in kinds] + [5] * len(header.environments)
    texts = line.split()
    if len(texts) != len(widths):
        message = f"{len(widths)} fields expected, not {len(texts)}"
        raise InputError(file, f"line {number}", message)
    try:
        fields = [int(text, 16) for text in texts]
    except ValueError as error:
        raise InputError(file, f"line {number}", str(error)) from error
    for text, field, width in zip(texts, fields, widths, strict=True):
        if not 0 <= field < 1 << width:
            raise InputError(file, f"line {number}", f"{text} is not a {width}-bit pattern")
    return fields
