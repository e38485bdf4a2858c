"""Each thing the ONNX reader refuses: one good model, spoilt in one place, and the exact line.

Every entry changes `chain()` (or makes a model of its own); the text is all that a user sees.
"""

from collections.abc import Callable, Mapping
from itertools import pairwise
from math import prod

import numpy as np
import onnx
import pytest
from onnx import AttributeProto, TensorProto, helper, numpy_helper
from onnx_models import chain, f32, i64, model, read

from refsem.errors import InputError
from refsem.ir.graph import make_node
from refsem.ir.onnx_application import Application
from refsem.ir.onnx_reader import TOTAL_LIMIT
from refsem.ir.onnx_values import ENTRY_LIMIT, NAME_LIMIT, RANK_LIMIT, FloatTensor
from refsem.ir.operators import Op

Spoil = Callable[[onnx.ModelProto], object]


def test_the_model_that_is_spoilt_is_good() -> None:
    assert [node.name for node in read(chain()).nodes] == [
        "x",
        "m",
        "w",
        "b",
        "centred",
        "active",
        "y",
    ]


def refusal(made: onnx.ModelProto) -> str:
    with pytest.raises(InputError) as caught:
        read(made)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# the model as a whole

MODEL: Mapping[str, tuple[Spoil, str]] = {
    "no graph": (
        lambda m: m.ClearField("graph"),
        "m.onnx: not an ONNX model: there is no graph in it",
    ),
    "no operator set": (
        lambda m: m.ClearField("opset_import"),
        "m.onnx: no version of the standard operator set is stated",
    ),
    "only a foreign operator set": (
        lambda m: setattr(m.opset_import[0], "domain", "ai.onnx.ml"),
        "m.onnx: no version of the standard operator set is stated",
    ),
    "an operator set twice": (
        lambda m: m.opset_import.append(helper.make_opsetid("ai.onnx", 14)),
        "m.onnx: operator set 'ai.onnx' is imported in two versions",
    ),
    "opset 0": (
        lambda m: setattr(m.opset_import[0], "version", 0),
        "m.onnx: opset 0 is not supported, 1 to 28 are",
    ),
    "opset of the future": (
        lambda m: setattr(m.opset_import[0], "version", 29),
        "m.onnx: opset 29 is not supported, 1 to 28 are",
    ),
    "no IR version": (
        lambda m: m.ClearField("ir_version"),
        "m.onnx: IR version 0 is not supported, 3 to 14 are",
    ),
    "IR version of the future": (
        lambda m: setattr(m, "ir_version", 15),
        "m.onnx: IR version 15 is not supported, 3 to 14 are",
    ),
    "functions": (
        lambda m: m.functions.add(name="f"),
        "m.onnx: functions (in ModelProto) is not supported",
    ),
    "training": (
        lambda m: m.training_info.add(),
        "m.onnx: training_info (in ModelProto) is not supported",
    ),
    "devices": (
        lambda m: m.configuration.add(name="c", num_devices=2),
        "m.onnx: configuration (in ModelProto) is not supported",
    ),
    "sparse initialisers": (
        lambda m: m.graph.sparse_initializer.add(),
        "m.onnx: sparse_initializer (in GraphProto) is not supported",
    ),
    "quantisation": (
        lambda m: m.graph.quantization_annotation.add(),
        "m.onnx: quantization_annotation (in GraphProto) is not supported",
    ),
}

# the ends of the graph


def dimension(m: onnx.ModelProto, axis: int, length: int) -> None:
    m.graph.input[0].type.tensor_type.shape.dim[axis].dim_value = length


def redeclare(m: onnx.ModelProto, name: str, element: int, shape: list[int | str] | None) -> None:
    m.graph.value_info.append(helper.make_tensor_value_info(name, element, shape))


def sequence_input(m: onnx.ModelProto) -> None:
    m.graph.input[0].type.sequence_type.elem_type.tensor_type.elem_type = TensorProto.FLOAT


