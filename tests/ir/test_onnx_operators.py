"""Every operator and version that is read, against the ONNX reference evaluator.

Weights and inputs are small integers, so the reference's floats are exact and must be equal.
"""

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
import onnx
import onnx.defs
import pytest
from gmpy2 import mpq
from numpy.typing import NDArray
from onnx import AttributeProto, NodeProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from onnx_models import Constants, Shapes, f32, i64, model, read

from refsem.errors import InputError
from refsem.exact import ExactTensor
from refsem.ir import Op
from refsem.ir.evaluation import evaluate_graph, prepare
from refsem.ir.onnx_operators import OPERATORS

Array = NDArray[np.float32]

OPSETS = (7, 13, 14)


def check_against_reference(made: onnx.ModelProto) -> None:
    """Exact evaluation and the reference agree on three integer points."""
    graph = read(made)
    reference = ReferenceEvaluator(made)
    source = np.random.default_rng(1)
    for _ in range(3):
        points = {
            name: source.integers(-5, 6, graph.node(name).shape).astype(np.float32)
            for name in graph.inputs
        }
        exact = evaluate_graph(
            prepare(graph), {name: as_row(point) for name, point in points.items()}
        )
        for name, expected in zip(graph.outputs, reference.run(None, points), strict=True):
            assert graph.node(name).shape == expected.shape
            assert exact[name].rationals() == [mpq(int(entry)) for entry in expected.ravel()]
            assert np.all(expected == np.round(expected))


def as_row(array: Array) -> ExactTensor:
    return ExactTensor.from_rationals([mpq(int(entry)) for entry in array.ravel()], (1, array.size))


def one(op: str, inputs: Sequence[str], **attributes: object) -> NodeProto:
    return helper.make_node(op, list(inputs), ["y"], f"{op}_0", **attributes)


def check_one(node: NodeProto, constants: Constants, shape: Sequence[int], opset: int) -> None:
    check_against_reference(model([node], constants, {"x": shape}, opset=opset))


@pytest.mark.parametrize("opset", OPSETS)
@pytest.mark.parametrize("op", ["Add", "Sub", "Mul"])
@pytest.mark.parametrize(
    ("shape", "constant"),
    [
        ((2, 3), f32(1, -2, 3)),
        ((3,), f32([1, -2, 3], [4, 5, -6])),
        ((2, 1), f32(1, 2, 3)),
        ((), f32(7)),
        ((2, 3), np.array(-3, np.float32)),
        ((1, 2, 1), f32([[1, 2]], [[3, -4]], [[5, 6]])),
    ],
)
def test_elementwise_broadcast(op: str, shape: Sequence[int], constant: Array, opset: int) -> None:
    for names in (["x", "c"], ["c", "x"]):
        check_one(one(op, names), {"c": constant}, shape, opset)


@pytest.mark.parametrize("op", ["Add", "Sub"])
def test_sums_of_two_variable_tensors(op: str) -> None:
    nodes = [
        helper.make_node("Relu", ["x"], ["r"]),
        helper.make_node("Mul", ["x", "c"], ["m"]),
        helper.make_node(op, ["r", "m"], ["s"]),
        helper.make_node(op, ["s", "s"], ["y"]),
    ]
    check_against_reference(model(nodes, {"c": f32(2, -3)}, {"x": (2, 2)}))


MATMUL_SHAPES = [
    ((1, 3), (3, 2)),
    ((4, 3), (3, 2)),
    ((3,), (3, 2)),
    ((2, 3), (3,)),
    ((2, 4, 3), (3, 2)),
    ((2, 2, 4, 3), (3, 2)),
    ((2, 3), (4, 3, 5)),
]


