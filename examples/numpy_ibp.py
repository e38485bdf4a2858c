"""Interval bound propagation as most libraries do it: plain float32 numpy, rounded to nearest.

States: bounds files (`refsem.bounds.v1`, method `ibp`) for sequential ReLU networks in ONNX. An
affine layer maps the box [l, u] to W⁺l + W⁻u + b and W⁺u + W⁻l + b, where W⁺ and W⁻ are the
positive and negative parts of W. Every claim is what numpy's float32 arrays say, bit for bit.

Invariant: the file is well formed (no NaN, lower ≤ upper), or it is not written.

Not covered, on purpose: soundness. Each sum is rounded to nearest, so a bound may be too small
by some units in the last place, and so may the input box, whose decimals are rounded to nearest
(`--outward-input` rounds them outward, as a careful user would). This is the usual practice, not
a caricature; `refsem audit --bounds` says what comes of it.

    python examples/numpy_ibp.py MODEL PROPERTY OUT.json [--outward-input]
"""

import hashlib
import json
import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import click
import numpy as np
import onnx
from gmpy2 import mpq
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # ships no types
from numpy.typing import NDArray
from onnx import helper, numpy_helper
from onnx.external_data_helper import uses_external_data

from refsem.errors import InputError
from refsem.properties import Property, load_property

Array = NDArray[np.float32]
Constants = Mapping[str, NDArray[np.generic]]

ZERO = np.float32(0)
EITHER_SIDE = ("Add", "Sub", "Mul", "MatMul")  # the constant may be the first operand


@dataclass(frozen=True, slots=True)
class Box:
    """Lower and upper ends, of one shape."""

    lower: Array
    upper: Array


@dataclass(frozen=True, slots=True)
class Network:
    """A sequential network: its input's name and shape, its nodes in order, their constants."""

    file: str
    sha256: str
    input: str
    shape: tuple[int, ...]
    nodes: tuple[onnx.NodeProto, ...]
    constants: Constants


def read_network(path: Path) -> Network:
    """The network in an ONNX file; `InputError` if it is not one input and a list of nodes."""
    file, content = str(path), path.read_bytes()
    try:
        graph = onnx.load_model_from_string(content).graph
    except DecodeError:
        raise InputError(file, "", "not an ONNX file") from None
    constants = {stored.name: stored_array(file, stored) for stored in graph.initializer}
    nodes = []
    for node in graph.node:
        if node.op_type == "Constant":
            constants[node.output[0]] = stored_array(file, attributes(node).get("value"))
        else:
            nodes.append(node)
    inputs = [value for value in graph.input if value.name not in constants]
    if len(inputs) != 1 or len(graph.output) != 1 or not nodes:
        raise InputError(file, "", "not a network of one input, one output and some nodes")
    if nodes[-1].output[0] != graph.output[0].name:
        raise InputError(file, graph.output[0].name, "this output is not the last node's")
    shape = tuple(max(size.dim_value, 1) for size in inputs[0].type.tensor_type.shape.dim)
    sha256 = hashlib.sha256(content).hexdigest()
    return Network(file, sha256, inputs[0].name, shape, tuple(nodes), constants)


def stored_array(file: str, stored: object) -> NDArray[np.generic]:
    """The array a tensor in the model holds; `InputError` if it lies elsewhere or is none."""
    if not isinstance(stored, onnx.TensorProto) or uses_external_data(stored):
        raise InputError(file, "", "a constant is not a tensor stored in the model file")
    return np.asarray(numpy_helper.to_array(stored))


def attributes(node: onnx.NodeProto) -> dict[str, Any]:
    """A node's attributes by name."""
    return {item.name: helper.get_attribute_value(item) for item in node.attribute}


def input_box(wanted: Property, shape: tuple[int, ...], outward: bool) -> Box:
    """The hull of the property's boxes in float32: rounded to nearest, or outward."""
    if not wanted.cases:
        raise ValueError("no case, so no box")
    lower = [min(exact(case.lower[i]) for case in wanted.cases) for i in range(wanted.inputs)]
    upper = [max(exact(case.upper[i]) for case in wanted.cases) for i in range(wanted.inputs)]
    down, up = (rounded_down, rounded_up) if outward else (nearest, nearest)
    return Box(
        np.array([down(end) for end in lower], np.float32).reshape(shape),
        np.array([up(end) for end in upper], np.float32).reshape(shape),
    )