ENDS: Mapping[str, tuple[Spoil, str]] = {
    "double input": (
        lambda m: setattr(m.graph.input[0].type.tensor_type, "elem_type", TensorProto.DOUBLE),
        "m.onnx: input 'x': element type DOUBLE; FLOAT expected",
    ),
    "input of an unknown type": (
        lambda m: setattr(m.graph.input[0].type.tensor_type, "elem_type", 99),
        "m.onnx: input 'x': element type number 99; FLOAT expected",
    ),
    "sequence input": (
        sequence_input,
        "m.onnx: input 'x': is declared as sequence_type, not as a tensor",
    ),
    "input without type": (
        lambda m: m.graph.input[0].ClearField("type"),
        "m.onnx: input 'x': is declared as nothing, not as a tensor",
    ),
    "input without shape": (
        lambda m: m.graph.input[0].type.tensor_type.ClearField("shape"),
        "m.onnx: input 'x': no shape is declared",
    ),
    "symbolic dimension past the first": (
        lambda m: setattr(m.graph.input[0].type.tensor_type.shape.dim[1], "dim_param", "n"),
        "m.onnx: input 'x': dimension 1 ('n') is unknown: only the first may be",
    ),
    "missing dimension past the first": (
        lambda m: m.graph.input[0].type.tensor_type.shape.dim[1].Clear(),
        "m.onnx: input 'x': dimension 1 ('') is unknown: only the first may be",
    ),
    "negative dimension": (
        lambda m: dimension(m, 0, -2),
        "m.onnx: input 'x': dimension 0 is negative (-2)",
    ),
    "unknown dimension past the first": (
        lambda m: dimension(m, 1, -1),
        "m.onnx: input 'x': dimension 1 is negative (-1)",
    ),
    "empty input": (
        lambda m: dimension(m, 1, 0),
        "m.onnx: input 'x': shape [1, 0] has no entries",
    ),
    "absurd input": (
        lambda m: dimension(m, 1, 2**62),
        f"m.onnx: input 'x': shape [1, {2**62}] is larger than the limit of 33554432 entries",
    ),
    "input of absurd rank": (
        lambda m: m.graph.input[0].type.tensor_type.shape.dim.extend(
            [onnx.TensorShapeProto.Dimension(dim_value=1)] * RANK_LIMIT
        ),
        "m.onnx: input 'x': 34 dimensions, at most 32 are supported",
    ),
    "input twice": (
        lambda m: m.graph.input.append(m.graph.input[0]),
        "m.onnx: input 'x': is listed twice",
    ),
    "no input": (
        lambda m: m.graph.ClearField("input"),
        "m.onnx: the graph has no input",
    ),
    "only constant inputs": (
        lambda m: setattr(m.graph.input[0], "name", "b"),
        "m.onnx: the graph has no input",
    ),
    "no output": (
        lambda m: m.graph.ClearField("output"),
        "m.onnx: a graph has at least one input and one output",
    ),
    "dangling output": (
        lambda m: setattr(m.graph.output[0], "name", "z"),
        "m.onnx: output 'z': is not defined",
    ),
    "output twice": (
        lambda m: m.graph.output.append(m.graph.output[0]),
        "m.onnx: output 'y': is listed twice",
    ),
    "double output": (
        lambda m: setattr(m.graph.output[0].type.tensor_type, "elem_type", TensorProto.DOUBLE),
        "m.onnx: tensor 'y': declared DOUBLE, but is FLOAT",
    ),
    "contradicted type": (
        lambda m: redeclare(m, "centred", TensorProto.INT64, None),
        "m.onnx: tensor 'centred': declared INT64, but is FLOAT",
    ),
}

# constants


def weight(m: onnx.ModelProto) -> onnx.TensorProto:
    return m.graph.initializer[1]


def replace_weight(tensor: onnx.TensorProto) -> Spoil:
    def spoil(m: onnx.ModelProto) -> None:
        tensor.name = "w"
        weight(m).CopyFrom(tensor)

    return spoil


def external(m: onnx.ModelProto) -> None:
    weight(m).ClearField("raw_data")
    weight(m).data_location = TensorProto.EXTERNAL
    weight(m).external_data.add(key="location", value="/etc/hostname")


def typed(element: int, **data: object) -> Spoil:
    return replace_weight(onnx.TensorProto(dims=[2, 3], data_type=element, **data))


def not_finite(value: float) -> Spoil:
    return replace_weight(numpy_helper.from_array(f32([1, 2, 3], [4, value, np.nan])))


