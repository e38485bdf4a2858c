"""An order measured: the revealed tree, the format of every sum, fused products; then confirmed.

A sum's precision shows where 1 + 2^-k meets −1 just outside it; a fused product where
(1 + 2^-23)² meets −(1 + 2^-22); a term rounded on entry where it no longer breaks a tie. All of it
only proposes: `confirmation.py` decides.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from refsem.fuzz.confirmation import Measured, Products, confirm
from refsem.fuzz.orders import TENSOR_FLOAT32, X87, Order, Sum, Term
from refsem.fuzz.reveal import Tree, has_narrow_range, reveal
from refsem.rounding import BFLOAT16, BINARY16, BINARY32, BINARY64, Format

BY_PRECISION = {
    8: BFLOAT16,
    11: TENSOR_FLOAT32,
    24: BINARY32,
    53: BINARY64,
    64: X87,
}
"""What a sum of that many bits is taken for; other precisions get binary32's exponents."""

MOST_BITS = 100


@dataclass(frozen=True, slots=True)
class _Prober:
    """The target on sparse operands."""

    target: Products
    count: int

    def __call__(self, x: Mapping[int, float], y: Mapping[int, float]) -> float:
        """The result where x is 0 and y is 1 except as given."""
        one, other = np.zeros(self.count, np.float32), np.ones(self.count, np.float32)
        for place, value in x.items():
            one[place] = value
        for place, value in y.items():
            other[place] = value
        return float(self.target(one, other))


def measure(target: Products, count: int, trials: int, *, products: bool) -> Measured:
    """The order of `count` ≥ 1 terms; `products` says whether the target multiplies at all."""
    ones = np.ones(count, np.float32)
    tree = reveal(lambda terms: target(terms, ones), count)
    prober = _Prober(target, count)
    order = _first_guess(tree, prober)
    order = _with_formats(order, prober)
    order = _with_terms(order, prober, products=products)
    order = _onto_zero(order, prober) if products else order
    order = _with_root(order, prober)
    if has_narrow_range(lambda terms: target(terms, ones), count):
        order = _in_binary16(order)
    return confirm(target, order, trials, products=products)


def _in_binary16(order: Order) -> Order:
    """The order with binary16 for every format of its precision."""
    sums = tuple(
        replace(total, format_=BINARY16) if total.format_ == TENSOR_FLOAT32 else total
        for total in order.sums
    )
    terms = tuple(
        Term(BINARY16) if term.rounded == TENSOR_FLOAT32 else term for term in order.terms
    )
    return replace(order, sums=sums, terms=terms)


def _first_guess(tree: Tree, prober: _Prober) -> Order:
    """The tree as an order, all in binary32."""
    sums: list[Sum] = []
    numbers: dict[int, int] = {}
    pending = [tree]
    while pending:
        node = pending[-1]
        if not node.parts:
            numbers[id(node)] = node.least
            pending.pop()
        elif all(id(part) in numbers for part in node.parts):
            numbers[id(node)] = prober.count + len(sums)
            sums.append(Sum(tuple(numbers[id(part)] for part in node.parts), BINARY32))
            pending.pop()
        else:
            pending += [part for part in reversed(node.parts) if id(part) not in numbers]
    minus_zero = prober(dict.fromkeys(range(prober.count), -0.0), {})
    from_zero = not np.signbit(minus_zero)
    return Order((Term(BINARY32),) * prober.count, tuple(sums), from_zero)


def _surroundings(order: Order) -> Iterator[tuple[int, int, int | None]]:
    """For every sum: a term of its first addend, one of its second, one of its sibling."""
    least = list(range(len(order.terms)))
    above: dict[int, int] = {}
    for number, total in enumerate(order.sums, start=len(order.terms)):
        least.append(min(least[place] for place in total.addends))
        for place in total.addends:
            above[place] = number - len(order.terms)
    for number, total in enumerate(order.sums, start=len(order.terms)):
        sibling = None
        if number in above:
            siblings = [p for p in order.sums[above[number]].addends if p != number]
            sibling = least[siblings[0]]
        yield least[total.addends[0]], least[total.addends[1]], sibling


def _with_formats(order: Order, prober: _Prober) -> Order:
    """The order with the measured format of every sum; a root of 24 bits or more is binary32."""
    sums = []
    for total, (one, other, sibling) in zip(order.sums, _surroundings(order), strict=True):

        def keeps(
            bits: int, *, one: int = one, other: int = other, sibling: int | None = sibling
        ) -> bool:
            tail = 2.0 ** (1 - bits)
            if sibling is None:
                return bits <= 24 and prober({one: 1.0, other: tail}, {}) == 1 + tail
            return prober({one: 1.0, other: tail, sibling: -1.0}, {}) == tail

        precision = _precision(keeps)
        if sibling is None and precision >= 24:
            precision = 24
        sums.append(replace(total, format_=_format(precision)))
    return replace(order, sums=tuple(sums))


