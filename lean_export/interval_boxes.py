"""Interval boxes in integers, rounded outward at every layer: what Lean is asked to check.

Untrusted: Lean's checker recomputes every row and compares. Ends are numerators over a scale, the
property's common denominator for the input and `SCALE` for everything after it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from lean_export.layers import Layer

UNIT = 2**149
"""What the values of patterns are multiples of, inverted."""
SCALE = 2**40
"""The denominator of every computed end: rounding it outward loses less than 10^-12 a layer."""

Ends = Sequence[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class IntegerBox:
    """A box whose ends are numerators over its scale."""

    scale: int
    ends: tuple[tuple[int, int], ...]


def propagated(layers: Sequence[Layer], start: IntegerBox) -> tuple[IntegerBox, ...]:
    """The start and the box after each layer; each contains the image of the one before."""
    boxes = [start]
    for layer in layers:
        before = boxes[-1]
        divisor = before.scale * UNIT
        ends = []
        for constant, *weights in layer.values():
            low = high = constant * before.scale
            for weight, (lower, upper) in zip(weights, before.ends, strict=True):
                low += weight * (lower if weight >= 0 else upper)
                high += weight * (upper if weight >= 0 else lower)
            end = (low * SCALE // divisor, -(-high * SCALE // divisor))
            ends.append((max(end[0], 0), max(end[1], 0)) if layer.relu else end)
        boxes.append(IntegerBox(SCALE, tuple(ends)))
    return tuple(boxes)
