"""A graph as executed in binary32: every operation in the kernel, every order of a sum stated.

An `Execution` leaves nothing open: the same one gives the same bits on every machine. Elementwise
operators are their catalogue terms, one rounding an operation as the term is written, functions
correctly rounded; a contraction takes, for each entry, the steps of the tree stated for its node,
in the formats stated there. A gemm rounds alpha·Σ, then beta·addend, then their sum (factors of 1
multiply nothing); where its tree has one term more than the contraction, the last term is the
addend, taken in wherever the tree says.

Not here: what a platform does (measured by `refsem.fuzz`), and bounds on all executions.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from math import prod

import numpy as np
from gmpy2 import mpq

from refsem import kernel
from refsem.binary32 import Predicate
from refsem.exact.functions import Function
from refsem.ir.graph import Bits, Graph, Node
from refsem.ir.operators import OPERANDS, ROW, Attribute, Op, integers
from refsem.ir.terms import Operator, fold
from refsem.kernel.reductions import matmul, reduce_dot
from refsem.kernel.trees import Tree
from refsem.rounding import BINARY32, Environment, Mode, exact_value, round_to_binary32

ONE = 0x3F800000
INVALID_BITS = "bits of type {} and shape {}, uint32 {} expected"


class ExecutionError(ValueError):
    """An execution that does not fit its graph; `node` names the tensor at fault."""

    def __init__(self, node: str, message: str) -> None:
        super().__init__(f"tensor {node!r}: {message}")
        self.node = node
        self.message = message


class Extrema(Enum):
    """What max and min, and so relu, keep where neither operand is the greater."""

    PROPAGATING = "a NaN of either operand; −0 counts as less than +0"
    NUMBER = "the number beside a NaN; −0 counts as less than +0"
    COMPARED = "x where x > y (x < y), else y: the second of equal zeros, or beside a NaN"


@dataclass(frozen=True, slots=True)
class Execution:
    """Everything besides the inputs that decides the bits of a graph."""

    mode: Mode
    environment: Environment
    extrema: Extrema
    orders: Mapping[str, Tree]
    """For every contraction, by the tensor it defines, the tree of each of its entries."""


@dataclass(frozen=True, slots=True, eq=False)
class Executed:
    """The bits of every tensor, and the flags that each node's operations raised, together."""

    bits: Mapping[str, Bits]
    flags: Mapping[str, int]


def contractions(graph: Graph) -> dict[str, int]:
    """The number of products in each entry of every contraction, by the tensor it defines."""
    nodes = graph.by_name()
    counts: dict[str, int] = {}
    for node in graph.nodes:
        if node.op is Op.MATMUL:
            counts[node.name] = nodes[node.operands[0]].shape[-1]
        elif node.op is Op.GEMM:
            counts[node.name] = nodes[node.operands[0]].shape[0 if node.attribute("transA") else 1]
    return counts


def in_order(graph: Graph, order: Callable[[int], Tree]) -> dict[str, Tree]:
    """Orders for a whole graph: the tree that `order` gives for so many terms, at each node."""
    return {name: order(terms) for name, terms in contractions(graph).items()}


def execute(graph: Graph, execution: Execution, inputs: Mapping[str, Bits]) -> Executed:
    """The bits of every tensor for the bits of the inputs, bit for bit repeatable.

    Raises `ExecutionError` where an order is missing, to spare or of another number of terms, an
    input is missing or of another shape, or an attribute is no binary32 value.
    """
    _check_orders(graph, execution.orders)
    bits: dict[str, Bits] = {}
    flags: dict[str, int] = {}
    for node in graph.nodes:
        if node.op is Op.INPUT:
            bits[node.name], flags[node.name] = _given(node, inputs), 0
        elif node.op is Op.CONSTANT:
            bits[node.name], flags[node.name] = graph.constants[node.name], 0
        else:
            operands = [bits[name] for name in node.operands]
            bits[node.name], raised = _executed(node, execution, operands)
            flags[node.name] = int(np.bitwise_or.reduce(raised, axis=None, initial=0))
    return Executed(bits, flags)


