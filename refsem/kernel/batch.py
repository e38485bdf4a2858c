"""Applying scalar functions to arrays: compiled where numba is installed, else one by one.

Both ways run the same source (`refsem.kernel.packing` says why they agree) and tests compare them.
Large arrays are handed out to the processor's cores in pieces: elements do not depend on each
other, and the result does not depend on the split.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from refsem.kernel import compilation, loops
from refsem.kernel.loops import Array, Scalar

WORTH_COMPILING = 256
"""Elements from which loading compiled code can pay."""
PIECE = 1 << 16
"""Elements a thread takes at a time: enough to hide the cost of handing them out."""

_TEMPLATES = {
    (1, 2): loops.unary,
    (2, 2): loops.binary,
    (3, 2): loops.ternary,
    (1, 3): loops.unary_wide,
}
"""By numbers of operands and of results, flags included."""


def interpreted(
    operation: Scalar, setting: int, operands: Sequence[Array], results: Sequence[Array]
) -> None:
    """Fill the flat results with the operation on the flat operands, one by one."""
    columns = [operand.tolist() for operand in operands]
    for place, arguments in enumerate(zip(*columns, strict=True)):
        for result, value in zip(results, operation(setting, *arguments), strict=True):
            result[place] = value


def in_pieces(run: Callable[[slice], None], size: int, piece: int) -> None:
    """Run on every slice of `piece` places out of `size`, on all cores if there are several."""
    pieces = [slice(start, start + piece) for start in range(0, size, piece)]
    if len(pieces) <= 1:
        for only in pieces:
            run(only)
        return
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(run, pieces))


def compiled(
    operation: Scalar, setting: int, operands: Sequence[Array], results: Sequence[Array]
) -> None:
    """Fill the flat results with the operation on the flat operands, by a compiled loop."""
    loop = compilation.compiled(_TEMPLATES[len(operands), len(results)], operation)

    def run(piece: slice) -> None:
        loop(setting, *(array[piece] for array in (*operands, *results)))

    in_pieces(run, results[0].size, PIECE)


def apply(
    operation: Scalar, setting: int, operands: Sequence[Array], words: int
) -> tuple[list[Array], Array]:
    """The result words (uint32) and the flags (uint8) of the operation on broadcast operands."""
    spread = np.broadcast_arrays(*operands)
    shape = spread[0].shape
    flat = [np.ascontiguousarray(operand).reshape(-1) for operand in spread]
    size = flat[0].size
    results = [np.empty(size, np.uint32) for _ in range(words)]
    flags = np.empty(size, np.uint8)
    if size >= WORTH_COMPILING and compilation.available():
        compiled(operation, setting, flat, [*results, flags])
    else:
        interpreted(operation, setting, flat, [*results, flags])
    return [result.reshape(shape) for result in results], flags.reshape(shape)