TENSORS: Mapping[str, tuple[Spoil, str]] = {
    "external data": (
        external,
        "m.onnx: tensor 'w': external data: other files are never opened",
    ),
    "external data beside its own": (
        lambda m: weight(m).external_data.add(key="location", value="../w"),
        "m.onnx: tensor 'w': external data: other files are never opened",
    ),
    "external location without a file": (
        lambda m: setattr(weight(m), "data_location", TensorProto.EXTERNAL),
        "m.onnx: tensor 'w': external data: other files are never opened",
    ),
    "segment": (
        lambda m: setattr(weight(m).segment, "begin", 1),
        "m.onnx: tensor 'w': segment (in TensorProto) is not supported",
    ),
    "double": (
        replace_weight(numpy_helper.from_array(np.ones((2, 3)))),
        "m.onnx: tensor 'w': element type DOUBLE; FLOAT, INT64, INT32 or BOOL expected",
    ),
    "half": (
        replace_weight(numpy_helper.from_array(np.ones((2, 3), np.float16))),
        "m.onnx: tensor 'w': element type FLOAT16; FLOAT, INT64, INT32 or BOOL expected",
    ),
    "int32": (
        replace_weight(numpy_helper.from_array(np.ones((2, 3), np.int32))),
        "m.onnx: node 'Gemm_2' (Gemm, opset 13): input 1 is an int32 tensor, float32 expected",
    ),
    "no type": (
        lambda m: weight(m).ClearField("data_type"),
        "m.onnx: tensor 'w': element type UNDEFINED; FLOAT, INT64, INT32 or BOOL expected",
    ),
    "unknown type": (
        lambda m: setattr(weight(m), "data_type", 77),
        "m.onnx: tensor 'w': element type number 77; FLOAT, INT64, INT32 or BOOL expected",
    ),
    "int64 as data": (
        replace_weight(numpy_helper.from_array(np.ones((2, 3), np.int64))),
        "m.onnx: node 'Gemm_2' (Gemm, opset 13): input 1 is an int64 tensor, float32 expected",
    ),
    "raw data too short": (
        lambda m: setattr(weight(m), "raw_data", bytes(23)),
        "m.onnx: tensor 'w': 23 bytes of raw_data, but shape [2, 3] needs 24",
    ),
    "raw data too long": (
        lambda m: setattr(weight(m), "raw_data", bytes(28)),
        "m.onnx: tensor 'w': 28 bytes of raw_data, but shape [2, 3] needs 24",
    ),
    "no data": (
        lambda m: weight(m).ClearField("raw_data"),
        "m.onnx: tensor 'w': 0 entries of float_data, but shape [2, 3] needs 6",
    ),
    "typed data too short": (
        typed(TensorProto.FLOAT, float_data=[1.0]),
        "m.onnx: tensor 'w': 1 entries of float_data, but shape [2, 3] needs 6",
    ),
    "integers too short": (
        typed(TensorProto.INT64, int64_data=[1]),
        "m.onnx: tensor 'w': 1 entries of int64_data, but shape [2, 3] needs 6",
    ),
    "data of another type": (
        typed(TensorProto.FLOAT, int64_data=[1] * 6),
        "m.onnx: tensor 'w': FLOAT data given in int64_data",
    ),
    "data twice": (
        lambda m: weight(m).float_data.extend([1.0] * 6),
        "m.onnx: tensor 'w': FLOAT data given in raw_data and float_data",
    ),
    "data also as strings": (
        lambda m: weight(m).string_data.append(b"1"),
        "m.onnx: tensor 'w': string_data (in TensorProto) is not supported",
    ),
    "negative length": (
        lambda m: weight(m).dims.__setitem__(1, -3),
        "m.onnx: tensor 'w': dimension 1 is negative (-3)",
    ),
    "absurd length": (
        lambda m: weight(m).dims.__setitem__(1, 2**40),
        f"m.onnx: tensor 'w': shape [2, {2**40}] is larger than the limit of 33554432 entries",
    ),
    "absurd length beside a zero": (
        lambda m: weight(m).dims.extend([0, 2**40]),
        (
            f"m.onnx: tensor 'w': shape [2, 3, 0, {2**40}] is larger than the limit of "
            "33554432 entries"
        ),
    ),
    "absurd rank": (
        lambda m: weight(m).dims.extend([1] * 31),
        "m.onnx: tensor 'w': 33 dimensions, at most 32 are supported",
    ),
    "infinite weight": (
        not_finite(-np.inf),
        "m.onnx: tensor 'w': entry [1, 1] is not finite (bits ff800000)",
    ),
    "NaN weight": (
        not_finite(np.nan),
        "m.onnx: tensor 'w': entry [1, 1] is not finite (bits 7fc00000)",
    ),
    "NaN in an unused constant": (
        lambda m: m.graph.initializer.append(numpy_helper.from_array(f32(np.nan), "unused")),
        "m.onnx: tensor 'unused': entry [0] is not finite (bits 7fc00000)",
    ),
    "a constant twice": (
        lambda m: m.graph.initializer.append(m.graph.initializer[0]),
        "m.onnx: tensor 'm': tensor 'm' is defined twice",
    ),
    "a constant without a name": (
        lambda m: weight(m).ClearField("name"),
        "m.onnx: tensor '': the name of a tensor has 0 characters, 1 to 1000 expected",
    ),
    "a name without end": (
        lambda m: setattr(weight(m), "name", "w" * (NAME_LIMIT + 1)),
        (
            f"m.onnx: tensor '{'w' * 50}…': the name of a tensor has 1001 characters, "
            "1 to 1000 expected"
        ),
    ),
}

# nodes


def attribute(index: int, name: str, value: object) -> Spoil:
    return lambda m: m.graph.node[index].attribute.append(helper.make_attribute(name, value))


def rename(index: int, **fields: str) -> Spoil:
    def spoil(m: onnx.ModelProto) -> None:
        for name, value in fields.items():
            setattr(m.graph.node[index], name, value)

    return spoil