@pytest.mark.parametrize("opset", [1, 9, 13])
@pytest.mark.parametrize(("left", "right"), MATMUL_SHAPES)
def test_matmul_on_either_side(left: Sequence[int], right: Sequence[int], opset: int) -> None:
    source = np.random.default_rng(2)
    for names, variable, constant in ((["x", "w"], left, right), (["w", "x"], right, left)):
        weights = source.integers(-4, 5, constant).astype(np.float32)
        check_one(one("MatMul", names), {"w": weights}, variable, opset)


@pytest.mark.parametrize("opset", [7, 11, 13])
@pytest.mark.parametrize("factors", [(1.0, 1.0), (2.0, -3.0), (0.0, 0.5)])
@pytest.mark.parametrize("transposed", list(product((0, 1), repeat=2)))
@pytest.mark.parametrize("addend", [(), (1,), (2,), (1, 2), (4, 1), (4, 2)])
def test_gemm(
    addend: Sequence[int], transposed: tuple[int, int], factors: tuple[float, float], opset: int
) -> None:
    source = np.random.default_rng(3)
    left, right = ((3, 4) if transposed[0] else (4, 3)), ((2, 3) if transposed[1] else (3, 2))
    bias = (2 * source.integers(-4, 5, addend)).astype(np.float32)
    attributes = dict(zip(("alpha", "beta", "transA", "transB"), factors + transposed, strict=True))
    for names, variable, constant in ((["x", "w"], left, right), (["w", "x"], right, left)):
        weights = source.integers(-4, 5, constant).astype(np.float32)
        node = one("Gemm", [*names, "b"], **attributes)
        check_one(node, {"w": weights, "b": bias}, variable, opset)


@pytest.mark.parametrize("inputs", [["x", "w"], ["x", "w", ""]])
def test_gemm_without_addend(inputs: Sequence[str]) -> None:
    check_one(one("Gemm", inputs), {"w": f32([1, 2], [3, -4])}, (3, 2), 11)


def test_gemm_with_variable_addend() -> None:
    nodes = [
        helper.make_node("Relu", ["x"], ["r"]),
        helper.make_node("Gemm", ["r", "w", "x"], ["y"], beta=3.0),
    ]
    check_against_reference(model(nodes, {"w": f32([1, 2], [3, -4])}, {"x": (3, 2)}))


def test_the_made_up_zero_takes_no_name_of_the_file() -> None:
    nodes = [
        helper.make_node("Gemm", ["x", "zero_0"], ["zero_1"]),
        helper.make_node("Gemm", ["zero_1", "zero_0"], ["y"]),
    ]
    made = model(nodes, {"zero_0": f32([1, 2], [3, -4])}, {"x": (1, 2)}, opset=11)
    check_against_reference(made)
    graph = read(made)
    assert [node.name for node in graph.nodes] == ["x", "zero_0", "zero_2", "zero_1", "y"]
    assert graph.constants["zero_2"].tolist() == 0


def test_gemm_factors_are_the_exact_binary32_values() -> None:
    node = one("Gemm", ["x", "w", "b"], alpha=0.1, beta=-0.3)
    made = model([node], {"w": f32([1], [1]), "b": f32(1)}, {"x": (1, 2)})
    attributes = dict(read(made).node("y").attributes)
    assert attributes["alpha"] == mpq(13421773, 2**27)
    assert attributes["beta"] == mpq(-10066330, 2**25)
    assert attributes["beta"] == mpq(float(np.float32(-0.3)))


@pytest.mark.parametrize("opset", [1, 6, 13, 14])
def test_relu(opset: int) -> None:
    check_one(one("Relu", ["x"]), {}, (3, 4), opset)


@pytest.mark.parametrize("opset", [1, 13, 14, 19, 21])
def test_identity(opset: int) -> None:
    check_one(one("Identity", ["x"]), {}, (3, 4), opset)


@pytest.mark.parametrize("opset", [1, 13, 21])
def test_transpose(opset: int) -> None:
    check_one(one("Transpose", ["x"]), {}, (2, 3, 4), opset)
    for axes in ((0, 1, 2), (1, 0, 2), (2, 0, 1), (1, 2, 0)):
        check_one(one("Transpose", ["x"], perm=axes), {}, (2, 3, 4), opset)


