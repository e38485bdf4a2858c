"""Arrays of binary32 patterns made simple: zeros and short significands wherever that will do."""

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from refsem.kernel.loops import Array

Inputs = Mapping[str, Array]
"""Arrays of patterns by name."""

MOST_TRIES = 400
_SHORTER = (0x00000000, 0xFFFF0000, 0xFF800000)
"""What is kept of a pattern: nothing, a bfloat16 value, the power of two."""


def simple(inputs: Inputs, still: Callable[[Inputs], bool]) -> Inputs:
    """Inputs no less simple for which `still` holds, as it does for those given."""
    best, tries = inputs, 0
    improved = True
    while improved and tries < MOST_TRIES:
        improved = False
        for other in _simpler(best):
            tries += 1
            if complexity(other) < complexity(best) and still(other):
                best, improved = other, True
                break
            if tries >= MOST_TRIES:
                break
    return best


def complexity(inputs: Inputs) -> int:
    """Bits that are set, exponents aside."""
    return sum(
        (pattern & 0x7FFFFF).bit_count() + (8 if pattern & 0x7FFFFFFF else 0)
        for array in inputs.values()
        for pattern in array.reshape(-1).tolist()
    )


def _simpler(inputs: Inputs) -> Iterator[Inputs]:
    """The inputs with halves, then quarters, and at last single entries, replaced."""
    for name, array in inputs.items():
        flat = array.reshape(-1)
        width = max(1, flat.size // 2)
        while flat.size:
            for start in range(0, flat.size, width):
                for kept in _SHORTER:
                    changed = flat.copy()
                    changed[start : start + width] &= np.uint32(kept)
                    yield {**inputs, name: changed.reshape(array.shape)}
            if width == 1:
                break
            width //= 2
