"""Split trees: a cover of a box by sub-boxes, as the cuts that make it.

A tree is its nodes in preorder: a split cuts its box in two at an integer strictly between the
ends of one dimension, the lower half first; a leaf does not. That leaves tile the root box is so
by construction, and `leaf_boxes` refuses nodes that are no tree.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from refsem.exact.sliced import BITS, FloatArray
from refsem.rules.leaves import Boxes


@dataclass(frozen=True, slots=True)
class Split:
    """The box is cut at this integer of this dimension (numbered from 0)."""

    dimension: int
    cut: int


Node = Split | None
"""None is a leaf."""


class TreeError(ValueError):
    """Nodes that are no tree over their box; `node` counts from 0."""

    def __init__(self, node: int, message: str) -> None:
        super().__init__(f"node {node}: {message}")
        self.node = node
        self.message = message


def split(lower: FloatArray, upper: FloatArray, cut: Split) -> tuple[FloatArray, FloatArray]:
    """The upper end of the lower half and the lower end of the upper half; others stay."""
    inner, outer = upper.copy(), lower.copy()
    inner[cut.dimension] = outer[cut.dimension] = cut.cut
    return inner, outer


def leaf_boxes(root: Boxes, nodes: Iterable[Node], batch: int) -> Iterator[Boxes]:
    """The boxes of the leaves in order, so many at a time; `TreeError` where nodes are no tree."""
    stack = [(root.lower[0], root.upper[0])]
    lowers: list[FloatArray] = []
    uppers: list[FloatArray] = []
    index = -1
    for index, node in enumerate(nodes):
        if not stack:
            raise TreeError(index, "the tree is already complete")
        lower, upper = stack.pop()
        if node is None:
            lowers.append(lower)
            uppers.append(upper)
        else:
            checked_split(index, node, lower, upper)
            inner, outer = split(lower, upper, node)
            stack += [(outer, upper), (lower, inner)]
        if len(lowers) == batch:
            yield Boxes(np.stack(lowers), np.stack(uppers), root.unit)
            lowers, uppers = [], []
    if stack:
        raise TreeError(index + 1, f"the tree ends with {len(stack)} boxes left open")
    if lowers:
        yield Boxes(np.stack(lowers), np.stack(uppers), root.unit)


def checked_split(index: int, node: Split, lower: FloatArray, upper: FloatArray) -> None:
    """Nothing if the split, the node of this number, cuts the box; else `TreeError`."""
    if not 0 <= node.dimension < len(lower):
        raise TreeError(index, f"there is no dimension {node.dimension}")
    if abs(node.cut) >> BITS or not lower[node.dimension] < node.cut < upper[node.dimension]:
        raise TreeError(index, f"the cut {node.cut} is not inside dimension {node.dimension}")


def preorder(splits: Mapping[int, Split]) -> Iterator[Node]:
    """The nodes of a tree whose splits are given by path: 1, its halves 2·path and 2·path + 1."""
    stack = [1]
    while stack:
        path = stack.pop()
        node = splits.get(path)
        yield node
        if node is not None:
            stack += [2 * path + 1, 2 * path]
