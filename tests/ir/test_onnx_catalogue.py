"""Every further ONNX operator that is read, against the ONNX reference evaluator.

Inputs are multiples of 1/2 of small size, so that results of operators without functions are exact
floats in the reference too and must be equal; where there are functions, or a division, the
reference's result must lie within a stated number of ulps of our enclosure.

The reference swaps the pads of images (it reads top, bottom, left, right where the statement says
top, left, bottom, right) and ignores dilations of pools: pools are compared with symmetric pads
here, and with loops over coordinates in test_plans.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import onnx
import pytest
from gmpy2 import mpq
from onnx import NodeProto, TensorProto, helper
from onnx.reference import ReferenceEvaluator
from onnx_models import Constants, f32, i64, model, read

from refsem.exact import ExactTensor
from refsem.ir import Graph, Op
from refsem.ir.composites import EXPANSIONS, expanded
from refsem.ir.evaluation import prepare
from refsem.ir.graph import make_node
from refsem.ir.graph_enclosures import enclose_graph
from refsem.ir.onnx_operators import OPERATORS

PRECISION = 120


def one(
    op: str,
    inputs: Sequence[str],
    outputs: Sequence[str] = ("y",),
    **more: Any,  # noqa: ANN401  whatever ONNX takes
) -> NodeProto:
    return helper.make_node(op, list(inputs), list(outputs), f"{op}_0", **more)


def points(graph: Graph, seed: int) -> dict[str, np.ndarray]:
    source = np.random.default_rng(seed)
    return {
        name: (source.integers(-7, 8, graph.node(name).shape) / 2).astype(np.float32)
        for name in graph.inputs
    }


def row(array: np.ndarray) -> ExactTensor:
    return ExactTensor.from_rationals([mpq(float(v)) for v in array.ravel()], (1, array.size))


def distance(graph: Graph, made: onnx.ModelProto, seed: int) -> mpq:
    """The greatest distance, in ulps of the reference's result, between it and our enclosure."""
    feeds = points(graph, seed)
    given = {name: (row(value), row(value)) for name, value in feeds.items()}
    ends = enclose_graph(prepare(graph), given, PRECISION)
    worst = mpq(0)
    for name, result in zip(graph.outputs, ReferenceEvaluator(made).run(None, feeds), strict=True):
        assert graph.node(name).shape == result.shape
        lower, upper = (end.rationals() for end in ends[name])
        for value, low, high in zip(result.ravel(), lower, upper, strict=True):
            assert high - low <= mpq(1, 2**100)
            ulp = mpq(float(np.spacing(np.maximum(np.abs(np.float32(value)), np.float32(0.25)))))
            found = mpq(float(value))
            worst = max(worst, (low - found) / ulp, (found - high) / ulp)
    return worst


def check(made: onnx.ModelProto, ulps: int) -> None:
    graph = read(made)
    assert max(distance(graph, made, seed) for seed in range(2)) <= ulps


X2, X3, IMAGE = (2, 3), (2, 3, 4), (2, 4, 5, 6)
SMALL = np.random.default_rng(5)


def whole(*shape: int) -> np.ndarray:
    return SMALL.integers(-3, 4, shape).astype(np.float32)


Case = tuple[str, list[NodeProto], Constants, Sequence[int], int, int]

PADS = {"pads": [1, 0, 2, 1], "strides": [2, 1]}
CONVS: list[tuple[str, dict[str, Any]]] = [
    ("plain", {}),
    ("pads and strides", PADS),
    ("dilated", {"dilations": [2, 1], "pads": [1, 1, 0, 2]}),
    ("valid", {"auto_pad": "VALID", "strides": [2, 2]}),
    ("same upper", {"auto_pad": "SAME_UPPER", "strides": [1, 1]}),
    ("same lower", {"auto_pad": "SAME_LOWER", "strides": [2, 2]}),
]