@pytest.mark.parametrize("opset", [1, 9, 11, 13, 21])
def test_flatten(opset: int) -> None:
    check_one(one("Flatten", ["x"]), {}, (2, 3, 4), opset)
    for axis in range(-3 if opset >= 11 else 0, 4):
        check_one(one("Flatten", ["x"], axis=axis), {}, (2, 3, 4), opset)
    check_one(one("Flatten", ["x"], axis=0), {}, (), opset)


@pytest.mark.parametrize("opset", [5, 13, 14, 19, 21])
@pytest.mark.parametrize(
    "target", [(6, 4), (-1,), (0, -1), (2, 0, 2, 2), (0, 0, 0), (4, -1, 3), (1, 24, 1)]
)
def test_reshape(target: Sequence[int], opset: int) -> None:
    check_one(one("Reshape", ["x", "shape"]), {"shape": i64(*target)}, (2, 3, 4), opset)


@pytest.mark.parametrize("target", [(6, 4), (-1,), (0, -1)])
def test_reshape_by_attribute(target: Sequence[int]) -> None:
    graph = read(model([one("Reshape", ["x"], shape=target)], {}, {"x": (2, 3, 4)}, opset=4))
    expected = np.zeros((2, 3, 4)).reshape([2 if length == 0 else length for length in target])
    assert graph.node("y").shape == expected.shape


def test_reshape_keeps_zeros_when_told_to() -> None:
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["none"]),
        helper.make_node("Reshape", ["none", "shape"], ["y"], allowzero=1),
    ]
    constants = {"w": np.zeros((2, 0), np.float32), "shape": i64(0, 7)}
    check_against_reference(model(nodes, constants, {"x": (3, 2)}, opset=14))


SQUEEZES = [(0,), (2,), (0, 2), (2, 0), (-2,), (-4, 2)]


@pytest.mark.parametrize("axes", SQUEEZES)
def test_squeeze(axes: Sequence[int]) -> None:
    check_one(one("Squeeze", ["x", "axes"]), {"axes": i64(*axes)}, (1, 3, 1, 2), 13)


@pytest.mark.parametrize("opset", [1, 11])
@pytest.mark.parametrize("axes", SQUEEZES)
def test_squeeze_by_attribute(axes: Sequence[int], opset: int) -> None:
    """Against numpy: the reference before opset 13 takes ascending axes only."""
    made = model([one("Squeeze", ["x"], axes=axes)], {}, {"x": (1, 3, 1, 2)}, opset=opset)
    if opset < 11 and min(axes) < 0:
        with pytest.raises(InputError, match="out of range"):
            read(made)
    else:
        assert read(made).node("y").shape == np.zeros((1, 3, 1, 2)).squeeze(tuple(axes)).shape


@pytest.mark.parametrize("opset", [1, 11, 13])
def test_squeeze_of_every_axis_of_length_one(opset: int) -> None:
    check_one(one("Squeeze", ["x"]), {}, (1, 3, 1, 2), opset)


def test_squeeze_with_its_optional_input_left_out() -> None:
    check_one(one("Squeeze", ["x", ""]), {}, (1, 3, 1, 2), 13)


@pytest.mark.parametrize("opset", [1, 11, 13, 21])
@pytest.mark.parametrize("axes", [(0,), (2,), (0, 3), (1, 2, 4), (-1,), (-2, 0)])
def test_unsqueeze(axes: Sequence[int], opset: int) -> None:
    made = (
        model([one("Unsqueeze", ["x"], axes=axes)], {}, {"x": (2, 3)}, opset=opset)
        if opset < 13
        else model(
            [one("Unsqueeze", ["x", "axes"])], {"axes": i64(*axes)}, {"x": (2, 3)}, opset=opset
        )
    )
    if min(axes) >= 0 or opset >= 11:
        graph = read(made)
        assert graph.node("y").shape == np.expand_dims(np.zeros((2, 3)), tuple(axes)).shape
        if opset >= 11:
            check_against_reference(made)


