"""How accurate a platform's elementary functions are, in units of the last place.

Sampled: the model rounds every sampled value correctly. Exhaustive: over a range of patterns, up
to all of them, binary64 functions of the host propose the correctly rounded value where they are
far from a midpoint, and the model decides near ties; the filter is not trusted to be right, only
to be within 2^-18 units of the last place, which is 2048 times what such functions promise.

An error counts values between the answer and the right one; a NaN for a number, or a number for a
NaN, is an error without measure (`wrong`).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from refsem.binary32.catalogue import BY_NAME, Call
from refsem.binary32.functions import UndecidedError
from refsem.fuzz.operations import ELEMENTARY
from refsem.fuzz.targets.target import Target
from refsem.kernel.loops import Array
from refsem.rounding import RISCV, Mode

INFINITY, SIGN, MAGNITUDE = 0x7F800000, 1 << 31, (1 << 31) - 1
_SEED = 754
CHUNK = 1 << 20
_BAND = 2.0**-18

IN_BINARY64: dict[str, Callable[[Array], Array]] = {
    "exp": np.exp,
    "expm1": np.expm1,
    "exp2": np.exp2,
    "log": np.log,
    "log1p": np.log1p,
    "log2": np.log2,
    "log10": np.log10,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "atan": np.arctan,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "tanh": np.tanh,
    "cbrt": np.cbrt,
}
"""Filters for exhaustive runs."""


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How many answers were compared, differ from the right one, and by how much at most."""

    function: str
    checked: int
    differing: int
    wrong: int
    most_ulps: int
    worst: int | None
    """An operand with the greatest error."""


def sampled(target: Target, name: str, count: int) -> Accuracy:
    """The accuracy on a fixed sample: half of any patterns, half between 2^-31 and 128."""
    random = np.random.Generator(np.random.PCG64([_SEED, count]))
    bits = random.integers(0, 1 << 32, count - count // 2, dtype=np.uint32)
    middle = random.integers(0x30000000, 0x43000000, count // 2, dtype=np.uint32)
    signs = random.integers(0, 2, count // 2, dtype=np.uint32) << np.uint32(31)
    operands = np.unique(np.concatenate([bits, middle | signs]))
    return _compared(target, name, operands, _by_model(name, operands))


def exhaustive(
    target: Target, name: str, start: int, stop: int, report: Callable[[int, int], None]
) -> Accuracy:
    """The accuracy on all patterns from `start` up to `stop`."""
    total = Accuracy(name, 0, 0, 0, 0, None)
    for first in range(start, stop, CHUNK):
        operands = np.arange(first, min(first + CHUNK, stop), dtype=np.uint64).astype(np.uint32)
        part = _compared(target, name, operands, _filtered(name, operands))
        total = _joined(total, part)
        report(min(first + CHUNK, stop) - start, stop - start)
    return total


def _by_model(name: str, operands: Array) -> Array:
    """The right patterns; of what the model cannot decide, a NaN that agrees with any."""
    return np.array([_right(name, bits) for bits in operands.tolist()], np.uint32)


def _right(name: str, bits: int) -> int:
    try:
        return BY_NAME[name].evaluate(Call(Mode.RNE, (bits,), False, RISCV))[0]
    except UndecidedError:
        return _UNKNOWN


_UNKNOWN = 0xFFFFFFFF


def _filtered(name: str, operands: Array) -> Array:
    """The right patterns, by the filter where it is far from every midpoint."""
    with np.errstate(all="ignore"):
        wide = IN_BINARY64[name](operands.view(np.float32).astype(np.float64))
        narrow = wide.astype(np.float32)
        unit = np.abs(np.spacing(narrow)).astype(np.float64)
        error = np.abs(wide - narrow.astype(np.float64)) / unit
        edge = np.isinf(narrow) & (np.abs(wide) < 2.0**129)
    patterns = narrow.view(np.uint32).copy()
    # Below a power of two values are twice as dense: there a midpoint is a quarter away.
    dense = (patterns & 0x7FFFFF) == 0
    unsure = np.abs(error - 0.5) < _BAND
    unsure |= dense & (np.abs(error - 0.25) < _BAND)
    unsure |= edge
    patterns[np.isnan(wide)] = 0x7FC00000
    for place in np.flatnonzero(unsure).tolist():
        patterns[place] = _right(name, int(operands[place]))
    return patterns


def _compared(target: Target, name: str, operands: Array, right: Array) -> Accuracy:
    answers = target.functions[name].run(Mode.RNE, [operands.view(np.float32)], RISCV)
    got = np.array(answers.patterns, np.uint64).astype(np.uint32)
    known = right != _UNKNOWN
    nan_got, nan_right = (got & MAGNITUDE) > INFINITY, (right & MAGNITUDE) > INFINITY
    wrong = (nan_got != nan_right) & known
    errors = np.abs(_rank(got) - _rank(right))
    errors[nan_got | nan_right | ~known] = 0
    most = int(errors.max(initial=0))
    worst = int(operands[int(errors.argmax())]) if most else None
    return Accuracy(name, int(known.sum()), int((errors > 0).sum()), int(wrong.sum()), most, worst)


def _rank(patterns: Array) -> Array:
    """Positions among the values in their order, the zeros alike."""
    magnitude = (patterns & MAGNITUDE).astype(np.int64)
    return np.where(patterns & SIGN, -magnitude, magnitude)


def _joined(one: Accuracy, other: Accuracy) -> Accuracy:
    worse = other if other.most_ulps > one.most_ulps else one
    return Accuracy(
        one.function,
        one.checked + other.checked,
        one.differing + other.differing,
        one.wrong + other.wrong,
        worse.most_ulps,
        worse.worst,
    )


def measurable(target: Target) -> tuple[str, ...]:
    """The elementary functions of one operand that the target has."""
    return tuple(
        name for name in ELEMENTARY if name in target.functions and len(BY_NAME[name].operands) == 1
    )