def rewire(index: int, position: int, name: str) -> Spoil:
    return lambda m: m.graph.node[index].input.__setitem__(position, name)


def untyped(m: onnx.ModelProto) -> None:
    m.graph.node[2].attribute[0].type = AttributeProto.UNDEFINED


def referring(m: onnx.ModelProto) -> None:
    m.graph.node[2].attribute[0].ref_attr_name = "outer"


SUB, RELU, GEMM = (
    "m.onnx: node 'Sub_0' (Sub, opset 13): ",
    "m.onnx: node 'Relu_1' (Relu, opset 13): ",
    "m.onnx: node 'Gemm_2' (Gemm, opset 13): ",
)

NODES: Mapping[str, tuple[Spoil, str]] = {
    "unsupported operator": (
        rename(1, op_type="Loop", name="Loop_3"),
        "m.onnx: node 'Loop_3' (Loop, opset 13): this operator is not supported",
    ),
    "unsupported operator without a name": (
        rename(1, op_type="Loop", name=""),
        "m.onnx: node defining 'active' (Loop, opset 13): this operator is not supported",
    ),
    "no operator": (
        rename(1, op_type=""),
        "m.onnx: node 'Relu_1' (, opset 13): this operator is not supported",
    ),
    "line breaks in names": (
        rename(1, op_type="Re\nlu", name="a\nb"),
        r"m.onnx: node 'a\nb' (Re\nlu, opset 13): this operator is not supported",
    ),
    "foreign domain without version": (
        rename(1, domain="com.example"),
        (
            "m.onnx: node 'Relu_1' (com.example.Relu, opset not stated): "
            "this operator is not supported"
        ),
    ),
    "overload": (
        rename(1, overload="o"),
        RELU + "overload (in NodeProto) is not supported",
    ),
    "too few inputs": (
        lambda m: m.graph.node[0].input.pop(),
        SUB + "1 inputs, 2 expected",
    ),
    "too many inputs": (
        lambda m: m.graph.node[1].input.append("w"),
        RELU + "2 inputs, 1 expected",
    ),
    "too few inputs, some optional": (
        lambda m: m.graph.node[2].ClearField("input"),
        GEMM + "0 inputs, 2 to 3 expected",
    ),
    "node without output": (
        lambda m: m.graph.node[1].ClearField("output"),
        RELU + "0 outputs, 1 expected",
    ),
    "two outputs": (
        lambda m: m.graph.node[1].output.append("mask"),
        RELU + "2 outputs, 1 expected",
    ),
    "output without a name": (
        lambda m: m.graph.node[1].output.__setitem__(0, ""),
        RELU + "the name of a tensor has 0 characters, 1 to 1000 expected",
    ),
    "dangling input": (
        rewire(0, 1, "gone"),
        SUB + "input 1 ('gone') is not defined",
    ),
    "missing input": (
        rewire(0, 1, ""),
        SUB + "input 1 ('') is not defined",
    ),
    "dangling optional input": (
        rewire(2, 2, "gone"),
        GEMM + "input 2 ('gone') is not defined",
    ),
    "cycle": (
        rewire(0, 1, "active"),
        RELU + "uses, directly or not, the tensor it defines: a cycle",
    ),
    "cycle of one": (
        rewire(1, 0, "active"),
        RELU + "uses, directly or not, the tensor it defines: a cycle",
    ),
    "defined twice": (
        lambda m: m.graph.node.append(helper.make_node("Relu", ["x"], ["active"], "again")),
        "m.onnx: node 'again' (Relu, opset 13): tensor 'active' is defined twice",
    ),
    "input defined again": (
        lambda m: m.graph.node.append(helper.make_node("Relu", ["x"], ["x"], "again")),
        "m.onnx: node 'again' (Relu, opset 13): tensor 'x' is defined twice",
    ),
    "constant defined again": (
        lambda m: m.graph.node.append(helper.make_node("Relu", ["x"], ["w"], "again")),
        "m.onnx: node 'again' (Relu, opset 13): tensor 'w' is defined twice",
    ),
    "unknown attribute": (
        attribute(1, "slope", 0.5),
        RELU + "attribute 'slope' is not supported",
    ),
    "attribute twice": (
        attribute(2, "alpha", 1.0),
        GEMM + "attribute 'alpha' is given twice",
    ),
    "attribute of another type": (
        attribute(2, "beta", 1),
        GEMM + "attribute 'beta' has type INT; FLOAT expected",
    ),
    "attribute without type": (
        untyped,
        GEMM + "attribute 'alpha' has type UNDEFINED; FLOAT expected",
    ),
    "attribute by reference": (
        referring,
        (
            "m.onnx: node 'Gemm_2' (Gemm, opset 13), attribute 'alpha': "
            "ref_attr_name (in AttributeProto) is not supported"
        ),
    ),
    "infinite attribute": (
        lambda m: setattr(m.graph.node[2].attribute[0], "f", np.inf),
        (
            "m.onnx: node 'Gemm_2' (Gemm, opset 13), attribute 'alpha': "
            "entry [] is not finite (bits 7f800000)"
        ),
    ),
    "flag out of range": (
        attribute(2, "transB", 2),
        GEMM + "attribute 'transB' is 2, 0 or 1 expected",
    ),
    "shapes that do not fit": (
        lambda m: weight(m).dims.__setitem__(slice(None), [3, 2]),
        GEMM + "gemm of [1, 2] and [3, 2]: inner lengths differ",
    ),
    "an unused node that is not understood": (
        lambda m: m.graph.node.append(helper.make_node("Det", ["x"], ["t"], "dead")),
        "m.onnx: node 'dead' (Det, opset 13): this operator is not supported",
    ),
}


