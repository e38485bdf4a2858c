"""The model against the kernel, flags included, on every 2^12-th pattern and around the grid.

    PYTHONPATH=tests python tests/kernel/model_sweep.py RECORD

asks every operation of one binary32 operand in every mode; the environments take turns by piece,
and the offset of the patterns differs by mode.
"""

import sys
from functools import partial
from pathlib import Path

import recorded
from kernel_operands import ENVIRONMENTS, GRID, on_arrays

from refsem.binary32.catalogue import Call, Kind
from refsem.kernel.catalogue import OPERATIONS, KernelOperation
from refsem.rounding import Mode

STEP = 1 << 12
PIECES = 16
ONE = [operation for operation in OPERATIONS if operation.model.operands == (Kind.BINARY32,)]


def patterns_of(piece: int, offset: int) -> list[int]:
    """The patterns of a piece: its share of every 2^12-th, and the grid with its neighbours."""
    share = (1 << 32) // PIECES
    spaced = range(piece * share + offset, (piece + 1) * share, STEP)
    return [*spaced, *((x + near) % (1 << 32) for x in GRID for near in (-1, 0, 1))]


def differences(
    operation: KernelOperation, mode: Mode, exact: bool, piece: int
) -> tuple[int, list[str]]:
    """How many patterns of a piece are asked, and those on which the two differ."""
    environment = ENVIRONMENTS[piece % len(ENVIRONMENTS)]
    patterns = patterns_of(piece, 613 * list(Mode).index(mode))
    answers = on_arrays(operation, mode, [(x,) for x in patterns], exact, environment)
    return len(patterns), [
        f"{x:08X}"
        for x, answer in zip(patterns, answers, strict=True)
        if answer != operation.model.evaluate(Call(mode, (x,), exact, environment))
    ]


SWEEP = {
    f"{operation.model.name} {mode.value}{' exact' if exact else ''}": partial(
        differences, operation, mode, exact
    )
    for operation in ONE
    for mode in (Mode if operation.model.moded else [Mode.RNE])
    for exact in ([False, True] if operation.model.exactness else [False])
}

if __name__ == "__main__":
    recorded.run(Path(sys.argv[1]), SWEEP, range(PIECES))
    print(recorded.summary(Path(sys.argv[1])))  # noqa: T201