CONSTANTS: Mapping[str, Mapping[str, Any]] = {
    "raw": {"value": numpy_helper.from_array(f32(1, -2, 3))},
    "typed": {"value": helper.make_tensor("t", 1, [3], [1.0, -2.0, 3.0])},
    "scalar": {"value": helper.make_tensor("t", 1, [], [-2.0])},
    "one float": {"value_float": -2.0},
    "floats": {"value_floats": [1.0, -2.0, 3.0]},
}


@pytest.mark.parametrize("kind", sorted(CONSTANTS))
@pytest.mark.parametrize("opset", [12, 13, 19, 25])
def test_constants_as_data(kind: str, opset: int) -> None:
    nodes = [
        helper.make_node("Constant", [], ["c"], **CONSTANTS[kind]),
        helper.make_node("Mul", ["x", "c"], ["y"]),
    ]
    check_against_reference(model(nodes, {}, {"x": (2, 3)}, opset=opset))


@pytest.mark.parametrize(
    "attributes",
    [
        {"value": numpy_helper.from_array(i64(3, 2))},
        {"value": helper.make_tensor("t", 7, [2], [3, 2])},
        {"value_ints": [3, 2]},
    ],
)
def test_constants_as_shapes_also_through_identity(attributes: Mapping[str, Any]) -> None:
    nodes = [
        helper.make_node("Constant", [], ["c"], **attributes),
        helper.make_node("Identity", ["c"], ["d"]),
        helper.make_node("Reshape", ["x", "d"], ["y"]),
    ]
    check_against_reference(model(nodes, {}, {"x": (2, 3)}))


def test_an_integer_constant_is_no_list() -> None:
    nodes = [
        helper.make_node("Constant", [], ["c"], value_int=6),
        helper.make_node("Reshape", ["x", "c"], ["y"]),
    ]
    with pytest.raises(InputError, match=r"input 1 has shape \[\], at most 32 numbers expected"):
        read(model(nodes, {}, {"x": (2, 3)}))


def test_constants_are_computed_with() -> None:
    nodes = [
        helper.make_node("Transpose", ["w"], ["t"]),
        helper.make_node("Relu", ["t"], ["r"]),
        helper.make_node("MatMul", ["r", "w"], ["q"]),
        helper.make_node("MatMul", ["x", "q"], ["y"]),
    ]
    weights = f32([1, -2], [3, 4], [-5, 6])
    check_against_reference(model(nodes, {"w": weights}, {"x": (1, 2)}))


def test_products_of_variable_tensors() -> None:
    for op, inputs in (("Mul", ["x", "r"]), ("MatMul", ["x", "r"]), ("Gemm", ["r", "x", "c"])):
        nodes = [helper.make_node("Relu", ["x"], ["r"]), helper.make_node(op, inputs, ["y"])]
        check_against_reference(model(nodes, {"c": f32(1)}, {"x": (2, 2)}))


def test_several_inputs_and_outputs() -> None:
    nodes = [
        helper.make_node("Add", ["a", "b"], ["s"]),
        helper.make_node("Relu", ["s"], ["r"]),
    ]
    shapes: Shapes = {"b": (2, 1), "a": (1, 3)}
    made = model(nodes, {}, shapes, ["r", "s", "a"])
    check_against_reference(made)
    assert read(made).inputs == ("b", "a")
    assert read(made).outputs == ("r", "s", "a")


