"""Array loops around scalar functions: templates that numba compiles, one per shape of function.

The operation is a free variable of the loop. Operands are widened to 64-bit signed integers, the
type all scalar functions compute in. Uncompiled, arrays are handled by `refsem.kernel.batch`.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

Scalar = Callable[..., Any]
Array = np.ndarray[Any, np.dtype[Any]]


def unary(operation: Scalar) -> Callable[..., None]:
    """The loop of (setting, x) → (bits, flags)."""

    def loop(setting: int, x: Array, bits: Array, flags: Array) -> None:
        for place in range(x.size):
            bits[place], flags[place] = operation(setting, np.int64(x[place]))

    return loop


def binary(operation: Scalar) -> Callable[..., None]:
    """The loop of (setting, x, y) → (bits, flags)."""

    def loop(setting: int, x: Array, y: Array, bits: Array, flags: Array) -> None:
        for place in range(x.size):
            bits[place], flags[place] = operation(setting, np.int64(x[place]), np.int64(y[place]))

    return loop


def ternary(operation: Scalar) -> Callable[..., None]:
    """The loop of (setting, x, y, z) → (bits, flags)."""

    def loop(setting: int, x: Array, y: Array, z: Array, bits: Array, flags: Array) -> None:
        for place in range(x.size):
            bits[place], flags[place] = operation(
                setting, np.int64(x[place]), np.int64(y[place]), np.int64(z[place])
            )

    return loop


def unary_wide(operation: Scalar) -> Callable[..., None]:
    """The loop of (setting, x) → (high word, low word, flags)."""

    def loop(setting: int, x: Array, high: Array, low: Array, flags: Array) -> None:
        for place in range(x.size):
            high[place], low[place], flags[place] = operation(setting, np.int64(x[place]))

    return loop


def reduction(operation: Scalar) -> Callable[..., None]:
    """The loop of a reduction program over pairs of rows: signs, magnitudes and flags of results.

    `program` is the four arrays of `refsem.kernel.reductions`; row `first[i]` of x meets row
    `second[i]` of y.
    """

    def loop(
        setting: int,
        codes: Array,
        left: Array,
        right: Array,
        layouts: Array,
        x: Array,
        y: Array,
        first: Array,
        second: Array,
        signs: Array,
        magnitudes: Array,
        flags: Array,
    ) -> None:
        last = codes.size - 1
        step_signs = np.empty(codes.size, np.int64)
        step_magnitudes = np.empty(codes.size, np.int64)
        for place in range(first.size):
            flags[place] = operation(
                setting,
                codes,
                left,
                right,
                layouts,
                x[first[place]],
                y[second[place]],
                step_signs,
                step_magnitudes,
            )
            signs[place] = step_signs[last]
            magnitudes[place] = step_magnitudes[last]

    return loop
