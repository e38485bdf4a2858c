"""Properties of rounding decided on a tiny format, for all reals, by going through its cells.

Between two neighbouring breakpoints (values, midpoints, 0) every mode rounds to one value, and
what a property concludes is linear in the input there: it holds on the whole open cell if it
holds just inside both ends. So a real input is tried at every breakpoint b and at b + ε and
b − ε for an infinitesimal ε > 0: numbers v + s·ε, ordered by v, then by s. Representable inputs
are tried one by one. With two real inputs only their cells matter to a conclusion that mentions
results alone, which every pair of positions covers.

Invariant: `counterexample` finds one if and only if the property is false in that format and mode
for arguments no greater in size than the greatest finite value.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import total_ordering
from itertools import pairwise, product

from gmpy2 import mpq

from refsem.exact.functions import Function
from refsem.ir.terms import Comparison, Operator, Relation, Term, fold, substitute
from refsem.rounding import Format, Mode, exact_value, round_to
from refsem.rules.rounding_properties import Property, Range, constants


@total_ordering
@dataclass(frozen=True, slots=True)
class Near:
    """The number value + slope·ε, for an ε > 0 below every positive rational."""

    value: mpq
    slope: mpq

    def __lt__(self, other: "Near") -> bool:
        return bool((self.value, self.slope) < (other.value, other.slope))

    def __add__(self, other: "Near") -> "Near":
        return Near(self.value + other.value, self.slope + other.slope)

    def __neg__(self) -> "Near":
        return Near(-self.value, -self.slope)


def _times(left: Near, right: Near) -> Near:
    if left.slope and right.slope:
        raise TypeError("a property multiplies a real input by itself")
    slope = left.value * right.slope + left.slope * right.value
    return Near(left.value * right.value, slope)


@dataclass(frozen=True, slots=True)
class _Reading:
    """Terms as numbers value + slope·ε; there are no quotients and no functions in them."""

    point: Mapping[str, Near]

    def constant(self, value: mpq) -> Near:
        return Near(value, mpq(0))

    def variable(self, name: str) -> Near:
        return self.point[name]

    def apply(self, operator: Operator, arguments: tuple[Near, ...]) -> Near:
        match operator, arguments:
            case Operator.ADD, (left, right):
                return left + right
            case Operator.SUB, (left, right):
                return left + -right
            case Operator.MUL, (left, right):
                return _times(left, right)
            case Operator.NEG, (one,):
                return -one
            case Operator.ABS, (one,):
                return max(one, -one)
            case _:
                raise TypeError(f"no property applies {operator.value}")

    def function(self, function: Function, argument: Near) -> Near:
        raise TypeError(f"no property applies {function.value} to {argument}")


@dataclass(frozen=True, slots=True)
class Cells:
    """The values of a format and the breakpoints of its roundings, in order."""

    format: Format
    values: tuple[mpq, ...]
    breakpoints: tuple[mpq, ...]

    def positions(self, range_: Range) -> Iterator[Near]:
        """What an input has to be tried at."""
        if range_ is Range.VALUE:
            yield from (Near(value, mpq(0)) for value in self.values)
            return
        last = len(self.breakpoints) - 1
        for index, value in enumerate(self.breakpoints):
            yield Near(value, mpq(0))
            if index > 0:
                yield Near(value, mpq(-1))
            if index < last:
                yield Near(value, mpq(1))

    def rounded(self, mode: Mode, number: Near) -> Near | None:
        """What the number rounds to; None if it is greater in size than every finite value."""
        if not -self.values[-1] <= number.value <= self.values[-1]:
            return None
        inside = number.value
        if number.slope > 0:
            above = bisect_right(self.breakpoints, number.value)
            if above == len(self.breakpoints):
                return None
            inside = (number.value + self.breakpoints[above]) / 2
        elif number.slope < 0:
            below = bisect_left(self.breakpoints, number.value) - 1
            if below < 0:
                return None
            inside = (number.value + self.breakpoints[below]) / 2
        bits = round_to(self.format, mode, inside, 0)
        return Near(exact_value(self.format, bits), mpq(0))


def cells(format_: Format) -> Cells:
    """The cells of a format."""
    sizes = [exact_value(format_, bits) for bits in range(format_.infinity)]
    values = sorted({value for size in sizes for value in (size, -size)})
    midpoints = [(low + high) / 2 for low, high in pairwise(values)]
    return Cells(format_, tuple(values), tuple(sorted([*values, *midpoints])))


def counterexample(one: Property, format_: Format, mode: Mode) -> dict[str, Near] | None:
    """Inputs and results at which the property fails in this format and mode, if it does."""
    found = cells(format_)
    exponents = range(format_.least_exponent, format_.greatest_exponent + 1)
    for exponent in exponents if one.exponents else (None,):
        numbers = constants(format_, mode, exponent)
        premises = tuple(_with(premise, numbers) for premise in one.premises)
        conclusion = _with(one.conclusion, numbers)
        for point in _points(one, found, mode):
            reading = _Reading(point)
            if all(_true(premise, reading) for premise in premises) and not _true(
                conclusion, reading
            ):
                return point
    return None


def _with(relation: Relation, numbers: Mapping[str, Term]) -> Relation:
    left, right = (substitute(side, numbers) for side in (relation.left, relation.right))
    return Relation(relation.comparison, left, right)


def _points(one: Property, found: Cells, mode: Mode) -> Iterator[dict[str, Near]]:
    """Every combination of positions at which all arguments are in range, with the results."""
    positions = [tuple(found.positions(range_)) for range_ in one.inputs.values()]
    for combination in product(*positions):
        point = dict(zip(one.inputs, combination, strict=True))
        results: dict[str, Near] = {}
        for result in one.results:
            argument = fold(result.argument, _Reading(point))
            rounded = found.rounded(result.mode or mode, argument)
            if rounded is None:
                break
            results[str(result.variable.head)] = rounded
        else:
            yield point | results


def _true(relation: Relation, reading: _Reading) -> bool:
    left, right = fold(relation.left, reading), fold(relation.right, reading)
    match relation.comparison:
        case Comparison.LE:
            return left <= right
        case Comparison.LT:
            return left < right
        case Comparison.EQ:
            return left == right
        case Comparison.NE:
            return left != right
