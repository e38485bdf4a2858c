"""Contractions: matrix products and convolutions. Shape rules and plans.

Each result entry is a finite sum of products of an entry of one operand and an entry of another;
over an axis of length zero it is 0. Gemm, conv and conv_transpose add a third operand, broadcast
(for the convolutions: one number a channel). Padding contributes no terms, which in the reals is
the same as terms 0 · w. The executed order of a sum is not stated here.

Kernels: (channels out, channels in / groups, k…) for conv, (channels in, channels out / groups,
k…) for conv_transpose, whose result is what the adjoint of conv would give: position q of the
operand adds to position q·stride + d·dilation − pad. `output_pads` are added after each axis.
"""

from math import prod

import numpy as np
from gmpy2 import mpq

from refsem.ir.plans import ABSENT, Contraction, Index, Plan, Selection, Summand, positions, spread
from refsem.ir.shapes import (
    Attribute,
    Attributes,
    Shape,
    ShapeError,
    broadcast,
    check_index,
    flag,
    integer,
    one_each,
)
from refsem.ir.windows import (
    Windows,
    channel_positions,
    combined,
    image_axes,
    image_shape,
    in_layout,
    layout_of,
    windows_of,
)


def matmul_shape(operands: tuple[Shape, ...], _attributes: Attributes) -> Shape:
    """numpy's: matrices on the last two axes, the others broadcast; a vector is a row or column."""
    left, right = operands
    if not left or not right:
        raise ShapeError("matmul takes no single numbers")
    rows, columns = _matrices(left, right)
    if rows[-1] != columns[-2]:
        raise ShapeError(f"matmul of {list(left)} and {list(right)}: inner lengths differ")
    batch = broadcast((rows[:-2], columns[:-2]), {})
    check_index(prod(batch) * rows[-1] * (rows[-2] + columns[-1]))
    return (
        *batch,
        *(rows[-2:-1] if len(left) > 1 else ()),
        *(columns[-1:] if len(right) > 1 else ()),
    )


def _matrices(left: Shape, right: Shape) -> tuple[Shape, Shape]:
    return left if len(left) > 1 else (1, *left), right if len(right) > 1 else (*right, 1)


def matmul_plan(operands: tuple[Shape, ...], _attributes: Attributes) -> Plan:
    """Σ_k x[.., i, k] · y[.., k, j]."""
    rows, columns = _matrices(*operands)
    batch = broadcast((rows[:-2], columns[:-2]), {})
    left = np.broadcast_to(positions(rows), (*batch, *rows[-2:]))
    right = np.broadcast_to(positions(columns), (*batch, *columns[-2:])).swapaxes(-1, -2)
    return (_product(left, right, prod(batch), mpq(1)),)


def _product(left: Index, right: Index, blocks: int, factor: mpq) -> Summand:
    """The summand of matrices x[i, k] and y[j, k] in so many blocks, results in order."""
    x = left.reshape(blocks, *left.shape[-2:])
    y = right.reshape(blocks, *right.shape[-2:])
    order = np.arange(blocks * x.shape[1] * y.shape[1], dtype=np.int64)
    return Summand((0, 1), Contraction(x, y, order), factor)


def gemm_shape(operands: tuple[Shape, ...], attributes: Attributes) -> Shape:
    """A product of two matrices, either transposed, to which the third operand broadcasts."""
    a, b, c = operands
    for name in ("alpha", "beta"):
        _number(attributes[name], f"gemm: {name}")
    for name in ("transA", "transB"):
        if attributes[name] not in {0, 1}:
            raise ShapeError(f"gemm: {name} is {attributes[name]}, 0 or 1 expected")
    if len(a) != 2 or len(b) != 2:
        raise ShapeError(f"gemm of {list(a)} and {list(b)}: both must be matrices")
    rows, inner = a[::-1] if attributes["transA"] else a
    other, columns = b[::-1] if attributes["transB"] else b
    if inner != other:
        raise ShapeError(f"gemm of {list(a)} and {list(b)}: inner lengths differ")
    if broadcast((c, (rows, columns)), {}) != (rows, columns):
        raise ShapeError(f"gemm: {list(c)} does not broadcast to {[rows, columns]}")
    return rows, columns


