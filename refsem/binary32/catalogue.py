"""Every operation by name, on bit patterns: what fuzzers, vector files and profiles iterate over.

An `Operation` says what its operands and its result are (`Kind`) and whether the mode and the
choice of signalling inexact matter to it; `evaluate` runs the model on a `Call` and gives the
result's pattern and its flags number. Integers travel as two's complement patterns, truth values
as 0 or 1.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from refsem.binary32 import arithmetic, bits, comparisons, conversions, functions
from refsem.binary32.comparisons import BooleanResult, Predicate
from refsem.binary32.value import Binary32, Result
from refsem.rounding import (
    BFLOAT16,
    BINARY16,
    BINARY32,
    BINARY64,
    Environment,
    Format,
    Mode,
    Rounded,
)
from refsem.rounding.integers import INT32, INT64, UINT32, UINT64, IntegerFormat, IntegerResult


class Kind(Enum):
    """What a pattern stands for."""

    BINARY32 = "binary32"
    BINARY16 = "binary16"
    BFLOAT16 = "bfloat16"
    BINARY64 = "binary64"
    INT32 = "int32"
    INT64 = "int64"
    UINT32 = "uint32"
    UINT64 = "uint64"
    BOOLEAN = "boolean"

    @property
    def width(self) -> int:
        """The width of a pattern in bits."""
        if self in INTEGERS:
            return INTEGERS[self].width
        return 1 if self is Kind.BOOLEAN else FORMATS[self].width


@dataclass(frozen=True, slots=True)
class Call:
    """Everything one evaluation depends on; operations ignore what does not concern them."""

    mode: Mode
    operands: tuple[int, ...]
    exact: bool
    environment: Environment

    @property
    def values(self) -> list[Binary32]:
        """The operands as binary32 values."""
        return [Binary32(pattern) for pattern in self.operands]


Answer = tuple[int, int]
"""A result's pattern and its flags number."""


@dataclass(frozen=True, slots=True)
class Operation:
    """A named operation on patterns."""

    name: str
    operands: tuple[Kind, ...]
    result: Kind
    moded: bool
    """Whether the mode can matter."""
    exactness: bool
    """Whether the caller says if inexact is signalled."""
    evaluate: Callable[[Call], Answer]


FORMATS: dict[Kind, Format] = {
    Kind.BINARY32: BINARY32,
    Kind.BINARY16: BINARY16,
    Kind.BFLOAT16: BFLOAT16,
    Kind.BINARY64: BINARY64,
}
OTHER_FORMATS = (Kind.BINARY16, Kind.BFLOAT16, Kind.BINARY64)
INTEGERS: dict[Kind, IntegerFormat] = {
    Kind.INT32: INT32,
    Kind.INT64: INT64,
    Kind.UINT32: UINT32,
    Kind.UINT64: UINT64,
}


def _answer(result: Result) -> Answer:
    return result.value.bits, result.flags.bits


def _arithmetic(
    name: str, arity: int, evaluate: Callable[[Call], Result], *, moded: bool, exactness: bool
) -> Operation:
    def on_patterns(call: Call) -> Answer:
        return _answer(evaluate(call))

    operands = (Kind.BINARY32,) * arity
    return Operation(name, operands, Kind.BINARY32, moded, exactness, on_patterns)


def _moded(name: str, arity: int, function: Callable[..., Result]) -> Operation:
    def evaluate(call: Call) -> Result:
        return function(call.mode, *call.values, call.environment)

    return _arithmetic(name, arity, evaluate, moded=True, exactness=False)


def _unmoded(name: str, arity: int, function: Callable[..., Result]) -> Operation:
    def evaluate(call: Call) -> Result:
        return function(*call.values, call.environment)

    return _arithmetic(name, arity, evaluate, moded=False, exactness=False)


def _on_bits(name: str, arity: int, function: Callable[..., Result]) -> Operation:
    def evaluate(call: Call) -> Result:
        return function(*call.values)

    return _arithmetic(name, arity, evaluate, moded=False, exactness=False)


def _round_to_integral(call: Call) -> Result:
    (x,) = call.values
    return arithmetic.round_to_integral(call.mode, x, call.exact, call.environment)


def _predicate(predicate: Predicate) -> Operation:
    def evaluate(call: Call) -> Answer:
        x, y = call.values
        result: BooleanResult = comparisons.compare(predicate, x, y, call.environment)
        return int(result.value), result.flags.bits

    name = f"compare_{predicate.name.lower()}"
    return Operation(name, (Kind.BINARY32,) * 2, Kind.BOOLEAN, False, False, evaluate)


