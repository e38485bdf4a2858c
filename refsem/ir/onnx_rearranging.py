"""ONNX operators that rearrange entries, as operators of the catalogue.

Axes are counted from the front; a shape, a list of axes or an index must be a constant. Flatten,
squeeze and unsqueeze become reshapes, split becomes slices.
"""

from collections.abc import Callable, Sequence
from math import prod

from gmpy2 import mpq

from refsem.ir.onnx_application import Application, Applied, Meaning, Value
from refsem.ir.onnx_values import RANK_LIMIT, check_shape
from refsem.ir.operators import Op, Shape
from refsem.ir.shapes import ShapeError, broadcast

Translator = Callable[[Application], Meaning]
SPLIT_LIMIT = 2**12
"""Into how many pieces a tensor may be split."""


def moved(node: Application, op: Op, attributes: dict[str, object], *others: Value) -> Applied:
    """The first input, of any element type, rearranged."""
    operand = node.value(0)
    return Applied(op, (operand, *others), attributes, node.element(0))


def axis_in(node: Application, axis: int, end: int, *, negative: bool) -> int:
    """An axis below `end`, counted from the end where it is negative and that is allowed."""
    if not (-end if negative else 0) <= axis < end:
        raise node.refusal(f"axis {axis} is out of range")
    return axis % end


def distinct_axes(
    node: Application, axes: tuple[int, ...], end: int, *, negative: bool
) -> set[int]:
    """Distinct axes; none at all is refused, since what it means is disputed."""
    found = {axis_in(node, axis, end, negative=negative) for axis in axes}
    if not found or len(found) != len(axes):
        raise node.refusal(f"axes {list(axes)} are empty or not distinct")
    return found


def transpose(node: Application) -> Meaning:
    """The axes permuted, or reversed."""
    reverse = tuple(reversed(range(len(node.shape(0)))))
    axes = node.list_attribute("perm")
    return moved(node, Op.TRANSPOSE, {"axes": reverse if axes is None else axes})


def reshaped(node: Application, shape: Sequence[int]) -> Meaning:
    """The first input in another shape."""
    target = check_shape(shape, node.file, node.place)
    return moved(node, Op.RESHAPE, {"shape": target})


def flatten(*, negative: bool) -> Translator:
    """Two dimensions: those before the axis, and the rest."""

    def translate(node: Application) -> Meaning:
        shape = node.shape(0)
        axis = node.integer("axis", 1)
        if axis != len(shape):  # the rank itself is allowed here, and leaves one column
            axis = axis_in(node, axis, len(shape), negative=negative)
        return reshaped(node, (prod(shape[:axis]), prod(shape[axis:])))

    return translate


def reshape_attribute(node: Application) -> Meaning:
    """Reshape before version 5."""
    target = node.list_attribute("shape")
    if target is None:
        raise node.refusal("attribute 'shape' is missing")
    return reshaped(node, _reshape_target(node, target, keep_zero=False))


def reshape_input(node: Application) -> Meaning:
    """Reshape to a constant shape."""
    keep_zero = node.flag("allowzero") == 1
    return reshaped(node, _reshape_target(node, node.list_input(1), keep_zero=keep_zero))


