"""The kernel's operations by name: the scalar function behind each entry of the model's catalogue.

`KernelOperation.evaluate` runs the uncompiled kernel on the same `Call` as the model's `evaluate`;
`on_arrays` runs it on arrays of patterns. 64-bit patterns are split into words of 32 bits here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from refsem.binary32.catalogue import BY_NAME as MODEL
from refsem.binary32.catalogue import Answer, Call, Kind, Operation
from refsem.binary32.comparisons import Predicate
from refsem.kernel import arithmetic, comparisons, division, formats, integral
from refsem.kernel.batch import apply
from refsem.kernel.encoding import (
    EQUAL,
    GREATER,
    LESS,
    SIGNAL_INEXACT,
    SIGNAL_QUIET_NAN,
    UNORDERED,
    setting_of,
)
from refsem.kernel.loops import Array, Scalar
from refsem.rounding import Environment, Mode

RELATIONS = {"<": LESS, "=": EQUAL, ">": GREATER, "?": UNORDERED}

DTYPES: dict[Kind, type[np.generic]] = {
    Kind.BINARY32: np.uint32,
    Kind.BINARY16: np.uint16,
    Kind.BFLOAT16: np.uint16,
    Kind.BINARY64: np.uint64,
    Kind.INT32: np.int32,
    Kind.INT64: np.int64,
    Kind.UINT32: np.uint32,
    Kind.UINT64: np.uint64,
    Kind.BOOLEAN: np.bool_,
}
"""The element type of arrays of each kind: patterns of formats, numbers of integer types."""


def predicate_setting(predicate: Predicate) -> int:
    """The fields of a setting that choose the predicate."""
    accepted, signalling = predicate.value
    chosen = SIGNAL_QUIET_NAN if signalling else 0
    for relation in accepted:
        chosen |= RELATIONS[relation]
    return chosen


def _word_array(kind: Kind, operand: Array) -> list[Array]:
    """The words of an array of a kind; `TypeError` if its elements are of another type."""
    if operand.dtype != DTYPES[kind]:
        raise TypeError(f"{kind.value} travels as {DTYPES[kind].__name__}, not {operand.dtype}")
    if kind.width == 64:
        pattern = operand.view(np.uint64)
        return [
            (pattern >> np.uint64(32)).astype(np.uint32),
            (pattern & np.uint64(0xFFFFFFFF)).astype(np.uint32),
        ]
    return [operand.view(np.uint32) if kind.width == 32 else operand.astype(np.uint32)]


def _pattern_array(kind: Kind, words: Sequence[Array]) -> Array:
    """The array of a kind with these words."""
    if kind.width == 64:
        high, low = (word.astype(np.uint64) for word in words)
        return (high << np.uint64(32) | low).view(DTYPES[kind])
    return words[0].view(DTYPES[kind]) if kind.width == 32 else words[0].astype(DTYPES[kind])


def _words(kind: Kind, pattern: int) -> tuple[int, ...]:
    return (pattern >> 32, pattern & 0xFFFFFFFF) if kind.width == 64 else (pattern,)


@dataclass(frozen=True, slots=True)
class KernelOperation:
    """A named operation of the kernel."""

    model: Operation
    """What its operands and its result are, and the function it must agree with."""
    scalar: Scalar
    """The function on a setting and words: result words, then flags."""
    fields: int
    """What the operation adds to a setting."""

    def setting(self, mode: Mode, exact: bool, environment: Environment) -> int:
        """The setting of one evaluation."""
        return setting_of(mode, environment) | self.fields | (SIGNAL_INEXACT if exact else 0)

    def evaluate(self, call: Call) -> Answer:
        """The result's pattern and the flags number, uncompiled."""
        setting = self.setting(call.mode, call.exact, call.environment)
        words = [
            word
            for kind, pattern in zip(self.model.operands, call.operands, strict=True)
            for word in _words(kind, pattern)
        ]
        *result, flags = self.scalar(setting, *words)
        return (result[0] if len(result) == 1 else result[0] << 32 | result[1]), flags

    def on_arrays(
        self, mode: Mode, operands: Sequence[Array], exact: bool, environment: Environment
    ) -> tuple[Array, Array]:
        """The results and the flags (uint8) on broadcast arrays.

        Raises `TypeError` where an array's elements are not of the type `DTYPES` states.
        """
        words = [
            word
            for kind, operand in zip(self.model.operands, operands, strict=True)
            for word in _word_array(kind, operand)
        ]
        setting = self.setting(mode, exact, environment)
        kind = self.model.result
        results, flags = apply(self.scalar, setting, words, 2 if kind.width == 64 else 1)
        return _pattern_array(kind, results), flags


_SCALARS: tuple[Callable[..., tuple[int, ...]], ...] = (
    arithmetic.add,
    arithmetic.sub,
    arithmetic.mul,
    division.div,
    arithmetic.fma,
    division.sqrt,
    division.remainder,
    integral.round_to_integral,
    integral.log_b,
    comparisons.negate,
    comparisons.absolute,
    comparisons.copy_sign,
    comparisons.next_up,
    comparisons.next_down,
    comparisons.minimum,
    comparisons.maximum,
    comparisons.minimum_number,
    comparisons.maximum_number,
    comparisons.min_num,
    comparisons.max_num,
    comparisons.total_order,
    comparisons.total_order_magnitude,
    integral.to_int32,
    integral.to_int64,
    integral.to_uint32,
    integral.to_uint64,
    integral.from_int32,
    integral.from_int64,
    integral.from_uint32,
    integral.from_uint64,
    formats.to_binary16,
    formats.to_bfloat16,
    formats.to_binary64,
    formats.from_binary16,
    formats.from_bfloat16,
    formats.from_binary64,
)


def _predicate(predicate: Predicate) -> KernelOperation:
    model = MODEL[f"compare_{predicate.name.lower()}"]
    return KernelOperation(model, comparisons.compare, predicate_setting(predicate))


OPERATIONS: tuple[KernelOperation, ...] = (
    *(KernelOperation(MODEL[scalar.__name__], scalar, 0) for scalar in _SCALARS),
    *(_predicate(predicate) for predicate in Predicate),
)
"""All operations of the model's catalogue that integers decide: everything but functions."""

BY_NAME: dict[str, KernelOperation] = {operation.model.name: operation for operation in OPERATIONS}