def conv_cases() -> list[Case]:
    cases: list[Case] = []
    for name, more in CONVS:
        weights = {"w": whole(6, 2, 2, 3), "b": whole(6)}
        node = one("Conv", ["x", "w", "b"], group=2, kernel_shape=[2, 3], **more)
        cases.append((f"conv {name}", [node], weights, IMAGE, 11, 0))
    cases.append(("conv 1d", [one("Conv", ["x", "w"])], {"w": whole(2, 3, 2)}, X3, 13, 0))
    for name, more in CONVS[:3]:
        more = {**more, "output_padding": [1, 0]} if "strides" in more else more  # noqa: PLW2901
        node = one("ConvTranspose", ["x", "w", "b"], **more)
        weights = {"w": whole(4, 3, 2, 3), "b": whole(3)}
        cases.append((f"transposed {name}", [node], weights, IMAGE, 11, 0))
    return cases


def pool_cases() -> list[Case]:
    cases: list[Case] = []
    kinds: list[tuple[str, dict[str, Any]]] = [
        ("plain", {}),
        ("strided", {"strides": [2, 2]}),
        ("padded", {"pads": [1, 1, 1, 1], "strides": [1, 2]}),
        ("ceil", {"strides": [2, 3], "ceil_mode": 1}),
    ]
    for name, more in kinds:
        for op, others in (("MaxPool", [{}]), ("AveragePool", [{}, {"count_include_pad": 1}])):
            for other in others:
                node = one(op, ["x"], kernel_shape=[2, 2], **more, **other)
                cases.append((f"{op} {name} {other}", [node], {}, IMAGE, 19, 1))
    whole_image = ("GlobalAveragePool", "GlobalMaxPool")
    cases.extend((op, [one(op, ["x"])], {}, IMAGE, 13, 2) for op in whole_image)
    norm = {k: abs(whole(4)) + 1 for k in "sbmv"}
    node = one("BatchNormalization", ["x", *"sbmv"], epsilon=0.5)
    cases.append(("batch norm", [node], norm, IMAGE, 15, 32))
    return cases


def reduction_cases() -> list[Case]:
    cases: list[Case] = []
    for op in sorted(name for name in OPERATORS if name.startswith("Reduce")):
        ulps = 4 if op in {"ReduceLogSumExp", "ReduceL2", "ReduceMean"} else 0
        if op == "ReduceLogSum":
            continue  # of numbers that may sum to less than zero: below, after Abs
        for axes, keep in (([1], 1), ([0, -1], 0)):
            early = [one(op, ["x"], axes=axes, keepdims=keep)]
            cases.append((f"{op} {axes} attribute", early, {}, X3, 12, ulps))
            late = [one(op, ["x", "a"], keepdims=keep)]
            cases.append((f"{op} {axes} input", late, {"a": i64(*axes)}, X3, 18, ulps))
        cases.append((f"{op} all", [one(op, ["x"])], {}, X3, 18, ulps))
        none = [one(op, ["x"], noop_with_empty_axes=1)]
        if op in {"ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin"}:
            cases.append((f"{op} none", none, {}, X3, 18, ulps))
    nodes = [one("Abs", ["x"], ["a"]), one("ReduceLogSum", ["a"])]
    cases.append(("ReduceLogSum", nodes, {}, X3, 18, 4))
    for op in ("Softmax", "LogSoftmax"):
        for opset, axis in ((11, 2), (13, 0), (13, -1)):
            cases.append((f"{op} {opset} {axis}", [one(op, ["x"], axis=axis)], {}, X3, opset, 8))
    scale = {"s": whole(3, 4), "b": whole(3, 4)}
    node = one("LayerNormalization", ["x", "s", "b"], axis=1, epsilon=0.5)
    cases.append(("layer norm", [node], scale, X3, 17, 60))
    return cases


