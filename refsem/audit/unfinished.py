"""Unfinished branch and bound, `refsem.unfinished.v1`: what a killed run left to go on with.

```json
{"format": "refsem.unfinished.v1", "model_sha256": "…", "property_sha256": "…",
 "regions": {"<fingerprint>": {"unit": 49, "nodes": "0:12 ? ."},
             "<fingerprint>": {"cases": ["0:5 . ?", "?"]}}}
```

A region's tree in preorder, as in `refsem.tree.v1`, or one of signs for each of its cases; `.` is a
part taken for decided, `?` one still open. The file is written whole, every second or two. Nothing
in it counts as proof: every leaf of a finished tree is proved by the run that finishes it, whoever
found the cuts. A region is known by a fingerprint of its box and of the rows to be bounded.
"""

import json
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from refsem.audit.cuts import CutBoxes, CutSigns, cut_boxes, cut_signs
from refsem.errors import InputError
from refsem.obligations.ledger import write_whole
from refsem.properties.claims import RegionClaims
from refsem.rules.leaves import Boxes
from refsem.rules.tree import TreeError
from refsem.untrusted.strict_json import Number, Value, read_json

FORMAT = "refsem.unfinished.v1"

SECONDS = 1.0
"""The file is written so often, and at most a twentieth of the time is spent on it."""

_SHARE = 20


@dataclass(frozen=True, slots=True)
class BoxProgress:
    """How far a region came whose box is cut: the unit of its box and its nodes as text."""

    unit: int
    nodes: str


@dataclass(frozen=True, slots=True)
class SignProgress:
    """How far a region came that is cut by signs: the nodes of each case as text."""

    cases: tuple[str, ...]


Progress = BoxProgress | SignProgress


@dataclass(slots=True)
class Unfinished:
    """The file of a run, with what it held when the run began."""

    path: Path
    hashes: tuple[str, str]
    regions: dict[str, Progress]
    due: float = field(default=0.0)

    @classmethod
    def of(cls, path: Path, hashes: tuple[str, str]) -> "Unfinished":
        """The file, read if it is there; `InputError` if it is of another model or property."""
        if not path.exists():
            return cls(path, hashes, {})
        return cls(path, hashes, _read(read_json(path), hashes))

    def write(self) -> None:
        """Write the file as it stands."""
        found = {
            "format": FORMAT,
            "model_sha256": self.hashes[0],
            "property_sha256": self.hashes[1],
            "regions": {key: _object(one) for key, one in self.regions.items()},
        }
        write_whole(self.path, json.dumps(found) + "\n")

    def remove(self) -> None:
        """Remove the file: there is nothing left to go on with."""
        self.path.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Kept:
    """One region's part of a file of unfinished work, or of none."""

    file: Unfinished | None
    key: str

    @classmethod
    def of(cls, file: Unfinished | None, claims: RegionClaims) -> "Kept":
        """The part of the region that these claims are about."""
        return cls(file, "" if file is None else fingerprint(claims))

    def boxes(self, root: Boxes) -> CutBoxes | None:
        """The tree of boxes to go on from, if there is one; `InputError` where it does not fit."""
        match self._found():
            case None:
                return None
            case BoxProgress(unit, nodes) if unit == root.unit:
                with self._fitting():
                    return cut_boxes(nodes, root)
            case BoxProgress(unit, _):
                raise self._error("unit", f"{unit}, but the box's is {root.unit}")
            case SignProgress():
                raise self._error("cases", "signs, but it is the box of this region that is cut")

    def signs(self, sizes: Sequence[int], cases: int) -> tuple[CutSigns, ...] | None:
        """The trees to go on from, given the sizes of the ReLUs and the number of cases.

        `InputError` where they do not fit.
        """
        match self._found():
            case None:
                return None
            case SignProgress(texts) if len(texts) == cases:
                with self._fitting():
                    return tuple(cut_signs(text, sizes) for text in texts)
            case SignProgress(texts):
                raise self._error("cases", f"{len(texts)} trees, but the region has {cases} cases")
            case BoxProgress():
                raise self._error("nodes", "boxes, but it is signs by which this region is cut")

    @contextmanager
    def noted(self, progress: Callable[[], Progress]) -> Iterator[None]:
        """Whatever interrupts what is done inside, how far it came is written first."""
        try:
            yield
        except KeyboardInterrupt:
            self.note(progress, now=True)
            raise

    def note(self, progress: Callable[[], Progress], *, now: bool) -> None:
        """Write how far the search is, if it is time or if it has to be now."""
        started, file = time.monotonic(), self.file
        if file is None or (not now and started < file.due):
            return
        file.regions[self.key] = progress()
        file.write()
        taken = time.monotonic() - started
        file.due = time.monotonic() + max(SECONDS, _SHARE * taken)

    def _found(self) -> Progress | None:
        return None if self.file is None else self.file.regions.get(self.key)

    @contextmanager
    def _fitting(self) -> Iterator[None]:
        try:
            yield
        except TreeError as error:
            raise self._error("nodes", str(error)) from None

    def _error(self, place: str, message: str) -> InputError:
        return InputError("" if self.file is None else str(self.file.path), place, message)


NOWHERE = Kept(None, "")
"""For a search of which nothing is kept."""


def fingerprint(claims: RegionClaims) -> str:
    """SHA-256 of a region's box and ball, of the rows to be bounded, and of their bounds."""
    parts = [claims.bounds, *(end for ends in claims.region.boxes.values() for end in ends)]
    parts += [claims.combination[name] for name in sorted(claims.combination)]
    text = ";".join(" ".join(map(str, part.rationals())) for part in parts)
    cases = [(len(case.unsafe), [one.strict for one in case.unsafe]) for _, case in claims.cases]
    balls = [
        (name, ball.norm.value, *map(str, (*ball.centre, ball.radius)))
        for name, ball in claims.region.balls.items()
    ]
    return sha256(f"{text};{cases}{balls or ''}".encode()).hexdigest()


def _object(progress: Progress) -> dict[str, object]:
    match progress:
        case BoxProgress(unit, nodes):
            return {"unit": unit, "nodes": nodes}
        case SignProgress(cases):
            return {"cases": list(cases)}


def _read(root: Value, hashes: Sequence[str]) -> dict[str, Progress]:
    keys = ("format", "model_sha256", "property_sha256", "regions")
    found = root.members(keys, ())
    if found["format"].text() != FORMAT:
        raise found["format"].error(f"not {FORMAT!r}")
    for name, actual in zip(keys[1:3], hashes, strict=True):
        if found[name].text() != actual:
            raise found[name].error(f"of another file; the one at hand has {actual}")
    return {key: _progress(one) for key, one in found["regions"].entries().items()}


def _progress(value: Value) -> Progress:
    if "cases" in value.entries():
        cases = value.members(("cases",), ())["cases"]
        return SignProgress(tuple(one.text() for one in cases.items()))
    members = value.members(("unit", "nodes"), ())
    unit = members["unit"].value
    if not isinstance(unit, Number) or not re.fullmatch("[0-9]{1,4}", unit.text):
        raise members["unit"].error("expected an integer from 0 to 9999")
    return BoxProgress(int(unit.text), members["nodes"].text())