def exact(value: mpq) -> Fraction:
    """The same rational as a `Fraction`, which compares exactly with numpy's floats."""
    return Fraction(int(value.numerator), int(value.denominator))


def nearest(value: Fraction) -> np.float32:
    """The float32 nearest to a rational, ties to even; not `float32(float(...))`, rounded twice."""
    below, above = rounded_down(value), rounded_up(value)
    left, right = value - Fraction(float(below)), Fraction(float(above)) - value
    if left == right:
        return below if below.view(np.uint32) % 2 == 0 else above
    return below if left < right else above


def rounded_down(value: Fraction) -> np.float32:
    """The greatest float32 not above a rational of float32's range."""
    if abs(value) > Fraction(float(np.finfo(np.float32).max)):
        raise ValueError(f"{float(value):.6g} is outside the range of float32")
    found = np.float32(float(value))
    if Fraction(float(found)) > value:
        found = np.nextafter(found, np.float32(-np.inf))
    return found


def rounded_up(value: Fraction) -> np.float32:
    """The least float32 not below a rational of float32's range."""
    found = rounded_down(value)
    if Fraction(float(found)) < value:
        found = np.nextafter(found, np.float32(np.inf))
    return found


def image(network: Network, node: onnx.NodeProto, box: Box) -> Box:
    """The box after one node; `ValueError` if the node or its operands are not handled here."""
    match node.op_type:
        case "Identity":
            return box
        case "Relu":
            return Box(np.maximum(box.lower, ZERO), np.maximum(box.upper, ZERO))
        case "Flatten" | "Reshape":
            shape = new_shape(network, node, box.lower.shape)
            return Box(box.lower.reshape(shape), box.upper.reshape(shape))
        case "Gemm":
            return gemm(network, node, box)
        case operator if operator in EITHER_SIDE:
            first = node.input[0] in network.constants
            return combined(operator, box, weights(network, node, 0 if first else 1), first)
        case operator:
            raise ValueError(f"operator {operator} is not handled here")


def weights(network: Network, node: onnx.NodeProto, operand: int) -> Array:
    """A node's constant float32 operand."""
    found = network.constants[node.input[operand]]
    if found.dtype != np.float32:
        raise ValueError(f"operand {node.input[operand]} is {found.dtype}, not float32")
    return np.asarray(found, np.float32)


def new_shape(network: Network, node: onnx.NodeProto, old: tuple[int, ...]) -> tuple[int, ...]:
    """The shape Flatten or Reshape gives; Reshape's constant keeps a size where it holds 0."""
    if node.op_type == "Flatten":
        return math.prod(old[: attributes(node).get("axis", 1)]), -1
    sizes = np.ravel(network.constants[node.input[1]]).tolist()
    return tuple(int(size) or old[place] for place, size in enumerate(sizes))


def combined(operator: str, box: Box, constant: Array, first: bool) -> Box:
    """The box after an operation with a constant, which is its first operand or its second."""
    l, u = box.lower, box.upper
    match operator:
        case "Add":
            return Box(l + constant, u + constant)
        case "Sub":
            return Box(constant - u, constant - l) if first else Box(l - constant, u - constant)
        case "Mul":
            return Box(
                np.minimum(l * constant, u * constant), np.maximum(l * constant, u * constant)
            )
    positive: Array = np.maximum(constant, ZERO)
    negative: Array = np.minimum(constant, ZERO)
    if first:
        return Box(positive @ l + negative @ u, positive @ u + negative @ l)
    return Box(l @ positive + u @ negative, u @ positive + l @ negative)


def gemm(network: Network, node: onnx.NodeProto, box: Box) -> Box:
    """The box after Gemm whose first operand is the variable one."""
    given = attributes(node)
    matrix = weights(network, node, 1) * np.float32(given.get("alpha", 1))
    matrix = matrix.T if given.get("transB", 0) else matrix
    box = Box(box.lower.T, box.upper.T) if given.get("transA", 0) else box
    box = combined("MatMul", box, matrix, first=False)
    if len(node.input) < 3 or not node.input[2]:
        return box
    bias = weights(network, node, 2) * np.float32(given.get("beta", 1))
    return Box(box.lower + bias, box.upper + bias)


