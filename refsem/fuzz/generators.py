"""Operands by corner-case class: where implementations of binary32 go wrong, not uniform noise.

Uniformly random bits miss seven of the eighteen planted bugs in the tests, normally distributed
values thirteen. Most classes here *aim*: they choose an exact result at a delicate place (a tie,
a hair from a tie, the edge of tininess or of overflow) and solve for operands whose exact result
lies there or nearly there. The rest shape operands directly. Everything is drawn from one seeded
source: the same seed gives the same operands.

Not here: shrinking, targets, campaigns.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from random import Random

from gmpy2 import mpq

from refsem.binary32.catalogue import FORMATS, INTEGERS, Kind, Operation
from refsem.rounding import BINARY32, Format, Mode, decode, power_of_two, round_to
from refsem.rounding.values import Finite


class Corner(Enum):
    """What is delicate about a case."""

    EXPONENT_GAPS = "exponent gaps"
    """Operands as far apart as where bits begin to be lost, or cease to matter."""
    TIES = "ties"
    """Results half way between two values."""
    CANCELLATION = "cancellation"
    """Differences of nearly, or exactly, equal numbers."""
    SUBNORMAL_BOUNDARY = "subnormal boundary"
    """Results among the subnormal numbers and just above them."""
    TININESS = "tininess"
    """Results that round up to the least normal number, tiny before rounding or after too."""
    DOUBLE_ROUNDING = "double rounding"
    """Results so near a tie that a first rounding to a wider format reaches it."""
    NAN_PAYLOADS = "NaN payloads"
    """NaNs of both kinds beside infinities, zeros and numbers."""
    OVERFLOW = "overflow"
    """Results around the greatest finite number and the one that would follow it."""
    ANY_BITS = "any bits"
    """Uniformly random patterns, against everything the other classes forget."""


@dataclass(frozen=True, slots=True)
class Case:
    """Operands of an operation, as patterns, and the class they were drawn from."""

    corner: Corner
    operands: tuple[int, ...]


GAPS = (0, 1, 2, 3, *range(22, 28), *range(46, 53), *range(59, 66), 100)
AIMED = ("add", "sub", "mul", "div", "fma", "sqrt", "remainder")


def cases(operation: Operation, seed: int) -> Iterator[Case]:
    """An endless, repeatable stream of cases; the classes take turns."""
    source = Random(f"{operation.name} {seed}")  # noqa: S311  repeatable, not secret
    while True:
        for corner in Corner:
            yield Case(corner, draw(operation, corner, source))


def draw(operation: Operation, corner: Corner, source: Random) -> tuple[int, ...]:
    """Operands of the operation for one class."""
    kinds = operation.operands
    match corner:
        case Corner.ANY_BITS:
            return tuple(source.getrandbits(kind.width) for kind in kinds)
        case Corner.NAN_PAYLOADS:
            return _specials(kinds, source)
        case Corner.EXPONENT_GAPS:
            return _apart(kinds, source)
        case Corner.CANCELLATION:
            return _cancelling(kinds, source)
        case _:
            if operation.result in INTEGERS:
                target = _integer_goal(operation.result, source)
            else:
                target = goal(FORMATS.get(operation.result, BINARY32), corner, source)
            if operation.name in AIMED:
                return _aimed(operation.name, target, source)
            return tuple(_near(kind, target, source) for kind in kinds)


def goal(format_: Format, corner: Corner, source: Random) -> mpq:
    """An exact result at a delicate place of the format, of either sign."""
    precision = format_.precision
    sign = source.choice((1, -1))
    step = source.randint(-2, 8) * power_of_two(-precision - 2)
    match corner:
        case Corner.TININESS:
            return sign * power_of_two(format_.least_exponent) * (1 - abs(step))
        case Corner.OVERFLOW:
            return sign * power_of_two(format_.greatest_exponent + 1) * (1 - step)
        case Corner.SUBNORMAL_BOUNDARY:
            binade = source.randint(format_.least_quantum - 2, format_.least_exponent + 1)
            return sign * _significand(source, precision + 2) * power_of_two(binade - precision - 1)
        case _:
            middle = max(format_.least_exponent, -30), min(format_.greatest_exponent, 30)
            binade = source.randint(*middle)
            tie = (
                sign * (2 * _significand(source, precision) + 1) * power_of_two(binade - precision)
            )
            if corner is Corner.TIES:
                return tie
            return tie * (1 + source.choice((1, -1)) * power_of_two(-source.randint(30, 75)))


def _integer_goal(kind: Kind, source: Random) -> mpq:
    """A number a few quarters from an end of the range, from 0, or from a power of two."""
    bounds = INTEGERS[kind]
    anchor = source.choice((0, 1, bounds.least, bounds.greatest, 1 << source.randint(0, 64)))
    return mpq(source.choice((1, -1)) * (4 * anchor + source.randint(-6, 6)), 4)


def _significand(source: Random, bits: int) -> int:
    """A number of exactly that many bits, often with long runs of equal ones."""
    top = 1 << (bits - 1)
    match source.randrange(5):
        case 0:
            return top + source.randrange(4)
        case 1:
            return 2 * top - 1 - source.randrange(4)
        case 2:
            return top | source.getrandbits(bits - 1) >> source.randrange(bits) << source.randrange(
                3
            )
        case 3:
            return (top | source.getrandbits(bits - 1)) >> (run := source.randrange(bits)) << run
        case _:
            return top | source.getrandbits(bits - 1)


def _number(source: Random, binade: int) -> int:
    """A binary32 pattern of either sign in that binade, as far as there is one."""
    binade = max(-149, min(binade, 127))
    value = _significand(source, 24) * power_of_two(binade - 23)
    return round_to(BINARY32, Mode.RTZ, value, 0) | source.getrandbits(1) << 31


def _value(bits: int) -> mpq:
    """The value of a finite binary32 pattern; of others, a number as large as any."""
    match decode(BINARY32, bits):
        case Finite(value=value):
            return value
        case _:
            return power_of_two(128)


def _pattern(value: mpq) -> int:
    return round_to(BINARY32, Mode.RNE, value, 0)


def _nudged(format_: Format, bits: int, source: Random) -> int:
    """The pattern, or one a few steps away among the finite ones of its sign; often itself."""
    step = source.choice((0, 0, 0, 1, -1, 2, -2))
    magnitude = (bits & (format_.sign_bit - 1)) + step
    return bits & format_.sign_bit | max(0, min(magnitude, format_.infinity))


def _binade(value: mpq) -> int:
    """The exponent of the value's leading bit; that of the least subnormal number for 0."""
    if not value:
        return -149
    size = abs(value)
    binade = size.numerator.bit_length() - size.denominator.bit_length()
    return int(binade if power_of_two(binade) <= size else binade - 1)


