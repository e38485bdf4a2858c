"""Valid uses of the operators that have plans, drawn by construction, and their naive values.

The naive values are loops over coordinates, written from the operators' statements and sharing
nothing with the index maps.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from gmpy2 import mpq
from hypothesis import strategies as st
from numpy.typing import NDArray

from refsem.ir.operators import Attribute, Op, Shape

Array = NDArray[np.object_]
Draw = Any


@dataclass(frozen=True)
class Case:
    """An operator, the shapes of its operands, its attributes."""

    op: Op
    shapes: tuple[Shape, ...]
    attributes: Mapping[str, Attribute]


def image(batch: int, channels: int, spatial: Sequence[int], layout: str) -> Shape:
    return {
        "NCHW": (batch, channels, *spatial),
        "NHWC": (batch, *spatial, channels),
        "CHW": (channels, *spatial),
    }[layout]


def to_nchw(value: Array, layout: str) -> Array:
    if layout == "CHW":
        return value[None]
    return np.moveaxis(value, -1, 1) if layout == "NHWC" else value


def from_nchw(value: Array, layout: str) -> Array:
    if layout == "CHW":
        return value[0]
    return np.moveaxis(value, 1, -1) if layout == "NHWC" else value


@st.composite
def windows(draw: Draw, rank: int) -> tuple[list[int], list[int], dict[str, Attribute]]:
    """Kernel, the lengths it needs before padding is taken off, strides, dilations and pads."""
    numbers = st.integers(1, 3)
    kernel = [draw(numbers) for _ in range(rank)]
    strides = tuple(draw(numbers) for _ in range(rank))
    dilations = tuple(draw(st.integers(1, 2)) for _ in range(rank))
    before = [draw(st.integers(0, k - 1)) for k in kernel]
    after = [draw(st.integers(0, k - 1)) for k in kernel]
    needed = [(k - 1) * d + 1 for k, d in zip(kernel, dilations, strict=True)]
    lengths = [n + draw(st.integers(0, 3)) for n in needed]
    pads = (*before, *after)
    return kernel, lengths, {"strides": strides, "dilations": dilations, "pads": pads}


@st.composite
def convolutions(draw: Draw, op: Op) -> Case:
    rank = draw(st.integers(1, 2))
    kernel, lengths, attributes = draw(windows(rank))
    layout = draw(st.sampled_from(("NCHW", "NHWC", "CHW")))
    groups, inner, outer = (draw(st.integers(1, 2)) for _ in range(3))
    batch = 1 if layout == "CHW" else draw(st.integers(1, 2))
    attributes |= {"layout": layout, "groups": groups}
    channels, out = groups * inner, groups * outer
    if op is Op.CONV:
        weight = (out, inner, *kernel)
    else:
        weight = (channels, outer, *kernel)
        below = zip(attributes["strides"], attributes["dilations"], strict=True)
        pads = tuple(draw(st.integers(0, max(pair) - 1)) for pair in below)
        attributes["output_pads"] = pads
    bias: tuple[Shape, ...] = ((out,),) if draw(st.booleans()) else ()
    shapes = (image(batch, channels, lengths, layout), weight, *bias)
    return Case(op, shapes, attributes)


@st.composite
def pools(draw: Draw, op: Op) -> Case:
    rank = draw(st.integers(1, 2))
    kernel, lengths, attributes = draw(windows(rank))
    # with dilation 1 and pads below the kernel every window covers an entry
    layout = draw(st.sampled_from(("NCHW", "NHWC", "CHW")))
    batch = 1 if layout == "CHW" else draw(st.integers(1, 2))
    attributes |= {"layout": layout, "kernel": tuple(kernel), "ceil": draw(st.integers(0, 1))}
    attributes["dilations"] = (1,) * rank
    if op is Op.AVERAGE_POOL:
        attributes["count_include_pad"] = draw(st.integers(0, 1))
    return Case(op, (image(batch, draw(st.integers(1, 2)), lengths, layout),), attributes)


@st.composite
def reductions(draw: Draw, op: Op) -> Case:
    least = 0 if op is Op.REDUCE_SUM else 1
    shape = tuple(draw(st.lists(st.integers(least, 3), max_size=4)))
    axes = draw(st.sets(st.integers(0, len(shape) - 1))) if shape else set()
    keep = draw(st.integers(0, 1))
    return Case(op, (shape,), {"axes": tuple(sorted(axes)), "keepdims": keep})


@st.composite
def rearrangements(draw: Draw, op: Op) -> Case:
    shape = tuple(draw(st.lists(st.integers(1, 3), min_size=1, max_size=3)))
    axis = draw(st.integers(0, len(shape) - 1))
    return DRAWN[op](draw, shape, axis)


def _expand(draw: Draw, shape: Shape, axis: int) -> Case:
    source = tuple(draw(st.sampled_from((1, length))) for length in shape)
    return Case(Op.EXPAND, (source[axis:],), {"shape": shape})


def _concat(draw: Draw, shape: Shape, axis: int) -> Case:
    lengths = draw(st.lists(st.integers(0, 3), min_size=1, max_size=3))
    shapes = tuple((*shape[:axis], n, *shape[axis + 1 :]) for n in lengths)
    return Case(Op.CONCAT, shapes, {"axis": axis})


def _slice(draw: Draw, shape: Shape, _axis: int) -> Case:
    starts, lengths, steps = [], [], []
    for length in shape:
        start, step = draw(st.integers(0, length - 1)), draw(st.sampled_from((1, 2, -1, -2)))
        room = (length - 1 - start) // step if step > 0 else start // -step
        starts.append(start)
        steps.append(step)
        lengths.append(draw(st.integers(0, room + 1)))
    attributes = {"starts": tuple(starts), "lengths": tuple(lengths), "steps": tuple(steps)}
    return Case(Op.SLICE, (shape,), attributes)


def _gather(draw: Draw, shape: Shape, axis: int) -> Case:
    target = tuple(draw(st.lists(st.integers(0, 2), max_size=2)))
    count = int(np.prod(target))
    indices = tuple(draw(st.integers(0, shape[axis] - 1)) for _ in range(count))
    return Case(Op.GATHER, (shape,), {"axis": axis, "indices": indices, "shape": target})


def _pad(draw: Draw, shape: Shape, _axis: int) -> Case:
    mode = draw(st.sampled_from(("constant", "reflect", "edge", "wrap")))
    pads: list[list[int]] = [[], []]
    for length in shape:
        most = {"reflect": length - 1, "wrap": length}.get(mode, 3)
        taken = draw(st.integers(0, length)) if mode == "constant" else 0
        for side in pads:
            crop = mode == "constant" and draw(st.booleans())
            side.append(-(taken // 2) if crop else draw(st.integers(0, most)))
    shapes = (shape, ()) if mode == "constant" else (shape,)
    return Case(Op.PAD, shapes, {"mode": mode, "pads": (*pads[0], *pads[1])})


def _tile(draw: Draw, shape: Shape, _axis: int) -> Case:
    repeats = tuple(draw(st.integers(0, 2)) for _ in shape)
    return Case(Op.TILE, (shape,), {"repeats": repeats})


def _transpose(draw: Draw, shape: Shape, _axis: int) -> Case:
    axes = tuple(draw(st.permutations(range(len(shape)))))
    return Case(Op.TRANSPOSE, (shape,), {"axes": axes})


def _reshape(draw: Draw, shape: Shape, axis: int) -> Case:
    target = (int(np.prod(shape[:axis])), int(np.prod(shape[axis:])))
    return Case(Op.RESHAPE, (shape,), {"shape": draw(st.sampled_from((target, shape[::-1])))})


DRAWN = {
    Op.EXPAND: _expand,
    Op.CONCAT: _concat,
    Op.SLICE: _slice,
    Op.GATHER: _gather,
    Op.PAD: _pad,
    Op.TILE: _tile,
    Op.TRANSPOSE: _transpose,
    Op.RESHAPE: _reshape,
}


@st.composite
def products(draw: Draw, op: Op) -> Case:
    rows, inner, columns = (draw(st.integers(0, 3)) for _ in range(3))
    if op is Op.GEMM:
        turned = draw(st.integers(0, 1)), draw(st.integers(0, 1))
        a = (inner, rows) if turned[0] else (rows, inner)
        b = (columns, inner) if turned[1] else (inner, columns)
        c = draw(st.sampled_from(((), (1,), (columns,), (rows, 1), (rows, columns))))
        flags: dict[str, Attribute] = {"transA": turned[0], "transB": turned[1]}
        return Case(op, (a, b, c), flags | {"alpha": mpq(3, 2), "beta": mpq(-1, 4)})
    batch = tuple(draw(st.lists(st.integers(1, 2), max_size=2)))
    left = (*(draw(st.sampled_from((1, n))) for n in batch), rows, inner)
    right = (*batch, inner, columns)
    if draw(st.booleans()):
        left, right = (*batch, rows, inner), (inner, columns)
    if draw(st.integers(0, 3)) == 0:
        left = left[-1:]
    elif draw(st.integers(0, 3)) == 0:
        right = right[-2:-1]
    return Case(op, (left, right), {})


CASES: Mapping[Op, st.SearchStrategy[Case]] = (
    {op: rearrangements(op) for op in DRAWN}
    | {op: convolutions(op) for op in (Op.CONV, Op.CONV_TRANSPOSE)}
    | {op: pools(op) for op in (Op.MAX_POOL, Op.AVERAGE_POOL)}
    | {op: products(op) for op in (Op.MATMUL, Op.GEMM)}
    | {op: reductions(op) for op in (Op.REDUCE_SUM, Op.REDUCE_MEAN, Op.REDUCE_MAX, Op.REDUCE_MIN)}
)


# naive values


def naive(case: Case, operands: Sequence[Array]) -> Array:  # noqa: PLR0911  a case an operator
    """The value, by loops over coordinates or numpy's own functions on Python numbers."""
    attributes = dict(case.attributes)
    match case.op:
        case Op.CONV:
            return naive_conv(operands, attributes)
        case Op.CONV_TRANSPOSE:
            return naive_conv_transpose(operands, attributes)
        case Op.MAX_POOL | Op.AVERAGE_POOL:
            return naive_pool(case.op, operands[0], attributes)
        case Op.MATMUL:
            return np.asarray(operands[0] @ operands[1], dtype=object)
        case Op.GEMM:
            a = operands[0].T if attributes["transA"] else operands[0]
            b = operands[1].T if attributes["transB"] else operands[1]
            return attributes["alpha"] * (a @ b) + attributes["beta"] * operands[2]
        case Op.REDUCE_SUM | Op.REDUCE_MEAN | Op.REDUCE_MAX | Op.REDUCE_MIN:
            return naive_reduction(case.op, operands[0], attributes)
        case _:
            return naive_rearrangement(case.op, operands, attributes)