def rearrangement_cases() -> list[Case]:
    lists = {"s": i64(-1, 0), "e": i64(-10, 2), "a": i64(2, 0), "t": i64(-2, 1)}
    return [
        ("concat", [one("Concat", ["x", "c", "x"], axis=-2)], {"c": whole(2, 1, 4)}, X3, 11, 0),
        ("split", [one("Split", ["x", "n"], ["y", "z"], axis=1)], {"n": i64(1, 2)}, X3, 13, 0),
        ("split old", [one("Split", ["x"], ["y", "z"], axis=2)], {}, X3, 11, 0),
        ("split 18", [one("Split", ["x"], ["y", "z"], axis=1, num_outputs=2)], {}, X3, 18, 0),
        ("slice", [one("Slice", ["x", *"seat"])], lists, X3, 13, 0),
        ("slice old", [one("Slice", ["x"], starts=[1, -9], ends=[3, 1])], {}, X3, 9, 0),
        ("gather", [one("Gather", ["x", "i"], axis=1)], {"i": i64(2, -1, 0)}, X3, 13, 0),
        ("gather one", [one("Gather", ["x", "i"])], {"i": np.array(1)}, X3, 13, 0),
        ("expand", [one("Expand", ["x", "t"])], {"t": i64(3, 2, 1)}, (2, 1), 13, 0),
        ("tile", [one("Tile", ["x", "t"])], {"t": i64(2, 1, 3)}, X3, 13, 0),
        ("pad", [one("Pad", ["x", "p"])], {"p": i64(1, 0, 0, 2)}, X2, 13, 0),
        (
            "pad by",
            [one("Pad", ["x", "p", "v"])],
            {"p": i64(0, 1, 2, 1), "v": f32(7)[0]},
            X2,
            13,
            0,
        ),
        ("pad edge", [one("Pad", ["x", "p"], mode="edge")], {"p": i64(2, 0, 1, 3)}, X2, 13, 0),
        (
            "pad reflect",
            [one("Pad", ["x", "p"], mode="reflect")],
            {"p": i64(1, 0, 0, 2)},
            X2,
            13,
            0,
        ),
        ("pad wrap", [one("Pad", ["x", "p"], mode="wrap")], {"p": i64(1, 0, 0, 2)}, X2, 19, 0),
        ("pad axes", [one("Pad", ["x", "p", "", "a"])], {"p": i64(1, 2), "a": i64(-1)}, X2, 18, 0),
        ("dropout", [one("Dropout", ["x"])], {}, X2, 13, 0),
    ]


def elementwise_cases() -> list[Case]:
    plain = ("Neg", "Abs", "Sign", "Softsign", "Erf", "Exp", "Tanh", "Sigmoid", "Softplus")
    more = ("Sin", "Cos", "HardSwish", "HardSigmoid", "Floor", "Ceil", "Round", "Tan")
    cases: list[Case] = [(op, [one(op, ["x"])], {}, X3, 14, 8) for op in plain + more]
    shaped: list[tuple[str, dict[str, Any], int]] = [
        ("Elu", {"alpha": 0.5}, 6),
        ("Selu", {}, 6),
        ("Celu", {"alpha": 0.5}, 6),
        ("LeakyRelu", {}, 6),
        ("LeakyRelu", {"alpha": -0.25}, 6),
        ("ThresholdedRelu", {"alpha": 1.5}, 10),
        ("HardSigmoid", {"alpha": 0.25, "beta": 0.25}, 6),
        ("Gelu", {}, 20),
        ("Gelu", {"approximate": "tanh"}, 20),
        ("Mish", {}, 18),
    ]
    for op, given, opset in shaped:
        node = one(op, ["x"], **given)
        cases.append((f"{op} {given}", [node], {}, X3, max(opset, 13), 16))
    square = [one("Mul", ["x", "x"], ["s"]), one("Add", ["s", "c"], ["p"])]
    above = ("Sqrt", "Log", "Reciprocal")
    cases.extend((op, [*square, one(op, ["p"])], {"c": f32(0.5)}, X3, 13, 2) for op in above)
    for exponent in (1, 2, 3, 5, 8, 9, -2):
        nodes = [*square, one("Pow", ["p", "e"])]
        constants = {"c": f32(0.5), "e": f32(exponent)[0]}
        cases.append((f"Pow {exponent}", nodes, constants, X2, 13, 6))
    root = {"c": f32(0.5), "e": f32(0.5)[0]}
    cases.append(("Pow 1/2", [*square, one("Pow", ["p", "e"])], root, X2, 13, 2))
    return cases


