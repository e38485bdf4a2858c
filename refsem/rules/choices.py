"""Choices for rules about functions: which rule, which tangent point, which slope. Untrusted.

Host floats throughout: the replay computes intercepts that are right for any slope, so a poor
choice here costs tightness and nothing else. A line is the chord where the function bends that
way, else the tangent in the middle; for an S-shaped function across 0 it is the tangent through
the far end.
"""

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from refsem.exact import ExactTensor
from refsem.ir.operators import Op

Floats = npt.NDArray[np.float64]
Choice = tuple[str, dict[str, ExactTensor]]
"""A rule and what it wants chosen."""

BITS = 40
"""Chosen numbers lie on a grid of 2^-BITS."""

_GREATEST = 2.0**80
_HALVINGS = 60


def _sigmoid(x: Floats) -> Floats:
    return 0.5 * (1 + np.tanh(x / 2))


_VALUES: Mapping[Op, Callable[[Floats], Floats]] = {
    Op.EXP: np.exp,
    Op.LOG: np.log,
    Op.SOFTPLUS: lambda x: np.logaddexp(0.0, x),
    Op.SQRT: np.sqrt,
    Op.RECIPROCAL: lambda x: 1 / x,
    Op.TANH: np.tanh,
    Op.SIGMOID: _sigmoid,
    Op.SIN: np.sin,
    Op.COS: np.cos,
}
_SLOPES: Mapping[Op, Callable[[Floats], Floats]] = {
    Op.EXP: np.exp,
    Op.LOG: lambda x: 1 / x,
    Op.SOFTPLUS: _sigmoid,
    Op.SQRT: lambda x: 0.5 / np.sqrt(x),
    Op.RECIPROCAL: lambda x: -1 / (x * x),
    Op.TANH: lambda x: 1 - np.tanh(x) ** 2,
    Op.SIGMOID: lambda x: _sigmoid(x) * (1 - _sigmoid(x)),
    Op.SIN: np.cos,
    Op.COS: lambda x: -np.sin(x),
}
SMOOTH = frozenset(_VALUES)
"""The operators whose rules are about functions."""


def on_grid(values: Floats) -> ExactTensor:
    """The nearest numbers on the grid; what is no number becomes 0."""
    finite = np.nan_to_num(values, nan=0.0, posinf=_GREATEST, neginf=-_GREATEST)
    bounded = np.clip(finite, -_GREATEST, _GREATEST)
    integers = [int(step) for step in np.rint(bounded * 2.0**BITS).ravel()]
    numerators = np.empty(len(integers), dtype=object)
    numerators[:] = integers
    return ExactTensor(numerators.reshape(values.shape), BITS, 1)


def interval_choice(op: Op, lower: ExactTensor, upper: ExactTensor) -> Choice:
    """The rule for an interval around a function over a box, and what it wants chosen."""
    if op is Op.RECIPROCAL:
        return f"reciprocal_interval_{_side(lower)}", {}
    if op in {Op.SIN, Op.COS}:
        return f"{op.value}_interval", {"t": on_grid(_middle(lower, upper))}
    return f"{op.value}_interval", {}


def line_choices(op: Op, lower: ExactTensor, upper: ExactTensor) -> tuple[Choice, Choice]:
    """The rules for lines above and below a function over a box, and what they want chosen."""
    with np.errstate(all="ignore"):
        low, high = lower.nearest_float64(), upper.nearest_float64()
        match op:
            case Op.RECIPROCAL:
                return _reciprocal(_side(lower), low, high)
            case Op.EXP | Op.SOFTPLUS:
                chord, tangent = _chord(op, low, high), _tangent(op, low, high)
                return (f"{op.value}_upper", chord), (f"{op.value}_lower", tangent)
            case Op.LOG:
                chord, tangent = _chord(op, low, high), _tangent(op, low, high)
                return (f"{op.value}_upper", tangent), (f"{op.value}_lower", chord)
            case Op.SQRT:
                chord, slope = _chord(op, low, high), _tangent(op, low, high)["k"]
                return ("sqrt_upper", {"k": slope}), ("sqrt_lower", chord)
            case Op.SIN | Op.COS:
                tangent = _tangent(op, low, high)
                return (f"{op.value}_upper", tangent), (f"{op.value}_lower", tangent)
            case _:
                t, k = _above_s(op, low, high)
                s, m = _above_s(op, -high, -low)
                above, below = {"t": t, "k": k}, {"t": -s, "k": m}
                return (
                    (f"{op.value}_upper", _grid(above)),
                    (f"{op.value}_lower", _grid(below)),
                )


def _grid(values: Mapping[str, Floats]) -> dict[str, ExactTensor]:
    return {name: on_grid(value) for name, value in values.items()}


def _side(lower: ExactTensor) -> str:
    """On which side of 0 the first entry's box lies; the replay refuses a mixture."""
    return "positive" if lower.nearest_float64().min(initial=1.0) > 0 else "negative"


def _middle(lower: ExactTensor, upper: ExactTensor) -> Floats:
    return (lower.nearest_float64() + upper.nearest_float64()) / 2


def _chord_slope(op: Op, low: Floats, high: Floats) -> Floats:
    width = high - low
    rise = _VALUES[op](high) - _VALUES[op](low)
    return np.where(width > 1e-9, rise / np.where(width > 0, width, 1.0), _SLOPES[op](high))


def _chord(op: Op, low: Floats, high: Floats) -> dict[str, ExactTensor]:
    return _grid({"k": _chord_slope(op, low, high)})


def _tangent(op: Op, low: Floats, high: Floats) -> dict[str, ExactTensor]:
    middle = np.maximum((low + high) / 2, 2.0**-20) if op in {Op.LOG, Op.SQRT} else (low + high) / 2
    slopes = _SLOPES[op](middle)
    return _grid({"t": middle, "k": np.maximum(slopes, 2.0**-BITS) if op is Op.SQRT else slopes})


def _reciprocal(side: str, low: Floats, high: Floats) -> tuple[Choice, Choice]:
    """The chord on one side; on the other the tangent at 1/a, whose slope is −a² exactly."""
    chord, a = _chord(Op.RECIPROCAL, low, high), on_grid(2 / (low + high))
    tangent = {"a": a, "k": -(a * a)}
    if side == "positive":
        return ("reciprocal_upper_positive", chord), ("reciprocal_lower_positive", tangent)
    return ("reciprocal_upper_negative", tangent), ("reciprocal_lower_negative", chord)


def _above_s(op: Op, low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """Tangent point and slope of a line above a function that is convex, then concave, at 0.

    The derivative is even, so a line below is one above the mirrored box.
    """
    value, slope = _VALUES[op], _SLOPES[op]
    left, right = np.zeros_like(low), np.maximum(high, 0.0)
    for _ in range(_HALVINGS):
        middle = (left + right) / 2
        beyond = slope(middle) * (middle - low) <= value(middle) - value(low)
        left, right = np.where(beyond, left, middle), np.where(beyond, middle, right)
    touching = right
    crossing = np.where(touching < high, slope(touching), _chord_slope(op, low, high))
    middle = (low + high) / 2
    t = np.where(low >= 0, middle, np.where(high <= 0, 0.0, touching))
    k = np.where(low >= 0, slope(middle), crossing)
    return t, np.where(high <= 0, _chord_slope(op, low, high), k)
