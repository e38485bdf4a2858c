"""Choices for rules about two operands, maxima, minima and products: which slopes. Untrusted.

Host floats throughout: the replay computes intercepts that are right for any slopes. Of a maximum
the upper plane follows the difference of the operands as a ReLU's chord does, and the lower one is
the operand that is greater in the middle; where the boxes do not overlap both are that operand,
and nothing is lost. Of a product both planes are the tangent in the middle of the box.
"""

import numpy as np

from refsem.exact import ExactTensor
from refsem.ir.operators import Op
from refsem.rules.choices import Choice, Floats, on_grid
from refsem.rules.trace import Box

_NAMES = {Op.MAX: "max", Op.MIN: "min", Op.MUL: "product"}

PAIRS = frozenset(_NAMES)
"""The operators of two operands that have rules."""

PLANAR = PAIRS | {Op.WHERE}
"""The operators that are bounded by planes: those, and a choice by a condition."""


def pair_interval(op: Op) -> str:
    """The rule for an interval around a node of this operator."""
    return f"{_NAMES[op]}_interval"


def pair_planes(op: Op, left: Box, right: Box) -> tuple[Choice, Choice]:
    """The rules for planes above and below a node over its operands' boxes, and their choices."""
    above, below = f"{_NAMES[op]}_upper", f"{_NAMES[op]}_lower"
    lx, ux, ly, uy = (
        end.nearest_float64() for end in (left.lower, left.upper, right.lower, right.upper)
    )
    if op is Op.MUL:
        tangent = {"s": on_grid((ly + uy) / 2), "t": on_grid((lx + ux) / 2)}
        return (above, tangent), (below, tangent)
    share, chord = _greater(lx, ux, ly, uy)
    if op is Op.MAX:
        return (above, _shared(chord)), (below, {"s": on_grid(share)})
    return (above, {"s": on_grid(1 - share)}), (below, _shared(1 - chord))


def branch_planes(condition: Box, left: Box, right: Box) -> tuple[Choice, Choice]:
    """The rules for planes above and below a choice between two numbers, and their choices.

    Where the condition is decided, the number chosen; else as of a maximum and of a minimum.
    """
    (_, over), (_, under) = pair_planes(Op.MAX, left, right)[0], pair_planes(Op.MIN, left, right)[1]
    low, high = condition.lower.nearest_float64(), condition.upper.nearest_float64()
    first, second = on_grid(np.ones_like(low)), on_grid(np.zeros_like(low))

    def chosen(slopes: dict[str, ExactTensor]) -> dict[str, ExactTensor]:
        s, t = (slopes[name].where(high > 0, (second, first)[i]) for i, name in enumerate("st"))
        return {"s": first.where(low > 0, s), "t": second.where(low > 0, t)}

    return ("where_upper", chosen(over)), ("where_lower", chosen(under))


def _greater(lx: Floats, ux: Floats, ly: Floats, uy: Floats) -> tuple[Floats, Floats]:
    """How much of a maximum its first operand is: 0 or 1, and by the chord of the difference."""
    low, high = lx - uy, ux - ly
    width = np.maximum(high, 0) - np.minimum(low, 0)
    chord = np.divide(np.maximum(high, 0), width, out=np.zeros_like(width), where=width > 0)
    return np.where(high > -low, 1.0, 0.0), chord


def _shared(share: Floats) -> dict[str, ExactTensor]:
    """Slopes that are exactly a share and what is left of 1."""
    first = on_grid(share)
    return {"s": first, "t": on_grid(np.ones_like(share)) - first}
