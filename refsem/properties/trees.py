"""Split trees judged: every leaf's box is made from the cuts and put to the exact leaf check.

The one reading of a tree as a proof, for the search's trees and for those in files: leaves tile
the root box by construction, the root must contain the region's box, each leaf must be proved
empty of every case, and some leaves are derived again by the ordinary replay.
"""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice

from refsem.exact.sliced import FloatArray, TooWideError
from refsem.properties.leaves import LeafJudge
from refsem.rules.leaves import Boxes
from refsem.rules.tree import Node, leaf_boxes

LEAF_BATCH = 64
REVIEWED = 2
"""Leaves of a tree that the ordinary replay derives again: so many and one of each thousand."""


@dataclass(frozen=True, slots=True, eq=False)
class OpenLeaf:
    """A leaf, by its number in the tree's order, that the check does not prove."""

    number: int
    lower: FloatArray
    upper: FloatArray


@dataclass(slots=True)
class TreeCheck:
    """The leaves of trees over one region; what was proved once is not computed again.

    `seconds` counts the processor time of leaf checks.
    """

    judge: LeafJudge
    proved: set[bytes] = field(default_factory=set)
    seconds: float = 0.0

    def open_leaves(
        self, root: Boxes, nodes: Sequence[Node], workers: int
    ) -> tuple[int, list[OpenLeaf]]:
        """How many leaves there are, and those not proved; `TreeError` where nodes are no tree."""
        leaves, failed = 0, list[OpenLeaf]()
        batches = leaf_boxes(root, nodes, LEAF_BATCH)
        with ThreadPoolExecutor(workers) as pool:
            while group := list(islice(batches, workers)):
                for boxes, passed, seconds in pool.map(self._proved, group):
                    self.seconds += seconds
                    for row in range(boxes.count):
                        if not passed[row]:
                            lower, upper = boxes.lower[row], boxes.upper[row]
                            failed.append(OpenLeaf(leaves + row, lower, upper))
                    leaves += boxes.count
        return leaves, failed

    def _proved(self, boxes: Boxes) -> tuple[Boxes, list[bool], float]:
        """Which of the boxes are proved, now or before, and the time it took."""
        started = time.thread_time()
        ends = zip(boxes.lower, boxes.upper, strict=True)
        keys = [low.tobytes() + high.tobytes() for low, high in ends]
        new = [row for row, key in enumerate(keys) if key not in self.proved]
        if new:
            fresh = Boxes(boxes.lower[new], boxes.upper[new], boxes.unit)
            proved = zip(new, self._empty(fresh), strict=True)
            self.proved.update(keys[row] for row, empty in proved if empty)
        return boxes, [key in self.proved for key in keys], time.thread_time() - started

    def _empty(self, boxes: Boxes) -> list[bool]:
        try:
            return [bool(cases.all()) for cases in self.judge.derived(boxes)[1]]
        except TooWideError:
            return [False] * boxes.count

    def review(self, root: Boxes, nodes: Sequence[Node]) -> int:
        """How many leaves, spread over the tree, the ordinary replay derived again."""
        leaves = sum(node is None for node in nodes)
        wanted = min(leaves, REVIEWED + leaves // 1000)
        chosen = {index * leaves // wanted for index in range(wanted)}
        for index, boxes in enumerate(leaf_boxes(root, nodes, 1)):
            if index in chosen:
                run, empty = self.judge.run(boxes)
                self.judge.review(boxes, run, 0)
                if not empty.all():  # what the first run leaves open rests on a second
                    self.judge.review(boxes, self.judge.derived(boxes)[0], 0)
        return len(chosen)
