"""Sums, dot products, matrix products, means and extrema of arrays, in an order given as a tree.

Operands are arrays of binary32 patterns; the last axis is reduced. Results are patterns of the
format of the tree's last step (uint32, uint64 or uint16); flags are those of all steps together.
The same tree, mode and environment give the same bits on every machine, compiled or not.
"""

import math
from collections.abc import Callable
from enum import Enum

import numpy as np

from refsem.kernel import arrays, compilation, loops
from refsem.kernel.batch import PIECE, in_pieces
from refsem.kernel.encoding import setting_of
from refsem.kernel.loops import Array
from refsem.kernel.programs import Program, program_of
from refsem.kernel.steps import run
from refsem.kernel.trees import Add, Term, Tree
from refsem.rounding import BINARY32, Environment, Format, Mode

Answer = tuple[Array, Array]
"""Results and flags."""

WORTH_COMPILING = 1 << 12
"""Steps, over all rows, from which loading compiled code can pay."""


class Extremum(Enum):
    """Which of two operands an extremum keeps: the function of `refsem.kernel` it is built from."""

    MAXIMUM = "maximum"
    MAXIMUM_NUMBER = "maximum_number"
    MAX_NUM = "max_num"
    MINIMUM = "minimum"
    MINIMUM_NUMBER = "minimum_number"
    MIN_NUM = "min_num"


def reduce_sum(mode: Mode, x: Array, tree: Tree, environment: Environment) -> Answer:
    """The sums over the last axis.

    Raises `TypeError` for other than uint32 arrays and `ValueError` where the axis has not the
    tree's number of terms, or the tree fuses products.
    """
    if tree.fused:
        raise ValueError("a sum has no products to fuse")
    rows = _rows(x, tree)
    places = np.arange(rows.shape[0])
    answer = _run(mode, rows, rows, places, places, program_of(tree, products=False), environment)
    return _delivered(answer, tree.format, x.shape[:-1])


def reduce_dot(mode: Mode, x: Array, y: Array, tree: Tree, environment: Environment) -> Answer:
    """The dot products over the last axes, the others broadcast; errors as of `reduce_sum`."""
    x, y = np.broadcast_arrays(x, y)
    rows, others = _rows(x, tree), _rows(y, tree)
    places = np.arange(rows.shape[0])
    answer = _run(mode, rows, others, places, places, program_of(tree, products=True), environment)
    return _delivered(answer, tree.format, x.shape[:-1])


def matmul(mode: Mode, x: Array, y: Array, tree: Tree, environment: Environment) -> Answer:
    """The matrix product of (m, k) and (k, n), every entry by the same tree of k terms.

    Raises `ValueError` for other shapes, and otherwise as `reduce_sum`.
    """
    if x.ndim != 2 or y.ndim != 2:
        raise ValueError(f"a matrix product of shapes {x.shape} and {y.shape} is not defined")
    rows, columns = _rows(x, tree), _rows(y.T, tree)
    shape = rows.shape[0], columns.shape[0]
    first, second = np.indices(shape).reshape(2, -1)
    answer = _run(mode, rows, columns, first, second, program_of(tree, products=True), environment)
    return _delivered(answer, tree.format, shape)


def reduce_mean(mode: Mode, x: Array, tree: Tree, environment: Environment) -> Answer:
    """The sums over the last axis, divided in binary32 by the number of terms.

    The number is itself rounded to binary32 first (exact up to 2^24). Raises `ValueError` where
    the tree does not end in binary32, and otherwise as `reduce_sum`.
    """
    if tree.format != BINARY32:
        raise ValueError(f"a mean divides in binary32, but the tree ends in {tree.format}")
    total, flags = reduce_sum(mode, x, tree, environment)
    count, count_flags = arrays.from_integer(mode, np.array(tree.terms, np.int64), environment)
    mean, division_flags = arrays.div(mode, total, count, environment)
    return mean, flags | count_flags | division_flags


