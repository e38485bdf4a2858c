"""Composite operators: their named expansions into the other operators of the catalogue.

The first expansion is what the operator means in the reals; the others mean the same there (the
tests compare enclosures) and differ when executed in binary32, where each has its own overflow
and cancellation. Rules for the operators of an expansion are rules for the composite.

Names of inner tensors are the composite's own with "#" and a number.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from gmpy2 import mpq

from refsem.ir.graph import Bits, Graph, GraphError, Node, make_node
from refsem.ir.operators import Attribute, Attributes, Op
from refsem.ir.plans import Fold, Index, Reduction
from refsem.ir.reductions import reduce_plan
from refsem.ir.shapes import integer, integers
from refsem.rounding import BINARY32, Mode, exact_value, round_to_binary32

SHOWN_LENGTH = 60
"""Of a longer number an error shows so many characters."""


@dataclass(slots=True)
class Builder:
    """An expansion in the making: the inner tensors, in order, and their constants."""

    name: str
    taken: frozenset[str]
    nodes: list[Node] = field(default_factory=list)
    constants: dict[str, Bits] = field(default_factory=dict)

    def apply(self, op: Op, *operands: Node, **attributes: Attribute) -> Node:
        """An operator applied to tensors."""
        node = make_node(self._fresh(), op, operands, attributes)
        self.nodes.append(node)
        return node

    def constant(self, value: Attribute) -> Node:
        """A constant; `GraphError` if it is no binary32 value."""
        if isinstance(value, tuple | str):
            raise GraphError(self.name, f"{value!r} is not a number")
        bits = round_to_binary32(Mode.RNE, mpq(value), 0)
        if bits & 0x7FFFFFFF >= BINARY32.infinity or exact_value(BINARY32, bits) != value:
            shown = str(value)
            shown = f"{shown[:SHOWN_LENGTH]}…" if len(shown) > SHOWN_LENGTH else shown
            raise GraphError(self.name, f"{shown} is not a binary32 value")
        node = self.apply(Op.CONSTANT, shape=())
        self.constants[node.name] = np.array(bits, dtype=np.uint32)
        return node

    def tensor(self, bits: Bits) -> Node:
        """A constant tensor of these binary32 patterns."""
        node = self.apply(Op.CONSTANT, shape=bits.shape)
        self.constants[node.name] = bits
        return node

    def _fresh(self) -> str:
        name = f"{self.name}#{len(self.nodes)}"
        while name in self.taken:
            name = f"{name}#"
        return name


Build = Callable[[Builder, tuple[Node, ...], Attributes], Node]


@dataclass(frozen=True, slots=True)
class Expansion:
    """One way to write an operator with others."""

    name: str
    build: Build


def _exponentials(
    builder: Builder, operand: Node, axes: Attribute, *, shifted: bool
) -> tuple[Node, Node, Node | None]:
    """The exponents, their exponentials' sum, and what they were shifted by."""
    shift = builder.apply(Op.REDUCE_MAX, operand, axes=axes, keepdims=1) if shifted else None
    exponent = operand if shift is None else builder.apply(Op.SUB, operand, shift)
    powers = builder.apply(Op.EXP, exponent)
    return exponent, powers, shift


def _softmax(*, shifted: bool) -> Build:
    def build(builder: Builder, operands: tuple[Node, ...], attributes: Attributes) -> Node:
        axes = attributes["axes"]
        _, powers, _ = _exponentials(builder, operands[0], axes, shifted=shifted)
        total = builder.apply(Op.REDUCE_SUM, powers, axes=axes, keepdims=1)
        return builder.apply(Op.DIV, powers, total)

    return build


def _log_softmax(*, shifted: bool) -> Build:
    def build(builder: Builder, operands: tuple[Node, ...], attributes: Attributes) -> Node:
        axes = attributes["axes"]
        exponent, powers, _ = _exponentials(builder, operands[0], axes, shifted=shifted)
        total = builder.apply(Op.REDUCE_SUM, powers, axes=axes, keepdims=1)
        return builder.apply(Op.SUB, exponent, builder.apply(Op.LOG, total))

    return build


