"""Unfinished branch and bound, `refsem.unfinished.v1`: what a killed run left to go on with.

```json
{"format": "refsem.unfinished.v1", "model_sha256": "…", "property_sha256": "…",
 "regions": {"<fingerprint>": {"unit": 49, "nodes": "0:12 ? ."}}}
```

A region's tree in preorder, as in `refsem.tree.v1`; `.` is a box taken for decided, `?` one still
open. The file is written whole, every second or two. Nothing in it counts as proof: a finished
tree is put to the exact check leaf by leaf, whoever found it. A region is known by a fingerprint
of its box and of the rows to be bounded.
"""

import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from refsem.errors import InputError
from refsem.obligations.ledger import write_whole
from refsem.properties.claims import RegionClaims
from refsem.rules.leaves import Boxes
from refsem.rules.tree import Split, TreeError, checked_split, split
from refsem.search.branching import Branching, Open
from refsem.untrusted.strict_json import Number, Value, read_json

FORMAT = "refsem.unfinished.v1"

SECONDS = 1.0
"""The file is written so often, and at most a twentieth of the time is spent on it."""

_SHARE = 20
_NODE = re.compile(r"\.|\?|([0-9]{1,9}):(-?[0-9]{1,17})")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a region came: the unit of its box and its nodes as text."""

    unit: int
    nodes: str


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

    def resume(self, search: Branching, root: Boxes) -> None:
        """Let a search that has not begun go on from where the file says; `InputError`."""
        found = self.regions.get(fingerprint(search.claims))
        if found is None:
            return
        if found.unit != root.unit:
            raise InputError(str(self.path), "unit", f"{found.unit}, but the box's is {root.unit}")
        try:
            splits, open_, leaves = _restored(found.nodes, root)
        except TreeError as error:
            raise InputError(str(self.path), "nodes", str(error)) from None
        search.splits, search.open, search.leaves = splits, open_, leaves

    def note(self, search: Branching, *, now: bool) -> None:
        """Write how far the search is, if it is time or if it has to be now."""
        started = time.monotonic()
        if not now and started < self.due:
            return
        nodes = " ".join(_nodes(search.splits, {path for path, _, _ in search.open}))
        self.regions[fingerprint(search.claims)] = Progress(search.unit, nodes)
        found = {
            "format": FORMAT,
            "model_sha256": self.hashes[0],
            "property_sha256": self.hashes[1],
            "regions": {
                key: {"unit": one.unit, "nodes": one.nodes} for key, one in self.regions.items()
            },
        }
        write_whole(self.path, json.dumps(found) + "\n")
        taken = time.monotonic() - started
        self.due = time.monotonic() + max(SECONDS, _SHARE * taken)

    def remove(self) -> None:
        """Remove the file: there is nothing left to go on with."""
        self.path.unlink(missing_ok=True)


def fingerprint(claims: RegionClaims) -> str:
    """SHA-256 of a region's box, of the rows to be bounded, and of their bounds."""
    parts = [claims.bounds, *(end for ends in claims.region.boxes.values() for end in ends)]
    parts += [claims.combination[name] for name in sorted(claims.combination)]
    text = ";".join(" ".join(map(str, part.rationals())) for part in parts)
    cases = [(len(case.unsafe), [one.strict for one in case.unsafe]) for _, case in claims.cases]
    return sha256(f"{text};{cases}".encode()).hexdigest()


def _nodes(splits: Mapping[int, Split], open_: set[int]) -> Iterator[str]:
    stack = [1]
    while stack:
        path = stack.pop()
        if path in splits:
            yield f"{splits[path].dimension}:{splits[path].cut}"
            stack += [2 * path + 1, 2 * path]
        else:
            yield "?" if path in open_ else "."


def _restored(nodes: str, root: Boxes) -> tuple[dict[int, Split], list[Open], int]:
    """The splits, the open boxes and the number of leaves; `TreeError` where it is no tree."""
    splits: dict[int, Split] = {}
    open_: list[Open] = []
    leaves = 0
    stack: list[Open] = [(1, root.lower[0], root.upper[0])]
    for index, text in enumerate(nodes.split(" ")):
        match = _NODE.fullmatch(text)
        if match is None or not stack:
            raise TreeError(index, f"{text[:40]!r} is neither `.`, `?` nor `d:c`, or one too many")
        path, lower, upper = stack.pop()
        if match[1] is not None:
            cut = Split(int(match[1]), int(match[2]))
            checked_split(index, cut, lower, upper)
            splits[path] = cut
            inner, outer = split(lower, upper, cut)
            stack += [(2 * path + 1, outer, upper), (2 * path, lower, inner)]
        elif text == "?":
            open_.append((path, lower, upper))
        else:
            leaves += 1
    if stack:
        raise TreeError(index + 1, f"the tree ends with {len(stack)} boxes left open")
    return splits, open_[::-1], leaves


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
    members = value.members(("unit", "nodes"), ())
    unit = members["unit"].value
    if not isinstance(unit, Number) or not re.fullmatch("[0-9]{1,4}", unit.text):
        raise members["unit"].error("expected an integer from 0 to 9999")
    return Progress(int(unit.text), members["nodes"].text())