ALL = {**MODEL, **ENDS, **TENSORS, **NODES}


def test_no_entry_hides_another() -> None:
    assert len(ALL) == sum(map(len, (MODEL, ENDS, TENSORS, NODES)))


@pytest.mark.parametrize("name", ALL)
def test_refused_in_these_words(name: str) -> None:
    spoil, message = ALL[name]
    spoilt = chain()
    spoil(spoilt)
    assert refusal(spoilt) == message


@pytest.mark.parametrize("opset", [1, 6])
@pytest.mark.parametrize("op", ["Add", "Sub", "Mul", "Gemm"])
def test_broadcasting_in_one_direction_is_refused(op: str, opset: int) -> None:
    node = helper.make_node(op, ["x", "w"], ["y"], "old", broadcast=1)
    assert refusal(model([node], {"w": f32([1, 2])}, {"x": (1, 2)}, opset=opset)) == (
        f"m.onnx: node 'old' ({op}, opset {opset}): this operator is supported from opset 7 on"
    )


def test_gemm_needs_its_addend_before_opset_11() -> None:
    constants = {"w": f32([1, 2], [3, 4])}
    for inputs, text in ((["x", "w"], "2 inputs, 3 expected"), (["x", "w", ""], "input 2 ('') is")):
        node = helper.make_node("Gemm", inputs, ["y"], "g")
        assert text in refusal(model([node], constants, {"x": (1, 2)}, opset=9))


@pytest.mark.parametrize(
    ("op", "opset", "attributes"),
    [
        ("Relu", 1, {"consumed_inputs": [0]}),
        ("Reshape", 4, {"shape": [2], "consumed_inputs": [0]}),
        ("Squeeze", 13, {"axes": [0]}),
        ("Reshape", 4, {"allowzero": 1}),
        ("Flatten", 13, {"start": 1}),
        ("Transpose", 13, {"axes": [0]}),
        ("Identity", 13, {"axes": [0]}),
    ],
)
def test_attributes_of_other_versions_are_named(
    op: str, opset: int, attributes: Mapping[str, object]
) -> None:
    node = helper.make_node(op, ["x"], ["y"], "n", **attributes)
    named = min(attributes)
    assert refusal(model([node], {}, {"x": (1, 2)}, opset=opset)) == (
        f"m.onnx: node 'n' ({op}, opset {opset}): attribute '{named}' is not supported"
    )


@pytest.mark.parametrize(
    ("shape", "target", "complaint"),
    [
        ((2, 3), (4, 2), "[2, 3] cannot be reshaped to [4, 2]"),
        ((2, 3), (-1, -1), "shape [-1, -1] does not determine -1 for [2, 3]"),
        ((2, 3), (4, -1), "shape [4, -1] does not determine -1 for [2, 3]"),
        ((2, 3), (-2, -3), "dimension 0 is negative (-2)"),
        ((2, 3), (2, 3, 0), "shape [2, 3, 0] copies a dimension [2, 3] has not"),
        ((2, 3), (-2, -1), "shape [-2, -1] does not determine -1 for [2, 3]"),
        ((2, 3), (2**62, 4), f"shape [{2**62}, 4] is larger than the limit of 33554432 entries"),
        ((2, 3), (1,) * 33, "input 1 has shape [33], at most 32 numbers expected"),
    ],
)
def test_reshape_refuses(shape: tuple[int, ...], target: tuple[int, ...], complaint: str) -> None:
    node = helper.make_node("Reshape", ["x", "t"], ["y"], "r")
    spoilt = model([node], {"t": i64(*target)}, {"x": shape})
    assert refusal(spoilt) == f"m.onnx: node 'r' (Reshape, opset 13): {complaint}"


def test_reshape_refuses_an_ambiguous_zero() -> None:
    node = helper.make_node("Reshape", ["x", "t"], ["y"], "r", allowzero=1)
    spoilt = model([node], {"t": i64(0, -1)}, {"x": (2, 3)}, opset=14)
    assert "does not determine -1" in refusal(spoilt)


