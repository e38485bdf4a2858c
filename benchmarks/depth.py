"""Seconds against depth: exact intervals, and exact CROWN with a fixed number of ReLUs per pass.

    python benchmarks/depth.py [FILE.svg]

Networks of 4 to 64 affine layers of 30 neurons, weights of binary32. Three costs are measured, in
CPU seconds, best of four: intervals; CROWN in which every layer is bounded through the last
`AHEAD` ReLUs only, from the boxes there; CROWN back to the input, for comparison. What is
measured is printed, per layer too, and the first two are drawn into the file, if one is named.
"""

import sys
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from gmpy2 import mpq

from refsem.audit.network import silent
from refsem.exact import ExactTensor
from refsem.ir.evaluation import Prepared, prepare
from refsem.ir.graph import Graph, Node, make_node
from refsem.ir.operators import Op
from refsem.rules.backwards import bounded_backwards
from refsem.rules.propagation import Method, Propagation, propagate
from refsem.rules.replay import Replay
from refsem.rules.trace import Region

WIDTH, AHEAD, ROUNDS = 30, 2, 4
DEPTHS = (4, 8, 16, 32, 48, 64)
DEEPEST_WHOLE = 32
PLAIN = {"alpha": mpq(1), "beta": mpq(1), "transA": 0, "transB": 0}


def chain(sizes: Sequence[int], seed: int) -> Graph:
    """Affine layers of binary32 weights, ReLUs between them, values of steady size, input x."""
    source = np.random.default_rng(seed)
    constants: dict[str, np.ndarray[tuple[int, ...], np.dtype[np.uint32]]] = {}
    last = make_node("x", Op.INPUT, (), {"shape": (1, sizes[0])})
    nodes = [last]

    def constant(name: str, values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Node:
        constants[name] = values.astype(np.float32).view(np.uint32)
        nodes.append(make_node(name, Op.CONSTANT, (), {"shape": values.shape}))
        return nodes[-1]

    for layer, (inputs, outputs) in enumerate(pairwise(sizes)):
        weights = constant(f"w{layer}", source.standard_normal((inputs, outputs)) / inputs**0.5)
        offsets = constant(f"b{layer}", source.standard_normal(outputs) / 10)
        if layer:
            last = make_node(f"r{layer}", Op.RELU, (last,), {})
            nodes.append(last)
        last = make_node(f"a{layer}", Op.GEMM, (last, weights, offsets), PLAIN)
        nodes.append(last)
    return Graph(tuple(nodes), constants, ("x",), (last.name,))


def box() -> Region:
    """A small box around 0."""
    ends = (ExactTensor.full((1, WIDTH), mpq(sign, 100)) for sign in (-1, 1))
    lower, upper = ends
    return Region({"x": (lower, upper)})


def windowed(prepared: Prepared, region: Region) -> Propagation:
    """CROWN in which a pass goes back through a fixed number of ReLUs, to the boxes there."""
    state = Propagation(Replay(prepared, (region,), {}), 0)
    needed = bounded_backwards(prepared, region)
    relus: list[str] = []
    for node in prepared.nodes:
        state.boxes[node] = state.interval(node)
        if node in needed:
            stop = relus[-1 - AHEAD] if len(relus) > AHEAD else "x"
            both = {"first": state.boxes[node], "second": state.crown(node, {stop})}
            state.boxes[node] = state.apply("intersect", node, both)
        elif node != "x":
            relus.append(node)
    return state


RUNS: dict[str, Callable[[Prepared], Propagation]] = {
    "intervals": lambda prepared: propagate(prepared, box(), Method.IBP, {}, silent),
    f"CROWN through {AHEAD} ReLUs": lambda prepared: windowed(prepared, box()),
    "CROWN to the input": lambda prepared: propagate(prepared, box(), Method.CROWN, {}, silent),
}


def seconds(run: Callable[[Prepared], Propagation], prepared: Prepared) -> float:
    """The least CPU time of some runs."""
    found = []
    for _ in range(ROUNDS):
        began = time.process_time()
        run(prepared)
        found.append(time.process_time() - began)
    return min(found)


def measured() -> dict[str, list[tuple[int, float]]]:
    """Depth and seconds, by what is run."""
    found: dict[str, list[tuple[int, float]]] = {name: [] for name in RUNS}
    for depth in DEPTHS:
        prepared = prepare(chain([WIDTH] * (depth + 1), depth))
        for name, run in RUNS.items():
            if name == "CROWN to the input" and depth > DEEPEST_WHOLE:
                continue
            spent = seconds(run, prepared)
            found[name].append((depth, spent))
            each = 1000 * spent / depth
            print(f"{depth:3} layers, {name:22} {spent:.4f} s, {each:.2f} ms each", flush=True)
    return found


PANEL = """\
<g transform="translate({left},0)">
<text x="150" y="16" text-anchor="middle">{title}</text>
<path d="M40 24V180H280" fill="none" stroke="#444"/>
<text x="160" y="208" text-anchor="middle">affine layers</text>
<text x="36" y="32" text-anchor="end">{most}</text><text x="36" y="182" text-anchor="end">0</text>
<polyline points="{line}" fill="none" stroke="#1565c0" stroke-width="2"/>
{dots}
</g>
"""


def drawing(found: dict[str, list[tuple[int, float]]]) -> str:
    """Seconds over depth, a panel each for what is linear, in SVG."""
    panels = []
    for place, (name, points) in enumerate(list(found.items())[:2]):
        most = max(spent for _, spent in points)
        places = [
            (40 + 230 * depth / DEPTHS[-1], 180 - 150 * spent / most) for depth, spent in points
        ]
        dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y in places) + "".join(
            f'<text x="{x:.1f}" y="194" text-anchor="middle">{depth}</text>'
            for (x, _), (depth, _) in zip(places, points, strict=True)
        )
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        shown = {"title": f"{name}: CPU seconds", "most": f"{most:.2g}", "line": line, "dots": dots}
        panels.append(PANEL.format(left=300 * place, **shown))
    head = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 600 216" font-size="11" '
    return head + 'font-family="sans-serif">\n' + "".join(panels) + "</svg>\n"


def main() -> None:
    """Measure, print and perhaps draw."""
    found = measured()
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(drawing(found), encoding="utf-8")


if __name__ == "__main__":
    main()
