"""What each TorchLean operator becomes in the catalogue: one row a kind of node.

Sums become products with ones, in the order of the entries: the same number in the reals, and in
binary32 the same left fold from +0, for 1·x is x. A mean of a power of two is such a sum, times
1/n before it is rounded; any other is the catalogue's, its sum over n. Windows, softmax and what
else needs no product is in `refsem.ir.torchlean_kinds`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import prod

import numpy as np
from gmpy2 import mpq

from refsem.ir.graph import Bits, Node, make_node
from refsem.ir.operators import Attribute, Op, Shape
from refsem.rounding import BINARY32, Mode, round_to
from refsem.untrusted.decimals import read_decimal, read_integer, read_matrix, read_vector
from refsem.untrusted.strict_json import Value


@dataclass(slots=True)
class Builder:
    """A graph in the making."""

    nodes: list[Node] = field(default_factory=list)
    by_name: dict[str, Node] = field(default_factory=dict)
    constants: dict[str, Bits] = field(default_factory=dict)
    inputs: list[str] = field(default_factory=list)
    tensors: list[str] = field(default_factory=list)

    def put(
        self, name: str, op: Op, operands: tuple[Node, ...], attributes: Mapping[str, Attribute]
    ) -> Node:
        """The new node; `GraphError` where the operator does not apply."""
        node = make_node(name, op, operands, attributes)
        self.nodes.append(node)
        self.by_name[name] = node
        return node

    def constant(self, name: str, bits: list[int], shape: Shape) -> Node:
        """The new constant with these patterns, row-major."""
        self.constants[name] = np.array(bits, np.uint32).reshape(shape)
        return self.put(name, Op.CONSTANT, (), {"shape": shape})


@dataclass(frozen=True, slots=True)
class Stated:
    """A node of the file: the tensor it is to define, its members, parents and stated shape."""

    name: str
    place: Value
    members: Mapping[str, Value]
    parents: tuple[Node, ...]
    shape: Shape

    def axis(self, key: str, rank: int) -> int:
        """The axis under a key; negative ones are refused."""
        return read_integer(self.members[key], 0, rank - 1)

    def bits(self, key: str, rows: int, columns: int) -> list[int]:
        """The patterns of a matrix under a key."""
        if key not in self.members:
            raise self.place.error(f"the parameter {key!r} is missing")
        return _patterns(
            self.members[key], read_matrix(self.members[key], rows, columns).rationals()
        )


Lower = Callable[[Builder, Stated], str]


@dataclass(frozen=True, slots=True)
class Kind:
    """How many parents a kind has, which further keys, and what it becomes."""

    parents: tuple[int, ...]
    lower: Lower
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()


def _patterns(place: Value, values: list[mpq]) -> list[int]:
    bits = [round_to(BINARY32, Mode.RNE, value, 0) for value in values]
    for index, pattern in enumerate(bits):
        if pattern & 0x7FFFFFFF == BINARY32.infinity:
            raise place.error(f"entry {index} is beyond the range of binary32")
    return bits


ONE = 0x3F800000


def _input(builder: Builder, stated: Stated) -> str:
    builder.inputs.append(stated.name)
    return builder.put(stated.name, Op.INPUT, (), {"shape": stated.shape}).name


def _flat(place: Value) -> list[mpq]:
    """The numbers of nested lists, row-major; a number alone is one entry."""
    if not isinstance(place.value, list):
        return [read_decimal(place)]
    if place.value and isinstance(place.value[0], list):
        return [number for item in place.items() for number in _flat(item)]
    return read_vector(place, None).rationals()


def _const(builder: Builder, stated: Stated) -> str:
    place = stated.members["values"]
    values = _flat(place)
    if len(values) != prod(stated.shape):
        raise place.error(f"{len(values)} numbers; {prod(stated.shape)} were expected")
    return builder.constant(stated.name, _patterns(place, values), stated.shape).name


def _plain(op: Op) -> Lower:
    """The catalogue operator of the same meaning; operands of equal shapes, as TorchLean asks."""

    def lower(builder: Builder, stated: Stated) -> str:
        shapes = {node.shape for node in stated.parents}
        if len(shapes) > 1:
            raise stated.place.error(f"operands of shapes {sorted(map(list, shapes))}")
        return builder.put(stated.name, op, stated.parents, {}).name

    return lower


def _inverse(builder: Builder, stated: Stated) -> str:
    one = builder.constant(f"{stated.name}.one", [ONE], ())
    return builder.put(stated.name, Op.DIV, (one, stated.parents[0]), {}).name


def _linear(builder: Builder, stated: Stated) -> str:
    """X · Wᵀ + b over the last axis, W stated as rows of outputs."""
    source, outputs = stated.parents[0], stated.shape[-1] if stated.shape else 1
    if not source.shape:
        raise stated.place.error("linear takes a tensor of rank 1 or more")
    inputs = source.shape[-1]
    for key, meant in (("in_dim", inputs), ("out_dim", outputs)):
        if key in stated.members:
            read_integer(stated.members[key], meant, meant)
    weight = np.array(stated.bits("weight", outputs, inputs), np.uint32).reshape(outputs, inputs)
    factor = builder.constant(f"{stated.name}.weight", weight.T.ravel().tolist(), (inputs, outputs))
    product = builder.put(f"{stated.name}.product", Op.MATMUL, (source, factor), {})
    place = stated.members["bias"]
    bias = _patterns(place, read_vector(place, outputs).rationals())
    addend = builder.constant(f"{stated.name}.bias", bias, (outputs,))
    return builder.put(stated.name, Op.ADD, (product, addend), {}).name


def _matmul(builder: Builder, stated: Stated) -> str:
    if len(stated.parents) == 2:
        return builder.put(stated.name, Op.MATMUL, stated.parents, {}).name
    source, outputs = stated.parents[0], stated.shape[-1] if stated.shape else 1
    inputs = source.shape[-1] if source.shape else 1
    weight = np.array(stated.bits("weight", outputs, inputs), np.uint32).reshape(outputs, inputs)
    factor = builder.constant(f"{stated.name}.weight", weight.T.ravel().tolist(), (inputs, outputs))
    return builder.put(stated.name, Op.MATMUL, (source, factor), {}).name


def _reshape(builder: Builder, stated: Stated) -> str:
    return builder.put(stated.name, Op.RESHAPE, stated.parents, {"shape": stated.shape}).name


def _permuted(builder: Builder, stated: Stated, axes: tuple[int, ...]) -> str:
    return builder.put(stated.name, Op.TRANSPOSE, stated.parents, {"axes": axes}).name


def _permute(builder: Builder, stated: Stated) -> str:
    rank = len(stated.parents[0].shape)
    places = stated.members["perm"].items()
    return _permuted(builder, stated, tuple(read_integer(p, 0, max(rank - 1, 0)) for p in places))


def _swapped(stated: Stated, first: int, second: int) -> tuple[int, ...]:
    axes = list(range(len(stated.parents[0].shape)))
    if max(first, second) >= len(axes):
        raise stated.place.error(f"a tensor of rank {len(axes)} has no axis {max(first, second)}")
    axes[first], axes[second] = axes[second], axes[first]
    return tuple(axes)


def _transpose(builder: Builder, stated: Stated) -> str:
    rank = len(stated.parents[0].shape)
    axes = _swapped(stated, stated.axis("axis1", rank), stated.axis("axis2", rank))
    return _permuted(builder, stated, axes)


def _swap(first: int, second: int) -> Lower:
    return lambda builder, stated: _permuted(builder, stated, _swapped(stated, first, second))


def _ones(builder: Builder, name: str, shape: Shape, pattern: int) -> Node:
    return builder.constant(name, [pattern] * prod(shape), shape)


def _broadcast(builder: Builder, stated: Stated) -> str:
    ones = _ones(builder, f"{stated.name}.ones", stated.shape, ONE)
    return builder.put(stated.name, Op.MUL, (stated.parents[0], ones), {}).name


def _sum(builder: Builder, stated: Stated) -> str:
    source = stated.parents[0]
    flat = builder.put(f"{stated.name}.flat", Op.RESHAPE, (source,), {"shape": (source.size,)})
    return _contracted(builder, stated, flat, ONE)


def _contracted(builder: Builder, stated: Stated, source: Node, pattern: int) -> str:
    """The sum over the last axis of entries times one factor, in the stated shape."""
    ones = _ones(builder, f"{stated.name}.ones", (source.shape[-1], 1), pattern)
    total = builder.put(f"{stated.name}.total", Op.MATMUL, (source, ones), {})
    return builder.put(stated.name, Op.RESHAPE, (total,), {"shape": stated.shape}).name


def _axis(stated: Stated) -> int:
    """The one axis reduced, in either vocabulary; the stated shape must have lost it."""
    rank, members = len(stated.parents[0].shape), stated.members
    if ("axis" in members) == ("axes" in members):
        raise stated.place.error("one of axis and axes is needed")
    if "axis" in members:
        axis, kept = stated.axis("axis", rank), False
    else:
        places = members["axes"].items()
        if len(places) != 1:
            raise members["axes"].error(f"{len(places)} axes; one is supported")
        axis = read_integer(places[0], 0, rank - 1)
        kept = "keepdim" in members and members["keepdim"].truth()
    shape = stated.parents[0].shape
    meant = (*shape[:axis], *((1,) if kept else ()), *shape[axis + 1 :])
    if meant != stated.shape:
        message = f"declared {list(stated.shape)}, inferred {list(meant)}"
        raise members["shape"].error(message)
    return axis


def _reduced(*, mean: bool) -> Lower:
    def lower(builder: Builder, stated: Stated) -> str:
        axis, source = _axis(stated), stated.parents[0]
        count = source.shape[axis]
        if mean and count == 0:
            raise stated.place.error("a mean of no entries: 0/0, which TorchLean takes for 0")
        if mean and count & (count - 1):
            kept = int(len(stated.shape) == len(source.shape))
            where = {"axes": (axis,), "keepdims": kept}
            return builder.put(stated.name, Op.REDUCE_MEAN, (source,), where).name
        pattern = round_to(BINARY32, Mode.RNE, mpq(1, count), 0) if mean else ONE
        rest = [other for other in range(len(source.shape)) if other != axis]
        turned = builder.put(
            f"{stated.name}.turned", Op.TRANSPOSE, (source,), {"axes": (*rest, axis)}
        )
        return _contracted(builder, stated, turned, pattern)

    return lower


def _elementwise() -> dict[str, Kind]:
    """Kinds that are one catalogue operator: those the catalogue has."""
    tags = {
        "add": "add",
        "sub": "sub",
        "mul_elem": "mul",
        "max_elem": "max",
        "min_elem": "min",
        **{tag: tag for tag in ("relu", "abs", "sqrt", "tanh", "sigmoid", "exp", "log")},
        **{tag: tag for tag in ("sin", "cos", "softplus")},
    }
    two = {"add", "sub", "mul_elem", "max_elem", "min_elem"}
    known = {op.value: op for op in Op}
    return {
        kind: Kind((2,) if kind in two else (1,), _plain(known[tag]))
        for kind, tag in tags.items()
        if tag in known
    }


KINDS: Mapping[str, Kind] = {
    **_elementwise(),
    "input": Kind((0,), _input),
    "const": Kind((0,), _const, ("values",), ("value_shape",)),
    "detach": Kind((1,), _plain(Op.IDENTITY)),
    "inv": Kind((1,), _inverse),
    "linear": Kind((1,), _linear, ("weight", "bias"), ("in_dim", "out_dim")),
    "matmul": Kind((1, 2), _matmul, (), ("weight",)),
    "reshape": Kind((1,), _reshape, (), ("in_shape", "out_shape")),
    "flatten": Kind((1,), _reshape, (), ("value_shape",)),
    "permute": Kind((1,), _permute, ("perm",)),
    "transpose": Kind((1,), _transpose, ("axis1", "axis2")),
    "swap_first_two": Kind((1,), _swap(0, 1)),
    "transpose3d_last_two": Kind((1,), _swap(1, 2)),
    "broadcast_to": Kind((1,), _broadcast, (), ("from_shape", "to_shape")),
    "sum": Kind((1,), _sum),
    "reduce_sum": Kind((1,), _reduced(mean=False), (), ("axis", "axes", "keepdim")),
    "reduce_mean": Kind((1,), _reduced(mean=True), (), ("axis", "axes", "keepdim")),
}
