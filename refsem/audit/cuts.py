"""Trees that are not finished, as text in preorder.

Each node is a cut, or `.` for a part that is taken for decided, or `?` for one that is open. Of
boxes `d:c` cuts dimension d at the integer c, of signs `r:i` splits entry i of the operand of ReLU
r, at most once above any part. What is restored is a tree over the root by construction, else
`TreeError`. Nothing in it counts as proof.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from refsem.properties.sign_trees import SignSplit
from refsem.rules.leaves import Boxes
from refsem.rules.tree import Split, TreeError, checked_split, split
from refsem.search.branching import Open
from refsem.search.signs import Part

MOST_DEPTH = 10_000
"""Cuts above a part at most: a damaged file must not take all memory for its paths."""

_NODE = re.compile(r"\.|\?|([0-9]{1,9}):(-?[0-9]{1,17})")


@dataclass(frozen=True, slots=True, eq=False)
class CutBoxes:
    """A tree of boxes to go on from: its splits by path, boxes still open, boxes called decided."""

    splits: dict[int, Split]
    open: list[Open]
    claimed: list[Open]


@dataclass(frozen=True, slots=True, eq=False)
class CutSigns:
    """A tree of signs to go on from: its splits by path, parts still open, parts called decided."""

    splits: dict[int, SignSplit]
    open: list[Part]
    claimed: list[Part]


def box_text(splits: Mapping[int, Split], open_: Sequence[Open]) -> str:
    """How far a tree of boxes came: what is neither cut nor open is called decided."""
    cuts = {path: f"{one.dimension}:{one.cut}" for path, one in splits.items()}
    return _text(cuts, {path for path, _, _ in open_})


def sign_text(splits: Mapping[int, SignSplit], open_: Sequence[Part]) -> str:
    """How far a tree of signs came, likewise."""
    cuts = {path: f"{one.relu}:{one.entry}" for path, one in splits.items()}
    return _text(cuts, {path for path, _ in open_})


def _text(cuts: Mapping[int, str], open_: set[int]) -> str:
    found, stack = list[str](), [1]
    while stack:
        path = stack.pop()
        if path in cuts:
            found.append(cuts[path])
            stack += [2 * path + 1, 2 * path]
        else:
            found.append("?" if path in open_ else ".")
    return " ".join(found)


def cut_boxes(nodes: str, root: Boxes) -> CutBoxes:
    """A tree over the root box; `TreeError` where it is none."""
    found = CutBoxes({}, [], [])
    ends = {1: (root.lower[0], root.upper[0])}
    for index, path, place in _parsed(nodes):
        lower, upper = ends.pop(path)
        if isinstance(place, str):
            (found.open if place == "?" else found.claimed).append((path, lower, upper))
            continue
        cut = found.splits[path] = Split(*place)
        checked_split(index, cut, lower, upper)
        inner, outer = split(lower, upper, cut)
        ends |= {2 * path + 1: (outer, upper), 2 * path: (lower, inner)}
    return CutBoxes(found.splits, found.open[::-1], found.claimed[::-1])


def cut_signs(nodes: str, sizes: Sequence[int]) -> CutSigns:
    """A tree of signs of ReLUs of these sizes; `TreeError` where it is none."""
    found = CutSigns({}, [], [])
    signs: dict[int, Part] = {1: (1, ())}
    for index, path, place in _parsed(nodes):
        part = signs.pop(path)
        if isinstance(place, str):
            (found.open if place == "?" else found.claimed).append(part)
            continue
        relu, entry = place
        if not (relu < len(sizes) and 0 <= entry < sizes[relu]):
            raise TreeError(index, f"there is no entry {entry} of ReLU {relu}")
        cut = found.splits[path] = SignSplit(relu, entry)
        if any(cut == above for above, _ in part[1]):
            raise TreeError(index, f"entry {entry} of ReLU {relu} is split above it already")
        for half, sign in ((2 * path, -1), (2 * path + 1, 1)):
            signs[half] = (half, (*part[1], (cut, sign)))
    return CutSigns(found.splits, found.open[::-1], found.claimed[::-1])


def _parsed(nodes: str) -> Iterator[tuple[int, int, str | tuple[int, int]]]:
    """Each node's number, its path, and its cut or what else it is; `TreeError` for no tree."""
    stack = [1]
    for index, text in enumerate(nodes.split(" ")):
        match = _NODE.fullmatch(text)
        if match is None or not stack:
            raise TreeError(index, f"{text[:40]!r} is neither `.`, `?` nor `d:c`, or one too many")
        path = stack.pop()
        if match[1] is None:
            yield index, path, text
            continue
        if path.bit_length() > MOST_DEPTH:
            raise TreeError(index, f"there are more than {MOST_DEPTH} cuts above it")
        yield index, path, (int(match[1]), int(match[2]))
        stack += [2 * path + 1, 2 * path]
    if stack:
        raise TreeError(index + 1, f"the tree ends with {len(stack)} boxes left open")
