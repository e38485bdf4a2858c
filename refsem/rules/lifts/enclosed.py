"""Lifts of bounds by enclosure: any elementwise node of one variable operand, entry by entry.

The bounds that the rules are given are found here, in each entry, from the operator's own meaning
with the entry's attributes and constant operands put in. Trusted, as the replay is, and with
`refsem.rules.ranges`.
"""

from refsem.exact import ExactTensor
from refsem.exact.functions import Enclosure, NotEnclosed
from refsem.ir.affine import attribute_values, spread_steps
from refsem.ir.operators import OPERANDS, ROW
from refsem.ir.terms import Term, substitute
from refsem.rules.lifts.context import Context, Lift, RefusedError
from refsem.rules.ranges import greatest, least
from refsem.rules.rule import Outward
from refsem.rules.smooth import outward
from refsem.rules.trace import Box, Judgement, Line, Side


def _operand(context: Context) -> tuple[str, str]:
    """The one variable operand, of the node's shape, and its name in the node's meaning."""
    node = context.prepared.nodes.get(context.node)
    if node is None or ROW[node.op].meaning is None:
        raise RefusedError(f"{context.node!r} is not elementwise")
    operands = context.prepared.operands(context.node)
    if len(operands) != 1 or node.operands.count(operands[0]) != 1:
        raise RefusedError(f"{context.node!r} does not have one variable operand")
    if context.prepared.shapes[operands[0]] != node.shape:
        raise RefusedError(f"{context.node!r} has not the shape of its operand")
    return operands[0], OPERANDS[node.operands.index(operands[0])]


def _functions(context: Context, variable: str) -> list[Term]:
    """The node's meaning in each entry, as a term in the variable alone."""
    node = context.prepared.nodes[context.node]
    meaning = ROW[node.op].meaning
    if meaning is None:
        raise RefusedError(f"{context.node!r} is not elementwise")
    shapes, constants = context.prepared.shapes, context.prepared.constants
    known = attribute_values(node)
    for name, operand in zip(OPERANDS, node.operands, strict=False):
        if name != variable:
            value = constants[operand]
            for step in spread_steps(shapes[operand], node.shape):
                value = step.forward(value)
            known[name] = value
    columns = {name: v.broadcast_to((1, node.size)).rationals() for name, v in known.items()}
    if not columns:
        return [meaning] * node.size
    return [
        substitute(meaning, {name: Term(column[entry]) for name, column in columns.items()})
        for entry in range(node.size)
    ]


def _bounds(roots: list[Term], box: Box, direction: Outward) -> ExactTensor:
    """A bound of each term over its entry of the box, moved in that direction to few bits."""
    bound = greatest if direction is Outward.UP else least
    found = []
    ends = zip(box.lower.rationals(), box.upper.rationals(), strict=True)
    for entry, (root, (low, high)) in enumerate(zip(roots, ends, strict=True)):
        value = bound(root, Enclosure(low, high))
        if isinstance(value, NotEnclosed):
            raise RefusedError(f"entry {entry}: {value.reason}")
        found.append(outward(value, direction))
    return ExactTensor.from_rationals(found, (1, len(found)))


def enclosed_interval(context: Context) -> Judgement:
    """A box around a function of the operand, by its range."""
    operand, variable = _operand(context)
    box, roots = context.box("operand", operand), _functions(context, variable)
    given = {"vl": _bounds(roots, box, Outward.DOWN), "vu": _bounds(roots, box, Outward.UP)}
    values = context.derive(given)
    return Box(context.node, values["lo"], values["hi"])


def enclosed_line(side: Side) -> Lift:
    """A line of any chosen slope beside a function of the operand, on this side."""
    name, direction = ("mu", Outward.UP) if side is Side.UPPER else ("ml", Outward.DOWN)

    def lift(context: Context) -> Judgement:
        operand, variable = _operand(context)
        box, roots = context.box("operand", operand), _functions(context, variable)
        slopes = context.application.chosen["k"]
        if slopes.shape != box.lower.shape:
            raise RefusedError(f"chosen 'k' has shape {list(slopes.shape)}")
        excesses = [
            root - Term(slope) * Term(variable)
            for root, slope in zip(roots, slopes.rationals(), strict=True)
        ]
        given = {name: _bounds(excesses, box, direction)}
        values = context.derive(given)
        return Line(context.node, operand, side, values["k"], values["b"])

    return lift
