"""Programs that run at once: tensors with a value in a chosen arithmetic.

Each operator is evaluated as a graph of one node, by what evaluates whole graphs, so that a
program that runs at once and its traced graph have the same value, bit for bit.

`run` evaluates a traced graph on such tensors. The values of a tensor are read by `rationals`,
`ends` and `patterns_of`, which are for whoever runs a program, not for the program.
"""

from dataclasses import dataclass

import numpy as np
from gmpy2 import mpq

from refsem.exact import ExactTensor
from refsem.ir.graph import Bits, Graph, GraphError, make_node
from refsem.ir.operators import Attributes, Op, Shape
from refsem.ir.steps import Bounds
from refsem.nn.arithmetics import Arithmetic, Executed, Interval, Valued, evaluate_outputs, is_exact
from refsem.nn.errors import ContextError, DataFlowError, NumberError
from refsem.nn.numbers import exact_numbers, patterns
from refsem.nn.tensor import Tensor, refused

RESULT = "result"


@dataclass(frozen=True, slots=True)
class Eager:
    """The stage of tensors that have a value in an arithmetic."""

    arithmetic: Arithmetic

    def constant(self, bits: Bits, name: str) -> Tensor:  # noqa: ARG002  names are for graphs
        """The tensor of these patterns, or of their exact values."""
        if isinstance(self.arithmetic, Executed):
            return Tensor(self, bits.shape, bits)
        value = ExactTensor.from_binary32(bits).reshape(1, bits.size)
        return Tensor(self, bits.shape, (value, value))

    def apply(
        self, op: Op, operands: tuple[Tensor, ...], attributes: Attributes, name: str
    ) -> Tensor:
        """The operator's value; `OperandError`, or `ValueUnknownError` where it has none."""
        given = {f"operand {place}": operand for place, operand in enumerate(operands)}
        sources = tuple(
            make_node(label, Op.INPUT, (), {"shape": operand.shape})
            for label, operand in given.items()
        )
        try:
            node = make_node(RESULT, op, sources, attributes)
        except GraphError as error:
            raise refused(name or op.value, operands, error.message) from error
        graph = Graph((*sources, node), {}, tuple(given), (RESULT,))
        values = {label: held(operand) for label, operand in given.items()}
        found = evaluate_outputs(graph, self.arithmetic, values)[RESULT]
        return Tensor(self, node.shape, found)


def held(tensor: Tensor) -> Valued:
    """The value of a tensor that has one; `DataFlowError` for one of a graph being traced."""
    match tensor.held:
        case tuple() | np.ndarray() as value:
            return value
        case _:
            raise DataFlowError("a value", "while a graph is traced there is none")


def tensor(values: object, arithmetic: Arithmetic) -> Tensor:
    """A tensor of numbers (`refsem.nn.numbers`) with its value in an arithmetic.

    In `Executed` every number has to be a binary32 value. `NumberError` for what is no such number.
    """
    if isinstance(arithmetic, Executed):
        bits = patterns(values)
        return Tensor(Eager(arithmetic), bits.shape, bits)
    value = exact_numbers(values)
    row = value.reshape(1, value.size)
    return Tensor(Eager(arithmetic), value.shape, (row, row))


def interval(lower: object, upper: object, arithmetic: Interval) -> Tensor:
    """A tensor whose entries lie between two tensors of numbers of one shape.

    `NumberError` where shapes differ or a lower end is above the upper one, `ContextError` in an
    arithmetic of numbers.
    """
    if not isinstance(arithmetic, Interval):
        raise ContextError(f"{arithmetic!r} knows no intervals: Interval does")
    below, above = exact_numbers(lower), exact_numbers(upper)
    if below.shape != above.shape:
        shapes = f"{list(below.shape)} and {list(above.shape)}"
        raise NumberError(upper, f"ends of shapes {shapes}")
    if not bool(below.less_equal(above).all()):
        raise NumberError(upper, "a lower end is above the upper one")
    rows = below.reshape(1, below.size), above.reshape(1, above.size)
    return Tensor(Eager(arithmetic), below.shape, rows)


def run(graph: Graph, *inputs: Tensor) -> tuple[Tensor, ...]:
    """The outputs of a graph at tensors that have values, all in one arithmetic, as each input.

    Raises `ContextError` where there are too few or too many, or of different arithmetics,
    `OperandError` where a shape is not the input's, `ValueUnknownError` where there is no value.
    """
    if len(inputs) != len(graph.inputs):
        raise ContextError(f"{len(inputs)} tensors for the inputs {', '.join(graph.inputs)}")
    stage, nodes = inputs[0].stage, graph.by_name()
    if not isinstance(stage, Eager) or any(value.stage != stage for value in inputs):
        raise ContextError("the inputs of a graph have values in one arithmetic")
    for name, value in zip(graph.inputs, inputs, strict=True):
        if value.shape != nodes[name].shape:
            reason = f"the graph takes {list(nodes[name].shape)}"
            raise refused(f"input {name!r}", (value,), reason)
    given = {name: held(value) for name, value in zip(graph.inputs, inputs, strict=True)}
    found = evaluate_outputs(graph, stage.arithmetic, given)
    return tuple(Tensor(stage, nodes[name].shape, found[name]) for name in graph.outputs)


def ends(value: Tensor) -> tuple[list[mpq], list[mpq]]:
    """The lower and the upper ends of all entries, row-major: the same where they are exact."""
    lower, upper = _bounds(value)
    return lower.rationals(), upper.rationals()


def rationals(value: Tensor) -> list[mpq]:
    """The entries, row-major; `ContextError` unless they are known exactly."""
    found = _bounds(value)
    if not is_exact(found):
        raise ContextError("only ends are known of some entries: read them with ends")
    return found[0].rationals()


def _bounds(value: Tensor) -> Bounds:
    match held(value):
        case tuple() as found:
            return found
        case bits:
            return _exact_ends(bits, value.shape)


def _exact_ends(bits: Bits, shape: Shape) -> Bounds:
    row = exact_numbers(bits).reshape(1, int(np.prod(shape)))
    return row, row


def patterns_of(value: Tensor) -> Bits:
    """The binary32 patterns of a tensor in `Executed`; `ContextError` for one in another."""
    match held(value):
        case tuple():
            raise ContextError("a tensor of rationals has no binary32 patterns")
        case bits:
            return bits.copy()
