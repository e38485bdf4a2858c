"""Each node and each form of network is mapped to the box that exact arithmetic gives."""

import json
from itertools import product
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import builders
import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from refsem.properties import Property, load_property


def claims(numpy_ibp: ModuleType, model: Path, low: int, high: int) -> dict[str, Any]:
    """The claims over the box [low, high]^n, read back from their bits."""
    network = numpy_ibp.read_network(model)
    box = numpy_ibp.Box(
        np.full(network.shape, low, np.float32), np.full(network.shape, high, np.float32)
    )
    found: dict[str, Any] = numpy_ibp.propagate(network, box)[0]
    return found


@pytest.mark.parametrize("affine", ["Gemm", "MatMul"])
@pytest.mark.parametrize("shape", [None, (1, 1, 2, 2), (2, 2)])
def test_integer_networks_have_exact_bounds_whatever_their_form(
    numpy_ibp: ModuleType,
    tmp_path: Path,
    affine: Literal["Gemm", "MatMul"],
    shape: tuple[int, ...] | None,
) -> None:
    layers = builders.random_layers((4, 5, 3, 2), seed=1, kind="integer")
    if shape == (2, 2):  # flattened by a batch of two, each half of the first layer's inputs
        layers = builders.random_layers((2, 5, 3, 2), seed=1, kind="integer")
    model = builders.sequential(tmp_path / "m.onnx", layers, affine=affine, shape=shape)
    found = claims(numpy_ibp, model, -2, 3)
    assert list(found) == ["hidden_1", "relu_1", "hidden_2", "relu_2", "y"]
    lower, upper = np.full(layers[0][0].shape[0], -2), np.full(layers[0][0].shape[0], 3)
    for number, (weights, bias) in enumerate(layers, 1):
        corners = np.where(weights > 0, lower[:, None], upper[:, None])
        others = np.where(weights > 0, upper[:, None], lower[:, None])
        lower, upper = (weights * corners).sum(0) + bias, (weights * others).sum(0) + bias
        box = found["y" if number == 3 else f"hidden_{number}"]
        assert (box.lower == lower).all()
        assert (box.upper == upper).all()
        lower, upper = np.maximum(lower, 0), np.maximum(upper, 0)


def constant(value: list[Any]) -> NDArray[np.float32]:
    return np.array(value, np.float32)


WEIGHT = [[1, -2], [3, 0]]
ONE_NODE: dict[str, tuple[str, list[str], dict[str, Any], dict[str, Any]]] = {
    "Add": ("Add", ["x", "c"], {"c": [[1, -5]]}, {}),
    "Add, constant first": ("Add", ["c", "x"], {"c": [1, -5]}, {}),
    "Sub": ("Sub", ["x", "c"], {"c": [1, -5]}, {}),
    "Sub, constant first": ("Sub", ["c", "x"], {"c": [1, -5]}, {}),
    "Mul": ("Mul", ["x", "c"], {"c": [2, -3]}, {}),
    "Mul, constant first": ("Mul", ["c", "x"], {"c": -2}, {}),
    "MatMul": ("MatMul", ["x", "c"], {"c": WEIGHT}, {}),
    "MatMul, constant first": ("MatMul", ["c", "x"], {"c": [[3], [-1]]}, {}),
    "Gemm": ("Gemm", ["x", "c", "b"], {"c": WEIGHT, "b": [7, -7]}, {}),
    "Gemm without bias": ("Gemm", ["x", "c"], {"c": WEIGHT}, {}),
    "Gemm with an empty bias": ("Gemm", ["x", "c", ""], {"c": WEIGHT}, {}),
    "Gemm, transB": ("Gemm", ["x", "c"], {"c": WEIGHT}, {"transB": 1}),
    "Gemm, transA": ("Gemm", ["x", "c"], {"c": [[2, -1, 4]]}, {"transA": 1}),
    "Gemm, alpha and beta": (
        "Gemm",
        ["x", "c", "b"],
        {"c": WEIGHT, "b": [7, -7]},
        {"alpha": -2.0, "beta": 0.5},
    ),
    "Relu": ("Relu", ["x"], {}, {}),
    "Identity": ("Identity", ["x"], {}, {}),
    "Flatten": ("Flatten", ["x"], {}, {"axis": 0}),
    "Flatten, negative axis": ("Flatten", ["x"], {}, {"axis": -1}),
}


@pytest.mark.parametrize("case", ONE_NODE)
def test_one_node_maps_a_box_to_the_least_box_of_its_corners(
    numpy_ibp: ModuleType, tmp_path: Path, case: str
) -> None:
    operator, operands, values, given_ = ONE_NODE[case]
    node = helper.make_node(operator, operands, ["y"], "node", **given_)
    constants = {name: constant(value) for name, value in values.items()}
    model = builders.save(tmp_path / "m.onnx", [node], constants, {"x": [1, 2]}, {"y": ["a", "b"]})
    network = numpy_ibp.read_network(model)
    box = numpy_ibp.Box(constant([[-2, 1]]), constant([[3, 4]]))
    found = numpy_ibp.image(network, node, box)
    run = ReferenceEvaluator(onnx.load(model))
    images = [run.run(None, {"x": constant([c])})[0] for c in product((-2, 3), (1, 4))]
    assert np.array_equal(found.lower, np.min(images, axis=0))
    assert np.array_equal(found.upper, np.max(images, axis=0))
    assert found.lower.dtype == found.upper.dtype == np.float32


