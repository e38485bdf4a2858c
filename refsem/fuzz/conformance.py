"""Conformance: every vector of files and folders put to the model, the kernel or both.

A file is read by the form its name and first line show: TestFloat, glibc's libm tests, lists of
hard-to-round arguments, WebAssembly scripts. What is counted is a line of a file, or an assertion
of a script: it passes if all it says holds of every implementation asked. What this project does
not deliver is skipped by name, never passed.

The kernel is asked uncompiled, one call at a time. Elementary functions are the model's in both.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from enum import Enum
from functools import partial
from itertools import groupby
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from refsem import kernel
from refsem.binary32.catalogue import BY_NAME as MODEL
from refsem.binary32.catalogue import Answer, Call
from refsem.errors import InputError
from refsem.fuzz.glibc_vectors import read_glibc
from refsem.fuzz.hard_to_round import HEADER, read_hard_to_round
from refsem.fuzz.vectors import MODES, Skipped, Vector, read_testfloat, text_lines
from refsem.fuzz.wasm_program import Implementation, Trapped, Unsupported
from refsem.fuzz.wasm_vectors import Assertion, SkippedAssertion, read_wast
from refsem.kernel.catalogue import BY_NAME as KERNEL

SHOWN = 20
"""Failures kept for people; all are counted."""
WORTH_A_PROCESS = 1 << 16
"""Bytes of vector files, compressed or not, from which starting processes pays."""

Line = Vector | Assertion | SkippedAssertion
Reader = Callable[[Path], Iterator[Line] | Skipped]
Report = Callable[[str, int, int], None]
"""Told a file's name, how many files are done, and how many there are."""


class Against(Enum):
    """Which implementations answer."""

    MODEL = "model"
    KERNEL = "kernel"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Failure:
    """One line that does not hold: of what, on which operands, and the two answers as text."""

    file: str
    line: int
    against: str
    call: str
    expected: str
    got: str


@dataclass(frozen=True, slots=True)
class Conformance:
    """What became of lines: counts, the first failures, and what was skipped why."""

    passed: int
    failed: int
    failures: tuple[Failure, ...]
    skipped: tuple[tuple[str, str, int], ...]
    """File, reason and number of lines."""

    @property
    def skipped_lines(self) -> int:
        """How many lines were skipped."""
        return sum(count for _, _, count in self.skipped)


def model(name: str, call: Call) -> Answer:
    """The model's answer to a call of the operation of that name."""
    return MODEL[name].evaluate(call)


def uncompiled_kernel(name: str, call: Call) -> Answer:
    """The kernel's answer, by its scalar functions; elementary functions by its array form."""
    if name in KERNEL:
        return KERNEL[name].evaluate(call)
    operands = [np.array([pattern], np.uint32) for pattern in call.operands]
    results, flags = getattr(kernel, name)(call.mode, *operands, call.environment)
    return int(results[0]), int(flags[0])


IMPLEMENTATIONS: dict[Against, dict[str, Implementation]] = {
    Against.MODEL: {"model": model},
    Against.KERNEL: {"kernel": uncompiled_kernel},
    Against.BOTH: {"model": model, "kernel": uncompiled_kernel},
}


