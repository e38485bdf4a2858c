"""The text that concludes a split tree: from leaves that are safe to the box that was cut.

That the tree's leaves are the boxes of the theorems about leaves is computed (`decide +kernel`);
that they cover the box is `Tree.covers` (`Refsem/Cover.lean`). Lean's stack has no room for lists
of very many boxes: a large tree has parts, each concluded in the same way, which are leaves of the
next ones. No list is longer than `MOST_TOGETHER`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count

from lean_export.interval_boxes import IntegerBox
from lean_export.layout import documentation, filled
from lean_export.run_text import SETTING, box_lines, hanging, scale_text
from lean_export.split_leaves import CutBox, SafeLeaf, parts

MOST_TOGETHER = 100
"""How many leaves are concluded from together."""


@dataclass(frozen=True, slots=True)
class Cover:
    """A tree of cuts as a Lean term, the theorems about its leaves in order, and its box."""

    text: str
    leaves: tuple[str, ...]
    box: IntegerBox


def covers(tree: CutBox, root: IntegerBox) -> tuple[Cover, ...]:
    """The parts of a tree over its box, each after those that it leans on; the last is the whole.

    A part has a theorem `part<n>`, counted from 1.
    """
    found: list[Cover] = []
    whole = _covered(tree, root, count(1), found)
    return (*found, whole)


def _covered(tree: CutBox, box: IntegerBox, numbers: Iterator[int], found: list[Cover]) -> Cover:
    if isinstance(tree, SafeLeaf):
        return Cover(".leaf", (f"leaf{next(numbers)}",), box)
    halves = [
        _covered(half, half_box, numbers, found)
        for half, half_box in zip(
            (tree.below, tree.above), parts(box, tree.dimension, tree.number), strict=True
        )
    ]
    while sum(len(half.leaves) for half in halves) > MOST_TOGETHER:
        larger = max((0, 1), key=lambda place: len(halves[place].leaves))
        found.append(halves[larger])
        halves[larger] = Cover(".leaf", (f"part{len(found)}",), halves[larger].box)
    below, above = halves
    # a half in parentheses ends in none: no word is long, however deep the tree
    first = below.text if below.text == ".leaf" else f"({below.text})"
    then = above.text if above.text == ".leaf" else f"<| {above.text}"
    number = str(tree.number) if tree.number >= 0 else f"({tree.number})"
    text = f".cut {tree.dimension} {number} {first} {then}"
    return Cover(text, below.leaves + above.leaves, box)


def conclusion_theorems(made: Sequence[Cover]) -> list[str]:
    """The names of the theorems of the conclusion."""
    named = [name for n in range(1, len(made)) for name in (f"part{n}_boxes", f"part{n}")]
    return [*named, "root_box", "leaf_boxes", "property_holds"]


def conclusion_lines(made: Sequence[Cover], box: IntegerBox, number: int) -> Iterable[str]:
    """The lines of the conclusion for the box of a region, of this number."""
    *before, whole = made
    yield from SETTING
    for place, part in enumerate(before, 1):
        yield from _part_lines(part, f"part{place}")
    scale, root = scale_text(box.scale), scale_text(whole.box.scale)
    yield from (
        *_tree_lines("tree", whole),
        "",
        "/-- The region lies in the box that is cut. -/",
        "theorem root_box :",
        f"    boxWithin {scale} {root} inputBox rootBox = true := by",
        "  decide +kernel",
        *_boxes_lines("leaf_boxes", "tree.leaves rootBox", whole),
        "",
        *documentation(
            f"The property holds over the box of its region {number}: for no input in the box is a "
            "case met by the network."
        ),
        "theorem property_holds (x : List α)",
        f"    (inside : InBox {scale} inputBox x) :",
        "    Safe cases x (eval network x) := by",
        "  refine Tree.covers (P := fun x => Safe cases x (eval network x)) tree rootBox ?_ x",
        "    (inBox_of_boxWithin (by decide +kernel) root_box inside)",
        *_from_leaves("leaf_boxes", whole),
    )


def _part_lines(part: Cover, name: str) -> Iterable[str]:
    scale = scale_text(part.box.scale)
    yield from (
        *box_lines(f"{name}_box", f"The box of {name}", part.box),
        *_tree_lines(f"{name}_tree", part),
        *_boxes_lines(f"{name}_boxes", f"{name}_tree.leaves {name}_box", part),
        "",
        f"/-- No input in the box of {name} is unsafe. -/",
        f"theorem {name} : Over {scale}",
        f"    (fun x : List α => Safe cases x (eval network x)) {name}_box := by",
        f"  refine Tree.covers {name}_tree {name}_box ?_",
        *_from_leaves(f"{name}_boxes", part),
    )


def _tree_lines(name: str, cover: Cover) -> Iterable[str]:
    return (
        "",
        "/-- The cuts: an input, a number, the part below it and the part above it. -/",
        f"def {name} : Tree :=",
        *filled(cover.text.split(), 2),
    )


def _boxes_lines(name: str, leaves: str, cover: Cover) -> Iterable[str]:
    *others, last = (f"{leaf}_box" for leaf in cover.leaves)
    listed = filled([*(f"{one}," for one in others), f"{last}]"], 0)
    return (
        "",
        "/-- The boxes of the tree's leaves are those over which the cases were shown empty. -/",
        f"theorem {name} : {leaves} = [",
        *(f"    {line}" for line in listed),
        "  := by",
        "  decide +kernel",
    )


def _from_leaves(boxes: str, cover: Cover) -> Iterable[str]:
    """The end of a proof: what is shown of every leaf."""
    over = " <| ".join(f"over_cons {leaf}" for leaf in cover.leaves)
    return (f"  rw [{boxes}]", *hanging(f"  exact {over} over_nil"))