@pytest.mark.parametrize(
    ("sizes", "expected"), [([2, 1], (2, 1)), ([-1], (2,)), ([0, 2, 1], (1, 2, 1))]
)
def test_reshape_takes_its_sizes_from_a_constant(
    numpy_ibp: ModuleType, tmp_path: Path, sizes: list[int], expected: tuple[int, ...]
) -> None:
    stored = helper.make_node(
        "Constant", [], ["s"], "sizes", value=numpy_helper.from_array(np.array(sizes))
    )
    node = helper.make_node("Reshape", ["x", "s"], ["y"], "node")
    model = builders.save(
        tmp_path / "m.onnx", [stored, node], {}, {"x": ["batch", 2]}, {"y": expected}
    )
    network = numpy_ibp.read_network(model)
    found = numpy_ibp.image(network, node, numpy_ibp.Box(*np.zeros((2, 1, 2), np.float32)))
    assert network.shape == (1, 2)
    assert found.lower.shape == found.upper.shape == expected


def test_a_claim_stands_after_each_affine_unit_and_each_relu_only(
    numpy_ibp: ModuleType, tmp_path: Path
) -> None:
    nodes = [
        helper.make_node("Sub", ["x", "c"], ["centred"]),
        helper.make_node("Add", ["centred", "c"], ["moved"]),
        helper.make_node("MatMul", ["moved", "w"], ["inner"]),
        helper.make_node("Add", ["inner", "c"], ["affine"]),
        helper.make_node("Relu", ["affine"], ["relu"]),
        helper.make_node("MatMul", ["relu", "w"], ["bare"]),
        helper.make_node("Identity", ["bare"], ["y"]),
    ]
    constants = {"c": constant([1, 2]), "w": constant(WEIGHT)}
    model = builders.save(tmp_path / "m.onnx", nodes, constants, {"x": [1, 2]}, {"y": [1, 2]})
    assert list(claims(numpy_ibp, model, 0, 1)) == ["affine", "relu", "bare"]


def test_cases_with_different_boxes_are_covered_by_their_hull(
    numpy_ibp: ModuleType, tmp_path: Path
) -> None:
    path = tmp_path / "p.vnnlib"
    path.write_text(
        "(declare-const X_0 Real)(declare-const Y_0 Real)"
        "(assert (or (and (>= X_0 -3) (<= X_0 -1) (<= Y_0 0))"
        " (and (>= X_0 2) (<= X_0 5) (<= Y_0 0))))"
    )
    box = numpy_ibp.input_box(load_property(path), (1, 1), outward=False)
    assert (box.lower.tolist(), box.upper.tolist()) == ([[-3.0]], [[5.0]])


def test_a_property_without_a_case_has_no_box(numpy_ibp: ModuleType) -> None:
    with pytest.raises(ValueError, match="no case, so no box"):
        numpy_ibp.input_box(Property(1, 1, ()), (1, 1), outward=False)


def test_an_overflow_outward_is_no_claim_and_one_inward_is_refused(
    numpy_ibp: ModuleType,
) -> None:
    top = np.float32(np.inf)
    entry = numpy_ibp.entry("y", numpy_ibp.Box(constant([-top, 1]), constant([0, top])))
    assert entry == {
        "lower": ["b32:ff800000", "b32:3f800000"], "upper": ["b32:00000000", "b32:7f800000"],
    }  # fmt: skip
    for lower, upper in ((top, top), (-top, -top), (np.nan, 1), (0, np.nan), (2, 1)):
        with pytest.raises(numpy_ibp.InputError, match="no bound"):
            numpy_ibp.entry("y", numpy_ibp.Box(constant([lower]), constant([upper])))


def claimed(numpy_ibp: ModuleType, model: Path, wanted: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(numpy_ibp.bounds_file(model, wanted, outward=False))
    return document


@pytest.mark.parametrize(
    ("model", "wanted", "endpoints"),
    [
        ("acasxu/ACASXU_run2a_1_1_batch_2000", "acasxu/prop_1", 610),
        ("acasxu/ACASXU_run2a_5_9_batch_2000", "acasxu/prop_4", 610),
        ("mnist_fc/mnist-net_256x2", "mnist_fc/prop_0_0.03", 1044),
        ("mnist_fc/mnist-net_256x4", "mnist_fc/prop_1_0.03", 2068),
        ("rl_benchmarks/cartpole", "rl_benchmarks/cartpole_case_safe_14", 260),
        ("rl_benchmarks/dubinsrejoin", "rl_benchmarks/dubinsrejoin_case_safe_0", 1040),
        ("rl_benchmarks/lunarlander", "rl_benchmarks/lunarlander_case_safe_0", 264),
    ],
)
def test_networks_of_others_are_bounded_at_every_affine_endpoint(
    numpy_ibp: ModuleType, data: Path, model: str, wanted: str, endpoints: int
) -> None:
    folder = data / "networks"
    path = folder / f"{model}.onnx"
    document = claimed(numpy_ibp, path, folder / f"{wanted}.vnnlib")
    relu = {node.output[0] for node in onnx.load(path).graph.node if node.op_type == "Relu"}
    tensors = document["tensors"].items()
    assert sum(2 * len(box["lower"]) for name, box in tensors if name not in relu) == endpoints


def test_integer_weights_of_others_give_integer_bounds(numpy_ibp: ModuleType, data: Path) -> None:
    folder = data / "networks" / "neurocodebench_satrelu"
    found = []
    for path in sorted(folder.glob("*.onnx")):
        document = claimed(numpy_ibp, path, path.with_suffix(".vnnlib"))
        for box in document["tensors"].values():
            found += [int(text[4:], 16) for side in box.values() for text in side]
    values = np.array(found, np.uint32).view(np.float32)
    assert len(values) > 100
    assert np.array_equal(values, np.round(values))