def vector_files(paths: Iterable[Path]) -> list[Path]:
    """The vector files meant, folders searched; `InputError` for a path that is neither."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += sorted(file for file in path.rglob("*") if _named_as_vectors(file))
        elif not path.is_file():
            raise InputError(str(path), "", "there is no such file or folder")
        elif not _named_as_vectors(path):
            raise InputError(str(path), "", "vectors are named *.txt, *.txt.gz, *.wast, *.wast.gz")
        else:
            found.append(path)
    return list(dict.fromkeys(found))


def _named_as_vectors(path: Path) -> bool:
    return path.name.removesuffix(".gz").endswith((".txt", ".wast")) and path.is_file()


def reader_of(path: Path) -> Reader:
    """What reads a file of this name and first line."""
    name = path.name.removesuffix(".gz")
    if name.endswith(".wast"):
        return read_wast
    if name.endswith(".b32.txt"):
        return read_glibc
    if not MODES.keys() & set(name.split(".")) and next(text_lines(path), "").startswith(HEADER):
        return read_hard_to_round
    return read_testfloat


def check_file(path: Path, implementations: dict[str, Implementation]) -> Conformance:
    """Every line of one file; `InputError` if the file is malformed."""
    lines = reader_of(path)(path)
    if isinstance(lines, Skipped):
        count = sum(1 for _ in text_lines(path))
        return Conformance(0, 0, (), ((str(path), lines.reason, count),))
    passed, failures, skipped = 0, list[Failure](), Counter[str]()
    for _, group in groupby(lines, key=lambda line: line.line):
        outcome = _line_outcome(list(group), implementations)
        match outcome:
            case None:
                passed += 1
            case Failure():
                failures.append(outcome)
            case Unsupported(reason):
                skipped[reason] += 1
    named = tuple((str(path), reason, count) for reason, count in skipped.items())
    return Conformance(passed, len(failures), tuple(failures[:SHOWN]), named)


def _line_outcome(
    lines: list[Line], implementations: dict[str, Implementation]
) -> Failure | Unsupported | None:
    """The first failure of what one line of a file says; `None` if all of it holds."""
    for line in lines:
        if isinstance(line, SkippedAssertion):
            return Unsupported(line.reason)
        for name, implementation in implementations.items():
            outcome = _outcome(line, name, implementation)
            if outcome is not None:
                return outcome
    return None


def _outcome(
    line: Vector | Assertion, name: str, implementation: Implementation
) -> Failure | Unsupported | None:
    if isinstance(line, Vector):
        return _vector_failure(line, name, implementation)
    return _assertion_failure(line, name, implementation)


def _vector_failure(vector: Vector, name: str, implementation: Implementation) -> Failure | None:
    call = vector.call
    answer = implementation(vector.operation.name, call)
    if vector.accepts(answer):
        return None
    kinds = vector.operation.operands
    operands = " ".join(
        f"{pattern:0{kind.width // 4}X}" for kind, pattern in zip(kinds, call.operands, strict=True)
    )
    environment = call.environment
    text = (
        f"{vector.operation.name} {call.mode.value} {operands}"
        f" (tininess {environment.tininess.value}, NaN {environment.nan_policy.value})"
    )
    digits = max(1, vector.operation.result.width // 4)

    def shown(bits: int, flags: int) -> str:
        return f"{bits:0{digits}X}" + (f" {flags:02X}" if vector.compared else "")

    expected, got = shown(*vector.expected), shown(*answer)
    return Failure(vector.file, vector.line, name, text, expected, got)


def _assertion_failure(
    assertion: Assertion, name: str, implementation: Implementation
) -> Failure | Unsupported | None:
    answer = assertion.run(implementation)
    if isinstance(answer, Unsupported):
        return answer
    if assertion.expected.accepts(answer):
        return None
    operands = " ".join(f"{pattern:X}" for pattern in assertion.operands)
    got = "a trap" if isinstance(answer, Trapped) else f"{answer:08X}"
    text = f"{assertion.name} {operands}"
    return Failure(assertion.file, assertion.line, name, text, assertion.expected.text, got)


def _check(against: Against, path: Path) -> Conformance:
    """One file, in a process of its own (what is passed there must be data)."""
    return check_file(path, IMPLEMENTATIONS[against])


def check_files(
    paths: Iterable[Path], against: Against, processes: int, report: Report
) -> Conformance:
    """Every line of the files and folders; `InputError` for a bad path or a malformed file."""
    files = vector_files(paths)
    check = partial(_check, against)
    if processes < 2 or sum(path.stat().st_size for path in files) < WORTH_A_PROCESS:
        return _sum(files, map(check, files), report)
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        try:
            return _sum(files, pool.map(check, files), report)
        except BrokenProcessPool as error:
            raise InputError("", "processes", "a worker ended before its work") from error
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _sum(files: list[Path], parts: Iterable[Conformance], report: Report) -> Conformance:
    """All parts in the order of the files."""
    passed, failed = 0, 0
    failures: list[Failure] = []
    skipped: list[tuple[str, str, int]] = []
    for done, (path, part) in enumerate(zip(files, parts, strict=True), start=1):
        passed += part.passed
        failed += part.failed
        failures += part.failures
        skipped += part.skipped
        report(path.name, done, len(files))
    return Conformance(passed, failed, tuple(failures[:SHOWN]), tuple(skipped))
