"""Which lines or planes are put beside a node, whatever its operator. Untrusted.

Everything here only chooses rules and slopes, in host floats; intercepts are derived by the rules,
and the replay establishes each line before anything follows from it.
"""

from collections.abc import Sequence

import numpy as np

from refsem.exact import ExactTensor
from refsem.ir.evaluation import Prepared
from refsem.ir.operators import Op
from refsem.rules.choices import SMOOTH, Choice, Floats, line_choices
from refsem.rules.pairs import PLANAR, branch_planes, pair_planes
from refsem.rules.piecewise import PIECEWISE, piecewise_lines
from refsem.rules.ranged import by_enclosure, enclosed_lines
from refsem.rules.trace import Box

SLOPE_BITS = 30
"""Slopes are chosen on a grid of 2^-30: small numbers, and tight enough for float32 weights."""


def chosen_lines(prepared: Prepared, node: str, boxes: Sequence[Box]) -> tuple[Choice, Choice]:
    """The rules for lines or planes above and below a node over its operands' boxes."""
    op = prepared.nodes[node].op
    if op is Op.WHERE:
        return branch_planes(*boxes)
    if op in PLANAR:
        return pair_planes(op, *boxes)
    lower, upper = boxes[0].lower, boxes[0].upper
    if by_enclosure(op, lower, upper):
        return enclosed_lines(prepared, node, lower, upper)
    if op in SMOOTH:
        return line_choices(op, lower, upper)
    if op in PIECEWISE:
        return piecewise_lines(prepared, node, lower, upper)
    above, below = relu_slopes(lower, upper)
    return ("relu_upper", {"s": above}), ("relu_lower", {"s": below})


def relu_slopes(lower: ExactTensor, upper: ExactTensor) -> tuple[ExactTensor, ExactTensor]:
    """Slopes above (the chord's) and below (0 or 1, whichever leaves less area), on the grid."""
    low, high = lower.nearest_float64(), upper.nearest_float64()
    width = np.maximum(high, 0) - np.minimum(low, 0)
    chord = np.divide(np.maximum(high, 0), width, out=np.zeros_like(width), where=width > 0)
    above = np.where(low >= 0, 1.0, np.where(high <= 0, 0.0, chord))
    below = np.where(high > -low, 1.0, 0.0)
    return _on_grid(above), _on_grid(below)


def _on_grid(slopes: Floats) -> ExactTensor:
    steps = np.rint(np.clip(slopes, 0.0, 1.0) * 2.0**SLOPE_BITS)
    return ExactTensor(steps.astype(np.int64).astype(object), SLOPE_BITS, 1)
