"""Graphs on intervals: between which rationals every tensor lies, functions included.

The interval reading of every operator: terms by intervals of tensors, plans by the images of
their forms, affine nodes by their maps. At a point (both ends of the inputs the same) it is the
evaluation of graphs with irrational values, to a stated width; over a box it is sound and as wide
as naive interval arithmetic is.

Outward rounding: after each node, ends finer than 2^-precision are moved outward to multiples of
it; functions are enclosed with 64 bits more. Nothing else is rounded. What holds after each
operation holds after all: a result contains every exact value of the tensor.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import assert_never

from gmpy2 import mpq

from refsem.exact.functions import Enclosure, Function, NotEnclosed
from refsem.exact.tensor import ExactTensor, Toward, concatenate
from refsem.ir.affine import attribute_values, spread_steps
from refsem.ir.enclosing import function_image
from refsem.ir.evaluation import Prepared
from refsem.ir.graph import Node
from refsem.ir.operators import OPERANDS, ROW, Op
from refsem.ir.plan_values import reduced
from refsem.ir.plans import Contraction, Plan, Reduction, Selection
from refsem.ir.steps import Bounds, Gather
from refsem.ir.terms import Operator, fold

MORE_BITS = 64
"""Bits beyond the grid with which functions are enclosed."""


class NotEnclosedError(ArithmeticError):
    """A tensor without a finite enclosure at this precision; `node` names it."""

    def __init__(self, node: str, reason: str) -> None:
        super().__init__(f"tensor {node!r}: {reason}")
        self.node = node
        self.reason = reason


def enclose_graph(
    prepared: Prepared, given: Mapping[str, Bounds], precision: int
) -> dict[str, Bounds]:
    """Ends of every tensor that the given ones determine, each (rows, size), a row a box.

    `NotEnclosedError` where a divisor may be zero, an argument may be outside a domain, or
    the precision does not tell.
    """
    bounds: dict[str, Bounds] = {name: (value, value) for name, value in prepared.constants.items()}
    for name, node in prepared.nodes.items():
        if name in given:
            bounds[name] = given[name]
        elif node.op is not Op.INPUT and all(x in bounds for x in node.operands):
            bounds[name] = enclose_node(prepared, name, bounds, precision)
    wanted = (*prepared.nodes, *prepared.graph.outputs)
    return {name: bounds[name] for name in wanted if name in bounds}


def enclose_node(
    prepared: Prepared, name: str, bounds: Mapping[str, Bounds], precision: int
) -> Bounds:
    """Ends of one tensor over boxes of its operands; `NotEnclosedError` as of `enclose_graph`."""
    return _rounded(_image(prepared, prepared.nodes[name], bounds, precision), precision)


def _rounded(ends: Bounds, precision: int) -> Bounds:
    lower, upper = ends
    if max(lower.exponent, upper.exponent) <= precision and lower.odd == upper.odd == 1:
        return ends
    return lower.rounded(Toward.DOWN, precision), upper.rounded(Toward.UP, precision)


def _image(prepared: Prepared, node: Node, bounds: Mapping[str, Bounds], precision: int) -> Bounds:
    if node.name in prepared.affine:
        return prepared.affine[node.name].interval(bounds)
    row = ROW[node.op]
    operands = [bounds[name] for name in node.operands]
    if row.plan is not None:
        shapes = tuple(prepared.shapes[name] for name in node.operands)
        return _of_plan(row.plan(shapes, dict(node.attributes)), operands)
    if row.meaning is None:
        raise NotEnclosedError(node.name, f"{node.op.value} is a source")
    known = {name: (value, value) for name, value in attribute_values(node).items()}
    for name, operand, ends in zip(OPERANDS, node.operands, operands, strict=False):
        for step in spread_steps(prepared.shapes[operand], node.shape):
            ends = step.interval(ends)  # noqa: PLW2901  step by step
        known[name] = ends
    return fold(row.meaning, _Intervals(node.name, known, precision))


# plans


def _of_plan(plan: Plan, operands: list[Bounds]) -> Bounds:
    zero = ExactTensor.full((1, 1), mpq(0))
    lower, upper = zero, zero
    for summand in plan:
        taken = [operands[place] for place in summand.operands]
        ends = _of_form(summand.form, taken)
        factor = ExactTensor.full((1, 1), summand.factor)
        ends = (ends[0] * factor, ends[1] * factor)
        lower, upper = lower + ends[0].minimum(ends[1]), upper + ends[0].maximum(ends[1])
    return lower, upper


def _of_form(form: Selection | Reduction | Contraction, operands: list[Bounds]) -> Bounds:
    """The image of a form: monotone ones end by end, products by their corners."""
    match form:
        case Contraction() as contraction:
            return _contracted(contraction, operands[0], operands[1])
        case Selection(index):
            rows = max(ends[0].shape[0] for ends in operands)
            parts = [[end.broadcast_to((rows, end.shape[1])) for end in ends] for ends in operands]
            lower = concatenate([part[0] for part in parts], axis=1)
            upper = concatenate([part[1] for part in parts], axis=1)
            return lower[:, index], upper[:, index]
        case Reduction() as reduction:
            lower, upper = operands[0]
            return reduced(reduction, lower), reduced(reduction, upper)
        case _:
            assert_never(form)


def _contracted(contraction: Contraction, x: Bounds, y: Bounds) -> Bounds:
    """Sums of the least and of the greatest corner of every product, term by term."""
    left = [Gather(contraction.left.ravel(), 0).forward(end) for end in x]
    right = [Gather(contraction.right.ravel(), 0).forward(end) for end in y]
    blocks, rows, terms = contraction.left.shape
    columns, count = contraction.right.shape[1], max(x[0].shape[0], y[0].shape[0])
    shape = (count, blocks, rows, columns)
    lower = upper = ExactTensor.full(shape, mpq(0))
    for term in range(terms):
        ones = [end.reshape(-1, blocks, rows, 1, terms)[..., term] for end in left]
        others = [end.reshape(-1, blocks, 1, columns, terms)[..., term] for end in right]
        least, greatest = _corners(ones[0], ones[1], others[0], others[1])
        lower, upper = lower + least, upper + greatest
    flat = lower.reshape(count, -1), upper.reshape(count, -1)
    return flat[0][:, contraction.order], flat[1][:, contraction.order]


def _corners(a: ExactTensor, b: ExactTensor, c: ExactTensor, d: ExactTensor) -> Bounds:
    """The least and the greatest product of an entry of [a, b] and one of [c, d]."""
    products = [x * y for x, y in product((a, b), (c, d))]
    least, greatest = products[0], products[0]
    for other in products[1:]:
        least, greatest = least.minimum(other), greatest.maximum(other)
    return least, greatest


# terms


@dataclass(frozen=True, slots=True)
class _Intervals:
    """Terms on intervals of tensors, entry by entry."""

    node: str
    known: Mapping[str, Bounds]
    precision: int

    def constant(self, value: mpq) -> Bounds:
        """The constant alone."""
        only = ExactTensor.full((1, 1), value)
        return only, only

    def variable(self, name: str) -> Bounds:
        """The ends of the variable."""
        return self.known[name]

    def apply(self, operator: Operator, arguments: tuple[Bounds, ...]) -> Bounds:
        """The image of the arguments' intervals."""
        if operator is Operator.DIV:
            lower, upper = arguments[1]
            zero = ExactTensor.full((1, 1), mpq(0))
            if bool((lower.less_equal(zero) & zero.less_equal(upper)).any()):
                raise NotEnclosedError(self.node, "a divisor may be zero")
            return _rounded(_divided(arguments[0], arguments[1]), self.precision + MORE_BITS)
        return _IMAGES[operator](*arguments)

    def function(self, function: Function, argument: Bounds) -> Bounds:
        """The function's images of the entries' intervals."""
        ends: list[Enclosure] = []
        pairs = zip(argument[0].rationals(), argument[1].rationals(), strict=True)
        for lower, upper in pairs:
            found = function_image(function, Enclosure(lower, upper), self.precision + MORE_BITS)
            if isinstance(found, NotEnclosed):
                raise NotEnclosedError(self.node, f"{function.value}: {found.reason}")
            ends.append(found)
        shape = argument[0].shape
        below = ExactTensor.from_rationals([end.lower for end in ends], shape)
        above = ExactTensor.from_rationals([end.upper for end in ends], shape)
        return _rounded((below, above), self.precision + MORE_BITS)


