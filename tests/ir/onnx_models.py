"""Small ONNX models in memory, for tests that change one thing in them and read the result."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

from refsem.ir import Graph
from refsem.ir.onnx_reader import read_onnx

Constants = Mapping[str, NDArray[Any]]
Shapes = Mapping[str, Sequence[int | str | None] | None]


def f32(*values: object) -> NDArray[np.float32]:
    """A float32 array of these entries."""
    return np.array(values, dtype=np.float32)


def i64(*values: int) -> NDArray[np.int64]:
    """A list of int64."""
    return np.array(values, dtype=np.int64)


def model(
    nodes: Sequence[NodeProto],
    constants: Constants,
    inputs: Shapes,
    outputs: Sequence[str] = ("y",),
    *,
    opset: int = 13,
) -> onnx.ModelProto:
    """The model of these nodes; outputs are declared float32, without a shape."""
    graph = helper.make_graph(
        list(nodes),
        "made",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, inputs[name]) for name in inputs],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
        [numpy_helper.from_array(constants[name], name) for name in constants],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def chain() -> onnx.ModelProto:
    """y = relu(x - m) · w + b, the model the refusal tests spoil."""
    nodes = [
        helper.make_node("Sub", ["x", "m"], ["centred"], "Sub_0"),
        helper.make_node("Relu", ["centred"], ["active"], "Relu_1"),
        helper.make_node("Gemm", ["active", "w", "b"], ["y"], "Gemm_2", alpha=1.0),
    ]
    constants = {"m": f32(1, -1), "w": f32([1, 2, 3], [4, 5, 6]), "b": f32(1, 0, -1)}
    return model(nodes, constants, {"x": [1, 2]})


def read(made: onnx.ModelProto) -> Graph:
    """The graph of a model, as if read from a file called m.onnx."""
    return read_onnx(made.SerializeToString(), "m.onnx")