def test_reshape_needs_a_constant_shape() -> None:
    node = helper.make_node("Reshape", ["x", "x"], ["y"], "r")
    assert refusal(model([node], {}, {"x": (2, 3)})) == (
        "m.onnx: node 'r' (Reshape, opset 13): input 1 is not a constant int64 tensor"
    )
    matrix = model(
        [helper.make_node("Reshape", ["x", "t"], ["y"], "r")], {"t": i64(6)}, {"x": (6,)}
    )
    matrix.graph.initializer[0].dims[:] = [1, 1]
    assert "input 1 has shape [1, 1]" in refusal(matrix)
    missing = model([helper.make_node("Reshape", ["x"], ["y"], "r")], {}, {"x": (6,)}, opset=4)
    assert "attribute 'shape' is missing" in refusal(missing)


@pytest.mark.parametrize(
    ("op", "shape", "axes", "complaint"),
    [
        ("Squeeze", (1, 3), (1,), "axis 1 of [1, 3] has length 3, not 1"),
        ("Squeeze", (1, 3), (2,), "axis 2 is out of range"),
        ("Squeeze", (1, 3), (-3,), "axis -3 is out of range"),
        ("Squeeze", (1, 3), (0, -2), "axes [0, -2] are empty or not distinct"),
        ("Squeeze", (1, 3), (), "axes [] are empty or not distinct"),
        ("Unsqueeze", (1, 3), (3,), "axis 3 is out of range"),
        ("Unsqueeze", (1, 3), (-4,), "axis -4 is out of range"),
        ("Unsqueeze", (1, 3), (1, 1), "axes [1, 1] are empty or not distinct"),
        ("Unsqueeze", (1, 3), (), "axes [] are empty or not distinct"),
        (
            "Unsqueeze",
            (1, 3),
            tuple(range(31)),
            "33 dimensions, at most 32 are supported",
        ),
    ],
)
def test_axes_refused(
    op: str, shape: tuple[int, ...], axes: tuple[int, ...], complaint: str
) -> None:
    node = helper.make_node(op, ["x", "axes"], ["y"], "n")
    spoilt = model([node], {"axes": i64(*axes)}, {"x": shape})
    assert refusal(spoilt) == f"m.onnx: node 'n' ({op}, opset 13): {complaint}"


@pytest.mark.parametrize("op", ["Squeeze", "Unsqueeze", "Flatten"])
def test_negative_axes_are_refused_before_opset_11(op: str) -> None:
    attributes = {"axis": -1} if op == "Flatten" else {"axes": [-1]}
    node = helper.make_node(op, ["x"], ["y"], "n", **attributes)
    assert refusal(model([node], {}, {"x": (1, 1)}, opset=10)) == (
        f"m.onnx: node 'n' ({op}, opset 10): axis -1 is out of range"
    )


@pytest.mark.parametrize("axis", [-3, 3])
def test_flatten_axis_out_of_range(axis: int) -> None:
    node = helper.make_node("Flatten", ["x"], ["y"], "n", axis=axis)
    assert f"axis {axis} is out of range" in refusal(model([node], {}, {"x": (1, 1)}))


def test_unsqueeze_needs_axes() -> None:
    node = helper.make_node("Unsqueeze", ["x"], ["y"], "n")
    assert "attribute 'axes' is missing" in refusal(model([node], {}, {"x": (2,)}, opset=11))


@pytest.mark.parametrize("axes", [(0, 0), (0,), (0, 2), (-1, 0), (0,) * 33])
def test_transpose_needs_a_permutation(axes: tuple[int, ...]) -> None:
    node = helper.make_node("Transpose", ["x"], ["y"], "n", perm=axes)
    text = refusal(model([node], {}, {"x": (2, 3)}))
    expected = (
        "attribute 'perm' is not a list of at most 32 integers"
        if len(axes) > 32
        else f"axes {list(axes)} do not permute shape [2, 3]"
    )
    assert text == f"m.onnx: node 'n' (Transpose, opset 13): {expected}"


@pytest.mark.parametrize(
    ("attributes", "opset", "complaint"),
    [
        ({}, 13, ": exactly one value attribute expected, none given"),
        (
            {"value_float": 1.0, "value_int": 1},
            13,
            ": exactly one value attribute expected, 'value_float', 'value_int' given",
        ),
        ({"value_string": "s"}, 13, ": attribute 'value_string' is not supported"),
        ({"value_strings": ["s"]}, 13, ": attribute 'value_strings' is not supported"),
        ({"value_float": 1.0}, 11, ": attribute 'value_float' is not supported"),
        (
            {"value": helper.make_tensor("t", TensorProto.DOUBLE, [1], [1.0])},
            13,
            ", attribute 'value': element type DOUBLE; FLOAT, INT64, INT32 or BOOL expected",
        ),
        (
            {"value_floats": [1.0, np.inf]},
            13,
            ", attribute 'value_floats': entry [1] is not finite (bits 7f800000)",
        ),
    ],
)
def test_constants_refused(attributes: Mapping[str, object], opset: int, complaint: str) -> None:
    nodes = [
        helper.make_node("Constant", [], ["c"], "k", **attributes),
        helper.make_node("Add", ["x", "c"], ["y"]),
    ]
    expected = f"m.onnx: node 'k' (Constant, opset {opset}){complaint}"
    assert refusal(model(nodes, {}, {"x": (2,)}, opset=opset)) == expected


