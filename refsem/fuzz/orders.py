"""The order of a reduction as data, and its exact evaluation, one rounding a sum.

Terms are products x[i]·y[i] (y is all ones for a plain sum). A term may be rounded before it is
added; a sum adds two or more earlier values exactly and rounds the result to nearest even in its
own format. Sums stand in the order of evaluation, so that evaluation is a loop.

Not here: infinities and NaNs, other rounding directions, flushing. How an order is found:
`reveal.py`; whether it is right: `confirmation.py`.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from gmpy2 import mpq

from refsem.rounding import (
    BFLOAT16,
    BINARY16,
    BINARY32,
    BINARY64,
    RISCV,
    Finite,
    Format,
    Mode,
    decode,
)
from refsem.rounding.function import round_rational

TENSOR_FLOAT32 = Format(11, 8)
X87 = Format(64, 15)
FORMAT_NAMES = {
    BINARY16: "binary16",
    BFLOAT16: "bfloat16",
    BINARY32: "binary32",
    BINARY64: "binary64",
    TENSOR_FLOAT32: "tf32",
    X87: "x87 extended",
}


def format_name(format_: Format) -> str:
    """The name of a format; one without a name is told by its precision."""
    return FORMAT_NAMES.get(format_, f"{format_.precision} bits")


@dataclass(frozen=True, slots=True)
class Term:
    """How a term enters: rounded to a format first, or exact (a fused product)."""

    rounded: Format | None
    onto_zero: bool = False
    """Whether the exact product is added to +0: it differs from a rounded one in zeros only."""


@dataclass(frozen=True, slots=True)
class Sum:
    """The rounded sum of earlier values: numbers below the count of terms are terms."""

    addends: tuple[int, ...]
    format_: Format
    via: Format | None = None
    """A wider format the sum is rounded to first, where that can be told from one rounding."""


@dataclass(frozen=True, slots=True)
class Order:
    """A reduction of `len(terms)` terms; the last sum is the result, rounded to binary32."""

    terms: tuple[Term, ...]
    sums: tuple[Sum, ...]
    from_zero: bool
    """Whether +0 is added somewhere, so that a sum of nothing but −0 is +0.

    It is added last, unless products are added onto it: which makes no difference otherwise.
    """

    @property
    def zero_last(self) -> bool:
        """Whether +0 is added to the whole sum."""
        return self.from_zero and not any(term.onto_zero for term in self.terms)

    @property
    def unresolved(self) -> tuple[Sum, ...]:
        """The sums of more than two values, in whose inside nothing could be told apart."""
        return tuple(total for total in self.sums if len(total.addends) > 2)


@dataclass(frozen=True, slots=True)
class _Value:
    """A finite value with the sign of its zero."""

    exact: mpq
    negative: bool


def evaluate(order: Order, x: Sequence[int], y: Sequence[int]) -> int:
    """The binary32 pattern of the reduction of patterns.

    Raises `ValueError` for an operand that is not finite, `OverflowError` if a sum overflows.
    """
    values = [
        _rounded(term.rounded, _entering(term, _product(one, other)))
        for term, one, other in zip(order.terms, x, y, strict=True)
    ]
    for total in order.sums:
        exact = _added([values[place] for place in total.addends])
        values.append(_rounded(total.format_, _rounded(total.via, exact)))
    result = values[-1]
    if order.zero_last and result.exact == 0:
        result = _Value(result.exact, negative=False)
    bits, _ = round_rational(BINARY32, Mode.RNE, result.exact, int(result.negative), RISCV)
    return bits


def _product(x: int, y: int) -> _Value:
    one, other = decode(BINARY32, x), decode(BINARY32, y)
    if not isinstance(one, Finite) or not isinstance(other, Finite):
        message = f"a reduction is evaluated on finite patterns, not {x:08X}, {y:08X}"
        raise ValueError(message)  # noqa: TRY004  the type is right, the value is not
    return _Value(one.value * other.value, one.negative != other.negative)


def _entering(term: Term, product: _Value) -> _Value:
    """The product, an exact zero being +0 where it is added onto +0."""
    return _Value(product.exact, product.negative and not (term.onto_zero and product.exact == 0))


def _added(values: Sequence[_Value]) -> _Value:
    """The exact sum; −0 only where every addend is."""
    total = sum((value.exact for value in values), mpq(0))
    return _Value(total, total < 0 or (total == 0 and all(value.negative for value in values)))


def _rounded(format_: Format | None, value: _Value) -> _Value:
    if format_ is None:
        return value
    bits, _ = round_rational(format_, Mode.RNE, value.exact, int(value.negative), RISCV)
    read = decode(format_, bits)
    if not isinstance(read, Finite):
        message = f"{value.exact} overflows {format_name(format_)}"
        raise OverflowError(message)
    return _Value(read.value, read.negative)


MOST_SHOWN = 24
"""Terms up to which an order is written out in full."""


def describe(order: Order) -> str:
    """The order in words: its shape, the formats of its sums, fused products, what is unknown."""
    parts = [_shape(order)]
    formats = sorted({format_name(total.format_) for total in order.sums})
    if formats:
        parts.append("in " + " and ".join(formats))
    through = sorted({format_name(total.via) for total in order.sums if total.via is not None})
    if through:
        parts.append("each sum first rounded to " + " and ".join(through))
    count = len(order.terms)
    fused = sum(term.rounded is None for term in order.terms)
    if fused:
        parts.append(f"{fused} of {count} products fused")
    narrow = Counter(term.rounded for term in order.terms)
    parts += [
        f"{number} of {count} terms first rounded to {format_name(format_)}"
        for format_, number in narrow.items()
        if format_ is not None and format_ != BINARY32
    ]
    if order.from_zero:
        parts.append("+0 added")
    for total in order.unresolved[:3]:
        parts.append(f"unresolved: {len(total.addends)} values added in one step")
    return ", ".join(parts)


def _shape(order: Order) -> str:
    count = len(order.terms)
    places = [total.addends for total in order.sums]
    if count == 1:
        return "one term"
    if places == [(i + (count - 1 if i else 0), i + 1) for i in range(count - 1)]:
        return "left to right"
    if _is_mirrored_chain(places, count):
        return "right to left"
    if count <= MOST_SHOWN:
        return written(order)
    return f"tree of depth {depth(order)}, term 0 first added to term {_first_partner(order)}"


def _is_mirrored_chain(places: list[tuple[int, ...]], count: int) -> bool:
    """Whether each sum adds the next lower term to the sum before it."""
    expected = [(count - 2 - i, count - 1 + i) for i in range(count - 1)]
    return places == expected


def depth(order: Order) -> int:
    """The greatest number of sums a term passes through."""
    depths = [0] * len(order.terms)
    for total in order.sums:
        depths.append(1 + max(depths[place] for place in total.addends))
    return depths[-1]


def _first_partner(order: Order) -> int:
    """The least term in what term 0 is first added to."""
    least = list(range(len(order.terms)))
    for total in order.sums:
        if 0 in total.addends:
            return min(least[place] for place in total.addends if place != 0)
        least.append(min(least[place] for place in total.addends))
    return 0


def written(order: Order) -> str:
    """The order with brackets, terms by their numbers."""
    texts = [str(place) for place in range(len(order.terms))]
    for total in order.sums:
        texts.append("(" + "+".join(texts[place] for place in total.addends) + ")")
    return texts[-1]
