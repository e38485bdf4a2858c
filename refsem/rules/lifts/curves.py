"""Lifts of rules about operators of one variable operand, entry by entry: boxes and lines.

Rules about functions are applied by `refsem.rules.smooth`, in balls; algebraic ones are read as
terms on tensors, the node's attributes and constant operands being givens. Trusted, as
`refsem.rules.replay`.
"""

from refsem.exact import ExactTensor
from refsem.ir.affine import attribute_values, spread_steps
from refsem.ir.evaluation import Prepared
from refsem.ir.operators import Op
from refsem.rules.lifts.context import Context, Lift, RefusedError
from refsem.rules.smooth import NotApplicable, applied_entrywise
from refsem.rules.trace import Box, Judgement, Line, Side


def relu_interval(context: Context) -> Judgement:
    """The image of the operand's box."""
    box = context.box("operand", context.operand())
    values = context.derive({"l": box.lower, "u": box.upper})
    return Box(context.node, values["lo"], values["hi"])


def relu_upper(context: Context) -> Judgement:
    """A line of any chosen slope above a ReLU, over the operand's box."""
    operand = context.operand()
    box = context.box("operand", operand)
    values = context.derive({"l": box.lower, "u": box.upper})
    return Line(context.node, operand, Side.UPPER, values["s"], values["b"])


def relu_lower(context: Context) -> Judgement:
    """A line of a chosen slope in [0, 1] below a ReLU, anywhere.

    One for each entry, or one for each entry of each row of the forms it is meant for.
    """
    operand, rows = context.operand(), context.application.chosen["s"].shape[:1]
    values = context.derive({}, *rows)
    intercept = values["b"].broadcast_to(values["s"].shape)
    return Line(context.node, operand, Side.LOWER, values["s"], intercept)


def _smooth(context: Context) -> tuple[str, dict[str, ExactTensor]]:
    """The operand of an elementwise node, and the values of its rule in every entry of its box."""
    operand = context.operand()
    box = context.box("operand", operand)
    for name, chosen in context.application.chosen.items():
        if chosen.shape != box.lower.shape:
            raise RefusedError(f"chosen {name!r} has shape {list(chosen.shape)}")
    found = applied_entrywise(context.rule, box.lower, box.upper, context.application.chosen)
    if isinstance(found, NotApplicable):
        raise RefusedError(f"entry {found.entry}: {found.reason}")
    return operand, found


def smooth_interval(context: Context) -> Judgement:
    """A box around a function of the operand."""
    _, values = _smooth(context)
    return Box(context.node, values["lo"], values["hi"])


def smooth_line(side: Side) -> Lift:
    """A line beside a function of the operand, on this side."""

    def lift(context: Context) -> Judgement:
        operand, values = _smooth(context)
        return Line(context.node, operand, side, values["k"], values["b"])

    return lift


SLOPED = frozenset({Op.LEAKY_RELU, Op.PRELU})
"""Operators of one meaning, whose slope left of 0 is an attribute of one, an operand of the other.

A rule about either serves both.
"""


def slope_left_of_zero(prepared: Prepared, name: str) -> ExactTensor:
    """The slope of a leaky ReLU or PReLU node, shape (1, size); `KeyError` if it varies."""
    node = prepared.nodes[name]
    if node.op is Op.LEAKY_RELU:
        return attribute_values(node)["alpha"].broadcast_to((1, node.size))
    value = prepared.constants[node.operands[1]]
    for step in spread_steps(prepared.shapes[node.operands[1]], node.shape):
        value = step.forward(value)
    return value


def _algebraic(context: Context) -> tuple[str, dict[str, ExactTensor]]:
    """The operand of an elementwise node, and the values of its rule; attributes are givens."""
    node, rule = context.prepared.nodes.get(context.node), context.rule
    if node is None or node.op not in (SLOPED if rule.operator in SLOPED else {rule.operator}):
        raise RefusedError(f"{context.node!r} is not a {rule.operator}")
    if any(name in context.prepared.nodes for name in node.operands[1:]):
        raise RefusedError(f"{context.node!r} has more than one variable operand")
    operand = node.operands[0]
    if context.prepared.shapes[operand] != node.shape:
        raise RefusedError(f"{context.node!r} has not the shape of its operand")
    box = context.box("operand", operand)
    known = {"l": box.lower, "u": box.upper, **attribute_values(node)}
    if node.op in SLOPED:
        known["alpha"] = known["y"] = slope_left_of_zero(context.prepared, node.name)
    return operand, context.derive({str(v.head): known[str(v.head)] for v in rule.given})


def algebraic_interval(context: Context) -> Judgement:
    """A box around a node of one variable operand, by an algebraic rule."""
    _, values = _algebraic(context)
    return Box(context.node, values["lo"], values["hi"])


def algebraic_line(side: Side) -> Lift:
    """A line beside a node of one variable operand, on this side, by an algebraic rule."""

    def lift(context: Context) -> Judgement:
        operand, values = _algebraic(context)
        slope = values["k"] if "k" in values else values["s"]
        intercept = values["b"].broadcast_to(slope.shape)
        return Line(context.node, operand, side, slope, intercept)

    return lift
