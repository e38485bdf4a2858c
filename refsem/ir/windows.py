"""Windows that slide over the spatial axes of an image: their geometry, shared by the operators.

Along an axis of length n with `before` and `after` added, a window of k entries, `dilation` apart,
covers e = (k − 1)·dilation + 1. Windows start at −before, `stride` apart; there are
⌊(n + before + after − e) / stride⌋ + 1 of them, or with `ceil` ⌈·⌉ + 1, of which those that
would start beyond n + before − 1 are left out (as PyTorch does, and ONNX states since version 22).

Layouts: "NCHW", "NHWC" and "CHW" stand for (batch, channels, spatial axes), (batch, spatial axes,
channels) and (channels, spatial axes), however many spatial axes there are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from refsem.ir.plans import ABSENT, Index, positions
from refsem.ir.shapes import Attributes, Shape, ShapeError, integers, one_each, word

LAYOUTS = ("NCHW", "NHWC", "CHW")


def image_axes(shape: Shape, layout: str) -> tuple[int, int, Shape]:
    """Batch size, channels and spatial lengths of an image tensor; `ShapeError` if it is none."""
    least = 2 if layout == "CHW" else 3
    if len(shape) < least:
        raise ShapeError(f"{list(shape)} has no spatial axes in layout {layout}")
    match layout:
        case "CHW":
            return 1, shape[0], shape[1:]
        case "NHWC":
            return shape[0], shape[-1], shape[1:-1]
        case _:
            return shape[0], shape[1], shape[2:]


def image_shape(batch: int, channels: int, spatial: Shape, layout: str) -> Shape:
    """The shape of an image tensor in a layout."""
    match layout:
        case "CHW":
            return (channels, *spatial)
        case "NHWC":
            return (batch, *spatial, channels)
        case _:
            return (batch, channels, *spatial)


def layout_of(attributes: Attributes) -> str:
    """The layout an operator's attributes state."""
    return word(attributes["layout"], LAYOUTS)


def channel_positions(shape: Shape, layout: str) -> Index:
    """The positions of an image's entries as an array (batch, channels, all spatial entries)."""
    batch, channels, spatial = image_axes(shape, layout)
    index = positions(shape)
    if layout == "NHWC":
        index = np.moveaxis(index, -1, 1)
    return index.reshape(batch, channels, prod(spatial))


def in_layout(index: Index, spatial: Shape, layout: str) -> Index:
    """An array (batch, channels, all spatial entries) as an image in a layout."""
    image = index.reshape(*index.shape[:2], *spatial)
    match layout:
        case "CHW":
            return np.asarray(image[0])
        case "NHWC":
            return np.moveaxis(image, 1, -1)
        case _:
            return image


@dataclass(frozen=True, slots=True)
class Windows:
    """Windows over some spatial axes; one entry an axis in every list."""

    lengths: Shape
    kernel: Shape
    strides: Shape
    dilations: Shape
    before: Shape
    after: Shape
    ceil: bool

    @property
    def counts(self) -> Shape:
        """How many windows there are along each axis; `ShapeError` where none fits."""
        return tuple(self._count(axis) for axis in range(len(self.lengths)))

    def _count(self, axis: int) -> int:
        padded = self.lengths[axis] + self.before[axis] + self.after[axis]
        room = padded - (self.kernel[axis] - 1) * self.dilations[axis] - 1
        stride = self.strides[axis]
        if room < 0:
            raise ShapeError(f"a window of {self.kernel[axis]} does not fit axis {axis}: {padded}")
        if not self.ceil:
            return room // stride + 1
        count = -(-room // stride) + 1
        beyond = (count - 1) * stride >= self.lengths[axis] + self.before[axis]
        return count - 1 if beyond else count

    def starts(self) -> list[Index]:
        """For each axis, the coordinates each window covers, relative to the image: (count, k)."""
        return [
            np.arange(count, dtype=np.int64)[:, None] * stride
            + np.arange(kernel, dtype=np.int64) * dilation
            - before
            for count, stride, kernel, dilation, before in zip(
                self.counts, self.strides, self.kernel, self.dilations, self.before, strict=True
            )
        ]

    def covered(self) -> Index:
        """For each window (row-major) the spatial positions it covers, `ABSENT` outside the image.

        The shape is (windows, entries of the kernel).
        """
        strides = [prod(self.lengths[axis + 1 :]) for axis in range(len(self.lengths))]
        offsets, inside = [], []
        for coordinate, length, stride in zip(self.starts(), self.lengths, strides, strict=True):
            offsets.append(coordinate * stride)
            inside.append((coordinate >= 0) & (coordinate < length))
        return combined(offsets, inside)

    def padded_sizes(self) -> Index:
        """For each window, how many of its entries lie in the image or its padding."""
        inside = [
            (coordinate < length + after).astype(np.int64).sum(axis=1)
            for coordinate, length, after in zip(
                self.starts(), self.lengths, self.after, strict=True
            )
        ]
        return np.asarray(reduce(np.multiply.outer, inside)).ravel()


def combined(offsets: Sequence[Index], inside: Sequence[npt.NDArray[np.bool_]]) -> Index:
    """Spatial positions from each axis' own part of them, `ABSENT` where an axis is outside."""
    return np.where(_every_pair(inside, np.logical_and), _every_pair(offsets, np.add), ABSENT)


def _every_pair(axes: Sequence[npt.NDArray[Any]], combine: np.ufunc) -> npt.NDArray[Any]:
    """Arrays (count, k) of each axis combined into one (product of counts, product of k)."""
    total = axes[0]
    for axis in axes[1:]:
        wide = combine(total[:, None, :, None], axis[None, :, None, :])
        total = wide.reshape(total.shape[0] * axis.shape[0], total.shape[1] * axis.shape[1])
    return total


def windows_of(spatial: Shape, kernel: Shape, attributes: Attributes, *, ceil: bool) -> Windows:
    """The windows that strides, dilations and pads describe; `ShapeError` where they do not."""
    rank = len(spatial)
    if len(kernel) != rank or min((*kernel, *spatial), default=1) < 1:
        raise ShapeError(f"a kernel of shape {list(kernel)} over spatial lengths {list(spatial)}")
    pads = one_each(attributes["pads"], 2 * rank, 0)
    strides = one_each(attributes["strides"], rank, 1)
    dilations = one_each(integers(attributes["dilations"]), rank, 1)
    return Windows(spatial, kernel, strides, dilations, pads[:rank], pads[rank:], ceil)
