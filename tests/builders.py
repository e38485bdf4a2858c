"""Small ONNX models for tests, written to a path: chains, one skip connection, or any nodes.

A layer is `(weights, bias)`, float32 arrays of shapes (inputs, outputs) and (outputs,). ReLU
stands between layers, none after the last. Tensors are named `x`, `hidden_1`, `relu_1`, ...,
`y`; with `affine="MatMul"` the inner product is `hidden_1_product`. Nothing is random but the
layers of `random_layers`, and those repeat with the seed.

    layers = random_layers((2, 3, 1), seed=0, kind="integer")
    path = sequential(tmp_path / "chain.onnx", layers)
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Literal, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

Array = NDArray[np.float32]
Layer = tuple[Array, Array]


def layer(weights: ArrayLike, bias: ArrayLike) -> Layer:
    """A layer from lists of numbers, each rounded to float32."""
    return np.array(weights, np.float32), np.array(bias, np.float32)


def random_layers(
    widths: Sequence[int], *, seed: int, kind: Literal["integer", "binary32"]
) -> tuple[Layer, ...]:
    """Layers of the given widths: integers -3 to 3, or float32 numbers within (-1, 1)."""
    source = np.random.default_rng(seed)

    def numbers(*shape: int) -> Array:
        if kind == "integer":
            return source.integers(-3, 4, shape).astype(np.float32)
        return (source.random(shape) * 2 - 1).astype(np.float32)

    return tuple(
        (numbers(inputs, outputs), numbers(outputs)) for inputs, outputs in pairwise(widths)
    )


def sequential(
    path: Path,
    layers: Sequence[Layer],
    *,
    affine: Literal["Gemm", "MatMul"] = "Gemm",
    shape: Sequence[int] | None = None,
) -> Path:
    """A chain of affine layers and ReLU; `shape` (default 1 x inputs) is flattened first."""
    nodes: list[NodeProto] = []
    constants: dict[str, NDArray[np.generic]] = {}
    last = "x"
    if shape is not None:
        last = "flat"
        nodes.append(helper.make_node("Flatten", ["x"], [last], "flatten", axis=1))
    for number, one in enumerate(layers, 1):
        final = number == len(layers)
        name = "y" if final else f"hidden_{number}"
        nodes += affine_nodes(affine, one, last, name, constants)
        last = name
        if not final:
            last = f"relu_{number}"
            nodes.append(helper.make_node("Relu", [name], [last], f"node_{last}"))
    inputs, outputs = layers[0][0].shape[0], layers[-1][0].shape[1]
    return save(path, nodes, constants, {"x": shape or [1, inputs]}, {"y": [1, outputs]})


def residual(path: Path, first: Layer, inner: Layer, last: Layer) -> Path:
    """y = last(relu(sum)), where `sum` = relu_1 + inner(relu_1) and relu_1 = relu(first(x))."""
    constants: dict[str, NDArray[np.generic]] = {}
    nodes = [
        *affine_nodes("Gemm", first, "x", "hidden_1", constants),
        helper.make_node("Relu", ["hidden_1"], ["relu_1"], "node_relu_1"),
        *affine_nodes("Gemm", inner, "relu_1", "hidden_2", constants),
        helper.make_node("Add", ["relu_1", "hidden_2"], ["sum"], "node_sum"),
        helper.make_node("Relu", ["sum"], ["relu_2"], "node_relu_2"),
        *affine_nodes("Gemm", last, "relu_2", "y", constants),
    ]
    inputs, outputs = first[0].shape[0], last[0].shape[1]
    return save(path, nodes, constants, {"x": [1, inputs]}, {"y": [1, outputs]})


def affine_nodes(
    affine: Literal["Gemm", "MatMul"],
    one: Layer,
    source: str,
    name: str,
    constants: dict[str, NDArray[np.generic]],
) -> list[NodeProto]:
    """The nodes of one layer, from `source` to `name`; its arrays are added to `constants`."""
    constants[f"{name}_weight"], constants[f"{name}_bias"] = one
    weight, bias, product = f"{name}_weight", f"{name}_bias", f"{name}_product"
    if affine == "Gemm":
        return [helper.make_node("Gemm", [source, weight, bias], [name], f"node_{name}")]
    return [
        helper.make_node("MatMul", [source, weight], [product], f"node_{product}"),
        helper.make_node("Add", [product, bias], [name], f"node_{name}"),
    ]


def save(
    path: Path,
    nodes: Sequence[NodeProto],
    constants: Mapping[str, NDArray[np.generic]],
    inputs: Mapping[str, Sequence[int | str]],
    outputs: Mapping[str, Sequence[int | str]],
    *,
    opset: int = 13,
) -> Path:
    """The float32 model of these nodes, as they are: not checked, so that bad ones can be made."""
    graph = helper.make_graph(
        list(nodes),
        "built",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, inputs[name]) for name in inputs],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, outputs[name]) for name in outputs],
        [numpy_helper.from_array(constants[name], name) for name in constants],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    path.write_bytes(cast("bytes", model.SerializeToString(deterministic=True)))
    return path
