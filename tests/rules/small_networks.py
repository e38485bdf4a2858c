"""Small ReLU networks as graphs, and a second evaluation of them that is exact on host floats.

Weights are quarters, inputs are dyadic with few bits, networks are shallow: every intermediate
number is a dyadic of fewer than 53 bits, so numpy's float64 arithmetic makes no error. `evaluate`
shares no code with refsem's exact evaluation.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from gmpy2 import mpq

from refsem.exact import ExactTensor
from refsem.ir.evaluation import Prepared, prepare
from refsem.ir.graph import Graph, Node, check_wellformed, make_node
from refsem.ir.operators import Op, integers
from refsem.rules.trace import Combination, Region

Floats = npt.NDArray[np.float64]


@dataclass(slots=True)
class Builder:
    """A graph in the making; numbers come from a seeded generator."""

    source: np.random.Generator
    nodes: list[Node] = field(default_factory=list)
    values: dict[str, Floats] = field(default_factory=dict)

    def add(self, name: str, op: Op, *operands: Node, **attributes: Any) -> Node:  # noqa: ANN401
        node = make_node(name, op, operands, attributes)
        self.nodes.append(node)
        return node

    def constant(self, *shape: int) -> Node:
        """A constant of quarters from −2 to 2, about a sixth of them 0."""
        name = f"constant_{len(self.values)}"
        quarters = self.source.integers(-8, 9, shape)
        self.values[name] = np.where(self.source.random(shape) < 0.1, 0, quarters) / 4
        return self.add(name, Op.CONSTANT, shape=shape)

    def dense(self, name: str, operand: Node, width: int) -> Node:
        """operand · W + b, as a matmul and an add."""
        product = self.add(
            f"{name}_product", Op.MATMUL, operand, self.constant(operand.size, width)
        )
        return self.add(name, Op.ADD, product, self.constant(width))

    def gemm(self, name: str, operand: Node, width: int) -> Node:
        """operand · Wᵀ / 2 + 2 · b, as one gemm."""
        weight, bias = self.constant(width, operand.size), self.constant(width)
        factors = {"alpha": mpq(1, 2), "beta": mpq(2), "transA": 0, "transB": 1}
        return self.add(name, Op.GEMM, operand, weight, bias, **factors)

    def graph(self, output: Node) -> Prepared:
        bits = {
            name: value.astype(np.float32).view(np.uint32) for name, value in self.values.items()
        }
        inputs = tuple(node.name for node in self.nodes if node.op is Op.INPUT)
        graph = Graph(tuple(self.nodes), bits, inputs, (output.name,))
        check_wellformed(graph)
        return prepare(graph)


def chain(seed: int) -> Prepared:
    """Two hidden layers, one a matmul and an add, one a gemm."""
    b = Builder(np.random.default_rng(seed))
    x = b.add("x", Op.INPUT, shape=(1, 3))
    first = b.add("first", Op.RELU, b.dense("h", x, 4))
    second = b.add("second", Op.RELU, b.gemm("g", first, 3))
    return b.graph(b.dense("y", second, 2))


def residual(seed: int) -> Prepared:
    """A block that adds its operand to its image, and one that subtracts it from it."""
    b = Builder(np.random.default_rng(seed))
    x = b.add("x", Op.INPUT, shape=(1, 2))
    first = b.add("first", Op.RELU, b.dense("h", x, 3))
    block = b.add("block", Op.ADD, first, b.dense("inner", first, 3))
    second = b.add("second", Op.RELU, block)
    difference = b.add("difference", Op.SUB, b.gemm("other", second, 3), first)
    return b.graph(b.dense("y", b.add("third", Op.RELU, difference), 2))


def rearranged(seed: int) -> Prepared:
    """Scaling, reshaping, transposing, broadcasting and a sum of a tensor with itself."""
    b = Builder(np.random.default_rng(seed))
    x = b.add("x", Op.INPUT, shape=(2, 1, 2))
    scaled = b.add(
        "scaled", Op.MUL, b.add("centred", Op.SUB, x, b.constant(2)), b.constant(2, 1, 1)
    )
    turned = b.add("turned", Op.TRANSPOSE, scaled, axes=(2, 0, 1))
    flat = b.add("flat", Op.RESHAPE, turned, shape=(1, 4))
    first = b.add("first", Op.RELU, b.add("spread", Op.ADD, b.constant(3, 1), flat))
    twice = b.add("twice", Op.ADD, first, first)
    column = b.add("column", Op.RESHAPE, b.add("same", Op.IDENTITY, twice), shape=(3, 4))
    mixed = b.add("mixed", Op.MATMUL, b.constant(2, 3), column)
    second = b.add("second", Op.RELU, b.add("shifted", Op.SUB, b.constant(4), mixed))
    return b.graph(b.add("y", Op.MATMUL, second, b.constant(4)))


def paired(seed: int) -> Prepared:
    """Greatest, least and products of two tensors, one of them a constant; and their sums."""
    b = Builder(np.random.default_rng(seed))
    x = b.add("x", Op.INPUT, shape=(1, 2))
    left, right = b.dense("left", x, 3), b.dense("right", x, 3)
    greatest = b.add("greatest", Op.MAX, left, right)
    least = b.add("least", Op.MIN, b.add("bent", Op.RELU, left), right)
    capped = b.add("capped", Op.MIN, greatest, b.constant(1, 3))
    product = b.add("first", Op.MUL, b.add("floored", Op.MAX, b.constant(1, 3), least), capped)
    total = b.add("total", Op.SUB, b.dense("mixed", product, 3), greatest)
    return b.graph(b.add("y", Op.MUL, total, right))


NETWORKS = {
    f"{kind.__name__}_{seed}": kind(seed)
    for kind in (chain, residual, rearranged, paired)
    for seed in (1, 2)
}


def evaluate(prepared: Prepared, inputs: Mapping[str, Floats]) -> dict[str, Floats]:
    """Every tensor at one input, by numpy."""
    found: dict[str, Floats] = {}
    for node in prepared.graph.nodes:
        found[node.name] = apply(prepared, node, {**inputs, **found})
    return found


def apply(prepared: Prepared, node: Node, found: Mapping[str, Floats]) -> Floats:
    """One tensor from its operands (an input from itself), by numpy."""
    operands = [found[name] for name in node.operands]
    match node.op:
        case Op.INPUT:
            return found[node.name].reshape(node.shape)
        case Op.CONSTANT:
            bits = prepared.graph.constants[node.name]
            return bits.view(np.float32).astype(np.float64)
        case Op.RESHAPE:
            return operands[0].reshape(node.shape)
        case Op.TRANSPOSE:
            return operands[0].transpose(integers(node.attribute("axes")))
    return _ELEMENTARY[node.op](*operands)


_ELEMENTARY: Mapping[Op, Callable[..., Floats]] = {
    Op.ADD: np.add,
    Op.SUB: np.subtract,
    Op.MUL: np.multiply,
    Op.MAX: np.maximum,
    Op.MIN: np.minimum,
    Op.MATMUL: np.matmul,
    Op.GEMM: lambda left, right, addend: (left @ right.T) / 2 + 2 * addend,
    Op.RELU: lambda operand: np.where(operand > 0, operand, 0.0),
    Op.IDENTITY: lambda operand: operand,
}


def row(values: npt.ArrayLike) -> ExactTensor:
    """The exact (1, size) row of these floats."""
    flat = np.asarray(values, np.float64).ravel()
    return ExactTensor.from_rationals([mpq(float(v)) for v in flat], (1, len(flat)))


@dataclass(frozen=True, slots=True)
class Box:
    """An input box with dyadic ends."""

    lower: Floats
    upper: Floats

    def region(self) -> Region:
        return Region({"x": (row(self.lower), row(self.upper))})

    def points(self, source: np.random.Generator, count: int) -> list[dict[str, Floats]]:
        """Every corner, then points inside on a grid of 64ths of each edge."""
        size = self.lower.size
        corners = [[(code >> bit) & 1 for bit in range(size)] for code in range(2**size)]
        inside = source.integers(0, 65, (count, size)) / 64
        shares = np.concatenate([np.array(corners, np.float64), inside])
        return [{"x": self.lower + share * (self.upper - self.lower)} for share in shares]


def random_box(prepared: Prepared, source: np.random.Generator) -> Box:
    """A box of eighths around 0, one edge of which may be a point."""
    size = prepared.nodes["x"].size
    lower = source.integers(-16, 9, size) / 8
    return Box(lower, lower + source.integers(0, 17, size) / 8)


def inner_box(outer: Box, source: np.random.Generator) -> Box:
    """A box inside another."""
    cuts = np.sort(source.integers(0, 9, (2, outer.lower.size)), axis=0) / 8
    width = outer.upper - outer.lower
    return Box(outer.lower + cuts[0] * width, outer.lower + cuts[1] * width)


def random_targets(prepared: Prepared, source: np.random.Generator) -> dict[str, Combination]:
    """Two rows over the output and an inner tensor, and one over the output alone."""

    def coefficients(name: str, rows: int) -> ExactTensor:
        numbers = source.integers(-4, 5, (rows, prepared.nodes[name].size))
        return ExactTensor(numbers.astype(object), 1, 1)

    return {
        "margin": {"y": coefficients("y", 2), "first": coefficients("first", 2)},
        "sum": {"y": coefficients("y", 1)},
    }
