"""Lifts of rules about a choice by a condition: three operands of the node's own shape.

An operand may be a constant: its box is that of the constant. Trusted, as the replay is.
"""

from refsem.exact import ExactTensor
from refsem.rules.lifts.context import Context, Lift, RefusedError
from refsem.rules.trace import Box, Judgement, Plane, Side

ROLES = ("condition", "x", "y")
"""Who supplies the boxes of the condition and of the two numbers."""


def _values(context: Context) -> tuple[tuple[str, str], dict[str, ExactTensor]]:
    """The two numbers' tensors, and the values of the rule over the operands' boxes."""
    node, shapes = context.prepared.nodes.get(context.node), context.prepared.shapes
    if node is None or node.op is not context.rule.operator:
        raise RefusedError(f"{context.node!r} is not a {context.rule.operator}")
    if any(shapes[name] != node.shape for name in node.operands):
        raise RefusedError(f"{context.node!r} has not the shape of its operands")
    boxes = (context.box(role, name) for role, name in zip(ROLES, node.operands, strict=True))
    ends = [end for box in boxes for end in (box.lower, box.upper)]
    _, first, second = node.operands
    return (first, second), context.derive(
        dict(zip(("l", "u", "ly", "uy", "lz", "uz"), ends, strict=True))
    )


def branch_interval(context: Context) -> Judgement:
    """A box around the number chosen."""
    _, values = _values(context)
    return Box(context.node, values["lo"], values["hi"])


def branch_plane(side: Side) -> Lift:
    """A plane in the two numbers beside the one chosen, on this side."""

    def lift(context: Context) -> Judgement:
        operands, values = _values(context)
        return Plane(context.node, operands, side, (values["s"], values["t"]), values["b"])

    return lift
