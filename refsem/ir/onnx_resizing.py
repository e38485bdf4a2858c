"""Upsample and Resize of ONNX: nearest entries, along axes made longer a whole number of times.

Entry o of an axis made s times as long lies at o / s of the old one, or, counted by the middles of
entries, at (o + 1/2) / s - 1/2; what is nearest there is the mode's word. All of it is exact, and
becomes a gather an axis. Source: the operators' statements; before operator set 11 they leave open
what is nearest, and every s-th part of a whole multiple belongs to one entry.

Not here: other scales, where rounding in a run may choose another entry; averages of entries.
"""

from collections.abc import Sequence
from math import ceil, floor

from gmpy2 import mpq

from refsem.ir.onnx_application import Application, Applied, Meaning, Value
from refsem.ir.onnx_rearranging import axis_in
from refsem.ir.onnx_values import check_shape
from refsem.ir.operators import Op

_HALF = mpq(1, 2)


def upsample_attribute(node: Application) -> Meaning:
    """Upsample before version 9."""
    return _resized(node, node.numbers_attribute("scales"), "asymmetric", "floor")


def upsample_input(node: Application) -> Meaning:
    """Upsample of version 9, and Resize of version 10."""
    return _resized(node, node.numbers_input(1), "asymmetric", "floor")


def resize(node: Application) -> Meaning:
    """Resize from version 11 on, by scales or by sizes, perhaps along some axes only."""
    for name in ("exclude_outside", "antialias"):
        if node.flag(name):
            raise node.refusal(f"attribute {name!r} other than 0 is not supported")
    if (policy := node.word("keep_aspect_ratio_policy", "stretch")) != "stretch":
        raise node.refusal(f"keep_aspect_ratio_policy {policy!r} is not supported")
    shape = node.shape(0)
    axes = node.list_attribute("axes")
    axes = tuple(range(len(shape))) if axes is None else axes
    places = [axis_in(node, axis, len(shape), negative=True) for axis in axes]
    scales = [mpq(1)] * len(shape)
    given = _scales(node, [shape[axis] for axis in places])
    if len(given) != len(places) or len(set(places)) != len(places):
        raise node.refusal(f"{len(given)} scales or sizes for axes {list(axes)}")
    for axis, scale in zip(places, given, strict=True):
        scales[axis] = scale
    position = node.word("coordinate_transformation_mode", "half_pixel")
    return _resized(node, scales, position, node.word("nearest_mode", "round_prefer_floor"))


def _scales(node: Application, lengths: Sequence[int]) -> Sequence[mpq]:
    """The scales of axes of these lengths, stated or by the sizes wanted; a list is often empty."""
    scales = node.numbers_input(2) if node.given(2) else ()
    sizes = node.list_input(3) if node.given(3) else ()
    if bool(scales) == bool(sizes):
        raise node.refusal("either scales or sizes are expected")
    if scales:
        return scales
    if 0 in lengths or len(sizes) != len(lengths):
        raise node.refusal(f"sizes {list(sizes)} of axes of lengths {list(lengths)}")
    return [mpq(size, length) for size, length in zip(sizes, lengths, strict=True)]


def _resized(node: Application, scales: Sequence[mpq], position: str, nearest: str) -> Meaning:
    if (mode := node.word("mode", "nearest")) != "nearest":
        raise node.refusal(f"mode {mode!r} is not supported, 'nearest' is")
    shape = node.tensor(0).shape
    if len(scales) != len(shape):
        raise node.refusal(f"{len(scales)} scales for an input of shape {list(shape)}")
    for axis, scale in enumerate(scales):
        if scale.denominator != 1 or scale < 1:
            raise node.refusal(f"scale {scale} of axis {axis} is not a whole number")
    lengths = [length * int(scale) for length, scale in zip(shape, scales, strict=True)]
    check_shape(lengths, node.file, node.place)
    found: Applied | Value = node.tensor(0)
    for axis, scale in enumerate(scales):
        taken = _taken(node, (shape[axis], lengths[axis]), scale, position, nearest)
        if taken != tuple(range(shape[axis])):
            attributes = {"axis": axis, "indices": taken, "shape": (len(taken),)}
            found = Applied(Op.GATHER, (found,), attributes)
    return found if isinstance(found, Applied) else Applied(Op.IDENTITY, (found,), {})


def _taken(
    node: Application, lengths: tuple[int, int], scale: mpq, position: str, nearest: str
) -> tuple[int, ...]:
    """Which entry of the old axis each of the new one is."""
    old, new = lengths
    match position:
        case "asymmetric":
            places = [mpq(place) / scale for place in range(new)]
        case "half_pixel" | "pytorch_half_pixel":  # apart for a single entry, which stays here
            places = [(place + _HALF) / scale - _HALF for place in range(new)]
        case _:
            raise node.refusal(f"coordinate_transformation_mode {position!r} is not supported")
    match nearest:
        case "floor":
            whole = [floor(place) for place in places]
        case "ceil":
            whole = [ceil(place) for place in places]
        case "round_prefer_floor":
            whole = [ceil(place - _HALF) for place in places]
        case "round_prefer_ceil":
            whole = [floor(place + _HALF) for place in places]
        case _:
            raise node.refusal(f"nearest_mode {nearest!r} is not known")
    return tuple(min(max(int(place), 0), old - 1) for place in whole)
