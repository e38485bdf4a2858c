"""Points met downhill: gradients in floats are those of the graph, and what is found is unsafe."""

import time
from pathlib import Path

import builders
import numpy as np
import pytest
from claim_files import write_property
from onnx import NodeProto, helper

from refsem.audit import network, records
from refsem.audit.branching import Branched, branch
from refsem.audit.enclosed import EnclosedPoint
from refsem.audit.findings import Verdict
from refsem.audit.network import Budget, audit_network, silent
from refsem.exact import ExactTensor
from refsem.ir import load_model
from refsem.ir.evaluation import Prepared, evaluate_graph, prepare
from refsem.properties import Property, load_property
from refsem.properties.claims import region_claims
from refsem.rules.propagation import Method
from refsem.search.counterexample import STRIDES, Target, exact_points
from refsem.search.floating import FloatGraph, Floats

FIRST = builders.layer([[2, -1, 1, 0.5], [1, 1, -3, 2]], [0, 0.25, -0.5, 1])
LAST = builders.layer([[1.5], [-1], [1], [0.75]], [0.125])

MIDDLES: dict[str, list[NodeProto]] = {
    "relu": [helper.make_node("Relu", ["h"], ["m"], "bend")],
    "tanh": [helper.make_node("Tanh", ["h"], ["m"], "bend")],
    "sigmoid": [helper.make_node("Sigmoid", ["h"], ["m"], "bend")],
    "abs": [helper.make_node("Abs", ["h"], ["m"], "bend")],
    "square": [helper.make_node("Mul", ["h", "h"], ["m"], "bend")],
    "gelu": [helper.make_node("Gelu", ["h"], ["m"], "bend")],
    "maxima": [
        helper.make_node("Neg", ["h"], ["n"], "turn"),
        helper.make_node("Max", ["h", "n"], ["m"], "bend"),
    ],
    "softmax": [helper.make_node("Softmax", ["h"], ["m"], "bend", axis=1)],
}


def made(
    folder: Path, middle: str, unsafe: str = "(assert (<= Y_0 0))"
) -> tuple[Prepared, Property]:
    """Two inputs in [-1, 1], four entries bent in the middle, one output."""
    constants: dict[str, builders.Array] = {}
    nodes = builders.affine_nodes("Gemm", FIRST, "x", "h", constants)
    nodes += MIDDLES[middle]
    nodes += builders.affine_nodes("Gemm", LAST, "m", "y", constants)
    path = folder / "m.onnx"
    model = builders.save(path, nodes, constants, {"x": [1, 2]}, {"y": [1, 1]}, opset=20)
    wanted = write_property(folder / "p.vnnlib", ["-1"] * 2, ["1"] * 2, unsafe)
    return prepare(load_model(model)), load_property(wanted)


def drawn(count: int, size: int = 2) -> Floats:
    """Points whose coordinates are multiples of 2^-10."""
    return np.random.default_rng(3).integers(-1024, 1025, (count, size)) / 1024


def exactly(points: Floats) -> ExactTensor:
    return ExactTensor((points * 1024).astype(np.int64).astype(object), 10, 1)


def least(prepared: Prepared) -> float:
    """The least value over a fine grid, in floats."""
    steps = np.linspace(-1, 1, 201)
    points = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
    return float(FloatGraph.of(prepared).values(points)["y"].min())


@pytest.mark.parametrize("middle", MIDDLES)
def test_gradients_are_difference_quotients_of_the_whole(tmp_path: Path, middle: str) -> None:
    prepared, _ = made(tmp_path, middle)
    graph, points = FloatGraph.of(prepared), drawn(40)
    values = graph.values(points)
    slopes = graph.gradient(values, {"y": np.ones((40, 1))})
    for dimension in range(2):
        step = np.eye(2)[dimension] * 1e-5
        above, below = (graph.values(points + sign * step)["y"][:, 0] for sign in (1, -1))
        quotient = (above - below) / 2e-5
        near = np.abs(quotient - slopes[:, dimension]) <= 1e-3 * (1 + np.abs(quotient))
        assert near.mean() > 0.9  # a kink may lie between the two


@pytest.mark.parametrize("middle", ["relu", "abs", "square", "maxima"])
def test_values_are_near_the_exact_ones(tmp_path: Path, middle: str) -> None:
    prepared, _ = made(tmp_path, middle)
    points = drawn(20)
    found = FloatGraph.of(prepared).values(points)
    for name, value in evaluate_graph(prepared, {"x": exactly(points)}).items():
        assert np.allclose(found[name], value.nearest_float64(), rtol=1e-12, atol=1e-12)


