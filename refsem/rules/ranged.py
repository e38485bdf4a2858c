"""Choices for bounds by enclosure: for which nodes, and which slopes. Untrusted.

Beside the operators without rules of their own: waves over wide boxes, and a reciprocal some of
whose entries lie left of 0 and some right of it, for which there is no one rule.

Host floats throughout: intercepts are right for any slope. Of all lines that bound the function
at samples of the box the one is chosen that is tightest in the middle.
"""

from collections.abc import Mapping

import numpy as np

from refsem.exact import ExactTensor
from refsem.ir.affine import attribute_values, spread_steps
from refsem.ir.evaluation import Prepared
from refsem.ir.floats import evaluate_floats
from refsem.ir.operators import OPERANDS, ROW, Op
from refsem.rules.choices import Choice, Floats, on_grid

ENCLOSED = frozenset(
    {
        *(Op.TAN, Op.ERF, Op.GELU, Op.GELU_TANH, Op.SILU, Op.MISH),
        *(Op.ELU, Op.SELU, Op.CELU, Op.SOFTSIGN, Op.THRESHOLDED_RELU),
    }
)
"""The operators of one operand without rules of their own."""

_WAVES = frozenset({Op.SIN, Op.COS})
_WIDE = 0.5
"""Where a box is wider, lines around a wave from its second derivative are loose."""

_SAMPLES = 65
_STEPS = 60


def by_enclosure(op: Op, lower: ExactTensor, upper: ExactTensor) -> bool:
    """Whether a node is bounded by enclosure over a box of its operand."""
    if op is Op.RECIPROCAL:
        low = lower.nearest_float64()
        return bool((low > 0).any() and (low <= 0).any())
    if op in _WAVES:
        width = upper.nearest_float64() - lower.nearest_float64()
        return bool((width > _WIDE).any())
    return op in ENCLOSED


def enclosed_lines(
    prepared: Prepared, name: str, lower: ExactTensor, upper: ExactTensor
) -> tuple[Choice, Choice]:
    """The rules for lines above and below a node over a box, and their slopes."""
    low, high = lower.nearest_float64(), upper.nearest_float64()
    shares = np.linspace(0.0, 1.0, _SAMPLES)[:, None]
    x = low + (high - low) * shares
    values = _values(prepared, name, x)
    above, below = _slopes(x, values), -_slopes(x, -values)
    return ("enclosed_upper", {"k": on_grid(above)}), ("enclosed_lower", {"k": on_grid(below)})


def _values(prepared: Prepared, name: str, x: Floats) -> Floats:
    """The node's function at the samples, roughly; 0 where floats do not reach."""
    node = prepared.nodes[name]
    meaning = ROW[node.op].meaning
    (operand,) = prepared.operands(name)
    if meaning is None:
        raise TypeError(f"{node.op.value} is not elementwise")
    known: dict[str, Floats] = {
        key: np.broadcast_to(value.nearest_float64(), x.shape)
        for key, value in attribute_values(node).items()
    }
    for key, source in zip(OPERANDS, node.operands, strict=False):
        known[key] = x if source == operand else _constant(prepared, source, name)
    values: Floats = np.nan_to_num(evaluate_floats(meaning, _broadcast(known, x)))
    return values


def _constant(prepared: Prepared, source: str, name: str) -> Floats:
    value = prepared.constants[source]
    for step in spread_steps(prepared.shapes[source], prepared.nodes[name].shape):
        value = step.forward(value)
    return value.nearest_float64()


def _broadcast(known: Mapping[str, Floats], x: Floats) -> dict[str, Floats]:
    return {name: np.broadcast_to(value, x.shape) for name, value in known.items()}


def _slopes(x: Floats, values: Floats) -> Floats:
    """For each column the slope whose line above the samples is least in the middle, (1, size).

    How high that is is a convex function of the slope: a search in thirds ends at its least.
    """
    middle = (x[:1] + x[-1:]) / 2
    width = np.diff(x, axis=0)
    steps = np.divide(np.diff(values, axis=0), width, out=np.zeros_like(width), where=width > 0)
    left, right = steps.min(axis=0, keepdims=True), steps.max(axis=0, keepdims=True)

    def height(slope: Floats) -> Floats:
        top: Floats = (values - slope * x).max(axis=0, keepdims=True)
        return top + slope * middle

    for _ in range(_STEPS):
        third = (right - left) / 3
        lower, upper = left + third, right - third
        better = height(lower) <= height(upper)
        left, right = np.where(better, left, lower), np.where(better, upper, right)
    found: Floats = (left + right) / 2
    return found
