"""Nodes with index maps, executed: sums in stated orders, summands added from the left.

What an execution states, and what `refsem.ir.execution` says about the steps of a plan.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

import numpy as np
from gmpy2 import mpq

from refsem import kernel
from refsem.binary32 import Predicate
from refsem.ir.graph import Bits, Node
from refsem.ir.plans import (
    ABSENT,
    Contraction,
    Fold,
    Index,
    Plan,
    Reduction,
    Selection,
    Summand,
)
from refsem.ir.shapes import Attribute
from refsem.ir.terms import Operator
from refsem.kernel.reductions import matmul, reduce_dot, reduce_sum
from refsem.kernel.trees import Tree
from refsem.rounding import BINARY32, Environment, Mode, exact_value, round_to_binary32

ONE = 0x3F800000


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
    """For every sum (see `contractions`), by its tensor, the tree of each of its entries."""


def sums(plan: Plan) -> bool:
    """Whether the first summand adds entries up: no plan has such a one elsewhere."""
    match plan[0].form:
        case Contraction():
            return True
        case Reduction(fold=fold):
            return fold in (Fold.SUM, Fold.MEAN)
        case Selection():
            return False


def terms_of(plan: Plan) -> int:
    """The number of terms in each entry of the first summand."""
    match plan[0].form:
        case Contraction(left=left):
            return int(left.shape[-1])
        case Reduction(index=index):
            return int(index.shape[-1])
        case Selection():
            return 1


@dataclass(frozen=True, slots=True)
class Run:
    """One node being executed; the flags of its operations are collected."""

    node: Node
    execution: Execution
    raised: list[Bits]

    @property
    def name(self) -> str:
        """The tensor that is computed."""
        return self.node.name

    def noted(self, answer: tuple[Bits, Bits]) -> Bits:
        """The result of an operation, its flags noted."""
        result, flags = answer
        self.raised.append(flags)
        return result

    def add(self, x: Bits, y: Bits) -> Bits:
        """The rounded sums."""
        execution = self.execution
        return self.noted(kernel.add(execution.mode, x, y, execution.environment))


def planned(run: Run, plan: Plan, operands: list[Bits]) -> Bits:
    """A node by its index maps: the summands, each times its factor, added from the left."""
    flat = [operand.reshape(-1) for operand in operands]
    if sums(plan) and run.execution.orders[run.name].terms > terms_of(plan):
        return _with_addend(run, plan, flat).reshape(run.node.shape)
    values = [_summand(run, summand, flat) for summand in plan]
    total = values[0]
    for value in values[1:]:
        total = run.add(total, value)
    return total.reshape(run.node.shape)


def _summand(run: Run, summand: Summand, operands: list[Bits]) -> Bits:
    """The value of a form times its factor, which does nothing if it is 1."""
    taken = [operands[place] for place in summand.operands]
    match summand.form:
        case Selection(index):
            value = _entries(np.concatenate(taken), index)
        case Reduction() as reduction:
            value = _reduced(run, reduction, taken[0])
        case Contraction() as contraction:
            value = _contracted(run, contraction, taken[0], taken[1])
    factor = binary32_bits(run.name, summand.factor)
    if factor == ONE:
        return value
    factors = np.array(factor, np.uint32)
    return run.noted(kernel.mul(run.execution.mode, factors, value, run.execution.environment))


def _entries(operand: Bits, index: Index) -> Bits:
    """Entries by position; +0 where there is none."""
    padded = np.append(operand, np.uint32(0))
    return padded[np.where(index == ABSENT, operand.size, index)]


def _reduced(run: Run, reduction: Reduction, operand: Bits) -> Bits:
    """Sums in the stated order, means of them; extrema are taken from left to right."""
    mode, environment = run.execution.mode, run.execution.environment
    entries = _entries(operand, reduction.index)
    if reduction.fold in (Fold.MAX, Fold.MIN):
        operator = Operator.MAX if reduction.fold is Fold.MAX else Operator.MIN
        best = entries[:, 0] if entries.size else np.zeros(len(entries), np.uint32)
        for column in entries.T[1:]:
            best = extremum(run, operator, best, column)
        return best
    total = run.noted(reduce_sum(mode, entries, run.execution.orders[run.name], environment))
    if reduction.fold is Fold.SUM:
        return total
    counts = run.noted(kernel.from_integer(mode, reduction.divisors, environment))
    return run.noted(kernel.div(mode, total, counts, environment))


def _contracted(run: Run, contraction: Contraction, x: Bits, y: Bits) -> Bits:
    """Sums of products in the stated order, block by block."""
    left, right = _entries(x, contraction.left), _entries(y, contraction.right)
    execution = run.execution
    tree = execution.orders[run.name]
    blocks = [
        run.noted(matmul(execution.mode, one, other.T, tree, execution.environment)).reshape(-1)
        for one, other in zip(left, right, strict=True)
    ]
    return np.concatenate([np.zeros(0, np.uint32), *blocks])[contraction.order]


def _with_addend(run: Run, plan: Plan, operands: list[Bits]) -> Bits:
    """A contraction whose tree takes the addend in, as the last product, times 1."""
    contraction, addend = plan[0].form, plan[1].form
    if not isinstance(contraction, Contraction) or not isinstance(addend, Selection):
        raise ExecutionError(run.name, "there is no addend to take among the terms")
    if any(summand.factor != 1 for summand in plan):
        raise ExecutionError(run.name, "an addend among the terms is not scaled")
    x, y = (operands[place] for place in plan[0].operands)
    left, right = _entries(x, contraction.left), _entries(y, contraction.right)
    blocks, rows, terms = left.shape
    shape = blocks, rows, right.shape[1], terms
    pairs = [
        np.broadcast_to(factors, shape).reshape(-1, terms)[contraction.order]
        for factors in (left[:, :, None, :], right[:, None, :, :])
    ]
    added = _entries(operands[plan[1].operands[0]], addend.index)[:, None]
    ones = np.full_like(added, ONE)
    first, second = (np.concatenate(pair, -1) for pair in zip(pairs, (added, ones), strict=True))
    mode, environment = run.execution.mode, run.execution.environment
    return run.noted(reduce_dot(mode, first, second, run.execution.orders[run.name], environment))


def extremum(run: Run, operator: Operator, x: Bits, y: Bits) -> Bits:
    """The greater or lesser entries, as the execution says for zeros and NaNs."""
    greatest = operator is Operator.MAX
    environment = run.execution.environment
    match run.execution.extrema:
        case Extrema.PROPAGATING:
            function = kernel.maximum if greatest else kernel.minimum
            return run.noted(function(x, y, environment))
        case Extrema.NUMBER:
            function = kernel.maximum_number if greatest else kernel.minimum_number
            return run.noted(function(x, y, environment))
        case Extrema.COMPARED:
            operands = (y, x) if greatest else (x, y)
            less = kernel.compare(Predicate.SIGNALLING_LESS, *operands, environment)
            return np.where(run.noted(less), x, y)


def binary32_bits(name: str, value: Attribute) -> int:
    """The pattern of an attribute; `ExecutionError` if it is no binary32 value."""
    if isinstance(value, tuple | str):
        raise ExecutionError(name, f"{value} is not a number")
    bits = round_to_binary32(Mode.RNE, mpq(value), 0)
    if bits & 0x7FFFFFFF >= BINARY32.infinity or exact_value(BINARY32, bits) != value:
        raise ExecutionError(name, f"{value} is not a binary32 value")
    return bits