def test_images_with_padding_pools_and_means(tmp_path: Path) -> None:
    """Every step of an affine map: gathered with padding, multiplied, scaled, summed."""
    weight = np.random.default_rng(5).integers(-3, 4, (2, 1, 3, 3)).astype(np.float32)
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], "conv", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c"], ["r"], "bend"),
        helper.make_node("AveragePool", ["r"], ["p"], "pool", kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Flatten", ["p"], ["f"], "flat"),
        helper.make_node("ReduceSum", ["f", "axes"], ["y"], "total", keepdims=1),
    ]
    constants = {"w": weight, "axes": np.array([1], np.int64)}
    sizes = {"x": [1, 1, 4, 4]}, {"y": [1, 1]}
    prepared = prepare(load_model(builders.save(tmp_path / "m.onnx", nodes, constants, *sizes)))
    graph, points = FloatGraph.of(prepared), drawn(12, 16)
    values = graph.values(points)
    for name, value in evaluate_graph(prepared, {"x": exactly(points)}).items():
        assert np.allclose(values[name], value.nearest_float64(), rtol=1e-12, atol=1e-12)
    slopes = graph.gradient(values, {"y": np.ones((12, 1))})
    direction = np.random.default_rng(6).normal(size=16) * 1e-6
    moved = graph.values(points + direction)["y"] - graph.values(points - direction)["y"]
    assert np.median(np.abs(moved[:, 0] / 2 - slopes @ direction)) <= 1e-9


# what is found


def branched(made: tuple[Prepared, Property], seconds: float = 60.0) -> Branched:
    prepared, wanted = made
    (claims,) = region_claims(prepared, wanted)
    return branch(prepared, claims, time.monotonic() + seconds, lambda *_: None)


@pytest.mark.parametrize("middle", MIDDLES)
def test_the_audit_finds_what_is_barely_unsafe(
    tmp_path: Path, middle: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bound just above the least value: few points of the box are unsafe."""
    monkeypatch.setattr(records, "audit_rule", lambda *_: ())
    prepared, _ = made(tmp_path, middle)
    bound = least(prepared) + 1e-3
    one = made(tmp_path, middle, f"(assert (<= Y_0 {bound:.6f}))")
    found = audit_network(*one, Method.IBP, silent)
    assert found.verdict is Verdict.VIOLATED
    witness = found.witness()
    assert witness is not None
    assert all(-1 <= value <= 1 for value in witness.inputs)
    assert witness.outputs[0] - witness.error <= bound


@pytest.mark.parametrize("middle", ["tanh", "maxima"])
def test_boxes_that_are_cut_are_searched(tmp_path: Path, middle: str) -> None:
    prepared, _ = made(tmp_path, middle)
    bound = least(prepared) + 1e-6
    found = branched(made(tmp_path, middle, f"(assert (<= Y_0 {bound:.8f}))"))
    assert found.proof is None
    (one,) = found.found.values()
    assert isinstance(one, EnclosedPoint) == (middle == "tanh")
    value = one.upper[0] if isinstance(one, EnclosedPoint) else one[0]["y"].rational(one[1], 0)
    assert value <= bound


def test_the_audit_has_the_point_that_branching_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "audit_rule", lambda *_: ())
    monkeypatch.setattr(network, "find_witnesses", lambda *_: {})
    prepared, _ = made(tmp_path, "tanh")
    one = made(tmp_path, "tanh", f"(assert (<= Y_0 {least(prepared) + 1e-6:.8f}))")
    budget = Budget(60, lambda *_: None, everywhere=False)
    found = audit_network(*one, Method.IBP, silent, budget)
    assert found.verdict is Verdict.VIOLATED


@pytest.mark.parametrize("middle", ["tanh", "maxima"])
def test_points_that_are_only_said_to_be_unsafe_violate_nothing(
    tmp_path: Path, middle: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Points anywhere, also outside the box, handed out for a property that holds."""
    prepared, _ = made(tmp_path, middle)
    monkeypatch.setattr(Target, "descended", lambda *_: np.array([[0.5, 7.0], [-3.0, 0.1]]))
    found = branched(made(tmp_path, middle, f"(assert (<= Y_0 {least(prepared) - 0.05:.4f}))"))
    assert not found.found
    assert found.proof is not None


def test_points_next_to_an_end_are_that_end(tmp_path: Path) -> None:
    prepared, _ = made(tmp_path, "relu")
    third = write_property(
        tmp_path / "t.vnnlib", ["(/ 1 3)"] * 2, ["(/ 2 3)"] * 2, "(assert (<= Y_0 0))"
    )
    (claims,) = region_claims(prepared, load_property(third))
    points = exact_points(claims, np.array([[1 / 3, 2 / 3], [0.0, 1.0], [0.5, 0.34]]))
    values = [str(value) for value in points.rationals()]
    assert values[:4] == ["1/3", "2/3", "1/3", "2/3"]
    assert values[4] == "1/2"


def test_a_score_is_that_of_the_worst_row_of_a_case(tmp_path: Path) -> None:
    unsafe = "(assert (or (and (<= Y_0 1) (>= Y_0 0)) (and (>= Y_0 2))))"
    prepared, wanted = made(tmp_path, "relu", unsafe)
    (claims,) = region_claims(prepared, wanted)
    target, points = Target.of(FloatGraph.of(prepared), claims), drawn(30)
    y = FloatGraph.of(prepared).values(points)["y"][:, 0]
    expected = np.stack([np.maximum(y - 1, -y), 2 - y], axis=1)
    assert np.allclose(target.scores(points), expected)
    lower, upper = np.full(2, -1.0), np.full(2, 1.0)
    found = target.descended(lower, upper, points, 4, STRIDES)
    assert len(found) >= 2
    assert (np.abs(found) <= 1).all()
    assert (target.scores(found).min(axis=1) <= 1e-5).all()
