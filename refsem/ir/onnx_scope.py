"""The tensors an ONNX graph has defined so far, and the ends of the graph: inputs and constants.

Invariant: a name stands for one tensor, of a shape within the limits; types that the file declares
agree with the ones read, and a declared shape that does not agree is remarked upon.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count
from math import prod

import numpy as np
import onnx

from refsem.errors import InputError
from refsem.ir.graph import Bits, Node, make_node
from refsem.ir.onnx_application import Value, shape_of
from refsem.ir.onnx_values import (
    FLOAT,
    NAME_LIMIT,
    FloatTensor,
    IntegerTensor,
    Tensor,
    check_shape,
    element_type_name,
    quoted,
    read_tensor,
)
from refsem.ir.operators import Op, Shape


@dataclass(frozen=True, slots=True)
class Scope:
    """What the names read so far stand for.

    `elements` are the element types of tensors that are not float32, `taken` are the names that
    stand in the file, `remarks` is what a reader should be told of the file.
    """

    file: str
    values: dict[str, Value]
    constants: dict[str, Bits]
    elements: dict[str, int]
    taken: frozenset[str]
    remarks: list[str]

    def element(self, value: Value) -> int:
        """The element type of a tensor."""
        if isinstance(value, IntegerTensor):
            return value.element
        return self.elements.get(value.name, int(FLOAT))

    def fresh(self, name: str) -> str:
        """A name for an inner tensor of a node, which nothing else has."""
        return next(
            inner
            for inner in map(f"{name}#{{}}".format, count())
            if inner not in self.taken and inner not in self.values
        )

    def define(self, name: str, value: Value, place: str) -> None:
        """Record a tensor; `InputError` for a name unfit or taken, or a shape past the limits."""
        if not name or len(name) > NAME_LIMIT:
            length = f"has {len(name)} characters, 1 to {NAME_LIMIT} expected"
            raise InputError(self.file, place, f"the name of a tensor {length}")
        if name in self.values:
            raise InputError(self.file, place, f"tensor {quoted(name)} is defined twice")
        if isinstance(value, Node):
            check_shape(value.shape, self.file, place)
        self.values[name] = value

    def define_constant(self, name: str, tensor: Tensor, place: str) -> None:
        """Record a constant."""
        match tensor:
            case IntegerTensor():
                self.define(name, tensor, place)
            case FloatTensor(bits):
                node = make_node(name, Op.CONSTANT, (), {"shape": bits.shape})
                self.define(name, node, place)
                self.constants[name] = bits


def read_ends(graph: onnx.GraphProto, scope: Scope) -> None:
    """Define the inputs and the initialisers; an initialiser listed as an input is a constant."""
    constant = {tensor.name for tensor in graph.initializer}
    listed: set[str] = set()
    for info in graph.input:
        place = f"input {quoted(info.name)}"
        if info.name in listed:
            raise InputError(scope.file, place, "is listed twice")
        listed.add(info.name)
        if info.name not in constant:
            shape = _input_shape(info, scope.file, place)
            scope.define(info.name, make_node(info.name, Op.INPUT, (), {"shape": shape}), place)
    for tensor in graph.initializer:
        place = f"tensor {quoted(tensor.name)}"
        scope.define_constant(tensor.name, read_tensor(tensor, scope.file, place), place)
    if len(scope.values) == len(constant & set(scope.values)):
        raise InputError(scope.file, "", "the graph has no input")


def _tensor_type(info: onnx.ValueInfoProto, file: str, place: str) -> onnx.TypeProto.Tensor:
    """The declared tensor type."""
    kind = info.type.WhichOneof("value")
    if kind != "tensor_type":
        raise InputError(file, place, f"is declared as {kind or 'nothing'}, not as a tensor")
    return info.type.tensor_type


def _input_shape(info: onnx.ValueInfoProto, file: str, place: str) -> Shape:
    """The shape of an input, its first dimension 1 where it is no number or -1."""
    declared = _tensor_type(info, file, place)
    if declared.elem_type != onnx.TensorProto.FLOAT:
        message = f"element type {element_type_name(declared.elem_type)}; FLOAT expected"
        raise InputError(file, place, message)
    if not declared.HasField("shape"):
        raise InputError(file, place, "no shape is declared")
    lengths = []
    for axis, dimension in enumerate(declared.shape.dim):
        # some writers state an unknown batch as -1
        known = dimension.HasField("dim_value") and (axis, dimension.dim_value) != (0, -1)
        if not known and axis > 0:
            name = quoted(dimension.dim_param)
            message = f"dimension {axis} ({name}) is unknown: only the first may be"
            raise InputError(file, place, message)
        lengths.append(dimension.dim_value if known else 1)
    shape = check_shape(lengths, file, place)
    if prod(shape) == 0:
        raise InputError(file, place, f"shape {list(shape)} has no entries")
    return shape


def check_declared(declared: Iterable[onnx.ValueInfoProto], scope: Scope) -> None:
    """Nothing if every type the file states agrees with what was read; shapes may be remarked."""
    for info in declared:
        value = scope.values.get(info.name)
        kind = info.type.WhichOneof("value")
        if value is None or kind is None:
            continue
        place = f"tensor {quoted(info.name)}"
        stated = _tensor_type(info, scope.file, place)
        found = scope.element(value)
        if stated.elem_type not in {found, onnx.TensorProto.UNDEFINED}:
            names = element_type_name(stated.elem_type), element_type_name(found)
            raise InputError(scope.file, place, f"declared {names[0]}, but is {names[1]}")
        if stated.HasField("shape"):
            _check_declared_shape(stated.shape, shape_of(value), scope, place)


def _check_declared_shape(
    stated: onnx.TensorShapeProto, shape: Shape, scope: Scope, place: str
) -> None:
    """A declared shape means nothing by itself: where it is false, that is remarked upon."""
    if len(stated.dim) != len(shape):
        message = f"declared with {len(stated.dim)} dimensions, but its shape is {list(shape)}"
        scope.remarks.append(f"{place}: {message}")
        return
    for axis, (dimension, length) in enumerate(zip(stated.dim, shape, strict=True)):
        if dimension.HasField("dim_value") and dimension.dim_value != length:
            message = f"dimension {axis} declared {dimension.dim_value}, but is {length}"
            scope.remarks.append(f"{place}: {message}")


def names_in(graph: onnx.GraphProto) -> frozenset[str]:
    """Every name that the graph gives to a tensor."""
    listed = (*graph.input, *graph.initializer)
    return frozenset(item.name for item in listed).union(*(node.output for node in graph.node))


def zero_constant(scope: Scope) -> Node:
    """A constant 0 under a name that nothing in the file has."""
    name = next(name for name in map("zero_{}".format, count()) if name not in scope.taken)
    node = make_node(name, Op.CONSTANT, (), {"shape": ()})
    scope.define(name, node, "")
    scope.constants[name] = np.zeros((), dtype=np.uint32)
    return node