def other_cases() -> list[Case]:
    cases: list[Case] = []
    for op in ("Max", "Min", "Sum"):
        node = one(op, ["x", "c", "x", "d"])
        cases.append((op, [node], {"c": whole(3), "d": whole(2, 1)}, X2, 13, 0))
    cases.append(("Mean", [one("Mean", ["x", "c", "x"])], {"c": whole(3)}, X2, 13, 2))
    cases.append(("Div", [one("Div", ["c", "x"])], {"c": whole(3)}, X2, 13, 1))
    cases[-1] = ("Div", [one("Div", ["x", "c"])], {"c": abs(whole(3)) + 1}, X2, 13, 1)
    cases.append(("PRelu", [one("PRelu", ["x", "c"])], {"c": whole(3)}, X2, 16, 0))
    for to in (TensorProto.INT64, TensorProto.INT32, TensorProto.BOOL):
        nodes = [one("Cast", ["x"], ["i"], to=to), one("Cast", ["i"], to=1)]
        cases.append((f"Cast {to}", nodes, {}, X3, 13, 0))
    bounds = {"l": f32(-1.5)[0], "h": f32(2)[0]}
    given = (["x", "l", "h"], ["x", "", "h"], ["x", "l"], ["x"])
    cases.extend((f"Clip {names}", [one("Clip", names)], bounds, X2, 13, 0) for names in given)
    cases.append(("Clip old", [one("Clip", ["x"], min=-1.0, max=0.5)], {}, X2, 9, 0))
    for op in ("Less", "Greater", "LessOrEqual", "GreaterOrEqual", "Equal"):
        nodes = [one(op, ["x", "c"], ["t"]), one("Cast", ["t"], to=1)]
        cases.append((op, nodes, {"c": f32(1, 0, -1)}, X2, 13, 0))
    nodes = [
        one("Less", ["x", "c"], ["s"]),
        one("Less", ["d", "x"], ["t"]),
        one("Or", ["s", "t"], ["u"]),
        one("And", ["s", "t"], ["v"]),
        one("Not", ["v"], ["w"]),
        one("And", ["u", "w"], ["z"]),
        one("Where", ["z", "x", "c"]),
    ]
    cases.append(("Where", nodes, {"c": f32(2)[0], "d": f32(-2)[0]}, X2, 13, 0))
    shaped = [
        one("Shape", ["x"], ["s"]),
        one("Gather", ["s", "i"], ["n"]),
        one("Mul", ["n", "k"], ["m"]),
        one("Div", ["m", "k"], ["q"]),
        one("Concat", ["q", "r"], ["t"], axis=0),
        one("Reshape", ["x", "t"]),
    ]
    constants = {"i": i64(0), "k": i64(6), "r": i64(-1)}
    cases.append(("shapes", shaped, constants, X3, 13, 0))
    filled = [
        one("Shape", ["x"], ["s"]),
        one("ConstantOfShape", ["s"], ["o"], value=helper.make_tensor("v", 1, [1], [2.5])),
        one("Range", ["i", "k", "j"], ["r"]),
        one("Cast", ["r"], ["f"], to=1),
        one("Mul", ["o", "f"], ["z"]),
        one("Add", ["x", "z"]),
    ]
    constants = {"i": np.array(0), "k": np.array(3), "j": np.array(1)}
    cases.append(("constants", filled, constants, X2, 13, 0))
    return cases


CASES: list[Case] = [
    *conv_cases(),
    *pool_cases(),
    *reduction_cases(),
    *rearrangement_cases(),
    *elementwise_cases(),
    *other_cases(),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])
def test_as_the_reference(case: Case) -> None:
    _, nodes, constants, shape, opset, ulps = case
    outputs = nodes[-1].output
    check(model(nodes, constants, {"x": shape}, outputs, opset=opset), ulps)


TESTED_ELSEWHERE = {
    *("Add", "Sub", "Mul", "Relu", "MatMul", "Gemm", "Constant", "Identity", "Transpose"),
    *("Flatten", "Reshape", "Resize", "Squeeze", "Unsqueeze", "Upsample"),
}
NEWER_THAN_THE_REFERENCE = {"Swish"}


def test_every_operator_is_tested() -> None:
    used = {node.op_type for case in CASES for node in case[1]}
    assert used | TESTED_ELSEWHERE | NEWER_THAN_THE_REFERENCE | {"Size"} == set(OPERATORS)


# planted faults: one attribute of what was read made wrong must be seen


def spoilt(graph: Graph, op: Op, **wrong: object) -> Graph:
    nodes, known = [], {}
    for node in graph.nodes:
        again = node
        if node.op is op:
            attributes = dict(node.attributes) | wrong
            operands = tuple(known[name] for name in node.operands)
            again = make_node(node.name, op, operands, attributes)
        known[node.name] = again
        nodes.append(again)
    return replace(graph, nodes=tuple(nodes))