def _near(kind: Kind, target: mpq, source: Random) -> int:
    """A pattern of the kind whose value is near the target."""
    if kind in INTEGERS:
        whole = int(target * power_of_two(max(0, source.randint(24, kind.width) - _binade(target))))
        return (whole + source.randint(-1, 1)) % (1 << kind.width)
    format_ = FORMATS[kind]
    return _nudged(format_, round_to(format_, Mode.RNE, target, 0), source)


def _aimed(name: str, target: mpq, source: Random) -> tuple[int, ...]:
    """Binary32 operands whose exact result is the target, or near it."""
    match name:
        case "add" | "sub":
            return _summands(target, source, flip=name == "sub")
        case "mul":
            return _factors(target, source)
        case "div":
            y = _number(source, source.randint(-60, 60))
            return _nudged(BINARY32, _pattern(target * _value(y)), source), y
        case "remainder":
            y = _number(source, source.randint(-126, 100))
            whole = source.getrandbits(source.randint(1, 26))
            return _nudged(BINARY32, _pattern(_value(y) * mpq(whole, 2)), source), y
        case "sqrt":
            return (_nudged(BINARY32, _pattern(target * target), source),)
        case _:
            return _fused(target, source)


def _summands(target: mpq, source: Random, *, flip: bool) -> tuple[int, int]:
    x = _nudged(BINARY32, _pattern(target), source)
    y = _pattern(target - _value(x))
    return x, y ^ (1 << 31) if flip else y


