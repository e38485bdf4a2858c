"""Reductions and pools: sums, means, greatest and least entries. Shape rules and plans.

A sum over no entries is 0; a mean, maximum or minimum over none has no meaning and is refused,
unless there is no result entry either. A pool folds the entries of a window that lie in the image:
padding is not an entry. An average divides by the number of those entries, or with
`count_include_pad` by the number of entries of the window in the image or its padding (what
hangs over beyond the padding, in ceil mode, counts in neither case).

Executed, a maximum with a NaN among its operands is not determined by its real meaning.
"""

from math import prod

import numpy as np
from gmpy2 import mpq

from refsem.ir.plans import ABSENT, Fold, Index, Plan, PlanRule, Reduction, Summand, positions
from refsem.ir.shapes import (
    Attributes,
    Shape,
    ShapeError,
    ShapeRule,
    check_index,
    flag,
    integers,
)
from refsem.ir.windows import (
    Windows,
    channel_positions,
    image_axes,
    image_shape,
    in_layout,
    layout_of,
    windows_of,
)

_NONE = np.zeros(0, dtype=np.int64)


def reduce_shape(fold: Fold) -> ShapeRule:
    """The operand's shape without these axes, or with 1 in their place if they are kept."""

    def shape(operands: tuple[Shape, ...], attributes: Attributes) -> Shape:
        operand, axes = operands[0], integers(attributes["axes"])
        if sorted(set(axes)) != list(axes) or not set(axes) <= set(range(len(operand))):
            raise ShapeError(f"axes {list(axes)} of shape {list(operand)}")
        kept = flag(attributes["keepdims"])
        lengths = [1 if axis in axes else length for axis, length in enumerate(operand)]
        if fold is not Fold.SUM and 0 in [operand[axis] for axis in axes] and 0 not in lengths:
            raise ShapeError(f"a {fold.value} of no entries: axes {list(axes)} of {list(operand)}")
        return tuple(length for axis, length in enumerate(lengths) if kept or axis not in axes)

    return shape


def reduce_plan(fold: Fold) -> PlanRule:
    """Entries that agree outside the axes, folded."""

    def plan(operands: tuple[Shape, ...], attributes: Attributes) -> Plan:
        operand, axes = operands[0], integers(attributes["axes"])
        kept = [axis for axis in range(len(operand)) if axis not in axes]
        count = prod(operand[axis] for axis in axes)
        outer = prod(operand[axis] for axis in kept)
        index = positions(operand).transpose((*kept, *axes)).reshape(outer, count)
        divisors = np.full(outer, count, dtype=np.int64) if fold is Fold.MEAN else _NONE
        return (Summand((0,), Reduction(np.ascontiguousarray(index), fold, divisors), mpq(1)),)

    return plan


def pool_shape(operands: tuple[Shape, ...], attributes: Attributes) -> Shape:
    """One entry for each window and channel; every window covers an entry of the image."""
    layout = layout_of(attributes)
    batch, channels, spatial = image_axes(operands[0], layout)
    windows = _pool_windows(spatial, attributes)
    counts = windows.counts
    check_index(max(batch * channels, 1) * prod(counts) * prod(windows.kernel))
    for axis, coordinates in enumerate(windows.starts()):
        inside = (coordinates >= 0) & (coordinates < windows.lengths[axis])
        if not bool(inside.any(axis=1).all()):
            raise ShapeError(f"a window along axis {axis} covers padding only")
    return image_shape(batch, channels, counts, layout)


def _pool_windows(spatial: Shape, attributes: Attributes) -> Windows:
    kernel = integers(attributes["kernel"])
    return windows_of(spatial, kernel, attributes, ceil=flag(attributes["ceil"]))


def max_pool_plan(operands: tuple[Shape, ...], attributes: Attributes) -> Plan:
    """The greatest entry of each window."""
    index, _ = _pooled(operands[0], attributes)
    first = np.take_along_axis(index, (index != ABSENT).argmax(axis=1)[:, None], axis=1)
    present = np.where(index == ABSENT, first, index)
    return (Summand((0,), Reduction(present, Fold.MAX, _NONE), mpq(1)),)


def average_pool_plan(operands: tuple[Shape, ...], attributes: Attributes) -> Plan:
    """The mean of the entries of each window."""
    index, sizes = _pooled(operands[0], attributes)
    divisors = sizes if flag(attributes["count_include_pad"]) else (index != ABSENT).sum(axis=1)
    return (Summand((0,), Reduction(index, Fold.MEAN, divisors.astype(np.int64)), mpq(1)),)


def _pooled(shape: Shape, attributes: Attributes) -> tuple[Index, Index]:
    """For each result entry, the positions its window covers, and the size of the window."""
    layout = layout_of(attributes)
    windows = _pool_windows(image_axes(shape, layout)[2], attributes)
    image = channel_positions(shape, layout)
    covered, counts = windows.covered(), windows.counts
    entries = np.where(covered == ABSENT, ABSENT, image[:, :, np.maximum(covered, 0)])
    slots = np.arange(entries.shape[0] * entries.shape[1] * entries.shape[2], dtype=np.int64)
    order = in_layout(slots.reshape(entries.shape[:3]), counts, layout).ravel()
    sizes = np.broadcast_to(windows.padded_sizes(), entries.shape[:3]).ravel()
    return entries.reshape(slots.size, covered.shape[1])[order], sizes[order]
