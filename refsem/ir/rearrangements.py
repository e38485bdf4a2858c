"""Rearrangements: every result entry is an entry of an operand. Shape rules and plans.

Reshape (also flatten, squeeze, unsqueeze), transpose, expand, concat, slice (also split), gather,
pad and tile. An axis is counted from the front; a slice lists start, length and step of every
axis. Zero-size dimensions are allowed wherever every result entry has a source.

Pad: `pads` lists what is added before each axis, then what is added after each; a negative number
takes away. Mode `constant` takes its entry from the second operand, a single number; `reflect`
mirrors at the first and last entry without repeating it, `edge` repeats it, `wrap` continues
periodically.
"""

from math import prod

import numpy as np

from refsem.ir.plans import Index, Plan, positions, selected
from refsem.ir.shapes import (
    Attributes,
    Shape,
    ShapeError,
    axis_of,
    broadcast,
    integers,
    one_each,
    word,
)

PAD_MODES = ("constant", "reflect", "edge", "wrap")


def unchanged_plan(operands: tuple[Shape, ...], _attributes: Attributes) -> Plan:
    """The same entries, row-major."""
    return selected(positions(operands[0]))


def transpose_shape(operands: tuple[Shape, ...], attributes: Attributes) -> Shape:
    """Result axis i is operand axis axes[i]."""
    axes = integers(attributes["axes"])
    if sorted(axes) != list(range(len(operands[0]))):
        raise ShapeError(f"axes {list(axes)} do not permute shape {list(operands[0])}")
    return tuple(operands[0][axis] for axis in axes)


def transpose_plan(operands: tuple[Shape, ...], attributes: Attributes) -> Plan:
    """Entries with their coordinates permuted."""
    return selected(positions(operands[0]).transpose(integers(attributes["axes"])))


def expand_shape(operands: tuple[Shape, ...], attributes: Attributes) -> Shape:
    """The stated shape, to which the operand broadcasts."""
    target = integers(attributes["shape"])
    if min(target, default=0) < 0 or broadcast((operands[0], target), {}) != target:
        raise ShapeError(f"{list(operands[0])} does not broadcast to {list(target)}")
    return target


def expand_plan(operands: tuple[Shape, ...], attributes: Attributes) -> Plan:
    """Entries repeated along the axes of length 1."""
    return selected(np.broadcast_to(positions(operands[0]), integers(attributes["shape"])))


def concat_shape(operands: tuple[Shape, ...], attributes: Attributes) -> Shape:
    """The operands' shape, with their lengths along the axis summed."""
    axis = axis_of(attributes["axis"], len(operands[0]))
    rest = {(*shape[:axis], 1, *shape[axis + 1 :]) for shape in operands}
    if len(rest) > 1 or len({len(shape) for shape in operands}) > 1:
        listed = " and ".join(str(list(shape)) for shape in operands)
        raise ShapeError(f"{listed} cannot be joined along axis {axis}")
    total = sum(shape[axis] for shape in operands)
    return (*operands[0][:axis], total, *operands[0][axis + 1 :])


def concat_plan(operands: tuple[Shape, ...], attributes: Attributes) -> Plan:
    """The operands one after another along an axis."""
    parts, offset = [], 0
    for shape in operands:
        parts.append(positions(shape) + offset)
        offset += prod(shape)
    return selected(np.concatenate(parts, axis=axis_of(attributes["axis"], 99)), len(operands))


def slice_shape(operands: tuple[Shape, ...], attributes: Attributes) -> Shape:
    """The stated lengths; every entry taken is one of the operand's."""
    rank = len(operands[0])
    starts = one_each(attributes["starts"], rank, 0)
    lengths = one_each(attributes["lengths"], rank, 0)
    steps = integers(attributes["steps"])
    if len(steps) != rank or 0 in steps:
        raise ShapeError(f"{list(steps)} are not {rank} steps other than 0")
    for size, start, length, step in zip(operands[0], starts, lengths, steps, strict=True):
        last = start + (length - 1) * step
        if length and not (start < size and 0 <= last < size):
            raise ShapeError(f"entries {start} to {last} of an axis of length {size}")
    return lengths


