"""Operands worth trying, and the two ways of running the kernel, shared by the kernel's tests."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import product

import numpy as np
from hypothesis import strategies as st

from refsem.binary32.catalogue import Answer, Call, Kind
from refsem.kernel.catalogue import DTYPES, KernelOperation
from refsem.rounding import (
    RISCV,
    X86,
    Environment,
    InvalidInteger,
    Mode,
    NanPolicy,
    Tininess,
)

MAGNITUDES = (
    0x00000000,
    0x00000001,
    0x007FFFFF,
    0x00800000,
    0x00800001,
    0x0BFFFFFF,
    0x33800000,
    0x34000000,
    0x3EFFFFFF,
    0x3F000000,
    0x3F7FFFFF,
    0x3F800000,
    0x3F800001,
    0x40000000,
    0x40C90FDB,
    0x4B000000,
    0x4B7FFFFF,
    0x4B800000,
    0x4B800001,
    0x4F000000,
    0x5F800000,
    0x7F7FFFFE,
    0x7F7FFFFF,
    0x7F800000,
    0x7F800001,
    0x7FC00000,
    0x7FFFFFFF,
)
GRID = tuple(sign | magnitude for magnitude in MAGNITUDES for sign in (0, 1 << 31))

ENVIRONMENTS = (
    RISCV,
    X86,
    replace(RISCV, tininess=Tininess.BEFORE, nan_policy=NanPolicy.FIRST_SIGNALLING),
    replace(X86, flush_to_zero=True, denormals_are_zero=True, fused_nan_invalid=True),
    replace(RISCV, flush_to_zero=True, tininess=Tininess.BEFORE),
)

environments = st.builds(
    Environment,
    tininess=st.sampled_from(Tininess),
    nan_policy=st.sampled_from(NanPolicy),
    fused_nan_invalid=st.booleans(),
    invalid_integer=st.sampled_from(InvalidInteger),
    flush_to_zero=st.booleans(),
    denormals_are_zero=st.booleans(),
)


def near(pattern: int) -> list[int]:
    """Partners that stand close to a pattern, or at the distances where bits begin to be lost."""
    partners = [pattern, pattern ^ 1 << 31, pattern + 1, pattern - 1]
    partners += [pattern + sign * (gap << 23) for gap in (1, 23, 24, 25, 26) for sign in (1, -1)]
    return [partner % (1 << 32) for partner in partners]


PAIRS = (
    *product(GRID, GRID),
    *((x, y) for x in GRID for y in near(x)),
    *((y, x) for x in GRID for y in near(x)),
)
TRIPLES = tuple(product(GRID, GRID, GRID))[::7]
"""Seven divides neither 54 nor its powers, so every grid value occurs in every place."""


def patterns_of(kind: Kind) -> st.SearchStrategy[int]:
    """Patterns of a kind, the corners of its encoding preferred."""
    width = kind.width
    anything = st.integers(0, (1 << width) - 1)
    if kind is Kind.BINARY32:
        return st.sampled_from(GRID) | anything
    powers = st.builds(
        lambda place, offset: ((1 << place) + offset) % (1 << width),
        st.integers(0, width),
        st.integers(-2, 2),
    )
    return anything | powers | powers.map(lambda pattern: ~pattern % (1 << width))


def calls(operation: KernelOperation) -> st.SearchStrategy[Call]:
    """Everything the operation can depend on."""
    return st.builds(
        Call,
        mode=st.sampled_from(Mode),
        operands=st.tuples(*(patterns_of(kind) for kind in operation.model.operands)),
        exact=st.booleans(),
        environment=environments,
    )


def column(kind: Kind, patterns: Sequence[int]) -> np.ndarray:
    """Patterns as an array of the kind's element type."""
    unsigned = {64: np.uint64, 32: np.uint32, 16: np.uint16}[kind.width]
    return np.array(patterns, dtype=unsigned).view(DTYPES[kind])


def on_arrays(
    operation: KernelOperation,
    mode: Mode,
    rows: Iterable[tuple[int, ...]],
    exact: bool,
    environment: Environment,
) -> list[Answer]:
    """The array form of the operation on rows of operands, answers as patterns and flags."""
    columns = zip(*rows, strict=True)
    operands = [
        column(kind, patterns)
        for kind, patterns in zip(operation.model.operands, columns, strict=True)
    ]
    results, flags = operation.on_arrays(mode, operands, exact, environment)
    if results.dtype != np.bool_:
        results = results.view(f"u{results.itemsize}")
    return list(zip(map(int, results.tolist()), flags.tolist(), strict=True))