def _divided(x: Bounds, y: Bounds) -> Bounds:
    quotients = [a.divide(b) for a, b in product(x, y)]
    least, greatest = quotients[0], quotients[0]
    for other in quotients[1:]:
        least, greatest = least.minimum(other), greatest.maximum(other)
    return least, greatest


def _absolute(x: Bounds) -> Bounds:
    zero = ExactTensor.full((1, 1), mpq(0))
    return x[0].maximum(-x[1]).maximum(zero), (-x[0]).maximum(x[1])


def _selected(a: Bounds, b: Bounds, x: Bounds, y: Bounds) -> Bounds:
    first, second = a[1].less_equal(b[0]), b[1].less(a[0])
    lower = x[0].where(first, y[0].where(second, x[0].minimum(y[0])))
    upper = x[1].where(first, y[1].where(second, x[1].maximum(y[1])))
    return lower, upper


_IMAGES: Mapping[Operator, Callable[..., Bounds]] = {
    Operator.ADD: lambda x, y: (x[0] + y[0], x[1] + y[1]),
    Operator.SUB: lambda x, y: (x[0] - y[1], x[1] - y[0]),
    Operator.MUL: lambda x, y: _corners(*x, *y),
    Operator.NEG: lambda x: (-x[1], -x[0]),
    Operator.MIN: lambda x, y: (x[0].minimum(y[0]), x[1].minimum(y[1])),
    Operator.MAX: lambda x, y: (x[0].maximum(y[0]), x[1].maximum(y[1])),
    Operator.ABS: _absolute,
    Operator.SELECT: _selected,
}
