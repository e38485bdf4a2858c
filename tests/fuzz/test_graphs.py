"""Whole graphs: honest executions lie within the enclosure, planted faults are found and shrunk."""

import importlib.util
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from builders import Layer, random_layers, sequential
from gmpy2 import mpq

from refsem.cli import main
from refsem.errors import InputError
from refsem.fuzz.division import NOTHING, Budget, Course, follow, here
from refsem.fuzz.graph_campaign import (
    BATCH,
    GraphFinding,
    GraphPlan,
    ask,
    judge,
    shrunk,
    simplest,
)
from refsem.fuzz.graphs import (
    SUPPORTED,
    MayOverflowError,
    check_supported,
    contracted,
    exactly,
    executions,
)
from refsem.fuzz.record import Recorded, read_record, write_record
from refsem.ir import Graph, load_model
from refsem.ir.operators import Op
from refsem.kernel.loops import Array

Runtime = Callable[[Mapping[str, Array]], Mapping[str, Array]]
Product = Callable[[Array, Array], Array]


def runtime(layers: tuple[Layer, ...], product: Product, relu: Callable[[Array], Array]) -> Runtime:
    def run(inputs: Mapping[str, Array]) -> Mapping[str, Array]:
        value = inputs["x"]
        for number, (weights, bias) in enumerate(layers, 1):
            value = np.asarray(product(value, weights) + bias, np.float32)
            if number < len(layers):
                value = relu(value)
        return {"y": value}

    return run


def right_relu(x: Array) -> Array:
    return np.maximum(x, np.float32(0))


def backwards(x: Array, y: Array) -> Array:
    return np.asarray(x[:, ::-1] @ y[::-1])


def in_bfloat16(x: Array, y: Array) -> Array:
    def narrow(values: Array) -> Array:
        return (np.asarray(values, np.float32).view(np.uint32) & 0xFFFF0000).view(np.float32)

    return np.asarray(narrow(x) @ narrow(y))


@pytest.fixture
def layers() -> tuple[Layer, ...]:
    return random_layers((5, 6, 3), seed=1, kind="binary32")


@pytest.fixture(params=["Gemm", "MatMul"])
def graph(request: pytest.FixtureRequest, tmp_path: Path, layers: tuple[Layer, ...]) -> Graph:
    return load_model(sequential(tmp_path / "net.onnx", layers, affine=request.param))


def campaign(graph: Graph, run: Runtime, budget: Budget) -> Course[GraphFinding]:
    hands = here(lambda *_: None)
    return follow(hands, partial(ask, graph, run, 1), (BATCH,), NOTHING, budget, simplest)


@pytest.mark.parametrize("product", [np.matmul, backwards])
def test_honest_executions_pass(graph: Graph, layers: tuple[Layer, ...], product: Product) -> None:
    found = campaign(graph, runtime(layers, product, right_relu), Budget(200, None))
    assert (found.checked, found.mismatches, found.findings) == (200, 0, ())


def test_planted_faults_are_found_and_shrunk(graph: Graph, layers: tuple[Layer, ...]) -> None:
    biasless = tuple((weights, bias * 0) for weights, bias in layers)
    faults = {
        "bfloat16 products": runtime(layers, in_bfloat16, right_relu),
        "no bias": runtime(biasless, np.matmul, right_relu),
        "no ReLU": runtime(layers, np.matmul, lambda x: x),
        "leaky": runtime(layers, np.matmul, lambda x: np.where(x > 0, x, x * np.float32(0.01))),
        "NaN": lambda _: {"y": np.full((1, 3), np.nan, np.float32)},
    }
    for name, run in faults.items():
        found = campaign(graph, run, Budget(60, None))
        assert found.mismatches > 10, name
        smallest = shrunk(graph, run, *found.findings)
        (_, patterns), *_ = smallest.inputs
        if name in ("no bias", "NaN"):
            assert not any(bits & 0x7FFFFFFF for bits in patterns), name
        inputs = {"x": np.array(patterns, np.uint32).reshape(1, 5)}
        again = judge(graph, run, inputs)
        assert again is not None
        assert again.got == smallest.got


def test_the_same_seed_finds_the_same(graph: Graph, layers: tuple[Layer, ...]) -> None:
    run = runtime(layers, in_bfloat16, right_relu)
    budget = Budget(30, None)
    assert campaign(graph, run, budget) == campaign(graph, run, budget)


