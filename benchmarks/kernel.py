"""The kernel beside softfloatpy, and the model beside PyMPF, in one run.

    python benchmarks/kernel.py [ELEMENTS]

Both sides of a ratio get the same operands, drawn from a normal distribution, and are timed in
turn, best of several rounds, for add, mul, div, sqrt and fma in the five modes. The kernel answers
arrays of bits and flags on all cores; softfloatpy runs in its fastest form, a C loop over prepared
objects that reads no flags. The results must agree bit for bit. A peer that is not installed is
skipped by name.
"""

import importlib
import importlib.util
import math
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from refsem import binary32, kernel
from refsem.rounding import RISCV, Mode

Patterns = npt.NDArray[np.uint32]

ARITIES = {"add": 2, "mul": 2, "div": 2, "sqrt": 1, "fma": 3}
ELEMENTS = 1 << 18
MODEL_ELEMENTS = 2000
PYMPF_ELEMENTS = 200
ROUNDS = 7


def operands(name: str, elements: int) -> list[Patterns]:
    """Normally distributed operands; positive ones for the square root."""
    source = np.random.default_rng(2026)
    values = source.standard_normal((ARITIES[name], elements)).astype(np.float32)
    return list((abs(values) if name == "sqrt" else values).view(np.uint32))


def seconds(runs: Sequence[Callable[[], Any]]) -> list[float]:
    """The best time of each run, taken in turn."""
    best = [math.inf] * len(runs)
    for _ in range(ROUNDS):
        for place, run in enumerate(runs):
            start = time.perf_counter()
            run()
            best[place] = min(best[place], time.perf_counter() - start)
    return best


def report(rows: list[tuple[str, str, float, float]], ours: str, theirs: str) -> None:
    """One line per operation and mode, in million operations a second, and the mean ratio."""
    print(f"{'':10}{ours:>12}{theirs:>14}   ratio   (million operations a second)")
    for name, mode, own, peer in rows:
        print(f"{name:6}{mode:4}{own / 1e6:12.3f}{peer / 1e6:14.4f}{own / peer:8.1f}")
    mean = math.exp(sum(math.log(own / peer) for _, _, own, peer in rows) / len(rows))
    print(f"{ours} / {theirs}: {mean:.1f} (geometric mean)\n")


def mapped(function: Callable[..., Any], columns: Sequence[Sequence[Any]]) -> list[Any]:
    """The function on each row of the columns."""
    return list(map(function, *columns))


def with_mode(
    function: Callable[..., Any], mode: Mode, columns: Sequence[Sequence[Any]]
) -> list[Any]:
    """The model's function on each row of the columns."""
    return [function(mode, *row, RISCV) for row in zip(*columns, strict=True)]


def kernel_and_softfloatpy(elements: int) -> None:
    """Time both; every result must be the same."""
    peer = importlib.import_module("softfloatpy")

    modes = {
        Mode.RNE: peer.RoundingMode.NEAR_EVEN,
        Mode.RNA: peer.RoundingMode.NEAR_MAX_MAG,
        Mode.RTP: peer.RoundingMode.MAX,
        Mode.RTN: peer.RoundingMode.MIN,
        Mode.RTZ: peer.RoundingMode.MIN_MAG,
    }
    functions = {
        "add": peer.f32_add,
        "mul": peer.f32_mul,
        "div": peer.f32_div,
        "sqrt": peer.f32_sqrt,
        "fma": peer.f32_mul_add,
    }
    rows = []
    for name, function in functions.items():
        arrays = operands(name, elements)
        prepared = [
            [peer.Float32.from_bytes(pattern.to_bytes(4, "big")) for pattern in array.tolist()]
            for array in arrays
        ]
        for mode in Mode:
            peer.set_rounding_mode(modes[mode])
            own = partial(getattr(kernel, name), mode, *arrays, RISCV)
            theirs = partial(mapped, function, prepared)
            bits = [int.from_bytes(result.to_bytes(), "big") for result in theirs()]
            if own()[0].tolist() != bits:
                raise SystemExit(f"{name} {mode.value}: kernel and softfloatpy differ")
            ours, others = seconds((own, theirs))
            rows.append((name, mode.value, elements / ours, elements / others))
    report(rows, "kernel", "softfloatpy")


def model_and_pympf() -> None:
    """Time both; every result must be the same."""
    peer = importlib.import_module("mpf.floats")

    rows = []
    for name in ARITIES:
        arrays = [array.tolist() for array in operands(name, MODEL_ELEMENTS)]
        values = [[binary32.Binary32(pattern) for pattern in array] for array in arrays]
        prepared = [
            [peer.MPF(8, 24, pattern) for pattern in array[:PYMPF_ELEMENTS]] for array in arrays
        ]
        model, function = getattr(binary32, name), getattr(peer, f"fp_{name}")
        for mode in Mode:
            own = partial(with_mode, model, mode, values)
            theirs = partial(mapped, partial(function, mode.value), prepared)
            expected = [result.value.bits for result in own()[:PYMPF_ELEMENTS]]
            if [result.bv for result in theirs()] != expected:
                raise SystemExit(f"{name} {mode.value}: model and PyMPF differ")
            ours, others = seconds((own, theirs))
            rows.append((name, mode.value, MODEL_ELEMENTS / ours, PYMPF_ELEMENTS / others))
    report(rows, "model", "PyMPF")


def main() -> None:
    """Run whichever comparisons have a peer."""
    elements = int(sys.argv[1]) if len(sys.argv) > 1 else ELEMENTS
    if importlib.util.find_spec("numba") is None:
        print("numba is not installed: the kernel runs uncompiled\n")
        elements = min(elements, 1 << 12)
    runs: dict[str, Callable[[], None]] = {
        "softfloatpy": lambda: kernel_and_softfloatpy(elements),
        "mpf": model_and_pympf,
    }
    for peer, run in runs.items():
        if importlib.util.find_spec(peer) is None:
            print(f"{peer} is not installed: skipped\n")
        else:
            run()


if __name__ == "__main__":
    main()