def test_sparse_constants_are_refused() -> None:
    node = helper.make_node("Constant", [], ["c"], "k")
    node.attribute.add(name="sparse_value", type=AttributeProto.SPARSE_TENSOR)
    spoilt = model([node, helper.make_node("Add", ["x", "c"], ["y"])], {}, {"x": (2,)})
    assert "attribute 'sparse_value' is not supported" in refusal(spoilt)


def test_external_data_in_a_constant_node_is_refused() -> None:
    tensor = onnx.TensorProto(dims=[1], data_type=1, data_location=TensorProto.EXTERNAL)
    nodes = [
        helper.make_node("Constant", [], ["c"], "k", value=tensor),
        helper.make_node("Add", ["x", "c"], ["y"]),
    ]
    assert refusal(model(nodes, {}, {"x": (2,)})).endswith(
        "attribute 'value': external data: other files are never opened"
    )


@pytest.mark.parametrize("op", ["If", "Loop", "Scan"])
def test_control_flow_is_refused(op: str) -> None:
    body = helper.make_graph([], "body", [], [])
    node = helper.make_node(op, ["x"], ["y"], "flow", body=body)
    assert refusal(model([node], {}, {"x": (2,)})) == (
        f"m.onnx: node 'flow' ({op}, opset 13): this operator is not supported"
    )


def test_a_subgraph_in_a_known_operator_is_refused() -> None:
    node = helper.make_node("Relu", ["x"], ["y"], "n", body=helper.make_graph([], "body", [], []))
    assert refusal(model([node], {}, {"x": (2,)})) == (
        "m.onnx: node 'n' (Relu, opset 13): attribute 'body' is not supported"
    )


def test_a_foreign_domain_is_refused_though_it_is_imported() -> None:
    node = helper.make_node("Relu", ["x"], ["y"], "n", domain="com.microsoft")
    spoilt = model([node], {}, {"x": (2,)})
    spoilt.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    assert refusal(spoilt) == (
        "m.onnx: node 'n' (com.microsoft.Relu, opset 1): this operator is not supported"
    )


def test_a_broadcast_past_the_limit_is_refused_before_it_is_made() -> None:
    nodes = [helper.make_node("Add", ["x", "z"], ["y"], "outer")]
    spoilt = model(nodes, {}, {"x": (2**13, 1), "z": (1, 2**13)})
    assert prod((2**13, 2**13)) > ENTRY_LIMIT
    assert refusal(spoilt) == (
        "m.onnx: node 'outer' (Add, opset 13): shape [8192, 8192] is larger than the limit of "
        "33554432 entries"
    )


def relus(count: int) -> onnx.ModelProto:
    """`count` tensors, the input among them, each as large as one may be."""
    names = ["x", *(f"t{index}" for index in range(count - 2)), "y"]
    nodes = [helper.make_node("Relu", [before], [after]) for before, after in pairwise(names)]
    return model(nodes, {}, {"x": (2**13, 2**12)})


def test_tensors_past_the_limit_together_are_refused() -> None:
    assert 4 * prod((2**13, 2**12)) == TOTAL_LIMIT
    assert read(relus(4)).node("y").size == ENTRY_LIMIT
    assert refusal(relus(5)) == (
        "m.onnx: all tensors together are larger than the limit of 134217728 entries"
    )


def test_what_just_meets_a_limit_is_read() -> None:
    relu = [helper.make_node("Relu", ["x"], ["y"])]
    for shape in ((1, ENTRY_LIMIT), (1,) * RANK_LIMIT):
        assert read(model(relu, {}, {"x": shape})).node("y").shape == shape
    assert "is larger than the limit" in refusal(model(relu, {}, {"x": (ENTRY_LIMIT + 1,)}))
    name = "n" * NAME_LIMIT
    assert read(model([helper.make_node("Relu", ["x"], [name])], {}, {"x": (1,)}, [name])).outputs
    for version in (3, 14):
        made = model(relu, {}, {"x": (1,)})
        made.ir_version = version
        assert read(made).outputs == ("y",)
    for opset in (1, 28):
        assert read(model(relu, {}, {"x": (1,)}, opset=opset)).outputs == ("y",)
    old = model(relu, {}, {"x": (1,)})
    old.ir_version = 2
    assert refusal(old) == "m.onnx: IR version 2 is not supported, 3 to 14 are"


