"""The simplest operands on which a target is still wrong.

Simple is short: few significant bits, an exponent near 0, a positive sign, no NaN. From a finding
the simplest variation that is still one is taken, again and again, until none is. A finding may
slide into another one on the way; it stays a finding, judged afresh.
"""

from collections.abc import Iterator
from itertools import product

from refsem.binary32.catalogue import FORMATS, Kind
from refsem.fuzz.judging import Finding, ask
from refsem.fuzz.operations import BY_NAME
from refsem.fuzz.targets.target import Target
from refsem.rounding import Format

MOST_STEPS = 200
MOST_VARIATIONS = 600
"""Variations tried in one step; pairs of operands have the most."""

_NAN, _INFINITY, _SUBNORMAL = 4000, 40, 200
_BITS, _SIGN = 8, 2


def complexity(kinds: tuple[Kind, ...], operands: tuple[int, ...]) -> tuple[int, ...]:
    """What is minimised: the sum first, then the patterns."""
    costs = [_cost(kind, bits) for kind, bits in zip(kinds, operands, strict=True)]
    return (sum(costs), *operands)


def _cost(kind: Kind, bits: int) -> int:
    if kind not in FORMATS:
        number = min(bits, (1 << kind.width) - bits)
        return number.bit_length() + number.bit_count() + (_SIGN if number != bits else 0)
    format_ = FORMATS[kind]
    magnitude = bits & (format_.sign_bit - 1)
    sign = _SIGN if bits & format_.sign_bit else 0
    if magnitude > format_.infinity:
        payload = magnitude ^ format_.canonical_nan
        return _NAN + sign + _BITS * payload.bit_length() + payload.bit_count()
    if magnitude in (0, format_.infinity):
        return sign + (_INFINITY if magnitude else 0)
    field, trailing = divmod(magnitude, format_.least_normal)
    if field == 0:
        return sign + _SUBNORMAL + _BITS * trailing.bit_count() + trailing.bit_length()
    length = format_.precision - _trailing_zeros(trailing | format_.least_normal)
    shape = _BITS * length + trailing.bit_count()
    return sign + shape + abs(field - format_.greatest_exponent)


def _trailing_zeros(number: int) -> int:
    return (number & -number).bit_length() - 1


def shrink(target: Target, finding: Finding) -> Finding:
    """The simplest finding reached from this one."""
    question = finding.question
    kinds = BY_NAME[question.operation].operands
    for _ in range(MOST_STEPS):
        here = complexity(kinds, finding.operands)
        simpler = {
            row for row in variations(kinds, finding.operands) if complexity(kinds, row) < here
        }
        rows = sorted(simpler, key=lambda row: complexity(kinds, row))[:MOST_VARIATIONS]
        found = ask(target, question, rows).findings
        if not found:
            return finding
        finding = found[0]
    return finding


def variations(kinds: tuple[Kind, ...], operands: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Operands like these: one changed, two changed a little, or all scaled alike."""
    choices = [
        sorted(set(_simpler(kind, bits))) for kind, bits in zip(kinds, operands, strict=True)
    ]
    for place, choice in enumerate(choices):
        for bits in choice:
            yield (*operands[:place], bits, *operands[place + 1 :])
    if len(operands) > 1:
        near = [
            sorted({bits, *_nearby(kind, bits)}) for kind, bits in zip(kinds, operands, strict=True)
        ]
        yield from product(*near)
    if all(kind is Kind.BINARY32 for kind in kinds):
        for shift in (1, 2, 8, 32):
            for towards in (shift << 23, -(shift << 23)):
                moved = tuple(_moved(bits, towards) for bits in operands)
                yield moved
                if len(operands) > 1:
                    yield (*moved[:-1], operands[-1])
                    yield (moved[0], *(_moved(bits, -towards) for bits in operands[1:]))


def _moved(bits: int, towards: int) -> int:
    """A normal pattern scaled by a power of two; others as they are."""
    magnitude = bits & 0x7FFFFFFF
    normal = 0x00800000 <= magnitude < 0x7F800000
    fits = 0x00800000 <= magnitude + towards < 0x7F800000
    return bits + towards if normal and fits else bits


def _simpler(kind: Kind, bits: int) -> Iterator[int]:
    if kind not in FORMATS:
        yield from (0, 1, bits >> 1, bits & (bits - 1) if bits else 0)
        yield -bits % (1 << kind.width)
        return
    format_ = FORMATS[kind]
    one = format_.greatest_exponent * format_.least_normal
    yield from (0, one, one + format_.least_normal, format_.infinity, format_.canonical_nan)
    yield from (one - format_.least_normal, format_.infinity | 1, format_.least_normal, 1)
    yield bits & (format_.sign_bit - 1)
    yield bits ^ format_.sign_bit
    yield from _shorter(format_, bits)
    sign = bits & format_.sign_bit
    field, trailing = divmod(bits & (format_.sign_bit - 1), format_.least_normal)
    middle = format_.greatest_exponent
    for other in (middle, (field + middle) // 2, field - 1, field + 1):
        if 0 < other < 2 * middle + 1:
            yield sign | other * format_.least_normal | trailing


def _shorter(format_: Format, bits: int) -> Iterator[int]:
    """The pattern with its lowest bits cleared, one bit cleared, or rounded up."""
    for place in range(format_.precision - 1):
        yield bits >> place << place
        yield bits & ~(1 << place)
        yield ((bits >> place) + 1) << place & (2 * format_.sign_bit - 1)


def _nearby(kind: Kind, bits: int) -> Iterator[int]:
    """A few simplifications, for changing several operands at once."""
    if kind not in FORMATS:
        return
    format_ = FORMATS[kind]
    low = bits & (format_.least_normal - 1)
    if low:
        place = _trailing_zeros(low)
        yield bits & ~(1 << place)
        yield bits >> 8 << 8
        yield bits >> 16 << 16
        yield bits + (1 << place) if bits + (1 << place) < 2 * format_.sign_bit else bits
    yield bits & (format_.sign_bit - 1)
    yield bits ^ format_.sign_bit
