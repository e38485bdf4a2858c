"""Callables with planted bugs: what a campaign must find and shrink."""

import math
from typing import Any

import numpy as np

from refsem.binary32.catalogue import Call
from refsem.fuzz.operations import BY_NAME
from refsem.kernel.loops import Array
from refsem.rounding import RISCV, Mode

F32 = np.float32


def modelled(name: str, mode: Mode, *operands: Array) -> Array:
    """The model's answers in a mode, as an array."""
    rows = zip(*(operand.view(np.uint32).tolist() for operand in operands), strict=True)
    bits = [BY_NAME[name].evaluate(Call(mode, row, False, RISCV))[0] for row in rows]
    return np.array(bits, np.uint32).view(F32)


def add(x: Array, y: Array) -> Array:
    return np.asarray(x + y)


def ties_away(x: Array, y: Array) -> Array:
    return modelled("add", Mode.RNA, x, y)


def upwards(x: Array, y: Array) -> Array:
    return modelled("add", Mode.RTP, x, y)


def flushed(x: Array, y: Array) -> Array:
    product = x * y
    return np.where(np.abs(product) < F32(2.0**-126), np.copysign(F32(0), product), product)


def reads_zero(x: Array, y: Array) -> Array:
    read = [np.where(np.abs(v) < F32(2.0**-126), np.copysign(F32(0), v), v) for v in (x, y)]
    return np.asarray(read[0] + read[1])


def fma_in_double(x: Array, y: Array, z: Array) -> Array:
    return np.asarray((x.astype(np.float64) * y + z).astype(F32))


def fma_unfused(x: Array, y: Array, z: Array) -> Array:
    return np.asarray(x * y + z)


def relu(x: Array) -> Array:
    return np.asarray(np.where(x > 0, x, F32(0)))


def relu_of_scalars(x: Any) -> Any:  # noqa: ANN401
    return x if x > 0 else F32(0)


def relu_right(x: Array) -> Array:
    return np.asarray(np.maximum(x, F32(0)))


def greater(x: Array, y: Array) -> Array:
    return np.asarray(np.where(x >= y, x, y))


def quotient_by_reciprocal(x: Array, y: Array) -> Array:
    return np.asarray(x * (F32(1) / y))


def root_in_double(x: Array) -> Array:
    return np.asarray(np.sqrt(x.astype(np.float64)))


def root_of_scalars(x: Any) -> float:  # noqa: ANN401
    return math.sqrt(x)


def raising(x: Any, y: Any) -> Any:  # noqa: ANN401
    if x > 1000:
        raise ZeroDivisionError("too much")
    return F32(x + y)


def of_one_shape(x: Array, y: Array) -> Array:
    del x, y
    return np.zeros(3, F32)


def rounded_integer(x: Array) -> Array:
    return np.asarray(np.rint(x).astype(np.int32))


NUMBER = 3
