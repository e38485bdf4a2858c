"""What a file of weights states: named tensors, of which the float32 ones have their patterns."""

from collections.abc import Mapping
from dataclasses import dataclass

from refsem.ir.graph import Bits
from refsem.ir.operators import Shape

FLOAT32 = "float32"


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