def _order(name: str, function: Callable[[Binary32, Binary32], bool]) -> Operation:
    def evaluate(call: Call) -> Answer:
        return int(function(*call.values)), 0

    return Operation(name, (Kind.BINARY32,) * 2, Kind.BOOLEAN, False, False, evaluate)


def _to_integer(kind: Kind) -> Operation:
    target = INTEGERS[kind]

    def evaluate(call: Call) -> Answer:
        (x,) = call.values
        result: IntegerResult = conversions.to_integer(
            call.mode, x, target, call.exact, call.environment
        )
        return result.value % (1 << target.width), result.flags.bits

    return Operation(f"to_{kind.value}", (Kind.BINARY32,), kind, True, True, evaluate)


def _from_integer(kind: Kind) -> Operation:
    source = INTEGERS[kind]

    def evaluate(call: Call) -> Answer:
        (pattern,) = call.operands
        number = pattern - (1 << source.width) if pattern > source.greatest else pattern
        return _answer(conversions.from_integer(call.mode, number, call.environment))

    return Operation(f"from_{kind.value}", (kind,), Kind.BINARY32, True, False, evaluate)


def _to_format(kind: Kind) -> Operation:
    def evaluate(call: Call) -> Answer:
        (x,) = call.values
        result: Rounded = conversions.to_format(call.mode, x, FORMATS[kind], call.environment)
        return result.bits, result.flags.bits

    moded = kind is not Kind.BINARY64
    return Operation(f"to_{kind.value}", (Kind.BINARY32,), kind, moded, False, evaluate)


def _from_format(kind: Kind) -> Operation:
    def evaluate(call: Call) -> Answer:
        (pattern,) = call.operands
        return _answer(conversions.from_format(call.mode, FORMATS[kind], pattern, call.environment))

    moded = kind is Kind.BINARY64
    return Operation(f"from_{kind.value}", (kind,), Kind.BINARY32, moded, False, evaluate)


OPERATIONS: tuple[Operation, ...] = (
    _moded("add", 2, arithmetic.add),
    _moded("sub", 2, arithmetic.sub),
    _moded("mul", 2, arithmetic.mul),
    _moded("div", 2, arithmetic.div),
    _moded("fma", 3, arithmetic.fma),
    _moded("sqrt", 1, arithmetic.sqrt),
    _unmoded("remainder", 2, arithmetic.remainder),
    _arithmetic("round_to_integral", 1, _round_to_integral, moded=True, exactness=True),
    _unmoded("log_b", 1, arithmetic.log_b),
    _on_bits("negate", 1, bits.negate),
    _on_bits("absolute", 1, bits.absolute),
    _on_bits("copy_sign", 2, bits.copy_sign),
    _unmoded("next_up", 1, bits.next_up),
    _unmoded("next_down", 1, bits.next_down),
    _unmoded("minimum", 2, comparisons.minimum),
    _unmoded("maximum", 2, comparisons.maximum),
    _unmoded("minimum_number", 2, comparisons.minimum_number),
    _unmoded("maximum_number", 2, comparisons.maximum_number),
    _unmoded("min_num", 2, comparisons.min_num),
    _unmoded("max_num", 2, comparisons.max_num),
    _order("total_order", bits.total_order),
    _order("total_order_magnitude", bits.total_order_magnitude),
    _moded("exp", 1, functions.exp),
    _moded("expm1", 1, functions.expm1),
    _moded("exp2", 1, functions.exp2),
    _moded("exp10", 1, functions.exp10),
    _moded("log", 1, functions.log),
    _moded("log1p", 1, functions.log1p),
    _moded("log2", 1, functions.log2),
    _moded("log10", 1, functions.log10),
    _moded("sin", 1, functions.sin),
    _moded("cos", 1, functions.cos),
    _moded("tan", 1, functions.tan),
    _moded("atan", 1, functions.atan),
    _moded("sinh", 1, functions.sinh),
    _moded("cosh", 1, functions.cosh),
    _moded("tanh", 1, functions.tanh),
    _moded("sigmoid", 1, functions.sigmoid),
    _moded("erf", 1, functions.erf),
    _moded("erfc", 1, functions.erfc),
    _moded("cbrt", 1, functions.cbrt),
    _moded("rsqrt", 1, functions.rsqrt),
    _moded("hypot", 2, functions.hypot),
    *(_predicate(predicate) for predicate in Predicate),
    *(_to_integer(kind) for kind in INTEGERS),
    *(_from_integer(kind) for kind in INTEGERS),
    *(_to_format(kind) for kind in OTHER_FORMATS),
    *(_from_format(kind) for kind in OTHER_FORMATS),
)
"""All operations on patterns. `scale_b`, whose second operand is any integer, and conversions to
and from text are called directly."""

BY_NAME: dict[str, Operation] = {operation.name: operation for operation in OPERATIONS}
