"""Split trees: leaves tile the root box, by counting points; what is no tree is refused."""

import random
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refsem.rules.leaves import Boxes
from refsem.rules.tree import Node, Split, TreeError, leaf_boxes, preorder, split

SIDE = 6


def root() -> Boxes:
    return Boxes(np.array([[-3.0, 0.0]]), np.array([[3.0, 6.0]]), 0)


def random_splits(seed: int) -> dict[int, Split]:
    """Random cuts until boxes are small or luck ends it."""
    source = random.Random(seed)  # noqa: S311  repeatable, not secret
    splits: dict[int, Split] = {}
    open_ = [(1, root().lower[0], root().upper[0])]
    while open_:
        path, lower, upper = open_.pop()
        wide = [d for d in range(2) if upper[d] - lower[d] >= 2]
        if not wide or source.random() < 0.2:
            continue
        dimension = source.choice(wide)
        cut = Split(dimension, source.randint(int(lower[dimension]) + 1, int(upper[dimension]) - 1))
        splits[path] = cut
        inner, outer = split(lower, upper, cut)
        open_ += [(2 * path + 1, outer, upper), (2 * path, lower, inner)]
    return splits


@given(st.integers(0, 2**32), st.integers(1, 5))
def test_leaves_tile_the_root(seed: int, batch: int) -> None:
    nodes = list(preorder(random_splits(seed)))
    batches = list(leaf_boxes(root(), nodes, batch))
    lower = np.concatenate([boxes.lower for boxes in batches])
    upper = np.concatenate([boxes.upper for boxes in batches])
    assert len(lower) == nodes.count(None)
    assert all(boxes.count == batch for boxes in batches[:-1])
    for point in product(range(-3, 3), range(SIDE)):
        middle = np.array(point) + 0.5
        assert ((lower < middle) & (middle < upper)).all(axis=1).sum() == 1


LEAF: Node = None
BAD: dict[str, tuple[list[Node], str]] = {
    "a leaf removed": ([Split(0, 0), LEAF], "node 2: the tree ends with 1 boxes left open"),
    "a leaf too many": ([Split(0, 0), LEAF, LEAF, LEAF], "node 3: the tree is already complete"),
    "nothing": ([], "node 0: the tree ends with 1 boxes left open"),
    "no such dimension": ([Split(2, 0), LEAF, LEAF], "node 0: there is no dimension 2"),
    "a negative dimension": ([Split(-1, 0), LEAF, LEAF], "node 0: there is no dimension -1"),
    "a cut at an end": ([Split(0, 3), LEAF, LEAF], "node 0: the cut 3 is not inside dimension 0"),
    "a cut outside the half": (
        [Split(0, 0), Split(0, 1), LEAF, LEAF, LEAF],
        "node 1: the cut 1 is not inside dimension 0",
    ),
    "a cut no float holds": ([Split(0, 2**60 + 1), LEAF, LEAF], "is not inside dimension 0"),
}


@pytest.mark.parametrize(("nodes", "message"), BAD.values(), ids=BAD)
def test_what_is_no_tree_is_refused(nodes: list[Node], message: str) -> None:
    with pytest.raises(TreeError, match=message):
        list(leaf_boxes(root(), nodes, 4))
