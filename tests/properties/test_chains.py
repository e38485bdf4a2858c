"""Unrolled chains: the values of the graph throughout the region, and verdicts, trees, damage."""

import time
import tracemalloc
from dataclasses import replace
from pathlib import Path

import builders
import numpy as np
import pytest
from claim_files import write_property
from gmpy2 import mpq
from onnx import helper

from refsem.audit.branching import SplitProof, branch
from refsem.certificates import report
from refsem.certificates.tree_file import TreeFile, TreeRegion, check_tree
from refsem.exact import ExactTensor
from refsem.ir import load_model
from refsem.ir.evaluation import Prepared, evaluate_graph, prepare
from refsem.properties import Property, load_property
from refsem.properties.chains import Chained, chained
from refsem.properties.claims import region_claims, with_sums
from refsem.rules.chain import NotChain
from refsem.rules.trace import Region
from refsem.rules.unrolled import unrolled as rules_unrolled

LOWER, UPPER = ["-0.3", "-2.5"], ["0.7", "0.1"]
HASHES = ("a" * 64, "b" * 64)


def bypassed(folder: Path, seed: int, last: str = "Relu") -> Prepared:
    """Y = W·relu(A·relu(B·x) + C·x + D) + E·relu(B·x) + F·x, and one ReLU that nobody needs."""
    draw = np.random.default_rng(seed)
    constants: dict[str, builders.Array] = {}

    def affine(source: str, name: str, rows: int, columns: int) -> None:
        weights = draw.integers(-5, 6, (rows, columns)) / 4
        layer = builders.layer(weights, draw.integers(-3, 4, columns) / 2)
        nodes.extend(builders.affine_nodes("Gemm", layer, source, name, constants))

    nodes: list[object] = []
    affine("X", "b", 2, 4)
    nodes.append(helper.make_node("Relu", ["b"], ["rb"]))
    affine("rb", "a", 4, 3)
    affine("X", "c", 2, 3)
    nodes.append(helper.make_node("Add", ["a", "c"], ["d"]))
    nodes.append(helper.make_node(last, ["d"], ["rd"]))
    nodes.append(helper.make_node("Relu", ["c"], ["unused"]))
    affine("rd", "w", 3, 2)
    affine("rb", "e", 4, 2)
    affine("X", "f", 2, 2)
    nodes.append(helper.make_node("Add", ["w", "e"], ["we"]))
    nodes.append(helper.make_node("Add", ["we", "f"], ["Y"]))
    shapes = {"X": [1, 2]}, {"Y": [1, 2]}
    return prepare(load_model(builders.save(folder / "m.onnx", nodes, constants, *shapes)))


def stated(folder: Path, text: str) -> Property:
    return load_property(write_property(folder / "p.vnnlib", LOWER, UPPER, text, outputs=2))


def unrolled(prepared: Prepared, wanted: Property) -> Chained:
    (claims,) = region_claims(prepared, wanted)
    found = chained(prepared, with_sums(prepared, claims))
    assert isinstance(found, Chained)
    return found


def points() -> ExactTensor:
    x = [mpq(-3, 10) + mpq(k, 7) for k in range(8)]
    y = [mpq(-5, 2) + mpq(13, 5) * mpq(k, 9) for k in range(10)]
    return ExactTensor.from_rationals([v for a in x for b in y for v in (a, b)], (80, 2))


@pytest.mark.parametrize("seed", range(6))
def test_rows_have_their_values_throughout_the_region(tmp_path: Path, seed: int) -> None:
    prepared = bypassed(tmp_path, seed)
    found = unrolled(prepared, stated(tmp_path, "(assert (<= Y_0 -1.5))\n(assert (>= Y_1 3))"))
    before = evaluate_graph(prepared, {"X": points()})["Y"]
    after = evaluate_graph(found.prepared, {"X": points()})[found.prepared.graph.outputs[0]]
    for row in range(80):
        y0, y1 = before[[row]].rationals()
        assert after[[row]].rationals() == [y0, -y1, y0 - y1]
    assert [layer.weight.shape[0] for layer in found.layers] == [6, 9, 3]


