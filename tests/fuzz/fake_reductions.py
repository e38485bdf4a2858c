"""Reductions with a known order, written with numpy: what the measurement must find out."""

from collections.abc import Callable
from fractions import Fraction
from math import fsum

import numpy as np
from gmpy2 import mpq

from refsem.fuzz.confirmation import Products
from refsem.kernel.loops import Array
from refsem.rounding import BINARY32, RISCV, Mode
from refsem.rounding.function import round_rational

F32, F64 = np.float32, np.float64


def forwards(x: Array, y: Array) -> np.float32:
    total = F32(x[0] * y[0])
    for one, other in zip(x[1:], y[1:], strict=True):
        total = F32(total + F32(one * other))
    return total


def backwards(x: Array, y: Array) -> np.float32:
    return forwards(x[::-1], y[::-1])


def from_zero(x: Array, y: Array) -> np.float32:
    total = F32(0)
    for one, other in zip(x, y, strict=True):
        total = F32(total + F32(one * other))
    return total


def fused(x: Array, y: Array) -> np.float32:
    """A chain of fused multiply-adds from +0, by exact rationals."""
    total = F32(0)
    for one, other in zip(x, y, strict=True):
        total = nearest(Fraction(float(one)) * Fraction(float(other)) + Fraction(float(total)))
    return total


def nearest(value: Fraction) -> np.float32:
    bits, _ = round_rational(BINARY32, Mode.RNE, mpq(value), 0, RISCV)
    return np.uint32(bits).view(F32)


def in_double(x: Array, y: Array) -> np.float32:
    total = F64(0)
    for one, other in zip(x, y, strict=True):
        total = total + F64(one) * F64(other)
    return F32(total)


def to_bfloat16(values: Array) -> Array:
    bits = np.asarray(values, F32).view(np.uint32)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000).astype(np.uint32).view(F32)


def to_binary16(values: Array) -> Array:
    with np.errstate(over="ignore"):
        return np.asarray(values, np.float16).astype(F32)


def narrow(rounded: Callable[[Array], Array], *, terms_too: bool) -> Products:
    """A chain that rounds to a narrow format after every step in binary32."""

    def reduce(x: Array, y: Array) -> np.float32:
        del y
        total = np.zeros((), F32)
        terms = rounded(x) if terms_too else x
        with np.errstate(invalid="ignore"):
            for term in terms:
                total = rounded(total + term)
        return F32(total)

    return reduce


def levels(x: Array, y: Array) -> np.float32:
    """Pairwise in bfloat16, for a power of two of terms."""
    del y
    with np.errstate(invalid="ignore"):
        while x.size > 1:
            x = to_bfloat16(x[0::2] + x[1::2])
    return F32(x[0])


def halves(x: Array, y: Array) -> np.float32:
    """Pairwise down to one term."""
    if x.size == 1:
        return F32(x[0] * y[0])
    middle = x.size // 2
    return F32(halves(x[:middle], y[:middle]) + halves(x[middle:], y[middle:]))


def exact(x: Array, y: Array) -> np.float32:
    return F32(fsum(x.astype(F64) * y.astype(F64)))


def by_size(x: Array, y: Array) -> np.float32:
    """An order that depends on the values."""
    places = np.argsort(-np.abs(x * y), kind="stable")
    return forwards(x[places], y[places])


def in_threes(x: Array, y: Array) -> np.float32:
    """Three terms at once into an exact step, then one rounding."""
    total = F32(0)
    for start in range(0, x.size, 3):
        part = [Fraction(float(v)) for v in x[start : start + 3] * y[start : start + 3]]
        big = max((abs(p) for p in (*part, Fraction(float(total)))), default=Fraction(0))
        kept = [p for p in part if abs(p) * 2**30 > big]
        total = nearest(Fraction(float(total)) * (abs(float(total)) * 2**30 > big) + sum(kept))
    return total
