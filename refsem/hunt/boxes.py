"""Boxes by class: where rules of bounds go wrong, not uniform noise.

A box is drawn operand by operand from classes aimed at the landmarks of the function: around them,
ending on them, just beside them, far on one side and close on the other, thin, wide, tiny, huge,
subnormal, a point. Operands are drawn independently or made alike, nested or opposite. Everything
follows from one seeded source. Boxes that leave the function's domain are moved inside or dropped.

Invariant: every end is a finite value of the format and lower ≤ upper.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from random import Random

import numpy as np
from gmpy2 import mpq

from refsem.binary32.catalogue import FORMATS, Kind
from refsem.exact.functions import Enclosure
from refsem.fuzz.targets.target import HOST_TYPES
from refsem.hunt.statement import Statement, defined_over
from refsem.ir.floats import Array
from refsem.rounding import exact_value

Range = tuple[float, float]
"""The ends of one operand."""
Box = tuple[Range, ...]


class Shape(Enum):
    """What is delicate about a box in one operand."""

    SIMPLE = "small whole numbers and halves"
    SPAN = "any width around an ordinary number"
    THIN = "a few values wide, or relatively narrow"
    POINT = "lower end = upper end"
    STRADDLING = "a landmark inside, each end at a distance of its own"
    BESIDE = "both ends on one side of a landmark"
    TOUCHING = "one end on a landmark"
    BETWEEN = "each end near a landmark of its own"
    TINY = "numbers near 0"
    SUBNORMAL = "subnormal ends"
    HUGE = "numbers near the greatest, at one end or both"
    ANY_BITS = "uniformly random patterns"


@dataclass(frozen=True, slots=True)
class Ends:
    """The values a box may end on: those of a format, as host floats."""

    kind: Kind

    @property
    def _host(self) -> type[np.generic]:
        return HOST_TYPES[self.kind]

    def snap(self, value: float) -> float:
        """A finite value of the format near a float."""
        greatest = self.greatest
        with np.errstate(over="ignore"):
            near = float(self._host(min(max(value, -greatest), greatest)))
        return min(max(near, -greatest), greatest) + 0.0

    def step(self, value: float, count: int) -> float:
        """The value that many steps up (down, if negative)."""
        direction = math.inf if count > 0 else -math.inf
        found = self._host(value)
        for _ in range(abs(count)):
            found = np.nextafter(found, self._host(direction))
        return self.snap(float(found))

    @property
    def greatest(self) -> float:
        """The greatest finite value."""
        format_ = FORMATS[self.kind]
        return float(exact_value(format_, format_.greatest_finite))

    @property
    def least_exponent(self) -> int:
        """The least subnormal value is 2 to this."""
        return FORMATS[self.kind].least_quantum

    @property
    def greatest_exponent(self) -> int:
        """The greatest binade begins at 2 to this."""
        return FORMATS[self.kind].greatest_exponent

    def bits(self, value: float) -> int:
        """The pattern of a value of the format."""
        host = self._host(value)
        return int(host.view(np.uint32 if self.kind is Kind.BINARY32 else np.uint64))

    def value(self, bits: int) -> float:
        """The value of a pattern; NaN and infinities too."""
        unsigned = np.uint32 if self.kind is Kind.BINARY32 else np.uint64
        return float(unsigned(bits).view(self._host))


def _size(source: Random, least: float, greatest: float) -> float:
    """A positive number whose exponent is uniform; half of them have few bits."""
    number = math.pow(2, source.uniform(least, greatest))
    if source.random() < 0.5:
        exponent = math.floor(math.log2(number))
        number = math.ldexp(source.choice((1.0, 1.0, 1.25, 1.5, 1.75)), exponent)
    return number


def _ordinary(source: Random) -> float:
    if source.random() < 0.5:
        return source.uniform(-10, 10)
    return source.choice((1, -1)) * _size(source, -20, 20)


def _simple(source: Random, _marks: Array, _ends: Ends) -> Range:
    return source.randint(-16, 16) / 2, source.randint(-16, 16) / 2


def _span(source: Random, _marks: Array, _ends: Ends) -> Range:
    centre, width = _ordinary(source), _size(source, -30, 12)
    share = source.random()
    return centre - width * share, centre + width * (1 - share)


def _thin(source: Random, marks: Array, ends: Ends) -> Range:
    centre = _ordinary(source) if source.random() < 0.6 else float(source.choice(marks))
    if source.random() < 0.5:
        lower = ends.snap(centre)
        return lower, ends.step(lower, source.randint(1, 4))
    width = max(abs(centre), 1e-6) * _size(source, -FORMATS[ends.kind].precision, -8)
    return centre, centre + width


def _point(source: Random, marks: Array, _ends: Ends) -> Range:
    centre = _ordinary(source) if source.random() < 0.7 else float(source.choice(marks))
    return centre, centre


def _away(source: Random) -> float:
    """A distance from a landmark: half of them such that a function bends noticeably."""
    return _size(source, -10, 3) if source.random() < 0.5 else _size(source, -40, 20)


def _straddling(source: Random, marks: Array, _ends: Ends) -> Range:
    mark, below, above = float(source.choice(marks)), _away(source), _away(source)
    if source.random() < 0.4:
        above = below * _size(source, -3, 3)
    return mark - below, mark + above


def _beside(source: Random, marks: Array, _ends: Ends) -> Range:
    mark, side = float(source.choice(marks)), source.choice((1, -1))
    return mark + side * _away(source), mark + side * _away(source)


def _touching(source: Random, marks: Array, _ends: Ends) -> Range:
    mark, side = float(source.choice(marks)), source.choice((1, -1))
    return mark, mark + side * _away(source)


def _between(source: Random, marks: Array, _ends: Ends) -> Range:
    def near() -> float:
        away = source.choice((0.0, 1.0, -1.0)) * _size(source, -24, 1)
        return float(source.choice(marks)) + away

    return near(), near()


def _tiny(source: Random, _marks: Array, ends: Ends) -> Range:
    def end() -> float:
        return source.choice((1, -1)) * _size(source, ends.least_exponent, -24)

    return end(), end()


def _subnormal(source: Random, _marks: Array, ends: Ends) -> Range:
    least = math.ldexp(1.0, ends.least_exponent)
    most = 1 << source.randint(1, FORMATS[ends.kind].precision)
    return source.randint(-most, most) * least, source.randint(-most, most) * least


def _huge(source: Random, _marks: Array, ends: Ends) -> Range:
    def end() -> float:
        if source.random() < 0.1:
            return source.choice((1, -1)) * ends.greatest
        return source.choice((1, -1)) * _size(source, 20, ends.greatest_exponent)

    return end(), end() if source.random() < 0.6 else _ordinary(source)


def _any_bits(source: Random, _marks: Array, ends: Ends) -> Range:
    def end() -> float:
        value = ends.value(source.getrandbits(FORMATS[ends.kind].width))
        return value if math.isfinite(value) else ends.greatest

    return end(), end()


_CLASSES: Mapping[Shape, Callable[[Random, Array, Ends], Range]] = {
    Shape.SIMPLE: _simple,
    Shape.SPAN: _span,
    Shape.THIN: _thin,
    Shape.POINT: _point,
    Shape.STRADDLING: _straddling,
    Shape.BESIDE: _beside,
    Shape.TOUCHING: _touching,
    Shape.BETWEEN: _between,
    Shape.TINY: _tiny,
    Shape.SUBNORMAL: _subnormal,
    Shape.HUGE: _huge,
    Shape.ANY_BITS: _any_bits,
}
_ATTEMPTS = 12
_SHAPES = (*Shape, Shape.STRADDLING, Shape.STRADDLING, Shape.BESIDE, Shape.TOUCHING)
"""What shapes are drawn from: those at landmarks more often."""


def draw_range(source: Random, shape: Shape, marks: Array, ends: Ends) -> Range:
    """A range of one operand of that class."""
    first, second = (ends.snap(end) for end in _CLASSES[shape](source, marks, ends))
    return min(first, second), max(first, second)


def draw_box(
    source: Random, statement: Statement, marks: tuple[Array, ...], ends: Ends
) -> Box | None:
    """A box on which the function has a value; `None` where a few attempts gave none."""
    for _ in range(_ATTEMPTS):
        shape = source.choice(_SHAPES)
        box: list[Range] = []
        for operand in marks:
            alike = shape if source.random() < 0.6 else source.choice(_SHAPES)
            related = _related(source, box, ends) if box and source.random() < 0.25 else None
            box.append(related or draw_range(source, alike, operand, ends))
        for candidate in (tuple(box), tuple(_positive(r) for r in box)):
            if inside(statement, candidate):
                return candidate
    return None


def _related(source: Random, box: list[Range], ends: Ends) -> Range:
    """A range like one already drawn: the same, opposite, inside it, or beginning where it ends."""
    lower, upper = source.choice(box)
    match source.randrange(4):
        case 0:
            return lower, upper
        case 1:
            return -upper + 0.0, -lower + 0.0
        case 2:
            cut = sorted(ends.snap(lower + (upper / 2 - lower / 2) * source.random()) for _ in "xy")
            return max(cut[0], lower), min(max(cut[1], lower), upper)
        case _:
            return upper, ends.snap(upper + _size(source, -30, 8))


def _positive(range_: Range) -> Range:
    first, second = sorted((abs(range_[0]), abs(range_[1])))
    return first, second


def inside(statement: Statement, box: Box) -> bool:
    """Whether the function has a value at every point of a box."""
    if not statement.domain:
        return True
    spans = {
        name: Enclosure(mpq(lower), mpq(upper))
        for name, (lower, upper) in zip(statement.operands, box, strict=True)
    }
    return defined_over(statement, spans)


_PREFERRED = (0.0, 1.0, -1.0, 0.5, 2.0, 0.01, 0.1, 0.25, 6.0, 1 / 6)


def draw_attributes(
    source: Random, names: tuple[str, ...], fixed: Mapping[str, mpq], ends: Ends
) -> dict[str, mpq]:
    """Values for attributes: those that are fixed, and for the others usual and unusual ones.

    `low` and `high` come in this order: a clip with the ends exchanged bounds nothing.
    """
    found: dict[str, mpq] = {}
    for name in names:
        usual = source.choice(_PREFERRED) if source.random() < 0.6 else _ordinary(source)
        found[name] = mpq(source.randint(2, 9) if name == "exponent" else ends.snap(usual))
    if "low" in found and "high" in found and found["low"] > found["high"]:
        found["low"], found["high"] = found["high"], found["low"]
    return found | dict(fixed)


def arrays(boxes: Sequence[Box]) -> tuple[Array, Array]:
    """The lower and the upper ends of boxes, each (operands, boxes)."""
    ends = np.array(boxes, np.float64)
    return np.ascontiguousarray(ends[:, :, 0].T), np.ascontiguousarray(ends[:, :, 1].T)
