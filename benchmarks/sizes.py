"""Seconds for networks of a few sizes, each beside the same passes in plain floats, in one run.

    REFSEM_DATA=... python benchmarks/sizes.py

Exact interval propagation and exact CROWN, each box established by the replay, of ACAS Xu 1_1 over
property 1, of the 256x2 network over a box of 0.03 around an image, and intervals of a random
784-100-100-10 network of binary32 weights. The peers are loops of numpy in float64 that claim
nothing. CPU seconds, the best of three; preparing a network, once, is printed apart. Exits with 1
where a bar is missed: 0.1 s for the random network, 1 s for ACAS Xu, 4 s for the 256x2 network.
"""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from depth import chain
from exact_crown import Array, Layer, float_crown, float_layers, floats
from gmpy2 import mpq

from refsem.audit.network import silent
from refsem.exact import ExactTensor
from refsem.ir import Graph, load_model
from refsem.ir.evaluation import Prepared, prepare
from refsem.properties import load_property
from refsem.properties.claims import region_claims
from refsem.rules.propagation import Method, propagate
from refsem.rules.trace import Region

ROUNDS = 3


def best(run: Callable[[], object]) -> float:
    """The least CPU time of some runs."""
    found = []
    for _ in range(ROUNDS):
        began = time.process_time()
        run()
        found.append(time.process_time() - began)
    return min(found)


def float_intervals(layers: list[Layer], start: tuple[Array, Array]) -> tuple[Array, Array]:
    """Float64 intervals of the output."""
    low, high = start
    for place, (weight, offset) in enumerate(layers):
        if place:
            low, high = np.maximum(low, 0), np.maximum(high, 0)
        positive, negative = np.maximum(weight, 0), np.minimum(weight, 0)
        low, high = positive @ low + negative @ high, positive @ high + negative @ low
        low, high = low + offset, high + offset
    return low, high


def compared(name: str, graph: Graph, region: Region, method: Method, bar: float) -> bool:
    """Whether the bar is met; what was measured is printed."""
    began = time.process_time()
    prepared: Prepared = prepare(graph)
    preparing = time.process_time() - began
    layers, start = float_layers(prepared), floats(region)
    peer = float_intervals if method is Method.IBP else float_crown
    ours = best(lambda: propagate(prepared, region, method, {}, silent))
    theirs = best(lambda: peer(layers, start))
    print(
        f"{name}, {method.value}: {ours:.4f} s, float64 {theirs:.5f} s, {ours / theirs:.0f} times;"
        f" prepared in {preparing:.3f} s; bar {bar} s",
        flush=True,
    )
    return ours <= bar


def of_property(model: Path, wanted: Path) -> tuple[Graph, Region]:
    """A model and the first region of a property."""
    graph = load_model(model)
    return graph, region_claims(prepare(graph), load_property(wanted))[0].region


def made() -> tuple[Graph, Region]:
    """A random 784-100-100-10 network and a box of 0.02 around a random image."""
    graph = chain((784, 100, 100, 10), seed=1)
    pixels = np.random.default_rng(1).integers(0, 256, 784)
    image = ExactTensor.from_rationals([mpq(int(pixel), 255) for pixel in pixels], (1, 784))
    wide = ExactTensor.full((1, 784), mpq(2, 100))
    return graph, Region({"x": (image - wide, image + wide)})


def main() -> None:
    """Print a line for each network and method."""
    met = [compared("784-100-100-10", *made(), Method.IBP, 0.1)]
    if data := os.environ.get("REFSEM_DATA"):
        folder = Path(data) / "networks"
        acas = folder / "acasxu" / "ACASXU_run2a_1_1_batch_2000.onnx"
        first = of_property(acas, folder / "acasxu" / "prop_1.vnnlib")
        image = folder / "mnist_fc" / "prop_0_0.03.vnnlib"
        second = of_property(folder / "mnist_fc" / "mnist-net_256x2.onnx", image)
        met += [compared("ACAS Xu 1_1", *first, method, 1) for method in (Method.IBP, Method.CROWN)]
        met += [compared("256x2", *second, method, 4) for method in (Method.IBP, Method.CROWN)]
    else:
        print("REFSEM_DATA is not set: the networks of others are left out")
    sys.exit(not all(met))


if __name__ == "__main__":
    main()
