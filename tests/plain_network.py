"""ONNX networks in plain fractions: a second reading, which shares no code with refsem.

`PlainNetwork.values` evaluates one point exactly; inner tensors may be given in place of the
input. `turning_points` finds, for a network of one input, every point at which a ReLU switches:
between neighbouring ones each tensor is affine, so its exact range (`exact_ranges`) is that of its
values there. `intervals` is interval propagation, node by node, for small networks.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from numbers import Rational
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

Objects = NDArray[np.object_]
Vector = list[Fraction]
Bounds = tuple[Vector, Vector]


@dataclass(frozen=True, slots=True)
class PlainNetwork:
    """A model: its nodes in order, its constants, and the shape of every tensor."""

    nodes: tuple[onnx.NodeProto, ...]
    constants: Mapping[str, NDArray[Any]]
    shapes: Mapping[str, tuple[int, ...]]
    source: str
    sink: str

    @classmethod
    def read(cls, path: Path) -> "PlainNetwork":
        graph = onnx.load(path).graph
        constants = {one.name: exact_array(one) for one in graph.initializer}
        nodes = []
        for node in graph.node:
            if node.op_type == "Constant":
                constants[node.output[0]] = exact_array(attributes(node)["value"])
            else:
                nodes.append(node)
        (source,) = [value for value in graph.input if value.name not in constants]
        shape = tuple(max(size.dim_value, 1) for size in source.type.tensor_type.shape.dim)
        bare = cls(tuple(nodes), constants, {}, source.name, graph.output[0].name)
        zeros = np.full(shape, Fraction(0), dtype=object)
        shapes = {name: value.shape for name, value in bare.arrays({source.name: zeros}).items()}
        return cls(bare.nodes, constants, shapes, bare.source, bare.sink)

    def arrays(self, given: Mapping[str, Objects], last: str = "") -> dict[str, Objects]:
        """Every tensor the given ones determine, up to `last`; a given one is not computed."""
        known: dict[str, Any] = {**self.constants, **given}
        for node in self.nodes:
            if last in known:
                break
            if node.output[0] not in known and all(name in known for name in node.input):
                known[node.output[0]] = image(node, [known[name] for name in node.input])
        return {name: value for name, value in known.items() if name not in self.constants}

    def values(self, given: Mapping[str, Sequence[Rational]], last: str = "") -> dict[str, Vector]:
        """The same, row-major."""
        shaped = {}
        for name, entries in given.items():
            flat = np.empty(len(entries), dtype=object)
            flat[:] = [Fraction(int(e.numerator), int(e.denominator)) for e in entries]
            shaped[name] = flat.reshape(self.shapes[name])
        return {name: list(value.ravel()) for name, value in self.arrays(shaped, last).items()}


def exact_array(stored: onnx.TensorProto) -> NDArray[Any]:
    """The stored array, its floats as fractions, its integers as they are."""
    found = np.asarray(numpy_helper.to_array(stored))
    if found.dtype.kind != "f":
        return found
    exact = np.empty(found.size, dtype=object)
    exact[:] = [Fraction(float(value)) for value in found.ravel()]
    return exact.reshape(found.shape)


def attributes(node: onnx.NodeProto) -> dict[str, Any]:
    return {item.name: helper.get_attribute_value(item) for item in node.attribute}


def image(node: onnx.NodeProto, given: list[Any]) -> Objects:
    """What a node makes of its operands; `KeyError` for an operator that is not evaluated here."""
    return np.asarray(OPERATORS[node.op_type](attributes(node), *given), dtype=object)


def gemm(options: Mapping[str, Any], left: Objects, right: Objects, *addend: Objects) -> Objects:
    left = left.T if options.get("transA") else left
    right = right.T if options.get("transB") else right
    found = np.asarray((left @ right) * Fraction(options.get("alpha", 1.0)), dtype=object)
    return found + addend[0] * Fraction(options.get("beta", 1.0)) if addend else found


def relu(_options: Mapping[str, Any], x: Objects) -> Objects:
    found = np.empty(x.size, dtype=object)
    found[:] = [max(entry, Fraction(0)) for entry in x.ravel()]
    return found.reshape(x.shape)


def flatten(options: Mapping[str, Any], x: Objects) -> Objects:
    return x.reshape(math.prod(x.shape[: options.get("axis", 1)]), -1)


def reshape(_options: Mapping[str, Any], x: Objects, sizes: NDArray[Any]) -> Objects:
    return x.reshape([int(size) or x.shape[i] for i, size in enumerate(sizes.ravel())])


OPERATORS: Mapping[str, Callable[..., Any]] = {
    "Add": lambda _, a, b: a + b,
    "Sub": lambda _, a, b: a - b,
    "Mul": lambda _, a, b: a * b,
    "MatMul": lambda _, a, b: a @ b,
    "Gemm": gemm,
    "Relu": relu,
    "Identity": lambda _, a: a,
    "Transpose": lambda options, a: a.transpose(options.get("perm")),
    "Flatten": flatten,
    "Reshape": reshape,
}


def turning_points(network: PlainNetwork, lower: Fraction, upper: Fraction) -> Vector:
    """The ends and every point between at which some ReLU's operand is 0, in order."""
    points = [lower, upper]
    for operand in (node.input[0] for node in network.nodes if node.op_type == "Relu"):
        rows = [network.values({network.source: [point]})[operand] for point in points]
        found = set(points)
        for (left, right), (before, after) in zip(pairwise(points), pairwise(rows), strict=True):
            for low, high in zip(before, after, strict=True):
                if low * high < 0:
                    found.add(left + (right - left) * low / (low - high))
        points = sorted(found)
    return points


def exact_ranges(network: PlainNetwork, lower: Fraction, upper: Fraction) -> dict[str, Bounds]:
    """Least and greatest value of every entry of every tensor, for a network of one input."""
    rows = [network.values({network.source: [x]}) for x in turning_points(network, lower, upper)]
    columns = {name: list(zip(*(row[name] for row in rows), strict=True)) for name in rows[0]}
    return {
        name: ([min(entry) for entry in entries], [max(entry) for entry in entries])
        for name, entries in columns.items()
    }


def intervals(network: PlainNetwork, box: Bounds) -> dict[str, Bounds]:
    """The box of every tensor by interval arithmetic, from the box of the input."""
    boxes = {network.source: box}
    for node in network.nodes:
        name = node.output[0]
        boxes[name] = stepped(network, node, boxes)
    return boxes


def stepped(network: PlainNetwork, node: onnx.NodeProto, boxes: Mapping[str, Bounds]) -> Bounds:
    """The interval image of one node: entry by entry monotone, or affine in each operand."""
    name = node.output[0]
    if node.op_type == "Relu":
        low, high = boxes[node.input[0]]
        zero = Fraction(0)
        return [max(end, zero) for end in low], [max(end, zero) for end in high]
    operands = dict.fromkeys(x for x in node.input if x not in network.constants)
    origin = {x: [Fraction(0)] * math.prod(network.shapes[x]) for x in operands}
    shift = network.values(origin)[name]
    lower, upper = list(shift), list(shift)
    for operand in operands:
        lows, highs = boxes[operand]
        for i, (least, greatest) in enumerate(zip(lows, highs, strict=True)):
            unit = {**origin, operand: [Fraction(j == i) for j in range(len(origin[operand]))]}
            for j, value in enumerate(network.values(unit)[name]):
                ends = sorted(((value - shift[j]) * least, (value - shift[j]) * greatest))
                lower[j], upper[j] = lower[j] + ends[0], upper[j] + ends[1]
    return lower, upper