def test_a_chain_is_left_as_it_is(tmp_path: Path) -> None:
    layers = builders.random_layers((2, 3, 2), seed=1, kind="integer")
    prepared = prepare(load_model(builders.sequential(tmp_path / "m.onnx", layers)))
    (claims,) = region_claims(prepared, stated(tmp_path, "(assert (<= Y_0 0))"))
    found = chained(prepared, claims)
    assert isinstance(found, Chained)
    assert found.prepared is prepared
    assert found.claims is claims


def test_other_activations_are_no_chain(tmp_path: Path) -> None:
    prepared = bypassed(tmp_path, 0, "Tanh")
    (claims,) = region_claims(prepared, stated(tmp_path, "(assert (<= Y_0 0))"))
    assert isinstance(chained(prepared, claims), NotChain)


def carried_along(folder: Path, inputs: int, depth: int) -> Path:
    """Y = relu(… relu(sum of X)) + sum of X, so many ReLUs deep: X is carried through each."""
    ones, scale = np.ones((inputs, 1), np.float32), np.ones((1, 1), np.float32)
    nodes = [helper.make_node("MatMul", ["X", "w"], ["a0"])]
    for i in range(depth):
        nodes.append(helper.make_node("Relu", [f"a{i}"], [f"r{i}"]))
        nodes.append(helper.make_node("MatMul", [f"r{i}", "s"], [f"a{i + 1}"]))
    nodes.append(helper.make_node("MatMul", ["X", "w"], ["b"]))
    nodes.append(helper.make_node("Add", [f"a{depth}", "b"], ["Y"]))
    shapes = {"X": [1, inputs]}, {"Y": [1, 1]}
    return builders.save(folder / "m.onnx", nodes, {"w": ones, "s": scale}, *shapes)


@pytest.mark.parametrize(
    ("inputs", "depth", "reason"),
    [(1500, 1, "a layer of more than 1024 entries"), (900, 22, "layers of more than")],
)
def test_what_is_too_large_is_refused_before_it_is_made(
    tmp_path: Path, inputs: int, depth: int, reason: str
) -> None:
    """What is carried has as many rows as columns: memory as the square of a small file's size."""
    prepared = prepare(load_model(carried_along(tmp_path, inputs, depth)))
    ends = ExactTensor.full((1, inputs), mpq(0)), ExactTensor.full((1, inputs), mpq(1))
    targets = {"t": {"Y": ExactTensor.identity(1)}}
    tracemalloc.start()
    try:
        found = rules_unrolled(prepared, Region({"X": ends}), targets)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert isinstance(found, NotChain)
    assert reason in found.reason
    assert most < 8 * inputs**2, most  # one square of pointers alone


def least(prepared: Prepared) -> mpq:
    values = evaluate_graph(prepared, {"X": points()})["Y"]
    return min(values[[row]].rationals()[0] for row in range(80))


@pytest.mark.parametrize("seed", range(3))
def test_trees_prove_what_holds_and_points_refute_what_does_not(tmp_path: Path, seed: int) -> None:
    prepared = bypassed(tmp_path, seed)
    bound = float(least(prepared))
    for margin in (-0.75, 0.25):
        wanted = stated(tmp_path, f"(assert (<= Y_0 {bound + margin:.3f}))")
        (claims,) = region_claims(prepared, wanted)
        found = branch(prepared, claims, time.monotonic() + 60, lambda *_: None)
        if margin > 0:
            assert found.found
            continue
        if found.found:
            # the grid misses the least value: then the point is one, exactly
            values, row = found.found[0]
            assert values["Y"][[row]].rationals()[0] <= wanted.cases[0].unsafe[0].bound
            continue
        assert isinstance(found.proof, SplitProof)
        assert found.proof.reviewed >= 1
        region = TreeRegion(found.proof.root, found.proof.unit, found.proof.nodes)
        file = TreeFile("test", *HASHES, (region,))
        assert check_tree(file, prepared, wanted, HASHES, 1).verdict is report.Verdict.ACCEPTED
        closer = stated(tmp_path, f"(assert (<= Y_0 {bound + 0.25:.3f}))")
        assert check_tree(file, prepared, closer, HASHES, 1).verdict is report.Verdict.REJECTED
        beside = replace(region, root=replace(region.root, lower=region.root.lower + 2.0**40))
        moved = replace(file, regions=(beside,))
        assert check_tree(moved, prepared, wanted, HASHES, 1).verdict is report.Verdict.REJECTED
