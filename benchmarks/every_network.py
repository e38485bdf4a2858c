"""Every network of the data: CPU seconds of each method, and samples inside the boxes.

    python benchmarks/every_network.py DATA [--method NAME]... [PART_OF_NAME]...

DATA holds a folder `networks`. Each network is bounded over a box of radius 1/64 around a seeded
point between 1/4 and 3/4, by IBP and CROWN or by the methods named, every application established
by the replay. Then the
outputs at seeded corners and inner points of the box are computed exactly, or enclosed where a
function is applied, from the graph as it was read, by naive expansions, plans and terms, without
the affine maps and the lowering that bounds follow.
A sample is inside if its whole enclosure lies in the boxes of the outputs by all methods.
"""

import sys
import time
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from gmpy2 import mpq

from refsem.errors import InputError
from refsem.exact import ExactTensor
from refsem.ir.evaluation import (
    Prepared,
    as_stated,
    evaluate_graph,
    irrational_tensor,
    prepare,
)
from refsem.ir.graph import Graph
from refsem.ir.graph_enclosures import enclose_graph
from refsem.ir.loading import load_model
from refsem.ir.steps import Bounds
from refsem.rules.catalogue import BY_NAME
from refsem.rules.facts import Voucher
from refsem.rules.propagation import Method, NoRuleError, Propagation, check_covered
from refsem.rules.trace import Region
from refsem.search.alpha import bounded_by

SAMPLES = 24
RADIUS = 64
PRECISION = 640
"""Enclosures end on a grid of 2^-640, so that they lie inside boxes that are rounded to 64 bits.

Also where a sigmoid is flat: at -300 it is about 2^-430."""

SEED = 2026


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured of one network."""

    seconds: Mapping[Method, float]
    inside: int
    outside: int
    stated: frozenset[str]
    """The facts that nothing vouches for among those that the applied rules cite."""


def region_of(prepared: Prepared, seed: int) -> Region:
    """A box of radius 1/64 around a seeded point, for every input."""
    source = np.random.default_rng(seed)
    boxes = {}
    for name in prepared.graph.inputs:
        size = prepared.nodes[name].size
        middle = source.integers(RADIUS // 4, 3 * RADIUS // 4 + 1, size)
        ends = (middle - 1, middle + 1)
        lower, upper = (
            ExactTensor.from_rationals([mpq(int(v), RADIUS) for v in end], (1, size))
            for end in ends
        )
        boxes[name] = (lower, upper)
    return Region(boxes)


def points_of(region: Region, seed: int) -> dict[str, ExactTensor]:
    """Corners and inner points of a region, as many of each, a row a point."""
    source = np.random.default_rng(seed)
    points = {}
    for name, (lower, upper) in region.boxes.items():
        eighths = source.integers(0, 9, (SAMPLES, lower.size))
        corners = 8 * source.integers(0, 2, (SAMPLES, lower.size))
        eighths[: SAMPLES // 2] = corners[: SAMPLES // 2]
        shares = ExactTensor(eighths.astype(object), 3, 1)
        points[name] = lower + shares * (upper - lower)
    return points


def enclosed(stated: Prepared, points: Mapping[str, ExactTensor]) -> Mapping[str, Bounds]:
    """Ends of every tensor at each point: the values themselves where all of them are rational."""
    if irrational_tensor(stated):
        given = {name: (value, value) for name, value in points.items()}
        return enclose_graph(stated, given, PRECISION)
    return {name: (value, value) for name, value in evaluate_graph(stated, points).items()}


def samples(
    graph: Graph, states: list[Propagation], points: Mapping[str, ExactTensor]
) -> tuple[int, int]:
    """How many samples lie inside the outputs' boxes, and how many certainly outside of one."""
    ends = enclosed(as_stated(graph), points)
    inside, outside = np.full(SAMPLES, True), np.full(SAMPLES, False)
    for name in graph.outputs:
        low, high = ends[name]
        for state in states:
            box = state.replay.box(state.boxes[name])
            inside &= (box.lower.less_equal(low) & high.less_equal(box.upper)).all(axis=1)
            outside |= (high.less(box.lower) | box.upper.less(low)).any(axis=1)
    return int(inside.sum()), int(outside.sum())


def measured(graph: Graph, methods: Sequence[Method]) -> Row:
    """A network's audits and its samples; `NoRuleError` where a rule is missing."""
    prepared = prepare(graph)
    check_covered(prepared)
    region = region_of(prepared, SEED)
    seconds, states = {}, []
    for method in methods:
        started = time.process_time()
        states.append(bounded_by(prepared, region, method, {}, lambda *_: None))
        seconds[method] = time.process_time() - started
    used = {a.rule for state in states for a in state.replay.applications}
    cited = {one.fact for rule in used for one in BY_NAME[rule].cites}
    stated = frozenset(fact.name for fact in cited if fact.voucher is Voucher.STATED)
    inside, outside = samples(graph, states, points_of(region, SEED))
    return Row(seconds, inside, outside, stated)


def main(arguments: Sequence[str]) -> int:
    """The table on standard output; 1 if a sample is not inside or a network was not bounded."""
    parser = ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("--method", type=Method, action="append", metavar="NAME")
    parser.add_argument("part", nargs="*")
    given = parser.parse_intermixed_args(arguments)
    root, methods = given.data / "networks", given.method or [Method.IBP, Method.CROWN]
    files = [file for file in sorted(root.rglob("*.onnx")) if _wanted(str(file), given.part)]
    heads = " ".join(f"{method.value + ' s':>9}" for method in methods)
    print(f"{'network':58} {heads} {'inside':>7}  rests on stated facts")
    complete, refused, failed = 0, 0, 0
    for file in files:
        name = str(file.relative_to(root))
        try:
            graph = load_model(file)
        except InputError as error:
            refused += 1
            print(f"{name:58} not read: {error}")
            continue
        try:
            row = measured(graph, methods)
        except (InputError, NoRuleError, ArithmeticError) as error:
            failed += 1
            print(f"{name:58} not bounded: {error}")
            continue
        taken = " ".join(f"{row.seconds[method]:9.2f}" for method in methods)
        counted, facts = f"{row.inside}/{SAMPLES}", ", ".join(sorted(row.stated))
        print(f"{name:58} {taken} {counted:>7}  {facts}", flush=True)
        complete += row.inside == SAMPLES
        failed += row.inside < SAMPLES
    print(f"{complete} networks bounded with every sample inside, {failed} not, {refused} not read")
    return 1 if failed else 0


def _wanted(name: str, parts: list[str]) -> bool:
    return not parts or any(part in name for part in parts)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