def _number(attribute: Attribute, what: str) -> mpq:
    if isinstance(attribute, tuple | str):
        raise ShapeError(f"{what} is {attribute}, a number expected")
    return mpq(attribute)


def gemm_plan(operands: tuple[Shape, ...], attributes: Attributes) -> Plan:
    """Alpha · Σ_k x'[i, k] · y'[k, j] + beta · z[i, j]."""
    a, b, c = operands
    left, right = positions(a), positions(b)
    left = left.T if flag(attributes["transA"]) else left
    right = right if flag(attributes["transB"]) else right.T
    alpha, beta = (_number(attributes[name], name) for name in ("alpha", "beta"))
    product = _product(left, right, 1, alpha)
    return product, spread(2, c, gemm_shape(operands, attributes), beta)


def conv_shape(operands: tuple[Shape, ...], attributes: Attributes) -> Shape:
    """One entry for each window and each channel out."""
    layout = layout_of(attributes)
    batch, _, _ = image_axes(operands[0], layout)
    out = operands[1][0]
    windows = _conv_windows(operands, attributes)
    _check_bias(operands, out)
    counts = prod(windows.counts)
    inner = max(prod(operands[1][1:]), prod(windows.kernel))
    check_index(inner * (max(batch, 1) * integer(attributes["groups"]) * counts + out))
    return image_shape(batch, out, windows.counts, layout)


def _conv_windows(operands: tuple[Shape, ...], attributes: Attributes) -> Windows:
    _, channels, spatial = image_axes(operands[0], layout_of(attributes))
    kernel, groups = operands[1], integer(attributes["groups"])
    if len(kernel) != len(spatial) + 2 or groups < 1:
        raise ShapeError(f"conv of {list(operands[0])} with {list(kernel)} in {groups} groups")
    if kernel[1] * groups != channels or kernel[0] % groups:
        message = f"{channels} channels in {groups} groups do not meet {list(kernel)}"
        raise ShapeError(f"conv of {list(operands[0])}: {message}")
    return windows_of(spatial, kernel[2:], attributes, ceil=False)


def _check_bias(operands: tuple[Shape, ...], channels: int) -> None:
    if len(operands) == 3 and operands[2] != (channels,):
        raise ShapeError(f"a bias of shape {list(operands[2])} for {channels} channels")


def _bias(operands: tuple[Shape, ...], spatial: Shape, layout: str) -> Plan:
    """The third operand, if there is one, in every entry of its channel."""
    if len(operands) < 3:
        return ()
    batch = image_axes(operands[0], layout)[0]
    channels = operands[2][0]
    index = positions((channels,))[None, :, None]
    index = np.broadcast_to(index, (batch, channels, prod(spatial)))
    image = np.ascontiguousarray(in_layout(index, spatial, layout))
    return (Summand((2,), Selection(image.ravel()), mpq(1)),)