def _check_orders(graph: Graph, orders: Mapping[str, Tree]) -> None:
    counts = contractions(graph)
    for name in sorted(counts.keys() ^ orders.keys()):
        missing = name in counts
        raise ExecutionError(name, "no order is stated" if missing else "has no sums to order")
    for name, terms in counts.items():
        tree = orders[name]
        allowed = (terms, terms + 1) if graph.node(name).op is Op.GEMM else (terms,)
        if tree.terms not in allowed:
            raise ExecutionError(name, f"an order of {tree.terms} terms for {terms} products")
        if tree.format != BINARY32:
            raise ExecutionError(name, f"the order ends in {tree.format}, not in binary32")


def _given(node: Node, inputs: Mapping[str, Bits]) -> Bits:
    if node.name not in inputs:
        raise ExecutionError(node.name, "no input is given")
    value = inputs[node.name]
    if value.dtype != np.uint32 or value.shape != node.shape:
        message = INVALID_BITS.format(value.dtype, list(value.shape), list(node.shape))
        raise ExecutionError(node.name, message)
    return value


def _executed(node: Node, execution: Execution, operands: list[Bits]) -> tuple[Bits, Bits]:
    """The bits of one node and the flags of its operations."""
    match node.op:
        case Op.MATMUL:
            return _matmul(node, execution, operands)
        case Op.GEMM:
            return _gemm(node, execution, operands)
        case Op.RESHAPE:
            return operands[0].reshape(node.shape), np.zeros(0, np.uint8)
        case Op.TRANSPOSE:
            axes = integers(node.attribute("axes"))
            return operands[0].transpose(axes), np.zeros(0, np.uint8)
        case Op.IDENTITY:
            return operands[0], np.zeros(0, np.uint8)
        case _:
            return _elementwise(node, execution, operands)


def _matmul(node: Node, execution: Execution, operands: list[Bits]) -> tuple[Bits, Bits]:
    """A product of which one operand is a matrix: the other's remaining axes are flattened."""
    left, right = operands
    if min(left.ndim, right.ndim) > 2:
        raise ExecutionError(node.name, "a product of stacks of matrices is not executed")
    terms = left.shape[-1]
    # The summed axis of the right operand comes first; its others are columns.
    inner = right if right.ndim == 1 else np.moveaxis(right, -2, 0)
    rows = left.reshape(prod(left.shape[:-1]), terms)
    columns = inner.reshape(terms, prod(inner.shape[1:]))
    tree = execution.orders[node.name]
    result, flags = matmul(execution.mode, rows, columns, tree, execution.environment)
    entries = result.reshape(*left.shape[:-1], *inner.shape[1:])
    # With a matrix on the right the entries are in place; else its leading axes come to the front.
    return entries if right.ndim <= 2 else np.moveaxis(entries, 0, -2), flags


def _gemm(node: Node, execution: Execution, operands: list[Bits]) -> tuple[Bits, Bits]:
    """alpha·Σ + beta·addend, in the order of the module's first lines."""
    mode, environment = execution.mode, execution.environment
    left = operands[0].T if node.attribute("transA") else operands[0]
    right = operands[1].T if node.attribute("transB") else operands[1]
    tree = execution.orders[node.name]
    alpha, beta = (_binary32(node.name, node.attribute(name)) for name in ("alpha", "beta"))
    if tree.terms > left.shape[1]:
        if (alpha, beta) != (ONE, ONE):
            raise ExecutionError(node.name, "an addend among the terms is not scaled")
        x, y = _with_addend(left, right, np.broadcast_to(operands[2], node.shape))
        return reduce_dot(mode, x, y, tree, environment)
    total, flags = matmul(mode, left, right, tree, environment)
    addend, addend_flags = _scaled(execution, beta, operands[2])
    total, factor_flags = _scaled(execution, alpha, total)
    result, sum_flags = kernel.add(mode, total, addend, environment)
    raised = (flags, addend_flags, factor_flags, sum_flags)
    return result, np.concatenate([flag.reshape(-1) for flag in raised])


def _with_addend(left: Bits, right: Bits, addend: Bits) -> tuple[Bits, Bits]:
    """Factors of all entries, the last product being the addend times one."""
    shape = (*addend.shape, left.shape[1])
    x = np.broadcast_to(left[:, None, :], shape)
    y = np.broadcast_to(right.T[None, :, :], shape)
    ones = np.full_like(addend, ONE)[..., None]
    return np.concatenate([x, addend[..., None]], -1), np.concatenate([y, ones], -1)