def naive_reduction(op: Op, x: Array, attributes: dict[str, Any]) -> Array:
    axes, keep = attributes["axes"], bool(attributes["keepdims"])
    fold = {Op.REDUCE_MAX: np.max, Op.REDUCE_MIN: np.min}.get(op, np.sum)
    if not axes:
        return x
    total = np.asarray(fold(x, axis=axes, keepdims=keep), dtype=object)
    count = int(np.prod([x.shape[axis] for axis in axes]))
    return np.asarray(total * mpq(1, count), dtype=object) if op is Op.REDUCE_MEAN else total


def naive_rearrangement(  # noqa: PLR0911  a case an operator
    op: Op, operands: Sequence[Array], attributes: dict[str, Any]
) -> Array:
    x = operands[0]
    match op:
        case Op.EXPAND:
            return np.broadcast_to(x, attributes["shape"])
        case Op.RESHAPE:
            return x.reshape(attributes["shape"])
        case Op.TRANSPOSE:
            return x.transpose(attributes["axes"])
        case Op.CONCAT:
            return np.concatenate(operands, axis=attributes["axis"])
        case Op.TILE:
            return np.tile(x, attributes["repeats"])
        case Op.GATHER:
            indices = np.array(attributes["indices"], int).reshape(attributes["shape"])
            return np.asarray(np.take(x, indices, axis=attributes["axis"]), dtype=object)
        case Op.SLICE:
            starts, lengths, steps = (attributes[k] for k in ("starts", "lengths", "steps"))
            grid = [
                [a + i * s for i in range(n)]
                for a, n, s in zip(starts, lengths, steps, strict=True)
            ]
            return x[np.ix_(*[np.array(part, int) for part in grid])]
        case _:
            return naive_pad(operands, attributes)