def _totals(builder: Builder, operand: Node, axes: Attribute) -> Node:
    """Σ_j e^(x_j - x_i) for each entry i, over the entries j along the axes: 1 and the others."""
    (summand,) = reduce_plan(Fold.SUM)((operand.shape,), {"axes": axes})
    if not isinstance(summand.form, Reduction):
        raise TypeError("a sum along axes is a reduction")
    groups = summand.form.index
    own = groups.ravel()
    count = groups.shape[1]
    beside = ~np.eye(count, dtype=np.bool_)
    others = [row[beside[place]] for row in groups for place in range(count)]
    where = np.array(others, dtype=np.int64).reshape(own.size, max(count - 1, 0))
    flat = builder.apply(Op.RESHAPE, operand, shape=(own.size,))
    left = _gathered(builder, flat, where)
    right = _gathered(builder, flat, own[:, None])
    powers = builder.apply(Op.EXP, builder.apply(Op.SUB, left, right))
    rest = builder.apply(Op.REDUCE_SUM, powers, axes=(1,), keepdims=0)
    total = builder.apply(Op.ADD, rest, builder.constant(1))
    back = np.empty(own.size, dtype=np.int64)
    back[own] = np.arange(own.size)
    return builder.apply(Op.RESHAPE, _gathered(builder, total, back), shape=operand.shape)


def _gathered(builder: Builder, flat: Node, index: Index) -> Node:
    indices = tuple(int(place) for place in index.ravel())
    return builder.apply(Op.GATHER, flat, axis=0, indices=indices, shape=index.shape)


def _softmax_of_differences(
    builder: Builder, operands: tuple[Node, ...], attributes: Attributes
) -> Node:
    """e^(x_i) / Σ_j e^(x_j), both divided by e^(x_i): between 0 and 1 in any box."""
    return builder.apply(Op.RECIPROCAL, _totals(builder, operands[0], attributes["axes"]))


def _log_softmax_of_differences(
    builder: Builder, operands: tuple[Node, ...], attributes: Attributes
) -> Node:
    """The logarithm of the same: at most next to 0 in any box."""
    total = _totals(builder, operands[0], attributes["axes"])
    return builder.apply(Op.NEG, builder.apply(Op.LOG, total))


def _log_sum_exp(*, shifted: bool) -> Build:
    def build(builder: Builder, operands: tuple[Node, ...], attributes: Attributes) -> Node:
        where = {"axes": attributes["axes"], "keepdims": attributes["keepdims"]}
        _, powers, _ = _exponentials(builder, operands[0], where["axes"], shifted=shifted)
        total = builder.apply(Op.LOG, builder.apply(Op.REDUCE_SUM, powers, **where))
        if not shifted:
            return total
        return builder.apply(Op.ADD, total, builder.apply(Op.REDUCE_MAX, operands[0], **where))

    return build


def _deviation(builder: Builder, variance: Node, attributes: Attributes) -> Node:
    moved = builder.apply(Op.ADD, variance, builder.constant(attributes["epsilon"]))
    return builder.apply(Op.SQRT, moved)


def _channels(builder: Builder, operands: tuple[Node, ...], attributes: Attributes) -> list[Node]:
    """The operands after the first, shaped to broadcast along the axis."""
    after = len(operands[0].shape) - integer(attributes["axis"]) - 1
    return [
        builder.apply(Op.RESHAPE, operand, shape=(*operand.shape, *(1,) * after))
        for operand in operands[1:]
    ]


def _batch_norm(builder: Builder, operands: tuple[Node, ...], attributes: Attributes) -> Node:
    scale, shift, mean, variance = _channels(builder, operands, attributes)
    centred = builder.apply(Op.SUB, operands[0], mean)
    unit = builder.apply(Op.DIV, centred, _deviation(builder, variance, attributes))
    return builder.apply(Op.ADD, builder.apply(Op.MUL, unit, scale), shift)