def _precision(keeps: Callable[[int], bool]) -> int:
    """The greatest number of bits kept; the usual ones are tried first."""
    for bits in (24, 53, 8, 11, 64):
        if keeps(bits) and not keeps(bits + 1):
            return bits
    bits = 1
    while bits < MOST_BITS and keeps(bits + 1):
        bits += 1
    return bits


def _format(precision: int) -> Format:
    exponent_bits = 8 if precision <= 24 else 11
    return BY_PRECISION.get(precision, Format(max(2, precision), exponent_bits))


def _with_terms(order: Order, prober: _Prober, *, products: bool) -> Order:
    """The order with what happens to each term before it is first added."""
    first: dict[int, tuple[int, int]] = {}
    least = list(range(len(order.terms)))
    for number, total in enumerate(order.sums):
        least.append(min(least[place] for place in total.addends))
        for place in total.addends:
            others = [other for other in total.addends if other != place]
            if place < len(order.terms):
                first[place] = (least[others[0]], number)
    terms = list(order.terms)
    via: set[bool] = set()
    for place, (partner, number) in first.items():
        precision = order.sums[number].format_.precision
        if precision < BINARY32.precision:
            bits = _entry_bits(prober, place, partner, precision)
            # Half a unit of the sum and a tail: all of it fits binary32 up to here.
            rounded_with_sum = bits == BINARY32.precision - precision
            via.add(rounded_with_sum)
            terms[place] = Term(BINARY32 if rounded_with_sum else _format(bits))
        elif products and _is_fused(prober, place, partner):
            terms[place] = Term(None)
    if True in via:
        return replace(order, terms=tuple(terms), sums=tuple(_via_binary32(order)))
    return replace(order, terms=tuple(terms))


def _onto_zero(order: Order, prober: _Prober) -> Order:
    """The order with products added onto +0 exactly, where negative ones that underflow show it.

    Such a product is −0 where it is rounded last, +0 where it is rounded before +0 is added. They
    are the terms that a fused product is added to, and a term by itself.
    """
    count = len(order.terms)
    tiny = dict.fromkeys(range(count), 2.0**-100)
    negative = dict.fromkeys(range(count), -(2.0**-100))
    if not order.from_zero or not np.signbit(prober(tiny, negative)):
        return order
    first = {0} if count == 1 else set()
    for total in order.sums:
        entering = [place for place in total.addends if place < count]
        if len(entering) == 2 and any(order.terms[place].rounded is None for place in entering):
            first |= {place for place in entering if order.terms[place].rounded is not None}
    terms = [replace(term, onto_zero=place in first) for place, term in enumerate(order.terms)]
    return replace(order, terms=tuple(terms))


def _via_binary32(order: Order) -> Iterator[Sum]:
    """The sums, the narrow ones rounded to binary32 first."""
    for total in order.sums:
        narrow = total.format_.precision < BINARY32.precision
        yield replace(total, via=BINARY32) if narrow else total


def _is_fused(prober: _Prober, place: int, partner: int) -> bool:
    factor = 1 + 2.0**-23
    x = {place: factor, partner: -(1 + 2.0**-22)}
    return prober(x, {place: factor}) == 2.0**-46


def _entry_bits(prober: _Prober, place: int, partner: int, precision: int) -> int:
    """How many bits of a term come into a narrow sum: more of them break no tie there."""
    up = 1 + 2.0 ** (1 - precision)

    def keeps(bits: int) -> bool:
        term = 2.0**-precision * (1 + 2.0 ** (1 - bits))
        return bits <= BINARY32.precision and prober({partner: 1.0, place: term}, {}) == up

    return _precision(keeps)


def _with_root(order: Order, prober: _Prober) -> Order:
    """The order with its last sum wider than the result, where double rounding shows it.

    One addend lies half way between two binary32 values, the other is far too small for binary64:
    it breaks the tie unless a rounding to binary64 loses it first.
    """
    if not order.sums or order.sums[-1].format_ != BINARY32 or len(order.sums[-1].addends) != 2:
        return order
    root = order.sums[-1]
    for wide, other in (root.addends, root.addends[::-1]):
        tie = _tie_inside(order, wide)
        if tie is None:
            continue
        x, y = tie
        if prober({**x, _least_term(order, other): 2.0**-80}, y) != prober(x, y):
            return order
        return replace(order, sums=(*order.sums[:-1], replace(root, format_=BINARY64)))
    return order


def _least_term(order: Order, place: int) -> int:
    """Some term below a value."""
    while place >= len(order.terms):
        place = order.sums[place - len(order.terms)].addends[0]
    return place


def _tie_inside(order: Order, place: int) -> tuple[dict[int, float], dict[int, float]] | None:
    """Operands that make a value lie half way between two binary32 values, if it can."""
    if place < len(order.terms):
        if order.terms[place].rounded is not None:
            return None
        factor = 1 + 2.0**-12
        return {place: factor}, {place: factor}
    total = order.sums[place - len(order.terms)]
    if total.format_.precision < 53:
        return None
    one, other = (_least_term(order, addend) for addend in total.addends[:2])
    return {one: 1.0, other: 2.0**-24}, {}