def test_enclosures_of_exact_arithmetic_hold_the_exact_value(tmp_path: Path) -> None:
    layers = random_layers((3, 4, 2), seed=3, kind="integer")
    graph = load_model(sequential(tmp_path / "net.onnx", layers))
    x = np.array([[1, -2, 3]], np.float32)
    permitted = executions(graph, {"x": x.view(np.uint32)})["y"]
    exact = right_relu(x @ layers[0][0] + layers[0][1]) @ layers[1][0] + layers[1][1]
    for place, value in enumerate(exact[0].tolist()):
        assert permitted.lower[0, place] <= mpq(value) <= permitted.upper[0, place]
        assert permitted.upper[0, place] - permitted.lower[0, place] < mpq(1, 10**3)


def test_overflow_is_not_judged(graph: Graph, layers: tuple[Layer, ...]) -> None:
    with pytest.raises(MayOverflowError):
        executions(graph, {"x": np.full((1, 5), 0x7F7FFFFF, np.uint32)})
    del layers


def test_a_campaign_on_a_graph_stops_in_time(graph: Graph, layers: tuple[Layer, ...]) -> None:
    run = runtime(layers, np.matmul, right_relu)
    found = campaign(graph, run, Budget(None, 0.3))
    assert found.checked > 0


HERE = importlib.util.find_spec("onnxruntime") is not None


def test_refusals_are_3_and_one_line(
    tmp_path: Path, layers: tuple[Layer, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    path = sequential(tmp_path / "net.onnx", layers)
    target = f"onnxruntime:{path}"
    commands = [
        [target, "--op", "add"],
        [target, "--mode", "RTP"],
        [f"onnxruntime:{tmp_path / 'absent.onnx'}"],
        ["onnxruntime:"],
    ]
    if not HERE:
        commands.append([target])
    for command in commands:
        assert main(["fuzz", *command, "--count", "1"]) == 3
        shown = capsys.readouterr()
        assert (shown.out, shown.err.count("\n")) == ("", 1)


def test_a_campaign_on_a_graph_is_continued(
    tmp_path: Path, graph: Graph, layers: tuple[Layer, ...]
) -> None:
    run, file = runtime(layers, in_bfloat16, right_relu), tmp_path / "found.json"
    plan = GraphPlan("net.onnx", "0" * 64, 1)
    first = campaign(graph, run, Budget(2 * BATCH, None))
    write_record(file, plan, Recorded(graph=first))
    assert read_record(file, plan) == Recorded(graph=first)
    hands, asked = here(lambda *_: None), partial(ask, graph, run, 1)
    rest = follow(hands, asked, (BATCH,), read_record(file, plan).graph, Budget(9, None), simplest)
    assert rest == campaign(graph, run, Budget(2 * BATCH + 9, None))
    with pytest.raises(InputError, match="another campaign"):
        read_record(file, replace(plan, sha256="1" * 64))
    (finding,) = first.findings
    with pytest.raises(InputError, match="does not fit the graph"):
        shrunk(graph, run, replace(finding, inputs=(("x", (1, 2)),)))


@pytest.mark.skipif(not HERE, reason="onnxruntime is not installed")
def test_onnxruntime_if_it_is_here(
    tmp_path: Path, layers: tuple[Layer, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    path = sequential(tmp_path / "net.onnx", layers)
    arguments = ["fuzz", f"onnxruntime:{path}", "--count", "48", "--seed", "1", "--json"]
    arguments += ["--write", str(tmp_path / "found.json")]
    for checked in (48, 96):
        assert main(arguments) == 2
        found = json.loads(capsys.readouterr().out)
        assert (found["checked"], found["mismatches"], found["smallest"]) == (checked, 0, None)


def test_functions_are_refused_by_name(graph: Graph) -> None:
    check_supported(graph, "net.onnx")
    for other in set(Op) - set(SUPPORTED):
        nodes = tuple(
            replace(node, op=other) if node.op is Op.RELU else node for node in graph.nodes
        )
        with pytest.raises(InputError, match=rf"net\.onnx: relu_1: {other.value} is not judged"):
            check_supported(replace(graph, nodes=nodes), "net.onnx")


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ((2, 3), (3,)),
        ((3,), (3, 2)),
        ((2, 3), (3, 4)),
        ((4, 2, 3), (3, 5)),
        ((2, 1, 2, 3), (4, 3, 2)),
    ],
)
def test_products_of_any_rank_are_enclosed(left: tuple[int, ...], right: tuple[int, ...]) -> None:
    source = np.random.default_rng(1)
    x, y = (source.integers(-4, 5, shape).astype(np.float32) for shape in (left, right))
    found = contracted(exactly(x.view(np.uint32)), exactly(y.view(np.uint32)), None, mpq(1), mpq(1))
    expected = np.vectorize(lambda v: mpq(int(v)), otypes=[object])(x @ y)
    assert found.lower.shape == expected.shape
    assert bool(((found.lower <= expected) & (expected <= found.upper)).all())
    assert bool((found.upper - found.lower < mpq(1, 1000)).all())