def slice_plan(operands: tuple[Shape, ...], attributes: Attributes) -> Plan:
    """Along each axis, `length` entries from `start` on, `step` apart."""
    index = positions(operands[0])
    names = ("starts", "lengths", "steps")
    rows = zip(*(integers(attributes[name]) for name in names), strict=True)
    for axis, (start, length, step) in enumerate(rows):
        taken = start + step * np.arange(length, dtype=np.int64)
        index = index.take(taken, axis=axis)
    return selected(index)


def gather_shape(operands: tuple[Shape, ...], attributes: Attributes) -> Shape:
    """The operand's shape with an axis replaced by the shape of the indices."""
    axis = axis_of(attributes["axis"], len(operands[0]))
    shape = one_each(attributes["shape"], len(integers(attributes["shape"])), 0)
    length = operands[0][axis]
    indices = one_each(attributes["indices"], prod(shape), 0)
    if max(indices, default=-1) >= length:
        raise ShapeError(f"index {max(indices)} into an axis of length {length}")
    return (*operands[0][:axis], *shape, *operands[0][axis + 1 :])


def gather_plan(operands: tuple[Shape, ...], attributes: Attributes) -> Plan:
    """The slices of the operand along an axis that the indices name."""
    axis = axis_of(attributes["axis"], len(operands[0]))
    indices = np.array(integers(attributes["indices"]), dtype=np.int64)
    return selected(positions(operands[0]).take(indices, axis=axis))


def pad_shape(operands: tuple[Shape, ...], attributes: Attributes) -> Shape:
    """Lengths grown by what is added before and after."""
    operand, pads = operands[0], integers(attributes["pads"])
    mode = word(attributes["mode"], PAD_MODES)
    if len(pads) != 2 * len(operand):
        raise ShapeError(f"{len(pads)} pads for {len(operand)} dimensions")
    if (mode == "constant") != (len(operands) == 2):
        raise ShapeError(f"mode {mode} with {len(operands)} operands")
    if len(operands) == 2 and prod(operands[1]) != 1:
        raise ShapeError(f"the value padded with has shape {list(operands[1])}")
    pairs = tuple(zip(pads[: len(operand)], pads[len(operand) :], strict=True))
    for length, pair in zip(operand, pairs, strict=True):
        _check_pads(length, pair, mode)
    return tuple(length + sum(pair) for length, pair in zip(operand, pairs, strict=True))


def _check_pads(length: int, pair: tuple[int, int], mode: str) -> None:
    """Nothing if an axis may be padded so; what a mode repeats must be there."""
    reach = {"reflect": length - 1, "wrap": length, "edge": max(pair) if length else 0}
    taken = -min(pair[0], 0) - min(pair[1], 0)
    if taken > (length if mode == "constant" else 0) or max(pair) > reach.get(mode, max(pair)):
        raise ShapeError(f"{mode} pads {pair[0]} and {pair[1]} of an axis of length {length}")


def pad_plan(operands: tuple[Shape, ...], attributes: Attributes) -> Plan:
    """The operand's entries, and around them what the mode says."""
    pads, mode = integers(attributes["pads"]), word(attributes["mode"], PAD_MODES)
    index = positions(operands[0])
    rank = index.ndim
    for axis, (before, after) in enumerate(zip(pads[:rank], pads[rank:], strict=True)):
        length = index.shape[axis]
        kept = np.arange(max(-before, 0), length - max(-after, 0), dtype=np.int64)
        index = _padded(index.take(kept, axis=axis), axis, (max(before, 0), max(after, 0)), mode)
    if mode == "constant":
        index = np.where(index < 0, prod(operands[0]), index)
    return selected(index, len(operands))


def _padded(index: Index, axis: int, widths: tuple[int, int], mode: str) -> Index:
    around = [(0, 0)] * index.ndim
    around[axis] = widths
    match mode:
        case "constant":
            return np.pad(index, around, constant_values=-1)
        case "reflect":
            return np.pad(index, around, mode="reflect")
        case "edge":
            return np.pad(index, around, mode="edge")
        case _:
            return np.pad(index, around, mode="wrap")


def tile_shape(operands: tuple[Shape, ...], attributes: Attributes) -> Shape:
    """Each length times its number of repeats."""
    repeats = one_each(attributes["repeats"], len(operands[0]), 0)
    return tuple(length * count for length, count in zip(operands[0], repeats, strict=True))


def tile_plan(operands: tuple[Shape, ...], attributes: Attributes) -> Plan:
    """The operand again and again along each axis."""
    return selected(np.tile(positions(operands[0]), integers(attributes["repeats"])))