def _factors(target: mpq, source: Random) -> tuple[int, int]:
    """Two numbers whose product is near the target, or has 25 bits and hence is often a tie."""
    share = _binade(target) // 2 + source.randint(-40, 40)
    if source.randrange(3) == 0:
        length = source.randint(1, 24)
        one, other = _significand(source, length) | 1, _significand(source, 25 - length) | 1
        rest = _binade(target) - share
        x, y = one * power_of_two(share - length), other * power_of_two(rest + length - 24)
        return _pattern(x), _pattern(y if target > 0 else -y)
    x = _number(source, share)
    return x, _nudged(BINARY32, _pattern(target / (_value(x) or 1)), source)


def _fused(target: mpq, source: Random) -> tuple[int, int, int]:
    """Factors and an addend: the addend, the product, or both carry the target."""
    if source.getrandbits(1):
        z = _nudged(BINARY32, _pattern(target), source)
        return *_remaining_factors(target - _value(z), source), z
    x, y = _factors(target * power_of_two(source.randint(0, 40)), source)
    if source.getrandbits(1):
        return x, y, _pattern(target - _value(x) * _value(y))
    x, y = _factors(target, source)
    return x, y, _number(source, _binade(target) - source.choice(GAPS))


def _remaining_factors(rest: mpq, source: Random) -> tuple[int, int]:
    """Factors of what the addend leaves of the target, often half a unit in its last place."""
    match source.randrange(3):
        case 0:
            x = power_of_two(_binade(rest) // 2 + source.randint(-40, 40))
            return _pattern(x), _pattern(rest / x)
        case 1:
            # The product is a hair below a power of two.
            offset = source.randint(1, 1 << source.randint(1, 12)) * power_of_two(-23)
            scale = power_of_two(_binade(rest * 4 / 3)) * (-1 if rest < 0 else 1)
            return _pattern(1 + offset), _pattern(scale * (1 - offset))
        case _:
            return _factors(rest, source)


def _apart(kinds: tuple[Kind, ...], source: Random) -> tuple[int, ...]:
    """Operands whose exponents differ by a gap that matters."""
    if any(kind is not Kind.BINARY32 for kind in kinds):
        return tuple(_near(kind, _value(_number(source, source.randint(-126, 127))), source)
                     for kind in kinds)  # fmt: skip
    gap = source.choice((1, -1)) * source.choice(GAPS)
    binade = source.randint(-126, 127) if source.getrandbits(1) else source.randint(-20, 20)
    first = _number(source, binade)
    if len(kinds) == 1:
        return (first,)
    if len(kinds) == 2:
        return first, _number(source, binade - gap)
    other = _number(source, source.randint(-30, 30))
    return first, other, _number(source, _binade(_value(first) * _value(other)) - gap)


def _cancelling(kinds: tuple[Kind, ...], source: Random) -> tuple[int, ...]:
    """Operands equal or opposite up to a few units in the last place."""
    if any(kind is not Kind.BINARY32 for kind in kinds):
        return _apart(kinds, source)
    x = _number(source, source.randint(-126, 127))
    if len(kinds) == 1:
        return (x,)
    if len(kinds) == 2:
        return x, _nudged(BINARY32, x, source) ^ source.getrandbits(1) << 31
    short = source.getrandbits(1)
    x = _pattern(mpq(_significand(source, 12 if short else 24)))
    y = _pattern(_significand(source, 12) * power_of_two(source.randint(-100, 60)))
    z = _nudged(BINARY32, _pattern(-_value(x) * _value(y)), source)
    return x, y, z


def _specials(kinds: tuple[Kind, ...], source: Random) -> tuple[int, ...]:
    """NaNs, infinities, zeros and numbers; of three operands often ∞·0 and something."""
    drawn = [_special(kind, source) for kind in kinds]
    if len(kinds) == 3 and source.getrandbits(1):
        drawn[:2] = source.sample([BINARY32.infinity, source.getrandbits(1) << 31], 2)
    return tuple(drawn)


def _special(kind: Kind, source: Random) -> int:
    """A NaN of either kind with some payload, or an infinity, a zero or a number."""
    if kind in INTEGERS:
        return source.getrandbits(kind.width)
    format_ = FORMATS[kind]
    sign = source.getrandbits(1) * format_.sign_bit
    payload = source.choice((0, 1, format_.quiet_bit - 1, source.randrange(format_.quiet_bit)))
    magnitudes = (
        format_.infinity | max(payload, 1),
        format_.canonical_nan | payload,
        format_.infinity,
        0,
        1,
        source.randrange(format_.infinity),
    )
    return sign | source.choice(magnitudes)
