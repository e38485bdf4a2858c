"""Exact CROWN with the rows of each pass divided between two processes, beside one, in one run.

    REFSEM_DATA=... python benchmarks/two_processes.py [MODEL PROPERTY]

Seconds on the clock, and processor seconds of the first process, which is what the clock shows
where each process has a core of its own. Exits with 1 unless both runs make the same Trace and
boxes. Without arguments: mnist 256x2 with every pixel within 0.03 of an image.
"""

import os
import sys
import time
from pathlib import Path

from refsem.audit.network import silent
from refsem.ir import load_model
from refsem.ir.evaluation import Prepared, prepare
from refsem.properties import load_property
from refsem.properties.claims import region_claims
from refsem.rules.propagation import Method, Propagation, propagate
from refsem.rules.trace import Region

ROUNDS = 3


def instance() -> tuple[Path, Path]:
    """The network and property of the command line, or those of the data."""
    if len(sys.argv) == 3:
        return Path(sys.argv[1]), Path(sys.argv[2])
    folder = Path(os.environ["REFSEM_DATA"]) / "networks/mnist_fc"
    return folder / "mnist-net_256x2.onnx", folder / "prop_0_0.03.vnnlib"


def timed(prepared: Prepared, region: Region, processes: int) -> tuple[Propagation, float, float]:
    """A propagation, with seconds on the clock and of this process."""
    began, used = time.perf_counter(), time.process_time()
    state = propagate(prepared, region, Method.CROWN, {}, silent, processes)
    return state, time.perf_counter() - began, time.process_time() - used


def same(one: Propagation, other: Propagation) -> bool:
    """Whether two propagations applied the same rules and found the same boxes."""
    steps = [
        [(a.rule, a.node, dict(a.suppliers)) for a in state.replay.applications]
        for state in (one, other)
    ]
    boxes = [
        [
            (state.replay.box(i).lower.rationals(), state.replay.box(i).upper.rationals())
            for i in state.boxes.values()
        ]
        for state in (one, other)
    ]
    return steps[0] == steps[1] and boxes[0] == boxes[1]


def main() -> None:
    """Print the least seconds of some rounds, in turn, and their ratios."""
    model, property_ = instance()
    prepared = prepare(load_model(model))
    region = region_claims(prepared, load_property(property_))[0].region
    best: dict[int, tuple[float, float]] = {}
    found: dict[int, Propagation] = {}
    for _ in range(ROUNDS):
        for processes in (1, 2):
            found[processes], clock, used = timed(prepared, region, processes)
            kept = best.get(processes, (clock, used))
            best[processes] = min(kept[0], clock), min(kept[1], used)
    for processes, (clock, used) in best.items():
        print(f"{model.name}, {processes} processes: {clock:.2f} s, the first {used:.2f} s of CPU")
    (clock, used), (clock_2, used_2) = best[1], best[2]
    print(f"one over two: {clock / clock_2:.2f} on the clock, {used / used_2:.2f} of CPU")
    sys.exit(not same(found[1], found[2]))


if __name__ == "__main__":
    main()
