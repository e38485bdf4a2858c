"""The kernel on arrays: the names and argument order of `refsem.binary32`, a result per element.

Operands are arrays of `numpy.uint32` patterns (of the types in `catalogue.DTYPES` for other
formats and for integers), broadcast against each other. The answer is an array of results and an
array of flags, `numpy.uint8` in TestFloat's numbering; operations that never signal answer zeros.
"""

import numpy as np

from refsem.binary32.comparisons import Predicate
from refsem.binary32.value import Class
from refsem.kernel import comparisons, integral
from refsem.kernel.batch import apply
from refsem.kernel.catalogue import BY_NAME
from refsem.kernel.encoding import setting_of
from refsem.kernel.loops import Array
from refsem.rounding import BFLOAT16, BINARY16, BINARY64, RISCV, Environment, Format, Mode
from refsem.rounding.integers import IntegerFormat

Answer = tuple[Array, Array]
"""Results and flags."""

CLASSES = tuple(Class)
"""What the numbers of `classification` stand for."""

_FORMATS = {BINARY16: "binary16", BFLOAT16: "bfloat16", BINARY64: "binary64"}


def _run(name: str, mode: Mode, operands: tuple[Array, ...], environment: Environment) -> Answer:
    return BY_NAME[name].on_arrays(mode, operands, False, environment)


def add(mode: Mode, x: Array, y: Array, environment: Environment) -> Answer:
    """The values x + y; ∞ − ∞ is invalid."""
    return _run("add", mode, (x, y), environment)


def sub(mode: Mode, x: Array, y: Array, environment: Environment) -> Answer:
    """The values x − y; ∞ − ∞ is invalid."""
    return _run("sub", mode, (x, y), environment)


def mul(mode: Mode, x: Array, y: Array, environment: Environment) -> Answer:
    """The values x·y; ∞·0 is invalid."""
    return _run("mul", mode, (x, y), environment)


def div(mode: Mode, x: Array, y: Array, environment: Environment) -> Answer:
    """The values x/y; 0/0 and ∞/∞ are invalid, another finite number over 0 divides by zero."""
    return _run("div", mode, (x, y), environment)


def fma(mode: Mode, x: Array, y: Array, z: Array, environment: Environment) -> Answer:
    """The values x·y + z, rounded once; ∞·0 and ∞ − ∞ are invalid."""
    return _run("fma", mode, (x, y, z), environment)


def sqrt(mode: Mode, x: Array, environment: Environment) -> Answer:
    """The square roots; below −0 they are invalid, and that of −0 is −0."""
    return _run("sqrt", mode, (x,), environment)


def remainder(x: Array, y: Array, environment: Environment) -> Answer:
    """The values x − n·y, n the integer nearest to x/y, ties to even; always exact."""
    return _run("remainder", Mode.RNE, (x, y), environment)


def round_to_integral(mode: Mode, x: Array, exact: bool, environment: Environment) -> Answer:
    """The integral values x round to; `exact` says whether a change signals inexact."""
    return BY_NAME["round_to_integral"].on_arrays(mode, (x,), exact, environment)


def scale_b(mode: Mode, x: Array, exponent: Array, environment: Environment) -> Answer:
    """The values x·2^exponent, for an array of exponents of any integer type."""
    # Beyond 2^10 every further exponent overflows or underflows alike.
    clamped = np.clip(exponent, -1024, 1024).astype(np.int64)
    setting = setting_of(mode, environment)
    (bits,), flags = apply(integral.scale_b, setting, (_patterns(x), clamped), 1)
    return bits, flags


def _patterns(x: Array) -> Array:
    if x.dtype != np.uint32:
        raise TypeError(f"binary32 travels as uint32, not {x.dtype}")
    return x


def log_b(x: Array, environment: Environment) -> Answer:
    """The exponents e of x = m·2^e with 1 ≤ |m| < 2; −∞ of zeros, +∞ of infinities."""
    return _run("log_b", Mode.RNE, (x,), environment)


def negate(x: Array) -> Answer:
    """The operands with the opposite sign bit."""
    return _run("negate", Mode.RNE, (x,), RISCV)


def absolute(x: Array) -> Answer:
    """The operands with sign bit 0."""
    return _run("absolute", Mode.RNE, (x,), RISCV)


def copy_sign(x: Array, y: Array) -> Answer:
    """The operands x with the sign bits of y."""
    return _run("copy_sign", Mode.RNE, (x, y), RISCV)


def next_up(x: Array, environment: Environment) -> Answer:
    """The least values above x; +∞ stays, the least negative value gives −0."""
    return _run("next_up", Mode.RNE, (x,), environment)


def next_down(x: Array, environment: Environment) -> Answer:
    """The greatest values below x; −∞ stays, the least positive value gives +0."""
    return _run("next_down", Mode.RNE, (x,), environment)


def total_order(x: Array, y: Array) -> Answer:
    """Whether x comes before or equals y in the total order of all patterns."""
    return _run("total_order", Mode.RNE, (x, y), RISCV)


