"""Lifts of rules about operators of two operands of the node's own shape, entry by entry.

An operand may be a constant: its box is that of the constant. Trusted, as the replay is.
"""

from refsem.exact import ExactTensor
from refsem.rules.lifts.context import Context, Lift, RefusedError
from refsem.rules.trace import Box, Judgement, Plane, Side


def _operands(context: Context) -> tuple[str, str]:
    """The two operands of the node, which must be of the rule's operator."""
    node, shapes = context.prepared.nodes.get(context.node), context.prepared.shapes
    if node is None or node.op is not context.rule.operator or len(node.operands) != 2:
        raise RefusedError(f"{context.node!r} is not a {context.rule.operator} of two operands")
    left, right = node.operands
    if not shapes[left] == shapes[right] == node.shape:
        raise RefusedError(f"{context.node!r} has not the shape of its operands")
    return left, right


def _values(context: Context, operands: tuple[str, str]) -> dict[str, ExactTensor]:
    """The values of the rule; what it has given are the ends of the operands' boxes."""
    known: dict[str, ExactTensor] = {}
    if context.rule.given:
        left, right = (
            context.box(role, name) for role, name in zip(("x", "y"), operands, strict=True)
        )
        known = {"lx": left.lower, "ux": left.upper, "ly": right.lower, "uy": right.upper}
    return context.derive({str(v.head): known[str(v.head)] for v in context.rule.given})


def pair_interval(context: Context) -> Judgement:
    """A box around a node of two operands."""
    values = _values(context, _operands(context))
    return Box(context.node, values["lo"], values["hi"])


def pair_plane(side: Side) -> Lift:
    """A plane beside a node of two operands, on this side."""

    def lift(context: Context) -> Judgement:
        operands = _operands(context)
        values = _values(context, operands)
        intercept = values["b"].broadcast_to(values["s"].shape)
        return Plane(context.node, operands, side, (values["s"], values["t"]), intercept)

    return lift
