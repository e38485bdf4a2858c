"""Long comparisons in pieces, recorded: what was run can be read, and the rest can be run later.

A record is a file of JSON lines: first what it is a record of, then a line for each piece. A
record of other sources is refused.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from refsem.kernel.compilation import fingerprint


@dataclass(frozen=True, slots=True)
class Line:
    """What one piece gave; `first` is the first case on which the two differ, if any does."""

    check: str
    piece: int
    asked: int
    mismatches: int
    first: str


Check = Callable[[int], tuple[int, list[str]]]
"""The number of cases of a piece, and those on which the two sides differ."""


def read_lines(record: Path) -> list[Line]:
    """The lines of a record, which is begun if it is not there; `ValueError` for another's."""
    head = {"kernel": fingerprint()}
    if not record.exists():
        record.write_text(json.dumps(head) + "\n", encoding="ascii")
    first, *rest = record.read_text(encoding="ascii").splitlines()
    if json.loads(first) != head:
        raise ValueError(f"{record} is a record of {first}, not of {head}")
    return [Line(**json.loads(line)) for line in rest]


def run(record: Path, checks: Mapping[str, Check], pieces: Iterable[int]) -> None:
    """Run the pieces that the record lacks, check by check, and write each down."""
    done = {(line.check, line.piece) for line in read_lines(record)}
    wanted = [(name, piece) for name in checks for piece in pieces]
    for name, piece in wanted:
        if (name, piece) not in done:
            asked, wrong = checks[name](piece)
            line = Line(name, piece, asked, len(wrong), wrong[0] if wrong else "")
            with record.open("a", encoding="ascii") as file:
                file.write(json.dumps(asdict(line)) + "\n")


def mismatches(record: Path) -> list[Line]:
    """The lines of pieces in which something differs."""
    return [line for line in read_lines(record) if line.mismatches]


def summary(record: Path) -> str:
    """One line for each check that was begun: pieces, cases, mismatches."""
    lines = read_lines(record)
    texts = []
    for name in dict.fromkeys(line.check for line in lines):
        mine = [line for line in lines if line.check == name]
        cases, wrong = sum(line.asked for line in mine), sum(line.mismatches for line in mine)
        texts.append(f"{name}: {len(mine)} pieces, {cases} cases, {wrong} mismatches")
    return "\n".join(texts)
