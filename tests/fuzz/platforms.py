"""Platforms in Python: a module whose functions are named after operations and reductions."""

import fake_reductions
import numpy as np

from refsem.kernel.loops import Array

_bfloat16 = fake_reductions.narrow(fake_reductions.to_bfloat16, terms_too=False)


def sum(x: Array) -> np.float32:  # noqa: A001  named after what it does
    """The sum, accumulated in bfloat16."""
    return _bfloat16(x, x)


def dot(x: Array, y: Array) -> np.float32:
    return fake_reductions.in_double(x, y)


def matmul(x: Array, y: Array) -> Array:
    """A product whose first row is summed in another order."""
    entries = [[fake_reductions.forwards(row, column) for column in y.T] for row in x]
    entries[0] = [fake_reductions.backwards(x[0], column) for column in y.T]
    return np.array(entries, np.float32)


def exp(x: Array) -> Array:
    return np.asarray(np.exp(x.astype(np.float64)).astype(np.float32))


def tanh(x: Array) -> Array:
    return np.zeros_like(x)


def maximum(x: Array, y: Array) -> Array:
    return np.asarray(np.where(x > y, x, y))


def relu(x: Array) -> Array:
    return np.asarray(np.where(x > 0, x, np.float32(0)))


def fma(x: Array, y: Array, z: Array) -> Array:
    return np.asarray((x.astype(np.float64) * y + z).astype(np.float32))


def to_int32(x: Array) -> Array:
    return np.asarray(
        np.clip(np.nan_to_num(x.astype(np.float64), nan=7), -(2.0**31), 2.0**31 - 1)
    ).astype(np.int32)
