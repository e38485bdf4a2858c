"""Having a real Lean read an exported project, and saying what became of each theorem.

A theorem is found *closed* only if Lean confirms that it exists and complains neither about it
nor of a `sorry` in it; a theorem that mentions a stub's name is not closed either. What Lean
cannot be asked in the packaged build, which axioms a theorem rests on, is replaced by a search of
every file for words with which a theorem could be had without a proof. A file that differs from
what was exported is a finding of its own: then a theorem may be proved and say something else.

Not covered: what Lean's kernel and the packaged build are worth.
"""

import tempfile
import time
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

from lean_export.batches import Batch, Source, batches, source
from lean_export.findings import Findings, found, gathered, leaning, skipped
from lean_export.manifest import changes, read_manifest
from lean_export.reader import read
from lean_export.sources import Declared, forbidden_words
from lean_export.theorems import Status
from lean_export.toolchain import Lean, Progress, default_cache, find_lean
from refsem.errors import InputError


class Verdict(Enum):
    """What became of a theorem."""

    CLOSED = "closed"
    RELATIVE = "relative"
    STUB = "stub"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class TheoremReport:
    """One announced theorem: what was announced, what Lean found, where, and why if otherwise."""

    name: str
    announced: Status
    verdict: Verdict
    file: str
    line: int
    message: str


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that no announced theorem accounts for."""

    file: str
    line: int
    message: str


@dataclass(frozen=True, slots=True)
class LeanReport:
    """What a Lean found in a project."""

    lean: str
    theorems: tuple[TheoremReport, ...]
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    """What Lean warns of besides `sorry`."""
    sorries: int
    """How many declarations Lean found unproved, announced or not."""
    seconds: float

    def count(self, verdict: Verdict) -> int:
        """How many theorems have a verdict."""
        return sum(1 for theorem in self.theorems if theorem.verdict is verdict)

    @property
    def errors(self) -> int:
        """How many theorems are in error, and problems besides."""
        return self.count(Verdict.ERROR) + len(self.problems)

    @property
    def as_announced(self) -> bool:
        """Whether every theorem is what was announced and nothing else is wrong."""
        return self.errors == 0


@dataclass(frozen=True, slots=True)
class Limits:
    """How long one batch may take (a start and a share for each theorem), and how many at once."""

    start: float
    theorem: float
    at_once: int

    def expecting(self, seconds: float) -> "Limits":
        """The same, with time for files over which an idle core is expected to take so long."""
        return replace(self, start=self.start + BUSY * seconds)


BUSY = 10
"""How many times what an idle core takes is waited for."""
LIMITS = Limits(start=240, theorem=10, at_once=2)


def check_project(
    directory: Path,
    progress: Progress,
    *,
    cache: Path | None = None,
    limits: Limits = LIMITS,
    find: Callable[[Path, Progress], Lean] = find_lean,
) -> LeanReport:
    """What Lean says of an exported project.

    `InputError` where the folder is no project; `LeanUnavailableError` where there is no Lean.
    """
    manifest = read_manifest(directory)
    files = _files(directory)
    made = batches({file.module: file for file in files})
    lean = find(default_cache() if cache is None else cache, progress)
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="refsem-lean-") as folder:
        findings = _read_all(lean, Path(folder).resolve(), made, limits, progress)
    declared = {theorem.name: (file, theorem) for file in files for theorem in file.theorems}
    places = {name: (file.path, theorem) for name, (file, theorem) in declared.items()}
    unproved = leaning(findings, places)
    theorems = tuple(
        _judged(name, status, declared.get(name), findings, unproved)
        for name, status in manifest.theorems.items()
    )
    problems = (
        *(Problem(name, 0, "is not as refsem wrote it") for name in changes(directory, manifest)),
        *_words(files),
        *_elsewhere(declared, manifest.theorems, findings),
    )
    warnings = tuple(
        Problem(note.place.path, note.place.line, note.text) for note in findings.warnings
    )
    seconds = time.monotonic() - started
    return LeanReport(
        lean.description, theorems, problems, warnings, len(findings.sorries), seconds
    )


def _files(directory: Path) -> tuple[Source, ...]:
    """Every Lean file of the project; what Lake keeps in hidden folders is not read."""
    found_files = []
    for path in sorted(directory.rglob("*.lean")):
        name = path.relative_to(directory).as_posix()
        if not name.startswith("."):
            try:
                found_files.append(source(name, path.read_text("utf-8")))
            except (OSError, ValueError) as error:
                raise InputError(str(path), "", f"cannot be read: {error}") from error
    return tuple(found_files)


def _read_all(
    lean: Lean, folder: Path, made: tuple[Batch, ...], limits: Limits, progress: Progress
) -> Findings:
    """What Lean finds in every batch, some at once, each as soon as what it needs is read."""
    needed = {name for batch in made for name in batch.needs}

    def one(batch: Batch) -> Findings:
        missing = [name for name in batch.needs if not _compiled(folder, name).exists()]
        if missing:
            return skipped(batch, f"not read, for {missing[0]} could not be")
        progress(f"Lean reads {batch.module}: {len(batch.checks)} theorems")
        path = folder / f"{batch.module.replace('.', '/')}.lean"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(batch.text, "utf-8", newline="\n")
        seconds = limits.start + limits.theorem * len(batch.checks)
        return found(
            batch, read(lean, folder, batch.module, seconds, compiled=batch.module in needed)
        )

    parts: dict[str, Findings] = {}
    waiting = sorted(made, key=lambda batch: -_length(batch, made))
    with ThreadPoolExecutor(max_workers=limits.at_once) as pool:
        running: dict[Future[Findings], Batch] = {}
        while waiting or running:
            ready = [batch for batch in waiting if parts.keys() >= set(batch.needs)]
            for batch in ready[: limits.at_once - len(running)]:
                waiting.remove(batch)
                running[pool.submit(one, batch)] = batch
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                parts[running.pop(future).module] = future.result()
    return gathered(parts[batch.module] for batch in made)


def _length(batch: Batch, made: tuple[Batch, ...]) -> int:
    """How much text there is in a batch and in those that wait for it, one after the other."""
    later = (other for other in made if batch.module in other.needs)
    return len(batch.text) + max((_length(other, made) for other in later), default=0)


def _compiled(folder: Path, module: str) -> Path:
    return folder / f"{module.replace('.', '/')}.olean"


def _judged(
    name: str,
    announced: Status,
    declared: tuple[Source, Declared] | None,
    findings: Findings,
    unproved: Mapping[str, str],
) -> TheoremReport:
    """The report on one announced theorem."""
    if declared is None:
        return TheoremReport(name, announced, Verdict.ERROR, "", 0, "is not in the project")
    file, theorem = declared
    errors = findings.within(findings.errors, file.path, theorem)
    if errors:
        place, text = errors[0].place, errors[0].text
        return TheoremReport(name, announced, Verdict.ERROR, place.path, place.line, text)
    verdict, message = Verdict(announced.value), ""
    if name not in findings.confirmed:
        verdict, message = Verdict.ERROR, findings.why_not_confirmed(name)
    elif announced is Status.STUB:
        if name not in unproved:
            verdict, message = Verdict.CLOSED, "announced as a stub, but Lean finds no `sorry`"
    elif name in unproved:
        verdict, message = Verdict.ERROR, f"announced {announced.value}, but {unproved[name]}"
    return TheoremReport(name, announced, verdict, file.path, theorem.first, message)


def _words(files: tuple[Source, ...]) -> tuple[Problem, ...]:
    """Every use of a word with which a theorem could be had without a proof."""
    return tuple(
        Problem(file.path, line, f"the word `{word}`")
        for file in files
        for line, word in forbidden_words(file.text)
    )


def _elsewhere(
    declared: Mapping[str, tuple[Source, Declared]],
    announced: Mapping[str, Status],
    findings: Findings,
) -> tuple[Problem, ...]:
    """What is wrong outside the announced theorems."""
    problems = [Problem(name, 0, text) for name, text in findings.failures.items()]
    own = [declared[name] for name in announced if name in declared]
    for note in (*findings.errors, *findings.sorries):
        place = note.place
        if not any(file.path == place.path and theorem.spans(place.line) for file, theorem in own):
            problems.append(Problem(place.path, place.line, note.text))
    for name, (file, theorem) in declared.items():
        if name not in announced and name not in findings.confirmed:
            why = f"{name}: {findings.why_not_confirmed(name)}"
            problems.append(Problem(file.path, theorem.first, why))
    return tuple(problems)
