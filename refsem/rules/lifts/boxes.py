"""Lifts of rules that establish boxes from regions and boxes. Trusted, as `refsem.rules.replay`."""

from refsem.rules.lifts.context import Context, RefusedError
from refsem.rules.trace import Box, Judgement


def input_interval(context: Context) -> Judgement:
    """A tensor lies in the region's box: the region is what is assumed."""
    if context.node not in context.region.boxes:
        raise RefusedError(f"the region does not bound {context.node!r}")
    lower, upper = context.region.boxes[context.node]
    values = context.derive({"l": lower, "u": upper})
    return Box(context.node, values["lo"], values["hi"])


def constant_interval(context: Context) -> Judgement:
    """A tensor whose value is known lies in the box that is that value."""
    if context.node not in context.prepared.constants:
        raise RefusedError(f"{context.node!r} is not a constant")
    values = context.derive({"c": context.prepared.constants[context.node]})
    return Box(context.node, values["lo"], values["hi"])


def dot_product_interval(context: Context) -> Judgement:
    """The image of the operands' boxes under the affine map of a node."""
    affine = context.prepared.affine.get(context.node)
    if affine is None:
        raise RefusedError(f"{context.node!r} is not affine")
    boxes = {piece.operand: context.box(piece.operand, piece.operand) for piece in affine.pieces}
    lower, upper = affine.interval({name: (box.lower, box.upper) for name, box in boxes.items()})
    return Box(context.node, lower, upper)


def intersect(context: Context) -> Judgement:
    """What two boxes of a tensor say together."""
    first, second = context.box("first", context.node), context.box("second", context.node)
    values = context.derive(
        {"l1": first.lower, "u1": first.upper, "l2": second.lower, "u2": second.upper}
    )
    return Box(context.node, values["lo"], values["hi"])


def split_interval(context: Context) -> Judgement:
    """A tensor's box, halved where the region assumes a sign of an entry."""
    box = context.box("box", context.node)
    values = context.derive({"l": box.lower, "u": box.upper, "g": context.signs()})
    return Box(context.node, values["lo"], values["hi"])