def naive_pad(operands: Sequence[Array], attributes: dict[str, Any]) -> Array:
    x, pads = operands[0], attributes["pads"]
    before, after = pads[: x.ndim], pads[x.ndim :]
    shape = tuple(n + b + a for n, b, a in zip(x.shape, before, after, strict=True))
    result = np.empty(shape, dtype=object)
    for place in np.ndindex(shape):
        source = [c - b for c, b in zip(place, before, strict=True)]
        inside = all(0 <= c < n for c, n in zip(source, x.shape, strict=True))
        if attributes["mode"] == "constant":
            result[place] = x[tuple(source)] if inside else operands[1].ravel()[0]
        else:
            moved = [_back(c, n, attributes["mode"]) for c, n in zip(source, x.shape, strict=True)]
            result[place] = x[tuple(moved)]
    return result


def _back(coordinate: int, length: int, mode: str) -> int:
    if mode == "wrap":
        return coordinate % length
    if mode == "edge":
        return min(max(coordinate, 0), length - 1)
    if coordinate < 0:
        return -coordinate
    return coordinate if coordinate < length else 2 * (length - 1) - coordinate


def naive_conv(operands: Sequence[Array], attributes: dict[str, Any]) -> Array:
    x, w = to_nchw(operands[0], attributes["layout"]), operands[1]
    rank, groups = w.ndim - 2, attributes["groups"]
    strides, dilations, pads = (attributes[k] for k in ("strides", "dilations", "pads"))
    counts = [
        (x.shape[a + 2] + pads[a] + pads[rank + a] - (w.shape[a + 2] - 1) * dilations[a] - 1)
        // strides[a]
        + 1
        for a in range(rank)
    ]
    result = np.full((x.shape[0], w.shape[0], *counts), 0, dtype=object)
    for n, m, *o in np.ndindex(result.shape):
        group = m // (w.shape[0] // groups)
        for c, *d in np.ndindex(w.shape[1:]):
            at = [o[a] * strides[a] + d[a] * dilations[a] - pads[a] for a in range(rank)]
            if all(0 <= at[a] < x.shape[a + 2] for a in range(rank)):
                result[(n, m, *o)] += x[(n, group * w.shape[1] + c, *at)] * w[(m, c, *d)]
        if len(operands) == 3:
            result[(n, m, *o)] += operands[2][m]
    return from_nchw(result, attributes["layout"])