def conv_plan(operands: tuple[Shape, ...], attributes: Attributes) -> Plan:
    """Σ over channel c of the group and kernel entry d of x[n, c, window + d] · w[m, c, d], + b."""
    layout, groups = layout_of(attributes), integer(attributes["groups"])
    windows = _conv_windows(operands, attributes)
    image = channel_positions(operands[0], layout)
    covered = windows.covered()
    left = _patches(image, covered, groups)
    weights = positions(operands[1])
    right = weights.reshape(groups, weights.shape[0] // groups, -1)
    counts = windows.counts
    order = _channel_order(image.shape[0], groups, right.shape[1], prod(counts))
    form = Contraction(left, right, in_layout(order, counts, layout).ravel())
    return (Summand((0, 1), form, mpq(1)), *_bias(operands, counts, layout))


def _patches(image: Index, covered: Index, groups: int) -> Index:
    """Positions (groups, batch · windows, channels of a group · kernel entries) that are summed."""
    batch, channels, _ = image.shape
    taken = image[:, :, np.maximum(covered, 0)]
    patches = np.where(covered == ABSENT, ABSENT, taken)
    grouped = patches.reshape(batch, groups, channels // groups, *covered.shape)
    ordered = grouped.transpose(1, 0, 3, 2, 4)
    inner = channels // groups * covered.shape[1]
    return np.ascontiguousarray(ordered).reshape(groups, batch * covered.shape[0], inner)


def _channel_order(batch: int, groups: int, out: int, windows: int) -> Index:
    """Where entry (batch, channel out, window) stands among (groups, batch · windows, out)."""
    index = np.arange(groups * batch * windows * out, dtype=np.int64)
    blocks = index.reshape(groups, batch, windows, out).transpose(1, 0, 3, 2)
    return np.ascontiguousarray(blocks).reshape(batch, groups * out, windows)


def conv_transpose_shape(operands: tuple[Shape, ...], attributes: Attributes) -> Shape:
    """The lengths of which conv, with these attributes, would make the operand's."""
    layout, groups = layout_of(attributes), integer(attributes["groups"])
    batch, channels, spatial = image_axes(operands[0], layout)
    kernel = operands[1]
    if len(kernel) != len(spatial) + 2 or groups < 1 or channels % groups:
        raise ShapeError(f"conv_transpose of {list(operands[0])} with {list(kernel)}")
    if kernel[0] != channels:
        raise ShapeError(f"{channels} channels do not meet a kernel of shape {list(kernel)}")
    out = kernel[1] * groups
    _check_bias(operands, out)
    lengths = _transpose_lengths(spatial, kernel[2:], attributes)
    check_index(prod(kernel[2:]) * max(channels, 1) * (max(batch, 1) * prod(lengths) + kernel[1]))
    return image_shape(batch, out, lengths, layout)


def _transpose_lengths(spatial: Shape, kernel: Shape, attributes: Attributes) -> Shape:
    rank = len(spatial)
    pads = one_each(attributes["pads"], 2 * rank, 0)
    strides = one_each(attributes["strides"], rank, 1)
    dilations = one_each(attributes["dilations"], rank, 1)
    extra = one_each(attributes["output_pads"], rank, 0)
    if min(kernel, default=1) < 1 or min(spatial, default=1) < 1:
        raise ShapeError(f"a kernel of shape {list(kernel)} over {list(spatial)}")
    lengths = []
    for axis in range(rank):
        if extra[axis] >= max(strides[axis], dilations[axis]):
            raise ShapeError(f"output pad {extra[axis]} is not below stride or dilation")
        covered = (spatial[axis] - 1) * strides[axis] + (kernel[axis] - 1) * dilations[axis] + 1
        lengths.append(covered + extra[axis] - pads[axis] - pads[rank + axis])
    if min(lengths, default=1) < 0:
        raise ShapeError(f"a result of spatial lengths {lengths}")
    return tuple(lengths)


def conv_transpose_plan(operands: tuple[Shape, ...], attributes: Attributes) -> Plan:
    """out[n, m, q·stride + d·dilation − pad] sums x[n, c, q] · w[c, m, d], + b."""
    layout, groups = layout_of(attributes), integer(attributes["groups"])
    _, channels, spatial = image_axes(operands[0], layout)
    kernel = operands[1][2:]
    lengths = _transpose_lengths(spatial, kernel, attributes)
    image = channel_positions(operands[0], layout)
    left = _patches(image, _sources(spatial, kernel, lengths, attributes), groups)
    weights = positions(operands[1]).reshape(groups, channels // groups, operands[1][1], -1)
    right = weights.transpose(0, 2, 1, 3).reshape(groups, operands[1][1], -1)
    order = _channel_order(image.shape[0], groups, right.shape[1], prod(lengths))
    form = Contraction(left, right, in_layout(order, lengths, layout).ravel())
    return (Summand((0, 1), form, mpq(1)), *_bias(operands, lengths, layout))


def _sources(spatial: Shape, kernel: Shape, lengths: Shape, attributes: Attributes) -> Index:
    """For each result position and kernel entry, the operand's position that adds there."""
    rank = len(spatial)
    pads = one_each(attributes["pads"], 2 * rank, 0)
    strides = one_each(attributes["strides"], rank, 1)
    dilations = one_each(attributes["dilations"], rank, 1)
    offsets, inside = [], []
    for axis in range(rank):
        reached = np.arange(lengths[axis], dtype=np.int64)[:, None] + pads[axis]
        from_kernel = reached - np.arange(kernel[axis], dtype=np.int64) * dilations[axis]
        source = from_kernel // strides[axis]
        inside.append((from_kernel % strides[axis] == 0) & (source >= 0) & (source < spatial[axis]))
        offsets.append(source * prod(spatial[axis + 1 :]))
    return combined(offsets, inside)