def _reshape_target(node: Application, target: tuple[int, ...], *, keep_zero: bool) -> Shape:
    """The shape meant: 0 copies the operand's dimension unless kept, one -1 is what is left."""
    shape = node.shape(0)
    if not keep_zero and any(length == 0 for length in target[len(shape) :]):
        raise node.refusal(f"shape {list(target)} copies a dimension {list(shape)} has not")
    lengths = [
        shape[axis] if length == 0 and not keep_zero else length
        for axis, length in enumerate(target)
    ]
    if -1 not in lengths:
        return tuple(lengths)
    rest = prod(length for length in lengths if length != -1)
    if lengths.count(-1) > 1 or rest <= 0 or prod(shape) % rest:
        raise node.refusal(f"shape {list(target)} does not determine -1 for {list(shape)}")
    return tuple(prod(shape) // rest if length == -1 else length for length in lengths)


def squeeze(node: Application, axes: tuple[int, ...] | None, *, negative: bool) -> Meaning:
    """Without these axes of length 1, or without any."""
    shape = node.shape(0)
    if axes is None:
        return reshaped(node, [length for length in shape if length != 1])
    dropped = distinct_axes(node, axes, len(shape), negative=negative)
    for axis in sorted(dropped):
        if shape[axis] != 1:
            raise node.refusal(f"axis {axis} of {list(shape)} has length {shape[axis]}, not 1")
    return reshaped(node, [length for axis, length in enumerate(shape) if axis not in dropped])


def squeeze_attribute(*, negative: bool) -> Translator:
    """Squeeze before version 13."""
    return lambda node: squeeze(node, node.list_attribute("axes"), negative=negative)


def squeeze_input(node: Application) -> Meaning:
    """Squeeze from version 13 on."""
    return squeeze(node, node.list_input(1) if node.given(1) else None, negative=True)


def unsqueeze(node: Application, axes: tuple[int, ...] | None, *, negative: bool) -> Meaning:
    """With axes of length 1 added."""
    if axes is None:
        raise node.refusal("attribute 'axes' is missing")
    rest = iter(node.shape(0))
    rank = len(node.shape(0)) + len(axes)
    added = distinct_axes(node, axes, rank, negative=negative)
    return reshaped(node, [1 if axis in added else next(rest) for axis in range(rank)])


def unsqueeze_attribute(*, negative: bool) -> Translator:
    """Unsqueeze before version 13."""
    return lambda node: unsqueeze(node, node.list_attribute("axes"), negative=negative)


def unsqueeze_input(node: Application) -> Meaning:
    """Unsqueeze from version 13 on."""
    return unsqueeze(node, node.list_input(1), negative=True)


def concat(*, negative: bool, otherwise: int | None) -> Translator:
    """The inputs one after another along an axis."""

    def translate(node: Application) -> Meaning:
        if otherwise is None and "axis" not in node.attributes:
            raise node.refusal("attribute 'axis' is missing")
        axis = node.integer("axis", otherwise or 0)
        axis = axis_in(node, axis, len(node.shape(0)), negative=negative)
        operands = node.of_one_type(*range(len(node.operands)))
        return Applied(Op.CONCAT, operands, {"axis": axis}, node.element(0))

    return translate


def expand(node: Application) -> Meaning:
    """Broadcast with a constant shape, in both directions."""
    target = check_shape(node.list_input(1), node.file, node.place)
    try:
        return moved(node, Op.EXPAND, {"shape": broadcast((node.shape(0), target), {})})
    except ShapeError as error:
        raise node.refusal(str(error)) from error


def tile(node: Application) -> Meaning:
    """Repeated along each axis."""
    return moved(node, Op.TILE, {"repeats": node.list_input(1)})


def gather(*, negative: bool) -> Translator:
    """The slices that constant indices name."""

    def translate(node: Application) -> Meaning:
        axis = axis_in(node, node.integer("axis", 0), len(node.shape(0)), negative=True)
        length, indices = node.shape(0)[axis], node.integer_input(1).values
        found = []
        for index in indices.ravel().tolist():
            if not (-length if negative else 0) <= index < length:
                raise node.refusal(f"index {index} into an axis of length {length}")
            found.append(index % length)
        attributes = {"axis": axis, "indices": tuple(found), "shape": indices.shape}
        return moved(node, Op.GATHER, attributes)

    return translate


# slices


def slice_attributes(node: Application) -> Meaning:
    """Slice before version 10."""
    starts, ends = node.list_attribute("starts"), node.list_attribute("ends")
    if starts is None or ends is None:
        raise node.refusal("attributes 'starts' and 'ends' are needed")
    return _sliced(node, starts, ends, node.list_attribute("axes"), None)


def slice_inputs(node: Application) -> Meaning:
    """Slice by constant starts, ends, axes and steps."""
    axes = node.list_input(3) if node.given(3) else None
    steps = node.list_input(4) if node.given(4) else None
    return _sliced(node, node.list_input(1), node.list_input(2), axes, steps)


def _sliced(
    node: Application,
    starts: tuple[int, ...],
    ends: tuple[int, ...],
    axes: tuple[int, ...] | None,
    steps: tuple[int, ...] | None,
) -> Meaning:
    shape = node.shape(0)
    axes = tuple(range(len(starts))) if axes is None else axes
    steps = (1,) * len(starts) if steps is None else steps
    if not len(starts) == len(ends) == len(axes) == len(steps) or 0 in steps:
        raise node.refusal("starts, ends, axes and steps (none 0) of different lengths")
    places = [axis_in(node, axis, len(shape), negative=True) for axis in axes]
    if len(set(places)) != len(places):
        raise node.refusal(f"axes {list(axes)} are not distinct")
    first, lengths, apart = [0] * len(shape), list(shape), [1] * len(shape)
    for axis, *bounds in zip(places, starts, ends, steps, strict=True):
        taken = range(*slice(*bounds).indices(shape[axis]))
        first[axis], lengths[axis], apart[axis] = taken.start, len(taken), taken.step
    return _piece(node, first, lengths, apart)


def _piece(node: Application, starts: list[int], lengths: list[int], steps: list[int]) -> Applied:
    # nothing is taken from an axis of length 0, wherever the slice was said to start
    starts = [start if length else 0 for start, length in zip(starts, lengths, strict=True)]
    attributes = {"starts": tuple(starts), "lengths": tuple(lengths), "steps": tuple(steps)}
    return moved(node, Op.SLICE, dict(attributes))


def split(node: Application) -> tuple[Meaning, ...]:
    """Consecutive slices: of stated lengths, or of one length and perhaps a shorter last."""
    shape = node.shape(0)
    axis = axis_in(node, node.integer("axis", 0), len(shape), negative=True)
    lengths = (
        node.list_input(1, SPLIT_LIMIT)
        if node.given(1)
        else node.list_attribute("split", SPLIT_LIMIT)
    )
    if lengths is None:
        count = node.integer("num_outputs", node.outputs)
        each = -(-shape[axis] // max(count, 1))
        uneven = shape[axis] % max(count, 1) != 0
        if count != node.outputs or (uneven and "num_outputs" not in node.attributes):
            raise node.refusal(f"{shape[axis]} entries do not split into {node.outputs} outputs")
        lengths = (*[each] * (count - 1), shape[axis] - each * (count - 1))
    if sum(lengths) != shape[axis] or len(lengths) != node.outputs or min(lengths) < 0:
        raise node.refusal(f"{list(lengths)} do not split {shape[axis]} into {node.outputs}")
    pieces, start = [], 0
    for length in lengths:
        starts, taken = [0] * len(shape), list(shape)
        starts[axis], taken[axis] = start, length
        pieces.append(_piece(node, starts, taken, [1] * len(shape)))
        start += length
    return tuple(pieces)


# padding


def pad_attributes(node: Application) -> Meaning:
    """Pad before version 11."""
    pads = node.list_attribute("pads", 2 * RANK_LIMIT)
    if pads is None:
        raise node.refusal("attribute 'pads' is missing")
    if node.number("value", mpq(0)) != 0:
        raise node.refusal("attribute 'value' other than 0 is not supported")
    return _padded(node, pads, node.zero)


def pad_inputs(node: Application) -> Meaning:
    """Pad by constant pads, perhaps of some axes only."""
    pads = node.list_input(1, 2 * RANK_LIMIT)
    shape = node.shape(0)
    if node.given(3):
        axes = [axis_in(node, axis, len(shape), negative=True) for axis in node.list_input(3)]
        if len(set(axes)) != len(axes) or len(pads) != 2 * len(axes):
            raise node.refusal(f"{len(pads)} pads for axes {axes}")
        whole = [0] * (2 * len(shape))
        for place, axis in enumerate(axes):
            whole[axis], whole[axis + len(shape)] = pads[place], pads[place + len(axes)]
        pads = tuple(whole)
    return _padded(node, pads, node.of_one_type(0, 2)[1] if node.given(2) else node.zero)


def _padded(node: Application, pads: tuple[int, ...], value: Value) -> Meaning:
    mode = node.word("mode", "constant")
    others = (value,) if mode == "constant" else ()
    return moved(node, Op.PAD, {"mode": mode, "pads": pads}, *others)