def naive_conv_transpose(operands: Sequence[Array], attributes: dict[str, Any]) -> Array:
    x, w = to_nchw(operands[0], attributes["layout"]), operands[1]
    rank, groups = w.ndim - 2, attributes["groups"]
    strides, dilations, pads = (attributes[k] for k in ("strides", "dilations", "pads"))
    extra = attributes["output_pads"]
    lengths = [
        (x.shape[a + 2] - 1) * strides[a]
        + (w.shape[a + 2] - 1) * dilations[a]
        + 1
        + extra[a]
        - pads[a]
        - pads[rank + a]
        for a in range(rank)
    ]
    result = np.full((x.shape[0], w.shape[1] * groups, *lengths), 0, dtype=object)
    for n, c, *q in np.ndindex(x.shape):
        group = c // (x.shape[1] // groups)
        for m, *d in np.ndindex(w.shape[1:]):
            at = [q[a] * strides[a] + d[a] * dilations[a] - pads[a] for a in range(rank)]
            if all(0 <= at[a] < lengths[a] for a in range(rank)):
                result[(n, group * w.shape[1] + m, *at)] += x[(n, c, *q)] * w[(c, m, *d)]
    if len(operands) == 3:
        result = result + operands[2].reshape(1, -1, *[1] * rank)
    return from_nchw(result, attributes["layout"])


def naive_pool(op: Op, value: Array, attributes: dict[str, Any]) -> Array:
    x = to_nchw(value, attributes["layout"])
    kernel, strides, pads = (attributes[k] for k in ("kernel", "strides", "pads"))
    rank = len(kernel)
    counts = []
    for a in range(rank):
        start, count = -pads[a], 0
        while start < x.shape[a + 2] and (count == 0 or _fits(start, a, x, attributes)):
            count, start = count + 1, start + strides[a]
        counts.append(count)
    result = np.empty((*x.shape[:2], *counts), dtype=object)
    for n, c, *o in np.ndindex(result.shape):
        entries, size = [], 0
        for d in product(*(range(k) for k in kernel)):
            at = [o[a] * strides[a] + d[a] - pads[a] for a in range(rank)]
            size += all(at[a] < x.shape[a + 2] + pads[rank + a] for a in range(rank))
            if all(0 <= at[a] < x.shape[a + 2] for a in range(rank)):
                entries.append(x[(n, c, *at)])
        if op is Op.MAX_POOL:
            result[(n, c, *o)] = max(entries)
        else:
            count = size if attributes["count_include_pad"] else len(entries)
            result[(n, c, *o)] = sum(entries) / mpq(count)
    return from_nchw(result, attributes["layout"])


def _fits(start: int, axis: int, x: Array, attributes: dict[str, Any]) -> bool:
    """Whether a window lies in the padded image: all of it, or in ceil mode some of it."""
    rank = len(attributes["kernel"])
    end = x.shape[axis + 2] + attributes["pads"][rank + axis]
    last = start + attributes["kernel"][axis] - 1
    # in ceil mode one window may hang over, as long as the one before did not reach the end
    before = last - attributes["strides"][axis]
    return bool(last < end or (attributes["ceil"] and before < end - 1))
