"""Recipes for ONNX operators on images, and for those that rearrange entries."""

from collections.abc import Callable
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np
from hypothesis import strategies as st
from onnx_draws import FRACTIONS, SIDES, Draft, Recipe

FLAGS = st.integers(0, 1)
FAR = 2**31 - 1
POSITIONS = ["half_pixel", "pytorch_half_pixel", "asymmetric"]
NEAREST = ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"]
PADDINGS = ["NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"]
Build = Callable[[Draft], list[str]]


def window(d: Draft, *, dilated: bool, pool: bool) -> tuple[list[int], dict[str, Any]]:
    """A kernel and attributes under which it lies within the padded image.

    With SAME_UPPER and SAME_LOWER there are no dilations: onnxruntime refuses them for
    convolutions, and gives pools another shape than the operators' statement does.
    """
    spatial = d.shape[2:]
    kernel, dilations, before, after = [], [], [], []
    more = d.some(auto_pad=st.sampled_from(PADDINGS))
    mode = more.get("auto_pad", "NOTSET")
    padded = mode == "NOTSET" and d.yes()
    for length in spatial:
        k = d.draw(st.integers(1, min(3, length)))
        wide = dilated and not mode.startswith("SAME")
        apart = d.draw(st.integers(1, max(1, (length - 1) // max(k - 1, 1)))) if wide else 1
        most = k - 1 if pool else 2
        kernel.append(k)
        dilations.append(min(apart, 3))
        before.append(d.draw(st.integers(0, most)) if padded else 0)
        after.append(d.draw(st.integers(0, most)) if padded else 0)
    if padded:
        more["pads"] = [*before, *after]
    if any(apart > 1 for apart in dilations) or (dilated and d.yes()):
        more["dilations"] = dilations
    covers = [(k - 1) * apart + 1 for k, apart in zip(kernel, dilations, strict=True)]
    # a mode that pads to ⌈length / stride⌉ windows has less than nothing to add beyond this
    most = [min(3, cover) if mode.startswith("SAME") else 3 for cover in covers]
    more |= d.some(strides=st.tuples(*(st.integers(1, stride) for stride in most)).map(list))
    return kernel, more


def conv(d: Draft) -> list[str]:
    kernel, more = window(d, dilated=True, pool=False)
    channels = d.shape[1]
    group = d.draw(st.sampled_from([g for g in range(1, channels + 1) if channels % g == 0]))
    out = group * d.draw(st.integers(1, 2))
    if group > 1 or d.yes():
        more["group"] = group
    more |= d.some(kernel_shape=st.just(kernel))
    bias = [d.whole(out)] if d.yes() else []
    return d.add("Conv", d.value, d.whole(out, channels // group, *kernel), *bias, **more)


def conv_transpose(d: Draft) -> list[str]:
    channels, spatial = d.shape[1], d.shape[2:]
    count = len(spatial)
    group = d.draw(st.sampled_from([g for g in range(1, channels + 1) if channels % g == 0]))
    each = d.draw(st.integers(1, 2))
    lists = {
        name: d.draw(st.lists(st.integers(1, 3), min_size=count, max_size=count))
        for name in ("kernel", "strides", "dilations")
    }
    more: dict[str, Any] = {"group": group} if group > 1 or d.yes() else {}
    for name in ("strides", "dilations"):
        if d.yes():
            more[name] = lists[name]
        else:
            lists[name] = [1] * count
    extra = [d.draw(st.integers(0, stride - 1)) for stride in lists["strides"]]
    if any(extra):
        more["output_padding"] = extra
    sides = zip(spatial, lists["kernel"], lists["strides"], lists["dilations"], extra, strict=True)
    whole = [s * (n - 1) + e + (k - 1) * apart + 1 for n, k, s, apart, e in sides]
    more |= transposed_pads(d, lists["strides"], whole)
    more |= d.some(kernel_shape=st.just(lists["kernel"]))
    bias = [d.whole(each * group)] if d.yes() else []
    weights = d.whole(channels, each, *lists["kernel"])
    return d.add("ConvTranspose", d.value, weights, *bias, **more)


def transposed_pads(d: Draft, strides: list[int], whole: list[int]) -> dict[str, Any]:
    """Pads, an output shape, or a mode, under which something is left of the whole."""
    kind = d.draw(st.sampled_from(["none", "pads", "shape", "mode"]))
    if kind == "pads":
        before = [d.draw(st.integers(0, min(2, n - 1))) for n in whole]
        after = [
            d.draw(st.integers(0, min(2, n - 1 - b))) for n, b in zip(whole, before, strict=True)
        ]
        return {"pads": [*before, *after]}
    if kind == "shape":
        left = [n - d.draw(st.integers(0, min(3, n - 1))) for n in whole]
        return {"output_shape": left} | d.some(auto_pad=st.sampled_from(PADDINGS[2:]))
    same = [n * s for n, s in zip(d.shape[2:], strides, strict=True)]
    fits = all(total >= length for total, length in zip(whole, same, strict=True))
    if kind == "mode":
        return {"auto_pad": d.draw(st.sampled_from(PADDINGS if fits else PADDINGS[:2]))}
    return {}


def pool(op: str) -> Build:
    def build(d: Draft) -> list[str]:
        dilated = d.opset >= (10 if op == "MaxPool" else 19)
        kernel, more = window(d, dilated=dilated, pool=True)
        if d.opset >= 10:
            more |= d.some(ceil_mode=FLAGS)
        if op == "MaxPool" and d.opset >= 8:
            more |= d.some(storage_order=FLAGS)
        if op == "AveragePool" and d.opset >= 7:
            more |= d.some(count_include_pad=FLAGS)
        return d.add(op, d.value, kernel_shape=kernel, **more)

    return build


def batch_norm(d: Draft) -> list[str]:
    more = d.some(epsilon=FRACTIONS, momentum=FRACTIONS)
    if d.opset < 7:
        more["is_test"] = 1
    if d.opset < 9:
        more |= d.some(spatial=st.just(1))
    if d.opset >= 14:
        more |= d.some(training_mode=st.just(0))
    channels = d.shape[1]
    scale, shift, mean, variance = (d.whole(channels) for _ in range(4))
    d.constants[variance] = np.abs(d.constants[variance]) + np.float32(0.5)
    return d.add("BatchNormalization", d.value, scale, shift, mean, variance, **more)


# rearranging


def transpose(d: Draft) -> list[str]:
    return d.add("Transpose", d.value, **d.some(perm=st.permutations(range(len(d.shape)))))


def flatten(d: Draft) -> list[str]:
    rank = len(d.shape)
    least = -rank if d.opset >= 11 else 0
    return d.add("Flatten", d.value, **d.some(axis=st.integers(least, rank)))


def reshape(d: Draft) -> list[str]:
    """The axes merged or swapped, one of the lengths perhaps −1 or, where it stays, 0."""
    cut = d.draw(st.integers(0, len(d.shape)))
    target = [*d.shape[:cut], prod(d.shape[cut:])] if d.yes() else list(reversed(d.shape))
    for place, length in enumerate(target):
        if place < len(d.shape) and d.shape[place] == length and d.yes():
            target[place] = 0
    zero_kept = False
    if target and d.yes():
        target[d.draw(st.integers(0, len(target) - 1))] = -1
    elif 0 not in target:
        zero_kept = True
    if d.opset < 5:
        return d.add("Reshape", d.value, shape=target)
    more = d.some(allowzero=st.just(1)) if d.opset >= 14 and zero_kept else {}
    return d.add("Reshape", d.value, d.integers(*target), **more)


def kept_zero(d: Draft) -> list[str]:
    """The value in one row, below rows of a tensor without entries that keeps its 0."""
    size = prod(d.shape)
    (row,) = d.add("Reshape", d.value, d.integers(1, size))
    nothing = d.constant(np.zeros((0, size)))
    (turned,) = d.add("Reshape", nothing, d.integers(size, 0), allowzero=1)
    return d.add("Concat", *d.add("Transpose", turned), row, axis=0)


def squeeze(d: Draft) -> list[str]:
    places = d.draw(st.lists(st.integers(0, len(d.shape)), max_size=2, unique=True))
    longer = list(d.shape)
    for place in sorted(places):
        longer.insert(place, 1)
    target = [d.integers(*longer)] if d.opset >= 5 else []
    (value,) = d.add("Reshape", d.value, *target, **({} if target else {"shape": longer}))
    ones = [axis for axis, length in enumerate(longer) if length == 1]
    taken = d.draw(st.lists(st.sampled_from(ones), unique=True)) if ones else []
    if not taken:
        return d.add("Squeeze", value)
    axes = d.signed(taken if d.opset >= 11 else sorted(taken), len(longer), 11)
    if d.opset < 13:
        return d.add("Squeeze", value, axes=axes)
    return d.add("Squeeze", value, d.integers(*axes))


def unsqueeze(d: Draft) -> list[str]:
    count = d.draw(st.integers(1, 2))
    rank = len(d.shape) + count
    places = d.draw(st.permutations(range(rank)))[:count]
    axes = d.signed(places if d.opset >= 11 else sorted(places), rank, 11)
    if d.opset < 13:
        return d.add("Unsqueeze", d.value, axes=axes)
    return d.add("Unsqueeze", d.value, d.integers(*axes))


def concat(d: Draft) -> list[str]:
    axis = d.axis(negative_since=11)
    others = []
    for _ in range(d.draw(st.integers(0, 2))):
        shape = list(d.shape)
        shape[axis] = d.draw(SIDES)
        others.append(d.value if d.yes() else d.whole(*shape))
    more = {} if d.opset < 4 and axis == 1 and d.yes() else {"axis": axis}
    return d.add("Concat", *d.draw(st.permutations([d.value, *others])), **more)


def expand(d: Draft) -> list[str]:
    target = list(d.broadcastable())
    for axis, length in enumerate(target):
        if d.shape[axis - len(target)] == 1 and length == 1 and d.yes():
            target[axis] = d.draw(SIDES)
    if len(target) == len(d.shape) and d.yes():
        target.insert(0, d.draw(SIDES))
    return d.add("Expand", d.value, d.integers(*target))


def tile(d: Draft) -> list[str]:
    return d.add("Tile", d.value, d.integers(*(d.draw(st.integers(1, 3)) for _ in d.shape)))


def gather(d: Draft) -> list[str]:
    axis = d.axis() if d.yes() else 0
    length = d.shape[axis]
    least = -length if d.opset >= 11 else 0
    shape = d.draw(st.lists(st.integers(1, 3), max_size=2))
    entries = st.lists(st.integers(least, length - 1), min_size=prod(shape), max_size=prod(shape))
    indices = d.constant(np.reshape(d.draw(entries), shape), np.int64)
    return d.add("Gather", d.value, indices, **({"axis": axis} if axis else {}))


def bounds(d: Draft, length: int, step: int) -> tuple[int, int]:
    """Ends of a slice with entries, near or far, counted from either side."""
    low = d.draw(st.integers(0, length - 1))
    high = d.draw(st.integers(low + 1, length))
    if step > 0:
        starts = [low, low - length, *([-FAR] if low == 0 else [])]
        ends = [high, *([high - length] if high < length else [FAR])]
    else:
        starts = [high - 1, high - 1 - length, *([FAR] if high == length else [])]
        ends = [*([low - 1, low - 1 - length] if low else [-FAR])]
    return d.draw(st.sampled_from(starts)), d.draw(st.sampled_from(ends))


def slices(d: Draft) -> list[str]:
    axes = d.axes()
    stepped = d.opset >= 10 and d.yes()
    if d.opset < 10:
        axes = sorted(axis % len(d.shape) for axis in axes)
    named = axes != list(range(len(axes))) or d.yes()
    steps = [d.draw(st.sampled_from([-2, -1, 1, 2])) if stepped else 1 for _ in axes]
    ends = [bounds(d, d.shape[axis], step) for axis, step in zip(axes, steps, strict=True)]
    starts, stops = [low for low, _ in ends], [high for _, high in ends]
    if d.opset < 10:
        more = {"axes": axes} if named else {}
        return d.add("Slice", d.value, starts=starts, ends=stops, **more)
    lists = [starts, stops, *([axes] if named or stepped else [])]
    names = [d.integers(*values) for values in lists]
    return d.add("Slice", d.value, *names, *([d.integers(*steps)] if stepped else []))


def split(d: Draft) -> list[str]:
    axis = d.axis(negative_since=11)
    length = d.shape[axis]
    more: dict[str, Any] = {"axis": axis} if axis or d.yes() else {}
    if d.yes():
        cut = d.draw(st.lists(st.integers(0, length), max_size=2))
        places = [0, *sorted(cut), length]
        lengths = [b - a for a, b in pairwise(places)]
        if d.opset < 13:
            return d.add("Split", d.value, count=len(lengths), split=lengths, **more)
        names = d.value, d.integers(*lengths)
        return d.add("Split", *names, count=len(lengths), **more)
    if d.opset >= 18:
        counts = [n for n in range(1, length + 1) if -(-length // n) * (n - 1) < length]
        count = d.draw(st.sampled_from(counts))
        return d.add("Split", d.value, count=count, num_outputs=count, **more)
    count = d.draw(st.sampled_from([n for n in range(1, length + 1) if length % n == 0]))
    return d.add("Split", d.value, count=count, **more)


def pad(d: Draft) -> list[str]:
    modes = ["constant", "edge", "reflect", *(["wrap"] if d.opset >= 19 else [])]
    more = d.some(mode=st.sampled_from(modes))
    mode = more.get("mode", "constant")
    axes = list(range(len(d.shape)))
    named = d.opset >= 18 and d.yes()
    if named:
        axes = d.axes()
    ends: list[int] = []
    for axis in (*axes, *axes):
        most = {"constant": 2, "edge": 2}.get(mode, min(2, d.shape[axis] - 1))
        ends.append(d.draw(st.integers(0, most)))
    if d.opset < 11:
        return d.add("Pad", d.value, pads=ends, **more, **d.some(value=st.just(0.0)))
    inputs = [d.integers(*ends)]
    if mode == "constant" and d.yes():
        inputs.append(d.whole())
    elif named:
        inputs.append("")
    return d.add("Pad", d.value, *inputs, *([d.integers(*axes)] if named else []), **more)


def upsample(d: Draft) -> list[str]:
    scales = [float(d.draw(st.integers(1, 3))) for _ in d.shape]
    more = d.some(mode=st.just("nearest"))
    if d.opset < 9:
        return d.add("Upsample", d.value, scales=scales, **more)
    return d.add("Upsample", d.value, d.constant(scales), **more)


def resize(d: Draft) -> list[str]:
    """Whole scales, or the sizes that are those."""
    more = d.some(mode=st.just("nearest"))
    axes = list(range(len(d.shape)))
    if d.opset >= 18:
        axes = d.axes() if d.yes() else axes
        if axes != list(range(len(axes))) or len(axes) < len(d.shape) or d.yes():
            more["axes"] = axes
        more |= d.some(antialias=st.just(0), keep_aspect_ratio_policy=st.just("stretch"))
    scales = [d.draw(st.integers(1, 4)) for _ in axes]
    if d.opset < 11:
        return d.add("Resize", d.value, d.constant([float(s) for s in scales]), **more)
    more |= d.some(
        coordinate_transformation_mode=st.sampled_from(POSITIONS),
        nearest_mode=st.sampled_from(NEAREST),
        cubic_coeff_a=FRACTIONS,
        exclude_outside=st.just(0),
        extrapolation_value=FRACTIONS,
    )
    roi = d.constant([])
    if d.yes():
        return d.add("Resize", d.value, roi, d.constant([float(s) for s in scales]), **more)
    sizes = d.integers(*(d.shape[axis] * s for axis, s in zip(axes, scales, strict=True)))
    return d.add("Resize", d.value, roi, d.constant([]), sizes, **more)


def whole_pool(op: str) -> Build:
    return lambda d: d.add(op, d.value)


IMAGES: tuple[Recipe, ...] = (
    Recipe("Conv", conv, ranks=(3, 4)),
    Recipe("ConvTranspose", conv_transpose, ranks=(3, 4)),
    Recipe("MaxPool", pool("MaxPool"), ranks=(3, 4)),
    Recipe("AveragePool", pool("AveragePool"), ranks=(3, 4), rounds=True),
    Recipe("GlobalMaxPool", whole_pool("GlobalMaxPool"), ranks=(3, 4)),
    Recipe("GlobalAveragePool", whole_pool("GlobalAveragePool"), ranks=(3, 4), rounds=True),
    Recipe("BatchNormalization", batch_norm, ranks=(2, 4), rounds=True),
)

REARRANGING: tuple[Recipe, ...] = (
    Recipe("Transpose", transpose, ranks=(1, 4)),
    Recipe("Flatten", flatten, ranks=(1, 4)),
    Recipe("Reshape", reshape, ranks=(1, 4)),
    Recipe("Reshape", kept_zero, ranks=(1, 3), since=14),
    Recipe("Squeeze", squeeze, ranks=(1, 2)),
    Recipe("Unsqueeze", unsqueeze, ranks=(0, 3)),
    Recipe("Concat", concat, ranks=(1, 3)),
    Recipe("Expand", expand, ranks=(0, 3)),
    Recipe("Tile", tile, ranks=(1, 3)),
    Recipe("Gather", gather, ranks=(1, 3)),
    Recipe("Slice", slices, ranks=(1, 3)),
    Recipe("Split", split, ranks=(1, 3)),
    Recipe("Pad", pad, ranks=(1, 3)),
    Recipe("Upsample", upsample, ranks=(1, 4), until=9),
    Recipe("Resize", resize, ranks=(1, 4)),
)
