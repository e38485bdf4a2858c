"""Findings: what Lean's runs say, in terms of the project's files and theorems."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from lean_export.batches import Batch, Place
from lean_export.reader import Run
from lean_export.sources import Declared

_NAME = re.compile(r"[\w.'«»]+")
_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Note:
    """A message of Lean, cut short, at its place in the project."""

    place: Place
    text: str


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found in some batches."""

    confirmed: frozenset[str]
    """The theorems that Lean says exist."""
    errors: tuple[Note, ...]
    sorries: tuple[Note, ...]
    warnings: tuple[Note, ...]
    unread: Mapping[str, str]
    """Theorems of batches in which Lean failed, with the reason."""
    failures: Mapping[str, str]
    """Batches in which Lean itself failed."""

    def within(self, notes: tuple[Note, ...], path: str, theorem: Declared) -> tuple[Note, ...]:
        """The notes about one theorem."""
        return tuple(
            note for note in notes if note.place.path == path and theorem.spans(note.place.line)
        )

    def why_not_confirmed(self, name: str) -> str:
        """Why Lean does not confirm that a theorem exists."""
        return self.unread.get(name, "Lean does not know it")


def found(batch: Batch, run: Run) -> Findings:
    """What one run says of a batch."""
    notes: dict[str, list[Note]] = {"error": [], "sorry": [], "warning": []}
    confirmed = set()
    for message in run.messages:
        if message.line in batch.checks:
            if message.severity == "information":
                confirmed.add(batch.checks[message.line])
            continue
        what = "sorry" if message.is_sorry else message.severity
        if what in notes:
            notes[what].append(Note(_place(batch, message.line), _short(message.text)))
    unread = dict.fromkeys(batch.checks.values(), run.failure) if run.failure else {}
    return Findings(
        frozenset(confirmed),
        tuple(notes["error"]),
        tuple(notes["sorry"]),
        tuple(notes["warning"]),
        unread,
        {batch.module: run.failure} if run.failure else {},
    )


def skipped(batch: Batch, reason: str) -> Findings:
    """The findings of a batch that Lean was not given."""
    return found(batch, Run((), reason))


def gathered(parts: Iterable[Findings]) -> Findings:
    """The findings of several batches together; of a file in two of them, each note once."""
    every = tuple(parts)
    return Findings(
        frozenset(name for part in every for name in part.confirmed),
        tuple(dict.fromkeys(note for part in every for note in part.errors)),
        tuple(dict.fromkeys(note for part in every for note in part.sorries)),
        tuple(dict.fromkeys(note for part in every for note in part.warnings)),
        {name: why for part in every for name, why in part.unread.items()},
        {name: why for part in every for name, why in part.failures.items()},
    )


def _place(batch: Batch, line: int) -> Place:
    place = batch.places[line - 1] if 0 < line <= len(batch.places) else None
    return place or Place(batch.module, 0)


def _short(text: str) -> str:
    first = " ".join(text.split())
    return first if len(first) <= _LENGTH else first[:_LENGTH] + " …"


def leaning(findings: Findings, theorems: Mapping[str, tuple[str, Declared]]) -> Mapping[str, str]:
    """Each theorem with a `sorry` or an error in it, or in one that it mentions, and why.

    A name is taken to mention every theorem whose full name ends in some of its parts, so none is
    overlooked: `h.1.mono` may be `Fits.mono`, and `twice.2` is a half of `twice`.
    """
    why: dict[str, str] = {}
    for name, (path, theorem) in theorems.items():
        if findings.within(findings.sorries, path, theorem):
            why[name] = "has a `sorry`"
        elif findings.within(findings.errors, path, theorem):
            why[name] = "is in error"
    endings: dict[str, list[str]] = {}
    for name in theorems:
        parts = name.split(".")
        for start in range(len(parts)):
            endings.setdefault(".".join(parts[start:]), []).append(name)
    words = {name: _mentioned(theorem, endings) for name, (_, theorem) in theorems.items()}
    pending = list(why)
    while pending:
        unproved = pending.pop()
        for name, mentioned in words.items():
            if unproved in mentioned and name not in why:
                why[name] = f"leans on {unproved}, which {why[unproved]}"
                pending.append(name)
    return why


def _mentioned(theorem: Declared, endings: Mapping[str, list[str]]) -> frozenset[str]:
    words = {part for word in _NAME.findall(theorem.body) for part in _parts(word)}
    return frozenset(name for word in words for name in endings.get(word, ()))


def _parts(word: str) -> set[str]:
    """Every run of neighbouring parts of a name with dots."""
    parts = word.split(".")
    ends = range(1, len(parts) + 1)
    return {".".join(parts[start:end]) for end in ends for start in range(end)}
