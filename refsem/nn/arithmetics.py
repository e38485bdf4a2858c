"""The three arithmetics in which a graph has a value, and that value.

- `Exact`: rationals, exact as long as they are; functions are enclosed to a stated width;
- `Interval`: ends between which every entry lies, for inputs that are intervals;
- `Executed`: binary32 in the kernel, with everything stated that decides the bits.

Each is a context: all of it is written out by whoever chooses it, and nothing has a default. A
program that runs at once evaluates each operator as a graph of one node by the same function as
whole graphs: the operators' readings are those of `refsem.ir`, and none is stated here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias, assert_never

import numpy as np
from gmpy2 import mpq

from refsem.ir.composites import BOUNDED, EXPANSIONS, expanded
from refsem.ir.evaluation import Prepared, as_stated, node_value
from refsem.ir.execution import Execution, ExecutionError, Extrema, contractions, execute
from refsem.ir.graph import Bits, Graph, GraphError, Node
from refsem.ir.graph_enclosures import NotEnclosedError, enclose_graph
from refsem.ir.operators import Op
from refsem.ir.readings import IrrationalError, UndefinedError
from refsem.ir.steps import Bounds
from refsem.kernel.trees import Tree
from refsem.nn.errors import ContextError, ValueUnknownError
from refsem.nn.numbers import Number, exact_number
from refsem.rounding import Environment, Mode


@dataclass(frozen=True, slots=True)
class Exact:
    """Rationals. A tensor stays exact until a function makes an entry irrational.

    From there on ends are kept, on a grid of 2^-precision, and a tensor of which an entry is
    wider than `width` is refused: then a higher precision is needed.
    """

    precision: int
    width: Number

    def __post_init__(self) -> None:
        exact_number(self.width)  # a number, or refused


@dataclass(frozen=True, slots=True)
class Interval:
    """Ends of every entry, moved outward to multiples of 2^-precision after each operator.

    Softmax is taken as bounds follow it (`refsem.ir.composites.BOUNDED`).
    """

    precision: int


@dataclass(frozen=True, slots=True)
class Executed:
    """Binary32 as the kernel computes it: every operation rounded, every sum in a stated order."""

    mode: Mode
    environment: Environment
    extrema: Extrema
    order: Callable[[int], Tree]
    """The tree of a sum of so many terms."""
    expansions: Mapping[Op, str]
    """How composites are computed, by name (`refsem.ir.composites`), where there are several ways.

    `ContextError` for a name that is no expansion's.
    """

    def __post_init__(self) -> None:
        for op, name in self.expansions.items():
            known = [expansion.name for expansion in EXPANSIONS.get(op, ())]
            if name not in known:
                raise ContextError(f"{name!r} is no expansion of {op.value}: {', '.join(known)}")


Arithmetic: TypeAlias = Exact | Interval | Executed
Valued: TypeAlias = Bounds | Bits
"""A tensor's value: both ends as rows of shape (1, size), or its binary32 patterns."""


def evaluate_outputs(
    graph: Graph, arithmetic: Arithmetic, given: Mapping[str, Valued]
) -> dict[str, Valued]:
    """The value of every output for values of the inputs.

    Raises `ValueUnknownError` where an operator has none: outside a domain, a divisor that may be
    zero, an enclosure that is too wide, or no such operation in binary32.
    """
    ops = {node.name: node.op for node in graph.nodes}
    values: Mapping[str, Valued]
    try:
        match arithmetic:
            case Exact():
                values = _exactly(as_stated(graph), arithmetic, _ends(given))
            case Interval(precision=precision):
                prepared = as_stated(expanded(graph, BOUNDED))
                values = enclose_graph(prepared, _ends(given), precision)
            case Executed():
                values = _executed(graph, arithmetic, _bits(given))
            case _:
                assert_never(arithmetic)
    except NotEnclosedError as error:
        raise ValueUnknownError(_op_of(ops, error.node), error.reason) from error
    except (ExecutionError, GraphError) as error:
        raise ValueUnknownError(_op_of(ops, error.node), error.message) from error
    return {name: values[name] for name in graph.outputs}


def _op_of(ops: Mapping[str, Op], name: str) -> Op:
    """The operator of a tensor, or of the composite that an inner tensor belongs to."""
    while name not in ops and "#" in name:
        name = name.rpartition("#")[0]
    return ops[name]


def _ends(given: Mapping[str, Valued]) -> dict[str, Bounds]:
    return {name: value for name, value in given.items() if isinstance(value, tuple)}


def _bits(given: Mapping[str, Valued]) -> dict[str, Bits]:
    return {name: value for name, value in given.items() if isinstance(value, np.ndarray)}


def is_exact(ends: Bounds) -> bool:
    """Whether every entry is known exactly."""
    return bool(ends[0].equal(ends[1]).all())


def _exactly(
    prepared: Prepared, arithmetic: Exact, given: Mapping[str, Bounds]
) -> dict[str, Bounds]:
    """Every tensor: exactly where its operands are exact and it is rational, else enclosed."""
    values: dict[str, Bounds] = {name: (value, value) for name, value in prepared.constants.items()}
    values |= given
    for name, node in prepared.nodes.items():
        if name not in values:
            values[name] = _one(prepared, node, values, arithmetic)
    return values


def _one(prepared: Prepared, node: Node, values: Mapping[str, Bounds], arithmetic: Exact) -> Bounds:
    taken = {name: values[name] for name in node.operands}
    try:
        if all(is_exact(ends) for ends in taken.values()):
            points = {name: ends[0] for name, ends in taken.items()}
            value = node_value(node, prepared.shapes, points)
            return value, value
    except IrrationalError:
        pass  # enclosed below
    except (UndefinedError, ZeroDivisionError) as error:
        raise NotEnclosedError(node.name, str(error)) from error
    sources = {name: replace(node, name=name, op=Op.INPUT, operands=()) for name in taken}
    alone = replace(prepared, nodes={**sources, node.name: node}, affine={}, constants={})
    found = enclose_graph(alone, taken, arithmetic.precision)[node.name]
    width = max((found[1] - found[0]).rationals(), default=mpq(0))
    if width > exact_number(arithmetic.width):
        reason = f"enclosed to {_power(width)} only, wider than stated: raise the precision"
        raise NotEnclosedError(node.name, reason)
    return found


def _power(width: mpq) -> str:
    """A width as the power of two next above it."""
    exponent = int(width.numerator).bit_length() - int(width.denominator).bit_length() + 1
    return f"2^{exponent}"


def _executed(graph: Graph, arithmetic: Executed, given: Mapping[str, Bits]) -> Mapping[str, Bits]:
    for node in graph.nodes:
        ways = [expansion.name for expansion in EXPANSIONS.get(node.op, ())]
        if len(ways) > 1 and node.op not in arithmetic.expansions:
            raise ExecutionError(node.name, f"none of its expansions is stated: {', '.join(ways)}")
    plain = expanded(graph, arithmetic.expansions)
    orders = {}
    for name, terms in contractions(plain).items():
        try:
            orders[name] = arithmetic.order(terms)
        except ValueError as error:
            raise ExecutionError(name, f"the order: {error}") from error
    execution = Execution(arithmetic.mode, arithmetic.environment, arithmetic.extrema, orders)
    return execute(plain, execution, given).bits
