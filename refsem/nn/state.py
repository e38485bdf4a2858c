"""What a file of weights states: named tensors, of which the float32 ones have their patterns."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

from refsem.ir.graph import Bits
from refsem.ir.operators import Shape

FLOAT32 = "float32"
LENGTHS_LIMIT = 2**40
"""How many entries a tensor may have, counted as if no length were zero."""


def too_long(shape: Shape) -> str:
    """What is wrong with a shape whose lengths no array has, however few its entries; or nothing.

    A tensor without entries may state lengths that are not made good by any data.
    """
    if prod(max(length, 1) for length in shape) <= LENGTHS_LIMIT:
        return ""
    return f"the lengths {list(shape)} are beyond what an array may have"


@dataclass(frozen=True, slots=True, eq=False)
class Stored:
    """One tensor: its element type, its shape, and its patterns if it is float32."""

    element: str
    shape: Shape
    bits: Bits | None


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """The tensors of a file, by name."""

    file: str
    tensors: Mapping[str, Stored]