def reduce_extremum(extremum: Extremum, x: Array, tree: Tree, environment: Environment) -> Answer:
    """The greatest or least elements over the last axis, compared in the order of the tree.

    The order decides between NaNs, and which of them signal. Raises `ValueError` for a tree of
    other steps than terms and pairs in binary32, and otherwise as `reduce_sum`.
    """
    function: Callable[[Array, Array, Environment], Answer] = getattr(arrays, extremum.value)
    rows = _rows(x, tree)
    flags = np.zeros(rows.shape[0], np.uint8)
    results: list[Array] = []
    for step in tree.steps:
        if step.format != BINARY32:
            raise ValueError(f"an extremum is taken in binary32, not in {step.format}")
        match step:
            case Term(index=index):
                results.append(rows[:, index].astype(np.uint32))
            case Add(left=left, right=right):
                result, signalled = function(results[left], results[right], environment)
                results.append(result)
                flags |= signalled
            case _:
                raise ValueError(f"an extremum has no use for {step}")
    return results[-1].reshape(x.shape[:-1]), flags.reshape(x.shape[:-1])


def _rows(x: Array, tree: Tree) -> Array:
    """The array as a matrix of machine integers, one row per reduction."""
    if x.dtype != np.uint32:
        raise TypeError(f"binary32 travels as uint32, not {x.dtype}")
    if x.ndim == 0 or x.shape[-1] != tree.terms:
        raise ValueError(f"a tree of {tree.terms} terms does not reduce the shape {x.shape}")
    return np.ascontiguousarray(x, np.int64).reshape(math.prod(x.shape[:-1]), tree.terms)


def _delivered(answer: Answer, format_: Format, shape: tuple[int, ...]) -> Answer:
    """Unsigned patterns, held in uint64, as the element type of the format."""
    patterns, flags = answer
    element = {64: np.uint64, 32: np.uint32, 16: np.uint16}[format_.width]
    return patterns.astype(element).reshape(shape), flags.reshape(shape)


def _run(
    mode: Mode,
    x: Array,
    y: Array,
    first: Array,
    second: Array,
    program: Program,
    environment: Environment,
) -> Answer:
    """The results' patterns and flags of row first[i] of x with row second[i] of y, for all i."""
    setting = setting_of(mode, environment)
    signs, magnitudes = (np.zeros(first.size, np.int64) for _ in range(2))
    flags = np.zeros(first.size, np.uint8)
    steps = first.size * len(program.codes)
    if steps >= WORTH_COMPILING and compilation.available():
        _compiled(setting, program, x, y, first, second, signs, magnitudes, flags)
    else:
        _interpreted(setting, program, x, y, first, second, signs, magnitudes, flags)
    layout = program.layouts[-1]
    width = (layout >> 4) + (layout & 15)
    patterns = signs.astype(np.uint64) << np.uint64(width - 1) | magnitudes.astype(np.uint64)
    return patterns, flags


def _interpreted(
    setting: int,
    program: Program,
    x: Array,
    y: Array,
    first: Array,
    second: Array,
    signs: Array,
    magnitudes: Array,
    flags: Array,
) -> None:
    step_signs, step_magnitudes = [0] * len(program.codes), [0] * len(program.codes)
    fields = program.codes, program.left, program.right, program.layouts
    for place, (i, j) in enumerate(zip(first.tolist(), second.tolist(), strict=True)):
        flags[place] = run(
            setting, *fields, x[i].tolist(), y[j].tolist(), step_signs, step_magnitudes
        )
        signs[place], magnitudes[place] = step_signs[-1], step_magnitudes[-1]


def _compiled(
    setting: int,
    program: Program,
    x: Array,
    y: Array,
    first: Array,
    second: Array,
    signs: Array,
    magnitudes: Array,
    flags: Array,
) -> None:
    loop = compilation.compiled(loops.reduction, run)
    fields = [
        np.array(field, np.int64)
        for field in (program.codes, program.left, program.right, program.layouts)
    ]

    def run_piece(piece: slice) -> None:
        results = (array[piece] for array in (first, second, signs, magnitudes, flags))
        loop(setting, *fields, x, y, *results)

    in_pieces(run_piece, first.size, max(1, PIECE // len(program.codes)))