def _batch_norm_folded(
    builder: Builder, operands: tuple[Node, ...], attributes: Attributes
) -> Node:
    scale, shift, mean, variance = _channels(builder, operands, attributes)
    factor = builder.apply(Op.DIV, scale, _deviation(builder, variance, attributes))
    rest = builder.apply(Op.SUB, shift, builder.apply(Op.MUL, mean, factor))
    return builder.apply(Op.ADD, builder.apply(Op.MUL, operands[0], factor), rest)


def _layer_norm(*, passes: int) -> Build:
    def build(builder: Builder, operands: tuple[Node, ...], attributes: Attributes) -> Node:
        where: dict[str, Attribute] = {"axes": integers(attributes["axes"]), "keepdims": 1}
        mean = builder.apply(Op.REDUCE_MEAN, operands[0], **where)
        centred = builder.apply(Op.SUB, operands[0], mean)
        squared = builder.apply(Op.SQUARE, centred if passes == 2 else operands[0])
        variance = builder.apply(Op.REDUCE_MEAN, squared, **where)
        if passes == 1:
            variance = builder.apply(Op.SUB, variance, builder.apply(Op.SQUARE, mean))
        unit = builder.apply(Op.DIV, centred, _deviation(builder, variance, attributes))
        return builder.apply(Op.ADD, builder.apply(Op.MUL, unit, operands[1]), operands[2])

    return build


def _mse(builder: Builder, operands: tuple[Node, ...], _attributes: Attributes) -> Node:
    squared = builder.apply(Op.SQUARE, builder.apply(Op.SUB, operands[0], operands[1]))
    axes = tuple(range(len(squared.shape)))
    return builder.apply(Op.REDUCE_MEAN, squared, axes=axes, keepdims=0)


EXPANSIONS: Mapping[Op, tuple[Expansion, ...]] = {
    Op.SOFTMAX: (
        Expansion("naive", _softmax(shifted=False)),
        Expansion("max-shifted", _softmax(shifted=True)),
        Expansion("differences", _softmax_of_differences),
    ),
    Op.LOG_SOFTMAX: (
        Expansion("naive", _log_softmax(shifted=False)),
        Expansion("max-shifted", _log_softmax(shifted=True)),
        Expansion("differences", _log_softmax_of_differences),
    ),
    Op.LOG_SUM_EXP: (
        Expansion("naive", _log_sum_exp(shifted=False)),
        Expansion("max-shifted", _log_sum_exp(shifted=True)),
    ),
    Op.BATCH_NORM: (
        Expansion("centred", _batch_norm),
        Expansion("folded", _batch_norm_folded),
    ),
    Op.LAYER_NORM: (
        Expansion("two-pass", _layer_norm(passes=2)),
        Expansion("one-pass", _layer_norm(passes=1)),
    ),
    Op.MSE: (Expansion("squares", _mse),),
}


BOUNDED: Mapping[Op, str] = {Op.SOFTMAX: "differences", Op.LOG_SOFTMAX: "differences"}
"""The expansions that bounds follow where the first would be loose: boxes know no quotient's range.

They take n - 1 exponentials for each of n entries.
"""


def expanded(graph: Graph, choice: Mapping[Op, str]) -> Graph:
    """The graph with every composite replaced by an expansion: the first, or the one chosen.

    `KeyError` for a choice that is no expansion's name, `GraphError` where one does not apply.
    """
    nodes: list[Node] = []
    constants = dict(graph.constants)
    known: dict[str, Node] = {}
    taken = frozenset(node.name for node in graph.nodes)
    for node in graph.nodes:
        if node.op in EXPANSIONS:
            builder = Builder(node.name, taken)
            operands = tuple(known[name] for name in node.operands)
            _chosen(node.op, choice).build(builder, operands, dict(node.attributes))
            nodes.extend((*builder.nodes[:-1], replace(builder.nodes[-1], name=node.name)))
            constants |= builder.constants
        else:
            nodes.append(node)
        known[node.name] = node
    return Graph(tuple(nodes), constants, graph.inputs, graph.outputs, graph.remarks)


def _chosen(op: Op, choice: Mapping[Op, str]) -> Expansion:
    if op not in choice:
        return EXPANSIONS[op][0]
    return {expansion.name: expansion for expansion in EXPANSIONS[op]}[choice[op]]