def _scaled(execution: Execution, factor: int, value: Bits) -> tuple[Bits, Bits]:
    """The value times a factor, which does nothing if it is 1."""
    if factor == ONE:
        return value, np.zeros(0, np.uint8)
    factors = np.array(factor, np.uint32)
    return kernel.mul(execution.mode, factors, value, execution.environment)


def _binary32(name: str, value: Attribute) -> int:
    """The pattern of an attribute; `ExecutionError` if it is no binary32 value."""
    if isinstance(value, tuple | str):
        raise ExecutionError(name, f"{value} is not a number")
    bits = round_to_binary32(Mode.RNE, mpq(value), 0)
    if bits & 0x7FFFFFFF >= BINARY32.infinity or exact_value(BINARY32, bits) != value:
        raise ExecutionError(name, f"{value} is not a binary32 value")
    return bits


@dataclass(frozen=True, slots=True)
class _InKernel:
    """Terms by the kernel, entry by entry; the flags of all operations are collected."""

    name: str
    execution: Execution
    values: Mapping[str, Bits]
    raised: list[Bits]

    def _noted(self, answer: tuple[Bits, Bits]) -> Bits:
        result, flags = answer
        self.raised.append(flags.reshape(-1))
        return result

    def constant(self, value: mpq) -> Bits:
        """The pattern of the constant."""
        return np.array(_binary32(self.name, value), np.uint32)

    def variable(self, name: str) -> Bits:
        """The bits of the operand, or of the attribute."""
        return self.values[name]

    def function(self, function: Function, argument: Bits) -> Bits:
        """The function, correctly rounded."""
        mode, environment = self.execution.mode, self.execution.environment
        if function is Function.SOFTPLUS:
            raise ExecutionError(self.name, "softplus has no binary32 operation")
        return self._noted(getattr(kernel, function.value)(mode, argument, environment))

    def apply(self, operator: Operator, arguments: tuple[Bits, ...]) -> Bits:
        """One operation, rounded once."""
        mode, environment = self.execution.mode, self.execution.environment
        match operator:
            case Operator.ADD | Operator.SUB | Operator.MUL | Operator.DIV:
                rounded = getattr(kernel, operator.name.lower())
                return self._noted(rounded(mode, *arguments, environment))
            case Operator.NEG:
                return self._noted(kernel.negate(*arguments))
            case Operator.ABS:
                return self._noted(kernel.absolute(*arguments))
            case Operator.MAX | Operator.MIN:
                return self._extremum(operator, *arguments)
            case Operator.SELECT:
                a, b, x, y = arguments
                return np.where(self._holds(Predicate.SIGNALLING_LESS_EQUAL, a, b), x, y)

    def _holds(self, predicate: Predicate, x: Bits, y: Bits) -> Bits:
        return self._noted(kernel.compare(predicate, x, y, self.execution.environment))

    def _extremum(self, operator: Operator, x: Bits, y: Bits) -> Bits:
        greatest = operator is Operator.MAX
        environment = self.execution.environment
        match self.execution.extrema:
            case Extrema.PROPAGATING:
                function = kernel.maximum if greatest else kernel.minimum
                return self._noted(function(x, y, environment))
            case Extrema.NUMBER:
                function = kernel.maximum_number if greatest else kernel.minimum_number
                return self._noted(function(x, y, environment))
            case Extrema.COMPARED:
                less = Predicate.SIGNALLING_LESS
                first = self._holds(less, y, x) if greatest else self._holds(less, x, y)
                return np.where(first, x, y)


def _elementwise(node: Node, execution: Execution, operands: list[Bits]) -> tuple[Bits, Bits]:
    """An operator with a meaning as a term, at broadcast operands."""
    meaning = ROW[node.op].meaning
    if meaning is None:
        raise ExecutionError(node.name, f"{node.op.value} is not executed")
    values: dict[str, Bits] = dict(zip(OPERANDS, operands, strict=False))
    for name, value in node.attributes:
        values[name] = np.array(_binary32(node.name, value), np.uint32)
    raised: list[Bits] = [np.zeros(0, np.uint8)]
    result = fold(meaning, _InKernel(node.name, execution, values, raised))
    return np.broadcast_to(result, node.shape), np.concatenate(raised)
