"""A measured order as a reduction tree of the kernel, where the kernel has all of its steps.

It has not: more than two values added at once, two fused products in one sum, and formats it does
not reduce in. The result is converted to binary32 at the end, as a measured order is read.
"""

from dataclasses import dataclass

from refsem.fuzz.orders import Order, Sum, Term
from refsem.kernel import trees
from refsem.kernel.trees import FORMATS, Add, Convert, FusedAdd, Step, Tree, Zero
from refsem.rounding import BINARY32, Format


@dataclass(frozen=True, slots=True)
class NotInKernel:
    """Why the kernel cannot run an order."""

    reason: str


def kernel_tree(order: Order) -> Tree | NotInKernel:
    """The tree that the kernel runs to the bits of the order."""
    formats = [total.format_ for total in order.sums]
    formats += [total.via for total in order.sums if total.via is not None]
    formats += [term.rounded for term in order.terms if term.rounded is not None]
    if not set(formats) <= set(FORMATS):
        return NotInKernel("a format it does not reduce in")
    if order.unresolved:
        return NotInKernel("a sum of more than two values")
    steps: list[Step] = []
    places: dict[int, int] = {}
    for number, total in enumerate(order.sums, start=len(order.terms)):
        place = _sum(order, total, steps, places)
        if place is None:
            return NotInKernel("a sum of two fused products")
        places[number] = place
    if not order.sums:
        _enter(steps, order.terms[0], 0)
    last = steps[-1].format
    if order.zero_last:
        result = len(steps) - 1
        _put(steps, Add(_put(steps, Zero(last)), result, last))
    if last != BINARY32:
        _put(steps, Convert(len(steps) - 1, BINARY32))
    return Tree(len(order.terms), tuple(steps))


def _put(steps: list[Step], step: Step) -> int:
    steps.append(step)
    return len(steps) - 1


def _enter(steps: list[Step], term: Term, index: int) -> int:
    """The place of a term by itself."""
    format_ = BINARY32 if term.rounded is None else term.rounded
    if term.onto_zero:
        return _put(steps, FusedAdd(index, _put(steps, Zero(format_)), format_))
    return _put(steps, trees.Term(index, format_))


def _sum(order: Order, total: Sum, steps: list[Step], places: dict[int, int]) -> int | None:
    """The place of a sum; `None` where both addends are fused products."""
    format_: Format = total.via or total.format_
    count = len(order.terms)
    fused = [n for n in total.addends if n < count and order.terms[n].rounded is None]
    if len(fused) > 1:
        return None
    addends = [
        places[number] if number >= count else _enter(steps, order.terms[number], number)
        for number in total.addends
        if number not in fused
    ]
    if fused:
        place = _put(steps, FusedAdd(fused[0], addends[0], format_))
    else:
        place = _put(steps, Add(addends[0], addends[1], format_))
    if total.via is not None:
        place = _put(steps, Convert(place, total.format_))
    return place