PLANTED: list[tuple[str, Op, Mapping[str, object]]] = [
    ("conv pads and strides", Op.CONV, {"pads": (2, 1, 1, 0)}),
    ("conv pads and strides", Op.CONV, {"strides": (1, 2)}),
    ("conv dilated", Op.CONV, {"dilations": (1, 2)}),
    ("MaxPool ceil {}", Op.MAX_POOL, {"ceil": 0}),
    ("AveragePool padded {}", Op.AVERAGE_POOL, {"count_include_pad": 1}),
    ("MaxPool padded {}", Op.MAX_POOL, {"pads": (0, 0, 1, 1)}),
    ("Softmax 13 0", Op.SOFTMAX, {"axes": (1,)}),
    ("transposed pads and strides", Op.CONV_TRANSPOSE, {"pads": (2, 1, 1, 0)}),
    ("gather", Op.GATHER, {"indices": (2, 1, 0)}),
    ("pad edge", Op.PAD, {"mode": "wrap", "pads": (2, 0, 1, 3)}),
    ("ReduceSum [1] attribute", Op.REDUCE_SUM, {"axes": (2,)}),
    ("layer norm", Op.LAYER_NORM, {"epsilon": mpq(1, 4)}),
    ("LeakyRelu {'alpha': -0.25}", Op.LEAKY_RELU, {"alpha": mpq(1, 4)}),
]


@pytest.mark.parametrize(("name", "op", "wrong"), PLANTED)
def test_a_planted_wrong_attribute_is_seen(name: str, op: Op, wrong: Mapping[str, object]) -> None:
    _, nodes, constants, shape, opset, ulps = next(case for case in CASES if case[0] == name)
    made = model(nodes, constants, {"x": shape}, nodes[-1].output, opset=opset)
    graph = read(made)
    assert distance(graph, made, 0) <= ulps
    other = spoilt(graph, op, **wrong)
    if other.node("y").shape == graph.node("y").shape:
        assert distance(other, made, 0) > max(ulps, 100)
    else:
        with pytest.raises(AssertionError):
            distance(other, made, 0)


@pytest.mark.parametrize("op", ["Softmax", "LogSoftmax"])
def test_an_old_softmax_is_along_all_axes_from_one_on(op: str) -> None:
    """The reference takes old ones for new ones: here the old statement is written out."""
    old = read(model([one(op, ["x"], axis=1)], {}, {"x": X3}, opset=11))
    nodes = [one("Flatten", ["x"], ["f"]), one(op, ["f"], ["s"]), one("Reshape", ["s", "t"])]
    made = model(nodes, {"t": i64(2, 3, 4)}, {"x": X3})
    assert distance(old, made, 0) <= 8
    assert old.node("y").attribute("axes") == (1, 2)


# composites: every expansion means the same


@pytest.mark.parametrize(
    "name",
    ["Softmax 13 0", "LogSoftmax 13 0", "ReduceLogSumExp [1] input", "batch norm", "layer norm"],
)
def test_all_expansions_mean_the_same(name: str) -> None:
    _, nodes, constants, shape, opset, _ = next(case for case in CASES if case[0] == name)
    graph = read(model(nodes, constants, {"x": shape}, opset=opset))
    given = {key: (row(value), row(value)) for key, value in points(graph, 3).items()}
    op = next(node.op for node in graph.nodes if node.op in EXPANSIONS)
    found = [
        enclose_graph(prepare(expanded(graph, {op: expansion.name})), given, PRECISION)["y"]
        for expansion in EXPANSIONS[op]
    ]
    assert len(found) == len(EXPANSIONS[op]) >= 2
    for lower, upper in found:
        assert bool((upper - lower).less(ExactTensor.full((1, 1), mpq(1, 2**100))).all())
        for other_lower, other_upper in found:
            assert bool((lower.less_equal(other_upper) & other_lower.less_equal(upper)).all())


@pytest.mark.parametrize("number", [-2.75, 3.0])
def test_a_cast_of_one_number_is_read(number: float) -> None:
    nodes = [
        one("Cast", ["c"], ["i"], to=onnx.TensorProto.INT64),
        one("Cast", ["i"], ["f"], to=onnx.TensorProto.FLOAT),
        one("Add", ["x", "f"]),
    ]
    check(model(nodes, {"c": f32(number)[0]}, {"x": X2}), 0)