def test_nodes_may_stand_in_any_order() -> None:
    nodes = [
        helper.make_node("Add", ["r", "s"], ["y"]),
        helper.make_node("Relu", ["s"], ["r"]),
        helper.make_node("Mul", ["x", "c"], ["s"]),
        helper.make_node("Constant", [], ["c"], value_floats=[2.0, -3.0]),
    ]
    graph = read(model(nodes, {}, {"x": (1, 2)}))
    assert [node.name for node in graph.nodes] == ["x", "c", "s", "r", "y"]
    ordered = model(nodes[::-1], {}, {"x": (1, 2)})
    check_against_reference(ordered)
    assert read(ordered).nodes == graph.nodes


def test_what_no_output_needs_is_dropped_but_inputs_stay() -> None:
    nodes = [
        helper.make_node("Relu", ["x"], ["y"]),
        helper.make_node("Add", ["x", "c"], ["dead"]),
    ]
    graph = read(model(nodes, {"c": f32(1)}, {"x": (1, 2), "unused": (3,)}))
    assert [(node.name, node.op) for node in graph.nodes] == [
        ("x", Op.INPUT),
        ("unused", Op.INPUT),
        ("y", Op.RELU),
    ]
    assert graph.constants == {}


@pytest.mark.parametrize("first", ["batch", None])
def test_an_unknown_first_dimension_is_one(first: str | None) -> None:
    graph = read(model([one("Relu", ["x"])], {}, {"x": [first, 3]}))
    assert graph.node("x").shape == (1, 3)


def test_a_constant_may_be_listed_as_input() -> None:
    made = model([one("Add", ["x", "c"])], {"c": f32(1, 2)}, {"x": (1, 2), "c": (2,)})
    graph = read(made)
    assert graph.inputs == ("x",)
    assert graph.node("c").op is Op.CONSTANT


def test_weights_keep_their_bits_in_either_form() -> None:
    patterns = np.array([0, 0x80000000, 1, 0x80000001, 0x7FFFFF, 0x7F7FFFFF, 0x3DCCCCCD], np.uint32)
    values = patterns.view(np.float32)
    typed = helper.make_tensor("c", 1, [7], values.tolist())
    assert typed.float_data
    assert not typed.raw_data
    for tensor in (typed, numpy_helper.from_array(values, "c")):
        made = model([one("Add", ["x", "c"])], {}, {"x": (7,)})
        made.graph.initializer.append(tensor)
        assert read(made).constants["c"].tolist() == patterns.tolist()


def test_the_standard_domain_has_two_names() -> None:
    node = one("Relu", ["x"])
    node.domain = "ai.onnx"
    made = model([node], {}, {"x": (2,)})
    made.opset_import[0].domain = "ai.onnx"
    made.opset_import.append(helper.make_opsetid("ai.onnx.ml", 2))
    assert read(made).node("y").op is Op.RELU


def schemas(name: str) -> list[onnx.defs.OpSchema]:
    history = onnx.defs.get_all_schemas_with_history()
    found = [schema for schema in history if schema.domain == "" and schema.name == name]
    return sorted(found, key=lambda schema: schema.since_version)


LEFT_OUT = {
    "Relu": {"consumed_inputs"},
    "Reshape": {"consumed_inputs"},
    "Constant": {"sparse_value", "value_string", "value_strings"},
}


@pytest.mark.parametrize("name", sorted(OPERATORS))
def test_rows_agree_with_the_published_statements(name: str) -> None:
    """At every operator set: inputs, and attributes but for those refused by name."""
    newest = min(OPERATORS[name][-1].until, onnx.defs.onnx_opset_version())
    for opset in range(OPERATORS[name][0].since, newest + 1):
        stated = [schema for schema in schemas(name) if schema.since_version <= opset][-1]
        row = [row for row in OPERATORS[name] if row.since <= opset][-1]
        assert row.inputs == (stated.min_input, stated.max_input)
        kinds = {
            key: AttributeProto.AttributeType.Value(kind.name)
            for key, kind in row.attributes.items()
        }
        published = {key: value.type.value for key, value in stated.attributes.items()}
        assert kinds.items() <= published.items()
        assert set(published) - set(kinds) <= LEFT_OUT.get(name, set())
