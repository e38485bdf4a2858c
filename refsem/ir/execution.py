"""A graph as executed in binary32: every operation in the kernel, every order of a sum stated.

An `Execution` leaves nothing open: the same one gives the same bits on every machine. Elementwise
operators are their catalogue terms, one rounding an operation as the term is written, functions
correctly rounded. The rest follow the index maps of their plans: a sum takes, for each entry, the
steps of the tree stated for its node, in the formats stated there; summands (alpha·Σ, beta·addend,
a bias) are rounded, then added from the left (factors of 1 multiply nothing). Where a tree has one
term more than the products, the last term is the addend, taken in wherever the tree says. Padding
is +0, and a mean is its sum over the number, rounded.

Not here: what a platform does (measured by `refsem.fuzz`), and bounds on all executions.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import or_

import numpy as np
from gmpy2 import mpq

from refsem import kernel
from refsem.binary32 import Predicate
from refsem.exact.functions import Function
from refsem.ir.executed_plans import (
    Execution,
    ExecutionError,
    Extrema,
    Run,
    binary32_bits,
    extremum,
    planned,
    sums,
    terms_of,
)
from refsem.ir.graph import Bits, Graph, Node
from refsem.ir.operators import OPERANDS, ROW, Op
from refsem.ir.plans import Plan
from refsem.ir.terms import Operator, fold
from refsem.kernel.trees import Tree
from refsem.rounding import BINARY32, Mode

__all__ = [
    "Executed",
    "Execution",
    "ExecutionError",
    "Extrema",
    "contractions",
    "execute",
    "in_order",
]
INVALID_BITS = "bits of type {} and shape {}, uint32 {} expected"


@dataclass(frozen=True, slots=True, eq=False)
class Executed:
    """The bits of every tensor, and the flags that each node's operations raised, together."""

    bits: Mapping[str, Bits]
    flags: Mapping[str, int]


def contractions(graph: Graph) -> dict[str, int]:
    """The number of terms in each entry of every sum (of products or not), by its tensor."""
    return {name: terms_of(plan) for name, plan in _plans(graph).items() if sums(plan)}


def _plans(graph: Graph) -> dict[str, Plan]:
    """The index maps of the nodes that have them, by tensor."""
    shapes = {node.name: node.shape for node in graph.nodes}
    plans: dict[str, Plan] = {}
    for node in graph.nodes:
        rule = ROW[node.op].plan
        if rule is not None:
            operands = tuple(shapes[name] for name in node.operands)
            plans[node.name] = rule(operands, dict(node.attributes))
    return plans


def in_order(graph: Graph, order: Callable[[int], Tree]) -> dict[str, Tree]:
    """Orders for a whole graph: the tree that `order` gives for so many terms, at each node."""
    return {name: order(terms) for name, terms in contractions(graph).items()}


def execute(graph: Graph, execution: Execution, inputs: Mapping[str, Bits]) -> Executed:
    """The bits of every tensor for the bits of the inputs, bit for bit repeatable.

    Raises `ExecutionError` where an order is missing, to spare or of another number of terms, an
    input is missing or of another shape, or an attribute is no binary32 value.
    """
    plans = _plans(graph)
    _check_orders(plans, execution.orders)
    bits: dict[str, Bits] = {}
    flags: dict[str, int] = {}
    for node in graph.nodes:
        raised: list[Bits] = []
        if node.op is Op.INPUT:
            bits[node.name] = _given(node, inputs)
        elif node.op is Op.CONSTANT:
            bits[node.name] = graph.constants[node.name]
        else:
            operands = [bits[name] for name in node.operands]
            by_plan = node.name in plans
            run = Run(node, execution, raised)
            bits[node.name] = (
                planned(run, plans[node.name], operands) if by_plan else _elementwise(run, operands)
            )
        together = (int(np.bitwise_or.reduce(one, axis=None, initial=0)) for one in raised)
        flags[node.name] = reduce(or_, together, 0)
    return Executed(bits, flags)


def _check_orders(plans: Mapping[str, Plan], orders: Mapping[str, Tree]) -> None:
    counts = {name: terms_of(plan) for name, plan in plans.items() if sums(plan)}
    for name in sorted(counts.keys() ^ orders.keys()):
        missing = name in counts
        raise ExecutionError(name, "no order is stated" if missing else "has no sums to order")
    for name, terms in counts.items():
        tree = orders[name]
        allowed = (terms, terms + 1) if len(plans[name]) > 1 else (terms,)
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


_INTEGERS: Mapping[Function, Mode] = {
    Function.FLOOR: Mode.RTN,
    Function.CEIL: Mode.RTP,
    Function.ROUND: Mode.RNE,
    Function.TRUNC: Mode.RTZ,
}
"""In which direction a step function rounds to an integral value; that it does is no flag."""


@dataclass(frozen=True, slots=True)
class _InKernel:
    """Terms by the kernel, entry by entry."""

    run: Run
    values: Mapping[str, Bits]

    def constant(self, value: mpq) -> Bits:
        """The pattern of the constant."""
        return np.array(binary32_bits(self.run.name, value), np.uint32)

    def variable(self, name: str) -> Bits:
        """The bits of the operand, or of the attribute."""
        return self.values[name]

    def function(self, function: Function, argument: Bits) -> Bits:
        """The function, correctly rounded."""
        execution = self.run.execution
        if function is Function.SOFTPLUS:
            raise ExecutionError(self.run.name, "softplus has no binary32 operation")
        if function in _INTEGERS:
            mode = _INTEGERS[function]
            rounded = kernel.round_to_integral(mode, argument, False, execution.environment)
            return self.run.noted(rounded)
        operation = getattr(kernel, function.value)
        return self.run.noted(operation(execution.mode, argument, execution.environment))

    def apply(self, operator: Operator, arguments: tuple[Bits, ...]) -> Bits:
        """One operation, rounded once."""
        mode, environment = self.run.execution.mode, self.run.execution.environment
        match operator:
            case Operator.ADD | Operator.SUB | Operator.MUL | Operator.DIV:
                rounded = getattr(kernel, operator.name.lower())
                return self.run.noted(rounded(mode, *arguments, environment))
            case Operator.NEG:
                return self.run.noted(kernel.negate(*arguments))
            case Operator.ABS:
                return self.run.noted(kernel.absolute(*arguments))
            case Operator.MAX | Operator.MIN:
                return extremum(self.run, operator, *arguments)
            case Operator.SELECT:
                a, b, x, y = arguments
                first = kernel.compare(Predicate.SIGNALLING_LESS_EQUAL, a, b, environment)
                return np.where(self.run.noted(first), x, y)


def _elementwise(run: Run, operands: list[Bits]) -> Bits:
    """An operator with a meaning as a term, at broadcast operands."""
    meaning = ROW[run.node.op].meaning
    if meaning is None:
        raise ExecutionError(run.name, f"{run.node.op.value} is not executed")
    values: dict[str, Bits] = dict(zip(OPERANDS, operands, strict=False))
    for name, value in run.node.attributes:
        values[name] = np.array(binary32_bits(run.name, value), np.uint32)
    result = fold(meaning, _InKernel(run, values))
    return np.broadcast_to(result, run.node.shape)
