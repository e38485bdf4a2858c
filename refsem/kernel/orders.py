"""The usual orders of summation, as trees.

Every function states its order in its own terms; what it leaves open is an argument. `Start` says
whether a sequential sum begins with +0 or with its first term, which differ for −0 and for
signalling NaNs. No function here looks at values.
"""

from collections.abc import Sequence
from enum import Enum
from typing import assert_never

from refsem.kernel.trees import Add, Convert, FusedAdd, Step, Term, Tree, Zero
from refsem.rounding import Format

Nested = int | tuple["Nested", "Nested"]
"""An explicit order: the index of a term, or a pair of orders to be added."""


class Start(Enum):
    """What a sequential sum begins with."""

    ZERO = "+0"
    FIRST_TERM = "the first term"


class Products(Enum):
    """How a sequential sum takes its terms."""

    ROUNDED = "rounded"
    """Each term is rounded first, then added: also for sums of elements."""
    FUSED = "fused"
    """Each product is added by a fused multiply-add; a first term is still rounded."""


class _Steps:
    """A tree in the making."""

    def __init__(self, format_: Format) -> None:
        self.format = format_
        self.steps: list[Step] = []

    def put(self, step: Step) -> int:
        """The place of a new step."""
        self.steps.append(step)
        return len(self.steps) - 1

    def add(self, left: int, right: int) -> int:
        """The place of the sum of two steps."""
        return self.put(Add(left, right, self.format))

    def chain(self, terms: Sequence[int], start: Start, products: Products) -> int:
        """The place of the sequential sum of the terms; `ValueError` if there is none to begin."""
        remaining = list(terms)
        match start:
            case Start.ZERO:
                total = self.put(Zero(self.format))
            case Start.FIRST_TERM:
                if not remaining:
                    raise ValueError("a sum of no terms has no first term to start from")
                total = self.put(Term(remaining.pop(0), self.format))
            case _:
                assert_never(start)
        for index in remaining:
            if products is Products.FUSED:
                total = self.put(FusedAdd(index, total, self.format))
            else:
                total = self.add(total, self.put(Term(index, self.format)))
        return total

    def in_order(self, places: Sequence[int]) -> int:
        """The place of the sum of steps from left to right."""
        total = places[0]
        for place in places[1:]:
            total = self.add(total, place)
        return total

    def neighbours(self, places: Sequence[int]) -> int:
        """The place of the sum of steps, neighbours first, then neighbouring pairs, and so on."""
        level = list(places)
        while len(level) > 1:
            pairs = zip(level[::2], level[1::2], strict=False)
            odd = level[len(level) - len(level) % 2 :]
            level = [self.add(left, right) for left, right in pairs] + odd
        return level[0]

    def tree(self, terms: int) -> Tree:
        """The finished tree."""
        return Tree(terms, tuple(self.steps))


def _positive(**widths: int) -> None:
    for name, width in widths.items():
        if width < 1:
            raise ValueError(f"{name} is {width}, but a width is 1 at least")


def left_to_right(terms: int, format_: Format, start: Start, products: Products) -> Tree:
    """((t0 + t1) + t2) + …: with fused products, a chain of fused multiply-adds.

    Raises `ValueError` for no terms where the start is the first of them.
    """
    steps = _Steps(format_)
    steps.chain(range(terms), start, products)
    return steps.tree(terms)


def blocked(
    terms: int, block_width: int, format_: Format, start: Start, products: Products
) -> Tree:
    """Consecutive blocks, each summed from left to right, then the blocks from left to right.

    The last block may be shorter. Raises `ValueError` for no terms or a width below 1.
    """
    _positive(terms=terms, block_width=block_width)
    steps = _Steps(format_)
    blocks = [
        steps.chain(range(first, min(first + block_width, terms)), start, products)
        for first in range(0, terms, block_width)
    ]
    steps.in_order(blocks)
    return steps.tree(terms)


def interleaved(terms: int, lanes: int, format_: Format, start: Start, products: Products) -> Tree:
    """Lane k sums the terms k, k + lanes, …; then neighbouring lanes are added, and so on.

    Raises `ValueError` unless there is a lane and a term for every one.
    """
    _positive(lanes=lanes)
    if terms < lanes:
        raise ValueError(f"{terms} terms do not fill {lanes} lanes")
    steps = _Steps(format_)
    steps.neighbours(
        [steps.chain(range(lane, terms, lanes), start, products) for lane in range(lanes)]
    )
    return steps.tree(terms)


def pairwise(terms: int, base_width: int, lanes: int, format_: Format, start: Start) -> Tree:
    """Halves summed separately down to blocks of at most `base_width` terms, as numpy does.

    The left half is the largest multiple of `lanes` not above half the terms. A block of fewer
    terms than lanes is summed from left to right; another in interleaved lanes, neighbours added
    first, the terms beyond the last full round then one by one. `start` concerns the whole sum.
    Raises `ValueError` for no terms, no lanes, or a base that halves of it might not fill.
    """
    _positive(terms=terms, lanes=lanes)
    if base_width < 2 * lanes - 1:
        raise ValueError(f"halves of more than {base_width} terms may not fill {lanes} lanes")
    steps = _Steps(format_)

    def block(first: int, end: int) -> int:
        if end - first < lanes:
            return steps.chain(range(first, end), Start.FIRST_TERM, Products.ROUNDED)
        full = end - (end - first) % lanes
        total = steps.neighbours(
            [
                steps.chain(range(lane, full, lanes), Start.FIRST_TERM, Products.ROUNDED)
                for lane in range(first, first + lanes)
            ]
        )
        return steps.in_order([total, *(steps.put(Term(i, format_)) for i in range(full, end))])

    def halves(first: int, end: int) -> int:
        if end - first <= base_width:
            return block(first, end)
        half = (end - first) // 2
        middle = first + half - half % lanes
        return steps.add(halves(first, middle), halves(middle, end))

    zero = steps.put(Zero(format_)) if start is Start.ZERO else None
    total = halves(0, terms)
    if zero is not None:
        steps.add(zero, total)
    return steps.tree(terms)


def explicit(order: Nested, format_: Format) -> Tree:
    """The order written as nested pairs of term indices, e.g. `((0, 1), 2)`.

    Raises `ValueError` unless the indices are 0, 1, … with none repeated.
    """
    steps = _Steps(format_)
    pending: list[Nested | None] = [order]
    done: list[int] = []
    while pending:
        match pending.pop():
            case int() as index:
                done.append(steps.put(Term(index, format_)))
            case (left, right):
                pending += [None, right, left]
            case None:
                right_place, left_place = done.pop(), done.pop()
                done.append(steps.add(left_place, right_place))
    return steps.tree(sum(isinstance(step, Term) for step in steps.steps))


def delivered_in(tree: Tree, format_: Format) -> Tree:
    """The tree with its result converted to the format; itself if it is there already."""
    if tree.format == format_:
        return tree
    return Tree(tree.terms, (*tree.steps, Convert(len(tree.steps) - 1, format_)))