def test_what_exporters_repeat_or_leave_open_is_read() -> None:
    """The standard operator set twice in one version, and a batch of -1."""
    made = chain()
    made.opset_import.append(helper.make_opsetid("ai.onnx", 13))
    dimension(made, 0, -1)
    assert read(made).node("x").shape == (1, 2)


def test_results_beside_the_first_are_read_where_nothing_uses_them() -> None:
    """A mask, places of maxima, means: named by exporters, and refused only where they are used."""
    shape, ones = (1, 1, 4), {"w": f32(1, 1, 1, 1)}
    for op, more, opset, extra in (
        ("Dropout", {}, 7, ["mask"]),
        ("Dropout", {}, 12, ["mask"]),
        ("MaxPool", {"kernel_shape": [2]}, 8, ["places"]),
        ("MaxPool", {"kernel_shape": [2]}, 12, ["places"]),
        ("LayerNormalization", {}, 17, ["mean", "spread"]),
    ):
        inputs = ["x", "w"] if op == "LayerNormalization" else ["x"]
        node = helper.make_node(op, inputs, ["y", *extra], "n", **more)
        constants = ones if op == "LayerNormalization" else {}
        assert read(model([node], constants, {"x": shape}, opset=opset)).outputs == ("y",)
        using = helper.make_node("Relu", [extra[-1]], ["z"], "use")
        used = model([node, using], constants, {"x": shape}, ["z"], opset=opset)
        assert refusal(used) == (
            f"m.onnx: node 'use' (Relu, opset {opset}): input 0 ('{extra[-1]}') is not defined"
        )
        twice = [node, helper.make_node("Relu", ["x"], [extra[-1]], "use")]
        assert refusal(model(twice, constants, {"x": shape}, opset=opset)) == (
            f"m.onnx: node 'n' ({op}, opset {opset}): tensor '{extra[-1]}' is defined twice"
        )
        node.output.extend(["more", "most"])
        assert refusal(model([node], constants, {"x": shape}, opset=opset)).endswith(
            f"{len(extra) + 3} outputs, 1 expected"
        )


def test_a_normalisation_in_training_is_known_by_its_outputs() -> None:
    constants = {name: f32(1) for name in ("scale", "shift", "mean", "spread")}
    node = helper.make_node("BatchNormalization", ["x", *constants], ["y", "m", "v"], "n")
    assert "3 outputs, 1 expected" in refusal(model([node], constants, {"x": (1, 1)}, opset=9))


def test_a_false_declared_shape_is_remarked_upon() -> None:
    """A declared shape has no meaning of its own: the tensor's shape is what its operator gives."""
    made = chain()
    redeclare(made, "centred", TensorProto.FLOAT, [2])
    redeclare(made, "active", TensorProto.FLOAT, ["n", 3])
    info = helper.make_tensor_value_info("w", TensorProto.FLOAT, [3, 2])
    made.graph.input.append(info)
    graph = read(made)
    assert graph.node("centred").shape == (1, 2)
    assert graph.remarks == (
        "tensor 'centred': declared with 1 dimensions, but its shape is [1, 2]",
        "tensor 'active': dimension 1 declared 3, but is 2",
        "tensor 'w': dimension 0 declared 3, but is 2",
        "tensor 'w': dimension 1 declared 2, but is 3",
    )


def test_an_accessor_gives_its_own_kind_or_names_the_node() -> None:
    """The rows ask for the right kinds; here are the wrong ones."""
    zero = make_node("zero", Op.CONSTANT, (), {"shape": ()})
    numbers = FloatTensor(f32(1, 2).view(np.uint32))
    attributes = {"list": (1, 2), "one": 1, "numbers": numbers}
    node = Application("m.onnx", "node 'n'", (zero, None), (1, 1), {}, attributes, 1, zero)
    wrong: list[tuple[Callable[[], object], str]] = [
        (lambda: node.integer("list", 0), "attribute 'list' is not an integer"),
        (lambda: node.flag("list"), "attribute 'list' is not an integer"),
        (lambda: node.factor("list"), "attribute 'list' is not a number"),
        (lambda: node.factor("numbers"), "attribute 'numbers' is not a number"),
        (
            lambda: node.list_attribute("one"),
            "attribute 'one' is not a list of at most 32 integers",
        ),
        (lambda: node.tensor(1), "input 1 is missing"),
        (lambda: node.list_input(1), "input 1 is missing"),
        (lambda: node.list_input(0), "input 0 is not a constant int64 tensor"),
    ]
    for ask, text in wrong:
        with pytest.raises(InputError) as caught:
            ask()
        assert str(caught.value) == f"m.onnx: node 'n': {text}"
    assert node.integer("absent", 7) == 7
    assert node.factor("absent") == 1
    assert node.list_attribute("absent") is None