def propagate(network: Network, box: Box) -> tuple[dict[str, Box], Box]:
    """The claims, after every Relu, Gemm and MatMul with the Add behind it, and the last box."""
    claims: dict[str, Box] = {}
    name = network.input
    operators = [node.op_type for node in network.nodes]
    for place, node in enumerate(network.nodes):
        variables = [operand for operand in node.input if operand not in network.constants]
        usual = node.op_type in EITHER_SIDE or node.input[0] == name
        if [operand for operand in variables if operand] != [name] or not usual:
            raise InputError(network.file, label(node), "not a chain of nodes with constants")
        try:
            with np.errstate(over="ignore", invalid="ignore"):
                box = image(network, node, box)
        except (LookupError, ValueError) as error:
            raise InputError(network.file, label(node), str(error)) from None
        name = node.output[0]
        before, after = operators[place - 1 : place], operators[place + 1 : place + 2]
        match node.op_type:
            case "Relu" | "Gemm":
                claims[name] = box
            case "MatMul" if after != ["Add"]:
                claims[name] = box
            case "Add" if before == ["MatMul"]:
                claims[name] = box
    return claims, box


def label(node: onnx.NodeProto) -> str:
    """How an error names a node."""
    return f"{node.op_type} {node.name or node.output[0]}"


def entry(place: str, box: Box) -> dict[str, list[str]]:
    """A box as JSON, its numbers as bits; `InputError` for NaN or an infinity on the inside."""
    inside = (box.lower <= box.upper) & (box.lower < np.inf) & (box.upper > -np.inf)
    if not inside.all():
        raise InputError(place, "", "float32 propagation overflows to something that is no bound")
    return {
        side: [f"b32:{bits:08x}" for bits in np.ravel(ends).view(np.uint32).tolist()]
        for side, ends in (("lower", box.lower), ("upper", box.upper))
    }


def bounds_file(model: Path, wanted: Path, outward: bool) -> str:
    """The bounds file's text; `InputError` if model or property cannot be used."""
    network, claimed = read_network(model), load_property(wanted)
    if claimed.inputs != math.prod(network.shape):
        found = f"{math.prod(network.shape)} inputs"
        raise InputError(str(wanted), "", f"{claimed.inputs} inputs, but the network has {found}")
    try:
        box = input_box(claimed, network.shape, outward)
    except ValueError as error:
        raise InputError(str(wanted), "", str(error)) from None
    claims, last = propagate(network, box)
    if claimed.outputs != last.lower.size:
        found = f"{last.lower.size} outputs"
        raise InputError(str(wanted), "", f"{claimed.outputs} outputs, but the network has {found}")
    document = {
        "format": "refsem.bounds.v1",
        "model_sha256": network.sha256,
        "producer": "examples/numpy_ibp.py: float32 numpy, rounded to nearest",
        "method": "ibp",
        "input": entry(network.input, box),
        "tensors": {name: entry(name, found) for name, found in claims.items()},
    }
    return json.dumps(document, indent=1) + "\n"


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("wanted", metavar="PROPERTY", type=click.Path(path_type=Path))
@click.argument("out", metavar="OUT.json", type=click.Path(path_type=Path))
@click.option("--outward-input", is_flag=True, help="Round the input box outward.")
def command(model: Path, wanted: Path, out: Path, outward_input: bool) -> None:
    """Bound every layer of MODEL over PROPERTY's box, in plain float32, into OUT.json."""
    out.write_text(bounds_file(model, wanted, outward_input))


def main(arguments: list[str]) -> int:
    """Exit status: 0 written, 3 bad input or arguments, with one line on standard error."""
    try:
        command.main(arguments, prog_name="numpy_ibp.py", standalone_mode=False)
    except click.ClickException as error:
        print(" ".join(error.format_message().split()), file=sys.stderr)
    except (InputError, OSError) as error:
        print(" ".join(str(error).split()), file=sys.stderr)
    else:
        return 0
    return 3


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