def total_order_magnitude(x: Array, y: Array) -> Answer:
    """`total_order` of the absolute values."""
    return _run("total_order_magnitude", Mode.RNE, (x, y), RISCV)


def compare(predicate: Predicate, x: Array, y: Array, environment: Environment) -> Answer:
    """Whether the predicate accepts the relation of x to y."""
    return _run(f"compare_{predicate.name.lower()}", Mode.RNE, (x, y), environment)


def minimum(x: Array, y: Array, environment: Environment) -> Answer:
    """The lesser operands; a NaN if either is one."""
    return _run("minimum", Mode.RNE, (x, y), environment)


def maximum(x: Array, y: Array, environment: Environment) -> Answer:
    """The greater operands; a NaN if either is one."""
    return _run("maximum", Mode.RNE, (x, y), environment)


def minimum_number(x: Array, y: Array, environment: Environment) -> Answer:
    """The lesser operands; a number is preferred to any NaN, a signalling one still signals."""
    return _run("minimum_number", Mode.RNE, (x, y), environment)


def maximum_number(x: Array, y: Array, environment: Environment) -> Answer:
    """The greater operands; a number is preferred to any NaN, a signalling one still signals."""
    return _run("maximum_number", Mode.RNE, (x, y), environment)


def min_num(x: Array, y: Array, environment: Environment) -> Answer:
    """The minNum of 2008: a number is preferred to a quiet NaN; a signalling one gives a NaN."""
    return _run("min_num", Mode.RNE, (x, y), environment)


def max_num(x: Array, y: Array, environment: Environment) -> Answer:
    """The maxNum of 2008: a number is preferred to a quiet NaN; a signalling one gives a NaN."""
    return _run("max_num", Mode.RNE, (x, y), environment)


def classification(x: Array) -> Array:
    """The class of each operand, as its place in `CLASSES`."""
    (places,), _ = apply(comparisons.classification, 0, (_patterns(x),), 1)
    return places.astype(np.uint8)


def to_integer(
    mode: Mode, x: Array, target: IntegerFormat, exact: bool, environment: Environment
) -> Answer:
    """The integers x round to, as an array of the target's type; `exact` as for roundings.

    Raises `ValueError` for a target that is not of 32 or 64 bits.
    """
    name = f"to_{'' if target.signed else 'u'}int{target.width}"
    if name not in BY_NAME:
        raise ValueError(f"no array holds {target}")
    return BY_NAME[name].on_arrays(mode, (x,), exact, environment)


def from_integer(mode: Mode, number: Array, environment: Environment) -> Answer:
    """The integers of an int32, int64, uint32 or uint64 array rounded; 0 gives +0.

    Raises `TypeError` for an array of another type.
    """
    name = f"from_{number.dtype.name}"
    if name not in BY_NAME:
        raise TypeError(f"no conversion from {number.dtype}")
    return _run(name, mode, (number,), environment)


def to_format(mode: Mode, x: Array, target: Format, environment: Environment) -> Answer:
    """The patterns of the target format that x round to.

    Raises `ValueError` for a target that is not binary16, bfloat16 or binary64.
    """
    if target not in _FORMATS:
        raise ValueError(f"the kernel has no {target}")
    return _run(f"to_{_FORMATS[target]}", mode, (x,), environment)


def from_format(mode: Mode, source: Format, bits: Array, environment: Environment) -> Answer:
    """The values that patterns of the source format round to.

    Raises `ValueError` for a source that is not binary16, bfloat16 or binary64.
    """
    if source not in _FORMATS:
        raise ValueError(f"the kernel has no {source}")
    return _run(f"from_{_FORMATS[source]}", mode, (bits,), environment)


def to_binary16(mode: Mode, x: Array, environment: Environment) -> Answer:
    """The binary16 patterns x round to, as uint16."""
    return to_format(mode, x, BINARY16, environment)


def to_bfloat16(mode: Mode, x: Array, environment: Environment) -> Answer:
    """The bfloat16 patterns x round to, as uint16."""
    return to_format(mode, x, BFLOAT16, environment)


def to_binary64(x: Array, environment: Environment) -> Answer:
    """The binary64 patterns with the values of x, exactly, as uint64."""
    return to_format(Mode.RNE, x, BINARY64, environment)


def from_binary16(bits: Array, environment: Environment) -> Answer:
    """The values of binary16 patterns, exactly."""
    return from_format(Mode.RNE, BINARY16, bits, environment)


def from_bfloat16(bits: Array, environment: Environment) -> Answer:
    """The values of bfloat16 patterns, exactly (a subnormal one may be flushed)."""
    return from_format(Mode.RNE, BFLOAT16, bits, environment)


def from_binary64(mode: Mode, bits: Array, environment: Environment) -> Answer:
    """The values binary64 patterns round to."""
    return from_format(mode, BINARY64, bits, environment)
